"""igloohome's own API: algoPINs, devices, bridge jobs, and the logs of locks.

Facts: reference/igloohome-api.md. The PIN of an algoPIN is a function of lock, kind,
window and variance, so a create may be repeated; nothing lists what was created.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
import hashlib
from typing import Any, override
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from aiohttp import ClientSession

from ..model import Activity, CloudKind, CodeKind, Device, RemoteCode
from ..wall_clock import wall_time, wire_time
from .answers import UnusableAnswerError
from .base import (
    AccountIdentity,
    Cloud,
    CloudRefusedError,
    CloudUnreachableError,
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
from .igloohome_api import IgloohomeApi, paged_rows, unwrapped
from .igloohome_devices import ListedDevice, link_devices, parse_listed
from .igloohome_jobs import (
    CREATE_PIN_SCOPE,
    DELETE_PIN_SCOPE,
    JOB_STATUS_SCOPE,
    JOB_TYPES,
    access_name,
    create_body,
    delete_body,
    operation_body,
    parse_job,
    parse_new_job,
)
from .igloohome_log import LogReader
from .parsing import JsonObject, LastResult, as_id, as_pin

DEFAULT_API_URL = "https://api.igloodeveloper.co/igloohome"
DEFAULT_AUTH_URL = "https://auth.igloohome.co/oauth2/token"

MAX_PAGES = 200
"""Pages after which a device list is taken to be endless."""

_KINDS = {
    CodeKind.HOURLY: "hourly",
    CodeKind.DAILY: "daily",
    CodeKind.ONE_TIME: "onetime",
    CodeKind.PERMANENT: "permanent",
}
_DEVICES_SCOPE = "get-devices"
_NO_LISTING = ("igloohome does not list codes", "listing_not_supported")
_NOT_SUPPORTED = "not_supported"

type Page = tuple[ListedDevice, ...]


class IgloohomeCloud(Cloud):
    """One API client of igloohome."""

    kind = CloudKind.IGLOOHOME
    repeatable_creates = True
    lists_codes = False
    lists_events = False
    reads_activity = True
    operations = frozenset(Operation)

    def __init__(
        self,
        session: ClientSession,
        client_id: str,
        client_secret: str,
        *,
        api_url: str = DEFAULT_API_URL,
        auth_url: str = DEFAULT_AUTH_URL,
        policy: HttpPolicy | None = None,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        """Keep the credentials; nothing is requested yet. ``now`` is the clock."""
        self._api = IgloohomeApi(
            session,
            client_id,
            client_secret,
            api_url=api_url,
            auth_url=auth_url,
            policy=policy,
        )
        self._now = now
        self._log = LogReader(self._api)
        self._linked = LastResult(_linked_devices)
        # The client id is half of the credentials and stays out of ids.
        digest = hashlib.sha256(f"igloohome:{client_id}".encode()).hexdigest()
        self._unique_id = digest[:16]

    @override
    async def async_identify(self) -> AccountIdentity:
        await self.async_list_devices()
        token = await self._api.tokens.async_get()
        return AccountIdentity(
            unique_id=self._unique_id, title="igloohome", permissions=token.scopes
        )

    async def async_permissions(self, *, fresh: bool = False) -> frozenset[str] | None:
        """Return the granted scopes without prefix, None where the token is silent.

        Asks for a token only when there is none; one that was added in the portal
        shows in the next (§1.2), which is asked for at once with ``fresh``.
        """
        token = await self._api.tokens.async_get()
        if fresh:
            token = await self._api.tokens.async_replace(token)
        return token.scopes

    @override
    async def async_list_devices(self) -> tuple[Device, ...]:
        pages: list[Page] = []
        cursors: set[str] = set()
        cursor: str | None = None
        while True:
            query = f"?{urlencode({'cursor': cursor})}" if cursor else ""
            page, cursor = await self._api.async_send(
                _DEVICES_SCOPE,
                "/devices",
                query=query,
                parse=_parse_page,
                memo=Memo(("devices", len(pages))),
            )
            pages.append(page)
            if cursor is None:
                break
            if cursor in cursors or len(cursors) >= MAX_PAGES:
                # Half a list would look as if locks had gone.
                raise CloudUnreachableError("The device list has no end")
            cursors.add(cursor)
        token = await self._api.tokens.async_get()
        return self._linked.get(token.scopes, *pages)

    @override
    async def async_create_offline_code(
        self, request: OfflineCodeRequest
    ) -> CreatedCode:
        word = _KINDS.get(request.kind)
        if word is None:
            raise CloudRefusedError("This is no offline code", "kind_not_supported")
        zone = ZoneInfo(request.window.time_zone)
        body: dict[str, Any] = {
            "variance": request.variance,
            "startDate": _whole_hour(request.window.starts_at, zone),
            "accessName": access_name(request.name),
        }
        if request.kind in (CodeKind.HOURLY, CodeKind.DAILY):
            if request.window.ends_at is None:
                raise CloudRefusedError("The code has no end", "end_missing")
            body["endDate"] = _whole_hour(request.window.ends_at, zone)

        def parse(data: Any) -> CreatedCode:
            answer = unwrapped(data)
            pin = as_pin(answer.get("pin"))
            if pin is None:
                raise UnusableAnswerError("The answer has no PIN")
            cloud_id = as_id(answer.get("pinId")) or _surrogate_id(request)
            return CreatedCode(cloud_id=cloud_id, pin=pin)

        return await self._api.async_send(
            f"algopin-{word}",
            f"/devices/{{}}/algopin/{word}",
            request.target_id,
            body=body,
            parse=parse,
        )

    @override
    async def async_get_codes(
        self, cloud_ids: Sequence[str], *, part: int | None = None
    ) -> tuple[RemoteCode, ...]:
        raise CloudRefusedError(*_NO_LISTING)

    @override
    async def async_list_codes(
        self, device_id: str, *, managed: bool
    ) -> tuple[RemoteCode, ...]:
        raise CloudRefusedError(*_NO_LISTING)

    @override
    async def async_start(self, device: Device, operation: Operation) -> Job:
        return await self._async_job(
            JOB_TYPES[operation].scope,
            device.device_id,
            device.bridge_id,
            operation_body(operation, self._now()),
        )

    @override
    async def async_get_job(self, job: Job) -> Job:
        return await self._api.async_send(
            JOB_STATUS_SCOPE,
            "/jobs/{}",
            job.job_id,
            parse=lambda data: parse_job(job, data),
        )

    @override
    async def async_create_online_code(self, request: OnlineCodeRequest) -> StartedCode:
        device = request.device
        body, starts_at = create_body(request, self._now())
        job = await self._async_job(
            CREATE_PIN_SCOPE, device.code_target_id, device.code_bridge_id, body
        )
        return StartedCode(pin=request.pin, job=job, starts_at=starts_at)

    @override
    async def async_create_shared_codes(
        self, device_ids: Sequence[str], request: OnlineCodeRequest
    ) -> tuple[RemoteCode, ...]:
        raise CloudRefusedError("igloohome has no shared codes", _NOT_SUPPORTED)

    @override
    async def async_update_online_code(
        self, cloud_id: str, change: OnlineCodeChange
    ) -> Job | None:
        raise CloudRefusedError("igloohome cannot change a code", _NOT_SUPPORTED)

    @override
    async def async_delete_online_code(
        self, device: Device, *, cloud_id: str | None, pin: str | None
    ) -> Job | None:
        if pin is None:
            raise CloudRefusedError("The digits are missing", "pin_missing")
        return await self._async_job(
            DELETE_PIN_SCOPE,
            device.code_target_id,
            device.code_bridge_id,
            delete_body(pin),
        )

    @override
    async def async_pull_backup_code(self, cloud_id: str) -> RemoteCode:
        raise CloudRefusedError("igloohome has no backup codes", _NOT_SUPPORTED)

    @override
    async def async_read_events(self, since: datetime) -> EventPage:
        raise CloudRefusedError("igloohome lists no events", _NOT_SUPPORTED)

    @override
    async def async_read_activity(
        self, device_id: str, since: datetime | None
    ) -> tuple[Activity, ...]:
        return await self._log.async_read(device_id, since)

    async def _async_job(
        self,
        scope: str,
        target_id: str | None,
        bridge_id: str | None,
        body: JsonObject,
    ) -> Job:
        """Give a job to a bridge."""
        if target_id is None or bridge_id is None:
            raise CloudRefusedError("The lock has no bridge", "no_bridge")
        return await self._api.async_send(
            scope,
            "/devices/{}/jobs/bridges/{}",
            target_id,
            bridge_id,
            body=body,
            parse=parse_new_job,
        )


def _linked_devices(scopes: frozenset[str] | None, *pages: Page) -> tuple[Device, ...]:
    """Return the devices of all pages."""
    return link_devices((item for page in pages for item in page), scopes)


def _whole_hour(moment: datetime, zone: ZoneInfo) -> str:
    """Return a moment as the API wants it: ``YYYY-MM-DDTHH:00:00+hh:mm`` (§3.2).

    Raises CloudRefusedError for a moment off the hour: moving it here would make
    another code than was promised.
    """
    local = wall_time(moment, zone)
    if local.minute or local.second or local.microsecond:
        raise CloudRefusedError(
            "The time is not on the hour of the lock", "not_on_the_hour"
        )
    return wire_time(moment, zone)


def _surrogate_id(request: OfflineCodeRequest) -> str:
    """Return an id for a code whose answer has none: what its PIN depends on."""
    window = request.window
    parts = (
        request.target_id,
        request.kind,
        window.starts_at.isoformat(),
        "" if window.ends_at is None else window.ends_at.isoformat(),
        str(request.variance),
    )
    return f"local-{hashlib.sha256('|'.join(parts).encode()).hexdigest()[:24]}"


def _parse_page(data: Any) -> tuple[Page, str | None]:
    """Return the devices of a page and the cursor of the next one."""
    rows, cursor = paged_rows(data, "devices")
    listed = (parse_listed(raw) for raw in rows)
    return tuple(item for item in listed if item is not None), cursor
