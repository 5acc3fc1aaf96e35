"""What happened at igloohome's locks: late, out of order, each entry once, no digits."""

from datetime import timedelta
import json
import logging
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import EVENT_LOGBOOK_ENTRY
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
    async_fire_time_changed,
)

from custom_components.igloohome_access.model import (
    Activity,
    ActivityKind,
    CodeKind,
    CodeStatus,
)
from simulator import Simulator
from simulator.igloohome.scenarios import (
    BRIDGE,
    KEYPAD_RETROFIT,
    LOCK_BRIDGED,
    LOCK_RETROFIT,
    LOCK_UNBRIDGED,
)

from .codes import START, account_of, create, record, records_of
from .conftest import SetUp
from .news import Listener, listen, restart, stored
from .surface import entity_id, move_to, poll, told

LOG = "/activity$"
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


@pytest.fixture
async def igloo(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    igloohome_entry: MockConfigEntry,
    set_up: SetUp,
    simulator: Simulator,
    instant_reads: None,
) -> MockConfigEntry:
    """Return an igloohome account that is set up at START in Berlin."""
    freezer.move_to(START)
    await hass.config.async_set_time_zone("Europe/Berlin")
    entry = await set_up(igloohome_entry)
    freezer.tick(60)
    simulator.requests.clear()
    return entry


@pytest.fixture
def door(hass: HomeAssistant, igloo: MockConfigEntry) -> Listener:
    """Listen to the bridged lock's door."""
    return listen(hass, igloo, LOCK_BRIDGED, "door")


async def read(entry: MockConfigEntry, device_id: str = LOCK_BRIDGED) -> None:
    """Read the log of a lock as far as the cloud has it."""
    await account_of(entry).news.async_read_log(device_id)


def typed(simulator: Simulator, pin: str, device_id: str = LOCK_BRIDGED) -> bool:
    """Type a PIN; a phone next to the lock brings the log to the cloud."""
    opened = simulator.igloohome.enter_pin(device_id, pin)
    simulator.igloohome.upload_log(device_id)
    return opened


def pin_of(entry: MockConfigEntry, code: dict[str, Any]) -> str:
    """Return the PIN of a code, from the ledger."""
    pin = account_of(entry).book.ledger.records[code["code_id"]].pin
    assert pin is not None
    return pin


