"""Tables of the status of offline codes (design.md §5)."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from custom_components.igloohome_access.lifecycle import (
    Opening,
    counts_as_live,
    ends_at,
    first_use_deadline,
    next_change,
    opens_until,
    status_at,
)
from custom_components.igloohome_access.model import (
    CloudNotice,
    Code,
    CodeKind,
    CodeStatus,
    RecordState,
    Window,
)

from .code_samples import (
    ACCOUNT,
    ACTIVE,
    AFTER,
    BEFORE,
    BROKEN,
    DAY,
    DEADLINE,
    DURING,
    END,
    EXPIRED,
    LATE,
    SCHEDULED,
    SECOND,
    START,
    UNCONFIRMED,
    course,
    online,
    record,
    remote,
    waiting,
)

# Offline codes by the clock


def test_offline_code_by_the_second() -> None:
    """Start included, deadline and end excluded."""
    code = Code(record=record())
    assert status_at(code, START - SECOND) is SCHEDULED
    assert status_at(code, START) is ACTIVE
    assert status_at(code, DEADLINE - SECOND) is ACTIVE
    assert status_at(code, DEADLINE) is UNCONFIRMED
    assert status_at(code, END - SECOND) is UNCONFIRMED
    assert status_at(code, END) is EXPIRED
    assert [next_change(code, now) for now in (BEFORE, START, LATE, END)] == [
        START,
        DEADLINE,
        END,
        None,
    ]


def test_use_that_was_seen() -> None:
    """A code that was used in time works to its end, however late we learn of it."""
    for used in (DURING, LATE):
        code = Code(record=record(first_used_at=used))
        assert course(code) == [SCHEDULED, ACTIVE, ACTIVE, EXPIRED]
        assert next_change(code, START) == END


def test_short_code_has_no_deadline() -> None:
    """Up to 24 hours nothing has to be confirmed."""
    window = Window(START, START + DAY, "UTC")
    code = Code(record=record(window=window, first_use_by=None))
    assert course(code) == [SCHEDULED, ACTIVE, EXPIRED, EXPIRED]
    assert next_change(code, DURING) == START + DAY


def test_one_time_code() -> None:
    """It dies with its use or after 24 hours."""
    window = Window(START, START + DAY, "UTC")
    code = Code(record=record(CodeKind.ONE_TIME, window=window, first_use_by=None))
    assert course(code) == [SCHEDULED, ACTIVE, EXPIRED, EXPIRED]
    assert code.record is not None
    used = Code(record=replace(code.record, first_used_at=DURING))
    assert {*course(used)} == {CodeStatus.USED}
    assert next_change(used, BEFORE) is None


def test_one_time_code_listed_without_end() -> None:
    """Seam may leave the end out (reference/seam-api.md §7.2)."""
    code = Code(remote=remote(CodeKind.ONE_TIME, ends_at=None))
    assert ends_at(code) == START + DAY
    assert course(code) == [SCHEDULED, ACTIVE, EXPIRED, EXPIRED]
    assert (
        ends_at(Code(remote=remote(CodeKind.ONE_TIME, starts_at=None, ends_at=None)))
        is None
    )


def test_permanent_code() -> None:
    """No end; past the deadline it works only if it was used in time."""
    window = Window(START, None, "UTC")
    code = Code(record=record(CodeKind.PERMANENT, window=window))
    assert course(code) == [SCHEDULED, ACTIVE, UNCONFIRMED, UNCONFIRMED]
    assert next_change(code, DURING) == DEADLINE
    assert next_change(code, LATE) is None
    assert code.record is not None
    used = Code(record=replace(code.record, first_used_at=DURING))
    assert course(used) == [SCHEDULED, ACTIVE, ACTIVE, ACTIVE]
    assert next_change(used, DURING) is None


def test_offline_code_made_elsewhere() -> None:
    """Its deadline follows from its window; nobody tells us of its use."""
    code = Code(remote=remote(CodeKind.HOURLY))
    assert first_use_deadline(code) == DEADLINE
    assert course(code) == [SCHEDULED, ACTIVE, UNCONFIRMED, EXPIRED]
    short = Code(remote=remote(CodeKind.HOURLY, ends_at=START + DAY))
    assert first_use_deadline(short) is None
    endless = Code(remote=remote(CodeKind.HOURLY, ends_at=None))
    assert first_use_deadline(endless) == DEADLINE
    startless = Code(remote=remote(CodeKind.HOURLY, starts_at=None))
    assert first_use_deadline(startless) is None
    assert status_at(startless, DURING) is ACTIVE
    assert first_use_deadline(Code(remote=remote())) is None


# Requests


def test_requested() -> None:
    """The outcome is not known, until the window is over anyway."""
    code = Code(record=record(state=RecordState.REQUESTED, pin=None, cloud_id=None))
    requested = CodeStatus.REQUESTED
    assert course(code) == [requested, requested, requested, EXPIRED]
    assert next_change(code, BEFORE) == END
    assert code.record is not None
    # Replacing it does not make the outcome known.
    replaced = Code(record=replace(code.record, superseded_at=BEFORE))
    assert status_at(replaced, DURING) is requested
    # The cloud lists it: then it is known.
    found = Code(record=code.record, remote=remote(CodeKind.HOURLY))
    assert status_at(found, DURING) is ACTIVE


def test_failed() -> None:
    """A definite refusal stays one."""
    refused = record(state=RecordState.FAILED, pin=None, failure="cloud_refused")
    for code in (Code(record=refused), Code(record=refused, remote=remote())):
        assert {*course(code)} == {CodeStatus.FAILED}
        assert next_change(code, BEFORE) is None
        assert not counts_as_live(code, BEFORE)


# Offline codes on Seam


def test_waiting_for_pin() -> None:
    """It waits until its end, whatever the clock says meanwhile."""
    wait = CodeStatus.WAITING_FOR_PIN
    assert course(waiting()) == [wait, wait, wait, EXPIRED]
    assert next_change(waiting(), BEFORE) == END
    # Before the first look at Seam, and when the flag is missing.
    assert status_at(Code(record=record(pin=None)), DURING) is wait
    assert status_at(waiting(waiting_for_pin=False), DURING) is wait
    # The digits are there.
    assert status_at(waiting(pin="123456789"), DURING) is ACTIVE
    known = Code(record=record(), remote=waiting().remote)
    assert status_at(known, DURING) is ACTIVE


def test_pin_that_never_comes() -> None:
    """An error about the code, or that it is gone, ends the waiting."""
    assert {*course(waiting(notices=(BROKEN,)))} == {CodeStatus.FAILED}
    assert status_at(waiting(notices=(ACCOUNT,)), DURING) is CodeStatus.WAITING_FOR_PIN
    warning = replace(BROKEN, error=False)
    assert status_at(waiting(notices=(warning,)), DURING) is CodeStatus.WAITING_FOR_PIN
    gone = Code(record=record(pin=None, vanished_at=BEFORE))
    assert {*course(gone)} == {CodeStatus.FAILED}
    assert status_at(waiting(status="removing"), DURING) is CodeStatus.REMOVING


@pytest.mark.parametrize(
    "changes",
    [
        {"notices": (BROKEN,)},
        {"notices": (ACCOUNT,)},
        {"status": "removing"},
        {"status": "unset"},
        {"status": "setting"},
        {"status": "unknown"},
        {"status": "a word of tomorrow"},
        {"status": None, "pending": ("deleting", "creating")},
        {"notices": (CloudNotice("being_deleted", "text", error=False),)},
        {"notices": (CloudNotice("failed_to_remove_from_device", "text"),)},
    ],
)
def test_offline_code_with_pin_goes_by_the_clock(changes: dict[str, Any]) -> None:
    """Nothing in a cloud changes what the lock does with the digits."""
    listed = remote(CodeKind.HOURLY, **changes)
    assert course(Code(record=record(), remote=listed)) == [
        SCHEDULED,
        ACTIVE,
        UNCONFIRMED,
        EXPIRED,
    ]
    assert course(Code(remote=listed)) == [SCHEDULED, ACTIVE, UNCONFIRMED, EXPIRED]


def test_offline_code_that_vanished_still_opens() -> None:
    """Seam no longer lists it; the lock never knew it did."""
    code = Code(record=record(vanished_at=DURING))
    assert course(code) == [SCHEDULED, ACTIVE, UNCONFIRMED, EXPIRED]
    assert counts_as_live(code, LATE)


def test_unmanaged_code_without_digits() -> None:
    """Seam may not show the digits of codes made in the app; they exist."""
    code = Code(remote=remote(CodeKind.HOURLY, managed=False, pin=None))
    assert course(code) == [SCHEDULED, ACTIVE, UNCONFIRMED, EXPIRED]
    assert code.remote is not None
    flagged = Code(remote=replace(code.remote, waiting_for_pin=True))
    assert status_at(flagged, DURING) is CodeStatus.WAITING_FOR_PIN


# Replaced, forgotten, cancelled


def test_superseded() -> None:
    """It was replaced and opens until its end."""
    code = Code(record=record(superseded_at=BEFORE))
    over = CodeStatus.SUPERSEDED
    assert course(code) == [over, over, over, EXPIRED]
    assert next_change(code, BEFORE) == END
    assert opens_until(code, DURING) == Opening(END, certain=True)
    assert opens_until(code, LATE) == Opening(END, certain=False)
    assert opens_until(code, AFTER) is None
    assert counts_as_live(code, LATE)
    used = Code(record=record(superseded_at=BEFORE, first_used_at=DURING))
    assert opens_until(used, LATE) == Opening(END, certain=True)
    without_pin = Code(record=record(superseded_at=BEFORE, pin=None))
    assert opens_until(without_pin, DURING) == Opening(END, certain=False)


def test_superseded_one_time_code_that_was_used() -> None:
    """A use ends it."""
    code = Code(
        record=record(CodeKind.ONE_TIME, superseded_at=BEFORE, first_used_at=DURING)
    )
    assert status_at(code, DURING) is CodeStatus.USED
    assert opens_until(code, DURING) is None


def test_forgotten() -> None:
    """Taken off the list here, it opens on and counts on."""
    code = Code(record=record(forgotten_at=BEFORE))
    assert course(code) == [SCHEDULED, ACTIVE, UNCONFIRMED, EXPIRED]
    assert opens_until(code, BEFORE) == Opening(END, certain=True)
    assert counts_as_live(code, DURING)


@pytest.mark.parametrize(
    ("code", "now", "expected"),
    [
        (
            Code(record=record(window=Window(START, None, "UTC"))),
            DURING,
            Opening(None, certain=True),
        ),
        (
            Code(record=record(state=RecordState.REQUESTED, pin=None)),
            DURING,
            Opening(END, certain=False),
        ),
        (online(status="removing"), DURING, Opening(END, certain=False)),
        # Should be gone and is not: nobody knows until when.
        (online(status="removing"), AFTER, Opening(None, certain=False)),
        (online(status="setting"), DURING, Opening(END, certain=False)),
        (Code(remote=remote(starts_at=None, ends_at=None)), LATE, Opening(None, True)),
        (Code(record=record(state=RecordState.FAILED)), DURING, None),
    ],
)
def test_opens_until(code: Code, now: datetime, expected: Opening | None) -> None:
    """The answer says until when, and how sure that is."""
    assert opens_until(code, now) == expected


@pytest.mark.parametrize(
    ("code", "live"),
    [
        (Code(record=record()), [True, True, True, False]),
        (waiting(), [True, True, True, False]),
        (Code(record=record(vanished_at=BEFORE)), [True, True, True, False]),
        (online(status="removing"), [True] * 4),
        (online(backup=True), [True, True, True, False]),
        (Code(remote=remote(managed=False)), [True, True, True, False]),
        (online(status="unset", notices=(BROKEN,)), [False] * 4),
        (Code(record=record(CodeKind.ONE_TIME, first_used_at=START)), [False] * 4),
    ],
)
def test_counts_as_live(code: Code, live: list[bool]) -> None:
    """All that may open a door takes a place."""
    assert [counts_as_live(code, now) for now in (BEFORE, DURING, LATE, AFTER)] == live
