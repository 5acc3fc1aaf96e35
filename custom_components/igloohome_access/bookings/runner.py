"""The runner of a property: reads its calendar, plans, and carries the plan out.

One per property of a loaded account. It reads when Home Assistant has started and every
half hour, oftener before a guest arrives; it plans after each read, at the moment the
plan names, and when a code of the property changes. One task at a time does all of
this, in the order the planner asks for (``planner.py``).
"""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
import logging

from homeassistant.core import CALLBACK_TYPE, HassJob, HomeAssistant, callback
from homeassistant.helpers.event import async_call_later
from homeassistant.helpers.start import async_at_started
from homeassistant.util import dt as dt_util

from ..lifecycle import is_being_loaded
from ..model import Code, CodePlan, CodeStatus
from ..properties.settings import PropertyConfig
from .actions import (
    Announcement,
    BookingState,
    BookingStatus,
    DropFailed,
    MarkSuperseded,
    Reinstate,
    Repair,
    Task,
)
from .model import (
    CodeSource,
    CodeTag,
    IssuedCode,
    PropertySettings,
    Purpose,
    failed_for_certain,
)
from .planner import Plan, make_plan, note_failure, preview, request_code
from .presence import identify, take_in
from .source import async_read_calendar
from .tasks import BookingTasks, Surroundings

_LOGGER = logging.getLogger(__name__)

READ_EVERY = timedelta(minutes=30)
READ_SOON = timedelta(minutes=10)
"""Between two reads when a guest is about to arrive, or when the last read failed."""
ARRIVAL = timedelta(hours=3)
MOST_ROUNDS = 20
"""Plans in a row; a plan that never comes to rest must not keep a cloud busy."""
AFTER_TROUBLE = timedelta(minutes=1)

_OVER = (BookingStatus.CANCELLED, BookingStatus.ENDED)

type _CodeState = tuple[CodeStatus, str | None, bool, bool]
"""Status and tag of a code, and whether nothing is under way with it."""