@pytest.mark.parametrize("shape", ["described", "raw", "mixed"])
async def test_unlocked_with_a_code(
    hass: HomeAssistant,
    simulator: Simulator,
    igloo: MockConfigEntry,
    door: Listener,
    shape: Any,
    hass_storage: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The code is named, its first use is recorded, and the digits go nowhere."""
    caplog.set_level(logging.DEBUG)
    simulator.igloohome.switches.activity_shape = shape
    sentences = async_capture_events(hass, EVENT_LOGBOOK_ENTRY)
    codes = listen(hass, igloo, LOCK_BRIDGED, "codes")
    code = await create(hass, igloo, LOCK_BRIDGED, CodeKind.DAILY, name="Cleaner")
    assert codes.types == ["issued", "pin_ready", "started"]
    pin = pin_of(igloo, code)
    assert typed(simulator, pin)
    await read(igloo)
    await hass.async_block_till_done()

    unlocked = door.only("unlocked")
    assert unlocked["code_name"] == "Cleaner"
    assert unlocked["code_id"] == code["code_id"]
    assert unlocked["method"] == "keycode"
    assert unlocked["happened_at"] == "2026-11-20T11:01:00+01:00"
    assert codes.types == ["issued", "pin_ready", "started", "first_use"]
    first = codes.only("first_use")
    assert first["code_id"] == code["code_id"]
    assert first["happened_at"] == "2026-11-20T11:01:00+01:00"
    (kept,) = records_of(igloo)
    assert kept.first_used_at == START + timedelta(minutes=1)
    (sentence,) = sentences
    assert sentence.data == {
        "name": "Garden Gate",
        "message": "unlocked with code Cleaner",
        "domain": "igloohome_access",
        "entity_id": door.entity_id,
    }
    known = account_of(igloo).evidence.latest(LOCK_BRIDGED)
    assert known is not None and (known.locked, known.by) == (False, "Cleaner")

    # Wherever one may look, there are no digits.
    assert await hass.config_entries.async_unload(igloo.entry_id)
    seen = [
        *(json.dumps(s.as_dict(), default=str) for s in hass.states.async_all()),
        *(json.dumps(event) for event in (*door.told, *codes.told)),
        json.dumps(sentence.data),
        json.dumps(stored(hass_storage, igloo)),
        caplog.text.replace(json.dumps(hass_storage), ""),
    ]
    *elsewhere, log = seen
    assert not [text for text in elsewhere if pin in text]
    # The harness logs what it writes for a Store, our code does not.
    ours = [line for line in log.splitlines() if "custom_components.igloo" in line]
    assert ours and not [line for line in ours if pin in line]


async def test_wrong_pin(
    hass: HomeAssistant,
    simulator: Simulator,
    igloo: MockConfigEntry,
    door: Listener,
    freezer: FrozenDateTimeFactory,
) -> None:
    """A refusal names the code where somebody comes too late with one."""
    sentences = async_capture_events(hass, EVENT_LOGBOOK_ENTRY)
    code = await create(hass, igloo, LOCK_BRIDGED)
    assert not typed(simulator, "123456789")
    freezer.tick(timedelta(hours=5))
    assert not typed(simulator, pin_of(igloo, code))
    freezer.tick(HOUR)
    await read(igloo)
    await hass.async_block_till_done()
    assert [(t["event_type"], t["code_name"]) for t in door.told] == [
        ("access_denied", None),
        ("access_denied", "Plumber"),
    ]
    (kept,) = records_of(igloo)
    assert kept.first_used_at is None
    (sentence,) = sentences
    assert sentence.data["message"] == ("had refused code Plumber at 2026-11-20 16:01")


async def test_one_time_code(
    hass: HomeAssistant, simulator: Simulator, igloo: MockConfigEntry, door: Listener
) -> None:
    """The use of a one-time code ends it."""
    code = await create(hass, igloo, LOCK_BRIDGED, CodeKind.ONE_TIME)
    codes = listen(hass, igloo, LOCK_BRIDGED, "codes")
    typed(simulator, pin_of(igloo, code))
    await read(igloo)
    await hass.async_block_till_done()
    assert account_of(igloo).book.status(code["code_id"]) is CodeStatus.USED
    assert codes.only("first_use")["status"] == "used"
    assert door.types == ["unlocked"]


async def test_unconfirmed_becomes_active(
    hass: HomeAssistant,
    simulator: Simulator,
    igloo: MockConfigEntry,
    door: Listener,
    freezer: FrozenDateTimeFactory,
) -> None:
    """A use that is learned of weeks later counts from when it was."""
    sentences = async_capture_events(hass, EVENT_LOGBOOK_ENTRY)
    code = await create(hass, igloo, LOCK_BRIDGED, CodeKind.DAILY, days=60)
    assert simulator.igloohome.enter_pin(LOCK_BRIDGED, pin_of(igloo, code))
    await move_to(hass, freezer, timedelta(days=20))
    book = account_of(igloo).book
    assert book.status(code["code_id"]) is CodeStatus.UNCONFIRMED
    await read(igloo)
    assert book.status(code["code_id"]) is CodeStatus.UNCONFIRMED
    simulator.igloohome.upload_log(LOCK_BRIDGED)
    # What may arrive that late is looked for once a day.
    await read(igloo)
    assert door.types == []
    await move_to(hass, freezer, DAY)
    await read(igloo)
    await hass.async_block_till_done()
    assert book.status(code["code_id"]) is CodeStatus.ACTIVE
    assert door.only("unlocked")["happened_at"] == "2026-11-20T11:01:00+01:00"
    assert sentences[0].data["message"] == (
        "was unlocked with code Plumber at 2026-11-20 11:01"
    )


@pytest.mark.parametrize("order", ["newest_first", "oldest_first", "arrival"])
async def test_late_and_out_of_order(
    hass: HomeAssistant,
    simulator: Simulator,
    igloo: MockConfigEntry,
    door: Listener,
    freezer: FrozenDateTimeFactory,
    order: Any,
    hass_storage: dict[str, Any],
) -> None:
    """Each row is told once, whatever the order, however often, over restarts."""
    simulator.igloohome.switches.activity_order = order
    simulator.igloohome.switches.activity_repeats = True
    code = await create(hass, igloo, LOCK_BRIDGED, duration={"hours": 9})
    pin = pin_of(igloo, code)
    simulator.igloohome.enter_pin(LOCK_BRIDGED, pin)
    kept_back = list(simulator.igloohome.devices[LOCK_BRIDGED].lock_log)
    simulator.igloohome.devices[LOCK_BRIDGED].lock_log.clear()
    freezer.tick(HOUR)
    typed(simulator, pin)
    await read(igloo)
    await read(igloo)
    await hass.async_block_till_done()
    assert [t for t in door.types if t == "unlocked"] == ["unlocked"]
    (kept,) = records_of(igloo)
    assert kept.first_used_at == START + timedelta(hours=1, minutes=1)

    # The first use, as it turns out, was before; it is no second first use.
    codes = listen(hass, igloo, LOCK_BRIDGED, "codes")
    simulator.igloohome.devices[LOCK_BRIDGED].lock_log += kept_back
    simulator.igloohome.upload_log(LOCK_BRIDGED)
    await read(igloo)
    await hass.async_block_till_done()
    unlocked = [t for t in door.told if t["event_type"] == "unlocked"]
    assert [t["happened_at"][11:16] for t in unlocked] == ["12:01", "11:01"]
    (kept,) = records_of(igloo)
    assert kept.first_used_at == START + timedelta(minutes=1)
    assert codes.types == []

    before = len(door.told)
    await restart(hass, igloo)
    await read(igloo)
    await hass.async_block_till_done()
    assert len(door.told) == before
    rows = stored(hass_storage, igloo)["data"]["rows"][LOCK_BRIDGED]
    assert len(rows) >= 2


async def test_before_the_account(
    hass: HomeAssistant,
    simulator: Simulator,
    igloo: MockConfigEntry,
    door: Listener,
    freezer: FrozenDateTimeFactory,
) -> None:
    """What is older than the account tells of first uses, and is no news."""
    freezer.move_to(START - DAY)
    typed(simulator, "999999999")
    freezer.move_to(START + HOUR)
    await read(igloo)
    await hass.async_block_till_done()
    assert door.types == []


async def test_digits_of_several_codes(
    hass: HomeAssistant,
    igloo: MockConfigEntry,
    door: Listener,
    freezer: FrozenDateTimeFactory,
) -> None:
    """The same digits belong to the code whose window it was."""
    sentences = async_capture_events(hass, EVENT_LOGBOOK_ENTRY)
    freezer.tick(HOUR)
    book = account_of(igloo).book
    week = timedelta(days=7)
    first = record("first", device_id=LOCK_BRIDGED, name="First")
    later = record(
        "later",
        device_id=LOCK_BRIDGED,
        name="Later",
        window=type(first.window)(START + week, START + week + HOUR, "Europe/Berlin"),
    )
    for each in (later, first):
        await book.async_update(each)

    async def take(kind: ActivityKind, at: timedelta, **more: Any) -> None:
        entry = Activity(
            activity_id=str(at),
            device_id=LOCK_BRIDGED,
            kind=kind,
            happened_at=START + at,
            pin=first.pin,
            **more,
        )
        await account_of(igloo).news.door.async_take(LOCK_BRIDGED, [entry])

    await take(ActivityKind.UNLOCKED, HOUR)
    await take(ActivityKind.UNLOCKED, week)
    # Outside every window: it says who it may have been, and no more.
    await take(ActivityKind.UNLOCKED, 2 * DAY)
    await take(ActivityKind.UNLOCKED, week, cloud_code_id="cloud-first")
    await take(ActivityKind.UNLOCKED, week, cloud_code_id="cloud-later")
    # An id that nobody knows leaves the digits.
    await take(ActivityKind.UNLOCKED, week, cloud_code_id="cloud-unknown")
    await take(ActivityKind.LOCKED, week)
    await take(ActivityKind.OTHER, HOUR)
    await hass.async_block_till_done()
    names = [t["code_name"] for t in door.told]
    assert names == ["First", "Later", "Later", "First", "Later", "Later", "Later"]
    # There is a sentence for each but the last, which says enough by itself.
    assert len(sentences) == 6
    kept = book.ledger.records
    assert kept["first"].first_used_at == START + HOUR
    # The clock of a lock may be ahead; nothing was used in the future.
    assert kept["later"].first_used_at == START + HOUR + timedelta(minutes=1)


async def test_keypad_of_a_retrofit_lock(
    hass: HomeAssistant, simulator: Simulator, igloo: MockConfigEntry
) -> None:
    """What is typed at a keypad happens at the door of its lock."""
    door = listen(hass, igloo, LOCK_RETROFIT, "door")
    assert entity_id(hass, igloo, "event", KEYPAD_RETROFIT, "door") is None
    code = await create(hass, igloo, LOCK_RETROFIT)
    assert typed(simulator, pin_of(igloo, code), KEYPAD_RETROFIT)
    await read(igloo, LOCK_RETROFIT)
    await hass.async_block_till_done()
    assert door.only("unlocked")["code_name"] == "Plumber"
    assert simulator.requests.count("igloohome", LOG) == 2


# On request, by schedule, after a job


@pytest.fixture
async def running(
    igloohome_entry: MockConfigEntry,
    set_up: SetUp,
    simulator: Simulator,
    instant_reads: None,
) -> MockConfigEntry:
    """Return an account on the real clock, whose jobs take a blink."""
    switches = simulator.igloohome.switches
    switches.lock_job_seconds = switches.logs_job_seconds = 0.02
    entry = await set_up(igloohome_entry)
    simulator.requests.clear()
    return entry


async def press(hass: HomeAssistant, entry: MockConfigEntry, device_id: str) -> None:
    """Press the button of a lock's log."""
    button = entity_id(hass, entry, "button", device_id, "read_log")
    assert button is not None
    await hass.services.async_call(
        "button", "press", {"entity_id": button}, blocking=True
    )
    await hass.async_block_till_done()


async def test_read_log_button(
    hass: HomeAssistant, simulator: Simulator, running: MockConfigEntry
) -> None:
    """The bridge brings what the lock has kept to itself."""
    door = listen(hass, running, LOCK_BRIDGED, "door")
    assert entity_id(hass, running, "button", LOCK_UNBRIDGED, "read_log") is None
    simulator.igloohome.enter_pin(LOCK_BRIDGED, "123456789")
    await press(hass, running, LOCK_BRIDGED)
    assert "access_denied" in door.types
    assert [job.job_type for job in simulator.igloohome.jobs] == [15]
    # Of a retrofit lock both logs are read.
    await press(hass, running, LOCK_RETROFIT)
    assert [job.job_type for job in simulator.igloohome.jobs] == [15, 15, 15]


async def test_read_log_without_the_bridge(
    hass: HomeAssistant, simulator: Simulator, running: MockConfigEntry
) -> None:
    """What a phone brought is read all the same; whoever asked is told."""
    door = listen(hass, running, LOCK_BRIDGED, "door")
    typed(simulator, "123456789")
    simulator.igloohome.patch_device(BRIDGE, {"online": False})
    with pytest.raises(HomeAssistantError) as caught:
        await press(hass, running, LOCK_BRIDGED)
    assert told(caught.value)[0] == "bridge_offline"
    await hass.async_block_till_done()
    assert "access_denied" in door.types


async def test_read_log_refused(
    hass: HomeAssistant, simulator: Simulator, running: MockConfigEntry
) -> None:
    """Whoever presses the button learns why it cannot be read."""
    simulator.faults.add(LOG, "status", status=400, times=None)
    with pytest.raises(HomeAssistantError) as caught:
        await press(hass, running, LOCK_BRIDGED)
    assert told(caught.value)[0] == "cloud_refused"


async def test_after_a_job(
    hass: HomeAssistant,
    simulator: Simulator,
    running: MockConfigEntry,
) -> None:
    """After an operation the log is read once, as far as the cloud has it."""
    door = listen(hass, running, LOCK_BRIDGED, "door")
    typed(simulator, "123456789")
    lock = entity_id(hass, running, "lock", LOCK_BRIDGED, "lock")
    for _ in range(2):
        await hass.services.async_call(
            "lock", "unlock", {"entity_id": lock}, blocking=True
        )
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=2))
    await hass.async_block_till_done(wait_background_tasks=True)
    assert "access_denied" in door.types
    assert simulator.requests.count("igloohome", LOG) == 1


