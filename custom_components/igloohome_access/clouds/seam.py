"""Seam: the same locks with a code life cycle that can be read back.

Facts: reference/seam-api.md. A create is never repeated: every one makes a further
code. A new offline code arrives without its PIN (§1.1).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import batched
from typing import Any, override
from zoneinfo import ZoneInfo

from aiohttp import ClientSession

from ..model import Activity, CloudKind, CodeKind, Device, RemoteCode
from ..wall_clock import wire_time
from .answers import UnusableAnswerError
from .base import (
    AccountIdentity,
    Cloud,
    CloudRefusedError,
    CreatedCode,
    EventPage,
    Job,
    OfflineCodeRequest,
    OnlineCodeChange,
    OnlineCodeRequest,
    Operation,
    StartedCode,
)
from .http import HttpPolicy, Memo, utc_now
from .parsing import JsonObject, LastResult, as_id, as_object, as_objects, as_text
from .seam_api import DEFAULT_API_URL, SeamApi, is_personal_access_token
from .seam_codes import parse_code, parse_created, parse_job
from .seam_devices import IGLOOHOME_TYPES, ListedLock, all_devices, parse_lock
from .seam_events import PAGE_SIZE as EVENTS_PAGE_SIZE, parse_events
from .seam_online import (
    change_body,
    create_body,
    parse_attempt,
    parse_backup,
    parse_shared,
    parse_started,
)

__all__ = [
    "DEFAULT_API_URL",
    "SeamCloud",
    "Workspace",
    "is_personal_access_token",
]

PAGE_SIZE = 500
"""Devices in one answer; Seam's own default (§5)."""

CODES_PAGE_SIZE = 1000
"""Codes in one answer, and ids in one request."""

_ONE_TIME_LENGTH = timedelta(hours=24)
_ROUTES = {
    Operation.LOCK: "locks/lock_door",
    Operation.UNLOCK: "locks/unlock_door",
}


@dataclass(frozen=True, slots=True)
class Workspace:
    """A workspace a personal access token can see."""

    workspace_id: str
    name: str
    sandbox: bool


