"""Online codes: make one on one or several locks, change it, delete it.

Exactly once, as for offline codes (design.md §6): the step is on disk before its
request leaves, and again when more is known of it: the job that was given, the digits
that were added. online_runner.py carries it out and finishes what was interrupted;
online_bridge.py and online_seam.py say for each cloud why no second code can come of
it.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util
from homeassistant.util.ulid import ulid_now

from .clouds.base import Cloud, CloudError, CloudUnreachableError, OutcomeUnknownError
from .codes import CodeBook
from .errors import not_loaded
from .inventory import Inventory
from .issuing import Issued
from .ledger import LedgerUnwritableError
from .model import (
    Code,
    CodeKind,
    CodeOrigin,
    CodePlan,
    CodeRecord,
    Device,
    Notice,
    Window,
)
from .occupancy import check_room, draw_for, known_pins, lock_notices
from .online_bridge import BridgeCodes
from .online_runner import OnlineRunner
from .online_seam import SeamCodes
from .online_steps import change_step, deletion_step
from .pins import NO_CHOICE, check_pin
from .recognition import record_of
from .rules import RuleViolation
from .work import OnlineWork, WorkStep

REPEATED_PULLS = 3
"""How often a backup code is asked for; it is the same one each time."""

type Problem = CloudError | RuleViolation | HomeAssistantError


@dataclass(frozen=True, slots=True, kw_only=True)
class OnlineRequest:
    """A code that is wanted on one lock."""

    device: Device
    plan: CodePlan
    one_time: bool = False


class OnlineCodes:
    """The one place online codes of an account are made, changed and deleted."""

    def __init__(
        self,
        hass: HomeAssistant,
        cloud: Cloud,
        book: CodeBook,
        inventory: Inventory,
        steps: BridgeCodes | SeamCodes,
    ) -> None:
        """Take what a code needs on its way."""
        self._hass = hass
        self._cloud = cloud
        self._book = book
        self._inventory = inventory
        self._steps = steps
        self._runner = OnlineRunner(hass, book, steps)
        self._reserving = asyncio.Lock()

    # What is under way

    def is_under_way(self, code_id: str) -> bool:
        """Return whether something is being done with a code right now."""
        return self._runner.is_under_way(code_id)

    @callback
    def async_listen(self, listener: Callable[[str], None]) -> CALLBACK_TYPE:
        """Call ``listener`` with a code when something with it has ended."""
        return self._runner.async_listen(listener)

    async def async_resume(self, *, at_once: bool = False) -> None:
        """Finish what is left: after a restart, or after trouble.

        With ``at_once`` also what failed a moment ago and would be left to rest.
        """
        await self._runner.async_resume(at_once=at_once)

    async def async_drain(self) -> None:
        """Let nothing new begin and wait until nothing is under way."""
        self._runner.closing.set()
        async with self._reserving:
            pass  # what was being written is under way now
        await self._runner.async_drain()

    # Making

    def preview(self, request: OnlineRequest, pin: str | None) -> list[Notice]:
        """Return the notices of a code without making it. Raises RuleViolation."""
        device = request.device
        check_room(self._book, device)
        if pin is not None:
            check_pin(pin, device, known_pins(self._book, device.device_id))
        return [*request.plan.notices, *lock_notices(self._book, device)]

    async def async_create(
        self,
        requests: Sequence[OnlineRequest],
        name: str,
        pin: str | None = None,
        origin: CodeOrigin = CodeOrigin.ACTION,
        *,
        booking: str | None = None,
    ) -> list[Issued | Problem]:
        """Make one code on every lock asked for; return what became of each.

        ``pin`` are the digits, the same on all locks; without it some are drawn, the same
        for all locks that can have the same. ``booking`` is the tag of the stay the codes
        are for; it is on the disk with them. A lock that fails does not hide the others:
        its place has what would have been raised for it (RuleViolation, CloudError,
        LedgerUnwritableError). After OutcomeUnknownError the code stays in the ledger as
        ``requested``. Raises HomeAssistantError when the account is being unloaded.
        """
        unread = await asyncio.gather(*(self._async_read(r.device) for r in requests))
        outcomes: list[CodeRecord | Problem] = []
        try:
            async with self._reserving:
                self._check_open()
                drawn = draw_for(self._book, [request.device for request in requests])
                for request, problem in zip(requests, unread, strict=True):
                    outcomes.append(
                        problem
                        or await self._async_reserve(
                            request, name, pin, drawn, origin, booking
                        )
                    )
                records = [o for o in outcomes if isinstance(o, CodeRecord)]
                shared = self._shared(records)
                runs = {
                    record.code_id: self._runner.begin(record.code_id, after=shared)
                    for record in records
                }
        finally:
            # Who gave up here finds in the ledger what had been written already.
            for outcome in outcomes:
                if isinstance(outcome, CodeRecord):
                    self._runner.release(outcome.code_id)
        return [
            await self._async_issued(outcome, request, runs[outcome.code_id], shared)
            if isinstance(outcome, CodeRecord)
            else outcome
            for outcome, request in zip(outcomes, requests, strict=True)
        ]

    async def _async_read(self, device: Device) -> CloudError | None:
        """Read the codes of a lock: those made elsewhere take places and digits."""
        try:
            await self._inventory.async_ensure_fresh(device.device_id)
        except CloudError as err:
            return err
        return None

    def _check_open(self) -> None:
        if self._runner.closing.is_set():
            raise not_loaded(self._hass, self._book.ledger.account_id)

    async def _async_reserve(
        self,
        request: OnlineRequest,
        name: str,
        pin: str | None,
        drawn: str | None,
        origin: CodeOrigin,
        booking: str | None,
    ) -> CodeRecord | Problem:
        """Write down a code before it is asked for."""
        device, plan = request.device, request.plan
        assert device.code_target_id is not None
        try:
            check_room(self._book, device)
            if pin is not None:
                pin = check_pin(pin, device, known_pins(self._book, device.device_id))
            else:
                pin = drawn or draw_for(self._book, [device])
                if pin is None and NO_CHOICE not in device.pin_constraints:
                    raise RuleViolation("no_pin_left")  # noqa: TRY301
            now = dt_util.utcnow()
            record = CodeRecord(
                code_id=ulid_now().lower(),
                device_id=device.device_id,
                target_id=device.code_target_id,
                name=name,
                kind=CodeKind.ONLINE,
                window=plan.window,
                requested_at=now,
                pin=pin,
                origin=origin,
                one_time=request.one_time,
                booking=booking,
                work=OnlineWork(step=WorkStep.ADD, asked_at=now),
            )
            self._runner.claim(record.code_id)
            try:
                await self._book.async_reserve(record)
            except BaseException:
                self._runner.release(record.code_id)
                raise
        except (RuleViolation, LedgerUnwritableError) as err:
            return err
        return record

    def _shared(self, records: Sequence[CodeRecord]) -> asyncio.Task[bool] | None:
        """Begin to make the same code on several locks in one request (Seam).

        The task returns whether Seam took them; if not, each is asked for by itself.
        """
        alike = {(record.pin, record.window) for record in records}
        if (
            not isinstance(self._steps, SeamCodes)
            or len(records) < 2
            or len(alike) > 1
            or records[0].pin is None
        ):
            return None
        return self._hass.async_create_task(
            self._async_shared(self._steps, records), "igloohome_access shared code"
        )

    async def _async_shared(
        self, steps: SeamCodes, records: Sequence[CodeRecord]
    ) -> bool:
        try:
            await steps.async_add_shared(records)
        except OutcomeUnknownError:
            # Perhaps made: each is looked for on its lock.
            await self._runner.async_doubt([record.code_id for record in records])
        except CloudError:
            return False
        return True

    async def _async_issued(
        self,
        record: CodeRecord,
        request: OnlineRequest,
        run: asyncio.Task[None],
        shared: asyncio.Task[bool] | None,
    ) -> Issued | Problem:
        """Return a code after its run, with what must be told beside its window."""
        # Not awaited itself: who called may give up, the code must not be lost.
        await asyncio.wait([run])
        try:
            run.result()
        except (CloudError, RuleViolation, HomeAssistantError) as err:
            return err
        told = lock_notices(self._book, request.device)
        notices = [*request.plan.notices, *told]
        if shared is not None and not shared.result():
            notices.append(Notice("made_one_by_one"))
        record = self._book.ledger.records.get(record.code_id, record)
        return Issued(record=record, notices=tuple(notices))

    # Changing and deleting

    async def async_update(
        self,
        code: Code,
        device: Device,
        *,
        name: str | None = None,
        pin: str | None = None,
        window: Window,
        booking: str | None = None,
    ) -> Issued:
        """Change an online code; what is None stays, the window is the whole new one.

        ``booking`` is the tag of the stay it is for once it has been changed.

        Raises RuleViolation, LedgerUnwritableError, HomeAssistantError when the
        account is being unloaded, and a CloudError when it was not changed, or for
        ChangeUnfinishedError not completely: Home Assistant goes on then.
        """
        async with self._reserving:
            self._check_open()
            record = self._record(code, window.time_zone)
            if record.work is not None:
                raise RuleViolation("online_code_busy")
            if pin is None or pin == record.pin:
                pin = record.pin
            else:
                pin = check_pin(pin, device, known_pins(self._book, device.device_id))
            name = record.name if name is None else name
            work = None
            if (name, pin, window) != (record.name, record.pin, record.window):
                work = change_step(
                    record,
                    self._cloud.kind,
                    name=name,
                    pin=pin,
                    window=window,
                    booking=booking,
                )
            if work is None:
                changed = replace(record, name=name, booking=booking or record.booking)
                if changed != record:
                    await self._book.async_update(changed)
                return Issued(record=changed, notices=())
            run = await self._async_begin(code, record, work)
        await asyncio.wait([run])
        run.result()
        record = self._book.ledger.records[record.code_id]
        notices = []
        if work.step is WorkStep.REMOVE_FIRST:
            notices.append(Notice("code_was_off_the_lock"))
        elif record.work is not None:
            notices.append(Notice("old_pin_still_opens"))
        return Issued(record=record, notices=tuple(notices))

    async def async_delete(self, code: Code, time_zone: str) -> bool:
        """Delete an online code; return whether it is off its lock already.

        If not, the cloud is at it. Raises as ``async_update`` does; what was not
        deleted for certain is as it was before.
        """
        async with self._reserving:
            self._check_open()
            record = self._record(code, time_zone)
            work = deletion_step(record, self._cloud.kind)
            run = await self._async_begin(code, record, work)
        await asyncio.wait([run])
        run.result()
        left = self._book.ledger.records.get(record.code_id)
        return left is None or left.work is None

    async def async_pull_backup(self, cloud_id: str) -> Code:
        """Take a spare code of the lock for a code (Seam) and return it.

        Raises CloudError.
        """
        attempt = 1
        while True:
            try:
                remote = await self._cloud.async_pull_backup_code(cloud_id)
                break
            except CloudUnreachableError, OutcomeUnknownError:
                if attempt == REPEATED_PULLS:
                    raise
            attempt += 1
        await self._book.async_set_remote((remote,))
        with suppress(CloudError):
            # What became of the code itself; if not now, the next poll tells.
            await self._inventory.async_read_codes((cloud_id,))
        pulled = self._book.get(remote.cloud_id)
        assert pulled is not None
        return pulled

    def _record(self, code: Code, time_zone: str) -> CodeRecord:
        """Return the record of a code, a new one for a code made elsewhere.

        Raises RuleViolation while something is being done with the code.
        """
        if self._runner.is_under_way(code.code_id):
            raise RuleViolation("online_code_busy")
        # As it is now: something may have been learned since the call began.
        code = self._book.get(code.code_id) or code
        return record_of(code, time_zone, dt_util.utcnow())

    async def _async_begin(
        self, code: Code, record: CodeRecord, work: OnlineWork
    ) -> asyncio.Task[None]:
        """Write down what is to be done with a code, and begin with it."""
        code_id = record.code_id
        before = self._book.ledger.records.get(code_id)
        work = replace(work, asked_at=work.asked_at or dt_util.utcnow())
        self._runner.claim(code_id)
        try:
            if not await self._book.async_update(replace(record, work=work)):
                await self._async_put_back(code, before)
                raise LedgerUnwritableError
            return self._runner.begin(code_id)
        finally:
            self._runner.release(code_id)

    async def _async_put_back(self, code: Code, before: CodeRecord | None) -> None:
        """Let a code be what it was before something was to be done with it."""
        if before is not None:
            await self._book.async_update(before)
            return
        assert code.remote is not None
        await self._book.async_remove([code.code_id])
        await self._book.async_set_remote((code.remote,))
