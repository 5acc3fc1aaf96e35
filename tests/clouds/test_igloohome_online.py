"""igloohome's client against the simulator: codes that go through a bridge."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from custom_components.igloohome_access.clouds.base import (
    BridgeBusyError,
    BridgeOfflineError,
    CloudNotFoundError,
    CloudPermissionError,
    CloudRefusedError,
    DuplicateCodeError,
    JobState,
    OnlineCodeChange,
    OnlineCodeRequest,
    StartedCode,
)
from custom_components.igloohome_access.clouds.igloohome import IgloohomeCloud
from simulator import Simulator
from simulator.igloohome.scenarios import (
    BRIDGE,
    KEYPAD_RETROFIT,
    LOCK_BRIDGED,
    LOCK_RETROFIT,
    LOCK_UNBRIDGED,
)

from .conftest import MakeIgloohome
from .samples import BERLIN, NOW
from .test_igloohome_jobs import devices_of

DIGITS = "0471"
HOUR = timedelta(hours=1)


async def request(
    cloud: IgloohomeCloud, device_id: str = LOCK_BRIDGED, **values: Any
) -> OnlineCodeRequest:
    """Return a request that is legal unless a test makes it otherwise."""
    device = (await devices_of(cloud))[device_id]
    return OnlineCodeRequest(
        **{
            "device": device,
            "name": "Cleaner",
            "pin": DIGITS,
            "time_zone": BERLIN,
            **values,
        }
    )


async def finished(
    cloud: IgloohomeCloud, sim: Simulator, started: StartedCode
) -> JobState:
    """Return how the job of a code ended."""
    assert started.job is not None
    sim.clock.advance(timedelta(seconds=10))
    return (await cloud.async_get_job(started.job)).state


@pytest.mark.parametrize(
    ("values", "data"),
    [
        ({}, {"pinType": 2, "startDate": "2026-11-20T11:00:00+01:00"}),
        (
            {"ends_at": NOW + HOUR, "starts_at": NOW},
            {
                "pinType": 4,
                "startDate": "2026-11-20T11:20:00+01:00",
                "endDate": "2026-11-20T12:20:00+01:00",
            },
        ),
        (
            {"one_time": True, "starts_at": NOW + 2 * HOUR, "time_zone": "UTC"},
            {"pinType": 1, "startDate": "2026-11-20T12:20:00+00:00"},
        ),
        # A window that runs already begins with the current hour.
        (
            {"starts_at": NOW - 48 * HOUR, "ends_at": NOW + 90 * 24 * HOUR},
            {
                "pinType": 4,
                "startDate": "2026-11-20T11:00:00+01:00",
                "endDate": "2027-02-18T11:20:00+01:00",
            },
        ),
        # Whole minutes: never later than asked, never shorter.
        (
            {
                "starts_at": NOW + timedelta(seconds=59),
                "ends_at": NOW + HOUR + timedelta(microseconds=1),
            },
            {
                "pinType": 4,
                "startDate": "2026-11-20T11:20:00+01:00",
                "endDate": "2026-11-20T12:21:00+01:00",
            },
        ),
        # Where the clock is half an hour off, the hour is the lock's.
        (
            {"time_zone": "Asia/Kolkata"},
            {"pinType": 2, "startDate": "2026-11-20T15:00:00+05:30"},
        ),
    ],
)
async def test_what_is_sent(
    igloohome: IgloohomeCloud,
    sim: Simulator,
    values: dict[str, Any],
    data: dict[str, Any],
) -> None:
    """Kind and window of a code, on the lock's clock."""
    started = await igloohome.async_create_online_code(
        await request(igloohome, **values)
    )
    (job,) = sim.igloohome.jobs
    assert (job.job_type, job.device.device_id) == (4, LOCK_BRIDGED)
    assert job.data == {"accessName": "Cleaner", "pin": DIGITS, **data}
    assert started.cloud_id is None
    assert started.pin == DIGITS
    assert started.starts_at == datetime.fromisoformat(data["startDate"])
    assert DIGITS not in repr(started)
    assert await finished(igloohome, sim, started) is JobState.DONE


