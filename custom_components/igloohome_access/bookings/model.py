"""The shapes that go into the planning of bookings and come out of it.

Every moment is an aware ``datetime`` in UTC. No shape holds a PIN, a name, a title, a
description or a phone number: a booking is known by a digest of its ``uid`` and by
its dates (reference/product-lessons.md §2.2).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Self
from zoneinfo import ZoneInfo

from ..lifecycle import ends_at, is_being_loaded, opens_until, status_at
from ..model import (
    NO_PLACEHOLDERS,
    CloudKind,
    Code,
    CodeKind,
    CodeRecord,
    CodeStatus,
    RecordState,
    Window,
)
from ..work import WorkStep

LEAD_DAYS = (1, 14)
MARGIN_MINUTES = (0, 240)


class ChangePolicy(StrEnum):
    """What becomes of a code when the dates of its stay change.

    ``BEFORE_CHECK_IN``: a new code, unless the guest is there already: both the
    stay the code was made for and the stay as it is now have begun.
    """

    NEVER = "never"
    BEFORE_CHECK_IN = "before_check_in"
    ALWAYS = "always"


class CodeSource(StrEnum):
    """Where the digits of a stay's code come from, on locks with a bridge.

    ``ALGOPIN``: no choice; the cloud computes them, as on locks without a bridge. The
    others are online codes: digits by chance, or the last digits of the phone number
    in the event, by chance where there are none.
    """

    ALGOPIN = "algopin"
    RANDOM = "random"
    PHONE = "phone"


class Purpose(StrEnum):
    """What a code of a stay is for."""

    STAY = "stay"
    BACKUP = "backup"


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedEvent:
    """An event as a calendar entity returns it.

    ``start`` and ``end`` are both dates (``end`` is the day of departure) or both
    aware moments; ``end`` is None where the calendar names none. ``recurring`` says
    that the event belongs to a series. ``phone`` are the last digits of a phone number
    in its texts (``phones.py``); they are never kept.
    """

    start: date
    end: date | None
    uid: str | None = field(default=None, repr=False)
    recurrence_id: str | None = field(default=None, repr=False)
    recurring: bool = False
    summary: str = field(default="", repr=False)
    phone: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A successful, fresh read of a calendar, over ``starts_at`` … ``ends_at``.

    Fresh: the calendar itself was asked, not what an entity kept from before. A
    booking is judged to be missing only where it lies well inside the range that was
    asked for, so read from at least two days back to some days beyond the longest
    look ahead.
    """

    events: tuple[FeedEvent, ...]
    starts_at: datetime
    ends_at: datetime


