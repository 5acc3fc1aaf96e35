"""What the bookings of a calendar cost: planning them, and making their codes."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from datetime import UTC, date, datetime, timedelta
from statistics import median
import time
from zoneinfo import ZoneInfo

from homeassistant.util import dt as dt_util

from custom_components.igloohome_access.bookings.actions import IssueCode
from custom_components.igloohome_access.bookings.memory import PropertyMemory
from custom_components.igloohome_access.bookings.model import (
    FeedEvent,
    IssuedCode,
    PropertyLock,
    PropertySettings,
    Reading,
)
from custom_components.igloohome_access.bookings.planner import Plan, make_plan
from custom_components.igloohome_access.bookings.presence import take_in
from custom_components.igloohome_access.model import (
    CloudKind,
    CodeOrigin,
    CodeStatus,
    RecordState,
)
from tests.properties.house import add_calendar, add_property

from .clouds import TIME_ZONE, Clouds
from .home import async_home, async_our_account, async_set_up, our_entry
from .passing_time import MovableLoop, async_let_pass, moved_clocks
from .table import Row

BOOKED = 5
"""Bookings whose codes are made; on one lock."""
A_WHILE = timedelta(hours=1)
"""Within it the calendar is read, and the codes are made."""


async def async_rows(
    clouds: Clouds, bookings: int, repetitions: int
) -> AsyncGenerator[Row]:
    """Plan so many bookings of one property, and follow a few of them to the cloud."""
    yield _planning(bookings, repetitions)
    loop = asyncio.get_running_loop()
    assert isinstance(loop, MovableLoop)
    for kind in CloudKind:
        with moved_clocks(loop):
            quiet = await _async_requests(clouds, kind, 0)
            booked = await _async_requests(clouds, kind, BOOKED)
        each = (booked - quiet) / BOOKED
        yield Row(
            f"requests per booking, from calendar to code, {kind.value}",
            f"{each:g} ({BOOKED} bookings of one lock)",
        )


def _planning(bookings: int, repetitions: int) -> Row:
    """Return what one look at all bookings takes, before and after they have codes."""
    now = datetime.now(UTC)
    zone = ZoneInfo(TIME_ZONE)
    settings = PropertySettings(
        property_id="property",
        cloud=CloudKind.IGLOOHOME,
        locks=(PropertyLock("lock", zone),),
        zone=zone,
        lead_days=14,
    )
    today = now.astimezone(zone).date()
    reading = Reading(
        events=tuple(
            FeedEvent(start=_day(today, n), end=_day(today, n + 4), uid=f"booking-{n}")
            for n in range(bookings)
        ),
        starts_at=now - timedelta(days=2),
        ends_at=now + timedelta(days=500),
    )
    empty = PropertyMemory()
    taken, memory = _timed(lambda: take_in(empty, reading, settings, now), repetitions)
    again, _ = _timed(lambda: take_in(memory, reading, settings, now), repetitions)
    # All are due: as dear as it gets.
    due, plan = _timed(lambda: make_plan(memory, (), settings, now), repetitions)
    codes = _issued(plan, now)
    if len(codes) != bookings:
        raise RuntimeError(
            f"codes for {len(codes)} of {bookings} bookings were planned"
        )
    kept, after = _timed(
        lambda: make_plan(plan.memory, codes, settings, now), repetitions
    )
    if any(isinstance(action, IssueCode) for action in after.actions):
        raise RuntimeError("a code was planned twice")
    return Row(
        f"planning {bookings} bookings of a property",
        f"{1000 * kept:.0f} ms of processor when all have a code, {1000 * due:.0f} ms "
        f"when none has; taking in the calendar {1000 * again:.0f} ms, "
        f"{1000 * taken:.0f} ms the first time",
    )


def _day(today: date, number: int) -> date:
    """Return one of the next days; far more bookings than days is no matter here."""
    return today + timedelta(days=1 + number % 12)


def _issued(plan: Plan, now: datetime) -> list[IssuedCode]:
    """Return the codes that a plan asks for, as if they had been made."""
    return [
        IssuedCode(
            code_id=f"code-{number}",
            lock_id=action.lock_id,
            tag=action.tag,
            kind=action.plan.kind,
            window=action.plan.window,
            requested_at=now,
            status=CodeStatus.SCHEDULED,
            opens_until=action.plan.window.ends_at,
            first_use_by=action.plan.first_use_by,
        )
        for number, action in enumerate(plan.actions)
        if isinstance(action, IssueCode)
    ]


def _timed[T](work: Callable[[], T], repetitions: int) -> tuple[float, T]:
    """Return the seconds of processor time that something takes, and its result."""
    taken: list[float] = []
    for _ in range(repetitions):
        begun = time.process_time()
        result = work()
        taken.append(time.process_time() - begun)
    return median(taken), result


async def _async_requests(clouds: Clouds, kind: CloudKind, bookings: int) -> int:
    """Return the requests of a while in which a calendar shows new bookings."""
    await clouds.async_reset(BOOKED)
    (lock_id, *_) = await clouds.async_lock_ids(kind.value)
    async with async_home() as hass:
        entry = our_entry(clouds, kind)
        entry.add_to_hass(hass)
        calendar = await add_calendar(hass)
        # All of them are due, whatever the time of day.
        add_property(hass, entry, locks=[lock_id], lead_days=14)
        await async_set_up(hass, entry)
        account = await async_our_account(hass, entry)
        await async_let_pass(hass, A_WHILE)
        await clouds.async_take_requests()
        # Home Assistant's clock may have been moved by days, by rows before this one.
        today = dt_util.as_local(dt_util.utcnow()).date()
        for n in range(bookings):
            arrival = today + timedelta(days=n + 1)
            calendar.book(f"booking-{n}", arrival, arrival + timedelta(days=1))
        await async_let_pass(hass, A_WHILE)
        await hass.async_block_till_done(wait_background_tasks=True)
        made = [
            record
            for record in account.book.ledger.records.values()
            if record.origin is CodeOrigin.BOOKING
            and record.state is RecordState.ISSUED
            and record.pin is not None
        ]
        if len(made) != bookings:
            raise RuntimeError(f"{len(made)} of {bookings} bookings have their code")
        return len(await clouds.async_take_requests())
