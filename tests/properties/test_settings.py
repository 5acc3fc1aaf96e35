"""What codes of bookings are called."""

from datetime import UTC, datetime

from custom_components.igloohome_access.bookings.model import Stay
from custom_components.igloohome_access.properties.settings import PropertyConfig

from .house import DATA, PROPERTY_ID

STAY = Stay(
    datetime(2026, 12, 31, 23, 30, tzinfo=UTC), datetime(2027, 1, 3, 10, tzinfo=UTC)
)


def test_days_on_the_clock_of_the_property() -> None:
    """The days are those of the property."""
    data = DATA | {"code_name": " {check_in} to {check_out}: {property} "}
    config = PropertyConfig.of_data(PROPERTY_ID, "Beach house", data)
    assert config.name_of_code(STAY) == "2027-01-01 to 2027-01-03: Beach house"


def test_a_property_with_a_long_name() -> None:
    """A name that became too long is cut, not refused when a guest is coming."""
    config = PropertyConfig.of_data(PROPERTY_ID, "x" * 59, DATA)
    assert config.name_of_code(STAY) == "x" * 59
