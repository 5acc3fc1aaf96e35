"""Transport, credentials, paging, operations and errors, as Seam itself fakes them.

What the fake cannot do (filters of the code list, offline codes, igloohome locks) is
the business of the project's own simulator.
"""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from custom_components.igloohome_access.clouds.base import (
    CloudAuthError,
    CloudNotFoundError,
    CloudRefusedError,
    CloudUnreachableError,
    DuplicateCodeError,
    Job,
    JobState,
    OnlineCodeChange,
    OnlineCodeRequest,
    Operation,
    OutcomeUnknownError,
)
from custom_components.igloohome_access.clouds.seam import SeamCloud, Workspace
from custom_components.igloohome_access.clouds.seam_codes import parse_created
from custom_components.igloohome_access.model import (
    Activity,
    ActivityKind,
    CodeKind,
    Device,
)
from tests.clouds.samples import code_request

from .conftest import ACCESS_TOKEN, WORKSPACE, Control, MakeCloud

LOCKS = {"august_device_1", "august_device_2", "schlage_device_id"}
# The fake says of these that they can be locked too.
OTHERS = {"ecobee_device_1", "minut_device_1"}


async def lock_of(cloud: SeamCloud) -> Device:
    """Return a lock that can be operated."""
    devices = {d.device_id: d for d in await cloud.async_list_devices()}
    return devices["august_device_1"]


async def test_key(cloud: SeamCloud) -> None:
    """A key opens its workspace."""
    assert (await cloud.async_identify()).unique_id == WORKSPACE


async def test_wrong_key(make_cloud: MakeCloud) -> None:
    """A wrong key is refused, however the fake says it."""
    for call in (
        make_cloud("seam_nope").async_identify(),
        make_cloud("seam_nope").async_list_devices(),
    ):
        with pytest.raises(CloudAuthError):
            await call


async def test_personal_access_token(make_cloud: MakeCloud) -> None:
    """A personal access token lists its workspaces and then needs one of them."""
    cloud = make_cloud(ACCESS_TOKEN, workspace_id=WORKSPACE)
    workspaces = await make_cloud(ACCESS_TOKEN).async_list_workspaces()
    assert WORKSPACE in [workspace.workspace_id for workspace in workspaces]
    assert all(isinstance(workspace, Workspace) for workspace in workspaces)
    assert (await cloud.async_identify()).unique_id == WORKSPACE


@pytest.mark.parametrize("page_size", [1, 2, 5, 500])
async def test_pages(make_cloud: MakeCloud, page_size: int) -> None:
    """All pages are read, whatever their size."""
    devices = await make_cloud(page_size=page_size).async_list_devices()
    assert {device.device_id for device in devices} == LOCKS | OTHERS


async def test_device(cloud: SeamCloud) -> None:
    """The fake's locks are understood."""
    lock = await lock_of(cloud)
    assert lock.name == "Smart Device"
    assert lock.online is True
    assert lock.can_lock
    assert lock.can_unlock
    assert lock.battery_level is not None


async def test_other_makers_are_left_out(make_cloud: MakeCloud) -> None:
    """The fake has no igloohome lock."""
    igloohome = make_cloud(device_types=frozenset({"igloohome_lock"}))
    assert await igloohome.async_list_devices() == ()
    august = make_cloud(device_types=frozenset({"august_lock"}))
    found = await august.async_list_devices()
    assert {device.device_id for device in found} == LOCKS - {"schlage_device_id"}


@pytest.mark.parametrize("operation", [Operation.LOCK, Operation.UNLOCK])
async def test_operation(cloud: SeamCloud, operation: Operation) -> None:
    """An attempt is pending first; a success without a result counts."""
    job = await cloud.async_start(await lock_of(cloud), operation)
    assert job.state is JobState.PENDING
    job = await cloud.async_get_job(job)
    assert (job.state, job.confirmed) == (JobState.DONE, True)
    assert (await lock_of(cloud)).locked is (operation is Operation.LOCK)


async def test_failed_operation(cloud: SeamCloud, control: Control) -> None:
    """A failed attempt tells why."""
    job = await cloud.async_start(await lock_of(cloud), Operation.UNLOCK)
    await control(
        "update_action_attempt",
        {
            "action_attempt_id": job.job_id,
            "status": "error",
            "error": {"type": "uncategorized_error", "message": "boom"},
        },
    )
    job = await cloud.async_get_job(job)
    assert (job.state, job.detail) == (JobState.FAILED, "boom")


async def test_pending_operation(cloud: SeamCloud, control: Control) -> None:
    """An attempt may stay pending."""
    job = await cloud.async_start(await lock_of(cloud), Operation.UNLOCK)
    body = {"action_attempt_id": job.job_id, "status": "pending"}
    await control("update_action_attempt", body)
    for _ in range(3):
        job = await cloud.async_get_job(job)
        assert job.state is JobState.PENDING


@pytest.fixture
async def outage(control: Control) -> AsyncGenerator[None]:
    """Let the workspace fail, and end that after the test."""
    routes = ["/devices/list", "/locks/unlock_door", "/access_codes/create"]
    await control(
        "simulate_workspace_outage", {"workspace_id": WORKSPACE, "routes": routes}
    )
    yield
    await control(
        "simulate_workspace_outage", {"workspace_id": WORKSPACE, "routes": []}
    )


