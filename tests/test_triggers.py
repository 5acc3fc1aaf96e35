"""Triggers: each event starts an automation once, and a restart none."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components import automation
from homeassistant.core import CoreState, HomeAssistant, ServiceCall
from homeassistant.helpers import (
    area_registry as ar,
    config_validation as cv,
    device_registry as dr,
)
from homeassistant.helpers.trigger import async_validate_trigger_config
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_mock_service,
)
import voluptuous as vol

from custom_components.igloohome_access.const import DOMAIN
from custom_components.igloohome_access.model import CodeKind, CodeStatus, RecordState
from custom_components.igloohome_access.trigger import TRIGGERS
from simulator import Simulator
from simulator.igloohome.scenarios import LOCK_BRIDGED, LOCK_RETROFIT

from .codes import START, account_of, create, requested
from .conftest import SetUp
from .news import restart
from .surface import entity_id, move_to, registry_id

type Calls = list[ServiceCall]


@pytest.fixture
async def igloo(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    igloohome_entry: MockConfigEntry,
    set_up: SetUp,
) -> MockConfigEntry:
    """Return an igloohome account that is set up at START."""
    freezer.move_to(START)
    entry = await set_up(igloohome_entry)
    freezer.tick(60)
    return entry


async def automate(
    hass: HomeAssistant, trigger: str, target: dict[str, Any], **options: Any
) -> Calls:
    """Set up an automation with a trigger, and return what it calls."""
    calls = async_mock_service(hass, "test", "note")
    assert await async_setup_component(
        hass,
        automation.DOMAIN,
        {
            "automation": {
                "mode": "queued",
                "triggers": {
                    "trigger": f"{DOMAIN}.{trigger}",
                    "target": target,
                    **({"options": options} if options else {}),
                },
                "actions": {
                    "action": "test.note",
                    "data": {
                        "entity_id": "{{ trigger.entity_id }}",
                        "type": "{{ trigger.to_state.attributes.event_type }}",
                        "code": "{{ trigger.to_state.attributes.code_name }}",
                    },
                },
            }
        },
    )
    await hass.async_block_till_done()
    (found,) = hass.states.async_all("automation")
    assert found.state == "on"
    return calls


def noted(calls: Calls) -> list[tuple[str, str | None]]:
    """Return the events that started the automation, with their codes."""
    return [(call.data["type"], call.data["code"]) for call in calls]


def target_of(
    hass: HomeAssistant, entry: MockConfigEntry, device_id: str = LOCK_BRIDGED
) -> dict[str, Any]:
    """Return a lock as a target."""
    return {"device_id": registry_id(hass, entry, device_id)}


def typed(simulator: Simulator, pin: str | None) -> None:
    """Type a PIN; a phone brings the log to the cloud."""
    assert pin is not None
    simulator.igloohome.enter_pin(LOCK_BRIDGED, pin)
    simulator.igloohome.upload_log(LOCK_BRIDGED)


async def read(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Read the log of the lock."""
    await account_of(entry).news.async_read_log(LOCK_BRIDGED)
    await hass.async_block_till_done()


async def test_code_ready(hass: HomeAssistant, igloo: MockConfigEntry) -> None:
    """A code that can be handed out, on one of the locks of the target."""
    calls = await automate(hass, "code_ready", target_of(hass, igloo))
    await create(hass, igloo, LOCK_BRIDGED)
    await create(hass, igloo, LOCK_RETROFIT)
    assert noted(calls) == [("pin_ready", "Plumber")]
    assert calls[0].data["entity_id"] == entity_id(
        hass, igloo, "event", LOCK_BRIDGED, "codes"
    )
    await restart(hass, igloo)
    assert len(calls) == 1
    # And after it the triggers work as before.
    await create(hass, igloo, LOCK_BRIDGED, name="Next")
    assert noted(calls)[1:] == [("pin_ready", "Next")]


