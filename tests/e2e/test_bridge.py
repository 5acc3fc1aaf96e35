"""A real Home Assistant operates bridged locks, and leads online codes to their end."""

import asyncio
from itertools import pairwise
import re
from typing import Any

import pytest

from devtools.hass_client import HassClient, HassError
from devtools.hass_process import HassProcess
from devtools.simulator_process import SimulatorProcess
from simulator.igloohome.scenarios import BRIDGE, LOCK_BRIDGED
from tests.hours import until_the_hour_is_safe

from .leaks import EventListener
from .test_first_code import DOMAIN, call, set_up_accounts, status_sensors
from .test_push import deliver

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(420)]

SWITCHES = {
    "igloohome": {"lock_job_seconds": 0.5, "pin_job_seconds": 0.5},
    "seam": {
        "attempt_seconds": 0.5,
        "programming_seconds": 0.5,
        "removing_seconds": 0.5,
        "relock_seconds": None,
        "rate_limits": False,
    },
}
GATE, FLAT = LOCKS = ("lock.garden_gate", "lock.apartment_1")
"""A bridged lock of igloohome's API, and one of Seam."""
MOVED = ("unlocking", "unlocked", "locking", "locked")
TOLD = ["issued", "pin_ready", "started", "removed"]
OLD, NEW = "480216", "735194"
"""Digits chosen for a code, and later."""


class Story:
    """What the event bus tells of entities, in order."""

    def __init__(self, listener: EventListener) -> None:
        """Read what is heard."""
        self._listener = listener

    def states(self, entity_id: str) -> list[str]:
        """Return the states an entity went through; ``gone`` when it was removed."""
        states: list[str] = [
            "gone" if new is None else new["state"] for new in self._new(entity_id)
        ]
        return [state for old, state in pairwise(["", *states]) if state != old]

    def events(self, entity_id: str, code_id: str) -> list[str]:
        """Return what an event entity told of a code."""
        return [
            new["attributes"]["event_type"]
            for new in self._new(entity_id)
            if new is not None and new["attributes"].get("code_id") == code_id
        ]

    def text(self) -> str:
        """Return everything but what was asked for: that repeats the caller's words."""
        data = [message["event"] for message in self._listener.events]
        return str([event for event in data if event["event_type"] != "call_service"])

    async def until(self, entity_id: str, *expected: str) -> None:
        """Wait until an entity has gone through exactly these states."""
        try:
            async with asyncio.timeout(40):
                while self.states(entity_id) != [*expected]:
                    await asyncio.sleep(0.05)
        except TimeoutError:
            pytest.fail(f"{entity_id} is {self.states(entity_id)}, not {expected}")

    def _new(self, entity_id: str) -> list[dict[str, Any] | None]:
        return [
            message["event"]["data"]["new_state"]
            for message in self._listener.events
            if message["event"]["event_type"] == "state_changed"
            and message["event"]["data"]["entity_id"] == entity_id
        ]


async def operate(owner: HassClient, action: str, *locks: str) -> None:
    """Operate locks over the REST API; returns when they have done it."""
    await owner.call_action(f"lock.{action}", {"entity_id": locks}, response=False)


async def refusal(owner: HassClient, action: str, lock: str) -> tuple[str, Any]:
    """Operate a lock in vain; return the key and the placeholders of the error."""
    with pytest.raises(HassError) as refused:
        await owner.command(
            "call_service",
            domain="lock",
            service=action,
            service_data={"entity_id": lock},
        )
    details = refused.value.details
    assert details["translation_domain"] == DOMAIN
    return details["translation_key"], details["translation_placeholders"]


async def act(owner: HassClient, action: str, code_id: str, **data: Any) -> Any:
    """Call an action that finds its lock by the code."""
    return await owner.call_action(f"{DOMAIN}.{action}", {"code_id": code_id, **data})


async def update(owner: HassClient, code_id: str, **data: Any) -> tuple[str, str]:
    """Change a code; return its status and digits as the answer tells them."""
    (code,) = (await act(owner, "update_online_code", code_id, **data))["codes"]
    return code["status"], code["pin"]


async def opens(simulator: SimulatorProcess, *pins: str) -> list[bool]:
    """Type PINs at the keypad of igloohome's lock; return which of them open it."""
    path = f"igloohome/devices/{LOCK_BRIDGED}/keypad"
    answers = [await simulator.control("POST", path, {"pin": pin}) for pin in pins]
    return [answer["opened"] for answer in answers]


async def jobs(simulator: SimulatorProcess) -> int:
    """Return how many jobs igloohome's bridges were given so far."""
    return len((await simulator.control("GET", "state"))["igloohome"]["jobs"])


async def sensor_of(owner: HassClient, code_id: str) -> str:
    """Return the entity id of the status sensor of a code."""
    (found,) = [
        entity_id
        for entity_id, state in (await owner.states()).items()
        if entity_id.startswith("sensor.")
        and state["attributes"].get("code_id") == code_id
    ]
    return str(found)