def _instant(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(microsecond=0)


@dataclass(frozen=True, slots=True)
class StayDates:
    """The dates of a stay as the calendar says them, free of all settings.

    Two dates of an all-day event, or two moments in UTC. ``end`` is None for an
    event with a time but without an end.
    """

    start: date
    end: date | None

    @property
    def all_day(self) -> bool:
        """Return whether these are dates without times."""
        return not isinstance(self.start, datetime)

    @property
    def text(self) -> str:
        """Return the dates as text, for storage: "2026-07-01/2026-07-05"."""
        end = "" if self.end is None else self.end.isoformat()
        return f"{self.start.isoformat()}/{end}"

    @classmethod
    def of_text(cls, text: str) -> Self:
        """Return the dates written by ``text``. Raises ValueError."""
        start, slash, end = text.partition("/")
        if not slash:
            raise ValueError("a stay needs a start and an end")
        if "T" not in start:
            return cls(date.fromisoformat(start), date.fromisoformat(end))
        return cls(
            _instant(datetime.fromisoformat(start)),
            _instant(datetime.fromisoformat(end)) if end else None,
        )


@dataclass(frozen=True, slots=True)
class Stay:
    """Check-in and check-out (UTC) of a booking, under the settings of a property."""

    check_in: datetime
    check_out: datetime


@dataclass(frozen=True, slots=True)
class PropertyLock:
    """A lock of a property, by the cloud's device id, and its time zone."""

    lock_id: str
    zone: ZoneInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class PropertySettings:
    """The settings of a property; raises ValueError for what is out of range.

    ``zone`` is where check-in, check-out and "midnight" are meant. ``margin_before``
    and ``margin_after`` are minutes. ``ignore`` holds patterns (``ignoring.py``).
    All locks belong to one account, ``cloud`` is its kind; ``bridged`` are those of
    the account that a bridge reaches now.
    """

    property_id: str
    cloud: CloudKind
    locks: tuple[PropertyLock, ...]
    zone: ZoneInfo
    lead_days: int = 5
    margin_before: int = 30
    margin_after: int = 30
    check_in: time = time(15)
    check_out: time = time(11)
    ignore: tuple[str, ...] = ()
    on_change: ChangePolicy = ChangePolicy.BEFORE_CHECK_IN
    backup_code: bool = False
    code_source: CodeSource = CodeSource.ALGOPIN
    bridged: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        """Refuse what no form should let through."""
        if not LEAD_DAYS[0] <= self.lead_days <= LEAD_DAYS[1]:
            raise ValueError("lead time out of range")
        for margin in (self.margin_before, self.margin_after):
            if not MARGIN_MINUTES[0] <= margin <= MARGIN_MINUTES[1]:
                raise ValueError("margin out of range")

    def goes_online(self, lock_id: str, purpose: Purpose) -> bool:
        """Return whether a new code goes through a bridge; spare codes never do."""
        return (
            purpose is Purpose.STAY
            and self.code_source is not CodeSource.ALGOPIN
            and lock_id in self.bridged
        )

    @property
    def lead(self) -> timedelta:
        """Return how long before check-in a code is issued."""
        return timedelta(days=self.lead_days)


@dataclass(frozen=True, slots=True)
class CodeTag:
    """What a code was issued for; goes into the ledger with the code.

    Because the ledger is written before the request leaves, the tie between a
    booking and its code survives everything a code survives. ``text`` is meant to be
    kept as it is in one field of the ledger's record.
    """

    property_id: str
    booking: str
    purpose: Purpose
    dates: StayDates

    @property
    def text(self) -> str:
        """Return the tag as one line of text."""
        purpose = self.purpose.value
        return f"{self.property_id}|{self.booking}|{purpose}|{self.dates.text}"

    @classmethod
    def of_text(cls, text: str) -> Self:
        """Return the tag written by ``text``. Raises ValueError."""
        property_id, booking, purpose, dates = text.split("|")
        return cls(property_id, booking, Purpose(purpose), StayDates.of_text(dates))


@dataclass(frozen=True, slots=True)
class Reason:
    """Why there is no code yet: the key of a text, and what stands in it.

    The placeholders name locks and codes and what a cloud said without its secrets
    (``clouds/redaction.py``), never a PIN or a guest.
    """

    key: str
    placeholders: Mapping[str, str] = NO_PLACEHOLDERS


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedCode:
    """A code of this property as the ledger knows it, at the moment of planning.

    ``certain`` is False where the code may well be dead (``lifecycle.Opening``);
    ``failure`` is the translation key of a refusal, ``failure_detail`` what the cloud
    said. ``dead`` says that it failed for certain, ``listed`` that a cloud took it and
    still has it, ``loading`` that it is on its way to its lock ahead of its start, where
    the cloud may still find that it cannot make it. Build it with ``of``.
    """

    code_id: str
    lock_id: str
    tag: CodeTag
    kind: CodeKind
    window: Window
    requested_at: datetime
    status: CodeStatus
    opens_until: datetime | None
    first_use_by: datetime | None = None
    superseded: bool = False
    certain: bool = True
    failure: str | None = None
    failure_detail: str | None = None
    dead: bool = False
    listed: bool = False
    loading: bool = False

    @property
    def opens(self) -> bool:
        """Return whether the code opens its lock, may do so, or will."""
        return not self.status.ended

    @property
    def online(self) -> bool:
        """Return whether the code can be changed and deleted through a bridge."""
        return self.kind is CodeKind.ONLINE

    def deleted(self, now: datetime) -> bool:
        """Return whether an online code was taken off its lock before its end."""
        return (
            self.online
            and self.status is CodeStatus.EXPIRED
            and (self.opens_until is None or self.opens_until > now)
        )

    @classmethod
    def of(cls, code: Code, tag: CodeTag, now: datetime) -> Self:
        """Return the view of a code whose record carries ``tag``."""
        record = code.record
        if record is None:
            raise ValueError("only codes of the ledger belong to a booking")
        opening = opens_until(code, now)
        status = _status(code, record, now)
        return cls(
            code_id=record.code_id,
            lock_id=record.device_id,
            tag=tag,
            kind=record.kind,
            window=record.window,
            requested_at=record.requested_at,
            status=status,
            opens_until=ends_at(code),
            first_use_by=record.first_use_by,
            superseded=record.superseded_at is not None,
            certain=opening is not None and opening.certain,
            failure=record.failure,
            failure_detail=record.failure_detail,
            dead=failed_for_certain(code),
            listed=code.remote is not None and record.vanished_at is None,
            loading=status is CodeStatus.SCHEDULED and is_being_loaded(code),
        )


def failed_for_certain(code: Code) -> bool:
    """Return whether no door knows a code of the ledger, now or later.

    One that a cloud took may still get onto its lock, whatever errors it has; and of
    a lock that left the account nobody can tell what it learned before.
    """
    record = code.record
    return (
        record is not None
        and record.state is RecordState.FAILED
        and record.work is None
        and record.cloud_id is None
        and record.failure != "cloud_not_found"
        and code.remote is None
    )


def _status(code: Code, record: CodeRecord, now: datetime) -> CodeStatus:
    """Return the status of a code; one that is being changed is not settled."""
    status = status_at(code, now)
    changing = record.work is not None and record.work.step is WorkStep.CHANGE
    return CodeStatus.SETTING if changing and not status.ended else status
