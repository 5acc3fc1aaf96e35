"""igloohome's client against the simulator: identity, devices, algoPINs, jobs."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from aiohttp import ClientSession, web
import pytest

from custom_components.igloohome_access.clouds import igloohome as module
from custom_components.igloohome_access.clouds.base import (
    BridgeOfflineError,
    CloudNotFoundError,
    CloudPermissionError,
    CloudRefusedError,
    CloudUnreachableError,
    Job,
    JobState,
    Operation,
    OutcomeUnknownError,
)
from custom_components.igloohome_access.clouds.igloohome import (
    IgloohomeCloud,
    wire_time,
)
from custom_components.igloohome_access.model import CodeKind, Device, DeviceType
from simulator import Simulator
from simulator.igloohome.scenarios import (
    BRIDGE,
    KEYBOX,
    KEYPAD_RETROFIT,
    LOCK_BRIDGED,
    LOCK_RETROFIT,
    LOCK_UNBRIDGED,
    PADLOCK,
    UNKNOWN_TYPE,
)

from .conftest import PROMPT, MakeIgloohome, ScriptedServer
from .samples import NOW, PIN, START, code_request

OFFLINE_KINDS = [kind for kind in CodeKind if kind.offline]


async def devices_of(cloud: IgloohomeCloud) -> dict[str, Device]:
    """Return the devices by id."""
    return {device.device_id: device for device in await cloud.async_list_devices()}


# --- identity -----------------------------------------------------------------------


async def test_identify(igloohome: IgloohomeCloud, sim: Simulator) -> None:
    """The credentials are tried with one token and one list."""
    identity = await igloohome.async_identify()
    assert identity.title == "igloohome"
    assert len(identity.unique_id) == 16
    assert "sim-client-id" not in identity.unique_id
    assert identity.permissions is not None
    assert {"get-devices", "algopin-hourly"} <= identity.permissions
    assert sim.requests.counters == {
        "POST /oauth2/token": 1,
        "GET /igloohome/devices": 1,
    }


async def test_identity_is_stable(make_igloohome: MakeIgloohome) -> None:
    """The same API client is the same account, another one is not."""
    same = [(await make_igloohome().async_identify()).unique_id for _ in range(2)]
    other = await make_igloohome(
        "second-client-id", "second-client-secret"
    ).async_identify()
    assert same[0] == same[1] != other.unique_id


# --- devices ------------------------------------------------------------------------


async def test_devices(igloohome: IgloohomeCloud) -> None:
    """Links, abilities and values of the scenario "test"."""
    found = await devices_of(igloohome)
    synced = NOW - timedelta(hours=1)
    assert found[LOCK_RETROFIT] == Device(
        device_id=LOCK_RETROFIT,
        type=DeviceType.LOCK,
        name="Front Door",
        model="Retrofit Lock",
        serial_number=LOCK_RETROFIT,
        battery_level=90,
        last_sync=synced,
        can_lock=True,
        can_unlock=True,
        takes_offline_codes=True,
        takes_online_codes=True,
        code_target_id=KEYPAD_RETROFIT,
        bridge_id=BRIDGE,
        keypad_id=KEYPAD_RETROFIT,
    )
    assert found[KEYPAD_RETROFIT] == Device(
        device_id=KEYPAD_RETROFIT,
        type=DeviceType.KEYPAD,
        name="Front Door Keypad",
        model="Keypad",
        serial_number=KEYPAD_RETROFIT,
        battery_level=100,
        last_sync=synced,
        bridge_id=BRIDGE,
        lock_id=LOCK_RETROFIT,
    )
    assert found[BRIDGE] == Device(
        device_id=BRIDGE,
        type=DeviceType.BRIDGE,
        name="Hall Bridge",
        model="Bridge",
        serial_number=BRIDGE,
        last_sync=NOW - timedelta(minutes=10),
    )
    assert found[LOCK_BRIDGED].can_unlock
    assert found[LOCK_BRIDGED].code_target_id == LOCK_BRIDGED
    assert found[LOCK_BRIDGED].takes_online_codes
    unbridged = found[LOCK_UNBRIDGED]
    assert unbridged.takes_offline_codes
    assert not (unbridged.can_lock or unbridged.can_unlock)
    assert not unbridged.takes_online_codes
    assert unbridged.bridge_id is None
    assert unbridged.online is None
    assert found[PADLOCK].type is DeviceType.PADLOCK
    assert found[PADLOCK].model == "Padlock 2E"
    assert found[PADLOCK].last_sync is None
    assert found[KEYBOX].type is DeviceType.KEYBOX
    assert found[KEYBOX].battery_level == 9
    elevator = found[UNKNOWN_TYPE]
    assert elevator.type is DeviceType.OTHER
    assert elevator.model == "ElevatorController"
    assert not elevator.takes_codes


@pytest.mark.parametrize(
    "switches",
    [
        {"linked_devices": "strings"},
        {"home_id": "null"},
        {"home_id": "absent"},
        {"no_battery": "absent"},
        {"end_of_pages": "null", "page_size": 3},
        {"end_of_pages": "absent", "page_size": 1},
        {"future_fields": True},
    ],
)
async def test_shapes_that_mean_the_same(
    igloohome: IgloohomeCloud, sim: Simulator, switches: dict[str, Any]
) -> None:
    """Different shapes of the list give the same devices."""
    expected = await igloohome.async_list_devices()
    for name, value in switches.items():
        setattr(sim.igloohome.switches, name, value)
    assert await igloohome.async_list_devices() == expected


@pytest.mark.parametrize("form", ["null", "absent"])
async def test_no_links(
    igloohome: IgloohomeCloud, sim: Simulator, form: Any
) -> None:
    """Without links nothing is promised that needs them."""
    sim.igloohome.switches.linked_devices = form
    sim.igloohome.switches.last_sync = form
    found = await devices_of(igloohome)
    assert found[LOCK_RETROFIT].code_target_id is None
    assert not found[LOCK_RETROFIT].takes_codes
    assert not any(device.can_unlock for device in found.values())
    # A keypad that belongs to no lock takes codes itself.
    assert found[KEYPAD_RETROFIT].code_target_id == KEYPAD_RETROFIT
    assert all(device.last_sync is None for device in found.values())


@pytest.mark.parametrize(
    ("linked", "can_unlock", "online_codes"),
    [
        ([LOCK_RETROFIT], True, False),
        ([KEYPAD_RETROFIT], False, True),
        ([], False, False),
    ],
)
async def test_bridge_of_a_retrofit_lock(
    igloohome: IgloohomeCloud,
    sim: Simulator,
    linked: list[str],
    can_unlock: bool,
    online_codes: bool,
) -> None:
    """The lock must be linked for operating it, the keypad for online codes."""
    sim.igloohome.patch_device(BRIDGE, {"linked": linked})
    lock = (await devices_of(igloohome))[LOCK_RETROFIT]
    assert (lock.can_unlock, lock.takes_online_codes) == (can_unlock, online_codes)
    assert lock.bridge_id == (BRIDGE if linked else None)


async def test_other_types(igloohome: IgloohomeCloud, sim: Simulator) -> None:
    """Types that were seen elsewhere are understood; links to nowhere are not."""
    for device_id, type_name in (
        ("ZZ1", "KeyBox"),
        ("ZZ2", "padlock"),
        ("ZZ3", ""),
        ("DBX2aa", "Lock"),
    ):
        sim.igloohome.add_device(
            {"device_id": device_id, "name": "", "type": type_name, "linked": ["gone"]}
        )
    found = await devices_of(igloohome)
    assert found["ZZ1"].type is DeviceType.KEYBOX
    assert found["ZZ2"].type is DeviceType.PADLOCK
    assert found["ZZ3"].type is DeviceType.OTHER
    assert found["ZZ3"].model is None
    assert found["ZZ1"].name == "ZZ1"
    assert found["DBX2aa"].model == "Deadbolt"


async def test_requests_for_200_locks(
    igloohome: IgloohomeCloud, sim: Simulator
) -> None:
    """Set-up is one token and the pages; a poll is the pages, unchanged ones free."""
    sim.reset("large:200")
    first = await igloohome.async_list_devices()
    assert len(first) == 240
    assert sim.requests.counters == {
        "POST /oauth2/token": 1,
        "GET /igloohome/devices": 5,
    }
    sim.requests.clear()
    assert await igloohome.async_list_devices() is first
    assert sim.requests.counters == {"GET /igloohome/devices": 5}
    sim.igloohome.patch_device(first[0].device_id, {"battery_level": 1})
    changed = await igloohome.async_list_devices()
    assert changed[0].battery_level == 1
    assert changed[1:] == first[1:]


async def test_endless_pages(igloohome: IgloohomeCloud, sim: Simulator) -> None:
    """A list that repeats its cursor is not followed, and not half believed."""
    sim.igloohome.switches.page_size = 3
    sim.igloohome.switches.endless_pages = True
    with pytest.raises(CloudUnreachableError, match="no end"):
        await igloohome.async_list_devices()
    assert sim.requests.count(path="/devices$") <= 5


async def test_too_many_pages(
    igloohome: IgloohomeCloud, sim: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A list may also go on with ever new cursors."""
    monkeypatch.setattr(module, "MAX_PAGES", 2)
    sim.igloohome.switches.page_size = 1
    with pytest.raises(CloudUnreachableError, match="no end"):
        await igloohome.async_list_devices()
    assert sim.requests.count(path="/devices$") == 3


