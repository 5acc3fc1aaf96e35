"""Repair issues about bridges and keypads, which go away by themselves."""

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from .const import DOMAIN
from .coordinator import Account, AccountConfigEntry
from .model import Device, DeviceType
from .names import async_lock_name
from .readings import readable_device

BRIDGE_OFFLINE = "bridge_is_offline"
BRIDGE_FAILING = "bridge_is_failing"
LOCK_CUT_OFF = "lock_is_cut_off"
KEYPAD_NOT_LINKED = "keypad_not_linked"
LOCK_NOT_LINKED = "lock_not_linked"

_KEYPAD_SETUP = "accessory_keypad_setup_required"
_BRIDGE_GONE = frozenset(
    {"hub_disconnected", "bridge_disconnected", "igloohome_bridge_offline"}
)


@callback
def async_watch_devices(
    hass: HomeAssistant, entry: AccountConfigEntry, account: Account
) -> None:
    """Raise and take back issues until the entry is unloaded."""

    @callback
    def update() -> None:
        _async_update(hass, entry, account)

    update()
    entry.async_on_unload(account.coordinator.async_add_listener(update))
    entry.async_on_unload(account.contact.async_listen(update))


@callback
def async_clear_device_issues(
    hass: HomeAssistant, account_id: str, keep: frozenset[str] = frozenset()
) -> None:
    """Take back the issues about the devices of an account, but those to keep."""
    prefix = _prefix(account_id)
    for domain, issue_id in list(ir.async_get(hass).issues):
        if domain == DOMAIN and issue_id.startswith(prefix) and issue_id not in keep:
            ir.async_delete_issue(hass, DOMAIN, issue_id)


def _prefix(account_id: str) -> str:
    """Return how the issues of an account begin; its id has no colon."""
    return f"device_{account_id}:"


@callback
def _async_update(
    hass: HomeAssistant, entry: AccountConfigEntry, account: Account
) -> None:
    devices = account.coordinator.data
    prefix = _prefix(account.coordinator.account_id)
    wanted: dict[str, tuple[str, Device]] = {}
    for device in devices.values():
        issue_id = f"{prefix}{device.device_id}"
        if device.type is DeviceType.BRIDGE:
            if device.online is False:
                wanted[issue_id] = BRIDGE_OFFLINE, device
            elif account.contact.failing(device.device_id):
                wanted[issue_id] = BRIDGE_FAILING, device
        elif _is_cut_off(device, devices.get(device.bridge_id or "")):
            wanted[issue_id] = LOCK_CUT_OFF, device
        elif _keypad_is_missing(device):
            wanted[issue_id] = KEYPAD_NOT_LINKED, device
        elif _lock_is_missing(device, devices.get(device.keypad_id or "")):
            wanted[issue_id] = LOCK_NOT_LINKED, device
    async_clear_device_issues(
        hass, account.coordinator.account_id, frozenset(wanted.keys())
    )
    for issue_id, (key, device) in wanted.items():
        bridge_id = device.bridge_id or device.code_bridge_id
        ir.async_create_issue(
            hass,
            DOMAIN,
            issue_id,
            data={"entry_id": entry.entry_id, "device_id": device.device_id},
            # Where it can be tried from here whether a bridge gets through.
            is_fixable=key == BRIDGE_FAILING
            and readable_device(devices, device.device_id) is not None,
            severity=ir.IssueSeverity.WARNING,
            translation_key=key,
            translation_placeholders={
                "device": async_lock_name(hass, entry, device.device_id),
                "bridge": "-"
                if bridge_id is None
                else async_lock_name(hass, entry, bridge_id),
            },
        )


def _is_cut_off(device: Device, bridge: Device | None) -> bool:
    """Return whether a lock misses its bridge, of which there is no issue."""
    return any(notice.code in _BRIDGE_GONE for notice in device.notices) and (
        bridge is None or bridge.online is not False
    )


def _keypad_is_missing(device: Device) -> bool:
    """Return whether the bridge reaches the lock, but not its keypad.

    Codes go to the keypad (reference/igloohome-api.md §2.3). Seam says it itself,
    and its locks take codes at their own id.
    """
    if any(notice.code == _KEYPAD_SETUP for notice in device.notices):
        return True
    return (
        device.keypad_id is not None
        and device.bridge_id is not None
        and device.code_bridge_id is None
    )


def _lock_is_missing(device: Device, keypad: Device | None) -> bool:
    """Return whether the bridge reaches the keypad, but not the lock.

    Told by what could be asked of the one and not of the other: permissions are the
    same for both.
    """
    if keypad is None or keypad.bridge_id is None:
        return False
    return any(
        of_keypad and not of_lock
        for of_keypad, of_lock in (
            (keypad.can_refresh_battery, device.can_refresh_battery),
            (keypad.can_refresh_status, device.can_refresh_status),
            (keypad.can_read_log, device.can_read_log),
        )
    )
