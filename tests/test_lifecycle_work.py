"""The status of an online code while something is being done with it."""

from dataclasses import replace

import pytest

from custom_components.igloohome_access.lifecycle import opens_until, status_at
from custom_components.igloohome_access.model import (
    Code,
    CodeKind,
    CodeRecord,
    CodeStatus,
    RecordState,
)
from custom_components.igloohome_access.work import OnlineWork, WorkStep

from .code_samples import AFTER, BEFORE, DURING, course, record, remote

REQUESTED, SCHEDULED, SETTING, ACTIVE, REMOVING, EXPIRED, USED = (
    CodeStatus.REQUESTED,
    CodeStatus.SCHEDULED,
    CodeStatus.SETTING,
    CodeStatus.ACTIVE,
    CodeStatus.REMOVING,
    CodeStatus.EXPIRED,
    CodeStatus.USED,
)


def at_work(step: WorkStep, job_id: str | None = None) -> CodeRecord:
    """Return a record with a step under way; a new code is requested."""
    state = RecordState.REQUESTED if step is WorkStep.ADD else RecordState.ISSUED
    return record(
        CodeKind.ONLINE,
        state=state,
        cloud_id=None,
        work=OnlineWork(step=step, pin="8041", job_id=job_id),
    )


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        # Not on the lock, or perhaps not.
        (WorkStep.REMOVE_FIRST, [SETTING, SETTING, SETTING, EXPIRED]),
        (WorkStep.ADD_AGAIN, [SETTING, SETTING, SETTING, EXPIRED]),
        # The digits people have work.
        (WorkStep.ADD_NEW, [SCHEDULED, ACTIVE, ACTIVE, EXPIRED]),
        (WorkStep.REMOVE_OLD, [SCHEDULED, ACTIVE, ACTIVE, EXPIRED]),
        (WorkStep.CHANGE, [SCHEDULED, ACTIVE, ACTIVE, EXPIRED]),
        (WorkStep.DELETE, [REMOVING, REMOVING, REMOVING, EXPIRED]),
    ],
)
def test_while_it_changes(step: WorkStep, expected: list[CodeStatus]) -> None:
    """What people can count on decides; a change to come changes nothing yet."""
    code = Code(record=at_work(step))
    assert course(code) == expected
    assert course(Code(record=replace(at_work(step, "job"), pin="1"))) == expected


def test_while_it_is_made() -> None:
    """It is requested until a bridge has the job, then on its way."""
    asked = Code(record=at_work(WorkStep.ADD))
    assert course(asked) == [REQUESTED, REQUESTED, REQUESTED, EXPIRED]
    given = Code(record=at_work(WorkStep.ADD, "job"))
    assert course(given) == [SETTING, SETTING, SETTING, EXPIRED]
    # Seam accepted it, and has not been heard of since.
    accepted = replace(at_work(WorkStep.ADD), state=RecordState.ISSUED)
    assert course(Code(record=accepted)) == [SETTING, SETTING, SETTING, EXPIRED]


def test_done() -> None:
    """Without work the clock tells, on igloohome; a deleted one is over."""
    done = record(CodeKind.ONLINE, cloud_id=None)
    assert course(Code(record=done)) == [SCHEDULED, ACTIVE, ACTIVE, EXPIRED]
    gone = replace(done, vanished_at=DURING)
    assert course(Code(record=gone)) == [EXPIRED] * 4


def test_deletion_seen_by_seam() -> None:
    """It may still open, whatever Seam says of it."""
    code = Code(record=at_work(WorkStep.DELETE), remote=remote())
    assert status_at(code, DURING) is REMOVING
    opening = opens_until(code, DURING)
    assert opening is not None
    assert not opening.certain


def test_one_time() -> None:
    """A use ends a code that opens once, and no other."""
    once = record(CodeKind.ONLINE, one_time=True, first_used_at=BEFORE)
    assert status_at(Code(record=once), DURING) is USED
    often = replace(once, one_time=False)
    assert status_at(Code(record=often), DURING) is ACTIVE
    assert status_at(Code(record=often), AFTER) is EXPIRED