async def test_hints(
    hass: HomeAssistant,
    simulator: Simulator,
    igloo: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """A burst of hints reads each log once; one about a bridge reads the devices."""
    news = account_of(igloo).news
    for _ in range(300):
        news.async_hint(LOCK_BRIDGED)
        news.async_hint(KEYPAD_RETROFIT)
        news.async_hint(BRIDGE)
        news.async_hint("nobody")
        news.async_hint()
    await move_to(hass, freezer, timedelta(seconds=2))
    await hass.async_block_till_done(wait_background_tasks=True)
    assert simulator.requests.count("igloohome", LOG) == 3
    assert simulator.requests.count("igloohome", "/devices$") == 1
    simulator.requests.clear()
    news.async_hint(LOCK_BRIDGED)
    await move_to(hass, freezer, timedelta(seconds=20))
    await hass.async_block_till_done(wait_background_tasks=True)
    assert simulator.requests.count("igloohome", LOG) == 1
    assert simulator.requests.count("igloohome", "/devices$") == 0


async def test_hint_while_reading(
    hass: HomeAssistant, simulator: Simulator, running: MockConfigEntry
) -> None:
    """A hint that comes while a log is read leads to one more reading."""
    news = account_of(running).news
    simulator.faults.add(LOG, "delay", delay=0.05, times=1)
    news.async_hint(LOCK_BRIDGED)
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=2))
    assert news._hints._following
    news.async_hint(LOCK_BRIDGED)
    assert news._hints._cancel is None
    await hass.async_block_till_done(wait_background_tasks=True)
    assert simulator.requests.count("igloohome", LOG) == 1
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=6))
    await hass.async_block_till_done(wait_background_tasks=True)
    assert simulator.requests.count("igloohome", LOG) == 2


