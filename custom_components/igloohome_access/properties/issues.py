"""Repair issues about bookings: what a host has to know, taken back when it is over."""

from collections.abc import Collection
from datetime import datetime

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from ..bookings.actions import AnnouncementKind as Kind, Repair
from ..bookings.model import Purpose
from ..bookings.runner import PropertyRunner
from ..const import DOMAIN
from ..coordinator import AccountConfigEntry
from ..names import async_lock_name
from ..reasons import reason_text

BOOKING_FAILED = "booking_code_failed"


@callback
def async_watch_property(
    hass: HomeAssistant, entry: AccountConfigEntry, runner: PropertyRunner
) -> CALLBACK_TYPE:
    """Keep the issues of a property equal to its repairs."""

    @callback
    def reconcile() -> None:
        _reconcile(hass, entry, runner)

    return runner.async_listen(reconcile)


@callback
def async_clear_property_issues(
    hass: HomeAssistant, account_id: str, keep: Collection[str] = ()
) -> None:
    """Take back the issues of an account, apart from those of some properties."""
    kept = tuple(_prefix(account_id, property_id) for property_id in keep)
    for issue_id in _issue_ids(hass, _prefix(account_id)):
        if not issue_id.startswith(kept):
            ir.async_delete_issue(hass, DOMAIN, issue_id)


def _reconcile(
    hass: HomeAssistant, entry: AccountConfigEntry, runner: PropertyRunner
) -> None:
    config = runner.config
    prefix = _prefix(str(entry.unique_id), config.property_id)
    wanted = {f"{prefix}{repair.repair_id}": repair for repair in runner.repairs}
    for issue_id in _issue_ids(hass, prefix):
        if issue_id not in wanted:
            ir.async_delete_issue(hass, DOMAIN, issue_id)
    for issue_id, repair in wanted.items():
        lock_id, stay = repair.lock_id, repair.stay
        key = _key(repair)
        ir.async_create_issue(
            hass,
            DOMAIN,
            issue_id,
            data={
                "entry_id": entry.entry_id,
                "property_id": config.property_id,
                "booking": repair.booking,
            },
            is_fixable=key == BOOKING_FAILED,
            severity=ir.IssueSeverity.ERROR
            if key == BOOKING_FAILED
            else ir.IssueSeverity.WARNING,
            translation_key=key,
            translation_placeholders={
                "property": config.name,
                "calendar": config.calendar,
                "lock": "-"
                if lock_id is None
                else async_lock_name(hass, entry, lock_id),
                "check_in": _local(runner, None if stay is None else stay.check_in),
                "check_out": _local(runner, None if stay is None else stay.check_out),
                "reason": reason_text(hass, repair.reason, repair.placeholders),
            },
        )


def _key(repair: Repair) -> str:
    match repair.kind:
        case Kind.STAY_TOO_LONG:
            return "booking_stay_too_long"
        case Kind.CALENDAR_EMPTY:
            return "booking_calendar_empty"
        case Kind.CALENDAR_FAILING:
            return "booking_calendar_failing"
        case _ if repair.purpose is Purpose.BACKUP:
            # To try again would replace the code that the guest has.
            return "booking_spare_code_failed"
    return BOOKING_FAILED


def _prefix(account_id: str, property_id: str = "") -> str:
    """Return what the ids of issues begin with; a property id has no underscore."""
    return f"property_{account_id}_{property_id}" + ("_" if property_id else "")


def _issue_ids(hass: HomeAssistant, prefix: str) -> list[str]:
    return [
        issue_id
        for domain, issue_id in ir.async_get(hass).issues
        if domain == DOMAIN and issue_id.startswith(prefix)
    ]


def _local(runner: PropertyRunner, moment: datetime | None) -> str:
    if moment is None:
        return "-"
    return f"{moment.astimezone(runner.config.zone):%Y-%m-%d %H:%M}"
