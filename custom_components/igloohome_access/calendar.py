"""A calendar per lock with the windows of its codes, and one per property.

An event is the time in which a code opens its lock, as far as anybody can know:

* Its title is the name of the code, its description the kind, the status in words, the
  deadline of the first use. Never a PIN (``names.shown_code_name``).
* A code that was replaced is there until its end, because it still opens. So is one
  that is unconfirmed or not made for sure yet; those are tentative.
* A code that was used up, or that is no longer on the lock, ends there.
* Left out are codes that failed, which never open, and those that were taken off the
  list.
* A code without an end lasts until the end of the year 2199. Where nobody knows since
  when it opens, it begins in 2000.

The state is on while any event lasts. Of several that last, the attributes show the
one that began first, before any without an end.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final, NamedTuple, override

from homeassistant.components.calendar import (
    CalendarEntity,
    CalendarEntityDescription,
    CalendarEvent,
)
from homeassistant.components.calendar.const import CalendarEventStatus
from homeassistant.const import Platform
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.event import async_track_point_in_utc_time
from homeassistant.util import dt as dt_util

from .coordinator import Account, AccountConfigEntry
from .entity import Candidate, Candidates, async_track_entities, unique_id
from .errors import Texts, async_get_texts
from .lifecycle import ends_at, first_use_deadline
from .model import Code, CodeKind, CodeStatus
from .names import shown_code_name
from .properties.calendar import async_add_property_calendars
from .wall_clock import local_text
from .words import Words, async_get_words

PARALLEL_UPDATES = 0

MANY_LOCKS: Final = 50
"""In an account with more locks, new calendars are switched off until somebody wants
them: the calendar of Home Assistant shows all there are, side by side."""

LONG_AGO: Final = datetime(2000, 1, 1, tzinfo=UTC)
NO_END: Final = datetime(2199, 12, 31, tzinfo=UTC)
SHORTEST: Final = timedelta(minutes=1)
"""How long an event lasts at least of a code that was used in its first moment."""

CODES = CalendarEntityDescription(key="codes", translation_key="codes")

_TENTATIVE = (
    CodeStatus.REQUESTED,
    CodeStatus.WAITING_FOR_PIN,
    CodeStatus.SETTING,
    CodeStatus.UNCONFIRMED,
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: AccountConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add a calendar for every lock that takes codes, and for every property."""
    account = entry.runtime_data
    coordinator = account.coordinator
    texts, words = await async_get_texts(hass), await async_get_words(hass)

    @callback
    def candidates() -> Candidates:
        locks = [
            device_id
            for device_id, device in coordinator.data.items()
            if device.takes_codes and device.lock_id is None
        ]
        enabled = len(locks) <= MANY_LOCKS
        return {
            unique_id(coordinator.account_id, device_id, CODES.key): Candidate(
                partial(LockCalendar, account, device_id, texts, words, enabled=enabled)
            )
            for device_id in locks
        }

    async_track_entities(hass, entry, Platform.CALENDAR, async_add_entities, candidates)
    async_add_property_calendars(account, texts, words, async_add_entities)


class Event(NamedTuple):
    """When a code opens its lock: from ``starts_at``, before ``ends_at`` (UTC)."""

    starts_at: datetime
    ends_at: datetime
    code: Code
    status: CodeStatus


def event_of(code: Code, status: CodeStatus) -> Event | None:
    """Return when a code opens its lock, None for one that is not shown."""
    record = code.record
    if status is CodeStatus.FAILED or (record and record.forgotten_at is not None):
        return None
    start = code.starts_at
    if start is None:
        made = None if code.remote is None else code.remote.created_at
        start = made or LONG_AGO
    end = ends_at(code) or NO_END
    if record is not None:
        if status is CodeStatus.USED and record.first_used_at is not None:
            end = min(end, max(record.first_used_at, start + SHORTEST))
        if code.kind is CodeKind.ONLINE and record.vanished_at is not None:
            end = min(end, record.vanished_at)
    return Event(start, end, code, status) if start < end else None


def first_event(events: Iterable[Event], now: datetime) -> Event | None:
    """Return the event that lasts at a moment, else the next one."""

    def rank(event: Event) -> tuple[bool, bool, datetime, datetime]:
        is_to_come = event.starts_at > now
        endless = not is_to_come and event.ends_at == NO_END
        return is_to_come, endless, event.starts_at, event.ends_at

    return min((e for e in events if e.ends_at > now), key=rank, default=None)


