"""What happened at a Seam account: read once a poll, told once, also over restarts."""

from collections.abc import Callable, Generator
from datetime import timedelta
import logging
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.igloohome_access.model import CodeStatus
from simulator import Simulator
from simulator.seam.scenarios import (
    SEAM_LOCK_BRIDGED,
    SEAM_LOCK_HUB_DOWN,
    SEAM_LOCK_OFFLINE,
)

from .codes import START, account_of, create, records_of
from .conftest import SetUp
from .news import Listener, listen, restart, stored
from .online import make
from .push_world import SOON, later, settle
from .surface import poll, state

EVENTS = "/seam/events/list"
CODES = "/seam/access_codes/"
MINUTE = timedelta(minutes=1)

type Happen = Callable[..., dict[str, Any]]
type Made = Callable[..., str]


@pytest.fixture
async def seam(
    freezer: FrozenDateTimeFactory,
    seam_entry: MockConfigEntry,
    set_up: SetUp,
    simulator: Simulator,
    instant_reads: None,
) -> MockConfigEntry:
    """Return a Seam account that is set up at START and polls when told to."""
    freezer.move_to(START)
    simulator.seam.switches.rate_limits = False
    simulator.seam.switches.relock_seconds = None
    entry = await set_up(seam_entry)
    _by_hand(entry)
    freezer.tick(MINUTE)
    simulator.requests.clear()
    return entry


def _by_hand(entry: MockConfigEntry) -> None:
    coordinator = account_of(entry).coordinator
    coordinator.update_interval = None
    coordinator._async_unsub_refresh()


@pytest.fixture
def door(hass: HomeAssistant, seam: MockConfigEntry) -> Listener:
    """Listen to a door."""
    return listen(hass, seam, SEAM_LOCK_BRIDGED, "door")


@pytest.fixture
def happen(simulator: Simulator) -> Happen:
    """Let something happen at the bridged lock."""

    def add(event_type: str, **values: Any) -> dict[str, Any]:
        return simulator.seam.add_event(
            {"event_type": event_type, "device_id": SEAM_LOCK_BRIDGED, **values}
        )

    return add


@pytest.fixture
def made(simulator: Simulator) -> Made:
    """Let somebody else make a code, and return its id."""

    def add(device_id: str = SEAM_LOCK_BRIDGED, *, managed: bool = True) -> str:
        values = {"name": "Elsewhere", "code": "4711", "is_managed": managed}
        code = simulator.seam.add_code({"device_id": device_id, **values})
        return str(code["access_code_id"])

    return add


@pytest.fixture
def small_pages() -> Generator[None]:
    """Let three events fill an answer."""
    base = "custom_components.igloohome_access.clouds"
    with (
        patch(f"{base}.seam.EVENTS_PAGE_SIZE", 3),
        patch(f"{base}.seam_events.PAGE_SIZE", 3),
    ):
        yield


