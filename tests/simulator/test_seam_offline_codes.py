"""Seam's offline codes: windows, slots, late PINs, refusals."""

from datetime import datetime, timedelta
from typing import Any

from aiohttp import ClientSession
import pytest

from simulator import Simulator
from simulator.seam.scenarios import (
    SEAM_LOCK_BRIDGED,
    SEAM_LOCK_HUB_DOWN,
    SEAM_LOCK_OFFLINE,
)

from .conftest import NOW
from .seam_api import START, SeamApi, offline

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture
def api(sim: Simulator, http: ClientSession) -> SeamApi:
    """Return a client of the simulated Seam cloud."""
    return SeamApi(sim, http)


def berlin(text: str) -> datetime:
    """Return a moment given with an offset."""
    return datetime.fromisoformat(text)


async def test_pin_comes_late(api: SeamApi) -> None:
    """First no PIN, then one; set from the start, gone after the end."""
    body = await api.ok("access_codes/create", **offline(START, START + 3 * HOUR))
    code = body["access_code"]
    assert body["action_attempt"]["status"] == "pending"
    assert (code["code"], code["status"]) == (None, "unset")
    assert code["is_waiting_for_code_assignment"] is True
    assert (code["is_offline_access_code"], code["type"]) == (True, "time_bound")
    assert code["starts_at"] == "2026-11-21T14:00:00.000Z"
    assert code["warnings"] == []
    api.advance(seconds=29)
    assert (await api.read(code))["code"] is None
    api.advance(seconds=1)
    code = await api.read(code)
    assert code["is_waiting_for_code_assignment"] is False
    assert (len(code["code"]), code["code"].isdigit(), code["status"]) == (
        9,
        True,
        "unset",
    )
    api.sim.clock.set(START)
    assert (await api.read(code))["status"] == "set"
    api.advance(hours=3)
    code_id = code["access_code_id"]
    assert (await api.refused("access_codes/get", access_code_id=code_id))[0] == 404
    assert await api.event_types(NOW) == [
        "access_code.changed",
        "access_code.set_on_device",
        "access_code.removed_from_device",
        "access_code.deleted",
    ]
    (pin,) = api.sim.seam.issued_pins()
    assert (pin["pin"], pin["kind"], pin["opens"]) == (code["code"], "hourly", False)


async def test_pin_never_comes(api: SeamApi) -> None:
    """A PIN that is never assigned leaves the code waiting until its end."""
    api.sim.seam.switches.pin_assignment_seconds = None
    code = await api.offline(SEAM_LOCK_BRIDGED, START, 3)
    api.sim.clock.set(START + 2 * HOUR)
    code = await api.read(code)
    assert (code["code"], code["status"]) == (None, "unset")
    api.advance(hours=1)
    code_id = code["access_code_id"]
    assert (await api.refused("access_codes/get", access_code_id=code_id))[0] == 404
    assert api.sim.seam.issued_pins() == []


async def test_pin_signals_by_switches(api: SeamApi) -> None:
    """Which event and status an assigned PIN brings is unknown."""
    switches = api.sim.seam.switches
    switches.pin_assigned_events = ["access_code.code_changed", "access_code.issued"]
    switches.offline_set_on_assignment = True
    code = await api.offline(SEAM_LOCK_BRIDGED, START, 3)
    api.advance(seconds=30)
    assert (await api.read(code))["status"] == "set"
    assert await api.event_types(NOW) == [
        "access_code.code_changed",
        "access_code.issued",
        "access_code.set_on_device",
    ]


async def test_setting_after_the_start(api: SeamApi) -> None:
    """An offline code may be `setting` for a while."""
    api.sim.seam.switches.offline_setting_seconds = 60
    code = await api.offline(SEAM_LOCK_BRIDGED, START, 3)
    api.sim.clock.set(START + timedelta(seconds=59))
    assert (await api.read(code))["status"] == "setting"
    api.advance(seconds=1)
    assert (await api.read(code))["status"] == "set"


@pytest.mark.parametrize("device_id", [SEAM_LOCK_OFFLINE, SEAM_LOCK_HUB_DOWN])
async def test_no_bridge_is_needed(api: SeamApi, device_id: str) -> None:
    """Lock and bridge may be offline."""
    code = await api.offline(device_id, START, 1)
    api.advance(seconds=30)
    code = await api.read(code)
    assert code["code"]
    assert code["errors"] == []


