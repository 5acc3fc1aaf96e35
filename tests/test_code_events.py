"""What becomes of codes: every milestone told once, in order, also over restarts."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.igloohome_access.milestones import Milestone, reached
from custom_components.igloohome_access.model import (
    CloudNotice,
    Code,
    CodeKind,
    CodeStatus,
    RecordState,
    Window,
)
from simulator import Simulator
from simulator.igloohome.scenarios import LOCK_BRIDGED
from simulator.seam.scenarios import SEAM_LOCK_BRIDGED, SEAM_LOCK_OFFLINE

from .codes import START, account_of, create, record, remote, requested
from .conftest import SetUp
from .news import listen, restart, stored
from .surface import entity_id, move_to, poll

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
WHOLE = ["issued", "pin_ready", "started"]


@pytest.fixture
async def igloo(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    igloohome_entry: MockConfigEntry,
    set_up: SetUp,
) -> MockConfigEntry:
    """Return an igloohome account that is set up at START in Berlin."""
    freezer.move_to(START)
    await hass.config.async_set_time_zone("Europe/Berlin")
    entry = await set_up(igloohome_entry)
    freezer.tick(60)
    return entry


@pytest.fixture
async def seam(
    freezer: FrozenDateTimeFactory,
    seam_entry: MockConfigEntry,
    set_up: SetUp,
    simulator: Simulator,
) -> MockConfigEntry:
    """Return a Seam account that is set up at START."""
    freezer.move_to(START)
    simulator.seam.switches.rate_limits = False
    entry = await set_up(seam_entry)
    coordinator = account_of(entry).coordinator
    coordinator.update_interval = None
    coordinator._async_unsub_refresh()
    freezer.tick(60)
    return entry


async def test_life_of_a_code(
    hass: HomeAssistant, igloo: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """Each milestone comes when it is reached, with what names the code."""
    codes = listen(hass, igloo, LOCK_BRIDGED, "codes")
    code = await create(
        hass, igloo, LOCK_BRIDGED, starts_at="2026-11-20 14:00:00", name="Plumber"
    )
    assert codes.types == ["issued", "pin_ready"]
    await move_to(hass, freezer, START + 3 * HOUR)
    assert codes.types == WHOLE
    await move_to(hass, freezer, START + 5 * HOUR)
    assert codes.types == [*WHOLE, "expired"]
    started = codes.only("started")
    for name in ("event_types", "friendly_name"):
        del started[name]
    assert started == {
        "event_type": "started",
        "code_id": code["code_id"],
        "code_name": "Plumber",
        "kind": "hourly",
        "status": "active",
        "starts_at": "2026-11-20T14:00:00+01:00",
        "ends_at": "2026-11-20T16:00:00+01:00",
        "happened_at": "2026-11-20T14:00:00+01:00",
    }
    assert codes.only("expired")["happened_at"] == "2026-11-20T16:00:00+01:00"
    assert codes.only("issued")["happened_at"] == "2026-11-20T11:01:00+01:00"


async def test_restarts(
    hass: HomeAssistant,
    igloo: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    hass_storage: dict[str, Any],
) -> None:
    """Nothing is told again; what was missed is told after the start."""
    codes = listen(hass, igloo, LOCK_BRIDGED, "codes")
    code = await create(hass, igloo, LOCK_BRIDGED)
    for _ in range(3):
        await restart(hass, igloo)
    assert codes.types == WHOLE
    await restart(hass, igloo, after=lambda: freezer.move_to(START + DAY))
    assert codes.types == [*WHOLE, "expired"]
    assert codes.only("expired")["happened_at"] == "2026-11-20T14:00:00+01:00"
    account = account_of(igloo)
    await account.news.memory.async_close()
    kept = stored(hass_storage, igloo)["data"]["codes"]
    assert kept[code["code_id"]]["told"] == sorted([*WHOLE, "expired"])

    # That it is forgotten long after is not told.
    await account.book.async_remove([code["code_id"]])
    await restart(hass, igloo, after=lambda: freezer.tick(61 * DAY))
    assert account_of(igloo).news.memory.told(code["code_id"]) is None
    assert codes.types == [*WHOLE, "expired"]


async def test_away_for_long(
    hass: HomeAssistant, igloo: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """Nothing is told again of codes that are still listed after a winter's pause."""
    codes = listen(hass, igloo, LOCK_BRIDGED, "codes")
    await create(hass, igloo, LOCK_BRIDGED)
    await restart(hass, igloo, after=lambda: freezer.tick(100 * DAY))
    assert codes.types == [*WHOLE, "expired"]
    await restart(hass, igloo, after=lambda: freezer.tick(100 * DAY))
    assert codes.types == [*WHOLE, "expired"]


