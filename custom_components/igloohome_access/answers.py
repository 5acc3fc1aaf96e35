"""What the actions answer: codes, previews and failures as plain data.

Times are ISO text on the clock of the lock, with the offset of that moment.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util

from .coordinator import AccountEntry
from .errors import Texts
from .model import Code, CodeKind, CodePlan, CodeStatus, Notice
from .targets import TargetLock, async_lock_name, async_registry_id


@dataclass(frozen=True, slots=True)
class Failure:
    """Why one of several locks got no code."""

    lock: TargetLock
    error: HomeAssistantError
    unclear: bool = False


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
    failed: Failure, kind: CodeKind, name: str, texts: Texts
) -> dict[str, Any]:
    """Return the part of the answer for a lock that got no code, with the reason."""
    status = CodeStatus.REQUESTED if failed.unclear else CodeStatus.FAILED
    return {
        "code_id": None,
        "device_id": failed.lock.registry_id,
        "lock": failed.lock.name,
        "name": name,
        "kind": kind.value,
        "pin": None,
        "starts_at": None,
        "ends_at": None,
        "first_use_by": None,
        "status": status.value,
        "warnings": [],
        "error": {
            "key": failed.error.translation_key,
            "message": message(failed.error, texts),
        },
    }


def code_answer(
    hass: HomeAssistant, entry: AccountEntry, code: Code, *, pin: bool
) -> dict[str, Any]:
    """Return a code as an answer shows it, times on the clock of its lock."""
    account = entry.runtime_data
    device_id = account.book.device_id(code.code_id)
    device = account.coordinator.data.get(device_id)
    if code.record is not None:
        zone = code.record.window.local_start.tzinfo
    elif device is not None:
        zone = account.coordinator.zone(device)
    else:
        zone = dt_util.get_default_time_zone()

    def local(moment: datetime | None) -> str | None:
        return None if moment is None else moment.astimezone(zone).isoformat()

    answer: dict[str, Any] = {
        "code_id": code.code_id,
        "device_id": async_registry_id(hass, entry, device_id),
        "lock": async_lock_name(hass, entry, device_id),
        "name": code.name,
        "kind": code.kind.value,
        "starts_at": local(code.starts_at),
        "ends_at": local(code.ends_at),
        "first_use_by": local(code.first_use_by),
        "status": account.book.status(code.code_id).value,
        "origin": code.origin.value,
    }
    if pin:
        answer["pin"] = code.pin
    return answer


def warnings(notices: tuple[Notice, ...], texts: Texts) -> list[dict[str, str]]:
    """Return what must be told, each with its key and its translated text."""
    return [
        {"key": notice.key, "message": texts.message(notice.key, notice.placeholders)}
        for notice in notices
    ]


def message(err: HomeAssistantError, texts: Texts) -> str:
    """Return the translated text of an error of ours."""
    assert err.translation_key is not None
    return texts.message(err.translation_key, err.translation_placeholders)
