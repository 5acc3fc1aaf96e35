"""Repair issues about codes: raised for what a person can act on, then taken back."""

from collections.abc import Iterable, Set as AbstractSet
from datetime import timedelta

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util

from .const import DOMAIN
from .coordinator import Account, AccountConfigEntry
from .model import Code, CodeKind, CodeRecord, CodeStatus, RecordState
from .names import async_lock_name, shown_code_name
from .reasons import reason_text
from .work import OnlineWork, WorkStep

UNCLEAR = "code_outcome_unknown"
FAILED = "code_failed"
OFF_THE_LOCK = "code_missing_on_lock"
GONE_ELSEWHERE = "code_gone_elsewhere"
NOT_ON_LOCK = "code_not_on_lock"
NO_BACKUP_LEFT = "backup_codes_empty"

SLOW_DELETION = timedelta(minutes=15)
"""How long a cloud may be at a deletion before a person is told."""

UNFINISHED = frozenset(
    {
        UNCLEAR,
        OFF_THE_LOCK,
        "code_change_unknown",
        "code_deletion_unfinished",
        "code_old_pin_left",
    }
)
"""What Home Assistant goes on with by itself, and at once when it is asked to."""

_FIXABLE = UNFINISHED | {FAILED, GONE_ELSEWHERE}
_SERIOUS = (FAILED, OFF_THE_LOCK, NOT_ON_LOCK)
# Seam's words for what somebody did to a code behind its back
# (reference/seam-api.md §7.2), and for a pool of backup codes without any (§7.1).
_RESTORED = "conflicting_external_modification"
_LEFT_CHANGED = "external_modification_in_effect"
_EMPTY_POOL = "empty_backup_access_code_pool"
_BACKUP = "backup-"


@callback
def async_update_code_issues(
    hass: HomeAssistant,
    entry: AccountConfigEntry,
    account: Account,
    changed: AbstractSet[str] | None = None,
) -> None:
    """Raise an issue for each code that needs a person, and take back the rest.

    With ``changed`` of codes only for those with these ids.
    """
    account_id = account.coordinator.account_id
    wanted: dict[str, tuple[str, Code]] = {}
    codes: Iterable[Code | None] = account.book
    if changed is not None:
        codes = map(account.book.get, changed)
    for code in codes:
        if code is None:
            continue  # taken off the list
        trouble = _trouble(account, code)
        if trouble is not None:
            wanted[_issue_id(account_id, code.code_id)] = trouble, code
    empty = {
        _issue_id(account_id, f"{_BACKUP}{device.device_id}"): device
        for device in account.coordinator.data.values()
        if any(note.code == _EMPTY_POOL for note in device.notices)
    }
    for issue_id in _issue_ids(hass, account_id):
        about = issue_id.rpartition("_")[2]
        concerned = changed is None or about in changed or about.startswith(_BACKUP)
        if concerned and issue_id not in wanted and issue_id not in empty:
            ir.async_delete_issue(hass, DOMAIN, issue_id)
    for issue_id, (key, code) in wanted.items():
        record = code.record
        assert record is not None
        ir.async_create_issue(
            hass,
            DOMAIN,
            issue_id,
            data={"entry_id": entry.entry_id, "code_id": record.code_id},
            is_fixable=key in _FIXABLE,
            severity=ir.IssueSeverity.ERROR
            if key in _SERIOUS
            else ir.IssueSeverity.WARNING,
            translation_key=key,
            translation_placeholders={
                "name": shown_code_name(code),
                "lock": async_lock_name(hass, entry, record.device_id),
                "starts_at": f"{record.window.local_start:%Y-%m-%d %H:%M}",
                "reason": _reason(hass, code),
            },
        )
    for issue_id, device in empty.items():
        ir.async_create_issue(
            hass,
            DOMAIN,
            issue_id,
            is_fixable=False,
            severity=ir.IssueSeverity.WARNING,
            translation_key=NO_BACKUP_LEFT,
            translation_placeholders={
                "lock": async_lock_name(hass, entry, device.device_id)
            },
        )


def _trouble(account: Account, code: Code) -> str | None:
    """Return what is the matter with a code of ours, None for nothing."""
    record = code.record
    if record is None or record.forgotten_at is not None:
        return None
    if record.state is RecordState.FAILED:
        return FAILED
    if account.is_under_way(record.code_id):
        return None
    if record.state is RecordState.REQUESTED:
        return UNCLEAR
    if record.work is not None:
        return _unfinished(record.work)
    if _gone_elsewhere(account, record):
        return GONE_ELSEWHERE
    if account.book.status(record.code_id) is CodeStatus.FAILED:
        return NOT_ON_LOCK
    notices = () if code.remote is None else code.remote.notices
    words = {notice.code for notice in notices}
    if _RESTORED in words:
        return "code_restored_by_seam"
    return "code_changed_elsewhere" if _LEFT_CHANGED in words else None


def _gone_elsewhere(account: Account, record: CodeRecord) -> bool:
    """Return whether somebody took a code off Seam that would still open its lock.

    What was deleted here is off the list. With a lock its codes go as well.
    """
    now, end = dt_util.utcnow(), record.window.ends_at
    return (
        record.kind is CodeKind.ONLINE
        and record.vanished_at is not None
        and (end is None or record.vanished_at < end)
        and (end is None or now < end)
        and record.device_id in account.coordinator.data
    )


def _unfinished(work: OnlineWork) -> str | None:
    """Return what it means for a person that a step could not be finished yet."""
    match work.step:
        case WorkStep.ADD:
            return None  # accepted; the next poll tells how it stands with it
        case WorkStep.REMOVE_OLD:
            return "code_old_pin_left"
        case WorkStep.ADD_AGAIN:
            return OFF_THE_LOCK
        case WorkStep.DELETE:
            asked_at = work.asked_at
            slow = asked_at is None or dt_util.utcnow() - asked_at > SLOW_DELETION
            return "code_deletion_unfinished" if work.unclear or slow else None
    return "code_change_unknown"


@callback
def async_clear_code_issues(hass: HomeAssistant, account_id: str) -> None:
    """Take back all issues of an account that is removed."""
    for issue_id in _issue_ids(hass, account_id):
        ir.async_delete_issue(hass, DOMAIN, issue_id)


def _issue_id(account_id: str, code_id: str) -> str:
    return f"code_{account_id}_{code_id}"


def _issue_ids(hass: HomeAssistant, account_id: str) -> list[str]:
    """Return the issues about codes of an account; a code id has no underscore."""
    return [
        issue_id
        for domain, issue_id in ir.async_get(hass).issues
        if domain == DOMAIN and issue_id.rpartition("_")[0] == f"code_{account_id}"
    ]


def _reason(hass: HomeAssistant, code: Code) -> str:
    """Return why a code failed in sentences, by the cloud or by what we recorded."""
    record, remote = code.record, code.remote
    for notice in () if remote is None else remote.notices:
        if notice.error:
            words = notice.code.replace("_", " ").capitalize()
            return notice.message or f"{words}."
    assert record is not None
    told = {"detail": record.failure_detail or ""}
    return reason_text(hass, record.failure, told)
