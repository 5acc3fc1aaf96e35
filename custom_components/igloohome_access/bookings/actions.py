"""What a plan consists of: actions, announcements, repairs, and how things stand.

Nothing in here holds a PIN or anything of a guest.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from ..model import NO_PLACEHOLDERS, CodePlan, Window
from .model import CodeTag, Purpose, Stay, StayDates


class IssueReason(StrEnum):
    """Why a code is to be issued now."""

    LEAD_TIME = "lead_time"
    LATE = "late"
    """The booking was first seen when the lead time had begun already."""
    DATES_CHANGED = "dates_changed"
    RETRY = "retry"
    REQUESTED = "requested"
    """A person asked for a new code."""


class AnnouncementKind(StrEnum):
    """What a person is told; each is told once."""

    CODE_READY = "code_ready"
    CODE_REINSTATED = "code_reinstated"
    """The dates went back to those of a superseded code, which is the code again."""
    FIRST_USE_DEADLINE = "first_use_deadline"
    """Told with the code: it lapses unless it is used by ``first_use_by``."""
    CODE_OPENS_LONGER = "code_opens_longer"
    """Told with the code: it opens for over an hour beyond the stay and margins."""
    CODE_DELAYED = "code_delayed"
    """The first attempt failed; tried again every hour."""
    CODE_FAILED = "code_failed"
    """No code could be made until the end of the check-in day; given up."""
    CODE_CHANGED = "code_changed"
    """The same digits now open for the new dates, and no longer for the old ones."""
    CODE_DELETED = "code_deleted"
    """An online code was taken off its lock before its end; it opens no more."""
    SUPERSEDED = "superseded_still_opens"
    DATES_CHANGED_CODE_KEPT = "dates_changed_code_kept"
    """The dates changed and the code is not replaced, or not yet: policy, stay over,
    lock no longer in use, no code fits the new dates, attempts fail."""
    CANCELLED = "booking_cancelled_code_still_opens"
    BOOKING_BACK = "booking_back"
    """A booking that was told as cancelled is in the calendar again."""
    STAY_TOO_LONG = "stay_too_long"
    """No code lasts as long as this stay."""
    CALENDAR_EMPTY = "calendar_empty"
    """For a day the calendar has shown nothing at all although bookings are known."""
    CALENDAR_FAILING = "calendar_failing"
    """For a day the calendar could not be read."""


class BookingStatus(StrEnum):
    """How it stands with the code of one stay on one lock, or with a whole stay."""

    PLANNED = "planned"
    """The lead time has not begun."""
    ISSUING = "issuing"
    """Due: being made, waiting for its PIN, or held back for a moment."""
    RETRYING = "retrying"
    READY = "ready"
    OUTDATED = "outdated"
    """There is a code, but for other dates, and it is not replaced."""
    FAILED = "failed"
    TOO_LONG = "too_long"
    CANCELLED = "cancelled"
    ENDED = "ended"

    @property
    def in_trouble(self) -> bool:
        """Return whether a code is missing because it could not be made."""
        return self in (
            BookingStatus.RETRYING,
            BookingStatus.FAILED,
            BookingStatus.TOO_LONG,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueCode:
    """Issue this code now; store ``tag.text`` with its record before the request.

    ``replaces`` are codes that are marked superseded by a later plan, once this one
    is ready. ``attempt`` counts from 1. Report a failure with ``note_failure``.
    """

    booking: str
    stay: Stay
    lock_id: str
    purpose: Purpose
    plan: CodePlan
    tag: CodeTag
    reason: IssueReason
    attempt: int = 1
    replaces: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MarkSuperseded:
    """Set ``superseded_at`` of a code; ``replaced_by`` is None if nothing is out yet."""

    code_id: str
    replaced_by: str | None


@dataclass(frozen=True, slots=True)
class Reinstate:
    """Clear ``superseded_at`` of a code: the dates are again those it is for."""

    code_id: str


@dataclass(frozen=True, slots=True)
class DropFailed:
    """Take a code off the ledger that failed for certain; a newer attempt followed."""

    booking: str
    code_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateOnlineCode:
    """Change an online code so that it follows its booking; its digits stay.

    The tag is for when that is done. Report a failure with ``note_failure``.
    """

    booking: str
    stay: Stay
    lock_id: str
    purpose: Purpose
    code_id: str
    window: Window
    tag: CodeTag


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteOnlineCode:
    """Take an online code off its lock: cancelled, or another one took its place.

    Report a failure, and also that the cloud is still at it, with ``note_failure``.
    """

    booking: str
    code_id: str
    tag: CodeTag


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """Something to tell a person now: an event, never with a PIN or a guest's data.

    ``booking`` and ``stay`` are None for what concerns the calendar. ``reason`` is the
    translation key of a failure; ``placeholders`` belong to it.
    """

    kind: AnnouncementKind
    booking: str | None = None
    stay: Stay | None = None
    lock_id: str | None = None
    purpose: Purpose = Purpose.STAY
    code_id: str | None = None
    opens_from: datetime | None = None
    opens_until: datetime | None = None
    first_use_by: datetime | None = None
    replaced_by: str | None = None
    reason: str | None = None
    placeholders: Mapping[str, str] = NO_PLACEHOLDERS


Task = IssueCode | UpdateOnlineCode | DeleteOnlineCode
"""What a cloud has to be asked for, and may fail."""

type Action = Task | MarkSuperseded | Reinstate | DropFailed | Announcement


# What a plan says beside its actions


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """A trouble that stands now; the set of repairs is reconciled, not added to.

    ``kind`` is CODE_FAILED, STAY_TOO_LONG, CALENDAR_EMPTY or CALENDAR_FAILING.
    ``repair_id`` is stable and holds no guest data.
    """

    repair_id: str
    kind: AnnouncementKind
    booking: str | None = None
    stay: Stay | None = None
    lock_id: str | None = None
    purpose: Purpose = Purpose.STAY
    reason: str | None = None
    placeholders: Mapping[str, str] = NO_PLACEHOLDERS


@dataclass(frozen=True, slots=True)
class NeedState:
    """How it stands with one code of a stay, and with which code.

    ``reason`` is the translation key of a failure; ``placeholders`` belong to it.
    """

    status: BookingStatus
    code_id: str | None = None
    next_attempt: datetime | None = None
    reason: str | None = None
    placeholders: Mapping[str, str] = NO_PLACEHOLDERS


NO_NEEDS: Mapping[tuple[str, Purpose], NeedState] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class BookingState:
    """How it stands with a booking; for sensors and ``get_bookings``.

    ``status`` is the worst of its stay codes. ``needs`` is by lock and purpose, and
    empty before the lead time. ``missing`` says that the last read did not show it.
    """

    booking: str
    dates: StayDates
    stay: Stay
    status: BookingStatus
    missing: bool = False
    needs: Mapping[tuple[str, Purpose], NeedState] = NO_NEEDS
