"""Adding and changing a property in the user interface."""

from types import MappingProxyType
from typing import Any

from homeassistant.config_entries import SOURCE_RECONFIGURE, SOURCE_USER, ConfigSubentry
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, InvalidData
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from simulator import Simulator
from simulator.igloohome.scenarios import BRIDGE, LOCK_BRIDGED, LOCK_UNBRIDGED
from tests.conftest import SetUp
from tests.flows import TEXTS, placeholders

from .house import (
    CALENDAR,
    DATA,
    PROPERTY_ID,
    BookingCalendar,
    property_state,
    runner_of,
    settle,
)

INPUT = {"name": " Beach house ", **DATA, "ignore": [" cleaning ", " "]}


async def _begin(hass: HomeAssistant, entry: MockConfigEntry) -> Any:
    """Open the form for a new property."""
    return await hass.config_entries.subentries.async_init(
        (entry.entry_id, "property"), context={"source": SOURCE_USER}
    )


async def _send(hass: HomeAssistant, form: Any, **changes: Any) -> Any:
    """Send the form."""
    result = await hass.config_entries.subentries.async_configure(
        form["flow_id"], INPUT | changes
    )
    await settle(hass)
    return result


@pytest.fixture
async def account(
    calendar: BookingCalendar, igloohome_entry: MockConfigEntry, set_up: SetUp
) -> MockConfigEntry:
    """Return a loaded account without a property, beside a calendar."""
    return await set_up(igloohome_entry)


async def test_nothing_chosen(hass: HomeAssistant, account: MockConfigEntry) -> None:
    """No lock is chosen beforehand, neither here nor by the frontend.

    The frontend ticks the first choice of a required list that has no default.
    """
    form = await _begin(hass, account)
    (locks,) = (key for key in form["data_schema"].schema if key == "locks")
    assert locks.default() == []
    form = await _send(hass, form, locks=[])
    assert form["errors"] == {"locks": "no_lock_chosen"}


async def test_adding(hass: HomeAssistant, account: MockConfigEntry) -> None:
    """The form has its texts, and what is typed becomes a property that runs."""
    form = await _begin(hass, account)
    assert form["type"] is FlowResultType.FORM
    texts = TEXTS["config_subentries"]["property"]
    fields = {str(key): value for key, value in form["data_schema"].schema.items()}
    for step in ("user", "reconfigure"):
        assert texts["step"][step]["data"].keys() == fields.keys()
        assert texts["step"][step]["data_description"].keys() == fields.keys()
    told = form["description_placeholders"].keys()
    assert placeholders(str(texts)) <= told
    locks = {o["value"] for o in fields["locks"].config["options"]}
    assert LOCK_BRIDGED in locks
    assert BRIDGE not in locks
    result = await _send(hass, form)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    (subentry,) = account.subentries.values()
    assert subentry.title == "Beach house"
    assert subentry.unique_id == CALENDAR
    assert subentry.data == DATA
    assert list(account.runtime_data.properties) == [subentry.subentry_id]


@pytest.mark.parametrize(
    ("changes", "errors"),
    [
        ({"name": " "}, {"name": "name_missing"}),
        ({"calendar": "calendar.gone"}, {"calendar": "no_such_calendar"}),
        ({"locks": []}, {"locks": "no_lock_chosen"}),
        *(
            ({"code_name": template}, {"code_name": "invalid_code_name"})
            for template in (
                "{guest}",
                "{property.name}",
                "{check_in!r}",
                "{check_in:x}",
                "{",
                " ",
                "x" * 61,
            )
        ),
    ],
)
async def test_errors(
    hass: HomeAssistant,
    account: MockConfigEntry,
    changes: dict[str, Any],
    errors: dict[str, str],
) -> None:
    """What cannot work is said at its field, and can be put right."""
    form = await _begin(hass, account)
    form = await _send(hass, form, **changes)
    assert form["type"] is FlowResultType.FORM
    assert form["errors"] == errors
    known = TEXTS["config_subentries"]["property"]["error"]
    assert set(errors.values()) <= known.keys()
    result = await _send(hass, form)
    assert result["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.parametrize(
    "changes",
    [
        {"lead_days": 15},
        {"margin_before": 241},
        {"on_change": "what"},
        {"locks": [BRIDGE]},
        {"time_zone": "Moon/Mare"},
    ],
)
async def test_out_of_range(
    hass: HomeAssistant, account: MockConfigEntry, changes: dict[str, Any]
) -> None:
    """What the form does not offer is not taken."""
    form = await _begin(hass, account)
    with pytest.raises(InvalidData):
        await _send(hass, form, **changes)


async def test_twice(hass: HomeAssistant, house: MockConfigEntry) -> None:
    """One calendar is for one property."""
    form = await _begin(hass, house)
    result = await _send(hass, form)
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_configured"


async def _change(hass: HomeAssistant, entry: MockConfigEntry, **changes: Any) -> Any:
    form = await hass.config_entries.subentries.async_init(
        (entry.entry_id, "property"),
        context={"source": SOURCE_RECONFIGURE, "subentry_id": PROPERTY_ID},
    )
    assert form["type"] is FlowResultType.FORM
    assert form["step_id"] == "reconfigure"
    return await _send(hass, form, **changes)


async def test_changing(hass: HomeAssistant, house: MockConfigEntry) -> None:
    """A change is stored, the account reloads, and entities stay."""
    before = property_state(hass, house, "sensor", "next_check_in").entity_id
    result = await _change(
        hass, house, name="Cabin", lead_days=7.0, locks=[LOCK_UNBRIDGED, LOCK_BRIDGED]
    )
    assert result["reason"] == "reconfigure_successful"
    (subentry,) = house.subentries.values()
    assert subentry.title == "Cabin"
    assert subentry.data["lead_days"] == 7
    assert runner_of(house).settings.lead.days == 7
    assert property_state(hass, house, "sensor", "next_check_in").entity_id == before


async def test_changing_to_a_taken_calendar(
    hass: HomeAssistant, house: MockConfigEntry
) -> None:
    """The calendar of another property is not taken."""
    other = ConfigSubentry(
        data=MappingProxyType(DATA | {"calendar": "calendar.other"}),
        subentry_type="property",
        title="Other",
        unique_id="calendar.other",
    )
    hass.config_entries.async_add_subentry(house, other)
    await settle(hass)
    hass.config_entries.async_update_subentry(
        house, house.subentries[PROPERTY_ID], unique_id="calendar.third"
    )
    hass.config_entries.async_update_subentry(house, other, unique_id=CALENDAR)
    await settle(hass)
    result = await _change(hass, house)
    assert result["reason"] == "already_configured"


async def test_not_loaded(hass: HomeAssistant, house: MockConfigEntry) -> None:
    """Without a running account there are no locks to choose from."""
    await hass.config_entries.async_unload(house.entry_id)
    assert (await _begin(hass, house))["reason"] == "not_loaded"


async def test_no_locks(
    hass: HomeAssistant,
    simulator: Simulator,
    igloohome_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """An account without a lock that takes codes can have no property."""
    simulator.reset("empty")
    await set_up(igloohome_entry)
    result = await _begin(hass, igloohome_entry)
    assert result["reason"] == "no_locks"
    texts = TEXTS["config_subentries"]["property"]
    assert texts["abort"].keys() == {
        "already_configured",
        "no_locks",
        "not_loaded",
        "reconfigure_successful",
    }