async def test_just_before_the_hour(igloohome: IgloohomeCloud, sim: Simulator) -> None:
    """The cloud's clock may be in the next hour already."""
    sim.clock.set(datetime(2026, 11, 20, 10, 59, 45, tzinfo=UTC))
    wanted = await request(igloohome)
    sim.clock.set(datetime(2026, 11, 20, 11, 0, 1, tzinfo=UTC))
    igloohome._now = lambda: datetime(2026, 11, 20, 10, 59, 45, tzinfo=UTC)
    started = await igloohome.async_create_online_code(wanted)
    assert started.starts_at == datetime(2026, 11, 20, 11, tzinfo=UTC)


async def test_name_fits(igloohome: IgloohomeCloud, sim: Simulator) -> None:
    """A long name is cut, an empty one replaced, as for offline codes."""
    for name, sent in (("x" * 70, "x" * 60), ("  ", "Home Assistant")):
        wanted = await request(igloohome, name=name, pin=f"57{len(name):02}")
        await igloohome.async_create_online_code(wanted)
        assert sim.igloohome.jobs[-1].data["accessName"] == sent


async def test_keypad_takes_the_code(igloohome: IgloohomeCloud, sim: Simulator) -> None:
    """A retrofit lock's code goes to its keypad, and so does its deletion."""
    wanted = await request(igloohome, LOCK_RETROFIT)
    assert wanted.device.code_bridge_id == BRIDGE
    started = await igloohome.async_create_online_code(wanted)
    assert await finished(igloohome, sim, started) is JobState.DONE
    assert sim.igloohome.enter_pin(KEYPAD_RETROFIT, DIGITS)
    await igloohome.async_delete_online_code(wanted.device, cloud_id=None, pin=DIGITS)
    assert [job.device.device_id for job in sim.igloohome.jobs] == [KEYPAD_RETROFIT] * 2
    sim.clock.advance(timedelta(seconds=10))
    assert not sim.igloohome.enter_pin(KEYPAD_RETROFIT, DIGITS)


async def test_two_bridges(igloohome: IgloohomeCloud, sim: Simulator) -> None:
    """The bridge of the keypad need not be the bridge of the lock."""
    sim.igloohome.patch_device(BRIDGE, {"linked": [LOCK_RETROFIT]})
    sim.igloohome.add_device(
        {
            "device_id": "EB1X99",
            "name": "Porch",
            "type": "Bridge",
            "linked": [KEYPAD_RETROFIT],
        }
    )
    wanted = await request(igloohome, LOCK_RETROFIT)
    assert (wanted.device.bridge_id, wanted.device.code_bridge_id) == (BRIDGE, "EB1X99")
    await igloohome.async_create_online_code(wanted)
    assert [job.bridge_id for job in sim.igloohome.jobs] == ["EB1X99"]


async def test_same_digits(igloohome: IgloohomeCloud, sim: Simulator) -> None:
    """While a job with the same digits is under way, none is taken; later it fails."""
    wanted = await request(igloohome)
    first = await igloohome.async_create_online_code(wanted)
    with pytest.raises(DuplicateCodeError) as caught:
        await igloohome.async_create_online_code(wanted)
    assert caught.value.reason == "duplicate_job"
    assert DIGITS not in str(caught.value)
    with pytest.raises(DuplicateCodeError):
        await igloohome.async_delete_online_code(
            wanted.device, cloud_id=None, pin=DIGITS
        )
    assert await finished(igloohome, sim, first) is JobState.DONE
    second = await igloohome.async_create_online_code(wanted)
    assert await finished(igloohome, sim, second) is JobState.FAILED


async def test_full_lock(igloohome: IgloohomeCloud, sim: Simulator) -> None:
    """A full lock says so when the job reaches it."""
    sim.igloohome.switches.pin_capacity = 0
    started = await igloohome.async_create_online_code(await request(igloohome))
    assert await finished(igloohome, sim, started) is JobState.FAILED