async def start_again(
    hass: HomeAssistant, entry: MockConfigEntry, trigger: str, target: dict[str, Any]
) -> Calls:
    """Load an automation and an account as when Home Assistant starts."""
    assert await hass.config_entries.async_unload(entry.entry_id)
    hass.set_state(CoreState.not_running)
    calls = await automate(hass, trigger, target)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert calls == []
    return calls


async def test_while_home_assistant_was_off(
    hass: HomeAssistant, igloo: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """What became of a code meanwhile is told when automations listen, and not before.

    They do so from the end of Home Assistant's start on.
    """
    target = target_of(hass, igloo)
    await create(hass, igloo, LOCK_BRIDGED)
    freezer.tick(timedelta(days=1))
    calls = await start_again(hass, igloo, "code_ended", target)
    await hass.async_start()
    await hass.async_block_till_done(wait_background_tasks=True)
    assert noted(calls) == [("expired", "Plumber")]
    await restart(hass, igloo)
    assert len(calls) == 1


async def test_message_while_home_assistant_starts(
    hass: HomeAssistant,
    igloo: MockConfigEntry,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
) -> None:
    """The log of a lock that there is news of is read as soon as somebody listens."""
    target = target_of(hass, igloo)
    calls = await start_again(hass, igloo, "door_access_denied", target)
    typed(simulator, "123456789")
    account_of(igloo).news.async_hint(LOCK_BRIDGED)
    await move_to(hass, freezer, timedelta(seconds=2))
    await hass.async_block_till_done(wait_background_tasks=True)
    await hass.async_start()
    assert calls == []
    await move_to(hass, freezer, timedelta(seconds=2))
    await hass.async_block_till_done(wait_background_tasks=True)
    assert noted(calls) == [("access_denied", None)]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"code_name": "Cleaner"}, ["Cleaner"]),
        ({"kind": "one_time"}, ["Plumber"]),
        ({"kind": ["one_time", "hourly"]}, ["Plumber", "Cleaner"]),
        ({"kind": ["daily"]}, []),
        ({"code_name": "Plumber", "kind": ["hourly"]}, []),
    ],
)
async def test_options(
    hass: HomeAssistant,
    igloo: MockConfigEntry,
    options: dict[str, Any],
    expected: list[str],
) -> None:
    """A trigger can be about one code, or some kinds."""
    calls = await automate(hass, "code_ready", target_of(hass, igloo), **options)
    await create(hass, igloo, LOCK_BRIDGED, CodeKind.ONE_TIME)
    await create(hass, igloo, LOCK_BRIDGED, name="Cleaner")
    assert [code for _, code in noted(calls)] == expected


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, ["unlocked", "unlocked"]),
        ({"first_use_only": True}, ["first_use"]),
        ({"code_name": "Somebody else"}, []),
    ],
)
async def test_code_used(
    hass: HomeAssistant,
    igloo: MockConfigEntry,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
    options: dict[str, Any],
    expected: list[str],
) -> None:
    """Each use, or the first one of each code; not an unlocking without a code."""
    calls = await automate(hass, "code_used", target_of(hass, igloo), **options)
    await create(hass, igloo, LOCK_BRIDGED)
    (code,) = account_of(igloo).book
    for _ in range(2):
        freezer.tick(10)
        typed(simulator, code.pin)
    simulator.igloohome.devices[LOCK_BRIDGED].log("KEY_UNLOCK", 52, START)
    simulator.igloohome.upload_log(LOCK_BRIDGED)
    await read(hass, igloo)
    assert [word for word, _ in noted(calls)] == expected


