"""Codes and attempts of Seam in every shape: old, new, half empty, and odd."""

from datetime import UTC, datetime
from typing import Any

import pytest

from custom_components.igloohome_access.clouds.answers import UnusableAnswerError
from custom_components.igloohome_access.clouds.base import Job, JobState
from custom_components.igloohome_access.clouds.seam_codes import (
    parse_code,
    parse_created,
    parse_job,
)
from custom_components.igloohome_access.model import CloudNotice, CodeKind

from .samples import PIN

# --- access codes -------------------------------------------------------------------

CODE: dict[str, Any] = {
    "access_code_id": "c1",
    "device_id": "d1",
    "code": PIN,
    "is_offline_access_code": True,
}


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        ({"is_offline_access_code": False}, CodeKind.ONLINE),
        ({"is_offline_access_code": None, "is_one_time_use": True}, CodeKind.ONLINE),
        ({"is_one_time_use": True}, CodeKind.ONE_TIME),
        (
            {
                "starts_at": "2026-11-01T00:00:00.000Z",
                "ends_at": "2026-11-29T00:00:00.000Z",
            },
            CodeKind.HOURLY,
        ),
        (
            {"starts_at": "2026-11-01T00:00:00Z", "ends_at": "2026-11-30T00:00:00Z"},
            CodeKind.DAILY,
        ),
        ({"ends_at": "2026-11-30T00:00:00Z"}, CodeKind.HOURLY),
        ({"starts_at": "2026-11-30T00:00:00Z"}, CodeKind.PERMANENT),
    ],
)
def test_kind(raw: dict[str, Any], kind: CodeKind) -> None:
    """Seam does not name the kind."""
    code = parse_code({**CODE, **raw})
    assert code is not None
    assert code.kind is kind


def test_full_code() -> None:
    """All that a code may tell; PINs of a mutation stay out."""
    code = parse_code(
        {
            **CODE,
            "name": " Guest ",
            "type": "time_bound",
            "status": "set",
            "display_status": "Active",
            "starts_at": "2026-11-20T12:00:00+01:00",
            "ends_at": "2026-11-21T11:00:00.000000Z",
            "created_at": "2026-11-20T10:20:00Z",
            "is_backup": True,
            "is_scheduled_on_device": True,
            "is_one_time_use": True,
            "errors": [{"error_code": "failed_to_issue", "message": f"pin {PIN}"}],
            "warnings": [{"warning_code": "being_deleted", "message": "soon"}],
            "pending_mutations": [
                {"mutation_code": "updating_code", "from": {"code": PIN}, "to": {}},
                {"mutation_code": f"odd {PIN}"},
                7,
            ],
        }
    )
    assert code is not None
    assert code.pin == PIN
    assert PIN not in repr(code)
    assert code.name == "Guest"
    assert code.status == "set"
    assert code.starts_at == datetime(2026, 11, 20, 11, tzinfo=UTC)
    assert code.ends_at == datetime(2026, 11, 21, 11, tzinfo=UTC)
    assert code.created_at == datetime(2026, 11, 20, 10, 20, tzinfo=UTC)
    assert code.one_time
    assert code.backup
    assert code.scheduled_on_device
    assert code.managed
    assert not code.waiting_for_pin
    assert code.pending == ("updating_code",)
    assert code.notices == (
        CloudNotice("failed_to_issue", "pin ***", True),
        CloudNotice("being_deleted", "soon", False),
    )


@pytest.mark.parametrize(
    ("raw", "managed", "waiting", "pin"),
    [
        ({"code": None}, True, True, None),
        ({"is_waiting_for_code_assignment": True}, True, True, PIN),
        ({"code": 12345}, True, False, None),
        ({"code": "****"}, True, False, None),
        ({"code": None, "is_managed": False}, False, False, None),
    ],
)
def test_pin(
    raw: dict[str, Any], managed: bool, waiting: bool, pin: str | None
) -> None:
    """Without a PIN one is waited for; what is no PIN is not shown as one."""
    code = parse_code({**CODE, **raw})
    assert code is not None
    assert (code.managed, code.waiting_for_pin, code.pin) == (managed, waiting, pin)


def test_unmanaged_list() -> None:
    """What stands in the list of unmanaged codes is unmanaged."""
    code = parse_code({**CODE, "code": None, "status": 7}, managed=False)
    assert code is not None
    assert (code.managed, code.waiting_for_pin, code.status) == (False, False, None)


@pytest.mark.parametrize("missing", ["access_code_id", "device_id"])
def test_code_without_id(missing: str) -> None:
    """A code that cannot be told from others is left out."""
    assert parse_code({**CODE, missing: None}) is None


def test_created() -> None:
    """A create gives the id, and the PIN where it is there already."""
    created = parse_created({"access_code": CODE, "action_attempt": None})
    assert (created.cloud_id, created.pin) == ("c1", PIN)
    with pytest.raises(UnusableAnswerError):
        parse_created({"action_attempt": {}})


# --- action attempts ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "state", "confirmed", "detail"),
    [
        ({"status": "pending"}, JobState.PENDING, True, ""),
        ({"status": "success", "result": None}, JobState.DONE, True, ""),
        (
            {"status": "success", "result": {"was_confirmed_by_device": False}},
            JobState.DONE,
            False,
            "",
        ),
        (
            {"status": "error", "error": {"type": "t", "message": "Code 1234"}},
            JobState.FAILED,
            True,
            "Code ***",
        ),
        ({"status": "error", "error": {"type": "t"}}, JobState.FAILED, True, "t"),
        ({"status": "error", "error": None}, JobState.FAILED, True, "status error"),
        ({"status": "resting"}, JobState.FAILED, True, "status resting"),
        (
            {"status": "error", "error": {"type": "action_attempt_expired"}},
            JobState.EXPIRED,
            True,
            "action_attempt_expired",
        ),
    ],
)
def test_job(
    raw: dict[str, Any], state: JobState, confirmed: bool, detail: str
) -> None:
    """Every outcome of an attempt; an unknown one is a failure that says so."""
    data = {"action_attempt": {"action_attempt_id": "a1", **raw}}
    expected = Job(job_id="a1", state=state, confirmed=confirmed, detail=detail)
    assert parse_job(data) == expected
    assert parse_job(data, Job(job_id="a1", state=JobState.PENDING)) == expected


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"action_attempt": {"status": "success"}},
        {"action_attempt": {"action_attempt_id": "a1"}},
        [],
    ],
)
def test_no_job(data: Any) -> None:
    """An answer without an attempt cannot be used."""
    with pytest.raises(UnusableAnswerError):
        parse_job(data)


@pytest.mark.parametrize(
    ("flags", "about_code"),
    [
        ({"is_access_code_error": True}, True),
        ({}, True),
        ({"is_device_error": True}, False),
        ({"is_connected_account_error": True, "is_device_error": False}, False),
        ({"is_bridge_error": True}, False),
    ],
)
def test_whose_error_it_is(flags: dict[str, bool], about_code: bool) -> None:
    """A code also shows the errors of its device and account (§7.2)."""
    error = {"error_code": "odd", "message": "Odd", **flags}
    code = parse_code({**CODE, "errors": [error]})
    assert code is not None
    assert code.notices == (CloudNotice("odd", "Odd", True, about_code),)