@pytest.mark.parametrize(
    ("start", "end", "rounding", "kind"),
    [
        (START, START + HOUR, "1hour", "hourly"),
        (START, START + 672 * HOUR, "1h", "hourly"),
        # Minutes are rounded outward: 671 hours and 20 minutes are 672 hours here.
        (
            START + timedelta(minutes=40),
            START + 672 * HOUR - timedelta(minutes=10),
            "1h",
            "hourly",
        ),
        # The current hour may have begun.
        (NOW - timedelta(minutes=20), NOW + HOUR, "1h", "hourly"),
        (START, START + 29 * DAY, "1h", "daily"),
        (START, START + 29 * DAY, "1d", "daily"),
        (START, START + 367 * DAY, "1day", "daily"),
        # Half a day to round up needs leave to do so.
        (START, START + 29 * DAY + 12 * HOUR, "1d", "daily"),
        # Same wall-clock hour in Berlin over the spring change: 31 days less an hour.
        (
            berlin("2027-03-01T12:00:00+01:00"),
            berlin("2027-04-01T12:00:00+02:00"),
            "1h",
            "daily",
        ),
    ],
)
async def test_windows_that_fit(
    api: SeamApi, start: datetime, end: datetime, rounding: str, kind: str
) -> None:
    """The boundaries of hourly and daily codes, and the warning above 24 hours."""
    code = await api.create(**offline(start, end, max_time_rounding=rounding))
    warnings = [item["warning_code"] for item in code["warnings"]]
    long = end - start > DAY
    wanted = ["igloo_algopin_must_be_used_within_24_hours"] if long else []
    assert warnings == wanted
    api.advance(seconds=30)
    (pin,) = api.sim.seam.issued_pins()
    assert pin["kind"] == kind


@pytest.mark.parametrize(
    ("start", "end", "more", "message"),
    [
        (START, START, {}, "ends_at must be after"),
        (START, None, {}, "ends_at is required"),
        (NOW - 3 * HOUR, NOW - HOUR, {}, "ends_at must be in the future"),
        (NOW - 2 * HOUR, NOW + HOUR, {}, "starts_at must be in the future"),
        (START, START + 673 * HOUR, {"max_time_rounding": "1d"}, "at most 672 hours"),
        (START, START + 29 * DAY - HOUR, {"max_time_rounding": "1d"}, "at least 29"),
        (START, START + 29 * DAY + 12 * HOUR, {}, "exceeds max_time_rounding"),
        (START, START + 368 * DAY, {}, "at most 367 days"),
        (START, START + HOUR, {"code": "123456"}, "cannot be specified"),
        (START, START + HOUR, {"use_backup_access_code_pool": True}, "backup"),
        (START, START + 3 * HOUR, {"is_one_time_use": True}, "valid for 24 hours"),
        # 28 local days over the autumn change are 673 hours.
        (
            berlin("2027-10-10T12:00:00+02:00"),
            berlin("2027-11-07T12:00:00+01:00"),
            {"max_time_rounding": "1d"},
            "at most 672 hours",
        ),
        # 30 times 24 hours over the spring change end at another wall-clock hour.
        (
            berlin("2027-03-01T12:00:00+01:00"),
            berlin("2027-04-01T11:00:00+02:00") + 2 * HOUR,
            {},
            "exceeds max_time_rounding",
        ),
    ],
)
async def test_windows_that_do_not_fit(
    api: SeamApi,
    start: datetime,
    end: datetime | None,
    more: dict[str, Any],
    message: str,
) -> None:
    """Each rule refuses what breaks it, by a type that is a switch."""
    params = offline(start, end, **more)
    refused = await api.refused("access_codes/create", **params)
    assert refused[:2] == (400, "invalid_input")
    assert message in refused[2]


async def test_offline_error_type_switch(api: SeamApi) -> None:
    """The live error type is not public."""
    api.sim.seam.switches.offline_error_type = "offline_window_invalid"
    status, body, _ = await api.call("access_codes/create", offline(START, START))
    assert (status, body["error"]["type"]) == (400, "offline_window_invalid")
    assert "validation_errors" not in body["error"]


async def test_strict_start(api: SeamApi) -> None:
    """The cloud may insist on a start in the future."""
    api.sim.seam.switches.offline_start_in_current_hour = False
    params = offline(NOW - timedelta(minutes=20), NOW + HOUR)
    assert (await api.refused("access_codes/create", **params))[0] == 400


