"""What tests and the control interface may do to the simulated Seam cloud."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from ..clock import Clock
from ..settings import apply_fields, check_fields
from .attempts import settle_attempts
from .code_rules import live_windows
from .errors import SeamError
from .lifecycle import record_gone, settle
from .model import Account, Code, Device, IssuedPin, Phase, Webview
from .objects import show_attempt, show_code, show_device, show_unmanaged_code
from .offline import SlotsExhaustedError, offline_window
from .presets import PRESETS, preset
from .store import Store
from .switches import SeamSwitches

_FIXED_DEVICE_FIELDS = frozenset({"device_id", "workspace_id", "created_at"})
_FIXED_CODE_FIELDS = frozenset(
    {"access_code_id", "workspace_id", "device_id", "updates", "offline_window"}
)
_SIGN_IN_MENDS = frozenset(
    {"account_disconnected", "account_reauthorization_requested"}
)
_NO_PINS = {"from": {"code": None}, "to": {"code": None}}


class SeamControl:
    """Add, change and remove devices and codes from outside the API.

    Unknown ids raise KeyError, wrong values ValueError.
    """

    def __init__(self, clock: Clock, switches: SeamSwitches) -> None:
        """Start without anything."""
        self.clock = clock
        self.switches = switches
        self.store = Store(switches)

    def _settled(self) -> datetime:
        """Return the time after bringing everything up to it."""
        now = self.clock.now()
        settle(self.store, now)
        settle_attempts(self.store, now)
        return now

    def dump(self) -> dict[str, Any]:
        """Return the state for people; PINs are left out."""
        now = self._settled()
        store = self.store
        codes = []
        for code in store.codes.values():
            shown = (
                show_code(store, code, now)
                if code.is_managed
                else show_unmanaged_code(store, code)
            )
            shown["has_code"] = shown.pop("code") is not None
            for mutation in shown.get("pending_mutations", ()):
                if mutation["mutation_code"] == "updating_code":
                    mutation.update(_NO_PINS)
            codes.append({**shown, "simulator_phase": code.phase})
        return {
            "devices": [show_device(store, d) for d in store.devices.values()],
            "codes": codes,
            "action_attempts": [
                {**show_attempt(attempt), "result": None}
                for attempt in store.attempts.values()
            ],
            "events": len(store.events),
            "webhooks": [
                {"webhook_id": hook.webhook_id, "url": hook.url}
                for hook in store.webhooks.values()
            ],
            "connect_webviews": [
                {"connect_webview_id": view.connect_webview_id, "status": view.status}
                for view in store.webviews.values()
            ],
        }

    def issued_pins(self) -> list[dict[str, Any]]:
        """Return every PIN that was handed out, with where and how long it opens."""
        now = self._settled()
        store = self.store
        result = []
        for pin in store.issued:
            code = store.codes.get(pin.access_code_id)
            result.append(
                {
                    **asdict(pin),
                    "at": store.time(pin.at),
                    "starts_at": store.time(pin.starts_at),
                    "ends_at": store.time(pin.ends_at),
                    "name": None if code is None else code.name,
                    "opens": _opens(pin, code, now),
                }
            )
        return result

    def add_device(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Add a lock and return it as the API shows it.

        `preset` (bridged, offline, hub_down, retrofit, padlock) gives defaults that
        fields of `Device` override; `name` is needed.
        """
        now = self.clock.now()
        given = dict(values)
        kind = given.pop("preset", "offline")
        if kind not in PRESETS:
            raise ValueError(f"preset: must be one of {', '.join(PRESETS)}")
        checked = check_fields(Device, given)
        if not checked.get("name"):
            raise ValueError("name: missing")
        base = preset(kind)
        flags = {**base["flags"], **checked.pop("flags", {})}
        account = self._account(checked.pop("connected_account_id", None))
        defaults = {
            **base,
            "device_id": self.store.new_id(),
            "created_at": now,
            "online_since": now,
        }
        device = Device(
            **{
                **defaults,
                **checked,
                "flags": flags,
                "connected_account_id": account.connected_account_id,
                "workspace_id": account.workspace_id,
            }
        )
        if device.device_id in self.store.devices:
            raise ValueError("device_id: exists already")
        self._complete(device)
        self.store.devices[device.device_id] = device
        self.store.device_event("device.added", device, device.created_at)
        return show_device(self.store, device)

    def patch_device(self, device_id: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """Change a lock as the world or the maker would, and record the event."""
        now = self._settled()
        device = self.store.devices[device_id]
        was_online = device.online
        given = dict(values)
        flags = given.pop("flags", {})
        apply_fields(device, given, read_only=_FIXED_DEVICE_FIELDS)
        device.flags.update(flags)
        self._complete(device)
        if device.online and not was_online:
            device.online_since = now
            self.store.device_event("device.connected", device, now)
        elif was_online and not device.online:
            bridge = "hub_disconnected"
            hub = any(e["error_code"] == bridge for e in device.errors)
            self.store.device_event(
                "device.disconnected",
                device,
                now,
                error_code=bridge if hub else "device_disconnected",
                **self.store.trouble(device),
            )
        return show_device(self.store, device)

    def remove_device(self, device_id: str) -> None:
        """Take a lock out of the account, and its codes with it."""
        now = self._settled()
        device = self.store.devices[device_id]
        for code in list(self.store.codes.values()):
            if code.device_id == device_id:
                del self.store.codes[code.access_code_id]
        self.store.device_event("device.removed", device, now)
        del self.store.devices[device_id]

    def add_code(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Add a code that was made elsewhere, and return it as the API shows it.

        Fields of `Code`; `device_id` is needed. With `is_managed: false` it is one
        Seam only sees. An offline code gets its window and PIN by the usual rules,
        reckoned at its start.
        """
        now = self._settled()
        checked = check_fields(Code, values)
        device = self.store.devices[checked.get("device_id", "")]
        bounded = checked.get("starts_at") is not None
        defaults: dict[str, Any] = {
            "access_code_id": self.store.new_id(),
            "workspace_id": device.workspace_id,
            "name": None,
            "code": None,
            "created_at": now,
            "type": "time_bound" if bounded else "ongoing",
        }
        code = Code(
            **{**defaults, "phase": Phase.DEFERRED, "phase_since": now, **checked}
        )
        if code.access_code_id in self.store.codes:
            raise ValueError("access_code_id: exists already")
        if "phase" not in checked:
            code.phase = _first_phase(code)
        code.phase_since = checked.get("phase_since", code.created_at)
        if code.is_offline:
            self._add_window(device, code)
        elif code.code is None:
            code.code = self.store.new_pin(device.device_id, 6)
        self._complete(code)
        self.store.codes[code.access_code_id] = code
        self._record_added(code)
        self._settled()
        return self._show(code)

    def patch_code(self, code_id: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """Change a code behind the API's back; errors and warnings are replaced."""
        now = self._settled()
        code = self.store.codes[code_id]
        apply_fields(code, values, read_only=_FIXED_CODE_FIELDS)
        if "phase" in values and "phase_since" not in values:
            code.phase_since = now
        self._complete(code)
        self._settled()
        return self._show(code)

    def remove_code(self, code_id: str) -> None:
        """Take a code out of Seam, as somebody at Seam's console would."""
        now = self._settled()
        code = self.store.codes[code_id]
        code.deleted = True
        if code.phase is not Phase.GONE:
            code.phase, code.phase_since = Phase.GONE, now
            record_gone(self.store, code, now)

    def complete_connect_webview(
        self, connect_webview_id: str, *, authorized: bool = True
    ) -> None:
        """Play the person who signs in, or fails to, on a connect webview."""
        now = self._settled()
        webview: Webview = self.store.webviews[connect_webview_id]
        if not authorized:
            webview.status = "failed"
            self.store.record_event(
                "connect_webview.login_failed",
                webview.workspace_id,
                now,
                connect_webview_id=connect_webview_id,
            )
            return
        account = next(
            account
            for account in self.store.accounts.values()
            if account.workspace_id == webview.workspace_id
        )
        account.errors = [
            item for item in account.errors if item["error_code"] not in _SIGN_IN_MENDS
        ]
        account.warnings = [
            item
            for item in account.warnings
            if item["warning_code"] not in _SIGN_IN_MENDS
        ]
        webview.status, webview.authorized_at = "authorized", now
        webview.connected_account_id = account.connected_account_id
        self.store.record_event(
            "connect_webview.login_succeeded",
            webview.workspace_id,
            now,
            connect_webview_id=connect_webview_id,
            connected_account_id=account.connected_account_id,
        )

    def patch_account(self, account_id: str, values: Mapping[str, Any]) -> None:
        """Change a connected account: its errors and warnings are replaced."""
        apply_fields(
            self.store.accounts[account_id],
            values,
            read_only=frozenset({"connected_account_id", "workspace_id"}),
        )

    def _account(self, account_id: str | None) -> Account:
        """Return an account, the first one by default."""
        if account_id is None:
            return next(iter(self.store.accounts.values()))
        return self.store.accounts[account_id]

    def _show(self, code: Code) -> dict[str, Any]:
        """Return a code as the API shows it."""
        if code.is_managed:
            return show_code(self.store, code, self.clock.now())
        return show_unmanaged_code(self.store, code)

    def _complete(self, thing: Device | Code) -> None:
        """Fill in what injected errors and warnings leave out."""
        now = self.store.time(self.clock.now())
        flag = (
            "is_device_error" if isinstance(thing, Device) else "is_access_code_error"
        )
        for item in thing.errors:
            if not any(key.startswith("is_") for key in item):
                item[flag] = True
        for items, key in (
            (thing.errors, "error_code"),
            (thing.warnings, "warning_code"),
        ):
            for item in items:
                item.setdefault(key, "unknown")
                item.setdefault("message", "Injected by the simulator.")
                item.setdefault("created_at", now)

    def _add_window(self, device: Device, code: Code) -> None:
        """Give an added offline code its window."""
        try:
            code.offline_window = offline_window(
                device,
                starts_at=code.starts_at,
                ends_at=code.ends_at,
                one_time=code.is_one_time,
                rounding="1d",
                now=code.starts_at or code.created_at,
                out=live_windows(self.store, device.device_id, code.created_at),
                switches=self.switches,
            )
        except (SeamError, SlotsExhaustedError) as err:
            raise ValueError(f"offline window: {err}") from err

    def _record_added(self, code: Code) -> None:
        """Record the event and the PIN of an added code."""
        kind = "created" if code.is_managed else "unmanaged.created"
        self.store.code_event(f"access_code.{kind}", code, code.created_at)
        if code.code is not None:
            self.store.issue(
                IssuedPin(
                    pin=code.code,
                    access_code_id=code.access_code_id,
                    device_id=code.device_id,
                    origin="created" if code.is_managed else "unmanaged",
                    at=code.created_at,
                    kind="online",
                    starts_at=code.starts_at,
                    ends_at=code.ends_at,
                )
            )


def _first_phase(code: Code) -> Phase:
    """Return the phase in which a code begins."""
    if not code.is_managed:
        return Phase.SET
    if code.is_offline:
        return Phase.ASSIGNING
    return Phase.DEFERRED if code.starts_at is not None else Phase.PROGRAMMING


def _opens(pin: IssuedPin, code: Code | None, now: datetime) -> bool:
    """Return whether a PIN may open the lock now or later.

    An offline PIN does until its end, deleted in Seam or not (§10.2).
    """
    if pin.ends_at is not None and pin.ends_at <= now:
        return False
    if pin.origin == "assigned":
        return True
    return code is not None and code.phase is not Phase.GONE and code.code == pin.pin
