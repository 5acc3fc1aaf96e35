"""What igloohome's cloud and the locks remember.

A device has two sides: what the cloud tells (``battery_level``, ``last_sync``)
and what is true at the door (``real_battery``, the bolt, the lock's own log).
The truth reaches the cloud through a bridge job only.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

type PinKind = Literal["onetime", "hourly", "daily", "permanent"]

UNKNOWN_LOG_TYPE = 48
"""A number that is in no list, for what the raw shape has no known number."""

SCOPE_PREFIX = "igloohomeapi/"
ALL_SCOPES = frozenset(
    {
        "get-devices",
        "algopin-onetime",
        "algopin-hourly",
        "algopin-daily",
        "algopin-permanent",
        "create-pin-bridge-proxied-job",
        "delete-pin-bridge-proxied-job",
        "lock-bridge-proxied-job",
        "unlock-bridge-proxied-job",
        "get-battery-level-bridge-proxied-job",
        "get-device-status-bridge-proxied-job",
        "get-activity-logs-bridge-proxied-job",
        "get-job-status",
        "get-device-activity",
        "store-device-activity",
        "create-ekey-access",
        "get-properties",
        "get-master-pin",
    }
)
"""The scopes of reference/igloohome-api.md §1.2, without their prefix."""


@dataclass(frozen=True, slots=True)
class Client:
    """An API client of the iglooaccess portal; ``home`` is what it can see."""

    client_id: str
    client_secret: str = field(repr=False)
    home: str
    scopes: frozenset[str]
    description: str


@dataclass(frozen=True, slots=True)
class Token:
    """An access token that was handed out."""

    value: str = field(repr=False)
    client: Client
    scopes: frozenset[str]
    expires_at: datetime


@dataclass(slots=True)
class CustomPin:
    """A PIN of 4-6 digits programmed onto a lock by job 4.

    ``pin_type``: 1 one-time, 2 permanent, 4 duration (§4.1).
    """

    pin: str = field(repr=False)
    pin_type: int
    access_name: str
    starts_at: datetime
    ends_at: datetime | None
    used_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class LogRow:
    """A row of a lock's log; what it is called depends on the shape it is told in."""

    activity_type: str
    log_type: int
    at: datetime
    pin: str | None = field(default=None, repr=False)

    def described(self) -> dict[str, Any]:
        """Return the row as §5.1 has it."""
        row: dict[str, Any] = {
            "activityType": self.activity_type,
            "localActionAt": iso(self.at),
            "activityTimeAt": iso(self.at),
            "description": self.activity_type.replace("_", " ").capitalize(),
        }
        return row if self.pin is None else {**row, "pin": self.pin}

    def raw(self) -> dict[str, Any]:
        """Return the row as §5.2 has it."""
        row: dict[str, Any] = {
            "logType": self.log_type,
            "entryDate": int(self.at.timestamp()),
            "keyId": 0,
        }
        return row if self.pin is None else {**row, "pin": self.pin}