async def test_away_for_long_from_codes_made_elsewhere(
    hass: HomeAssistant,
    seam: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
) -> None:
    """What the cloud lists only some time after the start is not told again either.

    What it no longer lists is forgotten when a day has passed.
    """
    codes = listen(hass, seam, SEAM_LOCK_BRIDGED, "codes")
    for name in ("Stays", "Goes"):
        simulator.seam.add_code({"device_id": SEAM_LOCK_BRIDGED, "name": name})
    freezer.tick(60)
    await account_of(seam).inventory.async_read_lock(SEAM_LOCK_BRIDGED)
    await hass.async_block_till_done()
    told = list(codes.types)
    assert sorted(told) == sorted(2 * WHOLE)
    by_name = {code.name: code.code_id for code in account_of(seam).book}
    remote_ids = {
        code.name: code.remote.cloud_id
        for code in account_of(seam).book
        if code.remote is not None
    }

    def pause() -> None:
        freezer.tick(100 * DAY)
        simulator.seam.remove_code(remote_ids["Goes"])

    await restart(hass, seam, after=pause)
    await account_of(seam).inventory.async_read_lock(SEAM_LOCK_BRIDGED)
    await hass.async_block_till_done()
    assert codes.types == told
    memory = account_of(seam).news.memory
    assert memory.told(by_name["Goes"]) is not None
    await move_to(hass, freezer, START + 102 * DAY)
    simulator.seam.add_code({"device_id": SEAM_LOCK_BRIDGED, "name": "New"})
    await account_of(seam).inventory.async_read_lock(SEAM_LOCK_BRIDGED)
    await hass.async_block_till_done()
    assert memory.told(by_name["Stays"]) is not None
    assert memory.told(by_name["Goes"]) is None


