"""Seam's client against the simulator: codes that go through a bridge."""

from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import ClientSession
import pytest

from custom_components.igloohome_access.clouds.base import (
    CloudNotFoundError,
    CloudRefusedError,
    DuplicateCodeError,
    JobState,
    LockFullError,
    OnlineCodeChange,
    OnlineCodeRequest,
    OutcomeUnknownError,
)
from custom_components.igloohome_access.clouds.seam import SeamCloud
from custom_components.igloohome_access.model import CodeKind, Device, RemoteCode
from simulator import Simulator
from simulator.seam.scenarios import (
    SEAM_LOCK_BRIDGED,
    SEAM_LOCK_OFFLINE,
    SEAM_LOCK_RETROFIT,
)

from .samples import BERLIN, NOW, code_request
from .test_seam_operations import BRIDGE, NOWHERE, devices_of

DIGITS = "471629"
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


async def request(
    cloud: SeamCloud, device_id: str = SEAM_LOCK_BRIDGED, **values: Any
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


async def remote(cloud: SeamCloud, cloud_id: str | None) -> RemoteCode:
    """Return a code as Seam lists it."""
    assert cloud_id is not None
    (code,) = await cloud.async_get_codes([cloud_id])
    return code


async def test_life(seam: SeamCloud, sim: Simulator) -> None:
    """A code is made, set, changed in every way, deleted, and then gone."""
    started = await seam.async_create_online_code(await request(seam))
    assert (started.pin, started.starts_at) == (DIGITS, None)
    assert DIGITS not in repr(started)
    assert started.job is not None
    assert started.job.state is JobState.PENDING
    code = await remote(seam, started.cloud_id)
    assert (code.kind, code.status, code.name) == (
        CodeKind.ONLINE,
        "setting",
        "Cleaner",
    )
    sim.clock.advance(timedelta(seconds=25))
    assert (await seam.async_get_job(started.job)).state is JobState.DONE
    assert (await remote(seam, started.cloud_id)).status == "set"

    changes = {
        "name": OnlineCodeChange(name="Cleaner 2"),
        "pin": OnlineCodeChange(pin="5550"),
        "starts_at": OnlineCodeChange(
            starts_at=NOW + HOUR, ends_at=NOW + DAY, time_zone=BERLIN
        ),
        "ends_at": OnlineCodeChange(ends_at=NOW + 2 * DAY),
    }
    for field, change in changes.items():
        job = await seam.async_update_online_code(code.cloud_id, change)
        assert job is not None
        code = await remote(seam, code.cloud_id)
        assert getattr(code, field) == getattr(change, field)
    assert "5550" not in repr(changes["pin"])
    assert (code.name, code.pin, code.starts_at) == ("Cleaner 2", "5550", NOW + HOUR)
    sent = [r.body for r in sim.requests.all if r.path.endswith("update")]
    assert [body.keys() - {"access_code_id"} for body in sent] == [
        {"name"},
        {"code"},
        {"starts_at", "ends_at"},
        {"ends_at"},
    ]
    assert sent[2]["starts_at"] == "2026-11-20T12:20:00+01:00"
    await seam.async_update_online_code(code.cloud_id, OnlineCodeChange(ongoing=True))
    code = await remote(seam, code.cloud_id)
    assert (code.starts_at, code.ends_at) == (None, None)

    lock = (await devices_of(seam))[SEAM_LOCK_BRIDGED]
    job = await seam.async_delete_online_code(lock, cloud_id=code.cloud_id, pin=None)
    assert job is not None
    assert (await remote(seam, code.cloud_id)).status == "removing"
    sim.clock.advance(timedelta(seconds=40))
    assert await seam.async_get_codes([code.cloud_id]) == ()
    with pytest.raises(CloudNotFoundError):
        await seam.async_delete_online_code(lock, cloud_id=code.cloud_id, pin=None)
    with pytest.raises(CloudNotFoundError):
        await seam.async_update_online_code(
            code.cloud_id, OnlineCodeChange(name="Late")
        )


@pytest.mark.parametrize(
    ("values", "body", "starts_at"),
    [
        ({}, {"code": DIGITS}, None),
        ({"pin": None}, {}, None),
        # What is to begin at once and has no end, is an ongoing code.
        ({"starts_at": NOW, "pin": None}, {}, None),
        (
            {"starts_at": NOW + HOUR, "ends_at": NOW + DAY},
            {
                "code": DIGITS,
                "starts_at": "2026-11-20T12:20:00+01:00",
                "ends_at": "2026-11-21T11:20:00+01:00",
            },
            NOW + HOUR,
        ),
        # Seam takes no start in the past.
        (
            {"starts_at": NOW - DAY, "ends_at": NOW + DAY, "time_zone": "UTC"},
            {
                "code": DIGITS,
                "starts_at": "2026-11-20T10:20:00+00:00",
                "ends_at": "2026-11-21T10:20:00+00:00",
            },
            NOW,
        ),
        (
            {
                "ends_at": NOW + DAY,
                "prefer_native_scheduling": False,
                "allow_external_changes": True,
                "use_backup_pool": True,
            },
            {
                "code": DIGITS,
                "starts_at": "2026-11-20T11:20:00+01:00",
                "ends_at": "2026-11-21T11:20:00+01:00",
                "prefer_native_scheduling": False,
                "is_external_modification_allowed": True,
                "use_backup_access_code_pool": True,
            },
            NOW,
        ),
    ],
)
async def test_what_is_sent(
    seam: SeamCloud,
    sim: Simulator,
    values: dict[str, Any],
    body: dict[str, Any],
    starts_at: datetime | None,
) -> None:
    """Both times or neither, on the lock's clock, and what is not Seam's default."""
    started = await seam.async_create_online_code(await request(seam, **values))
    sent = sim.requests.all[-1]
    assert sent.body == {"device_id": SEAM_LOCK_BRIDGED, "name": "Cleaner", **body}
    assert started.starts_at == starts_at
    assert started.pin
    code = await remote(seam, started.cloud_id)
    assert (code.pin, code.starts_at) == (started.pin, starts_at)
    assert code.external_changes_allowed is values.get("allow_external_changes", False)


@pytest.mark.parametrize(
    ("device_id", "values", "reason"),
    [
        (SEAM_LOCK_BRIDGED, {"one_time": True}, "one_time_not_supported"),
        (SEAM_LOCK_BRIDGED, {"starts_at": NOW + HOUR}, "end_missing"),
        (BRIDGE, {}, "no_codes"),
    ],
)
async def test_refused_without_a_request(
    seam: SeamCloud, sim: Simulator, device_id: str, values: Any, reason: str
) -> None:
    """What Seam cannot do is not asked of it."""
    wanted = await request(seam, device_id, **values)
    sim.requests.clear()
    with pytest.raises(CloudRefusedError) as caught:
        await seam.async_create_online_code(wanted)
    assert caught.value.reason == reason
    assert sim.requests.all == []


@pytest.mark.parametrize(
    ("device_id", "values"),
    [
        (SEAM_LOCK_OFFLINE, {}),
        (SEAM_LOCK_BRIDGED, {"pin": "12345678"}),
        (SEAM_LOCK_BRIDGED, {"use_backup_pool": True}),
        (SEAM_LOCK_BRIDGED, {"ends_at": NOW - HOUR}),
    ],
)
async def test_refused_by_seam(
    seam: SeamCloud, sim: Simulator, device_id: str, values: dict[str, Any]
) -> None:
    """Seam's word and text for a refusal are passed on."""
    with pytest.raises(CloudRefusedError) as caught:
        await seam.async_create_online_code(await request(seam, device_id, **values))
    assert (type(caught.value), caught.value.reason) == (
        CloudRefusedError,
        "invalid_input",
    )
    assert caught.value.detail
    assert not sim.seam.store.codes


async def test_same_digits(seam: SeamCloud, sim: Simulator) -> None:
    """Digits are taken once per lock, at whichever status Seam says so."""
    await seam.async_create_online_code(await request(seam))
    for status in (409, 400):
        sim.seam.switches.duplicate_status = status
        with pytest.raises(DuplicateCodeError) as caught:
            await seam.async_create_online_code(await request(seam))
        assert caught.value.reason == "duplicate_access_code"
        assert DIGITS not in str(caught.value)
    other = await seam.async_create_online_code(await request(seam, pin="5550"))
    with pytest.raises(DuplicateCodeError):
        await seam.async_update_online_code(
            str(other.cloud_id), OnlineCodeChange(pin=DIGITS)
        )


async def test_full_lock(seam: SeamCloud, sim: Simulator) -> None:
    """A full lock is told apart from other refusals."""
    sim.seam.patch_device(SEAM_LOCK_BRIDGED, {"max_active_codes": 0})
    with pytest.raises(LockFullError) as caught:
        await seam.async_create_online_code(await request(seam))
    assert caught.value.reason == "no_space_for_access_code_on_device"
    assert (await devices_of(seam))[SEAM_LOCK_BRIDGED].max_codes == 0


async def test_answers_without_an_attempt(seam: SeamCloud, sim: Simulator) -> None:
    """Documentation samples have none; the write was done all the same."""
    switches = sim.seam.switches
    switches.create_answers_attempt = False
    switches.update_answer = switches.delete_answer = "ok"
    wanted = await request(seam)
    started = await seam.async_create_online_code(wanted)
    assert started.job is None
    cloud_id = str(started.cloud_id)
    change = OnlineCodeChange(name="Other")
    assert await seam.async_update_online_code(cloud_id, change) is None
    assert (await remote(seam, cloud_id)).name == "Other"
    assert (
        await seam.async_delete_online_code(wanted.device, cloud_id=cloud_id, pin=None)
        is None
    )
    assert await seam.async_get_codes([cloud_id]) == () or (
        (await remote(seam, cloud_id)).status == "removing"
    )


async def test_delete_needs_the_id(seam: SeamCloud, sim: Simulator) -> None:
    """Digits alone are not enough; an offline code cannot be deleted."""
    lock = (await devices_of(seam))[SEAM_LOCK_BRIDGED]
    with pytest.raises(CloudRefusedError) as caught:
        await seam.async_delete_online_code(lock, cloud_id=None, pin=DIGITS)
    assert caught.value.reason == "id_missing"
    created = await seam.async_create_offline_code(code_request(SEAM_LOCK_BRIDGED))
    with pytest.raises(CloudRefusedError, match="cannot be deleted"):
        await seam.async_delete_online_code(lock, cloud_id=created.cloud_id, pin=None)
    with pytest.raises(CloudRefusedError, match="cannot be updated"):
        await seam.async_update_online_code(
            created.cloud_id, OnlineCodeChange(name="Other")
        )


async def test_shared(seam: SeamCloud, sim: Simulator) -> None:
    """One code on several locks: on all of them or on none."""
    ids = [SEAM_LOCK_BRIDGED, SEAM_LOCK_RETROFIT]
    wanted = await request(seam, pin=None, ends_at=NOW + DAY)
    codes = await seam.async_create_shared_codes(ids, wanted)
    assert [code.device_id for code in codes] == ids
    (pin,) = {code.pin for code in codes}
    assert pin
    assert {code.ends_at for code in codes} == {NOW + DAY}
    with pytest.raises(DuplicateCodeError):
        await seam.async_create_shared_codes(ids, await request(seam, pin=pin))
    assert len(sim.seam.store.codes) == 2
    with pytest.raises(CloudNotFoundError):
        await seam.async_create_shared_codes([NOWHERE], await request(seam))


async def test_shared_answer_that_is_not_whole(seam: SeamCloud, sim: Simulator) -> None:
    """A code that is not in the answer may be on a lock."""
    sim.faults.add("create_multiple", "json", body={"access_codes": [{}, 1]})
    with pytest.raises(OutcomeUnknownError, match="one access code per lock"):
        await seam.async_create_shared_codes(
            [SEAM_LOCK_BRIDGED], await request(seam, pin="5550")
        )


async def test_backup(seam: SeamCloud, sim: Simulator) -> None:
    """A spare code is pulled, the same one each time, until the pool is empty."""

    async def lock() -> Device:
        return (await devices_of(seam))[SEAM_LOCK_BRIDGED]

    assert (await lock()).backup_pool is False
    sim.seam.patch_device(SEAM_LOCK_BRIDGED, {"backup_codes": 1})
    window: dict[str, Any] = {
        "starts_at": NOW,
        "ends_at": NOW + DAY,
        "use_backup_pool": True,
    }
    first, second = [
        str((await seam.async_create_online_code(wanted)).cloud_id)
        for wanted in (
            await request(seam, **window),
            await request(seam, **{**window, "pin": "5550"}),
        )
    ]
    assert (await lock()).backup_pool is True
    assert (await remote(seam, first)).backup_available
    backup = await seam.async_pull_backup_code(first)
    assert backup.backup
    assert backup.pin
    assert backup.ends_at == NOW + DAY
    again = await seam.async_pull_backup_code(first)
    assert (again.cloud_id, again.pin) == (backup.cloud_id, backup.pin)
    pulled = await remote(seam, first)
    assert pulled.pulled_backup_id == backup.cloud_id
    assert "using_backup_access_code" in [n.code for n in pulled.notices]
    assert not (await remote(seam, second)).backup_available
    notices = [notice.code for notice in (await lock()).notices]
    assert notices == ["empty_backup_access_code_pool"]
    with pytest.raises(CloudRefusedError) as caught:
        await seam.async_pull_backup_code(second)
    assert caught.value.reason == "backup_access_code_not_available"


async def test_backup_refused(seam: SeamCloud) -> None:
    """Only a code with a window has a spare one."""
    started = await seam.async_create_online_code(await request(seam))
    with pytest.raises(CloudRefusedError) as caught:
        await seam.async_pull_backup_code(str(started.cloud_id))
    assert caught.value.reason == "access_code_not_time_bound"
    with pytest.raises(CloudNotFoundError):
        await seam.async_pull_backup_code(NOWHERE)


async def test_log_is_not_seams(seam: SeamCloud, sim: Simulator) -> None:
    """Seam tells what happened in its events."""
    with pytest.raises(CloudRefusedError) as caught:
        await seam.async_read_activity(SEAM_LOCK_BRIDGED, None)
    assert caught.value.reason == "not_supported"
    assert sim.requests.all == []
    assert not seam.reads_activity
    assert seam.lists_events


async def test_own_clock(session: ClientSession, sim: Simulator) -> None:
    """Without another clock, a start that has passed becomes the computer's now."""
    cloud = SeamCloud(session, "seam_test_simkey_0001", api_url=sim.seam_api_url)
    before = datetime.now(UTC).replace(microsecond=0)
    sim.clock.set(before)
    started = await cloud.async_create_online_code(
        await request(cloud, ends_at=before + timedelta(days=3))
    )
    assert started.starts_at is not None
    assert before - HOUR <= started.starts_at <= datetime.now(UTC) + HOUR
