"""The one shape both clouds have, and the errors every caller handles.

Callers decide by the class of an error; ``detail`` is what the cloud said, already
free of secrets, for a person to read.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from ..model import Activity, CloudKind, CodeKind, Device, RemoteCode, Window


class CloudError(Exception):
    """Base of everything that can go wrong with a cloud."""

    def __init__(self, detail: str = "") -> None:
        """Keep what the cloud said, without secrets."""
        super().__init__(detail)
        self.detail = detail


class CloudAuthError(CloudError):
    """The credentials were refused."""


class CloudPermissionError(CloudError):
    """The credentials are right but a permission (scope) is missing."""

    def __init__(self, detail: str = "", permission: str = "") -> None:
        """Keep the name of the missing permission where it is known."""
        super().__init__(detail)
        self.permission = permission


class CloudNotFoundError(CloudError):
    """The cloud does not know the device, code or job."""


class CloudRefusedError(CloudError):
    """The cloud understood the request and refused it; nothing was done.

    ``reason`` is the cloud's machine-readable word for it, an open string.
    """

    def __init__(self, detail: str = "", reason: str = "") -> None:
        """Keep the reason beside the text."""
        super().__init__(detail)
        self.reason = reason


class BridgeOfflineError(CloudRefusedError):
    """The bridge a request has to go through is not reachable."""


class BridgeBusyError(CloudRefusedError):
    """The bridge has as many jobs waiting as it takes; they end within minutes."""


class DuplicateCodeError(CloudRefusedError):
    """The lock has a code with these digits, or a job with them is under way."""


class LockFullError(CloudRefusedError):
    """The lock has no room for another code."""


class CloudRateLimitedError(CloudError):
    """Too many requests; nothing was done. ``retry_after`` is in seconds."""

    def __init__(self, detail: str = "", retry_after: float | None = None) -> None:
        """Keep how long to wait, where the cloud said so."""
        super().__init__(detail)
        self.retry_after = retry_after


class CloudUnreachableError(CloudError):
    """No usable answer, and the request certainly did nothing."""


class OutcomeUnknownError(CloudError):
    """The request left but its answer is missing or unreadable.

    It may have been carried out: never repeat it blindly.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountIdentity:
    """Who the credentials belong to, after a live check.

    ``unique_id`` is stable and not a secret; ``title`` is for people.
    ``permissions`` are the granted igloohome scopes without their prefix, None
    where the cloud does not tell.
    """

    unique_id: str
    title: str
    permissions: frozenset[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OfflineCodeRequest:
    """An algoPIN to create; ``target_id`` is the device with the keypad.

    ``variance`` matters to igloohome only.
    """

    target_id: str
    name: str
    kind: CodeKind
    window: Window
    variance: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CreatedCode:
    """The cloud's answer to a create; ``pin`` is None until Seam assigns it."""

    cloud_id: str
    pin: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class OnlineCodeRequest:
    """A code to put onto a lock through its bridge.

    ``device`` is the lock people see; the request goes to its ``code_target_id``.
    Without a ``pin`` Seam draws one; igloohome needs it. Moments are in UTC and are
    sent in ``time_zone`` (an IANA name). No start, or one that has passed, means now;
    no end means until it is deleted. What is below ``one_time`` concerns Seam only,
    ``one_time`` itself igloohome only.
    """

    device: Device
    name: str
    pin: str | None = field(default=None, repr=False)
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    time_zone: str = "UTC"
    one_time: bool = False
    prefer_native_scheduling: bool = True
    allow_external_changes: bool = False
    use_backup_pool: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OnlineCodeChange:
    """What to change of an online code; None leaves a thing as it is.

    ``ongoing`` takes the window away. To give an ongoing code a window both moments
    are needed; they are in UTC and are sent in ``time_zone``.
    """

    name: str | None = None
    pin: str | None = field(default=None, repr=False)
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    ongoing: bool = False
    time_zone: str = "UTC"


class Operation(StrEnum):
    """What can be done to a lock from afar."""

    LOCK = "lock"
    UNLOCK = "unlock"
    REFRESH_BATTERY = "refresh_battery"
    REFRESH_STATUS = "refresh_status"
    READ_LOG = "read_log"


class JobState(StrEnum):
    """Where a remote operation stands."""

    PENDING = "pending"
    DONE = "done"
    FAILED = "failed"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A remote operation under way (bridge job or action attempt).

    ``confirmed`` is False where the cloud says that the lock itself did not
    confirm; ``detail`` is the cloud's reason for a failure. ``expires_at`` (UTC)
    is when the cloud gives up, where it tells. ``battery_level`` (0 to 100) and
    ``locked`` are results, where the operation has them and the cloud tells.
    """

    job_id: str
    state: JobState
    detail: str = ""
    confirmed: bool = True
    expires_at: datetime | None = None
    battery_level: int | None = None
    locked: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StartedCode:
    """An online code on its way to the lock.

    ``cloud_id`` is None where the cloud has no ids for such codes (igloohome); it is
    then known by its ``pin`` alone. ``job`` is None where the cloud names none.
    ``starts_at`` (UTC) is the start that was sent, None if none was.
    """

    cloud_id: str | None = None
    pin: str | None = field(default=None, repr=False)
    job: Job | None = None
    starts_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeEvent:
    """Something happened to a code, for example ``access_code.set_on_device``.

    A reason to read the code again; there is no PIN in it.
    """

    event_id: str
    cloud_code_id: str
    device_id: str | None
    type: str
    happened_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountEvent:
    """Something happened to the maker's account behind the cloud's.

    For example ``connected_account.disconnected``. A reason to read again.
    """

    event_id: str
    account_id: str | None
    type: str
    happened_at: datetime


type CloudEvent = Activity | CodeEvent | AccountEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class EventPage:
    """The events of an account, oldest first.

    ``newest`` is the newest moment among all that were sent, also those without a
    meaning here; ask again from there, or a little earlier, and drop known ids. Not
    ``complete``: there may have been more than one answer holds.
    """

    events: tuple[CloudEvent, ...]
    newest: datetime | None
    complete: bool = True


class Cloud(Protocol):
    """A cloud account. Every method raises only the errors of this module.

    A method that reads is retried inside; a method that writes is sent once, and
    raises ``OutcomeUnknownError`` when its answer is lost.
    """

    kind: CloudKind
    repeatable_creates: bool
    """Whether a create may be repeated and then gives the same code (igloohome)."""
    lists_codes: bool
    """Whether codes can be read back (Seam). Where they cannot, reading codes raises
    ``CloudRefusedError``: an empty answer would look as if all codes were gone."""
    lists_events: bool
    """Whether one request tells what happened in the account (Seam)."""
    reads_activity: bool
    """Whether each lock has a log that can be read (igloohome)."""
    operations: frozenset[Operation]
    """What the cloud has at all; the flags of a device tell what works on it."""

    async def async_identify(self) -> AccountIdentity:
        """Check the credentials against the live cloud."""

    async def async_list_devices(self) -> tuple[Device, ...]:
        """Return all devices of the account, every page."""

    async def async_create_offline_code(
        self, request: OfflineCodeRequest
    ) -> CreatedCode:
        """Create an algoPIN. A write."""

    async def async_get_codes(
        self, cloud_ids: Sequence[str], *, part: int | None = None
    ) -> tuple[RemoteCode, ...]:
        """Read codes by id in one request; codes that are gone are left out.

        ``part`` numbers a request that is made again and again: as long as its
        answer does not change, the codes are the same objects.
        """

    async def async_list_codes(
        self, device_id: str, *, managed: bool
    ) -> tuple[RemoteCode, ...]:
        """Return the codes of a lock: the cloud's own, or those of the maker's app."""

    async def async_start(self, device: Device, operation: Operation) -> Job:
        """Start a remote operation. A write.

        Where the cloud has no such operation: ``operation_not_supported``.
        """

    async def async_get_job(self, job: Job) -> Job:
        """Return where an operation stands now."""

    async def async_create_online_code(self, request: OnlineCodeRequest) -> StartedCode:
        """Put a code onto a lock through its bridge. A write.

        Raises DuplicateCodeError, LockFullError, BridgeOfflineError or
        BridgeBusyError where it is refused for that; what the lock itself says comes
        with the job or stands in the code.
        """

    async def async_create_shared_codes(
        self, device_ids: Sequence[str], request: OnlineCodeRequest
    ) -> tuple[RemoteCode, ...]:
        """Put one code onto several locks, onto all of them or none (Seam). A write.

        The device of the request is left aside.
        """

    async def async_update_online_code(
        self, cloud_id: str, change: OnlineCodeChange
    ) -> Job | None:
        """Change an online code where it is (Seam). A write."""

    async def async_delete_online_code(
        self, device: Device, *, cloud_id: str | None, pin: str | None
    ) -> Job | None:
        """Take an online code off a lock; igloohome needs ``pin``, Seam the id.

        A write. CloudNotFoundError: the code (on igloohome the lock) is gone already.
        """

    async def async_pull_backup_code(self, cloud_id: str) -> RemoteCode:
        """Take a spare code that is on the lock already for this one (Seam).

        A write, but one that gives the same code when it is repeated.
        """

    async def async_read_activity(
        self, device_id: str, since: datetime | None
    ) -> tuple[Activity, ...]:
        """Return the log of one lock or keypad from ``since`` on, oldest first.

        The cloud has what the last READ_LOG brought, each row once. Rows arrive late:
        choose ``since`` with days to spare and drop known ids.
        """

    async def async_read_events(self, since: datetime) -> EventPage:
        """Return what happened in the account after ``since``, in one request."""
