"""The life of a booking: from a portal's feed to the door, in a real Home Assistant.

Home Assistant's own remote calendar reads the feed. Its clock is moved in steps, so
that what is due happens by itself, as in hours of real time; the moment at which the
lead time begins is lived through in real seconds.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from devtools.hass_client import HassClient
from devtools.hass_config import HassConfig
from devtools.hass_process import HassProcess
from devtools.hass_properties import add_property, get_bookings, subscribe
from devtools.processes import free_port
from devtools.simulator_process import SimulatorProcess
from simulator.igloohome.scenarios import LOCK_UNBRIDGED

from .conftest import OWNER
from .leaks import EventListener, LeakScanner
from .test_first_code import DOMAIN, set_up_accounts

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

BERLIN = ZoneInfo("Europe/Berlin")
LEAD = timedelta(days=5)
READ = timedelta(minutes=31)
"""A little more than the time between two reads of a calendar."""
FEED = "feeds/beach"
NEXT = "sensor.beach_house_code_for_the_next_arrival"


@pytest.fixture
async def hass_process(
    socket_enabled: None, tmp_path: Path
) -> AsyncGenerator[HassProcess]:
    """Run Home Assistant with a clock that can be moved."""
    process = HassProcess(
        HassConfig(folder=tmp_path / "config", port=free_port()),
        clock_offset=timedelta(),
    )
    process.start()
    await process.wait_until_up()
    yield process
    await process.stop()


class World:
    """Home Assistant and the simulator, whose clocks go together."""

    def __init__(
        self, owner: HassClient, hass: HassProcess, simulator: SimulatorProcess
    ) -> None:
        """Begin at the computer's time."""
        self.owner = owner
        self.hass = hass
        self.simulator = simulator
        self.offset = timedelta()

    @property
    def now(self) -> datetime:
        """Return the time of this world, in Berlin."""
        return (datetime.now(UTC) + self.offset).astimezone(BERLIN)

    async def let_pass(self, span: timedelta) -> None:
        """Let time pass; what was due in Home Assistant happens now."""
        self.offset += span
        seconds = {"advance_seconds": span.total_seconds()}
        await self.simulator.control("POST", "clock", seconds)
        await self.hass.move_clock(self.offset)
        await self.owner.log_in(OWNER)

    async def let_be_read(self) -> None:
        """Let time pass until the feed was read, and wait for that."""
        # What is under way, after which the next read is fixed, does not show.
        await asyncio.sleep(0.5)
        before = await self.reads()
        await self.let_pass(READ)
        try:
            await until(lambda: self.has_read_since(before), timeout=10)
        except TimeoutError:  # a slow computer: time passed before the read was fixed
            await self.let_pass(READ)
            await until(lambda: self.has_read_since(before))

    async def has_read_since(self, before: int) -> bool:
        """Return whether the feed was read oftener than it had been."""
        return await self.reads() > before

    async def reads(self) -> int:
        """Return how often the feed was read."""
        return int((await self.simulator.control("GET", "feeds"))["beach"]["reads"])

    async def status(self) -> str:
        """Return how it stands with the code for the next arrival."""
        return str((await self.owner.states())[NEXT]["state"])

    async def opens(self, pin: str) -> bool:
        """Type a PIN at the lock and return whether the door opens."""
        path = f"igloohome/devices/{LOCK_UNBRIDGED}/keypad"
        answer = await self.simulator.control("POST", path, {"pin": pin})
        return bool(answer["opened"])


async def until(holds: Callable[[], Awaitable[bool]], timeout: float = 60) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(timeout):
        while not await holds():
            await asyncio.sleep(0.1)


def told(events: EventListener) -> list[dict[str, Any]]:
    """Return what the event entity of the property has told, in order."""
    states = [
        message["event"]["data"]["new_state"]
        for message in events.events
        if message["event"]["event_type"] == "state_changed"
        and message["event"]["data"]["entity_id"] == "event.beach_house_bookings"
    ]
    return [
        state["attributes"]
        for state in states
        if state is not None and state["attributes"].get("event_type") is not None
    ]


def kinds(events: EventListener) -> list[str]:
    """Return what kinds of things were told."""
    return [attributes["event_type"] for attributes in told(events)]


