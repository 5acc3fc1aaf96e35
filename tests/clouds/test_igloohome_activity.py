"""igloohome's client against the simulator: what happened at the door."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from custom_components.igloohome_access.clouds import igloohome_log
from custom_components.igloohome_access.clouds.base import (
    CloudAuthError,
    CloudNotFoundError,
    CloudPermissionError,
    CloudUnreachableError,
    Operation,
)
from custom_components.igloohome_access.clouds.igloohome import IgloohomeCloud
from custom_components.igloohome_access.clouds.igloohome_activity import parse_row
from custom_components.igloohome_access.model import Activity, ActivityKind
from simulator import Simulator
from simulator.igloohome.scenarios import LOCK_BRIDGED

from .conftest import MakeIgloohome
from .samples import NOW, PIN, code_request
from .test_igloohome_jobs import devices_of

WRONG = "135791"
ACTIVITY = "/activity"


def type_pins(sim: Simulator, *pins: str, seconds: int = 10) -> None:
    """Type PINs at the lock, some seconds apart."""
    for pin in pins:
        sim.clock.advance(timedelta(seconds=seconds))
        sim.igloohome.enter_pin(LOCK_BRIDGED, pin)
    # The door locks itself.
    sim.clock.advance(timedelta(seconds=10))


async def issued_pin(cloud: IgloohomeCloud) -> str:
    """Return the PIN of a new offline code."""
    pin = (await cloud.async_create_offline_code(code_request(LOCK_BRIDGED))).pin
    assert pin is not None
    return pin


async def read(
    cloud: IgloohomeCloud, since: datetime | None = None
) -> tuple[Activity, ...]:
    """Return the log of the lock."""
    return await cloud.async_read_activity(LOCK_BRIDGED, since)


async def test_log_by_a_job(igloohome: IgloohomeCloud, sim: Simulator) -> None:
    """A log is empty until a job has brought it to the cloud."""
    pin = await issued_pin(igloohome)
    type_pins(sim, WRONG, pin)
    assert await read(igloohome) == ()
    lock = (await devices_of(igloohome))[LOCK_BRIDGED]
    await igloohome.async_start(lock, Operation.READ_LOG)
    sim.clock.advance(timedelta(seconds=21))
    denied, opened, locked = await read(igloohome)
    assert (denied.kind, denied.method) == (ActivityKind.ACCESS_DENIED, "keycode")
    assert (denied.pin, opened.pin, locked.pin) == (WRONG, pin, None)
    assert denied.happened_at == NOW + timedelta(seconds=10)
    assert (opened.kind, opened.word) == (ActivityKind.UNLOCKED, "PIN_UNLOCK")
    assert (locked.kind, locked.method) == (ActivityKind.LOCKED, "automatic")
    for activity in (denied, opened, locked):
        assert activity.device_id == LOCK_BRIDGED
        assert pin not in repr(activity)
        assert WRONG not in repr(activity)


@pytest.mark.parametrize("order", ["newest_first", "oldest_first", "arrival"])
@pytest.mark.parametrize("shape", ["described", "raw", "mixed"])
async def test_every_order_and_shape(
    igloohome: IgloohomeCloud, sim: Simulator, order: Any, shape: Any
) -> None:
    """However the rows come, each is there once, at its own time, with the same id."""
    switches = sim.igloohome.switches
    pin = await issued_pin(igloohome)
    type_pins(sim, WRONG, pin, pin)
    late = {"activity_type": "PIN_UNLOCK", "log_type": 19, "pin": pin, "at": NOW}
    sim.igloohome.upload_log(LOCK_BRIDGED, [late])
    plain = await read(igloohome)
    assert len(plain) == 6
    assert [row.happened_at for row in plain] == sorted(r.happened_at for r in plain)
    switches.activity_order = order
    switches.activity_shape = shape
    switches.activity_repeats = True
    again = await read(igloohome)
    assert len({row.activity_id for row in again}) == len(again)
    known = {row.activity_id: row for row in plain}
    # The raw shape has no known number for a door that locks itself.
    doors = [row for row in again if row.kind is not ActivityKind.OTHER]
    assert len(doors) >= 4
    for row in doors:
        same = known[row.activity_id]
        assert (row.kind, row.happened_at, row.pin) == (
            same.kind,
            same.happened_at,
            same.pin,
        )


async def test_first_use(igloohome: IgloohomeCloud, sim: Simulator) -> None:
    """The raw shape tells the first use of a code."""
    sim.igloohome.switches.activity_shape = "raw"
    pin = await issued_pin(igloohome)
    type_pins(sim, pin, pin)
    sim.igloohome.upload_log(LOCK_BRIDGED)
    uses = [row.first_use for row in await read(igloohome) if row.pin]
    assert uses == [True, False]


async def test_two_shapes_of_one_row(igloohome: IgloohomeCloud, sim: Simulator) -> None:
    """What two rows tell of the same is put together."""
    at = "2026-11-20T10:00:00+00:00"
    rows = [
        {"activityType": "PIN_UNLOCK", "localActionAt": at},
        {"logType": 22, "entryDate": 1795168800, "pin": PIN},
        {"logType": 22, "entryDate": 1795168800},
    ]
    for body in (rows, {"payload": rows[::-1], "nextCursor": None}):
        sim.faults.add(ACTIVITY, "json", body=body)
        (row,) = await read(igloohome)
        assert (row.pin, row.first_use, row.method) == (PIN, True, "keycode")
        assert row.happened_at == datetime(2026, 11, 20, 10, tzinfo=UTC)


async def test_since(igloohome: IgloohomeCloud, sim: Simulator) -> None:
    """Rows before a moment are left out, the moment itself is in."""
    type_pins(sim, WRONG, WRONG, WRONG)
    sim.igloohome.upload_log(LOCK_BRIDGED)
    moments = [row.happened_at for row in await read(igloohome)]
    assert [row.happened_at for row in await read(igloohome, moments[1])] == moments[1:]


@pytest.mark.parametrize(
    ("order", "requests"),
    [("newest_first", 2), ("oldest_first", 3), ("arrival", 3)],
)
async def test_pages(
    igloohome: IgloohomeCloud, sim: Simulator, order: Any, requests: int
) -> None:
    """All pages are read, but not those that are certainly too old."""
    sim.igloohome.switches.activity_order = order
    type_pins(sim, *[WRONG] * 120, seconds=60)
    sim.igloohome.upload_log(LOCK_BRIDGED)
    everything = await read(igloohome)
    assert len(everything) == 120
    assert sim.requests.count(path=ACTIVITY) == 3
    sim.requests.clear()
    newest = everything[-1].happened_at
    recent = await read(igloohome, newest - timedelta(minutes=4))
    assert recent == everything[-5:]
    assert sim.requests.count(path=ACTIVITY) == requests
    assert sim.requests.all[0].query["pageSize"] == "50"


async def test_endless_pages(
    igloohome: IgloohomeCloud, sim: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cursor that comes again is the end; so is the limit, if nothing new is lost."""
    page = {
        "payload": [{"logType": 16, "entryDate": 1795168800}],
        "nextCursor": "again",
    }
    sim.faults.add(ACTIVITY, "json", body=page, times=None)
    assert len(await read(igloohome)) == 1
    assert sim.requests.count(path=ACTIVITY) == 2
    sim.faults.clear()
    monkeypatch.setattr(igloohome_log, "MAX_PAGES", 2)
    type_pins(sim, *[WRONG] * 120, seconds=60)
    sim.igloohome.upload_log(LOCK_BRIDGED)
    assert len(await read(igloohome)) == 100
    sim.igloohome.switches.activity_order = "oldest_first"
    with pytest.raises(CloudUnreachableError, match="no end"):
        await read(igloohome)


