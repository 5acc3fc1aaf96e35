"""The blueprints that make codes, for a cleaner and for a courier, run by HA."""

from collections.abc import AsyncGenerator
from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from freezegun.api import FrozenDateTimeFactory
from homeassistant.auth.const import GROUP_ID_USER
from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import Context, CoreState, HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)

from custom_components.igloohome_access.model import CodeRecord
from simulator import Simulator
from simulator.faults import FaultKind
from simulator.igloohome.scenarios import KEYBOX, LOCK_UNBRIDGED

from .automations import (
    AUTOMATION,
    Inbox,
    automate,
    kept_traces,
    notify,
    own_blueprints,
)
from .house import settle

BERLIN = ZoneInfo("Europe/Berlin")
BUTTON = "input_button.courier"
CODES_OF = {LOCK_UNBRIDGED: "Guest Room", KEYBOX: "Key Box"}


@pytest.fixture(autouse=True)
async def blueprints(hass: HomeAssistant) -> AsyncGenerator[None]:
    """Let Home Assistant find the blueprints in the repository.

    Afterwards the automation is switched off, and with it its timer.
    """
    with own_blueprints():
        yield
    await hass.services.async_call(
        "automation", "turn_off", {"entity_id": AUTOMATION}, blocking=True
    )


def locks(hass: HomeAssistant, entry: MockConfigEntry, *names: str) -> list[str]:
    """Return the ids of locks, as the form of the automation stores them."""
    devices = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    found = {device.name: device.id for device in devices}
    return [found[name] for name in names]


def records(entry: MockConfigEntry) -> list[CodeRecord]:
    """Return the codes that were made, in order."""
    return list(entry.runtime_data.book.ledger.records.values())


