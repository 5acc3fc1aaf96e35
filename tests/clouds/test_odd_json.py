"""Whatever JSON a cloud sends, parsing it never fails in an unforeseen way."""

import contextlib
from typing import Any

from hypothesis import HealthCheck, given, settings, strategies as st
import orjson

from custom_components.igloohome_access.clouds.answers import UnusableAnswerError, said
from custom_components.igloohome_access.clouds.base import Job, JobState
from custom_components.igloohome_access.clouds.igloohome_activity import (
    merge_rows,
    parse_row,
)
from custom_components.igloohome_access.clouds.igloohome_devices import (
    link_devices,
    parse_listed,
)
from custom_components.igloohome_access.clouds.igloohome_jobs import (
    parse_job as parse_bridge_job,
)
from custom_components.igloohome_access.clouds.igloohome_token import granted_scopes
from custom_components.igloohome_access.clouds.redaction import redact
from custom_components.igloohome_access.clouds.seam_codes import (
    parse_code,
    parse_created,
    parse_job,
)
from custom_components.igloohome_access.clouds.seam_devices import (
    IGLOOHOME_TYPES,
    all_devices,
    parse_lock,
)
from custom_components.igloohome_access.clouds.seam_events import parse_events
from custom_components.igloohome_access.clouds.seam_online import (
    parse_attempt,
    parse_backup,
    parse_shared,
    parse_started,
)

# The machine that runs the tests may be slow; that is no fault of the parsers.
_PATIENT = settings(
    deadline=None, max_examples=100, suppress_health_check=[HealthCheck.too_slow]
)

_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["2026-11-20T10:00:00Z", "Lock", "Bridge", "Keypad", "d1", "k1"])
)
_NAMES = st.sampled_from(
    [
        *("deviceId", "deviceName", "type", "batteryLevel", "lastSync"),
        *("linkedDevices", "device_id", "device_type", "properties", "online"),
        *("igloohome_metadata", "bridge_id", "keypad_id", "location", "time_zone"),
        *("errors", "warnings", "error_code", "message", "error", "access_code_id"),
        *("code", "starts_at", "ends_at", "is_offline_access_code", "name"),
        *("pending_mutations", "mutation_code", "action_attempt", "status", "result"),
        *("access_code", "action_attempt_id", "validation_errors", "_errors"),
        *("backup_access_code", "access_codes", "events", "event_id", "event_type"),
        *("occurred_at", "created_at", "method", "reason", "reason_code"),
        *("logType", "entryDate", "activityType", "localActionAt", "pin", "payload"),
        *("completed", "jobResponse", "jobStatus", "opResult", "batteryLevel"),
        *("supported_code_lengths", "code_constraints", "constraint_type"),
        *("max_active_codes_supported", "supports_backup_access_code_pool"),
        *("can_remotely_lock", "capabilities_supported", "model", "accessory_keypad"),
    ]
)
_JSON = st.recursive(
    _SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=6)
    ),
    max_leaves=10,
)
_OBJECTS = st.dictionaries(_NAMES, _JSON, max_size=10)


@_PATIENT
@given(_OBJECTS | st.fixed_dictionaries({"deviceId": st.just("d1")}), _OBJECTS)
def test_igloohome_devices(first: dict[str, Any], second: dict[str, Any]) -> None:
    """A device is understood or left out, links included."""
    listed = [item for item in map(parse_listed, (first, second)) if item is not None]
    assert len(link_devices(listed, None)) == len({item.device_id for item in listed})


@_PATIENT
@given(_OBJECTS)
def test_seam_devices(raw: dict[str, Any]) -> None:
    """A lock is understood or left out."""
    for types in (IGLOOHOME_TYPES, None):
        found = parse_lock({**raw, "device_type": "igloohome_lock"}, types)
        if found is not None:
            assert all_devices([found])[0] is found.device


@_PATIENT
@given(_OBJECTS)
def test_seam_codes(raw: dict[str, Any]) -> None:
    """A code is understood or left out; an attempt is understood or unusable."""
    code = parse_code({**raw, "access_code_id": "c1", "device_id": "d1"})
    assert code is not None
    for parse in (parse_created, parse_job, parse_attempt, parse_backup):
        with contextlib.suppress(UnusableAnswerError):
            parse(raw)


@_PATIENT
@given(st.lists(_OBJECTS, max_size=3), _JSON)
def test_seam_lists(raw: list[dict[str, Any]], other: Any) -> None:
    """Events and codes are understood, left out, or the answer is unusable."""
    filled = [{"event_id": "e1", "event_type": "lock.locked", **row} for row in raw]
    assert len(parse_events({"events": [*filled, other]}).events) <= 3
    for data in (other, {"access_codes": raw}, {"access_code": other}):
        with contextlib.suppress(UnusableAnswerError):
            assert len(parse_shared(data, 1)) == 1
        with contextlib.suppress(UnusableAnswerError):
            assert parse_started(data, None).cloud_id


@_PATIENT
@given(st.lists(_OBJECTS, max_size=4))
def test_log_rows(raw: list[dict[str, Any]]) -> None:
    """A row of a log is understood or left out; none is there twice."""
    rows = [row for row in (parse_row("d1", item) for item in raw) if row is not None]
    merged = merge_rows(rows * 2)
    assert {row.activity_id for row in merged} == {row.activity_id for row in rows}


@_PATIENT
@given(_JSON | _OBJECTS, _OBJECTS)
def test_bridge_jobs(data: Any, result: dict[str, Any]) -> None:
    """A job is understood, whatever its result looks like."""
    job = Job(job_id="j1", state=JobState.PENDING)
    with contextlib.suppress(UnusableAnswerError):
        parse_bridge_job(job, data)
    response = {"jobStatus": 0, "opResult": {**result, "result": 0}}
    done = parse_bridge_job(job, {"completed": True, "jobResponse": response})
    assert done.state is JobState.DONE
    assert done.battery_level is None or 0 <= done.battery_level <= 100


@_PATIENT
@given(_JSON | _OBJECTS)
def test_errors(data: Any) -> None:
    """Every error body has a text, perhaps an empty one."""
    _, text = said(orjson.dumps(data))
    assert isinstance(redact(text), str)


@_PATIENT
@given(st.text(max_size=40) | st.binary(max_size=40).map(lambda b: f"a.{b.hex()}.c"))
def test_tokens(token: str) -> None:
    """A token that is no JWT tells no scopes."""
    assert granted_scopes(token) is None
