"""A property with codes through a bridge, on either cloud."""

from datetime import date
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.igloohome_access.model import CodeKind, CodeRecord
from simulator import Simulator
from simulator.igloohome.scenarios import LOCK_BRIDGED, LOCK_UNBRIDGED
from simulator.seam.scenarios import SEAM_LOCK_BRIDGED, SEAM_LOCK_OFFLINE
from tests.codes import records_of
from tests.conftest import SetUp

from .house import HOUR, BookingCalendar, add_property, pass_time

PHONE = "+49 151 5559 7318"
"""In descriptions; none of it may get anywhere but its last six digits to the lock."""
PHONE_DIGITS = "597318"
JOBS = r"/jobs/bridges/"
"""Each change at a lock of igloohome begins with a request to this path."""
SEAM_CHANGES = r"/seam/access_codes/(create|update|delete)$"


def is_seam(entry: MockConfigEntry) -> bool:
    """Return which cloud an account is of."""
    return bool(entry.data["cloud"] == "seam")


def bridged_lock(entry: MockConfigEntry) -> str:
    """Return the lock with a bridge."""
    return SEAM_LOCK_BRIDGED if is_seam(entry) else LOCK_BRIDGED


def plain_lock(entry: MockConfigEntry) -> str:
    """Return a lock without a bridge."""
    return SEAM_LOCK_OFFLINE if is_seam(entry) else LOCK_UNBRIDGED


async def online_property(
    hass: HomeAssistant, entry: MockConfigEntry, set_up: SetUp, **data: Any
) -> MockConfigEntry:
    """Set up an account with a property on the lock with a bridge."""
    entry.add_to_hass(hass)
    chosen = {"locks": [bridged_lock(entry)], "code_source": "random"}
    add_property(hass, entry, **(chosen | data))
    return await set_up(entry)


async def book(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    calendar: BookingCalendar,
    nights: tuple[int, int] = (23, 26),
    description: str | None = None,
    title: str = "Reserved",
) -> None:
    """Have a booking in November, beside another far away, and let it be seen."""
    calendar.book("other@feed", date(2027, 2, 1), date(2027, 2, 3), "Reserved")
    first, last = nights
    start, end = date(2026, 11, first), date(2026, 11, last)
    calendar.book("a@feed", start, end, title, description)
    await pass_time(hass, freezer, HOUR)


def on_lock(simulator: Simulator, entry: MockConfigEntry) -> list[tuple[str, str, str]]:
    """Return digits, start and end of the online codes at the lock, or on their way."""
    if is_seam(entry):
        pins = {pin["access_code_id"]: pin for pin in simulator.seam.issued_pins()}
        return sorted(
            (
                str(pins[code["access_code_id"]]["pin"]),
                str(code["starts_at"]),
                str(code["ends_at"]),
            )
            for code in simulator.seam.dump()["codes"]
            if not code["is_offline_access_code"]
            and code["simulator_phase"] not in ("gone", "removing")
        )
    assert simulator.igloohome.jobs is not None  # brings everything up to now
    lock = simulator.igloohome.devices[LOCK_BRIDGED]
    return sorted(
        (
            pin,
            custom.starts_at.isoformat(),
            str(custom.ends_at and custom.ends_at.isoformat()),
        )
        for pin, custom in lock.custom_pins.items()
    )


def break_bridge(simulator: Simulator, entry: MockConfigEntry) -> None:
    """Let everything that goes through the bridge be refused."""
    simulator.faults.add(
        SEAM_CHANGES if is_seam(entry) else JOBS, "status", status=400, times=None
    )


def online_records(entry: MockConfigEntry) -> list[CodeRecord]:
    """Return the online codes of the ledger."""
    return [each for each in records_of(entry) if each.kind is CodeKind.ONLINE]