def assert_no_pin_is_kept(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Look for PINs in states and in the traces of the automation."""
    kept = kept_traces(hass) + str([s.as_dict() for s in hass.states.async_all()])
    for record in records(entry):
        assert record.pin is not None
        assert record.pin not in kept


# The courier


@pytest.fixture
async def courier(hass: HomeAssistant, berlin_entry: MockConfigEntry) -> Inbox:
    """Return what arrives when a button is pressed for a code on two locks."""
    assert await async_setup_component(
        hass, "input_button", {"input_button": {"courier": {}}}
    )
    return await automate(
        hass,
        "courier_code_at_a_button",
        button=[BUTTON],
        locks=locks(hass, berlin_entry, "Guest Room", "Key Box"),
        send=notify("guest"),
        failed=notify("host"),
    )


async def press(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
    """Press the button, as somebody who may not make codes."""
    freezer.tick(timedelta(seconds=5))
    await hass.auth.async_create_user("The first one is the owner")
    user = await hass.auth.async_create_user("Porter", group_ids=[GROUP_ID_USER])
    assert not user.is_admin
    await hass.services.async_call(
        "input_button",
        "press",
        {"entity_id": BUTTON},
        blocking=True,
        context=Context(user_id=user.id),
    )
    await settle(hass)


async def test_courier(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    berlin_entry: MockConfigEntry,
    courier: Inbox,
) -> None:
    """A press makes a one-time code for each lock, the next press another."""
    assert courier.guest == []
    for count in (1, 2):
        await press(hass, freezer)
        made = records(berlin_entry)
        assert [record.kind for record in made] == ["one_time"] * 2 * count
        assert sorted(courier.guest) == sorted(
            f"Your code for {CODES_OF[record.device_id]} is {record.pin}. It opens "
            "once, until 2026-11-21 13:00."
            for record in made
        )
    assert courier.host == []
    assert len({record.pin for record in records(berlin_entry)}) == 4
    assert_no_pin_is_kept(hass, berlin_entry)


async def test_courier_without_a_press(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    berlin_entry: MockConfigEntry,
    courier: Inbox,
) -> None:
    """Nothing is made when a button comes, goes, or is there again."""
    pressed = "2026-11-20T12:00:00+00:00"
    for state in (STATE_UNAVAILABLE, pressed, STATE_UNAVAILABLE, STATE_UNKNOWN):
        hass.states.async_set(BUTTON, state)
        await settle(hass)
    hass.states.async_set(BUTTON, STATE_UNKNOWN, {"friendly_name": "Other"})
    hass.states.async_remove(BUTTON)
    await settle(hass)
    hass.states.async_set(BUTTON, pressed)
    await settle(hass)
    assert records(berlin_entry) == []
    assert courier.guest + courier.host == []


@pytest.mark.parametrize("all_fail", [True, False])
async def test_courier_without_a_code(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    berlin_entry: MockConfigEntry,
    courier: Inbox,
    all_fail: bool,
) -> None:
    """The host is told which lock got no code; another lock has its code sent."""
    path = "/algopin" if all_fail else f"{KEYBOX}/algopin"
    simulator.faults.add(path, FaultKind.STATUS, status=400, times=None)
    await press(hass, freezer)
    (text,) = courier.host
    if all_fail:
        assert text == (
            "No code named Courier could be made. The log of Home Assistant says why."
        )
        assert courier.guest == []
    else:
        assert text.startswith(
            "No code named Courier could be made for Key Box. The cloud refused this"
        )
        assert [sent.split(" is ")[0] for sent in courier.guest] == [
            "Your code for Guest Room"
        ]
    simulator.faults.clear()
    await press(hass, freezer)
    assert len(courier.guest) == (2 if all_fail else 3)
    assert len(courier.host) == 1


# The cleaner


async def clean_on_tuesdays(hass: HomeAssistant, entry: MockConfigEntry) -> Inbox:
    """Return what arrives when a cleaner comes on Tuesdays at seven."""
    return await automate(
        hass,
        "renew_cleaner_code",
        locks=locks(hass, entry, "Guest Room"),
        weekday="tue",
        time="07:00:00",
        send=notify("guest"),
        failed=notify("host"),
    )


async def go_to(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, moment: str
) -> None:
    """Let time pass until a moment on Berlin's clock."""
    freezer.move_to(datetime.fromisoformat(moment).replace(tzinfo=BERLIN))
    async_fire_time_changed(hass)
    await settle(hass)


async def test_cleaner(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, berlin_entry: MockConfigEntry
) -> None:
    """A code is made on the first Tuesday of each month, and opens until the next."""
    inbox = await clean_on_tuesdays(hass, berlin_entry)
    for day, count in (
        ("2026-11-24", 0),
        ("2026-12-01", 1),
        ("2026-12-02", 1),
        ("2026-12-08", 1),
        ("2027-01-05", 2),
        ("2027-02-01", 2),
        ("2027-02-02", 3),
        ("2027-03-02", 4),
    ):
        await go_to(hass, freezer, f"{day}T07:00:00")
        assert len(inbox.guest) == count
    made = records(berlin_entry)
    assert [record.kind for record in made] == ["daily"] * 4
    assert inbox.guest == [
        f"The new code for Guest Room is {record.pin}. It works until {end} 07:00. "
        f"Please use it for the first time before {deadline} 07:00, or it lapses."
        for record, end, deadline in zip(
            made,
            ("2027-01-07", "2027-02-11", "2027-03-11", "2027-04-08"),
            ("2026-12-02", "2027-01-06", "2027-02-03", "2027-03-03"),
            strict=True,
        )
    ]
    # Nobody stands before a closed door: the next one begins before this one ends.
    for earlier, later in pairwise(made):
        assert earlier.window.ends_at is not None
        assert later.window.starts_at < earlier.window.ends_at
    assert inbox.host == []
    assert_no_pin_is_kept(hass, berlin_entry)


@pytest.mark.parametrize(
    ("moment", "count"),
    [
        ("2026-12-01T06:59:00", 0),
        ("2026-12-01T09:30:00", 1),
        ("2026-12-02T09:30:00", 0),
        ("2026-12-08T09:30:00", 0),
    ],
)
async def test_cleaner_after_a_start(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    berlin_entry: MockConfigEntry,
    moment: str,
    count: int,
) -> None:
    """What was missed on the day is made up for after a start, once."""
    freezer.move_to(datetime.fromisoformat(moment).replace(tzinfo=BERLIN))
    hass.set_state(CoreState.not_running)
    inbox = await clean_on_tuesdays(hass, berlin_entry)
    await hass.async_start()
    await settle(hass)
    assert len(records(berlin_entry)) == len(inbox.guest) == count
    for _ in range(2):
        hass.bus.async_fire("homeassistant_start")
        await settle(hass)
    assert len(records(berlin_entry)) == len(inbox.guest) == count


async def test_cleaner_by_hand(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, berlin_entry: MockConfigEntry
) -> None:
    """A person who runs the automation gets a code, on any day, and another one."""
    inbox = await clean_on_tuesdays(hass, berlin_entry)
    for _ in range(2):
        await hass.services.async_call(
            "automation", "trigger", {"entity_id": AUTOMATION}, blocking=True
        )
        await settle(hass)
    assert len(records(berlin_entry)) == len(inbox.guest) == 2


async def test_cleaner_without_a_code(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    berlin_entry: MockConfigEntry,
) -> None:
    """The host is told; the failed attempt does not count after a start."""
    inbox = await clean_on_tuesdays(hass, berlin_entry)
    simulator.faults.add("/algopin", FaultKind.STATUS, status=400, times=None)
    await go_to(hass, freezer, "2026-12-01T07:00:00")
    assert inbox.guest == []
    assert inbox.host == [
        "No new code named Cleaner could be made. The log of Home Assistant says why. "
        "Run the actions of the automation to try again."
    ]
    # The account is away as well: still, the host is told.
    await hass.config_entries.async_unload(berlin_entry.entry_id)
    await go_to(hass, freezer, "2027-01-05T07:00:00")
    assert len(inbox.host) == 2