class PropertyRunner:
    """Sees to the codes of one property until it is stopped.

    ``bookings`` and ``repairs`` are how it stands since the last plan; listeners are
    called after each. ``last_read_ok`` is None before the first read.
    """

    def __init__(self, around: Surroundings, config: PropertyConfig) -> None:
        """Take over what is remembered; nothing happens before ``async_start``."""
        self.config = config
        self.bookings: tuple[BookingState, ...] = ()
        self.repairs: tuple[Repair, ...] = ()
        self.last_read_ok: bool | None = None
        self._around = around
        self._tasks = BookingTasks(around, config)
        self._memory = around.memories.of_property(config.property_id)
        self._kept = self._memory
        self._planned_with: dict[str, _CodeState | None] = {}
        self._next_at: datetime | None = None
        self._read_at: datetime | None = None
        self._planned_at: datetime | None = None
        self._to_read = self._to_plan = self._working = False
        self._running = False
        self._task: asyncio.Task[None] | None = None
        self._cancel_timer: CALLBACK_TYPE | None = None
        self._stop_listening: list[CALLBACK_TYPE] = []
        self._listeners: list[Callable[[], None]] = []
        self._hearers: list[Callable[[Announcement], None]] = []
        self._wake_job = HassJob(
            self._async_wake, "igloohome_access bookings", cancel_on_shutdown=True
        )

    # From outside

    @callback
    def async_start(self) -> None:
        """Show what is known; read, plan and go on once Home Assistant has started.

        Not before: automations do not hear yet what is told, and it is told once; and
        what is known may be old, while there may be no calendar yet.
        """
        self._show(self._plan())
        self._stop_listening += (
            self._around.book.async_listen_all(self._async_codes),
            async_at_started(self._around.hass, self._async_begin),
        )

    async def async_stop(self) -> None:
        """Issue nothing any more, and keep what is known."""
        self._running = False
        self._disarm()
        while self._stop_listening:
            self._stop_listening.pop()()
        if self._task is not None and not self._task.done():
            # A code that is on its way is brought to its end by the issuer.
            self._task.cancel()
            await asyncio.wait([self._task])
        await self._async_keep()

    async def async_settled(self) -> None:
        """Wait until nothing is being done."""
        while self._task is not None and not self._task.done():
            await asyncio.wait([self._task])

    async def async_issue_again(self, booking: str) -> None:
        """Make new codes of a booking now, and wait until that was tried.

        Raises KeyError for a booking that is not known.
        """
        self._memory = request_code(self._memory, booking, self._codes())
        self._async_work_soon()
        await self.async_settled()

    def preview(self, booking: str) -> list[tuple[str, Purpose, CodePlan]]:
        """Return the codes ``async_issue_again`` would make, by lock and purpose.

        Raises KeyError for a booking that is not known, RuleViolation where no code
        fits.
        """
        settings, now = self.settings, dt_util.utcnow()
        purposes = (Purpose.STAY, Purpose.BACKUP)[: 1 + settings.backup_code]
        return [
            (
                lock.lock_id,
                purpose,
                preview(self._memory, booking, lock, purpose, settings, now),
            )
            for lock in settings.locks
            for purpose in purposes
        ]

    @property
    def settings(self) -> PropertySettings:
        """Return the settings now; the time zone of a lock may have been learned."""
        around = self._around
        return self.config.settings(around.kind, around.zone, around.bridged())

    @property
    def arrival(self) -> BookingState | None:
        """Return the next booking that has not checked in."""
        now = dt_util.utcnow()
        return next(
            (
                state
                for state in self.bookings
                if state.stay.check_in > now and state.status not in _OVER
            ),
            None,
        )

    @property
    def guest(self) -> BookingState | None:
        """Return the booking whose guest is there, of several the latest."""
        now = dt_util.utcnow()
        return next(
            (
                state
                for state in reversed(self.bookings)
                if state.stay.check_in <= now < state.stay.check_out
                and state.status is not BookingStatus.CANCELLED
            ),
            None,
        )

    @callback
    def async_listen(self, listener: Callable[[], None]) -> CALLBACK_TYPE:
        """Call ``listener`` when it stands differently with the bookings."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    @callback
    def async_hear(self, hearer: Callable[[Announcement], None]) -> CALLBACK_TYPE:
        """Call ``hearer`` with every announcement."""
        self._hearers.append(hearer)
        return lambda: self._hearers.remove(hearer)

    def codes_of(self, booking: str) -> list[IssuedCode]:
        """Return the codes of a booking in the order they were asked for."""
        return [code for code in self._codes() if code.tag.booking == booking]

    # Waking up

    @callback
    def _async_begin(self, _hass: HomeAssistant) -> None:
        self._running = True
        self._async_work_soon(read=True)

    @callback
    def _async_codes(self) -> None:
        """Plan when a code of the property has changed since the last plan."""
        if any(
            self._state_of(code_id) != state
            for code_id, state in self._planned_with.items()
        ):
            self._async_work_soon()

    def _state_of(self, code_id: str) -> _CodeState | None:
        """Return what of a code matters to a plan, None for one not in the book."""
        book = self._around.book
        code = book.get(code_id)
        if code is None or code.record is None:
            return None
        return (
            book.status(code_id),
            code.record.booking,
            code.record.work is None,
            is_being_loaded(code),
        )

    @callback
    def _async_wake(self, _now: datetime) -> None:
        self._cancel_timer = None
        now, due = dt_util.utcnow(), self._read_at
        # A read that is due long from now was put there by another clock.
        self._async_work_soon(
            read=due is None or now >= due or due - now > 2 * READ_EVERY
        )

    @callback
    def _async_work_soon(self, *, read: bool = False) -> None:
        if not self._running:
            return
        self._to_plan = True
        self._to_read |= read
        # Not by the task: that has begun before it is known here.
        if not self._working:
            self._working = True
            self._disarm()
            self._task = self._around.create_task(
                self._async_work(), "igloohome_access bookings"
            )

    def _arm(self, *, after_trouble: bool) -> None:
        """Wake up for the next read, and for whatever comes before it.

        What became due while work was under way (the computer slept, the disk was
        slow) is due now; after trouble not at once, that would come again and again.
        """
        if not self._running:
            return
        now = dt_util.utcnow()
        moments = [at for at in (self._next_at, self._read_at) if at is not None]
        shown = now if self._planned_at is None else min(now, self._planned_at)
        for state in self.bookings:
            stay = state.stay
            moments += [at for at in (stay.check_in, stay.check_out) if at > shown]
        due = min(moments, default=now + AFTER_TROUBLE)
        soonest = AFTER_TROUBLE if after_trouble else timedelta()
        self._cancel_timer = async_call_later(
            self._around.hass,
            min(max(due - now, soonest), READ_EVERY),
            self._wake_job,
        )

    def _disarm(self) -> None:
        if self._cancel_timer is not None:
            self._cancel_timer()
            self._cancel_timer = None

    # Working

    async def _async_work(self) -> None:
        trouble = True
        try:
            while self._to_plan and self._running:
                read, self._to_read, self._to_plan = self._to_read, False, False
                if read:
                    await self._async_read()
                for _ in range(MOST_ROUNDS):
                    if not await self._async_round():
                        break
            trouble = False
        finally:
            self._working = False
            self._arm(after_trouble=trouble)

    async def _async_read(self) -> None:
        reading = await async_read_calendar(self._around.hass, self.config.calendar)
        now, settings = dt_util.utcnow(), self.settings
        self.last_read_ok = reading is not None
        phones: dict[str, str] = {}
        if reading is not None and settings.code_source is CodeSource.PHONE:
            for stay in identify(self._memory, reading, settings, now)[0]:
                if stay.phone is not None:
                    phones[stay.booking] = stay.phone
        self._memory = take_in(self._memory, reading, settings, now)
        self._tasks.take_phones(phones, set(self._memory.bookings))
        arriving = any(
            timedelta() < state.stay.check_in - now <= ARRIVAL
            for state in self.bookings
        )
        soon = arriving or reading is None
        self._read_at = now + (READ_SOON if soon else READ_EVERY)

    async def _async_round(self) -> bool:
        """Plan once and carry it out; return whether to plan again."""
        plan = self._plan()
        self._memory = plan.memory
        self._show(plan)
        # All of them before anything is waited for: they count as told from now on,
        # also if the account is unloaded meanwhile.
        for action in plan.actions:
            if isinstance(action, Announcement):
                for hearer in list(self._hearers):
                    hearer(action)
        again = False
        for action in plan.actions:
            if isinstance(action, MarkSuperseded | Reinstate):
                superseded = isinstance(action, MarkSuperseded)
                await self._async_mark(action.code_id, superseded=superseded)
                again = True
            elif isinstance(action, DropFailed):
                await self._async_drop(action)
                again = True
        await self._async_keep()
        for task in plan.actions:
            if isinstance(task, Task):
                again = True
                reason = await self._tasks.async_try(task)
                if reason is not None:
                    _LOGGER.debug("The code of a booking has to wait: %s", reason.key)
                    self._memory = note_failure(
                        self._memory, task, reason, dt_util.utcnow()
                    )
        return again

    def _plan(self) -> Plan:
        """Return the plan now, and remember what it went by."""
        codes = self._codes()
        self._planned_with = {
            code.code_id: self._state_of(code.code_id) for code in codes
        }
        self._planned_at = dt_util.utcnow()
        return make_plan(self._memory, codes, self.settings, self._planned_at)

    def _show(self, plan: Plan) -> None:
        self._next_at = plan.next_at
        self.bookings = plan.bookings
        self.repairs = plan.repairs
        for listener in list(self._listeners):
            listener()

    async def _async_keep(self) -> None:
        if self._memory != self._kept:
            self._kept = self._memory
            await self._around.memories.async_keep(
                self.config.property_id, self._memory
            )

    async def _async_mark(self, code_id: str, *, superseded: bool) -> None:
        """Say that a code is superseded from now on, or not any more."""
        record = self._around.book.ledger.records.get(code_id)
        if record is not None:  # taken off while others were being marked
            moment = dt_util.utcnow() if superseded else None
            await self._around.book.async_update(replace(record, superseded_at=moment))

    async def _async_drop(self, action: DropFailed) -> None:
        """Take a code off the list that failed, unless it has come to life since."""
        code = self._around.book.get(action.code_id)
        if code is None or code.record is None or not failed_for_certain(code):
            return
        self._tasks.spoil(action.booking, code.record)
        await self._around.book.async_remove([action.code_id])

    def _codes(self) -> list[IssuedCode]:
        """Return the codes of this property, in the order of the ledger."""
        now = dt_util.utcnow()
        prefix = f"{self.config.property_id}|"
        found: list[IssuedCode] = []
        for record in self._around.book.ledger.records.values():
            if record.booking is None or not record.booking.startswith(prefix):
                continue
            try:
                tag = CodeTag.of_text(record.booking)
            except ValueError:
                continue  # of a later version; its code is listed all the same
            # A request that is being written is not in the book yet.
            code = self._around.book.get(record.code_id) or Code(record=record)
            found.append(IssuedCode.of(code, tag, now))
        return found
