"""What is known of every code of an account, and when its status changes next.

The code book joins the ledger (what we asked for) with what the cloud lists (what
it has), keeps the status of each code and tells listeners when one changes. One
timer serves the whole account; no poll is needed for a start, a deadline or an end.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from heapq import heappop, heappush

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.event import async_track_point_in_utc_time
from homeassistant.util import dt as dt_util

from .ledger import Ledger
from .lifecycle import counts_as_live, next_change, status_at
from .model import Code, CodeRecord, CodeStatus, RecordState, RemoteCode
from .slots import Taken

LONGEST_SLEEP = timedelta(minutes=1)
"""The timer looks at the wall clock at least this often, because a clock that was
set forward does not wake a timer."""

type Listener = Callable[[], None]


class CodeBook:
    """Every code of an account with its status, by our id or the cloud's."""

    def __init__(self, hass: HomeAssistant, ledger: Ledger) -> None:
        """Start empty; ``async_start`` fills the book from the ledger."""
        self._hass = hass
        self.ledger = ledger
        self._codes: dict[str, Code] = {}
        self._device_of: dict[str, str] = {}
        self._by_device: dict[str, set[str]] = defaultdict(set)
        self._by_cloud_id: dict[str, str] = {}
        self._status: dict[str, CodeStatus] = {}
        self._due: list[tuple[datetime, str]] = []
        self._due_of: dict[str, datetime] = {}
        self._listeners: dict[str, list[Listener]] = defaultdict(list)
        self._all_listeners: list[Listener] = []
        self._cancel_timer: CALLBACK_TYPE | None = None
        self._seen_now = dt_util.utcnow()

    @callback
    def async_start(self) -> None:
        """Take over the ledger and start the timer."""
        self._seen_now = dt_util.utcnow()
        for record in self.ledger.records.values():
            self._place(Code(record=record), record.device_id)
        self._arm()

    @callback
    def async_stop(self) -> None:
        """Stop the timer."""
        if self._cancel_timer is not None:
            self._cancel_timer()
            self._cancel_timer = None

    # Reading

    def __iter__(self) -> Iterator[Code]:
        """Return all codes, in the order they became known."""
        return iter(self._codes.values())

    def get(self, code_id: str) -> Code | None:
        """Return a code by our id (for codes made elsewhere, the cloud's)."""
        return self._codes.get(code_id)

    def of_device(self, device_id: str) -> list[Code]:
        """Return the codes of a lock by start, those without one first."""
        codes = [self._codes[code_id] for code_id in self._by_device[device_id]]
        return sorted(codes, key=lambda c: (c.starts_at is not None, c.starts_at or 0))

    def device_id(self, code_id: str) -> str:
        """Return the lock a code belongs to."""
        return self._device_of[code_id]

    def status(self, code_id: str) -> CodeStatus:
        """Return the status of a code now."""
        return self._status[code_id]

    def live_count(self, device_id: str) -> int:
        """Return how many of a lock's places for PINs are taken now."""
        now = dt_util.utcnow()
        return sum(
            counts_as_live(self._codes[code_id], now)
            for code_id in self._by_device[device_id]
        )

    def next_change(self, device_id: str) -> datetime | None:
        """Return when a code of the lock changes its status next, in UTC."""
        now = dt_util.utcnow()
        moments = (
            next_change(self._codes[code_id], now)
            for code_id in self._by_device[device_id]
        )
        return min((m for m in moments if m is not None), default=None)

    def taken(self, device_id: str) -> list[Taken]:
        """Return what the codes of a lock take of its slots."""
        now = dt_util.utcnow()
        return [
            Taken(
                kind=code.kind,
                starts_at=code.starts_at,
                ends_at=code.ends_at,
                variance=None if code.record is None else code.record.variance,
                live=counts_as_live(code, now),
            )
            for code in self.of_device(device_id)
            if code.starts_at is not None
            and not (code.record and code.record.state is RecordState.FAILED)
        ]

    def watched_cloud_ids(self) -> list[str]:
        """Return the cloud's ids of our codes that are not over."""
        return [
            cloud_id
            for cloud_id, code_id in self._by_cloud_id.items()
            if self._codes[code_id].record is not None
            and not self._status[code_id].ended
        ]

    def knows_cloud_id(self, cloud_id: str) -> bool:
        """Return whether one of our records already stands for a cloud's code."""
        code_id = self._by_cloud_id.get(cloud_id)
        return code_id is not None and self._codes[code_id].record is not None

    # Listening

    @callback
    def async_listen(self, key: str, listener: Listener) -> CALLBACK_TYPE:
        """Call ``listener`` when a code, or any code of a device, changes."""
        self._listeners[key].append(listener)
        return lambda: self._listeners[key].remove(listener)

    @callback
    def async_listen_all(self, listener: Listener) -> CALLBACK_TYPE:
        """Call ``listener`` after every change, once for all codes it concerns."""
        self._all_listeners.append(listener)
        return lambda: self._all_listeners.remove(listener)

    # Changing

    async def async_reserve(self, record: CodeRecord) -> None:
        """Record a request on disk before it leaves, and show it."""
        await self.ledger.async_reserve(record)
        self._apply([(Code(record=record), record.device_id)])

    async def async_update(self, record: CodeRecord) -> None:
        """Record what was learned of one of our codes, and show it."""
        # The book first: what the cloud gave must be in memory even if the
        # task is cancelled while the disk is busy.
        known = self._codes.get(record.code_id)
        remote = None if known is None else known.remote
        self._apply([(Code(record=record, remote=remote), record.device_id)])
        await self.ledger.async_update(record)

    async def async_remove(self, code_ids: Sequence[str]) -> None:
        """Take codes off the ledger and the book."""
        self._apply([], gone=code_ids)
        await self.ledger.async_remove(code_ids)

    async def async_set_remote(
        self,
        remotes: Iterable[RemoteCode],
        *,
        complete_for: str | None = None,
        managed: bool = True,
        asked_for: Sequence[str] = (),
    ) -> None:
        """Take over what the cloud lists.

        ``complete_for`` names the lock whose whole list this is (of the codes that
        the cloud manages, or of the others), ``asked_for`` the cloud ids that were
        asked for: a known code missing from either has vanished there.
        """
        now = dt_util.utcnow()
        places: list[tuple[Code, str]] = []
        learned: list[CodeRecord] = []
        present: set[str] = set()
        for remote in remotes:
            present.add(remote.cloud_id)
            known = self._codes.get(self._by_cloud_id.get(remote.cloud_id, ""))
            if known is None or known.record is None:
                places.append((Code(remote=remote), remote.device_id))
                continue
            record = known.record
            changes: dict[str, object] = {}
            if record.pin is None and remote.pin is not None:
                changes["pin"] = remote.pin
            if record.vanished_at is not None:
                changes["vanished_at"] = None
            if changes:
                record = replace(record, **changes)  # type: ignore[arg-type]
                learned.append(record)
            places.append((Code(record=record, remote=remote), record.device_id))

        missing = set(asked_for)
        if complete_for is not None:
            missing.update(
                code.remote.cloud_id
                for code in self.of_device(complete_for)
                if code.remote is not None and code.remote.managed is managed
            )
        gone: list[str] = []
        for cloud_id in missing - present:
            code_id = self._by_cloud_id.get(cloud_id)
            known = None if code_id is None else self._codes[code_id]
            if known is None:
                continue
            if known.record is None:
                gone.append(known.code_id)
            elif known.record.vanished_at is None:
                record = replace(known.record, vanished_at=now)
                learned.append(record)
                places.append((Code(record=record), record.device_id))
        self._apply(places, gone=gone)
        for record in learned:
            await self.ledger.async_update(record)

    @callback
    def _apply(
        self, places: Iterable[tuple[Code, str]], gone: Iterable[str] = ()
    ) -> None:
        """Put codes in their places and tell whom it concerns, once each."""
        # Never back: a clock that was set back is noticed by the timer, which
        # then judges every code again.
        self._seen_now = max(self._seen_now, dt_util.utcnow())
        changed: set[str] = set()
        for code, device_id in places:
            code_id = code.code_id
            if self._codes.get(code_id) == code:
                continue
            self._place(code, device_id)
            changed |= {code_id, device_id}
        for code_id in gone:
            changed |= {code_id, self._device_of[code_id]}
            for cloud_id in _cloud_ids(self._codes[code_id]):
                del self._by_cloud_id[cloud_id]
            self._forget(code_id)
        self._tell(changed)
        self._arm()

    def _place(self, code: Code, device_id: str) -> None:
        code_id = code.code_id
        self._codes[code_id] = code
        self._device_of[code_id] = device_id
        self._by_device[device_id].add(code_id)
        for cloud_id in _cloud_ids(code):
            # A code that was listed before it was recognised as ours.
            if (other := self._by_cloud_id.get(cloud_id, code_id)) != code_id:
                self._forget(other)
            self._by_cloud_id[cloud_id] = code_id
        self._judge(code_id)

    def _forget(self, code_id: str) -> None:
        self._by_device[self._device_of.pop(code_id)].discard(code_id)
        del self._codes[code_id], self._status[code_id]
        self._due_of.pop(code_id, None)

    def _judge(self, code_id: str) -> None:
        """Find the status of a code now, and when it will be another."""
        code = self._codes[code_id]
        self._status[code_id] = status_at(code, self._seen_now)
        moment = next_change(code, self._seen_now)
        if moment is None:
            self._due_of.pop(code_id, None)
        elif self._due_of.get(code_id) != moment:
            self._due_of[code_id] = moment
            heappush(self._due, (moment, code_id))

    def _tell(self, changed: set[str]) -> None:
        if not changed:
            return
        for listener in list(self._all_listeners):
            listener()
        for key in changed:
            for listener in list(self._listeners.get(key, ())):
                listener()

    # The timer

    def _arm(self) -> None:
        if self._cancel_timer is not None:
            self._cancel_timer()
        moment = self._seen_now + LONGEST_SLEEP
        if self._due:
            moment = min(moment, self._due[0][0])
        self._cancel_timer = async_track_point_in_utc_time(
            self._hass, self._async_wake, moment
        )

    @callback
    def _async_wake(self, _now: datetime) -> None:
        """Judge again the codes whose moment has come."""
        self._cancel_timer = None
        now = dt_util.utcnow()
        if now < self._seen_now:
            # The clock was set back: what was judged with the later clock may
            # be wrong, for every code.
            self._due.clear()
            self._due_of.clear()
            candidates = set(self._codes)
        else:
            candidates = set()
            while self._due and self._due[0][0] <= now:
                moment, code_id = heappop(self._due)
                if self._due_of.get(code_id) == moment:
                    del self._due_of[code_id]
                    candidates.add(code_id)
        self._seen_now = now
        changed: set[str] = set()
        for code_id in candidates:
            before = self._status[code_id]
            self._judge(code_id)
            if self._status[code_id] is not before:
                changed |= {code_id, self._device_of[code_id]}
        self._tell(changed)
        self._arm()


def _cloud_ids(code: Code) -> set[str]:
    """Return the cloud's ids of a code: recorded, listed, or none."""
    ids = (code.record and code.record.cloud_id, code.remote and code.remote.cloud_id)
    return {cloud_id for cloud_id in ids if cloud_id}
