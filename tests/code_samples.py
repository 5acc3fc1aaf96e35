"""Codes in every shape, for the tables of their status."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from custom_components.igloohome_access.lifecycle import status_at
from custom_components.igloohome_access.model import (
    CloudNotice,
    Code,
    CodeKind,
    CodeRecord,
    CodeStatus,
    RecordState,
    RemoteCode,
    Window,
)

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
START = datetime(2026, 11, 21, 14, tzinfo=UTC)
END = START + 5 * DAY
DEADLINE = START + DAY
BEFORE, DURING, LATE, AFTER = START - HOUR, START + HOUR, START + 2 * DAY, END + HOUR

BROKEN = CloudNotice("failed_to_set_on_device", "text")
ACCOUNT = CloudNotice("account_disconnected", "text", about_code=False)


def record(kind: CodeKind = CodeKind.HOURLY, **changes: Any) -> CodeRecord:
    """Return our record of a code that was issued."""
    made = CodeRecord(
        code_id="01code",
        device_id="lock",
        target_id="lock",
        name="Plumber",
        kind=kind,
        window=Window(START, END, "Europe/Berlin"),
        requested_at=START - DAY,
        state=RecordState.ISSUED,
        first_use_by=DEADLINE if kind.offline else None,
        cloud_id="cloud-id",
        pin="004711815",
    )
    return replace(made, **changes)


def remote(kind: CodeKind = CodeKind.ONLINE, **changes: Any) -> RemoteCode:
    """Return a code as Seam lists it: set, with a PIN."""
    made = RemoteCode(
        cloud_id="cloud-id",
        device_id="lock",
        kind=kind,
        pin="4711",
        starts_at=START,
        ends_at=END,
        status="set",
    )
    return replace(made, **changes)


def online(**changes: Any) -> Code:
    """Return an online code of ours that Seam lists."""
    return Code(record=record(CodeKind.ONLINE), remote=remote(**changes))


def course(code: Code) -> list[CodeStatus]:
    """Return the status before the start, after it, past the deadline, at the end."""
    return [status_at(code, now) for now in (BEFORE, DURING, LATE, AFTER)]


SCHEDULED, SETTING, ACTIVE, UNCONFIRMED, EXPIRED = (
    CodeStatus.SCHEDULED,
    CodeStatus.SETTING,
    CodeStatus.ACTIVE,
    CodeStatus.UNCONFIRMED,
    CodeStatus.EXPIRED,
)


def waiting(**changes: Any) -> Code:
    """Return an offline code that Seam has accepted and not yet given a PIN."""
    fields: dict[str, Any] = {"pin": None, "waiting_for_pin": True, "status": "unset"}
    listed = remote(CodeKind.HOURLY, **(fields | changes))
    return Code(record=record(pin=None), remote=listed)
