"""What the actions answer: codes, previews and failures as plain data.

Times are ISO text on the clock of the lock, with the offset of that moment.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.util import dt as dt_util

from .const import DOMAIN
from .coordinator import Account
from .errors import Texts
from .lifecycle import ends_at, first_use_deadline, opens_until
from .model import (
    CloudNotice,
    Code,
    CodeKind,
    CodePlan,
    CodeStatus,
    Notice,
    RecordState,
)
from .names import async_lock_name, async_registry_id, shown_code_name
from .targets import TargetLock
from .wall_clock import local_text


@dataclass(frozen=True, slots=True)
class Failure:
    """Why one of several locks got no code.

    ``requested`` is the code of which nobody knows yet whether it was made.
    """

    lock: TargetLock
    account: Account
    error: HomeAssistantError
    requested: Code | None = None


def collected_answer(
    call: ServiceCall,
    results: Sequence[dict[str, Any] | Failure],
    kind: CodeKind,
    name: str,
    texts: Texts,
) -> ServiceResponse:
    """Return the answer for all locks of a call.

    Raises HomeAssistantError when no lock got its code, or when some did not and nobody
    would see that in the answer.
    """
    failures = [result for result in results if isinstance(result, Failure)]
    if len(failures) == len(results):
        raise _all_failed(failures, texts)
    if failures and not call.return_response:
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key="some_locks_failed",
            translation_placeholders={
                "locks": ", ".join(f.lock.name for f in failures),
                "reason": _reasons(failures, texts),
            },
        ) from failures[0].error
    return {
        "codes": [
            failed_answer(call.hass, result, kind, name, texts)
            if isinstance(result, Failure)
            else result
            for result in results
        ]
    }


def _all_failed(failures: Sequence[Failure], texts: Texts) -> HomeAssistantError:
    """Return the error to raise when no lock got its code."""
    error = failures[0].error
    if len({message(failed.error, texts) for failed in failures}) == 1:
        return error
    kind = HomeAssistantError
    if all(isinstance(failed.error, ServiceValidationError) for failed in failures):
        kind = ServiceValidationError
    return kind(
        translation_domain=DOMAIN,
        translation_key="all_locks_failed",
        translation_placeholders={"reason": _reasons(failures, texts)},
    )


def _reasons(failures: Sequence[Failure], texts: Texts) -> str:
    """Return why locks got no code, with their names where the reasons differ."""
    reasons = {failed.lock.name: message(failed.error, texts) for failed in failures}
    if len(set(reasons.values())) == 1:
        return next(iter(reasons.values()))
    return " ".join(f"{name}: {reason}" for name, reason in reasons.items())


def requested_code(
    account: Account, device_id: str, plan: CodePlan, name: str
) -> Code | None:
    """Return the code that stayed behind as requested, the newest of its kind."""
    candidates = {
        code.record.requested_at: code
        for code in account.book.of_device(device_id)
        if code.record is not None
        and code.record.state is RecordState.REQUESTED
        and (code.name, code.kind) == (name, plan.kind)
        and code.record.window == plan.window
    }
    return candidates[max(candidates)] if candidates else None


def preview_answer(
    lock: TargetLock,
    name: str,
    plan: CodePlan,
    notices: tuple[Notice, ...],
    texts: Texts,
) -> dict[str, Any]:
    """Return what a code would be, without an id and a PIN."""
    start, end = plan.window.local_start, plan.window.local_end
    first_use_by = plan.first_use_by
    return {
        "code_id": None,
        "device_id": lock.registry_id,
        "lock": lock.name,
        "name": name,
        "kind": plan.kind.value,
        "pin": None,
        "starts_at": start.isoformat(),
        "ends_at": end and end.isoformat(),
        "first_use_by": first_use_by
        and first_use_by.astimezone(start.tzinfo).isoformat(),
        "status": None,
        "warnings": warnings(notices, texts),
    }


def failed_answer(
    hass: HomeAssistant, failed: Failure, kind: CodeKind, name: str, texts: Texts
) -> dict[str, Any]:
    """Return the part of the answer for a lock that got no code, with the reason."""
    answer: dict[str, Any] = {
        "code_id": None,
        "device_id": failed.lock.registry_id,
        "lock": failed.lock.name,
        "name": name,
        "kind": kind.value,
        "pin": None,
        "starts_at": None,
        "ends_at": None,
        "first_use_by": None,
        "status": CodeStatus.FAILED.value,
    }
    if failed.requested is not None:
        answer = code_answer(hass, failed.account, failed.requested, pin=True)
    return answer | {
        "warnings": [],
        "error": {
            "key": failed.error.translation_key,
            "message": message(failed.error, texts),
            "placeholders": dict(failed.error.translation_placeholders or {}),
        },
    }


def code_answer(
    hass: HomeAssistant, account: Account, code: Code, *, pin: bool
) -> dict[str, Any]:
    """Return a code as an answer shows it, times on the clock of its lock.

    ``cloud_notices`` are errors and warnings as the cloud words them. The account
    may have been unloaded since the code was made; the answer is not lost.
    """
    entry = account.coordinator.config_entry
    device_id = account.book.device_id(code.code_id)
    zone = account.coordinator.zone_of_code(code, device_id)

    def local(moment: datetime | None) -> str | None:
        return None if moment is None else moment.astimezone(zone).isoformat()

    answer: dict[str, Any] = {
        "code_id": code.code_id,
        "device_id": async_registry_id(hass, entry, device_id),
        "lock": async_lock_name(hass, entry, device_id),
        "name": shown_code_name(code),
        "kind": code.kind.value,
        "starts_at": local(code.starts_at),
        "ends_at": local(ends_at(code)),
        "first_use_by": local(first_use_deadline(code)),
        "status": account.book.status(code.code_id).value,
        "origin": code.origin.value,
        "forgotten": code.record is not None and code.record.forgotten_at is not None,
        "cloud_notices": [
            {"code": notice.code, "message": notice.message, "error": notice.error}
            for notice in _cloud_notices(code)
        ],
    }
    if code.kind is CodeKind.ONLINE and code.remote is not None:
        # Whether a spare code can be pulled for this one (Seam).
        answer["backup_available"] = code.remote.backup_available
    if pin:
        answer["pin"] = code.pin
    return answer


def _cloud_notices(code: Code) -> Sequence[CloudNotice]:
    """Return what the cloud says about a code, also why it was never made."""
    if code.remote is not None:
        return code.remote.notices
    record = code.record
    if record is None or record.failure is None or record.failure_detail is None:
        return ()
    return (CloudNotice(record.failure, record.failure_detail),)


def forgotten_answer(
    hass: HomeAssistant, account: Account, code: Code, texts: Texts
) -> dict[str, Any]:
    """Return how long a code that was taken off the list may still open its lock.

    ``still_opens_until`` is None for a code that is over, and for one that opens
    until the lock is reset; ``still_opens`` tells the two apart. ``certain`` is
    False where nobody can know whether it opens.
    """
    entry = account.coordinator.config_entry
    device_id = account.book.device_id(code.code_id)
    zone = account.coordinator.zone_of_code(code, device_id)
    opening = opens_until(code, dt_util.utcnow())
    told = {
        "name": shown_code_name(code),
        "lock": async_lock_name(hass, entry, device_id),
    }
    key = "forgotten_is_over"
    until = None
    if opening is not None:
        key = "forgotten_still_opens" if opening.certain else "forgotten_may_open"
        if (until := opening.until) is not None:
            key += "_until"
            told["ends_at"] = local_text(until, zone)
    return {
        "code_id": code.code_id,
        "still_opens": opening is not None,
        "still_opens_until": until and until.astimezone(zone).isoformat(),
        "certain": opening is None or opening.certain,
        "message": texts.message(key, told),
    }


def deleted_answer(
    code: Code, *, gone: bool, told: Mapping[str, str], texts: Texts
) -> dict[str, Any]:
    """Return that an online code was deleted, or that the cloud is at it."""
    key = "online_code_deleted" if gone else "online_code_being_deleted"
    return {
        "code_id": code.code_id,
        "still_opens": not gone,
        "still_opens_until": None,
        "certain": gone,
        "message": texts.message(key, {"name": told["name"], "lock": told["lock"]}),
    }


def warnings(notices: tuple[Notice, ...], texts: Texts) -> list[dict[str, Any]]:
    """Return what must be told, each with its key and its translated text.

    The text is in the language of Home Assistant. With key and placeholders the card
    says the same in the language of who looks at it.
    """
    return [
        {
            "key": notice.key,
            "message": texts.message(notice.key, notice.placeholders),
            "placeholders": dict(notice.placeholders),
        }
        for notice in notices
    ]


def message(err: HomeAssistantError, texts: Texts) -> str:
    """Return the translated text of an error of ours."""
    assert err.translation_key is not None
    return texts.message(err.translation_key, err.translation_placeholders)