async def test_at_the_door(
    hass: HomeAssistant,
    seam: MockConfigEntry,
    door: Listener,
    happen: Happen,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Everything Seam tells of a door reaches its entity, at its own time."""
    happen("lock.unlocked", method="manual")
    freezer.tick(1)
    happen("lock.locked", method="automatic")
    reason = {"reason_code": "unknown_code", "message": "No"}
    happen("lock.access_denied", reason=reason)
    happen("device.low_battery")
    happen("device.tampered")
    happen("device.connected")
    await poll(hass, seam)
    assert door.types == [
        "unlocked",
        "locked",
        "access_denied",
        "low_battery",
        "tampered",
    ]
    assert door.told[0]["method"] == "manual"
    # On the clock of the lock, which is in Berlin.
    assert door.told[0]["happened_at"] == "2026-11-20T11:01:00+01:00"
    assert door.told[1]["happened_at"] == "2026-11-20T11:01:01+01:00"
    assert door.told[2]["reason"] == "unknown_code"
    assert door.told[2]["code_name"] is door.told[2]["code_id"] is None
    found = state(hass, seam, "event", SEAM_LOCK_BRIDGED, "door")
    assert found is not None and found.attributes["event_type"] == "tampered"


async def test_state_of_the_lock(
    hass: HomeAssistant, seam: MockConfigEntry, door: Listener, happen: Happen
) -> None:
    """An event says who moved the bolt; an echo of a command says nothing."""
    evidence = account_of(seam).evidence
    happen("lock.unlocked", method="keycode")
    await poll(hass, seam)
    known = evidence.latest(SEAM_LOCK_BRIDGED)
    assert known is not None and (known.locked, known.by) == (False, "keycode")
    happen("lock.locked", method="remote")
    await poll(hass, seam)
    assert evidence.latest(SEAM_LOCK_BRIDGED) == known
    assert door.types == ["unlocked", "locked"]


async def test_each_once(
    hass: HomeAssistant,
    simulator: Simulator,
    seam: MockConfigEntry,
    door: Listener,
    happen: Happen,
    freezer: FrozenDateTimeFactory,
    hass_storage: dict[str, Any],
) -> None:
    """Repeated answers, overlapping polls and restarts repeat nothing, lose nothing."""
    simulator.seam.switches.events_repeated = True
    simulator.seam.switches.events_newest_first = True
    happen("lock.unlocked", method="manual")
    freezer.tick(1)
    happen("lock.locked", method="manual")
    for _ in range(3):
        await poll(hass, seam)
        freezer.tick(MINUTE)
    assert door.types == ["unlocked", "locked"]
    # The later one is told first where it becomes visible first.
    happen("lock.unlocked", method="card", occurred_at=START.isoformat())
    await poll(hass, seam)
    assert door.types == ["unlocked", "locked", "unlocked"]
    assert door.told[2]["happened_at"] == "2026-11-20T11:00:00+01:00"

    await restart(hass, seam, after=lambda: happen("lock.locked", method="manual"))
    assert set(stored(hass_storage, seam)["data"]["events"])
    for _ in range(3):
        await poll(hass, seam)
        freezer.tick(MINUTE)
    assert door.types == ["unlocked", "locked", "unlocked", "locked"]


async def test_what_was_before(
    hass: HomeAssistant,
    simulator: Simulator,
    seam_entry: MockConfigEntry,
    set_up: SetUp,
    freezer: FrozenDateTimeFactory,
) -> None:
    """What had happened before the account was added is no news."""
    freezer.move_to(START)
    unlocked = {"event_type": "lock.unlocked", "device_id": SEAM_LOCK_BRIDGED}
    simulator.seam.add_event({**unlocked, "method": "manual"})
    freezer.tick(MINUTE)
    entry = await set_up(seam_entry)
    door = listen(hass, entry, SEAM_LOCK_BRIDGED, "door")
    await poll(hass, entry)
    await poll(hass, entry)
    assert simulator.requests.count("seam", EVENTS) > 0
    assert door.types == []


async def test_events_of_others(
    hass: HomeAssistant,
    simulator: Simulator,
    seam: MockConfigEntry,
    door: Listener,
    happen: Happen,
    made: Made,
) -> None:
    """What happens to devices that are not listed here is passed over."""
    lock = simulator.seam.store.devices[SEAM_LOCK_OFFLINE]
    simulator.seam.add_event(
        {
            "event_type": "connected_account.disconnected",
            "connected_account_id": lock.connected_account_id,
        }
    )
    cloud_id = made(SEAM_LOCK_OFFLINE)
    simulator.seam.add_event(
        {"event_type": "access_code.unmanaged.created", "access_code_id": cloud_id}
    )
    happen("lock.unlocked", method="manual")
    account_of(seam).news.async_note_devices({})
    async with account_of(seam).news._reading:
        await account_of(seam).news._async_read_events()
    assert account_of(seam).news._codes == {}
    assert account_of(seam).news._lists == {}
    assert cloud_id not in {c.code_id for c in account_of(seam).book}
    assert door.types == []


# Codes


async def test_codes_are_read_for_a_reason(
    hass: HomeAssistant,
    simulator: Simulator,
    seam: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Without news a poll reads events; now and then a list, in a slow round."""
    for _ in range(3):
        await poll(hass, seam)
    assert simulator.requests.count("seam", EVENTS) == 3
    assert simulator.requests.count("seam", CODES) == 0
    freezer.tick(timedelta(minutes=4))
    for _ in range(3):
        await poll(hass, seam)
    assert simulator.requests.count("seam", EVENTS) == 5
    assert simulator.requests.count("seam", CODES) == 1
    # And when the clock is set back.
    freezer.move_to(START - timedelta(days=1))
    await poll(hass, seam)
    await poll(hass, seam)
    assert simulator.requests.count("seam", CODES) == 2


async def test_codes_that_do_not_get_onto_their_lock(
    hass: HomeAssistant,
    simulator: Simulator,
    seam: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Each is read in its turn, and they do not keep the slow round from its own."""
    simulator.seam.switches.programming_seconds = 1e6
    for name in ("Cleaner", "Plumber", "Neighbour"):
        await make(hass, seam, name=name)
    for _ in range(8):  # until the events of these codes have been followed
        await poll(hass, seam)
    simulator.requests.clear()
    with patch("custom_components.igloohome_access.news.CODES_PER_REQUEST", 2):
        for _ in range(6):
            await poll(hass, seam)
    asked = [
        len(request.body["access_code_ids"])
        for request in simulator.requests.all
        if request.path.endswith("access_codes/list")
    ]
    assert sorted(asked) == [1, 2, 2]
    simulator.requests.clear()
    # In a slow round known codes and lists of locks take turns.
    for _ in range(2):
        freezer.tick(timedelta(minutes=5))
        for _ in range(6):
            await poll(hass, seam)
    of_lock = [
        "device_id" in request.body
        for request in simulator.requests.select("seam", CODES)
    ]
    assert of_lock.count(True) == 1


async def test_code_made_elsewhere(
    hass: HomeAssistant,
    simulator: Simulator,
    seam: MockConfigEntry,
    made: Made,
) -> None:
    """A code made elsewhere appears and disappears with two polls, by its id."""
    cloud_id = made()
    book = account_of(seam).book
    await poll(hass, seam)
    assert book.get(cloud_id) is None
    await poll(hass, seam)
    assert book.get(cloud_id) is not None
    simulator.seam.remove_code(cloud_id)
    await poll(hass, seam)
    await poll(hass, seam)
    assert book.get(cloud_id) is None
    asked = [
        request.body
        for request in simulator.requests.all
        if request.path.endswith("access_codes/list")
    ]
    assert asked == [{"access_code_ids": [cloud_id], "limit": 1000}] * 2
    assert simulator.requests.count("seam", EVENTS) == 2


async def test_unmanaged_code(
    hass: HomeAssistant,
    simulator: Simulator,
    seam: MockConfigEntry,
    happen: Happen,
    made: Made,
) -> None:
    """What the maker's app made is in another list, which is read."""
    cloud_id = made(managed=False)
    event = "access_code.unmanaged.created"
    if not any(e["event_type"] == event for e in simulator.seam.store.events):
        happen(event, access_code_id=cloud_id)
    await poll(hass, seam)
    await poll(hass, seam)
    assert account_of(seam).book.get(cloud_id) is not None
    assert simulator.requests.count("seam", "/seam/access_codes/unmanaged/list") == 1
    assert simulator.requests.count("seam", CODES) == 1

    simulator.requests.clear()
    codes = listen(hass, seam, SEAM_LOCK_BRIDGED, "codes")
    happen("access_code.unmanaged.created", access_code_id=cloud_id)
    happen("access_code.unmanaged.converted_to_managed", access_code_id=cloud_id)
    simulator.seam.store.codes[cloud_id].is_managed = True
    for _ in range(4):
        await poll(hass, seam)
    assert account_of(seam).book.get(cloud_id) is not None
    assert "removed" not in codes.types
    assert simulator.requests.count("seam", "/seam/access_codes/unmanaged/list") == 1
    assert simulator.requests.count("seam", "/seam/access_codes/list") == 1


async def test_pin_that_comes_late(
    hass: HomeAssistant,
    simulator: Simulator,
    seam: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """A code without its PIN is read every other poll, also without any event."""
    simulator.seam.switches.pin_assigned_events = []
    code = await create(hass, seam, SEAM_LOCK_OFFLINE)
    book = account_of(seam).book
    assert book.status(code["code_id"]) is CodeStatus.WAITING_FOR_PIN
    freezer.tick(MINUTE)
    simulator.requests.clear()
    for _ in range(2):
        await poll(hass, seam)
    assert book.status(code["code_id"]) is CodeStatus.ACTIVE
    assert simulator.requests.count("seam", CODES) == 1
    assert simulator.requests.count("seam", EVENTS) == 1


@pytest.mark.parametrize(
    ("kind", "tried"), [({"status": 503}, 2), ({"status": 400}, 1)]
)
@pytest.mark.parametrize("managed", [True, False])
async def test_codes_that_cannot_be_read(
    hass: HomeAssistant,
    simulator: Simulator,
    seam: MockConfigEntry,
    happen: Happen,
    kind: dict[str, Any],
    tried: int,
    managed: bool,
    made: Made,
) -> None:
    """A hiccup is repaired by the next polls; a refusal is not asked for again."""
    cloud_id = made(managed=managed)
    if not managed:
        happen("access_code.unmanaged.created", access_code_id=cloud_id)
    await poll(hass, seam)
    simulator.faults.add(CODES, "status", times=None, **kind)
    await poll(hass, seam)
    simulator.faults.clear()
    simulator.requests.clear()
    for _ in range(4):
        await poll(hass, seam)
    assert simulator.requests.count("seam", CODES) == tried - 1
    known = account_of(seam).book.get(cloud_id) is not None
    assert known == (tried == 2)


# Gaps


def _warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [
        record.getMessage()
        for record in caplog.records
        if record.levelno == logging.WARNING and "igloohome_access" in record.name
    ]


async def test_more_than_one_answer_holds(
    hass: HomeAssistant,
    simulator: Simulator,
    seam: MockConfigEntry,
    door: Listener,
    happen: Happen,
    freezer: FrozenDateTimeFactory,
    small_pages: None,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A full answer is gone on from, reported once, and all codes are read again."""
    for number in range(8):
        happen("lock.unlocked" if number % 2 else "lock.locked", method="manual")
        freezer.tick(1)
    caplog.clear()
    for _ in range(20):
        await poll(hass, seam)
    assert door.types == ["locked", "unlocked"] * 4
    warned = _warnings(caplog)
    assert len(warned) == 1
    assert "more than one answer holds" in warned[0]
    # Both lists of each of the four locks that take codes.
    assert simulator.requests.count("seam", CODES) == 8
    assert simulator.requests.count() == 40

    # When it happens again later, it is reported again.
    for _ in range(4):
        happen("lock.unlocked", method="manual")
        freezer.tick(1)
    for _ in range(4):
        await poll(hass, seam)
    assert len(_warnings(caplog)) == 2


async def test_everything_at_one_moment(
    hass: HomeAssistant,
    seam: MockConfigEntry,
    door: Listener,
    happen: Happen,
    freezer: FrozenDateTimeFactory,
    small_pages: None,
) -> None:
    """More events of one moment than an answer holds do not stop the news."""
    for _ in range(5):
        happen("lock.unlocked", method="manual")
    for _ in range(4):
        await poll(hass, seam)
    freezer.tick(timedelta(minutes=10))
    happen("lock.locked", method="manual")
    for _ in range(6):
        await poll(hass, seam)
        freezer.tick(timedelta(minutes=10))
    assert door.types[-1] == "locked"


async def test_away_for_long(
    hass: HomeAssistant,
    seam: MockConfigEntry,
    door: Listener,
    happen: Happen,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """After days away it is said that events may be missing, once."""
    happen("lock.unlocked", method="manual")
    await poll(hass, seam)

    def days_later() -> None:
        freezer.tick(timedelta(days=1))
        happen("lock.locked", method="manual")
        freezer.tick(timedelta(days=2))

    await restart(hass, seam, after=days_later)
    for _ in range(3):
        await poll(hass, seam)
    assert door.types == ["unlocked", "locked"]
    assert door.told[1]["happened_at"] == "2026-11-21T11:01:00+01:00"
    assert caplog.text.count("may be missing: they were not read for long") == 1


async def test_a_quiet_account_has_no_gap(
    hass: HomeAssistant,
    seam: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """That nothing happens for days is noted, so a restart is no reason to worry."""
    for _ in range(80):
        freezer.tick(timedelta(hours=1))
        await poll(hass, seam)
    await restart(hass, seam)
    await poll(hass, seam)
    assert "may be missing" not in caplog.text


async def test_a_moment_far_ahead(
    hass: HomeAssistant,
    simulator: Simulator,
    seam: MockConfigEntry,
    door: Listener,
    happen: Happen,
    freezer: FrozenDateTimeFactory,
) -> None:
    """An event from the future does not hide what happens until then."""
    happen("lock.unlocked", method="manual")
    simulator.seam.store.events[-1]["created_at"] = "2099-01-01T00:00:00.000Z"
    await poll(hass, seam)
    freezer.tick(MINUTE)
    happen("lock.locked", method="manual")
    await poll(hass, seam)
    assert door.types == ["unlocked", "locked"]


async def test_events_cannot_be_read(
    hass: HomeAssistant,
    simulator: Simulator,
    seam: MockConfigEntry,
    door: Listener,
    happen: Happen,
) -> None:
    """When they fail, devices and entities stay, and the next poll tells."""
    happen("lock.unlocked", method="manual")
    simulator.faults.add(EVENTS, "status", status=400, times=1)
    await poll(hass, seam)
    assert door.types == []
    assert account_of(seam).coordinator.last_update_success
    await poll(hass, seam)
    assert door.types == ["unlocked"]


async def test_unloaded_meanwhile(
    hass: HomeAssistant, seam: MockConfigEntry, door: Listener, happen: Happen
) -> None:
    """What arrives when nobody listens any more is told after the next start."""
    happen("lock.unlocked", method="manual")
    account = account_of(seam)
    await hass.config_entries.async_unload(seam.entry_id)
    await account.news.async_poll()
    account.news.async_hint()
    assert not account.news._hints._hinted
    assert await hass.config_entries.async_setup(seam.entry_id)
    await settle(hass)
    await poll(hass, seam)
    assert door.types == ["unlocked"]


async def test_unloaded_in_between(
    hass: HomeAssistant,
    seam: MockConfigEntry,
    door: Listener,
    happen: Happen,
    freezer: FrozenDateTimeFactory,
) -> None:
    """What nobody hears of any more is left for the next start, each event once."""
    for _ in range(3):
        happen("lock.unlocked", method="manual")
        freezer.tick(MINUTE)
    account = account_of(seam)
    account.news.door.async_listen(
        SEAM_LOCK_BRIDGED, lambda _: account.news.async_stop()
    )
    await poll(hass, seam)
    assert door.types == ["unlocked"]
    await restart(hass, seam)
    await poll(hass, seam)
    assert door.types == ["unlocked"] * 3


# Hints


async def test_burst_of_hints(
    hass: HomeAssistant,
    simulator: Simulator,
    seam: MockConfigEntry,
    door: Listener,
    happen: Happen,
    freezer: FrozenDateTimeFactory,
    made: Made,
) -> None:
    """A thousand hints cause a handful of requests, and the news come at once."""
    happen("lock.unlocked", method="manual")
    made()
    news = account_of(seam).news
    for number in range(1000):
        news.async_hint(SEAM_LOCK_BRIDGED if number % 2 else SEAM_LOCK_HUB_DOWN)
    await later(hass, freezer, SOON)
    assert door.types == ["unlocked"]
    assert "Elsewhere" in {code.name for code in account_of(seam).book}
    assert simulator.requests.count() <= 5
    # Nothing is left to do.
    await later(hass, freezer, timedelta(seconds=30))
    assert simulator.requests.count() <= 5


async def test_hint_before_the_event(
    hass: HomeAssistant,
    simulator: Simulator,
    seam: MockConfigEntry,
    door: Listener,
    happen: Happen,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Where nothing new is found yet, it is looked for once more."""
    news = account_of(seam).news
    news.async_hint(None)
    await later(hass, freezer, SOON)
    assert simulator.requests.count("seam", EVENTS) == 1
    happen("lock.unlocked", method="manual")
    await later(hass, freezer, timedelta(seconds=6))
    assert door.types == ["unlocked"]
    for _ in range(3):
        await later(hass, freezer, timedelta(seconds=30))
    assert simulator.requests.count() == 4


async def test_hint_that_leads_to_much(
    hass: HomeAssistant,
    simulator: Simulator,
    seam: MockConfigEntry,
    happen: Happen,
    freezer: FrozenDateTimeFactory,
    small_pages: None,
) -> None:
    """Whatever there is to read, one hint does not lead to more than ten requests."""
    for _ in range(20):
        happen("lock.unlocked", method="manual")
        freezer.tick(1)
    account_of(seam).news.async_hint()
    await later(hass, freezer, SOON)
    assert simulator.requests.count("seam", EVENTS) == 3
    assert simulator.requests.count() <= 10


async def test_hint_that_fails(
    hass: HomeAssistant,
    simulator: Simulator,
    seam: MockConfigEntry,
    door: Listener,
    happen: Happen,
    freezer: FrozenDateTimeFactory,
    quiet_log: None,
) -> None:
    """A reading that fails is no reason to worry anybody."""
    happen("lock.unlocked", method="manual")
    simulator.faults.add(EVENTS, "status", status=400, times=1)
    news = account_of(seam).news
    news.async_hint()
    await later(hass, freezer, SOON)
    assert door.types == []
    news.async_hint()
    # One more while it waits, and one that comes while it reads.
    news.async_hint(SEAM_LOCK_BRIDGED)
    await later(hass, freezer, SOON)
    assert door.types == ["unlocked"]
    # A lock's own log is not Seam's.
    news.async_hint_after_job(SEAM_LOCK_BRIDGED)
    assert not news._hints._hinted


async def test_hint_half_followed(
    hass: HomeAssistant,
    simulator: Simulator,
    seam: MockConfigEntry,
    door: Listener,
    happen: Happen,
    made: Made,
    freezer: FrozenDateTimeFactory,
) -> None:
    """What Seam did not answer any more is read soon, and with it the devices."""
    happen("lock.unlocked", method="manual")
    cloud_id = made()
    simulator.faults.add(CODES, "status", status=503, times=None)
    account_of(seam).news.async_hint(SEAM_LOCK_BRIDGED)
    await later(hass, freezer, SOON)
    assert door.types == ["unlocked"]
    assert simulator.requests.count("seam", "/seam/devices/list") == 0
    simulator.faults.clear()
    await later(hass, freezer, timedelta(seconds=31))
    assert account_of(seam).book.get(cloud_id) is not None
    assert simulator.requests.count("seam", "/seam/devices/list") == 1
    assert door.types == ["unlocked"]


async def test_hint_at_the_end(
    hass: HomeAssistant, seam: MockConfigEntry, simulator: Simulator
) -> None:
    """A hint that waits when the account is unloaded is dropped."""
    account_of(seam).news.async_hint()
    simulator.requests.clear()
    assert await hass.config_entries.async_unload(seam.entry_id)
    assert simulator.requests.count("seam", EVENTS) == 0


async def test_requests_of_our_codes(
    hass: HomeAssistant, simulator: Simulator, seam: MockConfigEntry
) -> None:
    """A code that was made here is read by its id, also with its events."""
    code = await create(hass, seam, SEAM_LOCK_OFFLINE)
    for _ in range(4):
        simulator.requests.clear()
        await poll(hass, seam)
        assert simulator.requests.count() == 2
    (record,) = records_of(seam)
    assert record.code_id == code["code_id"]