async def test_the_life_of_a_booking(
    owner: HassClient,
    hass_process: HassProcess,
    simulator_process: SimulatorProcess,
    tmp_path: Path,
) -> None:
    """The code appears, is superseded, is told as cancelled, and does what was told."""
    simulator = simulator_process
    world = World(owner, hass_process, simulator)
    await set_up_accounts(owner, simulator)
    # Ten minutes before the lead time begins; in time that passes, also where the clock
    # is changed meanwhile, and not in an hour that the clock shows twice.
    due = (world.now.astimezone(UTC) + timedelta(minutes=10)).replace(microsecond=0)
    due += timedelta(hours=(due + LEAD).astimezone(BERLIN).fold)
    arrival = (due + LEAD).astimezone(BERLIN)
    first_day = arrival.date()

    def days(nights: int) -> dict[str, str]:
        leaves = first_day + timedelta(days=nights)
        return {"starts_on": f"{first_day}", "ends_on": f"{leaves}"}

    await simulator.control("PUT", FEED, {"portal": "airbnb"})
    far = {"starts_on": f"{first_day + timedelta(90)}"}
    far |= {"ends_on": f"{first_day + timedelta(93)}"}
    await simulator.control("PUT", f"{FEED}/stays/far", far)
    await simulator.control("PUT", f"{FEED}/stays/a", days(3))

    async with EventListener(owner) as events:
        calendar = await subscribe(
            owner, "Beach House", f"{simulator.url}/feeds/beach.ics"
        )
        (account_id,) = [
            entry["entry_id"]
            for entry in await owner.entries(DOMAIN)
            if entry["title"] == "igloohome"
        ]
        await add_property(
            owner,
            account_id,
            ["Guest Room"],
            name="Beach House",
            calendar=calendar,
            check_in=f"{arrival:%H:%M:%S}",
            time_zone=BERLIN.key,
        )

        async def is_status(wanted: str) -> bool:
            return NEXT in await owner.states() and await world.status() == wanted

        await until(lambda: is_status("planned"))
        assert [b["codes"] for b in await get_bookings(owner)] == [[], []]

        # The lead time begins in a few seconds, which really pass.
        await world.let_pass(due - timedelta(seconds=3) - world.now)
        await until(lambda: is_status("ready"))
        assert world.now >= due
        assert kinds(events)[:1] == ["code_ready"]

        await simulator.control("PUT", f"{FEED}/stays/a", days(5))
        await world.let_be_read()

        async def is_cancelled() -> bool:
            told_so = "booking_cancelled_code_still_opens" in kinds(events)
            return told_so and str((await get_bookings(owner))[0]["status"]) == (
                "cancelled"
            )

        async def has_codes(count: int) -> bool:
            bookings = await get_bookings(owner)
            return len(bookings[0]["codes"]) == count

        await until(lambda: has_codes(2))
        await simulator.control("DELETE", f"{FEED}/stays/a")
        for misses in (1, 2, 3):
            assert "cancelled" not in str(kinds(events)), misses
            await world.let_be_read()
        await until(is_cancelled)
        cancelled = (await get_bookings(owner, include_pins=True))[0]

    first, second = cancelled["codes"]
    assert cancelled["status"] == "cancelled"
    assert (first["status"], second["status"]) == ("superseded", "scheduled")
    news = {each["event_type"]: each for each in told(events)}
    assert [kind for kind in kinds(events) if kind == "code_ready"] == [
        "code_ready"
    ] * 2
    assert news["superseded_still_opens"]["code_id"] == first["code_id"]
    assert news["superseded_still_opens"]["replaced_by"] == second["code_id"]
    gone = news["booking_cancelled_code_still_opens"]
    assert (gone["code_id"], gone["opens_until"]) == (
        second["code_id"],
        second["ends_at"],
    )

    # After a restart nothing is told again and nothing is made.
    assert await hass_process.stop() == 0
    hass_process.start()
    await hass_process.wait_until_up()
    await owner.log_in(OWNER)
    await owner.wait_until_running()
    before = await world.reads()
    await until(lambda: world.has_read_since(before - 1))
    assert [(b["status"], len(b["codes"])) for b in await get_bookings(owner)] == [
        ("cancelled", 2),
        ("planned", 0),
    ]
    assert (await owner.states())["event.beach_house_bookings"]["attributes"][
        "event_type"
    ] == "booking_cancelled_code_still_opens"

    # PINs came from the action only; and both codes do open, as was told.
    pins = [code["pin"] for code in cancelled["codes"]]
    assert len(set(pins)) == 2
    scanner = LeakScanner(pins, ())
    await scanner.add_home_assistant(owner)
    scanner.add("events", events.events)
    assert await hass_process.stop() == 0
    scanner.add_folder(tmp_path / "config")
    assert scanner.findings() == []
    assert "Traceback" not in hass_process.read_output()

    assert not await world.opens(pins[0])
    clock = {"now": (arrival + timedelta(minutes=5)).isoformat()}
    await simulator.control("POST", "clock", clock)
    assert [await world.opens(pin) for pin in pins] == [True, True]
