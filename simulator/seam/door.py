"""What happens at the door of a Seam lock, and what Seam reports of it.

Facts: reference/seam-api.md §9 (last bullets), §10.2 and §11.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from .control import SeamControl
from .event_types import EVENT_TYPES
from .model import Code, JsonObject, Phase
from .params import parse_instant

_FIRST_USE = timedelta(hours=24)
"""An algoPIN over 24 hours must be used within its first 24 hours."""
_AT_THE_LOCK = (Phase.SET, Phase.SETTING, Phase.SCHEDULED, Phase.REMOVING)


class SeamDoors(SeamControl):
    """People at the doors, and events that nothing else brings about."""

    def enter_pin(self, device_id: str, pin: str) -> bool:
        """Type a PIN at a lock's keypad now; return whether the door opens.

        Seam hears of it at once where the lock is online, otherwise never.
        """
        now = self._settled()
        store = self.store
        device = store.devices[device_id]
        tried = [c for c in store.codes.values() if _has_pin(c, device_id, pin)]
        code = next((c for c in tried if _opens(c, now)), None)
        if code is None:
            if device.online:
                reason = "expired_code" if tried else "unknown_code"
                store.device_event(
                    "lock.access_denied",
                    device,
                    now,
                    reason={"reason_code": reason, "message": "Access was denied."},
                )
            return False
        code.used_at = code.used_at or now
        if device.online:
            named: JsonObject = {}
            if self.switches.events_name_code:
                named = {
                    "access_code_id": code.access_code_id,
                    "access_code_is_managed": code.is_managed,
                    "code": pin,
                }
            store.device_event("lock.unlocked", device, now, method="keycode", **named)
        if device.locked is not None:
            device.locked = False
        if self.switches.relock_seconds is not None:
            device.relock_at = now + timedelta(seconds=self.switches.relock_seconds)
        return True

    def add_event(self, values: Mapping[str, Any]) -> JsonObject:
        """Record an event as Seam would; further keys are kept as they are.

        ``event_type`` is needed, and ``device_id``, ``access_code_id`` or
        ``connected_account_id``. ``occurred_at`` may lie in the past: Seam heard of
        it only now.
        """
        now = self._settled()
        extra = dict(values)
        event_type = extra.pop("event_type", None)
        if event_type not in EVENT_TYPES:
            raise ValueError("event_type: unknown")
        if "occurred_at" in extra:
            extra["occurred_at"] = self.store.time(parse_instant(extra["occurred_at"]))
        if "access_code_id" in extra:
            extra.setdefault(
                "device_id", self.store.codes[extra["access_code_id"]].device_id
            )
        if "device_id" in extra:
            account = self.store.devices[extra["device_id"]].connected_account_id
            extra.setdefault("connected_account_id", account)
        if "connected_account_id" not in extra:
            raise ValueError("device_id or connected_account_id: missing")
        for key, value in self._usual(event_type, extra).items():
            extra.setdefault(key, value)
        workspace = self.store.accounts[extra["connected_account_id"]].workspace_id
        event = self.store.record_event(event_type, workspace, now)
        event.update(extra)
        return {**event, "code": None} if "code" in event else event

    def _usual(self, event_type: str, extra: JsonObject) -> JsonObject:
        """Return what an event of this type always has (§11)."""
        store = self.store
        match event_type:
            case "device.low_battery":
                level = store.devices[extra["device_id"]].battery_level
                return {"battery_level": 0.1 if level is None else level}
            case "connected_account.disconnected":
                account = store.accounts[extra["connected_account_id"]]
                return {
                    "connected_account_errors": list(account.errors),
                    "connected_account_warnings": list(account.warnings),
                }
        return {}


def _has_pin(code: Code, device_id: str, pin: str) -> bool:
    """Return whether these are the digits of a code that was ever on this lock.

    Seam forgets a deleted offline code, the lock does not.
    """
    known = code.offline_window is not None or code.phase in _AT_THE_LOCK
    return code.device_id == device_id and code.code == pin and known


def _opens(code: Code, now: datetime) -> bool:
    """Return whether a code opens its door now."""
    window = code.offline_window
    starts_at = code.starts_at if window is None else window.starts_at
    ends_at = code.effective_end if window is None else window.ends_at
    if starts_at is not None and now < starts_at:
        return False
    if ends_at is not None and now >= ends_at:
        return False
    if window is None or code.used_at is not None:
        return not code.is_one_time or code.used_at is None
    long = window.ends_at - window.starts_at > _FIRST_USE
    return not long or now < window.starts_at + _FIRST_USE
