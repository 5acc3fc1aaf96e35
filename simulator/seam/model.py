"""What the simulated Seam cloud remembers: plain objects without behaviour.

Moments are aware UTC datetimes. PINs are left out of every repr. The fields of
`Device` and `Code` are also the names the control interface uses, which checks values
against their types (simulator/settings.py), hence no type aliases in them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Literal

type JsonObject = dict[str, Any]
type PinOrigin = Literal["assigned", "created", "updated", "backup", "unmanaged"]

ONE_TIME_DURATION = timedelta(hours=24)


@dataclass(slots=True)
class Workspace:
    """A Seam workspace; credentials belong to one (auth.py)."""

    workspace_id: str
    name: str
    is_sandbox: bool = True
    is_suspended: bool = False


@dataclass(slots=True)
class Account:
    """A connected account: an igloohome login linked to a workspace."""

    connected_account_id: str
    workspace_id: str
    display_name: str
    email: str
    created_at: datetime
    time_zone: str | None = None
    errors: list[dict[str, Any]] = field(default_factory=list)
    warnings: list[dict[str, Any]] = field(default_factory=list)

    @property
    def disconnected(self) -> bool:
        """Return whether Seam has lost the account."""
        return any(e.get("error_code") == "account_disconnected" for e in self.errors)

    @property
    def errors_elsewhere(self) -> list[dict[str, Any]]:
        """Return the errors as devices and codes show them, with other flags (§7.1)."""
        return [
            {"is_device_error": False}
            | {key: value for key, value in error.items() if key != "is_bridge_error"}
            for error in self.errors
        ]


@dataclass(slots=True)
class Device:
    """A lock.

    A capability flag that is None is absent from answers, which differs from
    false (reference/seam-api.md §1.6). `online_since` is the moment from which a
    bridge can work for the lock again; meaningless while `online` is false.
    """

    device_id: str
    workspace_id: str
    connected_account_id: str
    name: str
    created_at: datetime
    online_since: datetime
    nickname: str | None = None
    model: str = "Deadbolt 2S"
    serial_number: str | None = None
    device_type: str = "igloohome_lock"
    is_managed: bool = True
    online: bool = True
    locked: bool | None = None
    battery_level: float | None = 0.86
    keypad_battery_level: float | None = None
    time_zone: str | None = None
    flags: dict[str, bool | None] = field(default_factory=dict)
    bridge_id: str | None = None
    bridge_name: str | None = None
    keypad_id: str | None = None
    keypad_linked_to_bridge: bool | None = None
    supported_code_lengths: list[int] = field(default_factory=lambda: [4, 5, 6])
    max_active_codes: int = 100
    code_constraints: list[dict[str, Any]] = field(default_factory=list)
    supports_backup_pool: bool = True
    backup_pool_enabled: bool = False
    backup_codes: int = 3
    """Spare codes on the lock, as soon as the pool is switched on."""
    custom_metadata: dict[str, str | bool] = field(default_factory=dict)
    errors: list[dict[str, Any]] = field(default_factory=list)
    warnings: list[dict[str, Any]] = field(default_factory=list)
    extra_properties: dict[str, Any] = field(default_factory=dict)
    relock_at: datetime | None = None
    fail_programming: bool = False
    """The bridge reports that codes cannot be put on this lock."""
    attempt_outcome: Literal["success", "error", "pending"] | None = None
    """Overrides the switch of the same name for this lock."""

    def can(self, flag: str) -> bool:
        """Return whether a capability works now (absent counts as no)."""
        return self.flags.get(flag) is True


class Phase(StrEnum):
    """Where a code is in its life; Seam shows only a coarser `status`."""

    ASSIGNING = "assigning"  # offline code without its PIN
    DEFERRED = "deferred"  # online code that is not sent to the lock yet
    PROGRAMMING = "programming"  # on its way to the lock
    SCHEDULED = "scheduled"  # has its PIN, or is on the lock; start not reached
    SETTING = "setting"  # start reached, not confirmed yet
    SET = "set"
    REMOVING = "removing"
    FAILED = "failed"  # could not be put on the lock, or got no PIN
    GONE = "gone"


@dataclass(slots=True)
class PendingUpdate:
    """A change that has not reached the lock yet."""

    mutation_code: Literal["updating_code", "updating_name", "updating_time_frame"]
    before: JsonObject = field(repr=False)
    after: JsonObject = field(repr=False)
    requested_at: datetime


@dataclass(slots=True)
class Code:
    """An access code. `code` is the PIN."""

    access_code_id: str
    workspace_id: str
    device_id: str
    name: str | None
    code: str | None = field(repr=False)
    created_at: datetime
    phase: Phase
    phase_since: datetime
    type: Literal["ongoing", "time_bound"] = "ongoing"
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    is_managed: bool = True
    is_offline: bool = False
    is_one_time: bool = False
    is_backup: bool = False
    is_external_modification_allowed: bool = False
    common_code_key: str | None = None
    native: bool = True
    use_backup_pool: bool = False
    pulled_backup_id: str | None = None
    errors: list[dict[str, Any]] = field(default_factory=list)
    warnings: list[dict[str, Any]] = field(default_factory=list)
    updates: list[PendingUpdate] = field(default_factory=list)
    was_programmed: bool = False
    used_at: datetime | None = None
    """When it first opened the door at the keypad."""
    deleted: bool = False
    """Gone because somebody asked for it, not because it ended."""
    offline_window: OfflineWindow | None = None
    extra: dict[str, Any] = field(default_factory=dict)
    """Keys the control interface adds to or overrides in answers."""

    @property
    def effective_end(self) -> datetime | None:
        """Return when the code stops working; None for an ongoing code."""
        if self.ends_at is None and self.is_one_time and self.starts_at is not None:
            return self.starts_at + ONE_TIME_DURATION
        return self.ends_at


@dataclass(frozen=True, slots=True)
class OfflineWindow:
    """The rounded window of an offline code, which with the variance is its PIN.

    Outlives the code in Seam: a deleted offline code still opens until its end.
    """

    device_id: str
    kind: Literal["hourly", "daily", "one_time"]
    starts_at: datetime
    ends_at: datetime
    slot: str
    variance: int


@dataclass(slots=True)
class Attempt:
    """An action attempt (reference/seam-api.md §7.4)."""

    action_attempt_id: str
    workspace_id: str
    action_type: str
    created_at: datetime
    device_id: str | None = None
    access_code_id: str | None = None
    status: Literal["pending", "success", "error"] = "pending"
    result: JsonObject | None = field(default=None, repr=False)
    error: JsonObject | None = None
    due: datetime | None = None
    polls_left: int | None = None
    outcome: Literal["success", "error", "pending"] = "success"


@dataclass(slots=True)
class Webhook:
    """A webhook registration."""

    webhook_id: str
    workspace_id: str
    url: str
    event_types: list[str]
    secret: str = field(repr=False)


@dataclass(slots=True)
class Webview:
    """A connect webview: the page on which somebody signs in to igloohome."""

    connect_webview_id: str
    workspace_id: str
    created_at: datetime
    options: Mapping[str, Any]
    status: Literal["pending", "failed", "authorized"] = "pending"
    connected_account_id: str | None = None
    authorized_at: datetime | None = None


@dataclass(slots=True)
class IssuedPin:
    """One PIN the cloud handed out, kept for good."""

    pin: str = field(repr=False)
    access_code_id: str
    device_id: str
    origin: PinOrigin
    at: datetime
    kind: str
    starts_at: datetime | None
    ends_at: datetime | None
    variance: int | None = None


def online_pin(code: Code, origin: PinOrigin, at: datetime) -> IssuedPin:
    """Return the record of an online code's PIN."""
    return IssuedPin(
        pin=code.code or "",
        access_code_id=code.access_code_id,
        device_id=code.device_id,
        origin=origin,
        at=at,
        kind="online",
        starts_at=code.starts_at,
        ends_at=code.ends_at,
    )
