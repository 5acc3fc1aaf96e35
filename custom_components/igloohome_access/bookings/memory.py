"""What is remembered of a property from one call of the planner to the next.

Small, JSON-able, and without anything of a guest: digests, dates and counters. It may
be lost without harm to anybody's door: which code is for which stay is told by the
tags in the ledger, so nothing is issued twice; only announcements may be repeated.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Self

from ..model import NO_PLACEHOLDERS
from .actions import AnnouncementKind
from .model import StayDates

VERSION = 1

type Data = dict[str, Any]


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Gone:
    """Since when and in how many good reads a booking was missing."""

    last_seen: datetime
    since: datetime
    misses: int


@dataclass(frozen=True, slots=True)
class Attempts:
    """The failed attempts in a row to make one code for these dates.

    ``reason`` and ``placeholders`` are those of the last one (``model.Reason``).
    """

    dates: StayDates
    count: int
    first_at: datetime
    last_at: datetime
    reason: str
    placeholders: Mapping[str, str] = NO_PLACEHOLDERS

    def as_data(self) -> Data:
        """Return JSON-able data; what is empty is left out."""
        data: Data = {
            "dates": self.dates.text,
            "count": self.count,
            "first_at": _text(self.first_at),
            "last_at": _text(self.last_at),
            "reason": self.reason,
        }
        if self.placeholders:
            data["placeholders"] = dict(self.placeholders)
        return data

    @classmethod
    def of_data(cls, data: Data) -> Self:
        """Return the attempts kept in ``data``."""
        told = data.get("placeholders", {})
        return cls(
            StayDates.of_text(data["dates"]),
            int(data["count"]),
            _moment(data["first_at"]),
            _moment(data["last_at"]),
            str(data["reason"]),
            {str(name): str(value) for name, value in told.items()},
        )


NO_ATTEMPTS: Mapping[str, Attempts] = MappingProxyType({})
NO_WAITING: Mapping[str, datetime] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingMemory:
    """One booking. ``gone`` is None while it is in the calendar.

    ``attempts`` is by what was tried (``needs.py``). ``told`` are the facts that were
    announced. ``asked`` says that a person asked for a code now, ``replace`` are the
    ids of the codes that it is to replace. ``waiting`` says since when online codes,
    by their ids, have been on their way to their locks. ``seen_as`` is the identity
    that its event had last, where the calendar gave it another.
    Two that differ only in ``seen_as`` are equal: some calendars change it with every
    read, which is to cause no write to disk.
    """

    dates: StayDates
    first_seen: datetime
    gone: Gone | None = None
    cancelled_at: datetime | None = None
    attempts: Mapping[str, Attempts] = NO_ATTEMPTS
    told: frozenset[str] = frozenset()
    asked: bool = False
    replace: frozenset[str] = frozenset()
    waiting: Mapping[str, datetime] = NO_WAITING
    seen_as: str | None = field(default=None, compare=False)

    def as_data(self) -> Data:
        """Return JSON-able data; what is empty is left out."""
        data: Data = {
            "dates": self.dates.text,
            "first_seen": _text(self.first_seen),
        }
        if self.gone is not None:
            data["gone"] = {
                "last_seen": _text(self.gone.last_seen),
                "since": _text(self.gone.since),
                "misses": self.gone.misses,
            }
        if self.cancelled_at is not None:
            data["cancelled_at"] = _text(self.cancelled_at)
        if self.attempts:
            data["attempts"] = {
                need: attempts.as_data() for need, attempts in self.attempts.items()
            }
        if self.told:
            data["told"] = sorted(self.told)
        if self.asked:
            data["asked"] = True
        if self.replace:
            data["replace"] = sorted(self.replace)
        if self.waiting:
            data["waiting"] = {
                code_id: _text(since) for code_id, since in self.waiting.items()
            }
        if self.seen_as is not None:
            data["seen_as"] = self.seen_as
        return data

    @classmethod
    def of_data(cls, data: Data) -> Self:
        """Return the booking kept in ``data``."""
        gone = data.get("gone")
        cancelled_at = data.get("cancelled_at")
        return cls(
            dates=StayDates.of_text(data["dates"]),
            first_seen=_moment(data["first_seen"]),
            gone=gone
            and Gone(
                _moment(gone["last_seen"]), _moment(gone["since"]), int(gone["misses"])
            ),
            cancelled_at=cancelled_at and _moment(cancelled_at),
            attempts={
                need: Attempts.of_data(kept)
                for need, kept in data.get("attempts", {}).items()
            },
            told=frozenset(data.get("told", ())),
            asked=bool(data.get("asked", False)),
            replace=frozenset(data.get("replace", ())),
            waiting={
                code_id: _moment(since)
                for code_id, since in data.get("waiting", {}).items()
            },
            seen_as=data.get("seen_as"),
        )


@dataclass(frozen=True, slots=True)
class Trouble:
    """A calendar that shows nothing or cannot be read, since when."""

    kind: AnnouncementKind
    since: datetime
    told: bool = False


NO_BOOKINGS: Mapping[str, BookingMemory] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class PropertyMemory:
    """All that is remembered of one property.

    ``last_read`` is the last good read that showed any event. ``renumbers`` says that
    the calendar gives its events other uids at every read.
    Two memories that differ only in ``last_read`` are equal, so that a quiet calendar
    does not cause a write to disk for every read of it.
    """

    bookings: Mapping[str, BookingMemory] = NO_BOOKINGS
    trouble: Trouble | None = None
    renumbers: bool = False
    last_read: datetime | None = field(default=None, compare=False)

    def with_booking(self, booking: str, known: BookingMemory) -> Self:
        """Return the memory with one booking added or changed."""
        return replace(self, bookings={**self.bookings, booking: known})

    def as_data(self) -> Data:
        """Return JSON-able data."""
        trouble = self.trouble
        return {
            "version": VERSION,
            "last_read": self.last_read and _text(self.last_read),
            "trouble": trouble
            and {
                "kind": trouble.kind.value,
                "since": _text(trouble.since),
                "told": trouble.told,
            },
            "bookings": {
                booking: known.as_data() for booking, known in self.bookings.items()
            },
            **({"renumbers": True} if self.renumbers else {}),
        }

    @classmethod
    def of_data(cls, data: Data) -> Self:
        """Return the memory kept in ``data``.

        Raises KeyError, TypeError, ValueError or AttributeError for what is none;
        begin with an empty one then.
        """
        if data["version"] != VERSION:
            raise ValueError("a memory of another version")
        trouble, last_read = data["trouble"], data["last_read"]
        return cls(
            bookings={
                booking: BookingMemory.of_data(known)
                for booking, known in data["bookings"].items()
            },
            trouble=trouble
            and Trouble(
                AnnouncementKind(trouble["kind"]),
                _moment(trouble["since"]),
                bool(trouble["told"]),
            ),
            renumbers=bool(data.get("renumbers", False)),
            last_read=last_read and _moment(last_read),
        )