async def test_odd_lists(session: ClientSession, scripted: ScriptedServer) -> None:
    """A bare list and odd entries are read; an answer without a list is not."""
    cloud = IgloohomeCloud(
        session,
        "id",
        "secret",
        api_url=scripted.url,
        auth_url=f"{scripted.url}/token",
        policy=replace(PROMPT, tries=1),
    )
    scripted.answers = [
        web.json_response({"access_token": "opaque", "token_type": "Bearer"}),
        web.json_response(
            [
                {"deviceId": "IGB1", "type": "Lock", "linkedDevices": [None, 7, {}]},
                {"type": "Lock"},
                "IGB2",
                {"deviceId": "EB1", "type": 5, "batteryLevel": "full"},
            ]
        ),
        web.json_response({"nextCursor": "", "payload": None}),
        web.json_response("no"),
    ]
    found = await cloud.async_list_devices()
    assert [(d.device_id, d.type) for d in found] == [
        ("IGB1", DeviceType.LOCK),
        ("EB1", DeviceType.OTHER),
    ]
    for _ in range(2):
        with pytest.raises(CloudUnreachableError, match="no list of devices"):
            await cloud.async_list_devices()


# --- algoPIN ------------------------------------------------------------------------


@pytest.mark.parametrize("kind", OFFLINE_KINDS)
@pytest.mark.parametrize("status", [200, 201])
async def test_create(
    igloohome: IgloohomeCloud, sim: Simulator, kind: CodeKind, status: Any
) -> None:
    """Every kind is sent as the strict cloud wants it; the PIN stays a text."""
    sim.igloohome.switches.created_status = status
    created = await igloohome.async_create_offline_code(
        code_request(LOCK_BRIDGED, kind, variance=2)
    )
    (issued,) = sim.igloohome.issued
    assert created.pin == issued.pin
    assert created.cloud_id
    assert created.pin not in repr(created)
    (sent,) = sim.requests.select(path="/algopin/")
    assert sent.path.endswith(f"/algopin/{str(kind).replace('_', '')}")
    expected = {
        "variance": 2,
        "startDate": "2026-11-20T11:00:00+01:00",
        "accessName": "Plumber",
    }
    if kind is CodeKind.HOURLY:
        expected["endDate"] = "2026-11-20T16:00:00+01:00"
    if kind is CodeKind.DAILY:
        expected["endDate"] = "2026-12-20T11:00:00+01:00"
    assert sent.body == expected


