"""The one shape both clouds have, and the errors every caller handles.

Callers decide by the class of an error; ``detail`` is what the cloud said, already
free of secrets, for a person to read.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from ..model import CloudKind, CodeKind, Device, RemoteCode, Window


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


class Operation(StrEnum):
    """What can be done to a lock from afar."""

    LOCK = "lock"
    UNLOCK = "unlock"


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
    is when the cloud gives up, where it tells.
    """

    job_id: str
    state: JobState
    detail: str = ""
    confirmed: bool = True
    expires_at: datetime | None = None


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

    async def async_identify(self) -> AccountIdentity:
        """Check the credentials against the live cloud."""

    async def async_list_devices(self) -> tuple[Device, ...]:
        """Return all devices of the account, every page."""

    async def async_create_offline_code(
        self, request: OfflineCodeRequest
    ) -> CreatedCode:
        """Create an algoPIN. A write."""

    async def async_get_codes(self, cloud_ids: Sequence[str]) -> tuple[RemoteCode, ...]:
        """Read codes by id in one request; codes that are gone are left out."""

    async def async_list_codes(
        self, device_id: str, *, managed: bool
    ) -> tuple[RemoteCode, ...]:
        """Return the codes of a lock: the cloud's own, or those of the maker's app."""

    async def async_start(self, device: Device, operation: Operation) -> Job:
        """Start a remote operation. A write."""

    async def async_get_job(self, job: Job) -> Job:
        """Return where an operation stands now."""
