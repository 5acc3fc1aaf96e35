"""What happened at the doors: which code it was, and who wants to know.

Facts: reference/igloohome-api.md §5.2, reference/seam-api.md §11. Entries arrive late
and in any order and keep their own time. Digits are looked at here, to find the code
they belong to, and go no further.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
import logging

from homeassistant.core import CALLBACK_TYPE, callback
from homeassistant.util import dt as dt_util

from .codes import CodeBook
from .evidence import LockEvidence
from .lifecycle import ends_at
from .model import Activity, ActivityKind, Code, CodeRecord
from .names import shown_code_name

_LOGGER = logging.getLogger(__name__)

CLOCK_OF_LOCKS = timedelta(hours=1)
"""How far the clock of a lock may be off, or not know of daylight saving."""

TOLD = (
    ActivityKind.UNLOCKED,
    ActivityKind.LOCKED,
    ActivityKind.ACCESS_DENIED,
    ActivityKind.LOW_BATTERY,
    ActivityKind.TAMPERED,
)
"""What people are told; anything else in a log is between lock and maker."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorEvent:
    """Something that happened at a door at ``happened_at`` (UTC); never with digits.

    ``device_id`` is the lock people see. ``method`` and ``reason`` are the cloud's
    words (model.Activity). ``code_id`` and ``code_name`` name the code that was
    typed, where it is known.
    """

    device_id: str
    kind: ActivityKind
    happened_at: datetime
    method: str | None = None
    reason: str | None = None
    code_id: str | None = None
    code_name: str | None = None


type DoorListener = Callable[[DoorEvent], None]


class DoorLog:
    """Finds out what an entry means, records first uses and tells listeners."""

    def __init__(self, book: CodeBook, evidence: LockEvidence, begun: datetime) -> None:
        """Tell what happened since ``begun``; what is older is evidence only."""
        self._book = book
        self._evidence = evidence
        self._begun = begun
        self._listeners: dict[str, list[DoorListener]] = {}

    @callback
    def async_listen(self, device_id: str, listener: DoorListener) -> CALLBACK_TYPE:
        """Call ``listener`` with everything that happens at a lock from now on."""
        listeners = self._listeners.setdefault(device_id, [])
        listeners.append(listener)
        return lambda: listeners.remove(listener)

    async def async_take(self, lock_id: str, entries: Iterable[Activity]) -> None:
        """Take over entries about a lock, each of which is met for the first time.

        All are told before anything is waited for: who reads them may be broken off,
        and nothing is met twice.
        """
        uses: list[tuple[Code, datetime]] = []
        for entry in sorted(entries, key=lambda entry: entry.happened_at):
            code = self._code_of(lock_id, entry)
            if entry.kind in TOLD and entry.happened_at >= self._begun:
                self._tell(
                    DoorEvent(
                        device_id=lock_id,
                        kind=entry.kind,
                        happened_at=entry.happened_at,
                        method=entry.method,
                        reason=entry.reason,
                        code_id=None if code is None else code.code_id,
                        code_name=None if code is None else shown_code_name(code),
                    )
                )
            if code is not None and entry.kind is ActivityKind.UNLOCKED:
                uses.append((code, entry.happened_at))
        await self._async_note_uses(uses)

    @callback
    def _tell(self, event: DoorEvent) -> None:
        moved = event.kind in (ActivityKind.UNLOCKED, ActivityKind.LOCKED)
        # An operation from afar is known before its echo, and only then it is known
        # whether the lock itself has confirmed it.
        if moved and event.method != "remote":
            self._evidence.async_note(
                event.device_id,
                event.kind is ActivityKind.LOCKED,
                event.code_name or event.method,
                event.happened_at,
            )
        for listener in list(self._listeners.get(event.device_id, ())):
            listener(event)

    async def _async_note_uses(self, uses: Iterable[tuple[Code, datetime]]) -> None:
        """Record the earliest use of each code of ours that is known.

        Not one far outside its window: some other code had the same digits.
        """
        now = dt_util.utcnow()
        learned: dict[str, CodeRecord] = {}
        for code, used_at in uses:
            current = self._book.get(code.code_id) or code
            record = learned.get(code.code_id, current.record)
            if record is None or not _may_open(code, used_at):
                continue
            used_at = min(used_at, now)
            if record.first_used_at is None or used_at < record.first_used_at:
                learned[code.code_id] = replace(record, first_used_at=used_at)
        if learned:
            await self._book.async_update(*learned.values())

    def _code_of(self, lock_id: str, entry: Activity) -> Code | None:
        """Return the code an entry is about: by the cloud's id, else by its digits.

        Where several codes had the same digits one after the other, the one whose
        window it was, else the one that began last.
        """
        codes = self._book.of_device(lock_id)
        if entry.cloud_code_id is not None:
            for code in codes:
                if entry.cloud_code_id in (
                    code.record and code.record.cloud_id,
                    code.remote and code.remote.cloud_id,
                ):
                    return code
        if entry.pin is None:
            return None
        found = [code for code in codes if entry.pin in _digits(code)]
        fitting = [code for code in found if _may_open(code, entry.happened_at)]
        candidates = fitting or found
        return candidates[-1] if candidates else None


def _digits(code: Code) -> set[str]:
    """Return the digits that may open for a code: of now, and those on their way."""
    work = None if code.record is None else code.record.work
    return {pin for pin in (code.pin, work and work.pin) if pin}


def _may_open(code: Code, moment: datetime) -> bool:
    """Return whether a moment lies in the window of a code, give or take an hour."""
    end = ends_at(code)
    return (code.starts_at is None or code.starts_at - CLOCK_OF_LOCKS <= moment) and (
        end is None or moment < end + CLOCK_OF_LOCKS
    )
