"""Tables of the status of online codes (reference/seam-api.md §13)."""

from dataclasses import replace
from typing import Any

import pytest

from custom_components.igloohome_access.lifecycle import next_change, status_at
from custom_components.igloohome_access.model import (
    CloudNotice,
    Code,
    CodeKind,
    CodeStatus,
)

from .code_samples import (
    ACCOUNT,
    ACTIVE,
    BEFORE,
    BROKEN,
    DURING,
    EXPIRED,
    LATE,
    SCHEDULED,
    SETTING,
    course,
    online,
    record,
    remote,
)


@pytest.mark.parametrize(
    ("shapes", "expected"),
    [
        # The same thing in the shape of 2023 and the newest (§13).
        (
            [{"status": "set"}, {"status": None}, {"status": "set", "pending": ()}],
            [SCHEDULED, ACTIVE, ACTIVE, EXPIRED],
        ),
        (
            [
                {"status": "unset"},
                {"status": "setting"},
                {"status": None, "pending": ("creating",)},
                {"status": None, "pending": ("deferring_creation",)},
                {"status": "unset", "pending": ("deferring_creation",)},
                {"status": "set", "pending": ("updating_code",)},
                {"status": None, "pending": ("updating_time_frame",)},
                {"status": None, "pending": ("updating_name", "updating_code")},
                {"status": "set", "pending": ("updating_tomorrow",)},
            ],
            [SCHEDULED, SETTING, SETTING, EXPIRED],
        ),
        # Loaded ahead: the lock opens it by itself, the poll comes later.
        (
            [
                {"status": "unset", "scheduled_on_device": True},
                {"status": None, "scheduled_on_device": True},
                {"status": "set", "pending": ("updating_name",)},
            ],
            [SCHEDULED, ACTIVE, ACTIVE, EXPIRED],
        ),
        # Cut off, or a word nobody has heard of.
        (
            [{"status": "unknown"}, {"status": "tomorrow", "pending": ("dancing",)}],
            [SCHEDULED, ACTIVE, ACTIVE, EXPIRED],
        ),
        (
            [
                {"status": "removing"},
                {"status": None, "pending": ("deleting",)},
                {"status": "set", "pending": ("creating", "deleting")},
                {
                    "status": None,
                    "notices": (CloudNotice("being_deleted", "text", error=False),),
                },
                # It could not be removed: it opens on, even after its end.
                {"notices": (CloudNotice("failed_to_remove_from_device", "text"),)},
                {"notices": (CloudNotice("failed_to_expire", "text"),)},
                {"status": None, "notices": (CloudNotice("failed_to_delete", "t"),)},
            ],
            [CodeStatus.REMOVING] * 4,
        ),
        (
            [
                {"status": "setting", "notices": (BROKEN,)},
                {"status": "unset", "notices": (BROKEN,)},
                {"status": None, "pending": ("creating",), "notices": (BROKEN,)},
                {"status": None, "notices": (BROKEN,)},
                {
                    "status": "setting",
                    "scheduled_on_device": True,
                    "notices": (BROKEN,),
                },
                {"status": None, "notices": (CloudNotice("brand_new", "text"),)},
            ],
            [CodeStatus.FAILED] * 4,
        ),
        # On the lock in spite of the error.
        (
            [
                {"status": "set", "notices": (BROKEN,)},
                {"status": "unknown", "notices": (BROKEN,)},
                {"status": "unset", "scheduled_on_device": True, "notices": (BROKEN,)},
                {"status": None, "notices": (ACCOUNT,)},
                {"status": "set", "notices": (replace(BROKEN, error=False),)},
            ],
            [SCHEDULED, ACTIVE, ACTIVE, EXPIRED],
        ),
        # An outage of the account delays it, no more.
        (
            [{"status": "unset", "notices": (ACCOUNT,)}],
            [SCHEDULED, SETTING, SETTING, EXPIRED],
        ),
        (
            [{"status": "set", "pin": None, "waiting_for_pin": True}],
            [SCHEDULED, ACTIVE, ACTIVE, EXPIRED],
        ),
    ],
)
def test_online_code(shapes: list[dict[str, Any]], expected: list[CodeStatus]) -> None:
    """Every shape of the same facts gives the same course."""
    for shape in shapes:
        assert course(online(**shape)) == expected, shape


def test_online_code_without_record() -> None:
    """Codes made elsewhere go the same way."""
    assert course(Code(remote=remote())) == [SCHEDULED, ACTIVE, ACTIVE, EXPIRED]
    ongoing = Code(remote=remote(starts_at=None, ends_at=None))
    assert course(ongoing) == [ACTIVE] * 4
    assert next_change(ongoing, BEFORE) is None
    assert (
        status_at(Code(remote=remote(pin=None)), BEFORE) is CodeStatus.WAITING_FOR_PIN
    )


def test_online_code_that_vanished() -> None:
    """Gone from the list is gone from the lock (§9)."""
    code = Code(record=record(CodeKind.ONLINE, vanished_at=DURING))
    assert {*course(code)} == {EXPIRED}
    # It came back.
    back = Code(record=code.record, remote=remote())
    assert status_at(back, DURING) is ACTIVE


def test_online_code_nobody_lists() -> None:
    """Through igloohome's bridge there is only our record."""
    code = Code(record=record(CodeKind.ONLINE))
    assert course(code) == [SCHEDULED, ACTIVE, ACTIVE, EXPIRED]


def test_online_code_for_one_use() -> None:
    """One use ends it, too."""
    code = Code(
        record=record(CodeKind.ONLINE, first_used_at=DURING),
        remote=remote(one_time=True),
    )
    assert status_at(code, LATE) is CodeStatus.USED
    many = Code(record=record(CodeKind.ONLINE, first_used_at=DURING), remote=remote())
    assert status_at(many, LATE) is ACTIVE