async def test_bridge(igloohome: IgloohomeCloud, sim: Simulator) -> None:
    """A full queue, a lost bridge, a lost lock."""
    wanted = await request(igloohome)
    started = await igloohome.async_create_online_code(wanted)
    sim.igloohome.switches.queue_limit = 1
    with pytest.raises(BridgeBusyError):
        await igloohome.async_create_online_code(await request(igloohome, pin="5555"))
    sim.igloohome.patch_device(BRIDGE, {"online": False})
    with pytest.raises(BridgeOfflineError):
        await igloohome.async_create_online_code(await request(igloohome, pin="5555"))
    sim.clock.advance(timedelta(seconds=121))
    assert await finished(igloohome, sim, started) is JobState.EXPIRED
    sim.igloohome.remove_device(LOCK_BRIDGED)
    with pytest.raises(CloudNotFoundError):
        await igloohome.async_delete_online_code(
            wanted.device, cloud_id=None, pin=DIGITS
        )


@pytest.mark.parametrize(
    ("device_id", "values", "reason"),
    [
        (LOCK_BRIDGED, {"pin": None}, "pin_missing"),
        (LOCK_UNBRIDGED, {}, "no_bridge"),
        (BRIDGE, {}, "no_bridge"),
        (LOCK_BRIDGED, {"pin": "123"}, "http_400"),
        (LOCK_BRIDGED, {"ends_at": NOW - 2 * HOUR}, "http_400"),
    ],
)
async def test_refusals(
    igloohome: IgloohomeCloud,
    sim: Simulator,
    device_id: str,
    values: dict[str, Any],
    reason: str,
) -> None:
    """What cannot work is refused, here or there, and nothing happens."""
    wanted = await request(igloohome, device_id, **values)
    with pytest.raises(CloudRefusedError) as caught:
        await igloohome.async_create_online_code(wanted)
    assert caught.value.reason == reason
    assert caught.value.detail
    assert sim.igloohome.jobs == []


async def test_missing_permission(make_igloohome: MakeIgloohome) -> None:
    """Creating and deleting need a permission each."""
    cloud = make_igloohome("limited-client-id", "limited-client-secret")
    wanted = await request(cloud)
    with pytest.raises(CloudPermissionError) as caught:
        await cloud.async_create_online_code(wanted)
    assert caught.value.permission == "create-pin-bridge-proxied-job"
    with pytest.raises(CloudPermissionError) as caught:
        await cloud.async_delete_online_code(wanted.device, cloud_id=None, pin=DIGITS)
    assert caught.value.permission == "delete-pin-bridge-proxied-job"


async def test_delete(igloohome: IgloohomeCloud, sim: Simulator) -> None:
    """A code is known by its digits; deleting it twice fails at the lock."""
    wanted = await request(igloohome)
    with pytest.raises(CloudRefusedError) as caught:
        await igloohome.async_delete_online_code(wanted.device, cloud_id="x", pin=None)
    assert caught.value.reason == "pin_missing"
    started = await igloohome.async_create_online_code(wanted)
    assert await finished(igloohome, sim, started) is JobState.DONE
    for state in (JobState.DONE, JobState.FAILED):
        job = await igloohome.async_delete_online_code(
            wanted.device, cloud_id=None, pin=DIGITS
        )
        assert await finished(igloohome, sim, StartedCode(job=job)) is state
    assert not sim.igloohome.enter_pin(LOCK_BRIDGED, DIGITS)


async def test_what_igloohome_does_not_have(
    igloohome: IgloohomeCloud, sim: Simulator
) -> None:
    """Refused without a request."""
    wanted = await request(igloohome)
    sim.requests.clear()
    for call in (
        igloohome.async_create_shared_codes([LOCK_BRIDGED], wanted),
        igloohome.async_update_online_code("x", OnlineCodeChange(name="Other")),
        igloohome.async_pull_backup_code("x"),
        igloohome.async_read_events(NOW),
    ):
        with pytest.raises(CloudRefusedError) as caught:
            await call
        assert caught.value.reason == "not_supported"
    assert sim.requests.all == []
    assert not igloohome.lists_events
    assert igloohome.reads_activity
