"""The calendar of each lock: the windows of its codes, on time, never a PIN."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
import json
from pathlib import Path
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.calendar import CalendarEntityFeature
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import (
    ClientSessionGenerator,
    WebSocketGenerator,
)

from custom_components.igloohome_access.calendar import (
    LONG_AGO,
    MANY_LOCKS,
    NO_END,
    event_of,
    first_event,
)
from custom_components.igloohome_access.clouds.base import CloudUnreachableError
from custom_components.igloohome_access.model import (
    Code,
    CodeKind,
    CodeStatus,
    RecordState,
    Window,
)
from simulator import Simulator
from simulator.igloohome.scenarios import (
    BRIDGE,
    KEYPAD_RETROFIT,
    LOCK_RETROFIT,
    LOCK_UNBRIDGED,
)
from simulator.seam.scenarios import SEAM_LOCK_BRIDGED

from .codes import START, record, remote
from .conftest import SetUp
from .flows import INTEGRATION
from .surface import NOW, act, create, entity_id, move_to, poll, registry_id, state

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
TRANSLATIONS = sorted((INTEGRATION / "translations").glob("*.json"))
THIS_HOUR = NOW.replace(minute=0, second=0)

quiet = pytest.mark.usefixtures("quiet_log")


def _calendar(
    hass: HomeAssistant, entry: MockConfigEntry, lock: str = LOCK_UNBRIDGED
) -> State:
    """Return the state of the calendar of a lock, which must be there."""
    found = state(hass, entry, "calendar", lock, "codes")
    assert found is not None
    return found


def _message(hass: HomeAssistant, entry: MockConfigEntry) -> tuple[str, str | None]:
    found = _calendar(hass, entry)
    return found.state, found.attributes.get("message")


async def _events(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    start: datetime,
    end: datetime,
    lock: str = LOCK_UNBRIDGED,
) -> list[dict[str, Any]]:
    """Return what Home Assistant's own action shows of a calendar."""
    found = entity_id(hass, entry, "calendar", lock, "codes")
    assert found is not None
    answer = await hass.services.async_call(
        "calendar",
        "get_events",
        {"entity_id": found, "start_date_time": start, "end_date_time": end},
        blocking=True,
        return_response=True,
    )
    assert answer is not None
    events: Any = answer[found]
    return list(events["events"])


# Which time of which code is shown


def _remote_only(**changes: Any) -> Code:
    return Code(remote=remote(**changes))


@pytest.mark.parametrize(
    ("code", "status", "shown"),
    [
        (Code(record=record()), CodeStatus.ACTIVE, (START, START + 2 * HOUR)),
        (Code(record=record()), CodeStatus.EXPIRED, (START, START + 2 * HOUR)),
        # Replaced, unconfirmed, not known for sure: it may open, so it is shown.
        (
            Code(record=record(superseded_at=START)),
            CodeStatus.SUPERSEDED,
            (START, START + 2 * HOUR),
        ),
        (Code(record=record()), CodeStatus.UNCONFIRMED, (START, START + 2 * HOUR)),
        (Code(record=record()), CodeStatus.REQUESTED, (START, START + 2 * HOUR)),
        # Not shown: never opens, or taken off the list.
        (Code(record=record(state=RecordState.FAILED)), CodeStatus.FAILED, None),
        (Code(record=record(forgotten_at=START)), CodeStatus.ACTIVE, None),
        # Over before its end.
        (
            Code(record=record(first_used_at=START + HOUR)),
            CodeStatus.USED,
            (START, START + HOUR),
        ),
        (
            Code(record=record(first_used_at=START)),
            CodeStatus.USED,
            (START, START + timedelta(minutes=1)),
        ),
        (
            Code(record=record(first_used_at=START + HOUR)),
            CodeStatus.ACTIVE,
            (START, START + 2 * HOUR),
        ),
        (
            Code(record=record(kind=CodeKind.ONLINE, vanished_at=START + HOUR)),
            CodeStatus.EXPIRED,
            (START, START + HOUR),
        ),
        (
            Code(record=record(kind=CodeKind.ONLINE, vanished_at=START - HOUR)),
            CodeStatus.EXPIRED,
            None,
        ),
        # An offline code opens on, whatever a cloud has forgotten.
        (
            Code(record=record(vanished_at=START + HOUR)),
            CodeStatus.ACTIVE,
            (START, START + 2 * HOUR),
        ),
        # Without an end, without a start.
        (
            Code(
                record=record(
                    kind=CodeKind.PERMANENT, window=Window(START, None, "UTC")
                )
            ),
            CodeStatus.ACTIVE,
            (START, NO_END),
        ),
        (
            _remote_only(kind=CodeKind.ONLINE, starts_at=None, ends_at=None),
            CodeStatus.ACTIVE,
            (START, NO_END),
        ),
        (
            _remote_only(
                kind=CodeKind.ONLINE, starts_at=None, ends_at=None, created_at=None
            ),
            CodeStatus.ACTIVE,
            (LONG_AGO, NO_END),
        ),
        # One-time codes of Seam are listed without an end.
        (
            _remote_only(kind=CodeKind.ONE_TIME, ends_at=None),
            CodeStatus.ACTIVE,
            (START, START + DAY),
        ),
    ],
)
def test_event_of(
    code: Code, status: CodeStatus, shown: tuple[datetime, datetime] | None
) -> None:
    """A code is shown as long as it may open its lock."""
    event = event_of(code, status)
    assert (None if event is None else (event.starts_at, event.ends_at)) == shown


