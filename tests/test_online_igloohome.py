"""Online codes on igloohome: made through a bridge."""

import asyncio
from datetime import timedelta
from pathlib import Path
from unittest.mock import patch

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers.template import Template
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
import voluptuous as vol

from custom_components.igloohome_access.pins import is_weak
from simulator import Simulator
from simulator.igloohome.scenarios import (
    BRIDGE,
    KEYPAD_RETROFIT,
    LOCK_BRIDGED as GATE,
    LOCK_RETROFIT as DOOR,
    LOCK_UNBRIDGED as ROOM,
)

from .codes import account_of
from .online import JOBS, fails, issues, make, make_all, make_fails, on_gate, record_of
from .surface import Data, codes, registry_id, state


@pytest.fixture(autouse=True)
def quick_bridge(simulator: Simulator) -> None:
    """Let a bridge put a PIN onto a lock in a blink."""
    simulator.igloohome.switches.pin_job_seconds = 0.02


WINDOW = {"starts_at": "2030-06-01 15:10:00", "ends_at": "2030-06-03 11:20:00"}
"""In summer, in Berlin."""


@pytest.fixture(autouse=True)
async def in_berlin(hass: HomeAssistant) -> None:
    """Be in Berlin, at any time."""
    await hass.config.async_set_time_zone("Europe/Berlin")


async def test_digits_from_a_template(
    hass: HomeAssistant, simulator: Simulator, igloohome: MockConfigEntry
) -> None:
    """As docs/actions.md has them; a number is refused in words, without the digits."""
    hass.states.async_set("input_text.pin", "482913")
    written = "{{ states('input_text.pin')[:1] }} {{ states('input_text.pin')[1:] }}"
    page = Path(__file__).parent.parent / "docs" / "actions.md"
    assert f'`pin: "{written}"`' in page.read_text(encoding="utf-8")
    pin = Template(written, hass).async_render()
    assert (await make(hass, igloohome, pin=pin))["pin"] == "482913"
    assert list(on_gate(simulator)) == ["482913"]
    number = Template("{{ states('input_text.pin') }}", hass).async_render()
    with pytest.raises(vol.Invalid, match="write the PIN in quotes") as caught:
        await make(hass, igloohome, pin=number)
    assert "482913" not in str(caught.value)


async def test_making_one(
    hass: HomeAssistant, simulator: Simulator, igloohome: MockConfigEntry
) -> None:
    """The digits chosen are on the lock when the action answers."""
    code = await make(hass, igloohome, pin="4711", **WINDOW)
    window = ("2030-06-01T15:10:00+02:00", "2030-06-03T11:20:00+02:00")
    assert {
        key: code[key]
        for key in ("name", "lock", "kind", "pin", "status", "origin", "warnings")
    } == {
        "name": "Cleaner",
        "lock": "Garden Gate",
        "kind": "online",
        "pin": "4711",
        "status": "scheduled",
        "origin": "action",
        "warnings": [],
    }
    assert (code["starts_at"], code["ends_at"]) == window
    assert on_gate(simulator) == {"4711": (4, *window)}
    shown = state(hass, igloohome, "sensor", code["code_id"])
    assert shown is not None and shown.state == "scheduled"
    # Neither id nor the moments of the state, which have any digits.
    told = {**shown.attributes, "code_id": None}
    assert "4711" not in f"{shown.entity_id} {shown.state} {told}"
    assert issues(hass) == []


async def test_digits_are_drawn(
    hass: HomeAssistant, simulator: Simulator, igloohome: MockConfigEntry
) -> None:
    """Without digits six good ones are drawn; without times it works from now on."""
    code = await make(hass, igloohome)
    assert len(code["pin"]) == 6
    assert not is_weak(code["pin"])
    assert (code["status"], code["ends_at"]) == ("active", None)
    ((pin, (pin_type, _, end)),) = on_gate(simulator).items()
    assert (pin, pin_type, end) == (code["pin"], 2, None)
    assert simulator.igloohome.enter_pin(GATE, code["pin"])