async def test_same_request_same_pin(igloohome: IgloohomeCloud) -> None:
    """A repeated create gives the same PIN, another variance another one."""
    request = code_request(LOCK_BRIDGED)
    first, second, other = [
        await igloohome.async_create_offline_code(r)
        for r in (request, request, replace(request, variance=2))
    ]
    assert first.pin == second.pin != other.pin
    assert igloohome.repeatable_creates


@pytest.mark.parametrize(
    ("name", "sent"),
    [("x" * 70, "x" * 60), ("a" * 59 + " b", "a" * 59), ("  ", "Home Assistant")],
)
async def test_name_is_made_to_fit(
    igloohome: IgloohomeCloud, sim: Simulator, name: str, sent: str
) -> None:
    """A name has 1 to 60 characters."""
    await igloohome.async_create_offline_code(code_request(LOCK_BRIDGED, name=name))
    assert sim.requests.all[-1].body["accessName"] == sent


async def test_answer_without_id(igloohome: IgloohomeCloud, sim: Simulator) -> None:
    """Without a pinId the code gets an id that is stable and tells nothing."""
    sim.igloohome.switches.pin_answer = "no_pin_id"
    requests = (
        code_request(LOCK_BRIDGED),
        code_request(LOCK_BRIDGED),
        code_request(LOCK_BRIDGED, variance=2),
        code_request(LOCK_BRIDGED, CodeKind.PERMANENT),
    )
    created = [await igloohome.async_create_offline_code(r) for r in requests]
    ids = [code.cloud_id for code in created]
    assert ids[0] == ids[1]
    assert len(set(ids)) == 3
    assert all(code.pin and code.pin not in code.cloud_id for code in created)