def test_first_event() -> None:
    """What lasts comes before what is to come, what ends before what does not."""
    endless = replace(record("endless"), window=Window(START - DAY, None, "UTC"))
    records = [
        endless,
        record("later", window=Window(START + HOUR, START + 2 * HOUR, "UTC")),
        record("now", window=Window(START, START + 3 * HOUR, "UTC")),
        record("past", window=Window(START - HOUR, START, "UTC")),
        record("tomorrow", window=Window(START + DAY, START + 2 * DAY, "UTC")),
    ]
    events = [
        event
        for each in records
        if (event := event_of(Code(record=each), CodeStatus.ACTIVE)) is not None
    ]

    def first(now: datetime, *without: str) -> str | None:
        left = [event for event in events if event.code.code_id not in without]
        event = first_event(left, now)
        return None if event is None else event.code.code_id

    assert first(START) == "now"
    assert first(START + HOUR) == "now"  # which began first
    assert first(START + HOUR, "now") == "later"
    assert first(START + 3 * HOUR) == "endless"
    assert first(START + 3 * HOUR, "endless") == "tomorrow"
    assert first(START + DAY) == "tomorrow"
    assert first(START + 2 * DAY, "endless") is None
    assert first(START - 2 * DAY) == "endless"  # the next to come


@pytest.mark.parametrize("path", TRANSLATIONS, ids=lambda path: path.stem)
def test_no_two_entities_of_one_name(path: Path) -> None:
    """On the page of a lock nobody has to guess which "Codes" is the calendar."""
    entities = json.loads(path.read_text(encoding="utf-8"))["entity"]
    names = [
        texts["name"]
        for kinds in entities.values()
        for texts in kinds.values()
        if "name" in texts
    ]
    assert len(names) == len(set(names)) > 10


# In Home Assistant