async def test_opens_once(
    hass: HomeAssistant, simulator: Simulator, igloohome: MockConfigEntry
) -> None:
    """A one-time code is another kind of PIN, and that is told."""
    code = await make(hass, igloohome, one_time=True)
    assert on_gate(simulator)[code["pin"]][0] == 1
    assert [warning["key"] for warning in code["warnings"]] == [
        "online_code_opens_once"
    ]
    assert record_of(igloohome).one_time


async def test_on_several_locks(
    hass: HomeAssistant, simulator: Simulator, igloohome: MockConfigEntry
) -> None:
    """One code has the same digits on all locks that have a bridge."""
    found = await make_all(hass, igloohome, GATE, DOOR, ROOM)
    gate, door, room = sorted(found, key=lambda code: "error" in code)
    assert gate["pin"] == door["pin"]
    assert list(on_gate(simulator)) == [gate["pin"]]
    # A retrofit lock has its codes on the keypad.
    keypad = simulator.igloohome.devices[KEYPAD_RETROFIT]
    assert list(keypad.custom_pins) == [gate["pin"]]
    assert (room["lock"], room["error"]["key"]) == ("Guest Room", "lock_has_no_bridge")


async def test_one_after_the_other(
    hass: HomeAssistant, simulator: Simulator, igloohome: MockConfigEntry
) -> None:
    """A bridge never has two jobs at a time, however many codes are wanted."""
    most = 0
    start = account_of(igloohome).cloud.async_create_online_code

    async def counted(request: object) -> object:
        nonlocal most
        started = await start(request)  # type: ignore[arg-type]
        pending = [job for job in simulator.igloohome.jobs if job.outcome is None]
        most = max(most, len(pending))
        return started

    with patch.object(account_of(igloohome).cloud, "async_create_online_code", counted):
        await asyncio.gather(
            *(make(hass, igloohome, DOOR, GATE, name=str(n)) for n in range(6))
        )
    assert most == 1
    assert len(on_gate(simulator)) == 6
    assert len(await codes(hass)) == 12


@pytest.mark.parametrize(
    ("fields", "key"),
    [
        ({"pin": "1234"}, "pin_weak"),
        ({"pin": "47110815"}, "pin_length"),
        ({"pin": "47x1"}, "pin_not_digits"),
        ({"ends_at": "2020-01-01 00:00:00"}, "ends_in_past"),
        ({"name": " "}, "name_empty"),
    ],
)
async def test_refused_before_anything_is_sent(
    hass: HomeAssistant,
    simulator: Simulator,
    igloohome: MockConfigEntry,
    fields: dict[str, str],
    key: str,
) -> None:
    """A wrong input is told, and nothing leaves or stays behind."""
    data = {"name": "Cleaner", **fields}
    ids = registry_id(hass, igloohome, GATE)
    assert (
        await fails(
            hass,
            "create_online_code",
            kind=ServiceValidationError,
            device_id=ids,
            **data,
        )
        == key
    )
    assert simulator.requests.count(path=JOBS) == 0
    assert await codes(hass) == []


async def test_the_same_digits_twice(
    hass: HomeAssistant, simulator: Simulator, igloohome: MockConfigEntry
) -> None:
    """Digits that are on the lock are refused at once, also two at a moment."""
    results = await asyncio.gather(
        *(make(hass, igloohome, pin="4711", name=name) for name in ("Anna", "Ben")),
        return_exceptions=True,
    )
    made = [result for result in results if isinstance(result, dict)]
    (refused,) = [r for r in results if isinstance(r, ServiceValidationError)]
    assert len(made) == 1
    assert refused.translation_key == "pin_taken"
    assert list(on_gate(simulator)) == ["4711"]
    # What the lock has from another app is not known before.
    await make(hass, igloohome, DOOR, pin="4711")
    assert simulator.requests.count(path=JOBS) == 2