class SeamCloud(Cloud):
    """One workspace of Seam."""

    kind = CloudKind.SEAM
    repeatable_creates = False
    lists_codes = True
    lists_events = True
    reads_activity = False
    operations = frozenset(_ROUTES)

    def __init__(
        self,
        session: ClientSession,
        api_key: str,
        *,
        workspace_id: str | None = None,
        api_url: str = DEFAULT_API_URL,
        policy: HttpPolicy | None = None,
        page_size: int | None = None,
        device_types: frozenset[str] | None = IGLOOHOME_TYPES,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        """Keep the key; nothing is requested yet.

        ``workspace_id`` matters to a personal access token only. ``device_types``
        are those listed; None lists every device that is a lock. ``now`` is the clock.
        """
        self.api = SeamApi(
            session, api_key, workspace_id=workspace_id, api_url=api_url, policy=policy
        )
        self._page_size = page_size or PAGE_SIZE
        self._device_types = device_types
        self._now = now
        self._devices = LastResult(_joined_devices)

    @override
    async def async_identify(self) -> AccountIdentity:
        workspace = await self.api.async_read("workspaces/get", {}, _parse_workspace)
        return AccountIdentity(
            unique_id=workspace.workspace_id, title=workspace.name or "Seam"
        )

    async def async_list_workspaces(self) -> tuple[Workspace, ...]:
        """Return the workspaces a personal access token can see."""
        return await self.api.async_read("workspaces/list", {}, _parse_workspaces)

    @override
    async def async_list_devices(self) -> tuple[Device, ...]:
        pages = await self.api.async_pages(
            "devices/list",
            {"limit": self._page_size},
            "devices",
            partial(parse_lock, types=self._device_types),
            memo=Memo("devices"),
        )
        return self._devices.get(*pages)

    @override
    async def async_create_offline_code(
        self, request: OfflineCodeRequest
    ) -> CreatedCode:
        return await self.api.async_write(
            "access_codes/create", _offline_body(request), parse_created
        )

    @override
    async def async_get_codes(
        self, cloud_ids: Sequence[str], *, part: int | None = None
    ) -> tuple[RemoteCode, ...]:
        found: list[RemoteCode] = []
        for number, ids in enumerate(batched(cloud_ids, CODES_PAGE_SIZE, strict=False)):
            pages = await self.api.async_pages(
                "access_codes/list",
                {"access_code_ids": list(ids), "limit": CODES_PAGE_SIZE},
                "access_codes",
                parse_code,
                memo=None
                if part is None
                else Memo(("codes", part, number), whole=False),
            )
            wanted = set(ids)
            found += [c for page in pages for c in page if c.cloud_id in wanted]
        return tuple(found)

    @override
    async def async_list_codes(
        self, device_id: str, *, managed: bool
    ) -> tuple[RemoteCode, ...]:
        pages = await self.api.async_pages(
            "access_codes/list" if managed else "access_codes/unmanaged/list",
            {"device_id": device_id, "limit": CODES_PAGE_SIZE},
            "access_codes",
            partial(parse_code, managed=managed),
        )
        return tuple(c for page in pages for c in page if c.device_id == device_id)

    @override
    async def async_start(self, device: Device, operation: Operation) -> Job:
        route = _ROUTES.get(operation)
        if route is None:
            raise CloudRefusedError(
                "Seam has no such operation", "operation_not_supported"
            )
        body = {"device_id": device.device_id}
        return await self.api.async_write(route, body, parse_job)

    @override
    async def async_get_job(self, job: Job) -> Job:
        return await self.api.async_read(
            "action_attempts/get",
            {"action_attempt_id": job.job_id},
            partial(parse_job, job=job),
        )

    @override
    async def async_create_online_code(self, request: OnlineCodeRequest) -> StartedCode:
        device = request.device
        if device.code_target_id is None:
            raise CloudRefusedError("The device takes no codes", "no_codes")
        body, starts_at = create_body(request, self._now())
        return await self.api.async_write(
            "access_codes/create",
            {"device_id": device.code_target_id, **body},
            partial(parse_started, starts_at=starts_at),
        )

    @override
    async def async_create_shared_codes(
        self, device_ids: Sequence[str], request: OnlineCodeRequest
    ) -> tuple[RemoteCode, ...]:
        body, _ = create_body(request, self._now())
        return await self.api.async_write(
            "access_codes/create_multiple",
            {"device_ids": list(device_ids), **body},
            partial(parse_shared, number=len(device_ids)),
        )

    @override
    async def async_update_online_code(
        self, cloud_id: str, change: OnlineCodeChange
    ) -> Job | None:
        return await self.api.async_write(
            "access_codes/update", change_body(cloud_id, change), parse_attempt
        )

    @override
    async def async_delete_online_code(
        self, device: Device, *, cloud_id: str | None, pin: str | None
    ) -> Job | None:
        if cloud_id is None:
            raise CloudRefusedError("The id of the code is missing", "id_missing")
        return await self.api.async_write(
            "access_codes/delete", {"access_code_id": cloud_id}, parse_attempt
        )

    @override
    async def async_pull_backup_code(self, cloud_id: str) -> RemoteCode:
        return await self.api.async_write(
            "access_codes/pull_backup_access_code",
            {"access_code_id": cloud_id},
            parse_backup,
        )

    @override
    async def async_read_activity(
        self, device_id: str, since: datetime | None
    ) -> tuple[Activity, ...]:
        raise CloudRefusedError("Seam tells this in its events", "not_supported")

    @override
    async def async_read_events(self, since: datetime) -> EventPage:
        moment = since.astimezone(UTC).isoformat(timespec="milliseconds")
        return await self.api.async_read(
            "events/list", {"since": moment, "limit": EVENTS_PAGE_SIZE}, parse_events
        )


def _joined_devices(*pages: tuple[ListedLock, ...]) -> tuple[Device, ...]:
    """Return the devices of all pages."""
    return all_devices(lock for page in pages for lock in page)


def _offline_body(request: OfflineCodeRequest) -> JsonObject:
    """Return the request for an algoPIN (§8.1, §10.2).

    A one-time code is sent with both times; whether it may still be sent without an
    end is not settled (§17).
    """
    if request.kind is CodeKind.PERMANENT:
        raise CloudRefusedError(
            "Seam makes no permanent offline codes", "permanent_not_supported"
        )
    if not request.kind.offline:
        raise CloudRefusedError("This is no offline code", "kind_not_supported")
    window = request.window
    ends_at = window.ends_at
    if ends_at is None and request.kind is CodeKind.ONE_TIME:
        ends_at = window.starts_at + _ONE_TIME_LENGTH
    if ends_at is None:
        raise CloudRefusedError("The code has no end", "end_missing")
    zone = ZoneInfo(window.time_zone)
    body: JsonObject = {
        "device_id": request.target_id,
        "name": request.name,
        "is_offline_access_code": True,
        "starts_at": wire_time(window.starts_at, zone),
        "ends_at": wire_time(ends_at, zone),
    }
    if request.kind is CodeKind.ONE_TIME:
        body["is_one_time_use"] = True
    elif request.kind is CodeKind.DAILY:
        body["max_time_rounding"] = "1d"
    return body


def _parse_workspace(data: Any) -> Workspace:
    """Return the workspace of a key."""
    workspace = _workspace(as_object(as_object(data).get("workspace")))
    if workspace is None:
        raise UnusableAnswerError("The answer has no workspace")
    return workspace


def _parse_workspaces(data: Any) -> tuple[Workspace, ...]:
    """Return the workspaces of a personal access token."""
    answer = as_object(data)
    if not isinstance(answer.get("workspaces"), list):
        raise UnusableAnswerError("The answer has no list of workspaces")
    found = (_workspace(raw) for raw in as_objects(answer["workspaces"]))
    return tuple(workspace for workspace in found if workspace is not None)


def _workspace(raw: JsonObject) -> Workspace | None:
    """Return a workspace, None if it has no id."""
    workspace_id = as_id(raw.get("workspace_id"))
    if workspace_id is None:
        return None
    name = as_text(raw.get("name")) or workspace_id
    return Workspace(workspace_id, name, raw.get("is_sandbox") is True)