@quiet
async def test_the_life_of_a_code(
    hass: HomeAssistant,
    simulator: Simulator,
    berlin_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """The state changes on the second, without a poll; nothing tells the PIN."""
    entry = berlin_entry
    found = _calendar(hass, entry)
    assert found.name == "Guest Room Calendar of codes"
    assert found.state == "off"
    assert "message" not in found.attributes
    assert not found.attributes.get("supported_features")
    code = await create(
        hass,
        "hourly",
        registry_id(hass, entry, LOCK_UNBRIDGED),
        name="Anna",
        starts_at="2026-11-21 15:00:00",
        duration={"hours": 30},
    )
    simulator.requests.clear()
    start = datetime(2026, 11, 21, 14, tzinfo=UTC)
    end = start + 30 * HOUR
    found = _calendar(hass, entry)
    assert found.state == "off"
    assert found.attributes["message"] == "Anna"
    assert found.attributes["start_time"] == "2026-11-21 15:00:00"
    assert found.attributes["end_time"] == "2026-11-22 21:00:00"
    assert found.attributes["description"] == (
        "Kind: Hourly\nStatus: Scheduled\nFirst use by: 2026-11-22 15:00"
    )
    (event,) = await _events(hass, entry, start, end)
    assert event == {
        "start": "2026-11-21T15:00:00+01:00",
        "end": "2026-11-22T21:00:00+01:00",
        "summary": "Anna",
        "description": found.attributes["description"],
        "status": "confirmed",
    }
    await move_to(hass, freezer, start - SECOND)
    assert _message(hass, entry) == ("off", "Anna")
    await move_to(hass, freezer, start)
    assert _message(hass, entry) == ("on", "Anna")
    await move_to(hass, freezer, start + DAY)
    (event,) = await _events(hass, entry, start, end)
    assert event["status"] == "tentative"
    assert "Unconfirmed: works only if" in event["description"]
    await move_to(hass, freezer, end - SECOND)
    assert _message(hass, entry) == ("on", "Anna")
    await move_to(hass, freezer, end)
    assert _message(hass, entry) == ("off", None)
    # It stays to be looked up.
    (event,) = await _events(hass, entry, start, end)
    assert event["description"] == "Kind: Hourly\nStatus: Expired"
    assert code["pin"] not in str(event)
    assert simulator.requests.count() == simulator.requests.count(
        path="/igloohome/devices$|/oauth2/token"
    )


@quiet
async def test_what_overlaps(
    hass: HomeAssistant, berlin_entry: MockConfigEntry
) -> None:
    """Events are those that overlap the time, whose end does not belong to it."""
    entry, start = berlin_entry, THIS_HOUR + 5 * HOUR
    lock = registry_id(hass, entry, LOCK_UNBRIDGED)
    for name, hour in (("First", 0), ("Second", 2)):
        await create(
            hass,
            "hourly",
            lock,
            name=name,
            starts_at=(start + hour * HOUR).isoformat(),
            duration={"hours": 2},
        )

    async def names(since: float, until: float) -> list[str]:
        events = await _events(hass, entry, start + since * HOUR, start + until * HOUR)
        return [event["summary"] for event in events]

    assert await names(-2, 0) == []
    assert await names(-2, 0.01) == ["First"]
    assert await names(0.5, 1) == ["First"]
    assert await names(1.99, 2) == ["First"]
    assert await names(1.99, 2.01) == ["First", "Second"]
    assert await names(2, 2.5) == ["Second"]
    assert await names(-9, 9) == ["First", "Second"]
    assert await names(4, 9) == []


async def test_the_clock_of_the_lock(
    hass: HomeAssistant,
    berlin: None,
    igloohome_entry: MockConfigEntry,
    hass_storage: dict[str, Any],
    hass_client: ClientSessionGenerator,
) -> None:
    """Actions answer on the clock of the lock, pages show that of Home Assistant."""
    igloohome_entry.add_to_hass(hass)
    hass.config_entries.async_update_entry(
        igloohome_entry, options={"time_zone": "Asia/Kathmandu"}
    )
    await hass.config_entries.async_setup(igloohome_entry.entry_id)
    await hass.async_block_till_done()
    entry = igloohome_entry
    await create(
        hass,
        "hourly",
        registry_id(hass, entry, LOCK_UNBRIDGED),
        starts_at="2026-11-21 09:00:00",
        duration={"hours": 3},
    )
    assert _calendar(hass, entry).attributes["start_time"] == "2026-11-21 04:15:00"
    client = await hass_client()
    response = await client.get(
        f"/api/calendars/{_calendar(hass, entry).entity_id}",
        params={"start": "2026-11-21T00:00:00Z", "end": "2026-11-22T00:00:00Z"},
    )
    assert response.status == HTTPStatus.OK
    (event,) = await response.json()
    # The page of the calendar: on the clock of Home Assistant, as everything there.
    assert event["start"] == {"dateTime": "2026-11-21T04:15:00+01:00"}
    assert event["end"] == {"dateTime": "2026-11-21T07:15:00+01:00"}
    assert event["rrule"] is None
    (event,) = await _events(hass, entry, NOW, NOW + 2 * DAY)
    assert event["start"] == "2026-11-21T09:00:00+05:45"
    assert event["end"] == "2026-11-21T12:00:00+05:45"


async def test_codes_without_an_end(
    hass: HomeAssistant, berlin_entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """They keep the calendar on, and step back for every window, on time."""
    entry = berlin_entry
    lock = registry_id(hass, entry, LOCK_UNBRIDGED)
    await create(hass, "permanent", lock, name="Owner")
    assert _message(hass, entry) == ("on", "Owner")
    (event,) = await _events(hass, entry, NOW + 900 * DAY, NOW + 901 * DAY)
    assert event["end"].startswith("2199-12-31")
    assert event["description"].endswith(
        "No end: it opens until it is deleted or the lock is reset."
    )
    start = THIS_HOUR + 10 * HOUR
    code = await create(
        hass,
        "hourly",
        lock,
        name="Guest",
        starts_at=start.isoformat(),
        duration={"hours": 2},
    )
    later = await create(
        hass,
        "hourly",
        lock,
        name="Cleaner",
        starts_at=(start + 3 * HOUR).isoformat(),
        duration={"hours": 1},
    )
    # Neither changes its status when it begins.
    book = entry.runtime_data.book
    for each in (code, later):
        known = book.get(each["code_id"])
        await book.async_update(replace(known.record, superseded_at=NOW))
    await hass.async_block_till_done()
    for moment, shown in (
        (start - SECOND, "Owner"),
        (start, "Guest"),
        (start + 2 * HOUR - SECOND, "Guest"),
        (start + 2 * HOUR, "Owner"),
        (start + 3 * HOUR - SECOND, "Owner"),
        (start + 3 * HOUR, "Cleaner"),
        (start + 4 * HOUR, "Owner"),
    ):
        await move_to(hass, freezer, moment)
        assert _message(hass, entry) == ("on", shown)
    events = await _events(hass, entry, start, start + HOUR)
    assert [event["summary"] for event in events] == ["Owner", "Guest"]
    assert "Status: Expired" in events[1]["description"]


@quiet
async def test_codes_made_elsewhere(
    hass: HomeAssistant,
    simulator: Simulator,
    seam_entry: MockConfigEntry,
    set_up: SetUp,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Codes of the app are shown since they were made, a PIN in the name is not."""
    freezer.move_to(NOW)
    simulator.seam.add_code(
        {
            "device_id": SEAM_LOCK_BRIDGED,
            "name": "Maid 904417",
            "code": "904417",
            "is_managed": False,
            "created_at": NOW - DAY,
        }
    )
    entry = await set_up(seam_entry)
    shown = _calendar(hass, entry, SEAM_LOCK_BRIDGED)
    assert shown.state == "on"
    assert shown.attributes["message"] == "Maid •••"
    (event,) = await _events(hass, entry, NOW, NOW + HOUR, SEAM_LOCK_BRIDGED)
    assert "904417" not in str(event) + str(shown)
    assert datetime.fromisoformat(event["start"]) == NOW - DAY
    assert not await _events(hass, entry, NOW - 9 * DAY, NOW - DAY, SEAM_LOCK_BRIDGED)


@quiet
async def test_the_hour_that_comes_twice(
    hass: HomeAssistant,
    simulator: Simulator,
    berlin: None,
    seam_entry: MockConfigEntry,
    set_up: SetUp,
    freezer: FrozenDateTimeFactory,
) -> None:
    """A window whose end is before its start on the clock breaks no calendar."""
    start = datetime(
        2026, 10, 25, 0, 40, tzinfo=UTC
    )  # 2:40 until 2:15, summer to winter
    freezer.move_to(start - DAY)
    for name, since in (("Twice", start), ("Other", start + 5 * HOUR)):
        simulator.seam.add_code(
            {
                "device_id": SEAM_LOCK_BRIDGED,
                "name": name,
                "code": "904417",
                "type": "time_bound",
                "is_managed": False,
                "starts_at": since,
                "ends_at": since + timedelta(minutes=35),
            }
        )
    entry = await set_up(seam_entry)
    events = await _events(hass, entry, start, start + DAY, SEAM_LOCK_BRIDGED)
    assert [event["summary"] for event in events] == ["Twice", "Other"]
    shown = _calendar(hass, entry, SEAM_LOCK_BRIDGED)
    assert shown.attributes["message"] == "Twice"


@quiet
async def test_a_code_that_is_forgotten_leaves(
    hass: HomeAssistant, berlin_entry: MockConfigEntry
) -> None:
    """What is taken off the list is not in the calendar."""
    entry = berlin_entry
    code = await create(
        hass,
        "hourly",
        registry_id(hass, entry, LOCK_UNBRIDGED),
        duration={"hours": 2},
    )
    assert _message(hass, entry) == ("on", "Plumber")
    await act(hass, "delete_code", code_id=code["code_id"], forget=True)
    assert _message(hass, entry) == ("off", None)
    assert not await _events(hass, entry, NOW - DAY, NOW + DAY)


async def test_while_the_cloud_is_away(
    hass: HomeAssistant, berlin_entry: MockConfigEntry
) -> None:
    """The ledger and the clock know, whether the cloud answers or not."""
    entry = berlin_entry
    await create(
        hass,
        "hourly",
        registry_id(hass, entry, LOCK_UNBRIDGED),
        duration={"hours": 2},
    )
    cloud = entry.runtime_data.cloud
    with patch.object(
        type(cloud), "async_list_devices", side_effect=CloudUnreachableError
    ):
        await entry.runtime_data.coordinator.async_refresh()
    assert not entry.runtime_data.coordinator.last_update_success
    assert _message(hass, entry) == ("on", "Plumber")


@quiet
async def test_whoever_looks_at_the_calendar_is_told(
    hass: HomeAssistant,
    berlin_entry: MockConfigEntry,
    hass_ws_client: WebSocketGenerator,
) -> None:
    """An open calendar page shows a new code at once."""
    entry = berlin_entry
    client = await hass_ws_client(hass)
    await client.send_json_auto_id(
        {
            "type": "calendar/event/subscribe",
            "entity_id": _calendar(hass, entry).entity_id,
            "start": (NOW - DAY).isoformat(),
            "end": (NOW + DAY).isoformat(),
        }
    )
    assert (await client.receive_json())["success"]
    assert (await client.receive_json())["event"]["events"] == []
    code = await create(
        hass,
        "hourly",
        registry_id(hass, entry, LOCK_UNBRIDGED),
        duration={"hours": 2},
    )
    message = await client.receive_json()
    (event,) = message["event"]["events"]
    assert event["summary"] == "Plumber"
    assert event["uid"] == code["code_id"]
    assert code["pin"] not in str(message)


@quiet
async def test_one_per_lock(
    hass: HomeAssistant, simulator: Simulator, berlin_entry: MockConfigEntry
) -> None:
    """Locks have one, read only; they come and go without a reload."""
    entry = berlin_entry

    def has(device_id: str) -> bool:
        return entity_id(hass, entry, "calendar", device_id, "codes") is not None

    assert has(LOCK_RETROFIT)
    assert not has(KEYPAD_RETROFIT)
    assert not has(BRIDGE)
    found = entity_id(hass, entry, "calendar", LOCK_UNBRIDGED, "codes")
    registered = er.async_get(hass).async_get(found or "")
    assert registered is not None
    assert registered.translation_key == "codes"
    assert registered.entity_category is None
    assert registered.disabled_by is None
    assert registered.supported_features == CalendarEntityFeature(0)
    gone = simulator.igloohome.devices.pop(LOCK_UNBRIDGED)
    await poll(hass, entry)
    assert not has(LOCK_UNBRIDGED)
    simulator.igloohome.devices[LOCK_UNBRIDGED] = gone
    await poll(hass, entry)
    assert _calendar(hass, entry).state == "off"


@quiet
@pytest.mark.parametrize("more", [0, 1])
async def test_many_locks(
    hass: HomeAssistant,
    simulator: Simulator,
    igloohome_entry: MockConfigEntry,
    set_up: SetUp,
    more: int,
) -> None:
    """Very large accounts begin with their calendars switched off."""
    simulator.reset(f"large:{MANY_LOCKS + more}")
    entry = await set_up(igloohome_entry)
    calendars = [
        entity
        for entity in er.async_entries_for_config_entry(
            er.async_get(hass), entry.entry_id
        )
        if entity.domain == "calendar"
    ]
    assert len(calendars) == MANY_LOCKS + more
    assert {entity.disabled_by for entity in calendars} == (
        {er.RegistryEntryDisabler.INTEGRATION} if more else {None}
    )


@quiet
async def test_removed_in_time(
    hass: HomeAssistant, berlin_entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """Nothing goes off for an account that was unloaded."""
    entry = berlin_entry
    lock = registry_id(hass, entry, LOCK_UNBRIDGED)
    await create(hass, "permanent", lock, name="Owner")
    start = THIS_HOUR + 2 * HOUR
    await create(
        hass, "hourly", lock, starts_at=start.isoformat(), duration={"hours": 2}
    )
    assert await hass.config_entries.async_unload(entry.entry_id)
    await move_to(hass, freezer, start)
    assert _calendar(hass, entry).state == "unavailable"


@quiet
async def test_words_for_every_status(
    hass: HomeAssistant, berlin_entry: MockConfigEntry
) -> None:
    """Every kind and every status of a code has its words in the calendar."""
    calendar = hass.data["calendar"].get_entity(_calendar(hass, berlin_entry).entity_id)
    seen = set()
    for status in CodeStatus:
        if status is CodeStatus.FAILED:
            continue
        for kind in CodeKind:
            event = event_of(Code(record=record(kind=kind)), status)
            assert event is not None
            shown = calendar._calendar_event(event)
            assert shown.description is not None
            assert "{" not in shown.description
            seen.add(shown.description)
    assert len(seen) == (len(CodeStatus) - 1) * len(CodeKind)