@pytest.mark.parametrize("status", [403, 401])
async def test_token_for_the_log_alone(
    igloohome: IgloohomeCloud, sim: Simulator, status: int
) -> None:
    """Where a log wants a token of its own, it gets one, and keeps it."""
    type_pins(sim, WRONG)
    sim.igloohome.upload_log(LOCK_BRIDGED)
    if status == 403:
        sim.igloohome.switches.solo_scope_activity = True
    else:
        sim.faults.add(ACTIVITY, "status", status=401, times=2)
    assert len(await read(igloohome)) == 1
    sent = [r.body for r in sim.requests.all if r.template == "/oauth2/token"]
    assert "scope" not in sent[0]
    assert sent[-1] == (
        "grant_type=client_credentials&scope=igloohomeapi%2Fget-device-activity"
    )
    sim.requests.clear()
    await read(igloohome)
    await igloohome.async_list_devices()
    assert [r.template for r in sim.requests.all] == [
        "/igloohome/devices/{device_id}/activity",
        "/igloohome/devices",
    ]


async def test_token_for_the_log_no_longer_wanted(
    igloohome: IgloohomeCloud, sim: Simulator
) -> None:
    """What was learned is forgotten when it does not work any more."""
    sim.igloohome.switches.solo_scope_activity = True
    await read(igloohome)
    sim.faults.add(ACTIVITY, "status", status=403, times=2)
    sim.igloohome.switches.solo_scope_activity = False
    sim.requests.clear()
    assert await read(igloohome) == ()
    await read(igloohome)
    refused = [r.status for r in sim.requests.all if r.path.endswith(ACTIVITY)]
    assert refused == [403, 403, 200, 200]