async def test_a_lock_that_says_no(
    hass: HomeAssistant, simulator: Simulator, igloohome: MockConfigEntry
) -> None:
    """Digits that the lock has from elsewhere: the code failed, and that is shown."""
    made = await make(hass, igloohome, pin="4711")
    await account_of(igloohome).book.async_remove([made["code_id"]])
    assert await make_fails(hass, igloohome, pin="4711") == "lock_refused"
    (code,) = await codes(hass)
    assert code["status"] == "failed"
    assert code["cloud_notices"] == [
        {
            "code": "lock_refused",
            "message": "job status 2, result 1",
            "error": True,
        }
    ]
    assert issues(hass) == ["code_failed"]
    # The digits may be tried again.
    simulator.igloohome.devices[GATE].custom_pins.clear()
    assert (await make(hass, igloohome, pin="4711"))["status"] == "active"


async def test_out_of_reach(
    hass: HomeAssistant, simulator: Simulator, igloohome: MockConfigEntry
) -> None:
    """A lock the bridge does not reach gets no code."""
    simulator.igloohome.switches.job_expiry_seconds = 0.05
    simulator.igloohome.patch_device(GATE, {"in_reach": False})
    assert await make_fails(hass, igloohome) == "lock_not_reached"
    (code,) = await codes(hass)
    assert (code["status"], on_gate(simulator)) == ("failed", {})


async def test_job_without_an_end(
    hass: HomeAssistant, simulator: Simulator, igloohome: MockConfigEntry
) -> None:
    """A job that is pending for ever has expired after two minutes."""
    simulator.igloohome.switches.job_expiry_seconds = 0
    simulator.igloohome.switches.expired_job = "silent"
    simulator.igloohome.patch_device(GATE, {"in_reach": False})
    with patch(
        "custom_components.igloohome_access.online_bridge.LONGEST_JOB",
        timedelta(seconds=0.1),
    ):
        assert await make_fails(hass, igloohome) == "lock_not_reached"


async def test_bridge_offline(
    hass: HomeAssistant, simulator: Simulator, igloohome: MockConfigEntry
) -> None:
    """Nothing is left of a code no bridge was there for; nothing else is lost."""
    code = await make(hass, igloohome, pin="4711")
    simulator.igloohome.patch_device(BRIDGE, {"online": False})
    assert await make_fails(hass, igloohome) == "bridge_offline"
    assert [c["code_id"] for c in await codes(hass)] == [code["code_id"]]
    tries: list[tuple[str, Data]] = [
        ("update_online_code", {"pin": "8041"}),
        ("update_online_code", {"ends_at": "2030-06-03 11:20:00"}),
        ("delete_code", {}),
    ]
    for action, more in tries:
        assert (
            await fails(hass, action, code_id=code["code_id"], **more)
            == "bridge_offline"
        )
        (shown,) = await codes(hass, include_pins=True)
        assert shown == {k: v for k, v in code.items() if k != "warnings"}
        assert record_of(igloohome).work is None
    assert list(on_gate(simulator)) == ["4711"]


async def test_full_queue(
    hass: HomeAssistant, simulator: Simulator, igloohome: MockConfigEntry
) -> None:
    """A bridge with too many jobs is said to be busy."""
    simulator.igloohome.switches.queue_limit = 0
    assert await make_fails(hass, igloohome) == "bridge_busy"
    assert await codes(hass) == []
    bridges = account_of(igloohome).bridges
    with patch("custom_components.igloohome_access.bridge_queue.MAX_PENDING", 0):
        assert await make_fails(hass, igloohome) == "bridge_busy"
    assert bridges.pending(BRIDGE, GATE) == 0


async def test_no_room(
    hass: HomeAssistant, simulator: Simulator, igloohome: MockConfigEntry
) -> None:
    """A full lock is noticed before anything is sent."""
    with patch("custom_components.igloohome_access.occupancy.WARN_PINS", 1):
        code = await make(hass, igloohome)
    assert [warning["key"] for warning in code["warnings"]] == ["lock_nearly_full"]
    with patch("custom_components.igloohome_access.occupancy.MAX_PINS", 1):
        assert (
            await fails(
                hass,
                "create_online_code",
                kind=ServiceValidationError,
                device_id=registry_id(hass, igloohome, GATE),
                name="Cleaner",
            )
            == "lock_full"
        )
    assert simulator.requests.count(path=JOBS) == 1
