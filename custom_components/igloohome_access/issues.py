"""Repair issues about codes: raised for what a person can act on, then taken back."""

from collections import defaultdict

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.translation import async_get_cached_translations

from .const import DOMAIN
from .coordinator import Account, AccountEntry
from .model import CodeRecord, RecordState

UNCLEAR = "code_outcome_unknown"
FAILED = "code_failed"


@callback
def async_update_code_issues(
    hass: HomeAssistant, entry: AccountEntry, account: Account
) -> None:
    """Raise an issue for each code that needs a person, and take back the rest."""
    account_id = account.coordinator.account_id
    wanted: dict[str, tuple[str, CodeRecord]] = {}
    for record in account.book.ledger.records.values():
        if record.forgotten_at is not None:
            continue
        if record.state is RecordState.FAILED:
            wanted[_issue_id(account_id, record.code_id)] = FAILED, record
        elif record.state is RecordState.REQUESTED and not account.issuer.is_under_way(
            record.code_id
        ):
            wanted[_issue_id(account_id, record.code_id)] = UNCLEAR, record
    for issue_id in _issue_ids(hass, account_id):
        if issue_id not in wanted:
            ir.async_delete_issue(hass, DOMAIN, issue_id)
    for issue_id, (key, record) in wanted.items():
        lock = account.coordinator.data.get(record.device_id)
        ir.async_create_issue(
            hass,
            DOMAIN,
            issue_id,
            data={"entry_id": entry.entry_id, "code_id": record.code_id},
            is_fixable=key == FAILED,
            severity=ir.IssueSeverity.WARNING
            if key == UNCLEAR
            else ir.IssueSeverity.ERROR,
            translation_key=key,
            translation_placeholders={
                "name": record.name,
                "lock": record.device_id if lock is None else lock.name,
                "starts_at": f"{record.window.local_start:%Y-%m-%d %H:%M}",
                "reason": _reason(hass, record.failure),
            },
        )


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


def _reason(hass: HomeAssistant, key: str | None) -> str:
    """Return why a code failed as a text; only the key of it was recorded."""
    texts = async_get_cached_translations(
        hass, hass.config.language, "exceptions", DOMAIN
    )
    text = texts.get(f"component.{DOMAIN}.exceptions.{key}.message", key or "-")
    return text.format_map(defaultdict(lambda: "-"))
