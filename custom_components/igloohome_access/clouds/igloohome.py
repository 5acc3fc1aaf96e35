"""igloohome's own API: algoPINs, devices, and bridge jobs.

Facts: reference/igloohome-api.md. The PIN of an algoPIN is a function of lock, kind,
window and variance, so a create may be repeated; nothing lists what was created.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from datetime import datetime
import hashlib
from typing import Any, override
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from aiohttp import ClientSession
import orjson

from ..model import CloudKind, CodeKind, Device, RemoteCode
from .answers import Refusal, UnusableAnswerError
from .base import (
    AccountIdentity,
    BridgeOfflineError,
    Cloud,
    CloudAuthError,
    CloudError,
    CloudPermissionError,
    CloudRefusedError,
    CloudUnreachableError,
    CreatedCode,
    Job,
    JobState,
    OfflineCodeRequest,
    Operation,
)
from .http import Call, HttpClient, HttpPolicy
from .igloohome_devices import (
    LOCK_SCOPE,
    UNLOCK_SCOPE,
    ListedDevice,
    link_devices,
    parse_listed,
)
from .igloohome_token import Token, TokenKeeper
from .parsing import (
    LastResult,
    as_id,
    as_moment,
    as_number,
    as_object,
    as_objects,
    as_pin,
)

DEFAULT_API_URL = "https://api.igloodeveloper.co/igloohome"
DEFAULT_AUTH_URL = "https://auth.igloohome.co/oauth2/token"

MAX_PAGES = 200
"""Pages after which a device list is taken to be endless."""

MAX_NAME_LENGTH = 60
"""Characters of ``accessName`` (§3.2)."""

_KINDS = {
    CodeKind.HOURLY: "hourly",
    CodeKind.DAILY: "daily",
    CodeKind.ONE_TIME: "onetime",
    CodeKind.PERMANENT: "permanent",
}
# jobType and scope (§4.1)
_OPERATIONS = {
    Operation.LOCK: (1, LOCK_SCOPE),
    Operation.UNLOCK: (2, UNLOCK_SCOPE),
}
_DEVICES_SCOPE = "get-devices"
_JOB_SCOPE = "get-job-status"
_NO_LISTING = ("igloohome does not list codes", "listing_not_supported")
_JOB_DONE = 0
_JOB_FAILED = 2

type Page = tuple[ListedDevice, ...]


class IgloohomeCloud(Cloud):
    """One API client of igloohome."""

    kind = CloudKind.IGLOOHOME
    repeatable_creates = True
    lists_codes = False

    def __init__(
        self,
        session: ClientSession,
        client_id: str,
        client_secret: str,
        *,
        api_url: str = DEFAULT_API_URL,
        auth_url: str = DEFAULT_AUTH_URL,
        policy: HttpPolicy | None = None,
    ) -> None:
        """Keep the credentials; nothing is requested yet."""
        self._http = HttpClient(session, "igloohome", policy)
        self._tokens = TokenKeeper(self._http, client_id, client_secret, auth_url)
        self._api_url = api_url.rstrip("/")
        self._linked = LastResult(_linked_devices)
        # The client id is half of the credentials and stays out of ids.
        digest = hashlib.sha256(f"igloohome:{client_id}".encode()).hexdigest()
        self._unique_id = digest[:16]

    @override
    async def async_identify(self) -> AccountIdentity:
        await self.async_list_devices()
        token = await self._tokens.async_get()
        return AccountIdentity(
            unique_id=self._unique_id, title="igloohome", permissions=token.scopes
        )

    @override
    async def async_list_devices(self) -> tuple[Device, ...]:
        pages: list[Page] = []
        cursors: set[str] = set()
        cursor: str | None = None
        while True:
            query = f"?{urlencode({'cursor': cursor})}" if cursor else ""
            page, cursor = await self._async_send(
                _DEVICES_SCOPE,
                "/devices",
                query=query,
                parse=_parse_page,
                memo=("devices", len(pages)),
            )
            pages.append(page)
            if cursor is None:
                break
            if cursor in cursors or len(cursors) >= MAX_PAGES:
                # Half a list would look as if locks had gone.
                raise CloudUnreachableError("The device list has no end")
            cursors.add(cursor)
        token = await self._tokens.async_get()
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
            "startDate": wire_time(request.window.starts_at, zone),
            "accessName": request.name[:MAX_NAME_LENGTH].strip() or "Home Assistant",
        }
        if request.kind in (CodeKind.HOURLY, CodeKind.DAILY):
            if request.window.ends_at is None:
                raise CloudRefusedError("The code has no end", "end_missing")
            body["endDate"] = wire_time(request.window.ends_at, zone)

        def parse(data: Any) -> CreatedCode:
            answer = _unwrapped(data)
            pin = as_pin(answer.get("pin"))
            if pin is None:
                raise UnusableAnswerError("The answer has no PIN")
            cloud_id = as_id(answer.get("pinId")) or _surrogate_id(request)
            return CreatedCode(cloud_id=cloud_id, pin=pin)

        return await self._async_send(
            f"algopin-{word}",
            f"/devices/{{}}/algopin/{word}",
            request.target_id,
            body=body,
            parse=parse,
        )

    @override
    async def async_get_codes(self, cloud_ids: Sequence[str]) -> tuple[RemoteCode, ...]:
        raise CloudRefusedError(*_NO_LISTING)

    @override
    async def async_list_codes(
        self, device_id: str, *, managed: bool
    ) -> tuple[RemoteCode, ...]:
        raise CloudRefusedError(*_NO_LISTING)

    @override
    async def async_start(self, device: Device, operation: Operation) -> Job:
        if device.bridge_id is None:
            raise CloudRefusedError("The lock has no bridge", "no_bridge")
        job_type, scope = _OPERATIONS[operation]
        return await self._async_send(
            scope,
            "/devices/{}/jobs/bridges/{}",
            device.device_id,
            device.bridge_id,
            body={"jobType": job_type, "jobData": None},
            parse=_parse_new_job,
        )

    @override
    async def async_get_job(self, job: Job) -> Job:
        return await self._async_send(
            _JOB_SCOPE,
            "/jobs/{}",
            job.job_id,
            parse=lambda data: _parse_job(job, _unwrapped(data)),
        )

    async def _async_send[T](
        self,
        scope: str,
        template: str,
        *ids: str,
        parse: Callable[[Any], T],
        query: str = "",
        body: dict[str, Any] | None = None,
        memo: Hashable | None = None,
    ) -> T:
        """Send a call with the token, and once more if a new token may help.

        A call with a ``body`` is a write, one without is a read. Also a write may be
        repeated here: a 401 or 403 certainly did nothing.
        """
        token = await self._tokens.async_get_for(scope)
        path = template.format(*(quote(i, safe="") for i in ids))
        for last in (False, True):
            call = self._call(token, scope, template, f"{path}{query}", body)
            try:
                if body is not None:
                    return await self._http.async_write(call, parse)
                return await self._http.async_read(call, parse, memo=memo)
            except CloudAuthError:
                if last:
                    raise
                token = await self._tokens.async_replace(token)
            except CloudPermissionError:
                # An ended token might be answered like a missing scope (§9).
                if last or token.after_refusal:
                    raise
                token = await self._tokens.async_replace(token, after_refusal=True)
        raise AssertionError

    def _call(
        self,
        token: Token,
        scope: str,
        template: str,
        path: str,
        body: dict[str, Any] | None,
    ) -> Call:
        """Return a call with its headers."""
        headers = {
            "Authorization": f"Bearer {token.value}",
            "Accept": "application/json",
        }
        if body is not None:
            headers["Content-Type"] = "application/json"
        return Call(
            method="GET" if body is None else "POST",
            url=f"{self._api_url}{path}",
            template=template,
            headers=headers,
            body=None if body is None else orjson.dumps(body),
            secrets=self._tokens.secrets,
            explain=lambda refusal: _explain(refusal, scope),
        )


def _linked_devices(scopes: frozenset[str] | None, *pages: Page) -> tuple[Device, ...]:
    """Return the devices of all pages."""
    return link_devices((item for page in pages for item in page), scopes)


def wire_time(moment: datetime, zone: ZoneInfo) -> str:
    """Return a moment as the API wants it: ``YYYY-MM-DDTHH:00:00+hh:mm`` (§3.2).

    The offset is the zone's at that very moment. Raises CloudRefusedError for a
    moment off the hour: moving it here would make another code than was promised.
    """
    local = moment.astimezone(zone)
    if local.minute or local.second or local.microsecond:
        raise CloudRefusedError(
            "The time is not on the hour of the lock", "not_on_the_hour"
        )
    return local.isoformat(timespec="seconds")


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


def _unwrapped(data: Any) -> dict[str, Any]:
    """Return an object that may stand in an envelope ``payload`` (§2.1)."""
    answer = as_object(data)
    return as_object(answer["payload"]) if "payload" in answer else answer


def _parse_page(data: Any) -> tuple[Page, str | None]:
    """Return the devices of a page and the cursor of the next one."""
    rows = data if isinstance(data, list) else as_object(data).get("payload")
    if not isinstance(rows, list):
        raise UnusableAnswerError("The answer has no list of devices")
    cursor = as_id(data.get("nextCursor")) if isinstance(data, dict) else None
    listed = (parse_listed(raw) for raw in as_objects(rows))
    return tuple(item for item in listed if item is not None), cursor


def _parse_new_job(data: Any) -> Job:
    """Return the job that was made."""
    job_id = as_id(_unwrapped(data).get("jobId"))
    if job_id is None:
        raise UnusableAnswerError("The answer has no job")
    return Job(job_id=job_id, state=JobState.PENDING)


def _parse_job(job: Job, answer: dict[str, Any]) -> Job:
    """Return where a job stands (§4.2).

    ``jobResponse`` may be missing, null or empty until the end. Done is a job with
    status 0; where the answer calls it unfinished, only if the lock's own result is
    there too. A failed one without such a result is one that the lock never got.
    """
    if "completed" not in answer and "jobResponse" not in answer:
        raise UnusableAnswerError("The answer has no job")
    response = as_object(answer.get("jobResponse"))
    status = as_number(response.get("jobStatus"))
    result = as_number(as_object(response.get("opResult")).get("result"))
    completed = answer.get("completed") is True
    expires_at = as_moment(answer.get("expiryDate")) or job.expires_at
    state, detail = JobState.PENDING, ""
    if status == _JOB_FAILED:
        state = JobState.EXPIRED if result is None else JobState.FAILED
    elif result and (completed or status == _JOB_DONE):
        state = JobState.FAILED
    elif status == _JOB_DONE and (completed or result == 0):
        state = JobState.DONE
    elif completed:
        state = JobState.DONE if status is None else JobState.FAILED
    if state is JobState.FAILED:
        detail = f"job status {status}, result {result}"
    return replace(
        job,
        state=state,
        detail=detail,
        confirmed=state is not JobState.DONE or result == 0,
        expires_at=expires_at,
    )


def _explain(refusal: Refusal, scope: str) -> CloudError | None:
    """Return what a refusal of the API means (§3.4, §4.3)."""
    if refusal.status == 403:
        return CloudPermissionError(refusal.detail, scope)
    if refusal.status != 406:
        return None
    text = refusal.detail.casefold()
    if "contact bridge" in text or "offline" in text:
        return BridgeOfflineError(refusal.detail, "bridge_offline")
    if "existing job" in text:
        return CloudRefusedError(refusal.detail, "duplicate_job")
    if "pending" in text or "too many" in text:
        return CloudRefusedError(refusal.detail, "too_many_jobs")
    return CloudRefusedError(refusal.detail, "not_acceptable")
