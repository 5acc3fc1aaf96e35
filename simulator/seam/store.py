"""The state of the simulated Seam cloud and its event log."""

import base64
from collections import deque
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
import hashlib
from typing import Any
import uuid

from .errors import SeamError, not_found
from .model import (
    Account,
    Attempt,
    Code,
    Device,
    IssuedPin,
    JsonObject,
    Phase,
    Webhook,
    Webview,
    Workspace,
)
from .switches import SeamSwitches

type EventListener = Callable[[JsonObject], None]

_NAMESPACE = uuid.UUID("5ea35ea3-0000-4000-8000-000000000000")
_RATES_PER_MINUTE = {"create": 10, "update": 10, "delete": 20, "lock": 15, "unlock": 15}


class Store:
    """Everything the cloud remembers, for all workspaces."""

    def __init__(self, switches: SeamSwitches) -> None:
        """Start empty."""
        self.switches = switches
        self.workspaces: dict[str, Workspace] = {}
        self.accounts: dict[str, Account] = {}
        self.devices: dict[str, Device] = {}
        self.codes: dict[str, Code] = {}
        self.attempts: dict[str, Attempt] = {}
        self.webhooks: dict[str, Webhook] = {}
        self.webviews: dict[str, Webview] = {}
        self.events: list[JsonObject] = []
        self.issued: list[IssuedPin] = []
        self.listeners: list[EventListener] = []
        self.delivered = 0
        self._rates: dict[tuple[str, str], deque[datetime]] = {}
        self._counter = 0

    def new_id(self) -> str:
        """Return a fresh UUID; the same sequence in every run."""
        self._counter += 1
        return str(uuid.uuid5(_NAMESPACE, f"id:{self._counter}"))

    def new_secret(self) -> str:
        """Return a webhook secret in Svix's form (reference/seam-api.md §11)."""
        digest = hashlib.sha256(f"secret:{self.new_id()}".encode()).digest()
        return f"whsec_{base64.b64encode(digest[:24]).decode()}"

    def new_pin(self, device_id: str, length: int) -> str:
        """Return digits that no current code of the lock has."""
        taken = {code.code for code in self.live_codes(device_id)}
        while True:
            self._counter += 1
            digest = hashlib.sha256(f"pin:{device_id}:{self._counter}".encode())
            pin = str(int(digest.hexdigest(), 16))[-length:]
            if pin not in taken:
                return pin

    def time(self, moment: datetime | None) -> str | None:
        """Return a moment the way Seam writes it."""
        if moment is None:
            return None
        spec = "microseconds" if self.switches.microseconds else "milliseconds"
        text = moment.astimezone(UTC).isoformat(timespec=spec)
        return text.replace("+00:00", "Z")

    def device(self, workspace_id: str, device_id: str) -> Device:
        """Return a managed device of the workspace or raise a 404."""
        device = self.devices.get(device_id)
        if device is None or device.workspace_id != workspace_id:
            raise not_found("device_not_found", "Device not found")
        if not device.is_managed:
            raise not_found("device_not_found", "Device is not managed")
        return device

    def account(self, device: Device) -> Account:
        """Return the connected account of a device."""
        return self.accounts[device.connected_account_id]

    def live_codes(self, device_id: str) -> Iterator[Code]:
        """Yield the codes of a device that are not gone, backup codes included."""
        for code in self.codes.values():
            if code.device_id == device_id and code.phase is not Phase.GONE:
                yield code

    def code(self, workspace_id: str, access_code_id: str, *, managed: bool) -> Code:
        """Return an access code that answers may show, or raise a 404."""
        code = self.codes.get(access_code_id)
        if (
            code is None
            or code.workspace_id != workspace_id
            or code.is_managed is not managed
            or not self.visible(code)
        ):
            raise not_found("access_code_not_found", "Access code not found")
        return code

    def visible(self, code: Code) -> bool:
        """Return whether answers may show a code (an ended one by a switch)."""
        if code.phase is not Phase.GONE:
            return True
        return self.switches.expired_codes_listed and not code.deleted

    def count_request(self, device_id: str, action: str, now: datetime) -> None:
        """Count a request and raise a 429 above the limit of §6."""
        if not self.switches.rate_limits:
            return
        recent = self._rates.setdefault((device_id, action), deque())
        while recent and recent[0] <= now - timedelta(minutes=1):
            recent.popleft()
        if len(recent) >= _RATES_PER_MINUTE[action]:
            retry_after = self.switches.rate_limit_retry_after
            raise SeamError(
                429,
                self.switches.rate_limit_type,
                "Too many requests for this device",
                headers={}
                if retry_after is None
                else {"Retry-After": str(retry_after)},
            )
        recent.append(now)

    def issue(self, issued: IssuedPin) -> None:
        """Remember a PIN for the control interface's list."""
        self.issued.append(issued)

    def record_event(
        self, event_type: str, workspace_id: str, at: datetime, /, **extra: Any
    ) -> JsonObject:
        """Append an event (reference/seam-api.md §11) and tell the listeners.

        A webhook sender may register itself in `listeners`.
        """
        event: JsonObject = {
            "event_id": self.new_id(),
            "event_type": event_type,
            "workspace_id": workspace_id,
            "created_at": self.time(at),
            "occurred_at": self.time(at),
            **extra,
        }
        self.events.append(event)
        for listener in self.listeners:
            listener(event)
        return event

    def device_event(
        self, event_type: str, device: Device, at: datetime, /, **extra: Any
    ) -> None:
        """Append an event about a device."""
        self.record_event(
            event_type,
            device.workspace_id,
            at,
            device_id=device.device_id,
            connected_account_id=device.connected_account_id,
            **extra,
        )

    def code_event(
        self, event_type: str, code: Code, at: datetime, /, **extra: Any
    ) -> None:
        """Append an event about an access code."""
        device = self.devices[code.device_id]
        self.device_event(
            event_type, device, at, access_code_id=code.access_code_id, **extra
        )

    def trouble(self, device: Device, code: Code | None = None) -> JsonObject:
        """Return the error and warning arrays some events carry."""

        def entries(items: list[JsonObject], key: str) -> list[JsonObject]:
            wanted = (key, "message", "created_at")
            return [{name: item[name] for name in wanted} for item in items]

        account = self.account(device)
        result = {
            "device_errors": entries(device.errors, "error_code"),
            "device_warnings": entries(device.warnings, "warning_code"),
            "connected_account_errors": entries(account.errors, "error_code"),
            "connected_account_warnings": entries(account.warnings, "warning_code"),
        }
        if code is not None:
            result["access_code_errors"] = entries(code.errors, "error_code")
            result["access_code_warnings"] = entries(code.warnings, "warning_code")
        return result
