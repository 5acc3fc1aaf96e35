"""The demo's bookings: two properties on portals' feeds, with a stay in each state.

A booking that was moved, cancelled or left without a code has a history. So on its
first start the demo begins in the evening before, and its clock is then moved on
(``HassProcess.move_clock``) until it shows the time of the computer.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
import json
from pathlib import Path
from typing import Any

from .demo import hurried
from .hass_client import HassClient, HassUser
from .hass_config import INTEGRATION
from .hass_process import HassProcess
from .hass_properties import add_property, get_bookings, subscribe
from .processes import ProcessError
from .simulator_process import SimulatorProcess

#: A little longer than the time between two reads of a calendar.
STEP = timedelta(minutes=31)
#: A cancellation is believed after three reads in an hour.
STEPS = 3

#: The lock of the City Apartment refuses codes until the present.
_FAULT = {
    "path_regex": "/seam/access_codes/create",
    "kind": "status",
    "status": 400,
    "times": None,
}


@dataclass(frozen=True, slots=True)
class DemoStay:
    """A stay: its key in the feed, its days from today, and how it ends up.

    ``was`` are the days it had in the evening before. ``status`` is None for what is
    not a booking. ``late`` ones come into the calendar only at the present time.
    """

    key: str
    days: tuple[int, int]
    status: str | None
    was: tuple[int, int] | None = None
    guest: str = "Guest"
    phone: str = "0123"
    late: bool = False

    def body(self, today: date, days: tuple[int, int]) -> dict[str, str]:
        """Return what the feed's control interface wants to know."""
        return {
            "starts_on": f"{today + timedelta(days[0])}",
            "ends_on": f"{today + timedelta(days[1])}",
            "guest": self.guest,
            "phone": self.phone,
            "kind": "blocked" if self.status is None else "reserved",
        }


@dataclass(frozen=True, slots=True)
class DemoProperty:
    """A property: account (title of its entry), feed, lock, settings and stays."""

    name: str
    account: str
    feed: str
    portal: str
    lock: str
    settings: dict[str, Any]
    stays: tuple[DemoStay, ...]


PROPERTIES = (
    DemoProperty(
        name="Beach House",
        account="igloohome",
        feed="beach-house",
        portal="airbnb",
        lock="Guest Room",
        settings={"lead_days": 7, "ignore": ["Not available"]},
        stays=(
            DemoStay("current", (-1, 1), "ready", phone="+49 151 5550101", late=True),
            DemoStay("moved", (1, 3), "ready", was=(1, 4), phone="+49 151 5550102"),
            DemoStay("next", (4, 6), "ready", phone="+49 151 5550103"),
            DemoStay("cancelled", (6, 8), "cancelled", phone="+49 151 5550104"),
            DemoStay("blocked", (8, 12), None),
            DemoStay("upcoming", (12, 15), "planned", phone="+49 151 5550105"),
        ),
    ),
    DemoProperty(
        name="City Apartment",
        account="Simulated Homes",
        feed="city-apartment",
        portal="vrbo",
        lock="Apartment 4",
        settings={"lead_days": 5, "ignore": ["Blocked"]},
        stays=(
            DemoStay("failed", (-1, 2), "failed", guest="A. Example"),
            DemoStay("next", (2, 5), "ready", guest="B. Example", late=True),
            DemoStay("blocked", (5, 8), None),
            DemoStay("year", (20, 400), "too_long", guest="C. Example"),
        ),
    ),
)

#: What comes into a kept demo's feed when all its stays have begun.
_LATER = (
    DemoStay("current", (-1, 2), "ready", guest="D. Example"),
    DemoStay("next", (3, 6), "ready", guest="E. Example"),
    DemoStay("upcoming", (15, 18), "planned", guest="F. Example"),
)


def start_of_history(now: datetime) -> datetime:
    """Return when the demo begins: half past eleven in the evening before, or earlier.

    Midnight has to lie in between, and enough reads of the calendars. ``now`` is on
    the clock of the properties.
    """
    evening = datetime.combine(
        now.date() - timedelta(days=1), time(23, 30), tzinfo=now.tzinfo
    )
    return min(evening, now - STEP * (STEPS + 1))