async def test_one_time(api: SeamApi) -> None:
    """Without an end it lives 24 hours; an end must be 24 hours later."""
    code = await api.create(**offline(START, None, is_one_time_use=True))
    assert (code["is_one_time_use"], "ends_at" in code) == (True, False)
    await api.create(**offline(START, START + DAY, is_one_time_use=True))
    api.sim.clock.set(START + DAY - timedelta(seconds=1))
    assert (await api.read(code))["status"] == "set"
    api.advance(seconds=1)
    code_id = code["access_code_id"]
    assert (await api.refused("access_codes/get", access_code_id=code_id))[0] == 404
    api.sim.seam.switches.one_time_needs_end = True
    params = offline(START + 2 * DAY, None, is_one_time_use=True)
    assert (await api.refused("access_codes/create", **params))[0] == 400


async def test_no_update(api: SeamApi) -> None:
    """An algoPIN cannot be changed."""
    code = await api.offline(SEAM_LOCK_BRIDGED, START, 3)
    refused = await api.refused(
        "access_codes/update", access_code_id=code["access_code_id"], name="X"
    )
    assert (refused[0], refused[2]) == (400, "Offline access codes cannot be updated")


async def test_delete_refused(api: SeamApi) -> None:
    """By default an offline code cannot be deleted."""
    code = await api.offline(SEAM_LOCK_BRIDGED, START, 3)
    refused = await api.refused(
        "access_codes/delete", access_code_id=code["access_code_id"]
    )
    assert (refused[0], refused[2]) == (400, "Offline access codes cannot be deleted")
    await api.read(code)


async def test_deleted_in_seam_but_alive_at_the_door(api: SeamApi) -> None:
    """By a switch the code leaves Seam; the PIN opens on and keeps its slot."""
    api.sim.seam.switches.offline_delete = "remove"
    codes = [await api.offline(SEAM_LOCK_BRIDGED, START, 3) for _ in range(3)]
    api.advance(seconds=30)
    code_id = codes[0]["access_code_id"]
    await api.ok("access_codes/delete", access_code_id=code_id)
    assert (await api.refused("access_codes/get", access_code_id=code_id))[0] == 404
    assert [pin["opens"] for pin in api.sim.seam.issued_pins()] == [True] * 3
    params = offline(START, START + 3 * HOUR)
    assert (await api.refused("access_codes/create", **params))[0] == 400
    types = await api.event_types(NOW, access_code_id=code_id)
    assert types == ["access_code.changed", "access_code.deleted"]


async def test_rounded_times_by_a_switch(api: SeamApi) -> None:
    """The answer shows the requested times, or the rounded ones."""
    start, end = START + timedelta(minutes=30), START + 3 * HOUR
    code = await api.create(**offline(start, end))
    assert code["starts_at"] == "2026-11-21T14:30:00.000Z"
    api.sim.seam.switches.echo_rounded_times = True
    code = await api.create(**offline(start, end))
    assert code["starts_at"] == "2026-11-21T14:00:00.000Z"


async def test_half_hour_zone(api: SeamApi) -> None:
    """Whole hours are those of the lock's zone, here half past in UTC."""
    api.sim.seam.patch_device(SEAM_LOCK_BRIDGED, {"time_zone": "Asia/Kolkata"})
    start = berlin("2026-11-22T09:00:00+05:30")
    await api.create(**offline(start, start + 2 * HOUR))
    api.advance(seconds=30)
    (pin,) = api.sim.seam.issued_pins()
    assert pin["starts_at"] == "2026-11-22T03:30:00.000Z"
    assert pin["ends_at"] == "2026-11-22T05:30:00.000Z"


async def test_lock_without_the_capability(api: SeamApi) -> None:
    """A flag that is false or absent is a refusal."""
    for value in (False, None):
        flags = {"can_program_offline_access_codes": value}
        api.sim.seam.patch_device(SEAM_LOCK_BRIDGED, {"flags": flags})
        params = offline(START, START + HOUR)
        refused = await api.refused("access_codes/create", **params)
        assert "can_program_offline_access_codes" in refused[2]


async def test_code_added_by_the_control_interface(api: SeamApi) -> None:
    """An offline code made elsewhere follows the same rules."""
    values = {
        "device_id": SEAM_LOCK_OFFLINE,
        "is_offline": True,
        "created_at": NOW - DAY,
        "starts_at": NOW - HOUR,
        "ends_at": NOW + HOUR,
    }
    code = api.sim.seam.add_code(values)
    assert (code["status"], code["is_waiting_for_code_assignment"]) == ("set", False)
    values["ends_at"] = values["starts_at"]
    with pytest.raises(ValueError, match="offline window"):
        api.sim.seam.add_code(values)