async def test_codes_from_before(
    hass: HomeAssistant,
    igloo: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    hass_storage: dict[str, Any],
) -> None:
    """Codes that were there before anybody watched are told of from then on."""
    await create(hass, igloo, LOCK_BRIDGED)
    assert await hass.config_entries.async_unload(igloo.entry_id)
    del hass_storage["igloohome_access.news_igloohome_test"]
    freezer.tick(60)
    codes = listen(hass, igloo, LOCK_BRIDGED, "codes")
    assert await hass.config_entries.async_setup(igloo.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert codes.types == []
    await move_to(hass, freezer, START + DAY)
    assert codes.types == ["expired"]


async def test_superseded_and_failed(
    hass: HomeAssistant, igloo: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """A replaced code and one that could not be made are told of."""
    codes = listen(hass, igloo, LOCK_BRIDGED, "codes")
    book = account_of(igloo).book
    made_at = START + timedelta(minutes=1)
    one = record("one", device_id=LOCK_BRIDGED, requested_at=made_at)
    two = requested("two", device_id=LOCK_BRIDGED, requested_at=made_at)
    await book.async_update(one)
    await book.async_update(two)
    assert codes.types == WHOLE
    await book.async_update(replace(one, superseded_at=made_at))
    await book.async_update(
        replace(two, state=RecordState.FAILED, failed_at=made_at, failure="refused")
    )
    await hass.async_block_till_done()
    assert codes.types == [*WHOLE, "superseded", "failed"]
    assert codes.only("failed")["code_id"] == "two"
    # A refused request is taken off and was never issued; nor does a prune tell.
    await book.async_remove(["two"])
    await hass.async_block_till_done()
    assert len(codes.types) == 5
    # One that is taken off before its end is gone from here.
    await book.async_remove(["one"])
    await hass.async_block_till_done()
    assert codes.types[5:] == ["removed"]


async def test_pin_that_comes_late(
    hass: HomeAssistant,
    seam: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """On Seam a code is issued first, and its PIN is ready a while later."""
    codes = listen(hass, seam, SEAM_LOCK_OFFLINE, "codes")
    await create(hass, seam, SEAM_LOCK_OFFLINE)
    assert codes.types == ["issued"]
    freezer.tick(60)
    for _ in range(2):
        await poll(hass, seam)
    assert codes.types == WHOLE
    pin = next(iter(account_of(seam).book)).pin
    assert pin is not None
    assert pin not in str(codes.told)


async def test_made_and_removed_elsewhere(
    hass: HomeAssistant,
    simulator: Simulator,
    seam: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Codes of other apps are told of as well, those from before once they change."""
    codes = listen(hass, seam, SEAM_LOCK_BRIDGED, "codes")
    code = simulator.seam.add_code(
        {"device_id": SEAM_LOCK_BRIDGED, "name": "Neighbour 4711", "code": "4711"}
    )
    short = simulator.seam.add_code(
        {
            "device_id": SEAM_LOCK_BRIDGED,
            "name": "Short",
            "code": "815162",
            "starts_at": START.isoformat(),
            "ends_at": (START + HOUR).isoformat(),
        }
    )
    freezer.tick(60)
    for _ in range(4):
        await poll(hass, seam)
    assert {t["code_id"] for t in codes.told} == {
        code["access_code_id"],
        short["access_code_id"],
    }
    assert codes.types.count("issued") == 2
    # Who writes the PIN into the name does not get it told.
    assert "4711" not in str(codes.told)
    # After a restart they are read again, and nothing is told again.
    told = len(codes.told)
    await restart(hass, seam)
    assert len(codes.told) == told
    simulator.seam.remove_code(code["access_code_id"])
    for _ in range(4):
        await poll(hass, seam)
    assert codes.only("removed")["code_id"] == code["access_code_id"]
    # The other one ends; that it leaves the list then is no second end.
    await move_to(hass, freezer, START + 2 * HOUR)
    assert codes.only("expired")["code_id"] == short["access_code_id"]
    simulator.seam.remove_code(short["access_code_id"])
    for _ in range(4):
        await poll(hass, seam)
    assert codes.types.count("removed") == codes.types.count("expired") == 1


async def test_gone_at_its_end(
    hass: HomeAssistant, seam: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """A code that leaves the list at its end has expired."""
    codes = listen(hass, seam, SEAM_LOCK_BRIDGED, "codes")
    book = account_of(seam).book
    made = remote(device_id=SEAM_LOCK_BRIDGED, created_at=START + timedelta(seconds=30))
    await book.async_set_remote([made])
    # Its end comes, and before the timer goes off the list.
    freezer.move_to(START + 2 * HOUR)
    book._alarm.async_cancel()
    await book.async_set_remote([], asked_for=[made.cloud_id])
    await hass.async_block_till_done()
    assert codes.types == [*WHOLE, "expired"]


async def test_recognised_as_ours(
    hass: HomeAssistant, seam: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """A code that is listed while it is being made is told of once."""
    codes = listen(hass, seam, SEAM_LOCK_BRIDGED, "codes")
    book = account_of(seam).book
    made_at = START + timedelta(seconds=50)
    asked = requested("ours", device_id=SEAM_LOCK_BRIDGED, requested_at=made_at)
    listed = remote("cloud-x", device_id=SEAM_LOCK_BRIDGED, created_at=made_at)
    await book.async_reserve(asked)
    await book.async_set_remote([listed])
    assert codes.types == []
    await book.async_update(
        record(
            "ours",
            device_id=SEAM_LOCK_BRIDGED,
            requested_at=made_at,
            cloud_id="cloud-x",
        )
    )
    await hass.async_block_till_done()
    assert codes.types == WHOLE
    assert {t["code_id"] for t in codes.told} == {"ours"}

    # Recognised only after it was told of as made elsewhere: it is not removed.
    other = remote("cloud-y", device_id=SEAM_LOCK_BRIDGED, created_at=made_at)
    await book.async_set_remote([other])
    await book.async_update(
        record(
            "late",
            device_id=SEAM_LOCK_BRIDGED,
            requested_at=made_at,
            cloud_id="cloud-y",
        )
    )
    await hass.async_block_till_done()
    assert "removed" not in codes.types


async def test_online_code_that_was_not_read_yet(
    hass: HomeAssistant, seam: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """Before Seam was asked, nothing is said of what depends on the bridge."""
    codes = listen(hass, seam, SEAM_LOCK_BRIDGED, "codes")
    book = account_of(seam).book
    made_at = START + timedelta(seconds=50)
    ours = record(
        "online",
        device_id=SEAM_LOCK_BRIDGED,
        kind=CodeKind.ONLINE,
        requested_at=made_at,
        window=Window(START, None, "UTC"),
    )
    await book.async_update(ours)
    assert codes.types == ["issued", "pin_ready"]
    listed = remote(
        "cloud-online",
        device_id=SEAM_LOCK_BRIDGED,
        kind=CodeKind.ONLINE,
        status="setting",
        ends_at=None,
    )
    await book.async_set_remote([listed])
    assert codes.types == ["issued", "pin_ready"]
    trouble = replace(
        listed, notices=(CloudNotice("failed_to_set_on_device", "It failed"),)
    )
    for _ in range(2):
        await book.async_set_remote([trouble])
        await book.async_set_remote([replace(listed, status="set")])
    # The cloud took the error back, and failed again.
    await hass.async_block_till_done()
    assert codes.types == [*WHOLE[:2], "failed", "started", "failed"]
    freezer.tick(HOUR)
    await book.async_set_remote([], asked_for=["cloud-online"])
    await hass.async_block_till_done()
    assert codes.types[-1] == "removed"


async def test_nobody_listens(hass: HomeAssistant, igloo: MockConfigEntry) -> None:
    """The milestones of a lock are for that lock; a listener can leave."""
    heard: list[Any] = []
    milestones = account_of(igloo).milestones
    leave = milestones.async_listen(LOCK_BRIDGED, heard.append)
    leave()
    await create(hass, igloo, LOCK_BRIDGED)
    assert heard == []
    milestones.async_stop()
    milestones.async_stop()
    door = account_of(igloo).news.door
    door.async_listen(LOCK_BRIDGED, heard.append)()
    assert entity_id(hass, igloo, "event", LOCK_BRIDGED, "codes") is not None


# What is true of a code, as a table


def _at(hours: float) -> datetime:
    return START + timedelta(hours=hours)


@pytest.mark.parametrize(
    ("code", "status", "expected"),
    [
        (Code(record=requested()), CodeStatus.REQUESTED, {}),
        (
            Code(record=record(pin=None)),
            CodeStatus.WAITING_FOR_PIN,
            {"issued": _at(0)},
        ),
        (
            Code(remote=remote(created_at=None, starts_at=None)),
            CodeStatus.ACTIVE,
            {"issued": _at(1), "pin_ready": _at(1), "started": _at(1)},
        ),
        (
            Code(record=record(issued_at=_at(0.5))),
            CodeStatus.UNCONFIRMED,
            {"issued": _at(0.5), "pin_ready": _at(1), "started": _at(0.5)},
        ),
        (
            Code(record=record(pin=None)),
            CodeStatus.EXPIRED,
            {"issued": _at(0), "expired": _at(2)},
        ),
        (
            Code(
                record=record(
                    kind=CodeKind.ONLINE,
                    window=Window(START, None, "UTC"),
                    vanished_at=_at(0.5),
                )
            ),
            CodeStatus.EXPIRED,
            {"issued": _at(0), "pin_ready": _at(1), "removed": _at(0.5)},
        ),
        (
            Code(remote=remote(kind=CodeKind.ONLINE, ends_at=None)),
            CodeStatus.EXPIRED,
            {"issued": _at(0), "pin_ready": _at(1), "expired": _at(1)},
        ),
        (
            Code(remote=remote(pin=None)),
            CodeStatus.FAILED,
            {"issued": _at(0), "failed": _at(1)},
        ),
        (
            Code(record=record(vanished_at=_at(0.2), state=RecordState.FAILED)),
            CodeStatus.FAILED,
            {"failed": _at(0.2)},
        ),
        (
            Code(record=record(superseded_at=None)),
            CodeStatus.SUPERSEDED,
            {"issued": _at(0), "pin_ready": _at(1), "superseded": _at(1)},
        ),
        (
            Code(remote=remote()),
            CodeStatus.SUPERSEDED,
            {"issued": _at(0), "pin_ready": _at(1), "superseded": _at(1)},
        ),
    ],
)
def test_reached(code: Code, status: CodeStatus, expected: dict[str, datetime]) -> None:
    """What is true of a code, and since when."""
    found = reached(code, status, _at(1))
    assert {key.value: at for key, at in found.items()} == expected
    order = list(Milestone)
    assert list(found) == sorted(found, key=order.index)