async def test_outage(cloud: SeamCloud, outage: None, control: Control) -> None:
    """An empty 503: a read is impossible, a write of unknown outcome."""
    with pytest.raises(CloudUnreachableError, match="HTTP 503"):
        await cloud.async_list_devices()
    with pytest.raises(OutcomeUnknownError, match="HTTP 503"):
        await cloud.async_create_offline_code(code_request("august_device_1"))
    await control(
        "simulate_workspace_outage", {"workspace_id": WORKSPACE, "routes": []}
    )
    assert await cloud.async_list_devices()


async def test_not_found(cloud: SeamCloud) -> None:
    """Unknown ids are 404."""
    lock = await lock_of(cloud)
    with pytest.raises(CloudNotFoundError):
        await cloud.async_start(
            Device(device_id="nope", type=lock.type, name=""), Operation.UNLOCK
        )
    with pytest.raises(CloudNotFoundError):
        await cloud.async_get_job(Job(job_id="nope", state=JobState.PENDING))


async def test_missing_route(cloud: SeamCloud) -> None:
    """A route the server does not have is a 404 in plain text."""
    with pytest.raises(CloudNotFoundError):
        await cloud.api.async_read("access_codes/get_timeline", {}, str)


async def test_invalid_input(cloud: SeamCloud) -> None:
    """Which parameter is wrong is told."""
    with pytest.raises(CloudRefusedError) as caught:
        await cloud.api.async_write("locks/unlock_door", {}, str)
    assert caught.value.reason == "invalid_input"
    assert caught.value.detail


async def test_codes(cloud: SeamCloud) -> None:
    """A code is made, read back by id and by lock, and not made twice."""
    body = {"device_id": "schlage_device_id", "name": "Guest", "code": "2580"}
    created = await cloud.api.async_write("access_codes/create", body, parse_created)
    (by_id,) = await cloud.async_get_codes([created.cloud_id])
    assert (by_id.kind, by_id.name, by_id.pin) == (CodeKind.ONLINE, "Guest", "2580")
    assert by_id.status == "setting"
    by_lock = await cloud.async_list_codes("schlage_device_id", managed=True)
    assert by_lock == (by_id,)
    assert await cloud.async_list_codes("schlage_device_id", managed=False) == ()
    with pytest.raises(CloudRefusedError) as caught:
        await cloud.api.async_write("access_codes/create", body, parse_created)
    assert caught.value.reason == "duplicate_access_code"
    assert "2580" not in caught.value.detail


def online_request(device: Device, **values: Any) -> OnlineCodeRequest:
    """Return a request for a code that the fake makes."""
    return OnlineCodeRequest(**{"device": device, "name": "Guest", **values})


async def test_online_code(cloud: SeamCloud) -> None:
    """A code is made, changed and deleted; the fake answers a create without a job."""
    lock = await lock_of(cloud)
    request = online_request(lock, pin="3690")
    started = await cloud.async_create_online_code(request)
    assert (started.pin, started.job, started.starts_at) == ("3690", None, None)
    cloud_id = str(started.cloud_id)
    with pytest.raises(DuplicateCodeError):
        await cloud.async_create_online_code(request)
    change = OnlineCodeChange(name="Other guest")
    assert await cloud.async_update_online_code(cloud_id, change) is not None
    (code,) = await cloud.async_get_codes([cloud_id])
    assert code.name == "Other guest"
    assert await cloud.async_delete_online_code(lock, cloud_id=cloud_id, pin=None)
    assert await cloud.async_get_codes([cloud_id]) == ()
    with pytest.raises(CloudNotFoundError):
        await cloud.async_delete_online_code(lock, cloud_id=cloud_id, pin=None)


async def test_online_code_with_a_window(cloud: SeamCloud) -> None:
    """A window without a start begins now, on the lock's clock."""
    lock = await lock_of(cloud)
    ends_at = datetime.now(UTC).replace(microsecond=0) + timedelta(days=2)
    started = await cloud.async_create_online_code(
        online_request(lock, ends_at=ends_at, time_zone="Europe/Berlin")
    )
    assert started.pin
    (code,) = await cloud.async_get_codes([str(started.cloud_id)])
    assert (code.starts_at, code.ends_at) == (started.starts_at, ends_at)
    await cloud.async_delete_online_code(lock, cloud_id=code.cloud_id, pin=None)


async def test_shared_codes(cloud: SeamCloud) -> None:
    """One code on two locks."""
    ids = ["august_device_1", "schlage_device_id"]
    codes = await cloud.async_create_shared_codes(
        ids, online_request(await lock_of(cloud))
    )
    assert [code.device_id for code in codes] == ids
    assert len({code.pin for code in codes}) == 1


async def test_events(cloud: SeamCloud) -> None:
    """Operating a lock is an event with an id, once."""
    lock = await lock_of(cloud)
    since = datetime.now(UTC) - timedelta(seconds=5)
    await cloud.async_start(lock, Operation.LOCK)
    page = await cloud.async_read_events(since)
    locked = [e for e in page.events if isinstance(e, Activity)]
    assert (locked[-1].kind, locked[-1].device_id) == (
        ActivityKind.LOCKED,
        lock.device_id,
    )
    assert page.newest is not None
    assert page.complete