def _shown_end(event: Event) -> datetime:
    """Return the end of an event as Home Assistant takes it.

    It compares what its own clock shows, and refuses an end before the start. In the
    hour that comes twice in autumn, that of a short window may be: it is shown until
    the clock shows its start again.
    """
    start, end = dt_util.as_local(event.starts_at), dt_util.as_local(event.ends_at)
    if end.replace(tzinfo=None) < start.replace(tzinfo=None):
        return start.replace(fold=1)
    return end


class LockCalendar(CalendarEntity):
    """When the codes of one lock open it."""

    _attr_has_entity_name = True
    _attr_should_poll = False

    def __init__(
        self,
        account: Account,
        device_id: str,
        texts: Texts,
        words: Words,
        *,
        enabled: bool,
    ) -> None:
        """Read the code book of the account."""
        self.entity_description = CODES
        self._book = account.book
        self._coordinator = account.coordinator
        self._device_id = device_id
        self._texts = texts
        self._words = words
        self._attr_entity_registry_enabled_default = enabled
        self._attr_unique_id = unique_id(
            account.coordinator.account_id, device_id, CODES.key
        )
        self.device_entry = account.coordinator.registered_device(device_id)
        self._events: list[Event] = []
        self._shown: tuple[Event, CalendarEvent] | None = None
        self._cancel_start: CALLBACK_TYPE | None = None

    @override
    async def async_added_to_hass(self) -> None:
        """Follow the codes of the lock."""
        await super().async_added_to_hass()
        self.async_on_remove(
            self._book.async_listen(self._device_id, self._async_follow)
        )
        self.async_on_remove(self._disarm)
        self._take_codes()

    @property
    @override
    def event(self) -> CalendarEvent | None:
        """Return the window that lasts now, else the next one.

        Home Assistant asks several times for every state it writes.
        """
        event = first_event(self._events, dt_util.utcnow())
        if event is None:
            return None
        if self._shown is None or self._shown[0] is not event:
            self._shown = (event, self._calendar_event(event))
        return self._shown[1]

    @override
    async def async_get_events(
        self, hass: HomeAssistant, start_date: datetime, end_date: datetime
    ) -> list[CalendarEvent]:
        """Return the windows that overlap a time, by start; its end is not in it."""
        return [
            self._calendar_event(event)
            for event in self._events
            if event.starts_at < end_date and event.ends_at > start_date
        ]

    @callback
    def _async_follow(self) -> None:
        """Show what has become of the codes."""
        self._take_codes()
        self.async_write_ha_state()

    @callback
    def _async_started(self, _now: datetime) -> None:
        self._cancel_start = None
        self._arm()
        self.async_write_ha_state()

    def _take_codes(self) -> None:
        found = (
            event_of(code, self._book.status(code.code_id))
            for code in self._book.of_device(self._device_id)
        )
        self._events = sorted(
            (event for event in found if event is not None),
            key=lambda event: (event.starts_at, event.ends_at),
        )
        self._arm()

    def _arm(self) -> None:
        """Wake up when a window begins while one without an end is shown.

        Else Home Assistant itself does, at the start and the end of what is shown.
        """
        self._disarm()
        if not any(event.ends_at == NO_END for event in self._events):
            return
        now = dt_util.utcnow()
        start = next((e.starts_at for e in self._events if e.starts_at > now), None)
        if start is not None:
            self._cancel_start = async_track_point_in_utc_time(
                self.hass, self._async_started, start
            )

    @callback
    def _disarm(self) -> None:
        if self._cancel_start is not None:
            self._cancel_start()
            self._cancel_start = None

    def _calendar_event(self, event: Event) -> CalendarEvent:
        """Return an event as Home Assistant shows it, on the clock of the lock."""
        code = event.code
        zone = self._coordinator.zone_of_code(code, self._device_id)
        lines = [
            self._texts.message(
                "calendar_code_kind", {"kind": self._words.kind(code.kind)}
            ),
            self._texts.message(
                "calendar_code_status", {"status": self._words.status(event.status)}
            ),
        ]
        deadline = first_use_deadline(code)
        if deadline is not None and not event.status.ended:
            lines.append(
                self._texts.message(
                    "calendar_first_use_by",
                    {"first_use_by": local_text(deadline, zone)},
                )
            )
        if event.ends_at == NO_END:
            lines.append(self._texts.message("calendar_no_end"))
        tentative = event.status in _TENTATIVE
        return CalendarEvent(
            start=event.starts_at.astimezone(zone),
            end=_shown_end(event).astimezone(zone),
            summary=shown_code_name(code),
            description="\n".join(lines),
            uid=code.code_id,
            status=CalendarEventStatus.TENTATIVE
            if tentative
            else CalendarEventStatus.CONFIRMED,
        )
