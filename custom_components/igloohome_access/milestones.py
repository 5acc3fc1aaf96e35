"""What becomes of every code, told once: issued, PIN ready, started, and so on.

Made from the code book alone, by comparing what is true of a code with what was told
of it. What changed while Home Assistant was not running is told after the start, with
the moment at which it was true; what was told before is not told again.
"""

from collections.abc import Callable, Set as AbstractSet
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from homeassistant.core import CALLBACK_TYPE, callback
from homeassistant.util import dt as dt_util

from .codes import CodeBook
from .lifecycle import ends_at
from .model import Code, CodeKind, CodeStatus, RecordState
from .news_memory import NewsMemory


class Milestone(StrEnum):
    """What can be told of a code, in the order in which it happens.

    ``ISSUED``: the cloud accepted it. ``PIN_READY``: its PIN is known here.
    ``STARTED``: from now on it opens the door. ``FIRST_USE``: its first use was seen.
    ``SUPERSEDED``: replaced, opens until its end. ``FAILED``: it will not work.
    ``EXPIRED``: its time is over. ``REMOVED``: taken off before that.
    """

    ISSUED = "issued"
    PIN_READY = "pin_ready"
    STARTED = "started"
    FIRST_USE = "first_use"
    SUPERSEDED = "superseded"
    FAILED = "failed"
    EXPIRED = "expired"
    REMOVED = "removed"