async def move(owner: HassClient, story: Story) -> None:
    """Both locks are unlocked and locked, and show it all the time."""
    await operate(owner, "unlock", *LOCKS)
    # What the action promises: whoever waited for it finds the bolt moved.
    states = await owner.states()
    assert [states[lock]["state"] for lock in LOCKS] == ["unlocked", "unlocked"]
    await operate(owner, "lock", *LOCKS)
    for lock in LOCKS:
        await story.until(lock, *MOVED)


async def move_in_vain(
    owner: HassClient, story: Story, simulator: SimulatorProcess
) -> None:
    """Out of reach, stuck, no bridge: each time it is said what is the matter."""
    before = await jobs(simulator)
    await simulator.control(
        "PATCH", f"igloohome/devices/{LOCK_BRIDGED}", {"in_reach": False}
    )
    soon = {"igloohome": {"job_expiry_seconds": 1.0}}
    await simulator.control("POST", "switches", soon)
    key, placeholders = await refusal(owner, "unlock", GATE)
    assert (key, placeholders["lock"]) == ("operation_expired", "Garden Gate")
    failing = {"seam": {"attempt_outcome": "error"}}
    await simulator.control("POST", "switches", failing)
    key, placeholders = await refusal(owner, "unlock", FLAT)
    assert (key, placeholders["lock"]) == ("operation_failed", "Apartment 1")
    for lock in LOCKS:
        # Back to what is known. Of igloohome's lock that lasts for half a minute.
        states = story.states(lock)
        assert states[:6] in (
            [*MOVED, "unlocking", end] for end in ("locked", "unknown")
        )

    await simulator.control("PATCH", f"igloohome/devices/{BRIDGE}", {"online": False})
    assert (await refusal(owner, "unlock", GATE))[0] == "bridge_offline"
    with pytest.raises(HassError) as refused:
        await operate(owner, "unlock", GATE)
    assert refused.value.code == 500
    # The one that expired was not repeated, and later there was no bridge to ask.
    assert await jobs(simulator) == before + 1


async def live_on_igloohome(
    owner: HassClient, story: Story, simulator: SimulatorProcess
) -> None:
    """A bridge puts a code onto the lock, changes it, and takes it off again."""
    (code,) = await call(
        owner, "create_online_code", "Garden Gate", name="Cleaner", pin=OLD
    )
    assert (code["status"], code["pin"], code["warnings"]) == ("active", OLD, [])
    code_id = code["code_id"]
    sensor = await sensor_of(owner, code_id)
    await story.until(sensor, "requested", "setting", "active")
    assert await opens(simulator, OLD, NEW) == [True, False]

    assert await update(owner, code_id, pin=NEW) == ("active", NEW)
    assert await opens(simulator, NEW, OLD) == [True, False]

    assert (await act(owner, "delete_code", code_id))["certain"] is True
    assert await opens(simulator, NEW) == [False]
    await story.until(sensor, "requested", "setting", "active", "removing", "gone")
    assert story.events("event.garden_gate_codes", code_id) == TOLD


async def live_on_seam(
    owner: HassClient, story: Story, simulator: SimulatorProcess
) -> None:
    """Seam does the same in its own time, and its events tell of every step."""

    async def told(*states: str) -> None:
        async with asyncio.TaskGroup() as group:
            waiting = group.create_task(story.until(sensor, *states))
            while not waiting.done():
                # Looking at it brings the simulator up to now.
                await simulator.control("GET", "state")
                await deliver(simulator)
                await asyncio.sleep(0.2)

    (code,) = await call(
        owner, "create_online_code", "Apartment 1", name="Cleaner", pin=OLD
    )
    assert (code["status"], code["pin"]) == ("setting", OLD)
    code_id = code["code_id"]
    sensor = await sensor_of(owner, code_id)
    made = ("requested", "setting", "active")
    await told(*made)

    assert await update(owner, code_id, pin=NEW) == ("setting", NEW)
    changed = (*made, "setting", "active")
    await told(*changed)

    assert (await act(owner, "delete_code", code_id))["certain"] is True
    await story.until(sensor, *changed, "removing", "gone")
    assert story.events("event.apartment_1_codes", code_id) == TOLD


async def test_bridge(
    owner: HassClient, hass_process: HassProcess, simulator_process: SimulatorProcess
) -> None:
    """Everything a bridge makes possible, on both clouds at the same time."""
    simulator = simulator_process
    await owner.command("config/core/update", external_url=hass_process.url)
    await set_up_accounts(owner, simulator)
    await simulator.control("POST", "switches", SWITCHES)
    await until_the_hour_is_safe(120)
    async with EventListener(owner) as listener:
        story = Story(listener)
        async with asyncio.TaskGroup() as group:
            group.create_task(live_on_igloohome(owner, story, simulator))
            group.create_task(live_on_seam(owner, story, simulator))
        assert await status_sensors(owner) == {}
        await move(owner, story)
        await move_in_vain(owner, story, simulator)
        text = story.text()
        # Not by chance: in an id, or as the fraction of the second of a moment.
        alone = rf"(?<![0-9a-f])(?<![0-9]\.)(?:{OLD}|{NEW})(?![0-9a-f])"
        assert re.search(alone, text) is None
    assert "Traceback" not in hass_process.read_output()