@dataclass(slots=True)
class Device:
    """A lock, keypad, bridge or something unknown.

    ``linked`` are device ids. ``keypad``: takes algoPINs and custom PINs.
    ``online`` matters for bridges, ``in_reach`` (of its bridge, by Bluetooth)
    for everything else. ``job_seconds`` overrides the switches for this device.
    """

    device_id: str
    name: str
    type: str = "Lock"
    home: str = "home-main"
    record_id: str = ""
    paired_at: datetime | None = None
    linked: list[str] = field(default_factory=list)
    battery_level: int | None = None
    last_sync: datetime | None = None
    keypad: bool = False
    online: bool = True
    in_reach: bool = True
    real_battery: int | None = None
    locked: bool = True
    relock_at: datetime | None = None
    relock_seconds: float | None = 5.0
    job_seconds: float | None = None
    custom_pins: dict[str, CustomPin] = field(init=False, default_factory=dict)
    lock_log: list[LogRow] = field(init=False, default_factory=list)
    activity: list[LogRow] = field(init=False, default_factory=list)

    def settle(self, now: datetime) -> None:
        """Let the bolt relock itself when its time has come."""
        if self.relock_at is not None and self.relock_at <= now:
            self.locked = True
            self.log("AUTO_RELOCK", UNKNOWN_LOG_TYPE, self.relock_at)
            self.relock_at = None

    def unlock(self, moment: datetime) -> None:
        """Draw the bolt; it relocks after ``relock_seconds`` unless None."""
        self.locked = False
        if self.relock_seconds is not None:
            self.relock_at = moment + timedelta(seconds=self.relock_seconds)

    def lock(self) -> None:
        """Throw the bolt."""
        self.locked = True
        self.relock_at = None

    def log(
        self,
        activity_type: str,
        log_type: int,
        moment: datetime,
        pin: str | None = None,
    ) -> None:
        """Add a row to the lock's own log; job 15 uploads it (§5.1).

        ``log_type`` is what the raw shape of the row says (§5.2).
        """
        self.lock_log.append(LogRow(activity_type, log_type, moment, pin))

    def as_dict(self) -> dict[str, Any]:
        """Return both sides of the device as JSON data, without PIN digits."""
        return {
            "device_id": self.device_id,
            "name": self.name,
            "type": self.type,
            "home": self.home,
            "linked": list(self.linked),
            "battery_level": self.battery_level,
            "real_battery": self.real_battery,
            "last_sync": None if self.last_sync is None else iso(self.last_sync),
            "keypad": self.keypad,
            "online": self.online,
            "in_reach": self.in_reach,
            "locked": self.locked,
            "relock_at": None if self.relock_at is None else iso(self.relock_at),
            "relock_seconds": self.relock_seconds,
            "job_seconds": self.job_seconds,
            "custom_pins": len(self.custom_pins),
            "lock_log": len(self.lock_log),
            "activity": len(self.activity),
        }


@dataclass(slots=True)
class IssuedPin:
    """One algoPIN that was handed out, however often it was asked for.

    ``start`` and ``end`` are the texts of the (first) request; ``pin_ids`` and
    ``access_names`` have one element per time it was handed out.
    """

    device: str
    kind: PinKind
    start: str
    end: str | None
    variance: int
    pin: str = field(repr=False)
    starts_at: datetime
    ends_at: datetime | None
    created_at: datetime
    pin_ids: list[str] = field(default_factory=list)
    access_names: list[str] = field(default_factory=list)
    used_at: datetime | None = None

    @property
    def count(self) -> int:
        """Return how often it was handed out."""
        return len(self.pin_ids)

    @property
    def pin_id(self) -> str:
        """Return the id of the last time it was handed out."""
        return self.pin_ids[-1]

    @property
    def access_name(self) -> str:
        """Return the name of the last request."""
        return self.access_names[-1]

    def as_dict(self) -> dict[str, Any]:
        """Return the record for ``/_control/pins``."""
        return {
            "device": self.device,
            "kind": self.kind,
            "start": self.start,
            "end": self.end,
            "variance": self.variance,
            "pin": self.pin,
            "pinId": self.pin_id,
            "pinIds": list(self.pin_ids),
            "accessName": self.access_name,
            "accessNames": list(self.access_names),
            "count": self.count,
            "used_at": None if self.used_at is None else iso(self.used_at),
        }


@dataclass(slots=True)
class Job:
    """A bridge-proxied job (§4).

    ``outcome``: None while pending, True done, False failed or expired.
    ``settled_at`` is when it ended. ``started_at`` is when the bridge began it.
    """

    job_id: str
    home: str
    device: Device
    bridge_id: str
    job_type: int
    data: Mapping[str, Any] = field(repr=False)
    created_at: datetime
    expires_at: datetime
    started_at: datetime | None = None
    outcome: bool | None = None
    settled_at: datetime | None = None
    op_result: dict[str, Any] = field(default_factory=dict)


def iso(moment: datetime) -> str:
    """Return the cloud's form of a time: whole seconds, ``+00:00`` (§2.2)."""
    return moment.isoformat(timespec="seconds")