async def test_code_ended(
    hass: HomeAssistant,
    igloo: MockConfigEntry,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
) -> None:
    """A code is over when its time is, or at once when it was good for one use."""
    calls = await automate(hass, "code_ended", target_of(hass, igloo))
    await create(hass, igloo, LOCK_BRIDGED, name="Hourly")
    await create(hass, igloo, LOCK_BRIDGED, CodeKind.ONE_TIME, name="Once")
    for code in account_of(igloo).book:
        freezer.tick(10)
        typed(simulator, code.pin)
    await read(hass, igloo)
    assert noted(calls) == [("first_use", "Once")]
    await move_to(hass, freezer, START + timedelta(days=2))
    assert noted(calls) == [("first_use", "Once"), ("expired", "Hourly")]


async def test_code_ended_long_ago(
    hass: HomeAssistant,
    igloo: MockConfigEntry,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
) -> None:
    """A use that is seen after the end of a code does not end it once more."""
    calls = await automate(hass, "code_ended", target_of(hass, igloo))
    await create(hass, igloo, LOCK_BRIDGED, CodeKind.ONE_TIME, name="Once")
    (code,) = account_of(igloo).book
    freezer.tick(10)
    typed(simulator, code.pin)
    await move_to(hass, freezer, START + timedelta(days=2))
    assert noted(calls) == [("expired", "Once")]
    await read(hass, igloo)
    assert account_of(igloo).book.status(code.code_id) is CodeStatus.USED
    assert len(calls) == 1


async def test_code_failed(
    hass: HomeAssistant, igloo: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """A code that will not work."""
    calls = await automate(hass, "code_failed", target_of(hass, igloo))
    made_at = START + timedelta(minutes=1)
    asked = requested(device_id=LOCK_BRIDGED, requested_at=made_at)
    book = account_of(igloo).book
    await book.async_update(asked)
    await book.async_update(
        replace(asked, state=RecordState.FAILED, failed_at=made_at, failure="refused")
    )
    await hass.async_block_till_done()
    assert noted(calls) == [("failed", "Plumber")]


async def test_door_access_denied(
    hass: HomeAssistant, igloo: MockConfigEntry, simulator: Simulator
) -> None:
    """Somebody is refused; an area is as good a target, whatever else is in it."""
    area = ar.async_get(hass).async_create("Garden")
    dr.async_get(hass).async_update_device(
        registry_id(hass, igloo, LOCK_BRIDGED), area_id=area.id
    )
    calls = await automate(hass, "door_access_denied", {"area_id": area.id})
    typed(simulator, "123456789")
    await read(hass, igloo)
    assert noted(calls) == [("access_denied", None)]


async def test_events_of_others(hass: HomeAssistant, igloo: MockConfigEntry) -> None:
    """An event entity of another integration in the target is left alone."""
    ours = entity_id(hass, igloo, "event", LOCK_BRIDGED, "door")
    calls = await automate(
        hass, "door_access_denied", {"entity_id": ["event.doorbell", ours]}
    )
    hass.states.async_set("event.doorbell", "unknown")
    hass.states.async_set(
        "event.doorbell",
        "2026-11-20T10:00:00.000+00:00",
        {"event_type": "access_denied"},
    )
    await hass.async_block_till_done()
    assert calls == []


@pytest.mark.parametrize("trigger", sorted(TRIGGERS))
@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": ["weekly"]},
        {"kind": []},
        {"first_use_only": "perhaps"},
        {"behavior": "each"},
    ],
)
async def test_wrong_options(
    hass: HomeAssistant, igloo: MockConfigEntry, trigger: str, wrong: dict[str, Any]
) -> None:
    """What a trigger does not know is refused when the automation is written."""
    with pytest.raises(vol.Invalid):
        await _validate(hass, trigger, wrong)
    await _validate(hass, trigger, {"code_name": "Cleaner"})


async def _validate(hass: HomeAssistant, trigger: str, options: dict[str, Any]) -> None:
    config = {
        "trigger": f"{DOMAIN}.{trigger}",
        "target": {"entity_id": "event.door"},
        "options": options,
    }
    await async_validate_trigger_config(hass, cv.TRIGGER_SCHEMA([config]))