async def test_log_forbidden(
    make_igloohome: MakeIgloohome, igloohome: IgloohomeCloud, sim: Simulator
) -> None:
    """A missing permission is named, and not asked for again and again."""
    limited = make_igloohome("limited-client-id", "limited-client-secret")
    with pytest.raises(CloudPermissionError) as caught:
        await read(limited)
    assert caught.value.permission == "get-device-activity"
    assert sim.requests.count(path="token") == 1
    sim.faults.add(ACTIVITY, "status", status=403, times=None)
    with pytest.raises(CloudPermissionError) as caught:
        await read(igloohome)
    assert caught.value.permission == "get-device-activity"
    sim.faults.clear()
    sim.faults.add(ACTIVITY, "status", status=401, times=None)
    with pytest.raises(CloudAuthError):
        await read(igloohome)


async def test_log_of_an_unknown_lock(igloohome: IgloohomeCloud) -> None:
    """A lock may be gone."""
    with pytest.raises(CloudNotFoundError):
        await igloohome.async_read_activity("gone", None)


async def test_answer_without_rows(igloohome: IgloohomeCloud, sim: Simulator) -> None:
    """An answer that lists nothing is not an empty log."""
    sim.faults.add(ACTIVITY, "json", body={"message": "?"}, times=None)
    with pytest.raises(CloudUnreachableError, match="no list of activities"):
        await read(igloohome)


UNLOCKED, LOCKED = ActivityKind.UNLOCKED, ActivityKind.LOCKED
DENIED, OTHER = ActivityKind.ACCESS_DENIED, ActivityKind.OTHER


@pytest.mark.parametrize(
    ("text", "kind", "method"),
    [
        ("PIN_UNLOCK", UNLOCKED, "keycode"),
        ("PIN_UNLOCK_ONETIME", UNLOCKED, "keycode"),
        ("PIN_UNLOCK_FAILED", DENIED, "keycode"),
        ("AUTO_RELOCK", LOCKED, "automatic"),
        ("SET_TIME", OTHER, None),
        ("GENERATE_PIN", OTHER, "keycode"),
        ("CREATE_PIN_FAILED", OTHER, "keycode"),
        ("WRONG_PIN", DENIED, "keycode"),
        ("ACCESS_DENIED", DENIED, None),
        ("SET_TIME_FAILED", OTHER, None),
        ("BLUETOOTH_UNLOCK", UNLOCKED, "bluetooth"),
        ("bridge_lock", LOCKED, "remote"),
        ("CARD_UNLOCK", UNLOCKED, "card"),
        ("FINGERPRINT_UNLOCK", UNLOCKED, "fingerprint"),
        ("BUTTON-LOCK", LOCKED, "button"),
        ("KEY_UNLOCK", UNLOCKED, "key"),
        ("MANUAL_LOCK", LOCKED, "manual"),
        ("BREAK_IN", ActivityKind.TAMPERED, None),
        ("LOW_BATTERY", ActivityKind.LOW_BATTERY, None),
        ("Käse 12", OTHER, None),
    ],
)
def test_described_rows(text: str, kind: ActivityKind, method: str | None) -> None:
    """The names are read by the words in them."""
    row = parse_row("d", {"activityType": text, "localActionAt": NOW.isoformat()})
    assert row is not None
    assert (row.kind, row.method) == (kind, method)


