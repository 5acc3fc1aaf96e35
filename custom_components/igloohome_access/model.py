"""Shapes that all modules share: devices, access codes, windows and notices.

Every moment in these shapes is an aware ``datetime`` in UTC; the time zone in
which a window was reasoned about travels beside it by name. Nothing here imports
Home Assistant, so the pure modules can be tested alone. A PIN is only ever in
fields that are left out of ``repr``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from zoneinfo import ZoneInfo

from .work import OnlineWork


class CloudKind(StrEnum):
    """The two clouds an account can live in."""

    IGLOOHOME = "igloohome"
    SEAM = "seam"


class DeviceType(StrEnum):
    """What a device is to a person; unknown types of a cloud are ``OTHER``."""

    LOCK = "lock"
    PADLOCK = "padlock"
    KEYBOX = "keybox"
    KEYPAD = "keypad"
    BRIDGE = "bridge"
    OTHER = "other"


class CodeKind(StrEnum):
    """How an access code is limited; all but ``ONLINE`` are algoPINs."""

    HOURLY = "hourly"
    DAILY = "daily"
    ONE_TIME = "one_time"
    PERMANENT = "permanent"
    ONLINE = "online"

    @property
    def offline(self) -> bool:
        """Return whether the lock never hears of the code (algoPIN)."""
        return self is not CodeKind.ONLINE


class CodeStatus(StrEnum):
    """The status of a code at a moment (design.md §5)."""

    REQUESTED = "requested"
    WAITING_FOR_PIN = "waiting_for_pin"
    SCHEDULED = "scheduled"
    SETTING = "setting"
    ACTIVE = "active"
    UNCONFIRMED = "unconfirmed"
    USED = "used"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"
    REMOVING = "removing"
    FAILED = "failed"

    @property
    def ended(self) -> bool:
        """Return whether the code can no longer open a door."""
        return self in (CodeStatus.USED, CodeStatus.EXPIRED, CodeStatus.FAILED)


class CodeOrigin(StrEnum):
    """Who made a code."""

    ACTION = "action"
    BOOKING = "booking"
    ELSEWHERE = "elsewhere"


class RecordState(StrEnum):
    """What the ledger knows of a request of ours, independent of the clock.

    ``REQUESTED``: written before the request left, outcome unknown.
    ``ISSUED``: the cloud accepted it (on Seam perhaps still without a PIN).
    ``FAILED``: the cloud refused it for good, or it could not be finished.
    """

    REQUESTED = "requested"
    ISSUED = "issued"
    FAILED = "failed"


NO_PLACEHOLDERS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Notice:
    """Something a person should know; ``key`` names its translated text."""

    key: str
    placeholders: Mapping[str, str] = NO_PLACEHOLDERS


@dataclass(frozen=True, slots=True)
class CloudNotice:
    """An error or warning a cloud attached to a device or code, passed through.

    ``code`` is an open string: the lists of both clouds churn
    (reference/seam-api.md §1.3). ``about_code`` is False on an access code for what
    Seam copied there from the device or the account, told apart by which
    ``is_*_error`` key is present (§7.2).
    """

    code: str
    message: str
    error: bool = True
    about_code: bool = True


@dataclass(frozen=True, slots=True)
class Window:
    """When a code works, reasoned about in ``time_zone`` (an IANA name).

    ``starts_at`` is included, ``ends_at`` is not (reference/igloohome-api.md §3.2);
    ``ends_at`` is None for a code without an end. Both are in UTC.
    """

    starts_at: datetime
    ends_at: datetime | None
    time_zone: str

    @property
    def local_start(self) -> datetime:
        """Return the start on the clock of the lock."""
        return self.starts_at.astimezone(ZoneInfo(self.time_zone))

    @property
    def local_end(self) -> datetime | None:
        """Return the end on the clock of the lock."""
        if self.ends_at is None:
            return None
        return self.ends_at.astimezone(ZoneInfo(self.time_zone))


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeRequest:
    """What a person or a booking asks for, before the rules have seen it.

    Naive moments are meant on the clock of the lock. At most one of ``ends_at``,
    ``duration`` (elapsed time) and ``days`` (calendar days) is given.
    """

    kind: CodeKind
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    duration: timedelta | None = None
    days: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CodePlan:
    """A request after the rules: the exact window and all that must be told.

    ``first_use_by`` (UTC) is the deadline of the first use, None where there is
    none. ``notices`` tell every rounding and everything that cannot be undone.
    """

    kind: CodeKind
    window: Window
    first_use_by: datetime | None
    notices: tuple[Notice, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A lock, keypad or bridge as either cloud describes it.

    ``device_id`` is the cloud's own key. ``code_target_id`` is the id that code
    requests go to (the keypad of a retrofit lock, else the lock itself), None
    where the device takes no codes. ``battery_level`` is 0 to 100.
    ``locked`` and ``online`` are None where the cloud cannot know.
    ``code_bridge_id`` is the bridge that reaches ``code_target_id``; it need not be
    the one that operates the lock. ``pin_lengths`` and ``pin_constraints`` (the
    cloud's own words) are what online codes have to keep to, ``max_codes`` how many
    of them fit. ``backup_pool`` tells whether spare codes are kept on the lock, None
    where there can be none.
    """

    device_id: str
    type: DeviceType
    name: str
    model: str | None = None
    manufacturer: str = "igloohome"
    serial_number: str | None = None
    battery_level: int | None = None
    online: bool | None = None
    last_sync: datetime | None = None
    time_zone: str | None = None
    locked: bool | None = None
    can_lock: bool = False
    can_unlock: bool = False
    takes_offline_codes: bool = False
    takes_online_codes: bool = False
    code_target_id: str | None = None
    bridge_id: str | None = None
    keypad_id: str | None = None
    lock_id: str | None = None
    notices: tuple[CloudNotice, ...] = ()
    code_bridge_id: str | None = None
    can_refresh_battery: bool = False
    can_refresh_status: bool = False
    can_read_log: bool = False
    pin_lengths: tuple[int, ...] = ()
    pin_constraints: tuple[str, ...] = ()
    max_codes: int | None = None
    backup_pool: bool | None = None

    @property
    def takes_codes(self) -> bool:
        """Return whether access codes can be made for this device."""
        return self.code_target_id is not None and (
            self.takes_offline_codes or self.takes_online_codes
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteCode:
    """An access code as a cloud that can list codes describes it (Seam).

    ``status``, ``notices`` and ``pending`` are the cloud's own words, kept as
    data (reference/seam-api.md §7.2). ``managed`` is False for codes made in the
    maker's app. ``backup_available``: a spare code can be pulled for this one;
    ``pulled_backup_id`` is the one that was.
    """

    cloud_id: str
    device_id: str
    kind: CodeKind
    name: str | None = None
    pin: str | None = field(default=None, repr=False)
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    created_at: datetime | None = None
    status: str | None = None
    one_time: bool = False
    managed: bool = True
    waiting_for_pin: bool = False
    scheduled_on_device: bool = False
    backup: bool = False
    notices: tuple[CloudNotice, ...] = ()
    pending: tuple[str, ...] = ()
    backup_available: bool = False
    pulled_backup_id: str | None = None
    external_changes_allowed: bool = False


class ActivityKind(StrEnum):
    """What happened at a door, or to the lock on it."""

    UNLOCKED = "unlocked"
    LOCKED = "locked"
    ACCESS_DENIED = "access_denied"
    LOW_BATTERY = "low_battery"
    TAMPERED = "tampered"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """Something that happened at a lock, at its own time, which may be long ago.

    ``activity_id`` is the same each time it is read, and holds nothing of the PIN.
    ``method`` (keycode, manual, automatic, bluetooth, card, remote, fingerprint,
    button, key, …), ``reason`` of a denial and ``word``, the cloud's own name for it,
    are open strings. ``first_use`` is None where the lock does not tell.
    """

    activity_id: str
    device_id: str
    kind: ActivityKind
    happened_at: datetime
    method: str | None = None
    pin: str | None = field(default=None, repr=False)
    cloud_code_id: str | None = None
    first_use: bool | None = None
    reason: str | None = None
    word: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeRecord:
    """A code issued from this Home Assistant, as the ledger keeps it.

    ``code_id`` is ours and never changes; ``cloud_id`` is the cloud's (igloohome's
    ``pinId``, Seam's ``access_code_id``). ``device_id`` is the lock people see,
    ``target_id`` the id the request went to. ``variance`` is igloohome's number
    that makes codes of one window differ. ``superseded_at``, ``forgotten_at`` and
    ``vanished_at`` are moments at which this was learned. ``failure`` is a
    translation key, ``failure_detail`` what the cloud said. ``one_time`` and ``work``,
    what is under way with it, concern online codes. ``booking`` is the tag of the
    stay a code is for (``bookings.model.CodeTag``).
    """

    code_id: str
    device_id: str
    target_id: str
    name: str
    kind: CodeKind
    window: Window
    requested_at: datetime
    state: RecordState = RecordState.REQUESTED
    first_use_by: datetime | None = None
    variance: int | None = None
    cloud_id: str | None = None
    pin: str | None = field(default=None, repr=False)
    issued_at: datetime | None = None
    first_used_at: datetime | None = None
    superseded_at: datetime | None = None
    forgotten_at: datetime | None = None
    vanished_at: datetime | None = None
    failed_at: datetime | None = None
    failure: str | None = None
    failure_detail: str | None = None
    origin: CodeOrigin = CodeOrigin.ACTION
    attempts: int = 0
    one_time: bool = False
    work: OnlineWork | None = None
    booking: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """Everything known of one code: our record, the cloud's view, or both.

    ``record`` is None for codes made elsewhere; ``remote`` is None where the
    cloud cannot list codes or no longer lists this one.
    """

    record: CodeRecord | None = None
    remote: RemoteCode | None = None

    @property
    def code_id(self) -> str:
        """Return the id people and entities use."""
        if self.record is not None:
            return self.record.code_id
        assert self.remote is not None
        return self.remote.cloud_id

    @property
    def name(self) -> str:
        """Return the name the code was given, empty where it has none."""
        if self.record is not None:
            return self.record.name
        assert self.remote is not None
        return self.remote.name or ""

    @property
    def kind(self) -> CodeKind:
        """Return how the code is limited."""
        if self.record is not None:
            return self.record.kind
        assert self.remote is not None
        return self.remote.kind

    @property
    def pin(self) -> str | None:
        """Return the PIN where it is known. A secret."""
        if self.record is not None and self.record.pin is not None:
            return self.record.pin
        return None if self.remote is None else self.remote.pin

    @property
    def starts_at(self) -> datetime | None:
        """Return the start of the window in UTC, None for an ongoing code."""
        if self.record is not None:
            return self.record.window.starts_at
        assert self.remote is not None
        return self.remote.starts_at

    @property
    def ends_at(self) -> datetime | None:
        """Return the end of the window in UTC, None for a code without an end."""
        if self.record is not None:
            return self.record.window.ends_at
        assert self.remote is not None
        return self.remote.ends_at

    @property
    def first_use_by(self) -> datetime | None:
        """Return the deadline of the first use in UTC, where there is one."""
        return None if self.record is None else self.record.first_use_by

    @property
    def origin(self) -> CodeOrigin:
        """Return who made the code."""
        return CodeOrigin.ELSEWHERE if self.record is None else self.record.origin
