"""All actions: who may call them, and what a call must look like."""

from homeassistant.auth.const import GROUP_ID_READ_ONLY, GROUP_ID_USER
from homeassistant.auth.models import User
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import Unauthorized
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    MockUser,
    async_capture_events,
)
import voluptuous as vol

from custom_components.igloohome_access.const import DOMAIN
from simulator import Simulator
from simulator.igloohome.scenarios import LOCK_UNBRIDGED

from .conftest import SetUp
from .surface import Data, act, create, registry_id

ACTIONS: dict[str, Data] = {
    "create_hourly_code": {"name": "Anna", "duration": {"hours": 2}},
    "create_daily_code": {"name": "Anna", "days": 30},
    "create_one_time_code": {"name": "Anna"},
    "create_permanent_code": {"name": "Anna"},
    "get_codes": {"include_pins": True},
    "get_bookings": {"include_pins": True},
    "issue_booking_code": {"property": "?"},
    "create_online_code": {"name": "Anna", "pin": "4711"},
    "update_online_code": {"code_id": "?", "pin": "4711"},
    "pull_backup_code": {"code_id": "?"},
    "delete_code": {"code_id": "?", "forget": True},
}


@pytest.fixture
async def lock(
    hass: HomeAssistant, igloohome_entry: MockConfigEntry, set_up: SetUp
) -> str:
    """Return the device id of a lock of a loaded account."""
    return registry_id(hass, await set_up(igloohome_entry), LOCK_UNBRIDGED)


async def _user(hass: HomeAssistant, group_id: str) -> User:
    group = await hass.auth.async_get_group(group_id)
    assert group is not None
    return MockUser(groups=[group]).add_to_hass(hass)


@pytest.mark.parametrize("group", [GROUP_ID_USER, GROUP_ID_READ_ONLY])
async def test_only_administrators(
    hass: HomeAssistant, simulator: Simulator, lock: str, group: str
) -> None:
    """Everybody else is refused every action, before any request leaves."""
    assert set(ACTIONS) == set(hass.services.async_services_for_domain(DOMAIN))
    code = await create(hass, "one_time", lock, name="Anna")
    before = await act(hass, "get_codes", include_pins=True)
    simulator.requests.clear()
    user = await _user(hass, group)
    for action, data in ACTIONS.items():
        if "booking" not in action:  # these are about properties, not about locks
            data = {**data, "device_id": lock}
        if "code_id" in data:
            data["code_id"] = code["code_id"]
        with pytest.raises(Unauthorized):
            await act(hass, action, data, context=Context(user_id=user.id))
    assert simulator.requests.count() == 0
    assert await act(hass, "get_codes", include_pins=True) == before


async def test_administrators_and_automations(
    hass: HomeAssistant, lock: str, hass_admin_user: MockUser
) -> None:
    """An administrator may, and so may an automation, which has no user."""
    for context in (Context(user_id=hass_admin_user.id), Context()):
        answer = await act(
            hass,
            "create_one_time_code",
            ACTIONS["create_one_time_code"],
            device_id=lock,
            context=context,
        )
        assert len(answer["codes"][0]["pin"]) == 9


async def test_in_an_automation(hass: HomeAssistant, lock: str) -> None:
    """An automation makes a code and goes on with the answer."""
    assert await async_setup_component(
        hass,
        "automation",
        {
            "automation": {
                "triggers": {"trigger": "event", "event_type": "doorbell"},
                "actions": [
                    {
                        "action": f"{DOMAIN}.create_hourly_code",
                        "target": {"device_id": lock},
                        "data": {"name": "Courier", "duration": "02:00:00"},
                        "response_variable": "made",
                    },
                    {
                        "event": "told",
                        "event_data": {"until": "{{ made.codes[0].ends_at }}"},
                    },
                ],
            }
        },
    )
    events = async_capture_events(hass, "told")
    hass.bus.async_fire("doorbell")
    await hass.async_block_till_done()
    ((code,),) = (await act(hass, "get_codes")).values()
    assert [event.data["until"] for event in events] == [code["ends_at"]]


@pytest.mark.parametrize(
    ("action", "wrong"),
    [
        ("create_hourly_code", {"name": None}),
        ("create_hourly_code", {"duration": "soon"}),
        ("create_hourly_code", {"duration": "-01:00:00"}),
        ("create_hourly_code", {"starts_at": "tomorrow"}),
        ("create_hourly_code", {"days": 3}),
        ("create_daily_code", {"days": -1}),
        ("create_daily_code", {"duration": {"hours": 2}}),
        ("create_one_time_code", {"ends_at": "2030-01-01 00:00:00"}),
        ("create_permanent_code", {"ends_at": "2030-01-01 00:00:00"}),
        ("create_permanent_code", {"pin": "1234"}),
        # As a number, YAML would have dropped a leading zero.
        ("create_online_code", {"pin": 4711}),
        ("create_online_code", {"duration": {"hours": 2}}),
        ("update_online_code", {"code_id": None}),
        ("update_online_code", {"one_time": True}),
        ("pull_backup_code", {"code_id": None}),
        ("get_codes", {"status": "lost"}),
        ("delete_code", {"code_id": None}),
    ],
)
async def test_fields_that_make_no_sense(
    hass: HomeAssistant, simulator: Simulator, lock: str, action: str, wrong: Data
) -> None:
    """A call that cannot be meant is refused before it begins."""
    data = {**ACTIONS[action], "device_id": lock, **wrong}
    simulator.requests.clear()
    with pytest.raises(vol.Invalid):
        await act(
            hass, action, {key: val for key, val in data.items() if val is not None}
        )
    assert simulator.requests.count() == 0


@pytest.mark.parametrize("kind", ["hourly", "daily", "one_time", "permanent"])
async def test_creating_needs_a_target(
    hass: HomeAssistant, lock: str, kind: str
) -> None:
    """There is no code for every lock there is by mistake."""
    action = f"create_{kind}_code"
    with pytest.raises(vol.Invalid):
        await act(hass, action, ACTIONS[action])
