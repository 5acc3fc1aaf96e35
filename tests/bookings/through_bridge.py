"""What becomes of online codes in the small world: bridges work, fail and hang."""

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from custom_components.igloohome_access.bookings.actions import (
    DeleteOnlineCode,
    IssueCode,
    UpdateOnlineCode,
)
from custom_components.igloohome_access.bookings.model import CodeTag, Reason
from custom_components.igloohome_access.bookings.planner import note_failure
from custom_components.igloohome_access.lifecycle import counts_as_live
from custom_components.igloohome_access.model import (
    Code,
    CodeOrigin,
    CodeRecord,
    RecordState,
)
from custom_components.igloohome_access.slots import MAX_PINS
from custom_components.igloohome_access.work import OnlineWork, WorkStep

from .world import MINUTE

if TYPE_CHECKING:
    from .house import House

BRIDGE_GONE, BRIDGE_OFFLINE = 1, 2


def bridged(house: House, moment: datetime) -> frozenset[str]:
    """Return the locks that have a bridge, working or not."""
    place = house.place
    if place.bridge is None or place.bridge.at(moment) == BRIDGE_GONE:
        return frozenset()
    return frozenset({place.settings.locks[0].lock_id})


def _trouble_until(house: House, moment: datetime) -> datetime | None:
    """Return until when a bridge cannot be reached, None if it can be."""
    place = house.place
    assert place.bridge is not None
    ends = [
        spells.end_of(moment)
        for spells in (place.outages, place.bridge)
        if spells.at(moment)
    ]
    return max(ends, default=None)


def issue(house: House, action: IssueCode, moment: datetime) -> None:
    """Ask a bridge for a code."""
    now = house.place.clock(moment)
    lock = house.locks[action.lock_id]
    booking = house.by_key[action.booking]
    live = sum(
        counts_as_live(Code(record=kept.record), now) for kept in lock.kept.values()
    )
    if live >= MAX_PINS:
        booking.slots_full = True
        _failed(house, action, "lock_full", now)
        return
    until, luck = _trouble_until(house, moment), house.rng.random()
    if until is not None and luck < 0.8:
        _failed(house, action, "bridge_offline", now)
        return
    if until is None and luck < 0.01:
        booking.refused += 1
        _failed(house, action, "lock_refused", now)
        return
    record = CodeRecord(
        code_id=f"code-{house.counts['requests']}",
        device_id=action.lock_id,
        target_id=action.lock_id,
        name="Stay",
        kind=action.plan.kind,
        window=action.plan.window,
        requested_at=now,
        origin=CodeOrigin.BOOKING,
        work=OnlineWork(step=WorkStep.ADD, asked_at=now),
    )
    house.counts["requests"] += 1
    kept = house.keep(record, CodeTag.of_text(action.tag.text))
    if until is not None:
        kept.settles_at = until + 10 * MINUTE
        house.counts["unclear outcomes through a bridge"] += 1
        _failed(house, action, "outcome_unknown", now)
    elif luck < 0.06:
        kept.record = replace(record, state=RecordState.ISSUED, issued_at=now)
        kept.settles_at = moment + 7 * MINUTE
        house.counts["online codes that are set late"] += 1
    else:
        house.make(kept, moment)


def change(house: House, action: UpdateOnlineCode, moment: datetime) -> None:
    """Ask a bridge to change a code."""
    now = house.place.clock(moment)
    [kept] = [each for each in house.kept() if each.record.code_id == action.code_id]
    tag = CodeTag.of_text(action.tag.text)
    until, luck = _trouble_until(house, moment), house.rng.random()
    if until is not None and luck < 0.7:
        _failed(house, action, "bridge_offline", now)
    elif until is not None or luck < 0.05:
        # Off the lock, and not back on it yet.
        kept.then = replace(kept.record, window=action.window), tag
        work = OnlineWork(step=WorkStep.ADD_AGAIN)
        kept.record = replace(kept.record, work=work)
        kept.settles_at = (until or moment) + 7 * MINUTE
        house.counts["online codes off their lock"] += 1
        if until is not None:
            _failed(house, action, "code_off_the_lock", now)
    else:
        kept.record = replace(kept.record, window=action.window)
        kept.tag = tag
        house.make(kept, moment)
    house.counts["changes"] += 1


def delete(house: House, action: DeleteOnlineCode, moment: datetime) -> None:
    """Ask a bridge to delete a code."""
    now = house.place.clock(moment)
    [kept] = [each for each in house.kept() if each.record.code_id == action.code_id]
    until, luck = _trouble_until(house, moment), house.rng.random()
    if kept.settles_at is not None:
        _failed(house, action, "online_code_busy", now)
    elif until is not None or luck < 0.01:
        _failed(house, action, "bridge_offline", now)
    elif luck < 0.1:
        work = OnlineWork(step=WorkStep.DELETE)
        kept.then = replace(kept.record, vanished_at=now), kept.tag
        kept.record = replace(kept.record, work=work)
        kept.settles_at = moment + 7 * MINUTE
        _failed(house, action, "online_code_being_deleted", now)
    else:
        kept.record = replace(kept.record, vanished_at=now)
        house.counts["deletions"] += 1


def _failed(
    house: House,
    task: IssueCode | UpdateOnlineCode | DeleteOnlineCode,
    reason: str,
    now: datetime,
) -> None:
    house.memory = note_failure(house.memory, task, Reason(reason), now)
    house.counts[f"{type(task).__name__}: {reason}"] += 1
