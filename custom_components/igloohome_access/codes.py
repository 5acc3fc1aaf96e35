"""What is known of every code of an account, and when its status changes next.

The code book joins the ledger (what we asked for) with what the cloud lists (what
it has), keeps the status of each code and tells listeners when one changes. One
timer serves the whole account; no poll is needed for a start, a deadline or an end.
"""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util

from .agenda import Agenda
from .alarm import Alarm
from .ledger import Ledger
from .lifecycle import next_change, status_at
from .listening import Listened
from .model import Code, CodeRecord, CodeStatus, RecordState, RemoteCode
from .recognition import is_fresh, with_remote
from .slots import Taken

_UNSETTLED = (CodeStatus.WAITING_FOR_PIN, CodeStatus.SETTING, CodeStatus.REMOVING)


class CodeBook(Listened):
    """Every code of an account with its status, by our id or the cloud's."""

    def __init__(self, hass: HomeAssistant, ledger: Ledger) -> None:
        """Start empty; ``async_start`` fills the book from the ledger."""
        super().__init__()
        self.ledger = ledger
        self._codes: dict[str, Code] = {}
        self._device_of: dict[str, str] = {}
        self._by_device: dict[str, set[str]] = {}
        self._by_cloud_id: dict[str, str] = {}
        self._status: dict[str, CodeStatus] = {}
        # Found out when asked for; a poll asks, and most find nothing changed.
        self._watched: list[str] | None = None
        self._unsettled: list[str] | None = None
        self._agenda: Agenda[str] = Agenda()
        self.works = 0
        """How often something was done with a code of ours; counts up."""
        self._worked: dict[str, int] = {}
        self._alarm = Alarm(hass, self._async_wake)
        self._stopped = False
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
        """Stop the timer; the book stays readable but changes no more.

        From now on another book may have the ledger.
        """
        self._stopped = True
        self._alarm.async_cancel()

    # Reading

    def __iter__(self) -> Iterator[Code]:
        """Return all codes, in the order they became known."""
        return iter(self._codes.values())

    def get(self, code_id: str) -> Code | None:
        """Return a code by our id (for codes made elsewhere, the cloud's)."""
        return self._codes.get(code_id)

    def of_device(self, device_id: str) -> list[Code]:
        """Return the codes of a lock by start, those without one first."""
        codes = [self._codes[code_id] for code_id in self._by_device.get(device_id, ())]
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
            self._is_live(code_id, now)
            for code_id in self._by_device.get(device_id, ())
        )

    def next_change(self, device_id: str) -> datetime | None:
        """Return when a code of the lock changes its status next, in UTC."""
        now = dt_util.utcnow()
        moments = (
            self._agenda.moment(code_id)
            if self._is_judged(code_id, now)
            else next_change(self._codes[code_id], now)
            for code_id in self._by_device.get(device_id, ())
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
                live=self._is_live(code.code_id, now),
            )
            for code in self.of_device(device_id)
            if code.starts_at is not None
            and not (code.record and code.record.state is RecordState.FAILED)
        ]

    def _is_judged(self, code_id: str, now: datetime) -> bool:
        """Return whether what was found of a code when it was judged is true now.

        It is until its next moment comes, unless the clock was set back.
        """
        moment = self._agenda.moment(code_id)
        return self._seen_now <= now and (moment is None or now < moment)

    def _is_live(self, code_id: str, now: datetime) -> bool:
        """Return whether a code takes one of its lock's places now.

        Not found out anew for each code of a lock whenever one of them changes.
        """
        if self._is_judged(code_id, now):
            return not self._status[code_id].ended
        return not status_at(self._codes[code_id], now).ended

    def watched_cloud_ids(self) -> Sequence[str]:
        """Return the cloud's ids of our codes that are not over."""
        if self._watched is None:
            self._watched = [
                cloud_id
                for cloud_id, code_id in self._by_cloud_id.items()
                if self._codes[code_id].record is not None
                and not self._status[code_id].ended
            ]
        return self._watched

    def unsettled_cloud_ids(self) -> Sequence[str]:
        """Return the cloud's ids of our codes about which it is to tell more soon."""
        if self._unsettled is None:
            self._unsettled = [
                code.record.cloud_id
                for code in self
                if code.record is not None
                and code.record.cloud_id is not None
                and self._status[code.code_id] in _UNSETTLED
            ]
        return self._unsettled

    def knows_cloud_id(self, cloud_id: str) -> bool:
        """Return whether one of our records already stands for a cloud's code."""
        code_id = self._by_cloud_id.get(cloud_id)
        return code_id is not None and self._codes[code_id].record is not None

    # Changing. Memory always goes first, the ledger's before the book's, without an
    # await in between: what the cloud gave is kept even if the caller is cancelled
    # or a listener fails.

    async def async_reserve(self, record: CodeRecord) -> None:
        """Record a request on disk before it leaves, and show it."""
        await self.ledger.async_reserve(record)
        self._apply([(Code(record=record), record.device_id)])

    async def async_update(self, *records: CodeRecord) -> bool:
        """Record what was learned of codes of ours, and show it.

        Returns whether it is on the disk already; memory has it in any case.
        """
        if self._stopped:
            return False
        places: list[tuple[Code, str]] = []
        learned: list[CodeRecord] = []
        for record in records:
            code = self._joined(record)
            before = self.ledger.records.get(record.code_id)
            if before is not None and before.work != record.work:
                self.works += 1
                self._worked[record.code_id] = self.works
            learned.append(code.record or record)
            places.append((code, record.device_id))
        saving = self.ledger.async_put(*learned)
        self._apply(places)
        return await asyncio.shield(saving)

    async def async_remove(self, code_ids: Sequence[str]) -> None:
        """Take codes off the ledger and the book."""
        if self._stopped:
            return
        saving = self.ledger.async_remove(code_ids)
        self._apply([], gone=code_ids)
        await asyncio.shield(saving)

    async def async_set_remote(
        self,
        remotes: Iterable[RemoteCode],
        *,
        complete_for: str | None = None,
        managed: bool = True,
        asked_for: Sequence[str] = (),
        works: int | None = None,
    ) -> None:
        """Take over what the cloud lists.

        ``complete_for`` names the lock whose whole list this is (of the codes that
        the cloud manages, or of the others), ``asked_for`` the cloud ids that were
        asked for: a known code missing from either has vanished there. ``works`` is
        what the book's was when the request left: of a code with which we did
        something since, the answer is out of date.
        """
        if self._stopped:
            return
        places: list[tuple[Code, str]] = []
        learned: list[CodeRecord] = []
        present: set[str] = set()
        for remote in remotes:
            present.add(remote.cloud_id)
            known = self._by_cloud(remote.cloud_id)
            if known is not None and (
                known.remote is remote  # of an answer that has not changed
                or self._is_outdated(known, works)
            ):
                continue
            if known is None or known.record is None:
                places.append((Code(remote=remote), remote.device_id))
                continue
            record = with_remote(known.record, remote)
            if record is not known.record:
                learned.append(record)
            places.append((Code(record=record, remote=remote), record.device_id))

        missing = set(asked_for)
        if complete_for is not None:
            missing.update(
                code.remote.cloud_id
                for code in self.of_device(complete_for)
                if code.remote is not None and code.remote.managed is managed
            )
        now = dt_util.utcnow()
        gone: list[str] = []
        for cloud_id in missing - present:
            known = self._by_cloud(cloud_id)
            if known is None or self._is_outdated(known, works):
                continue
            if known.record is None:
                gone.append(known.code_id)
            elif known.record.vanished_at is None and not is_fresh(known.record, now):
                record = replace(known.record, vanished_at=now)
                learned.append(record)
                places.append((Code(record=record), record.device_id))
        saving = self.ledger.async_put(*learned) if learned else None
        self._apply(places, gone=gone)
        if saving is not None:
            await asyncio.shield(saving)

    def _is_outdated(self, code: Code, works: int | None) -> bool:
        """Return whether something was done with a code since ``works``."""
        return works is not None and self._worked.get(code.code_id, 0) > works

    def _by_cloud(self, cloud_id: str) -> Code | None:
        code_id = self._by_cloud_id.get(cloud_id)
        return None if code_id is None else self._codes[code_id]

    def _joined(self, record: CodeRecord) -> Code:
        """Return a record of ours with what the cloud already listed of it."""
        known = self._codes.get(record.code_id)
        remote = None if known is None else known.remote
        if record.vanished_at is not None:
            remote = None  # what was listed is older than that
        elif remote is None and record.cloud_id is not None:
            # Listed before it was recognised as ours.
            listed = self._by_cloud(record.cloud_id)
            if listed is not None and listed.record is None:
                remote = listed.remote
        if remote is not None:
            record = with_remote(record, remote)
        return Code(record=record, remote=remote)

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
            known = self._codes.get(code.code_id)
            if known != code:
                changed |= self._place(code, device_id)
            else:
                # Recognised by identity the next time, and kept in memory once.
                self._codes[code.code_id] = code
        for code_id in gone:
            if code_id in self._codes:
                changed |= self._forget(code_id)
        if changed:
            self._arm()
            self._tell(changed)

    def _place(self, code: Code, device_id: str) -> set[str]:
        """Put a code in its place and return whom that concerns."""
        code_id = code.code_id
        changed = {code_id, device_id}
        if code_id in self._codes:
            changed |= self._forget(code_id, for_good=False)
        for cloud_id in _cloud_ids(code):
            other = self._by_cloud(cloud_id)
            if other is not None and other.record is None:
                # Listed before it was recognised as ours.
                changed |= self._forget(other.code_id)
            self._by_cloud_id[cloud_id] = code_id
        self._codes[code_id] = code
        self._device_of[code_id] = device_id
        self._by_device.setdefault(device_id, set()).add(code_id)
        self._judge(code_id)
        return changed

    def _forget(self, code_id: str, *, for_good: bool = True) -> set[str]:
        """Take a code out of its place and return whom that concerns."""
        self._watched = self._unsettled = None
        code = self._codes[code_id]
        device_id = self._device_of[code_id]
        for cloud_id in _cloud_ids(code):
            if self._by_cloud_id.get(cloud_id) == code_id:
                del self._by_cloud_id[cloud_id]
        self._by_device[device_id].discard(code_id)
        if not self._by_device[device_id]:
            del self._by_device[device_id]
        if for_good:
            del self._codes[code_id], self._device_of[code_id], self._status[code_id]
            self._worked.pop(code_id, None)
            self._agenda.note(code_id, None)
        return {code_id, device_id}

    def _judge(self, code_id: str) -> None:
        """Find the status of a code now, and when it will be another."""
        self._watched = self._unsettled = None
        code = self._codes[code_id]
        self._status[code_id] = status_at(code, self._seen_now)
        self._agenda.note(code_id, next_change(code, self._seen_now))

    # The timer

    def _arm(self) -> None:
        """Wake up when the next status changes, and soon to look at the clock."""
        if not self._stopped:
            self._alarm.async_set(self._agenda.next())

    @callback
    def _async_wake(self) -> None:
        """Judge again the codes whose moment has come."""
        now = dt_util.utcnow()
        candidates = self._agenda.take(now)
        if now < self._seen_now:
            # The clock was set back: what was judged with the later clock may
            # be wrong, for every code.
            self._agenda.clear()
            candidates = set(self._codes)
        self._seen_now = now
        changed: set[str] = set()
        for code_id in candidates:
            before = self._status[code_id]
            self._judge(code_id)
            if self._status[code_id] is not before:
                changed |= {code_id, self._device_of[code_id]}
        self._arm()
        if changed:
            self._tell(changed)


def _cloud_ids(code: Code) -> set[str]:
    """Return the cloud's ids of a code: recorded, listed, or none."""
    ids = (code.record and code.record.cloud_id, code.remote and code.remote.cloud_id)
    return {cloud_id for cloud_id in ids if cloud_id}