async def prepare(simulator: SimulatorProcess, today: date) -> None:
    """Let a simulator be as it was in the evening before, for a Home Assistant to come.

    An interrupted set-up begins again: no booking may get on before it is due.
    """
    await simulator.control("POST", "faults", _FAULT)
    for home in PROPERTIES:
        feed = {"portal": home.portal}
        await simulator.control("PUT", f"feeds/{home.feed}", feed)
    await _put_stays(simulator, today, lambda stay: not stay.late, before=True)


async def _put_stays(
    simulator: SimulatorProcess,
    today: date,
    wanted: Callable[[DemoStay], bool],
    *,
    before: bool = False,
) -> None:
    """Write stays into the feeds, with the days they had before or have now."""
    for home in PROPERTIES:
        for stay in home.stays:
            if wanted(stay):
                days = (stay.was if before else None) or stay.days
                path = f"feeds/{home.feed}/stays/{stay.key}"
                await simulator.control("PUT", path, stay.body(today, days))


class History:
    """Lets the demo live through the time from ``start_of_history`` until now."""

    def __init__(
        self,
        client: HassClient,
        user: HassUser,
        hass: HassProcess,
        simulator: SimulatorProcess,
        today: date,
    ) -> None:
        """Tell a story to a Home Assistant whose clock is behind, as is Seam's.

        ``prepare`` has come before it was started.
        """
        self._client = client
        self._user = user
        self._hass = hass
        self._simulator = simulator
        self._today = today

    async def live_through(self) -> None:
        """Add the properties, let things happen, and arrive at the present."""
        async with hurried(self._simulator):
            await self._add_properties()
            await self._until(self._has_seen_all)
            await self._change_feeds()
            for _ in range(STEPS):
                assert self._hass.clock_offset is not None
                await self._move_clock(self._hass.clock_offset + STEP)
            await self._until(self._has_cancelled)
            await self._simulator.control("DELETE", "faults")
            await _put_stays(self._simulator, self._today, lambda stay: stay.late)
            await self._move_clock(timedelta())
            await self._until(self._is_over)

    async def _add_properties(self) -> None:
        accounts = {
            entry["title"]: entry["entry_id"]
            for entry in await self._client.entries(INTEGRATION)
        }
        for home in PROPERTIES:
            url = f"{self._simulator.url}/feeds/{home.feed}.ics"
            await add_property(
                self._client,
                accounts[home.account],
                [home.lock],
                name=home.name,
                calendar=await subscribe(self._client, home.name, url),
                **home.settings,
            )

    async def _change_feeds(self) -> None:
        """Move a booking and cancel another, as guests do."""
        await _put_stays(
            self._simulator, self._today, lambda stay: stay.was is not None
        )
        for home in PROPERTIES:
            for stay in home.stays:
                if stay.status == "cancelled":
                    path = f"feeds/{home.feed}/stays/{stay.key}"
                    await self._simulator.control("DELETE", path)

    async def _move_clock(self, offset: timedelta) -> None:
        """Let time pass, and wait until the calendars were read in it."""
        # What is under way, after which the next read is fixed, does not show.
        await asyncio.sleep(1)
        before = await self._reads()
        moment = {"now": (datetime.now(UTC) + offset).isoformat()}
        await self._simulator.control("POST", "clock", moment)
        await self._client.log_out()
        await self._hass.move_clock(offset)
        await self._client.log_in(self._user)

        async def has_read() -> bool:
            now = await self._reads()
            return all(now[feed] > before[feed] for feed in before)

        try:
            await self._until(has_read, timeout=15)
        except ProcessError:
            # Time passed before the next read was fixed. A reload reads as well.
            for entry in await self._client.entries(INTEGRATION):
                path = f"/api/config/config_entries/entry/{entry['entry_id']}/reload"
                await self._client.post(path)
            await self._until(has_read)

    async def _reads(self) -> dict[str, int]:
        feeds = await self._simulator.control("GET", "feeds")
        return {home.feed: feeds[home.feed]["reads"] for home in PROPERTIES}

    async def _has_seen_all(self) -> bool:
        seen = await booking_statuses(self._client)
        wanted = {
            (home.name, (stay.was or stay.days)[0])
            for home in PROPERTIES
            for stay in home.stays
            if stay.status is not None and not stay.late
        }
        found = {
            (name, (day - self._today).days)
            for (name, day), status in seen.items()
            if status != "issuing"
        }
        return wanted <= found

    async def _has_cancelled(self) -> bool:
        return "cancelled" in (await booking_statuses(self._client)).values()

    async def _is_over(self) -> bool:
        return await booking_statuses(self._client) == expected_statuses(self._today)

    async def _until(
        self, holds: Callable[[], Awaitable[bool]], timeout: float = 90
    ) -> None:
        """Wait until something holds; raise ProcessError if it does not come to that."""
        try:
            async with asyncio.timeout(timeout):
                while not await holds():
                    await asyncio.sleep(0.2)
        except TimeoutError:
            statuses = await booking_statuses(self._client)
            shown = ", ".join(f"{n} {d} {s}" for (n, d), s in sorted(statuses.items()))
            raise ProcessError(
                f"the bookings do not come to {holds.__name__}: {shown}"
            ) from None


