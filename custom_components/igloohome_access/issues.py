"""Repair issues about codes: raised for what a person can act on, then taken back."""

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from .const import DOMAIN
from .coordinator import Account, AccountEntry
from .model import RecordState

UNCLEAR = "code_outcome_unknown"
FAILED = "code_failed"


def _prefix(account_id: str) -> str:
    return f"code_{account_id}_"


@callback
def async_update_code_issues(
    hass: HomeAssistant, entry: AccountEntry, account: Account
) -> None:
    """Raise an issue for each code that needs a person, and take back the rest."""
    prefix = _prefix(account.coordinator.account_id)
    wanted: dict[str, str] = {}
    for record in account.book.ledger.records.values():
        if record.state is RecordState.FAILED:
            wanted[record.code_id] = FAILED
        elif record.state is RecordState.REQUESTED and not account.issuer.is_under_way(
            record.code_id
        ):
            wanted[record.code_id] = UNCLEAR
    registry = ir.async_get(hass)
    for domain, issue_id in list(registry.issues):
        if (
            domain == DOMAIN
            and issue_id.startswith(prefix)
            and issue_id.removeprefix(prefix) not in wanted
        ):
            ir.async_delete_issue(hass, DOMAIN, issue_id)
    for code_id, key in wanted.items():
        record = account.book.ledger.records[code_id]
        lock = account.coordinator.data.get(record.device_id)
        start = record.window.local_start
        ir.async_create_issue(
            hass,
            DOMAIN,
            f"{prefix}{code_id}",
            data={"entry_id": entry.entry_id, "code_id": code_id},
            is_fixable=key == FAILED,
            severity=ir.IssueSeverity.WARNING
            if key == UNCLEAR
            else ir.IssueSeverity.ERROR,
            translation_key=key,
            translation_placeholders={
                "name": record.name,
                "lock": record.device_id if lock is None else lock.name,
                "starts_at": f"{start:%Y-%m-%d %H:%M}",
                "reason": record.failure or "-",
            },
        )


@callback
def async_clear_code_issues(hass: HomeAssistant, account_id: str) -> None:
    """Take back all issues of an account that is removed."""
    prefix = _prefix(account_id)
    for domain, issue_id in list(ir.async_get(hass).issues):
        if domain == DOMAIN and issue_id.startswith(prefix):
            ir.async_delete_issue(hass, DOMAIN, issue_id)