@pytest.mark.parametrize(
    ("number", "kind", "method", "first_use"),
    [
        (11, UNLOCKED, "bluetooth", None),
        (16, DENIED, "keycode", None),
        (18, UNLOCKED, "keycode", None),
        (19, UNLOCKED, "keycode", False),
        (20, UNLOCKED, "keycode", True),
        (22, UNLOCKED, "keycode", True),
        (26, UNLOCKED, "keycode", None),
        (37, LOCKED, "bluetooth", None),
        (43, UNLOCKED, "card", None),
        (49, LOCKED, "button", None),
        (51, LOCKED, "key", None),
        (53, ActivityKind.TAMPERED, None, None),
        (56, UNLOCKED, "fingerprint", None),
        (48, OTHER, None, None),
        ("22", OTHER, None, None),
        (None, OTHER, None, None),
    ],
)
def test_raw_rows(
    number: Any, kind: ActivityKind, method: str | None, first_use: bool | None
) -> None:
    """The numbers of reference/igloohome-api.md §5.2; others are kept as unknown."""
    row = parse_row("d", {"logType": number, "entryDate": 1795168800, "pin": PIN})
    assert row is not None
    assert (row.kind, row.method, row.first_use) == (kind, method, first_use)
    assert row.word == (str(number) if isinstance(number, int) else None)
    assert PIN not in row.activity_id


@pytest.mark.parametrize(
    ("row", "moment"),
    [
        ({"localActionAt": "2026-11-20T11:00:00+01:00"}, 10),
        # A time without an offset is the lock's, whose zone nobody tells.
        ({"localActionAt": "2026-11-20T11:00:00", "entryDate": 1795168800}, 10),
        (
            {
                "localActionAt": "2026-11-20T11:00:00",
                "activityTimeAt": "2026-11-20T10:00:00Z",
            },
            10,
        ),
        ({"localActionAt": "2026-11-20T11:00:00"}, 11),
        ({"entryDate": 1795168800000}, 10),
        ({"entryDate": 1e300}, None),
        ({"entryDate": 0}, None),
        ({"localActionAt": "noon+01:00"}, None),
        ({}, None),
    ],
)
def test_moments(row: dict[str, Any], moment: int | None) -> None:
    """When something happened at the lock; a row that does not say is left out."""
    found = parse_row("d", {"logType": 11, **row})
    if moment is None:
        assert found is None
    else:
        assert found is not None
        assert found.happened_at == datetime(2026, 11, 20, moment, tzinfo=UTC)


def test_ids() -> None:
    """An id differs by lock, kind and second, and for the unknown by its name."""

    def id_of(device_id: str = "d", **row: Any) -> str:
        found = parse_row(device_id, {"entryDate": 1795168800, **row})
        assert found is not None
        return found.activity_id

    different = [
        id_of(logType=11),
        id_of("e", logType=11),
        id_of(logType=37),
        id_of(logType=11, entryDate=1795168801),
        id_of(logType=47),
        id_of(logType=48),
        id_of(),
    ]
    assert len(set(different)) == len(different)
    assert id_of(logType=16, pin=PIN) == id_of(logType=16, pin=WRONG)