@pytest.mark.parametrize("form", ["no_pin", "empty_pin", "number"])
async def test_answer_without_pin(
    igloohome: IgloohomeCloud, sim: Simulator, form: Any
) -> None:
    """A success without a usable PIN is of unknown outcome: the code may exist."""
    sim.igloohome.switches.pin_answer = form
    with pytest.raises(OutcomeUnknownError, match="no PIN"):
        await igloohome.async_create_offline_code(code_request(LOCK_BRIDGED))
    assert sim.requests.count(path="/algopin/") == 1


async def test_enveloped_answer(igloohome: IgloohomeCloud, sim: Simulator) -> None:
    """The sister product wraps answers in a payload; leading zeros are kept."""
    sim.faults.add("/algopin/", "json", body={"payload": {"pin": PIN, "pinId": 7}})
    created = await igloohome.async_create_offline_code(code_request(LOCK_BRIDGED))
    assert (created.pin, created.cloud_id) == (PIN, "7")


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        (code_request(LOCK_BRIDGED, CodeKind.ONLINE), "kind_not_supported"),
        (
            code_request(LOCK_BRIDGED, starts_at=START + timedelta(minutes=20)),
            "not_on_the_hour",
        ),
        (
            # Half past on the clock of the lock.
            code_request(LOCK_BRIDGED, time_zone="Asia/Kolkata"),
            "not_on_the_hour",
        ),
        (
            replace(
                code_request(LOCK_BRIDGED),
                window=replace(code_request("").window, ends_at=None),
            ),
            "end_missing",
        ),
    ],
)
async def test_refused_before_a_request(
    igloohome: IgloohomeCloud, sim: Simulator, request_: Any, reason: str
) -> None:
    """What the cloud could only misunderstand is not sent."""
    with pytest.raises(CloudRefusedError) as caught:
        await igloohome.async_create_offline_code(request_)
    assert caught.value.reason == reason
    assert caught.value.detail
    assert sim.requests.all == []


@pytest.mark.parametrize(
    ("moment", "zone", "expected"),
    [
        (datetime(2026, 7, 1, 10, tzinfo=UTC), "Europe/Berlin", "12:00:00+02:00"),
        (datetime(2026, 12, 1, 10, tzinfo=UTC), "Europe/Berlin", "11:00:00+01:00"),
        (datetime(2026, 7, 1, 10, tzinfo=UTC), "UTC", "10:00:00+00:00"),
        (datetime(2026, 7, 1, 10, 30, tzinfo=UTC), "Asia/Kolkata", "16:00:00+05:30"),
        (datetime(2026, 7, 1, 10, 15, tzinfo=UTC), "Asia/Kathmandu", "16:00:00+05:45"),
        (datetime(2026, 7, 1, 10, tzinfo=UTC), "America/New_York", "06:00:00-04:00"),
        # The hour that exists twice, in both its forms.
        (datetime(2026, 10, 25, 0, tzinfo=UTC), "Europe/Berlin", "02:00:00+02:00"),
        (datetime(2026, 10, 25, 1, tzinfo=UTC), "Europe/Berlin", "02:00:00+01:00"),
    ],
)
def test_wire_time(moment: datetime, zone: str, expected: str) -> None:
    """The offset is numeric and that of the very moment."""
    assert wire_time(moment, ZoneInfo(zone)).partition("T")[2] == expected


async def test_refusals_of_a_create(igloohome: IgloohomeCloud) -> None:
    """What the cloud refuses is told with its own words."""
    with pytest.raises(CloudRefusedError) as caught:
        await igloohome.async_create_offline_code(
            code_request(LOCK_BRIDGED, length=timedelta(hours=700))
        )
    assert caught.value.reason == "http_400"
    assert "672" in caught.value.detail
    with pytest.raises(CloudNotFoundError, match="not found"):
        await igloohome.async_create_offline_code(code_request("no/such device"))


