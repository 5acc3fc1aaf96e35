"""Locks of the small world, each with its part of the ledger."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from custom_components.igloohome_access.bookings.model import CodeTag
from custom_components.igloohome_access.lifecycle import counts_as_live
from custom_components.igloohome_access.model import (
    Code,
    CodeKind,
    CodePlan,
    CodeRecord,
    RecordState,
)
from custom_components.igloohome_access.slots import Taken, reserve_variance

from .world import DAY, HOUR

PIN = "731904652"


@dataclass
class Kept:
    """A record of the ledger with the tag that the integration stores beside it."""

    record: CodeRecord
    tag: CodeTag | None
    settles_at: datetime | None = None
    then: tuple[CodeRecord, CodeTag | None] | None = None
    """What an online code will be when something that was begun with it is done."""


@dataclass
class Lock:
    """A lock with the part of the ledger that is about it."""

    lock_id: str
    kept: dict[str, Kept] = field(default_factory=dict)

    def reserve(self, plan: CodePlan, now: datetime) -> int:
        """Return a free variance. Raises RuleViolation, as the issuer does."""
        codes = [Code(record=kept.record) for kept in self.kept.values()]
        taken = [
            Taken(
                kind=code.kind,
                starts_at=code.record.window.starts_at,
                ends_at=code.record.window.ends_at,
                variance=code.record.variance,
                live=counts_as_live(code, now),
            )
            for code in codes
            if code.record is not None and code.record.state is not RecordState.FAILED
        ]
        live = sum(taken_code.live for taken_code in taken)
        variance, _ = reserve_variance(plan, taken, live)
        return variance

    def fill_slot(self, booking: str, plan: CodePlan) -> None:
        """Let a person have made three codes of the very window of a stay."""
        for variance in (1, 2, 3):
            code_id = f"by-hand-{self.lock_id}-{booking}-{variance}"
            record = CodeRecord(
                code_id=code_id,
                device_id=self.lock_id,
                target_id=self.lock_id,
                name="By hand",
                kind=plan.kind,
                window=plan.window,
                requested_at=plan.window.starts_at - 90 * DAY,
                state=RecordState.ISSUED,
                variance=variance,
                pin=PIN,
            )
            self.kept[code_id] = Kept(record, None)

    def fill(self, now: datetime, until: timedelta) -> None:
        """Let a lock be full of other codes for some time."""
        live = sum(
            counts_as_live(Code(record=kept.record), now) for kept in self.kept.values()
        )
        model = next(iter(self.kept.values()), None)
        if model is None:
            return
        for number in range(199 - live):
            code_id = f"online-{self.lock_id}-{now:%Y%m%d}-{number}"
            record = replace(
                model.record,
                code_id=code_id,
                kind=CodeKind.ONLINE,
                state=RecordState.ISSUED,
                window=replace(
                    model.record.window, starts_at=now - HOUR, ends_at=now + until
                ),
                superseded_at=None,
                vanished_at=None,
                pin=PIN,
            )
            self.kept[code_id] = Kept(record, None)
