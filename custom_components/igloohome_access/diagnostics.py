"""What a person can attach to a report: counts and kinds, by an allow-list.

Nothing here is copied from what the clouds or people wrote: no names, ids, PINs,
addresses or messages.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers.device_registry import DeviceEntry

from .bookings.runner import PropertyRunner
from .codes import CodeBook
from .coordinator import AccountConfigEntry
from .devices import device_identifier
from .model import Code, Device


async def async_get_config_entry_diagnostics(
    hass: HomeAssistant, entry: AccountConfigEntry
) -> dict[str, Any]:
    """Return what an account consists of."""
    account = entry.runtime_data
    coordinator = account.coordinator
    return {
        "cloud": account.cloud.kind.value,
        "options": sorted(entry.options),
        "last_update_success": coordinator.last_update_success,
        "last_error": type(coordinator.last_exception).__name__
        if coordinator.last_exception
        else None,
        "update_interval_seconds": coordinator.update_interval
        and coordinator.update_interval.total_seconds(),
        "devices": [_device(device) for device in coordinator.data.values()],
        "codes": _codes(account.book, account.book),
        "ledger_records": _counted(
            record.state for record in account.book.ledger.records.values()
        ),
        "properties": [_property(runner) for runner in account.properties.values()],
    }


async def async_get_device_diagnostics(
    hass: HomeAssistant, entry: AccountConfigEntry, device: DeviceEntry
) -> dict[str, Any]:
    """Return what is known of one device."""
    account = entry.runtime_data
    coordinator = account.coordinator
    for device_id, listed in coordinator.data.items():
        if device_identifier(coordinator.account_id, device_id) in device.identifiers:
            return {
                "device": _device(listed),
                "codes": _codes(account.book, account.book.of_device(device_id)),
            }
    return {"device": None, "codes": _codes(account.book, [])}


def _device(device: Device) -> dict[str, Any]:
    return {
        "type": device.type.value,
        "model": device.model is not None,
        "battery_level": device.battery_level,
        "online": device.online,
        "last_sync": device.last_sync and device.last_sync.isoformat(),
        "time_zone": device.time_zone,
        "locked": device.locked,
        "can_lock": device.can_lock,
        "can_unlock": device.can_unlock,
        "takes_offline_codes": device.takes_offline_codes,
        "takes_online_codes": device.takes_online_codes,
        "has_bridge": device.bridge_id is not None,
        "has_keypad": device.keypad_id is not None,
        "notices": len(device.notices),
    }


def _property(runner: PropertyRunner) -> dict[str, Any]:
    """Return how a property is set up and how it stands, without any free text."""
    settings = runner.settings
    return {
        "locks": len(settings.locks),
        "locks_with_bridge": len(
            settings.bridged & {lock.lock_id for lock in settings.locks}
        ),
        "time_zone": runner.config.time_zone,
        "lead_days": settings.lead_days,
        "margin_before": settings.margin_before,
        "margin_after": settings.margin_after,
        "check_in": settings.check_in.isoformat(),
        "check_out": settings.check_out.isoformat(),
        "ignore_patterns": len(settings.ignore),
        "on_change": settings.on_change.value,
        "code_source": settings.code_source.value,
        "backup_code": settings.backup_code,
        "last_read_ok": runner.last_read_ok,
        "bookings": _counted(state.status for state in runner.bookings),
        "missing": sum(state.missing for state in runner.bookings),
        "repairs": _counted(repair.kind for repair in runner.repairs),
    }


def _codes(book: CodeBook, codes: Iterable[Code]) -> dict[str, dict[str, int]]:
    listed = list(codes)
    return {
        "status": _counted(book.status(code.code_id) for code in listed),
        "kind": _counted(code.kind for code in listed),
        "origin": _counted(code.origin for code in listed),
    }


def _counted(words: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(str(word) for word in words).items()))
