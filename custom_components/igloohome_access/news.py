"""What happened, read from the cloud: one more request per poll, and soon after hints.

Seam has a list of events of the whole account (reference/seam-api.md §11); reading it
takes the place of listing codes, which are read again only where an event gives a
reason, in turn with the events. What events cannot tell, a slow round finds.
igloohome has a log per lock (reference/igloohome-api.md §5), which is read after a
job, when somebody asks for it and after hints.

Each event and each row is told once, also over restarts (news_memory.py).
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import datetime, timedelta
import logging

from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util

from .clouds.base import (
    AccountEvent,
    Cloud,
    CloudEvent,
    CloudPermissionError,
    CloudRateLimitedError,
    CloudUnreachableError,
    CodeEvent,
)
from .codes import CodeBook
from .devices import lock_for
from .door import DoorLog
from .inventory import Inventory
from .model import Activity, Device
from .news_hints import CreateTask, Hinted, Hints
from .news_memory import KEEP_ROWS, NewsMemory

_LOGGER = logging.getLogger(__name__)

OVERLAP = timedelta(minutes=5)
"""How far back events are asked for again, as one may become visible late."""
LONGEST_SILENCE = timedelta(days=2)
"""When the last reading is older, events may be gone: nobody says for how long Seam
keeps them."""
SLOW_ROUND = timedelta(minutes=5)
"""How often a request goes to what events cannot tell."""

CODES_PER_REQUEST = 50
"""Codes with news that are read at once: few enough for an answer of one page."""

RECENT_ROWS = timedelta(days=3)
"""How far back a log is read, when all that may arrive late was read lately."""
DEEP_READING = timedelta(days=1)
"""How often a log is read as far back as rows are expected."""

PAGES_PER_HINT = 3
LISTS_PER_HINT = 4
"""Requests after hints at most; what is left is done by the polls."""

_UNMANAGED = "access_code.unmanaged."


class News:
    """Reads what happened in an account and passes it on."""

    def __init__(
        self,
        hass: HomeAssistant,
        cloud: Cloud,
        book: CodeBook,
        inventory: Inventory,
        memory: NewsMemory,
        door: DoorLog,
    ) -> None:
        """Nothing has been read yet."""
        self._cloud = cloud
        self._book = book
        self._inventory = inventory
        self.memory = memory
        self.door = door
        self._devices: Mapping[str, Device] = {}
        self._with_codes: tuple[str, ...] = ()
        self._reading = asyncio.Lock()
        self._stopped = False
        # Seam: where to go on after an answer that was full, and what to read again.
        self._resume: datetime | None = None
        self._floor = memory.begun - OVERLAP
        self._gap = False
        self._events_turn = False
        self._codes: dict[str, None] = {}
        self._lists: dict[tuple[str, bool], None] = {}
        self._slow_at = dt_util.utcnow()
        self._next_unsettled = 0
        # igloohome
        self._deep_at: dict[str, datetime] = {}
        self._refused = False
        # Hints
        self._hints = Hints(hass, self._async_follow)
        self._refresh: Callable[[], Awaitable[None]] | None = None
        self._on_account_news: Callable[[], None] = lambda: None
        self._repeated = False
        self._refresh_due = False

    @callback
    def async_start(
        self,
        create_task: CreateTask,
        refresh: Callable[[], Awaitable[None]],
        on_account_news: Callable[[], None],
    ) -> None:
        """Read and tell news, and follow hints from now on.

        ``refresh`` reads the devices again soon; ``on_account_news`` is called when
        something happened to the maker's account.
        """
        self._refresh, self._on_account_news = refresh, on_account_news
        self._hints.async_start(create_task)

    @callback
    def async_stop(self) -> None:
        """Take nothing over from now on: nobody would hear of it."""
        self._stopped = True
        self._hints.async_stop()

    @callback
    def async_note_devices(self, devices: Mapping[str, Device]) -> None:
        """Take over the devices that the cloud lists."""
        self._devices = devices
        self._with_codes = tuple(d.device_id for d in devices.values() if d.takes_codes)

    async def async_poll(self) -> None:
        """Make the one request of a poll beside the devices.

        Nothing is read before the start: nobody would hear of it. Raises the errors
        of the cloud.
        """
        if not self._hints.started:
            return
        if not self._cloud.lists_events:
            await self._inventory.async_read_next(self._with_codes)
            return
        async with self._reading:
            if not self._events_turn:
                self._events_turn = True
                if await self._async_read_codes():
                    return
            self._events_turn = False
            await self._async_read_events()

    # Seam: events

    async def _async_read_events(self) -> bool:
        """Read what happened since the last event; return whether that is anything."""
        memory = self.memory
        since = self._resume or max(memory.cursor - OVERLAP, self._floor)
        page = await self._cloud.async_read_events(since)
        if self._stopped:
            return False
        now = dt_util.utcnow()
        self._note_gap(now, complete=page.complete)
        cursor = memory.cursor
        if page.newest is not None:
            # A moment far ahead would hide all that happens until then.
            cursor = max(cursor, min(page.newest, now + OVERLAP))
        self._resume = None
        if not page.complete:
            # Go on right there, and never again before: an overlap might fill the
            # next answer as well. A moment that fills one alone is left behind.
            after = cursor - timedelta(milliseconds=1)
            self._resume = self._floor = after if after > since else cursor
        found = await self._async_take_new(page.events)
        if found is None:
            return False
        memory.async_note_reading(cursor, now, changed=found)
        return found

    def _note_gap(self, now: datetime, *, complete: bool) -> None:
        """Report, once, that events may be missing, and read all codes again."""
        long_ago = now - self.memory.read_at > LONGEST_SILENCE
        if (long_ago or not complete) and not self._gap:
            _LOGGER.warning(
                "Events since %s may be missing: %s; all codes are read again",
                self.memory.read_at.isoformat(timespec="minutes"),
                "they were not read for long"
                if long_ago
                else "there were more than one answer holds",
            )
            self._codes |= dict.fromkeys(self._book.watched_cloud_ids())
            self._lists |= {
                (d, m): None for d in self._with_codes for m in (True, False)
            }
        self._gap = not complete

    async def _async_take_new(self, events: Iterable[CloudEvent]) -> bool | None:
        """Take over what is new, and return whether anything is.

        None where the end came first: what is left is told after the next start.
        """
        found = False
        for event in events:
            if self._stopped:
                self.memory.async_changed()
                return None
            if self.memory.is_new_event(_id(event)):
                found = True
                await self._async_take(event)
        return found

    async def _async_take(self, event: CloudEvent) -> None:
        if isinstance(event, CodeEvent):
            self._note_code(event)
        elif isinstance(event, Activity) and event.device_id in self._devices:
            await self.door.async_take(event.device_id, [event])
        elif isinstance(event, AccountEvent):
            self._on_account_news()

    @callback
    def _note_code(self, event: CodeEvent) -> None:
        """Note what to read again because of an event."""
        of_account = event.device_id in self._devices
        if event.type.startswith(_UNMANAGED):
            if of_account and event.device_id is not None:
                if "managed" in event.type.removeprefix(_UNMANAGED):
                    # First where it may have gone to, or it would seem removed.
                    self._lists.pop((event.device_id, False), None)
                    self._lists[event.device_id, True] = None
                self._lists[event.device_id, False] = None
        elif of_account or self._book.knows_cloud_id(event.cloud_code_id):
            self._codes[event.cloud_code_id] = None

    # Seam: codes

    async def _async_read_codes(self) -> bool:
        """Make one request for codes if there is a reason, and return whether."""
        if await self._async_read_affected():
            return True
        now = dt_util.utcnow()
        # A clock that was set back makes the age negative.
        if timedelta() <= now - self._slow_at < SLOW_ROUND:
            return await self._async_read_unsettled()
        self._slow_at = now
        await self._inventory.async_read_next(self._with_codes)
        return True

    async def _async_read_unsettled(self) -> bool:
        """Make one request for codes that may change without an event, if any.

        There may be such codes for days, and more than one answer holds: all have
        their turn.
        """
        unsettled = self._book.unsettled_cloud_ids()
        if not unsettled:
            return False
        first = self._next_unsettled if self._next_unsettled < len(unsettled) else 0
        self._next_unsettled = first + CODES_PER_REQUEST
        await self._inventory.async_read_codes(unsettled[first : self._next_unsettled])
        return True

    async def _async_read_affected(self) -> bool:
        """Make one request for codes with news, if there are any."""
        if self._codes:
            ids = list(self._codes)[:CODES_PER_REQUEST]
            for cloud_id in ids:
                del self._codes[cloud_id]
            try:
                await self._inventory.async_read_codes(ids)
            except CloudUnreachableError, CloudRateLimitedError:
                self._codes |= dict.fromkeys(ids)
                raise
            return True
        if self._lists:
            device_id, managed = next(iter(self._lists))
            del self._lists[device_id, managed]
            try:
                await self._inventory.async_read_list(device_id, managed)
            except CloudUnreachableError, CloudRateLimitedError:
                self._lists[device_id, managed] = None
                raise
            return True
        return False

    # igloohome: logs

    async def async_read_log(self, device_id: str, *, deep: bool = False) -> None:
        """Read the log of a lock, and of its keypad, as far as the cloud has it.

        ``deep``: as far back as rows may arrive late, not only where that was not done
        for a day. Raises the errors of the cloud.
        """
        lock = self._devices[device_id]
        async with self._reading:
            for source in (lock.keypad_id, device_id):
                if source is not None and source in self._devices:
                    await self._async_read_source(source, device_id, deep=deep)

    async def _async_read_source(
        self, source: str, lock_id: str, *, deep: bool
    ) -> None:
        now = dt_util.utcnow()
        deep_at = self._deep_at.get(source)
        # A clock that was set back makes the age negative.
        recently = deep_at is not None and timedelta() <= now - deep_at < DEEP_READING
        deep = deep or not recently
        rows = await self._cloud.async_read_activity(
            source, now - (KEEP_ROWS if deep else RECENT_ROWS)
        )
        if self._stopped:
            return
        if deep:
            self._deep_at[source] = now
        new = [
            row
            for row in rows
            if self.memory.is_new_row(source, row.activity_id, row.happened_at)
        ]
        if new:
            # First: the door tells all of them at once, and whoever asked may give up
            # while it writes.
            self.memory.async_note_rows(source, now)
        await self.door.async_take(lock_id, new)

    # Hints

    @callback
    def async_hint(self, device_id: str | None = None) -> None:
        """Read soon: something happened at a device, or in the account."""
        self._hints.async_add({device_id})

    @callback
    def async_hint_after_job(self, device_id: str) -> None:
        """Read the log of a lock after a job, where the cloud has one per lock."""
        if self._cloud.reads_activity and not self._refused:
            self.async_hint(device_id)

    async def _async_follow(self, hinted: Hinted) -> None:
        if self._cloud.lists_events:
            await self._async_follow_events(hinted)
        else:
            await self._async_follow_logs(hinted)

    async def _async_follow_events(self, hinted: Hinted) -> None:
        news = False
        async with self._reading:
            for _ in range(PAGES_PER_HINT):
                news |= await self._async_read_events()
                # Also when one of the requests that follow fails.
                self._refresh_due |= news
                if self._resume is None:
                    break
            for _ in range(LISTS_PER_HINT):
                if not await self._async_read_affected():
                    break
        if not news and not self._repeated:
            # The list may be behind the hint.
            self._hints.async_add(hinted)
        self._repeated = not news and not self._repeated
        if self._refresh_due:
            self._refresh_due = False
            await self._async_refresh()

    async def _async_follow_logs(self, hinted: Hinted) -> None:
        locks: set[str] = set()
        for device_id in hinted:
            device = None if device_id is None else self._devices.get(device_id)
            if device is not None and (device.takes_codes or device.lock_id):
                locks.add(lock_for(self._devices, device).device_id)
        try:
            for lock_id in sorted(locks):
                await self.async_read_log(lock_id)
        except CloudPermissionError:
            # A poll does without; whoever presses the button is told.
            self._refused = True
            _LOGGER.warning("Logs of locks cannot be read: the permission is missing")
        if len(locks) < len(hinted):
            await self._async_refresh()

    async def _async_refresh(self) -> None:
        if self._refresh is not None and not self._stopped:
            await self._refresh()


def _id(event: CloudEvent) -> str:
    return event.activity_id if isinstance(event, Activity) else event.event_id