async def test_unloaded_while_reading(
    hass: HomeAssistant, simulator: Simulator, igloo: MockConfigEntry, door: Listener
) -> None:
    """Rows that arrive when nobody listens any more are told after the next start."""
    typed(simulator, "123456789")
    news = account_of(igloo).news
    news.async_stop()
    await read(igloo)
    await news._async_refresh()
    await restart(hass, igloo)
    await read(igloo)
    await hass.async_block_till_done()
    assert "access_denied" in door.types


async def test_permission_missing(
    hass: HomeAssistant,
    simulator: Simulator,
    igloo: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Without the permission it is said once, and jobs do not ask again."""
    simulator.faults.add(LOG, "status", status=403, times=None)
    news = account_of(igloo).news
    news.async_hint_after_job(LOCK_BRIDGED)
    for _ in range(2):
        await move_to(hass, freezer, timedelta(seconds=10))
        await hass.async_block_till_done(wait_background_tasks=True)
        news.async_hint_after_job(LOCK_BRIDGED)
    assert not news._hints._hinted
    assert caplog.text.count("the permission is missing") == 1


async def test_schedule(
    hass: HomeAssistant,
    simulator: Simulator,
    igloohome_entry: MockConfigEntry,
    set_up: SetUp,
    freezer: FrozenDateTimeFactory,
    instant_reads: None,
    fast_jobs: None,
) -> None:
    """With the option every lock's log is read in its turn, through its bridge."""
    freezer.move_to(START)
    simulator.igloohome.switches.logs_job_seconds = 0
    igloohome_entry.add_to_hass(hass)
    hass.config_entries.async_update_entry(
        igloohome_entry, options={"read_log": "hourly"}
    )
    entry = await set_up(igloohome_entry)
    # Now also a lock without a bridge can tell, through phones.
    door = listen(hass, entry, LOCK_UNBRIDGED, "door")
    simulator.requests.clear()
    for _ in range(61):
        await move_to(hass, freezer, timedelta(minutes=1))
        await hass.async_block_till_done(wait_background_tasks=True)
    locks = [d for d in account_of(entry).coordinator.data.values() if d.takes_codes]
    sources = len(locks) + 1  # one lock has a keypad
    assert sources <= simulator.requests.count("igloohome", LOG) <= sources + 1
    assert {job.job_type for job in simulator.igloohome.jobs} == {15}
    typed(simulator, "123456789", LOCK_UNBRIDGED)
    simulator.igloohome.patch_device(BRIDGE, {"online": False})
    for _ in range(61):
        await move_to(hass, freezer, timedelta(minutes=1))
        await hass.async_block_till_done(wait_background_tasks=True)
    assert "access_denied" in door.types

    # No lock, no turn.
    simulator.reset("empty")
    for _ in range(2):
        await poll(hass, entry)
    simulator.requests.clear()
    await move_to(hass, freezer, timedelta(hours=2))
    await hass.async_block_till_done(wait_background_tasks=True)
    assert simulator.requests.count("igloohome", LOG) == 0


async def test_off_by_default(
    hass: HomeAssistant,
    simulator: Simulator,
    igloo: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Without the option no log is read by itself, and polls ask for devices only."""
    assert entity_id(hass, igloo, "event", LOCK_UNBRIDGED, "door") is None
    assert entity_id(hass, igloo, "event", LOCK_UNBRIDGED, "codes") is not None
    for _ in range(3):
        await move_to(hass, freezer, DAY)
        await hass.async_block_till_done(wait_background_tasks=True)
    assert simulator.requests.count("igloohome", LOG) == 0
    simulator.requests.clear()
    await poll(hass, igloo)
    assert simulator.requests.count() <= 2  # a token at times