# --- what the cloud cannot do -------------------------------------------------------


async def test_codes_cannot_be_read_back(
    igloohome: IgloohomeCloud, sim: Simulator
) -> None:
    """An empty answer would look as if every code had gone."""
    assert not igloohome.lists_codes
    for read in (
        igloohome.async_get_codes(["a"]),
        igloohome.async_list_codes(LOCK_BRIDGED, managed=True),
    ):
        with pytest.raises(CloudRefusedError) as caught:
            await read
        assert caught.value.reason == "listing_not_supported"
    assert sim.requests.all == []


# --- bridge jobs --------------------------------------------------------------------


@pytest.mark.parametrize("operation", Operation)
@pytest.mark.parametrize("pending", ["absent", "null", "empty", "status"])
async def test_operation(
    igloohome: IgloohomeCloud, sim: Simulator, operation: Operation, pending: Any
) -> None:
    """A job is pending until the lock has done it."""
    sim.igloohome.switches.pending_response = pending
    lock = (await devices_of(igloohome))[LOCK_BRIDGED]
    job = await igloohome.async_start(lock, operation)
    assert job.state is JobState.PENDING
    job = await igloohome.async_get_job(job)
    assert job.state is JobState.PENDING
    assert job.expires_at == NOW + timedelta(seconds=120)
    sim.clock.advance(timedelta(seconds=6))
    job = await igloohome.async_get_job(job)
    assert (job.state, job.confirmed, job.detail) == (JobState.DONE, True, "")
    assert [j.job_type for j in sim.igloohome.jobs] == [
        1 if operation is Operation.LOCK else 2
    ]


@pytest.mark.parametrize("form", ["completed", "not_completed"])
async def test_lock_out_of_reach(
    igloohome: IgloohomeCloud, sim: Simulator, form: Any
) -> None:
    """A job that the lock never got has expired."""
    sim.igloohome.switches.expired_job = form
    sim.igloohome.patch_device(LOCK_BRIDGED, {"in_reach": False})
    lock = (await devices_of(igloohome))[LOCK_BRIDGED]
    job = await igloohome.async_start(lock, Operation.UNLOCK)
    sim.clock.advance(timedelta(seconds=121))
    assert (await igloohome.async_get_job(job)).state is JobState.EXPIRED


async def test_bridge_offline(igloohome: IgloohomeCloud, sim: Simulator) -> None:
    """A bridge that is offline refuses at once."""
    lock = (await devices_of(igloohome))[LOCK_BRIDGED]
    sim.igloohome.patch_device(BRIDGE, {"online": False})
    with pytest.raises(BridgeOfflineError, match="Unable to contact bridge") as caught:
        await igloohome.async_start(lock, Operation.LOCK)
    assert caught.value.reason == "bridge_offline"


async def test_queue_full(igloohome: IgloohomeCloud, sim: Simulator) -> None:
    """A bridge takes no more than its queue holds."""
    sim.igloohome.switches.queue_limit = 1
    lock = (await devices_of(igloohome))[LOCK_BRIDGED]
    await igloohome.async_start(lock, Operation.LOCK)
    with pytest.raises(CloudRefusedError) as caught:
        await igloohome.async_start(lock, Operation.UNLOCK)
    assert caught.value.reason == "too_many_jobs"


@pytest.mark.parametrize(
    ("text", "reason"),
    [("Existing job with the same PIN", "duplicate_job"), ("Else", "not_acceptable")],
)
async def test_other_406(
    igloohome: IgloohomeCloud, sim: Simulator, text: str, reason: str
) -> None:
    """406 has several meanings; none of them is repeated."""
    lock = (await devices_of(igloohome))[LOCK_BRIDGED]
    sim.faults.add("/jobs/bridges/", "status", status=406, body={"error": text})
    with pytest.raises(CloudRefusedError) as caught:
        await igloohome.async_start(lock, Operation.LOCK)
    assert caught.value.reason == reason
    assert sim.igloohome.jobs == []


async def test_no_bridge(igloohome: IgloohomeCloud) -> None:
    """A lock without a bridge cannot be operated."""
    lock = (await devices_of(igloohome))[LOCK_UNBRIDGED]
    with pytest.raises(CloudRefusedError) as caught:
        await igloohome.async_start(lock, Operation.LOCK)
    assert caught.value.reason == "no_bridge"