type Statuses = dict[tuple[str, date], str]


def expected_statuses(today: date) -> Statuses:
    """Return what ``booking_statuses`` are when the history is over."""
    return {
        (home.name, today + timedelta(stay.days[0])): stay.status
        for home in PROPERTIES
        for stay in home.stays
        if stay.status is not None
    }


async def booking_statuses(client: HassClient) -> Statuses:
    """Return the status of every booking by property and day of arrival."""
    return {
        (each["property"], date.fromisoformat(each["check_in"][:10])): each["status"]
        for each in await get_bookings(client)
    }


async def find_booking_problems(client: HassClient, *, new: bool) -> list[str]:
    """Return what is not as it should be with the bookings, in words.

    A demo that is not ``new`` has gone on, and only has to have its properties.
    """
    statuses = await booking_statuses(client)
    if not new:
        missing = {home.name for home in PROPERTIES} - {name for name, _ in statuses}
        return [f"no bookings of {name}" for name in sorted(missing)]
    # The first guest came in yesterday, whatever day it is by now.
    today = min(day for _, day in statuses) + timedelta(days=1) if statuses else None
    if today is None or statuses != expected_statuses(today):
        shown = ", ".join(f"{n} {d} {s}" for (n, d), s in sorted(statuses.items()))
        return [f"the bookings are {shown or 'missing'}"]
    return []


# --- what the simulator would forget -------------------------------------------------


async def save_feeds(simulator: SimulatorProcess, path: Path) -> None:
    """Write the booking feeds to a file."""
    feeds = await simulator.control("GET", "feeds")
    path.write_text(json.dumps(feeds, indent=2), encoding="utf-8")


async def restore_feeds(
    simulator: SimulatorProcess, path: Path, today: date
) -> list[str]:
    """Give a fresh simulator the feeds of the file; return their names.

    Where all stays have begun since the demo was last run, new ones are added.
    """
    if not path.exists():
        return []
    feeds = json.loads(path.read_text(encoding="utf-8"))
    for name, feed in feeds.items():
        await simulator.control("PUT", f"feeds/{name}", {"portal": feed["portal"]})
        stays = feed["stays"]
        if all(stay["starts_on"] <= f"{today}" for stay in stays.values()):
            stays |= {
                f"{stay.key}-{today}": stay.body(today, stay.days) for stay in _LATER
            }
        for key, stay in stays.items():
            await simulator.control("PUT", f"feeds/{name}/stays/{key}", stay)
        await simulator.control("PATCH", f"feeds/{name}", {"state": feed["state"]})
    return list(feeds)