_WITHOUT_A_LOOK = frozenset(
    {
        Milestone.ISSUED,
        Milestone.PIN_READY,
        Milestone.FIRST_USE,
        Milestone.SUPERSEDED,
        Milestone.EXPIRED,
    }
)
"""What is true of an online code whether or not the cloud's list was read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeNews:
    """A milestone of a code, reached at ``happened_at`` (UTC)."""

    code: Code
    device_id: str
    status: CodeStatus
    milestone: Milestone
    happened_at: datetime


type CodeListener = Callable[[CodeNews], None]


def reached(code: Code, status: CodeStatus, now: datetime) -> dict[Milestone, datetime]:
    """Return what is true of a code, in order, with the moment since when (UTC)."""
    record, remote = code.record, code.remote
    found: dict[Milestone, datetime] = {}
    if record is None or record.state is RecordState.ISSUED or remote is not None:
        issued_at = None if record is None else record.issued_at
        if issued_at is None and remote is not None:
            issued_at = remote.created_at
        found[Milestone.ISSUED] = issued_at or now
        if code.pin is not None:
            found[Milestone.PIN_READY] = now
        if _has_started(code, status):
            began = max(code.starts_at or now, issued_at or code.starts_at or now)
            found[Milestone.STARTED] = min(began, now)
    if record is not None and record.first_used_at is not None:
        found[Milestone.FIRST_USE] = record.first_used_at
    if status is CodeStatus.SUPERSEDED:
        superseded_at = None if record is None else record.superseded_at
        found[Milestone.SUPERSEDED] = superseded_at or now
    if status is CodeStatus.FAILED:
        failed_at = None if record is None else record.failed_at or record.vanished_at
        found[Milestone.FAILED] = failed_at or now
    if status is CodeStatus.EXPIRED:
        end = ends_at(code)
        gone = None if record is None else record.vanished_at
        if code.kind is CodeKind.ONLINE and gone and (end is None or gone < end):
            found[Milestone.REMOVED] = gone
        else:
            found[Milestone.EXPIRED] = end or now
    return found


def _has_started(code: Code, status: CodeStatus) -> bool:
    """Return whether a code has begun to open its door.

    Of one that is over only where that does not depend on a bridge.
    """
    if status is CodeStatus.EXPIRED:
        return code.kind.offline and code.pin is not None
    return status in (CodeStatus.ACTIVE, CodeStatus.UNCONFIRMED, CodeStatus.USED)


class Milestones:
    """Watches the code book of an account and tells every milestone once."""

    def __init__(
        self, book: CodeBook, memory: NewsMemory, *, lists_codes: bool
    ) -> None:
        """``lists_codes`` tells whether the cloud's view of a code can be read."""
        self._book = book
        self._memory = memory
        self._lists_codes = lists_codes
        self._present: dict[str, tuple[Code, str, CodeStatus]] = {}
        self._listeners: dict[str, list[CodeListener]] = {}
        self._looked_on: date | None = None
        self._stop: CALLBACK_TYPE | None = None

    @callback
    def async_start(self) -> None:
        """Begin to watch, and tell what has happened since it was ended."""
        self._stop = self._book.async_listen_changes(self._look)
        self._look(frozenset())

    @callback
    def async_stop(self) -> None:
        """Watch no more."""
        if self._stop is not None:
            self._stop()
            self._stop = None

    @callback
    def async_listen(self, device_id: str, listener: CodeListener) -> CALLBACK_TYPE:
        """Call ``listener`` with every milestone of a lock's codes from now on."""
        listeners = self._listeners.setdefault(device_id, [])
        listeners.append(listener)
        return lambda: listeners.remove(listener)

    @callback
    def _look(self, changed: AbstractSet[str]) -> None:
        """Look at the codes that have changed; once a day at all of them.

        ``changed`` are ids of codes and of locks.
        """
        now = dt_util.utcnow()
        looked_on, self._looked_on = self._looked_on, now.date()
        if new_day := looked_on != self._looked_on:
            # The memory notes the day on which a code was there last.
            changed = {code.code_id for code in self._book} | self._present.keys()
        for code in self._concerned(changed):
            device_id = self._book.device_id(code.code_id)
            status = self._book.status(code.code_id)
            self._present[code.code_id] = code, device_id, status
            # A code that nobody here has asked for may turn out to be the one that
            # is being asked for right now.
            if code.record is not None or not self._is_asking(device_id):
                self._consider(code, device_id, status, now)
        for code_id in sorted(changed & self._present.keys()):
            if self._book.get(code_id) is None:
                self._consider_gone(*self._present.pop(code_id), now)
        if new_day and not (looked_on is None and self._lists_codes):
            # After the start, what the cloud lists is not read yet: a code made
            # elsewhere would be forgotten just then, and all be told once more.
            self._memory.async_forget_codes(now)

    def _concerned(self, changed: AbstractSet[str]) -> list[Code]:
        """Return the codes that a change concerns.

        When something has happened at a lock, also those made elsewhere: it may be
        known by now that they are not the one that was asked for.
        """
        found: dict[str, Code] = {}
        for key in sorted(changed):
            if (code := self._book.get(key)) is not None:
                found[key] = code
            for code in self._book.of_device(key):
                if code.record is None:
                    found[code.code_id] = code
        return list(found.values())

    def _is_asking(self, device_id: str) -> bool:
        """Return whether a code is being asked for at a lock."""
        return any(
            code.record is not None and code.record.state is RecordState.REQUESTED
            for code in self._book.of_device(device_id)
        )

    def _consider(
        self, code: Code, device_id: str, status: CodeStatus, now: datetime
    ) -> None:
        """Tell what has become true of a code."""
        found = reached(code, status, now)
        if self._is_unread(code):
            found = {key: at for key, at in found.items() if key in _WITHOUT_A_LOOK}
        told = self._memory.told(code.code_id)
        if told is None and not self._is_recent(code):
            # It was there before anybody watched.
            told = frozenset(found)
        told = told or frozenset()
        if code.remote is not None and status is not CodeStatus.FAILED:
            # The cloud has taken the error back; another one is told again.
            told -= {Milestone.FAILED}
        self._memory.async_tell(code.code_id, told | found.keys(), now)
        for milestone, happened_at in found.items():
            if milestone not in told:
                self._tell(code, device_id, status, milestone, happened_at)

    def _is_unread(self, code: Code) -> bool:
        """Return whether the cloud, which knows, has not been asked yet."""
        return (
            self._lists_codes
            and code.kind is CodeKind.ONLINE
            and code.record is not None
            and code.remote is None
            and code.record.vanished_at is None
        )

    def _is_recent(self, code: Code) -> bool:
        """Return whether a code was made since the account is watched."""
        if code.record is not None:
            return code.record.requested_at >= self._memory.begun
        created_at = None if code.remote is None else code.remote.created_at
        return created_at is not None and created_at >= self._memory.begun

    def _consider_gone(
        self, code: Code, device_id: str, status: CodeStatus, now: datetime
    ) -> None:
        """Tell that a code has left every list, unless it was over before.

        One that was made elsewhere may have turned out to be ours, and goes on.
        """
        told = self._memory.told(code.code_id) or frozenset()
        ours_now = code.record is None and self._book.knows_cloud_id(code.code_id)
        if status.ended or ours_now or Milestone.ISSUED not in told:
            return
        end = ends_at(code)
        if end is not None and now >= end:
            milestone, happened_at = Milestone.EXPIRED, end
        else:
            milestone, happened_at = Milestone.REMOVED, now
        self._memory.async_tell(code.code_id, told | {milestone}, now)
        self._tell(code, device_id, CodeStatus.EXPIRED, milestone, happened_at)

    def _tell(
        self,
        code: Code,
        device_id: str,
        status: CodeStatus,
        milestone: Milestone,
        happened_at: datetime,
    ) -> None:
        news = CodeNews(
            code=code,
            device_id=device_id,
            status=status,
            milestone=milestone,
            happened_at=happened_at,
        )
        for listener in list(self._listeners.get(device_id, ())):
            listener(news)