async def test_job_without_id(igloohome: IgloohomeCloud, sim: Simulator) -> None:
    """The lock may be on its way although the answer names no job."""
    lock = (await devices_of(igloohome))[LOCK_BRIDGED]
    sim.faults.add("/jobs/bridges/", "json", body={"jobId": ""})
    with pytest.raises(OutcomeUnknownError, match="no job"):
        await igloohome.async_start(lock, Operation.UNLOCK)
    assert len(sim.igloohome.jobs) == 1


async def test_unknown_job(igloohome: IgloohomeCloud) -> None:
    """A job may be forgotten by the cloud."""
    with pytest.raises(CloudNotFoundError, match="Job not found"):
        await igloohome.async_get_job(Job(job_id="gone", state=JobState.PENDING))


@pytest.mark.parametrize(
    ("answer", "state", "confirmed"),
    [
        ({"completed": False}, JobState.PENDING, True),
        ({"jobResponse": None}, JobState.PENDING, True),
        ({"completed": False, "jobResponse": {"jobStatus": 0}}, JobState.PENDING, True),
        (
            {
                "completed": False,
                "jobResponse": {"jobStatus": 0, "opResult": {"result": 0}},
            },
            JobState.DONE,
            True,
        ),
        ({"completed": True}, JobState.DONE, False),
        ({"completed": True, "jobResponse": {"jobStatus": 0}}, JobState.DONE, False),
        (
            {
                "completed": True,
                "jobResponse": {"jobStatus": 0, "opResult": {"result": 5}},
            },
            JobState.FAILED,
            True,
        ),
        ({"completed": True, "jobResponse": {"jobStatus": 7}}, JobState.FAILED, True),
        ({"completed": True, "jobResponse": {"jobStatus": 2}}, JobState.EXPIRED, True),
        (
            {"jobResponse": {"jobStatus": 2, "opResult": {"result": 1}}},
            JobState.FAILED,
            True,
        ),
        (
            {"payload": {"completed": True, "jobResponse": {"jobStatus": 2}}},
            JobState.EXPIRED,
            True,
        ),
    ],
)
async def test_answers_about_a_job(
    igloohome: IgloohomeCloud,
    sim: Simulator,
    answer: dict[str, Any],
    state: JobState,
    confirmed: bool,
) -> None:
    """Every shape a job's answer may have."""
    sim.faults.add("/jobs/", "json", body=answer)
    expires = NOW + timedelta(seconds=60)
    job = await igloohome.async_get_job(
        Job(job_id="j", state=JobState.PENDING, expires_at=expires)
    )
    assert (job.state, job.confirmed) == (state, confirmed)
    assert bool(job.detail) is (state is JobState.FAILED)
    assert (job.job_id, job.expires_at) == ("j", expires)


async def test_answer_that_is_no_job(igloohome: IgloohomeCloud, sim: Simulator) -> None:
    """An answer about something else says nothing about the job."""
    sim.faults.add("/jobs/", "json", body={}, times=None)
    with pytest.raises(CloudUnreachableError, match="no job"):
        await igloohome.async_get_job(Job(job_id="j", state=JobState.PENDING))


async def test_concurrent_calls_share_one_token(
    igloohome: IgloohomeCloud, sim: Simulator
) -> None:
    """Twenty calls at once need one token."""
    sim.faults.add("/oauth2/token", "delay", delay=0.05)
    await asyncio.gather(
        *(
            igloohome.async_create_offline_code(code_request(LOCK_BRIDGED, variance=v))
            for v in [1, 2, 3, 1] * 5
        )
    )
    assert sim.requests.count(path="/oauth2/token") == 1
    assert sim.requests.count(path="/algopin/") == 20


async def test_permissions_decide_what_can_be_operated(
    make_igloohome: MakeIgloohome,
) -> None:
    """Without the scope a lock offers no remote operation, and none is tried."""
    cloud = make_igloohome("limited-client-id", "limited-client-secret")
    lock = (await devices_of(cloud))[LOCK_BRIDGED]
    assert not (lock.can_lock or lock.can_unlock)
    with pytest.raises(CloudPermissionError) as caught:
        await cloud.async_start(lock, Operation.UNLOCK)
    assert caught.value.permission == "unlock-bridge-proxied-job"
