"""The code book: told on the second, by one timer."""

from collections.abc import AsyncGenerator
from datetime import timedelta
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components.igloohome_access.codes import CodeBook
from custom_components.igloohome_access.ledger import Ledger
from custom_components.igloohome_access.model import (
    CodeKind,
    CodeStatus,
    RecordState,
    Window,
)

from .codes import (
    START,
    alive,
    book_with,
    fire,
    move_to,
    record,
    remote,
    requested,
    statuses,
    timers,
    told,
)

HOUR = timedelta(hours=1)
ISSUED_LONG_AGO = START - timedelta(hours=1)


@pytest.fixture
def at_start(freezer: FrozenDateTimeFactory) -> FrozenDateTimeFactory:
    """Stop the clock at START."""
    freezer.move_to(START)
    return freezer


@pytest.fixture
async def book(
    hass: HomeAssistant, at_start: FrozenDateTimeFactory
) -> AsyncGenerator[CodeBook]:
    """Return an empty code book at START."""
    book = await book_with(hass, [])
    yield book
    book.async_stop()


# Reading


async def test_reading(book: CodeBook) -> None:
    """Answer what is known of the codes of a lock."""
    later = Window(START + HOUR, START + 3 * HOUR, "UTC")
    await book.async_update(record("code2", window=later, variance=2))
    await book.async_update(record())
    await book.async_set_remote(
        [
            remote("elsewhere", starts_at=None, ends_at=None, kind=CodeKind.ONLINE),
            remote("started", starts_at=START - HOUR, managed=False),
        ]
    )
    await book.async_update(
        record("failed", state=RecordState.FAILED, cloud_id=None, pin=None)
    )
    assert [code.code_id for code in book] == [
        "code2",
        "code1",
        "elsewhere",
        "started",
        "failed",
    ]
    ordered = [code.code_id for code in book.of_device("lock1")]
    assert ordered[:2] == ["elsewhere", "started"]
    assert ordered[-1] == "code2"
    assert book.of_device("lock2") == []
    assert book.device_id("elsewhere") == "lock1"
    assert book.live_count("lock1") == 4
    assert book.live_count("lock2") == 0
    assert book.next_change("lock1") == START + HOUR
    assert book.next_change("lock2") is None
    # What failed and what has no start takes no slot.
    taken = {(t.starts_at, t.variance, t.live) for t in book.taken("lock1")}
    assert taken == {
        (START + HOUR, 2, True),
        (START, 1, True),
        (START - HOUR, None, True),
    }
    assert set(book.watched_cloud_ids()) == {"cloud-code1", "cloud-code2"}
    assert book.knows_cloud_id("cloud-code1")
    assert not book.knows_cloud_id("elsewhere")
    assert not book.knows_cloud_id("nothing")
    assert book.get("nothing") is None
    # Asking for locks that do not exist leaves nothing behind.
    assert set(book._by_device) == {"lock1"}


async def test_ended_codes_are_not_watched(
    hass: HomeAssistant, book: CodeBook, freezer: FrozenDateTimeFactory
) -> None:
    """Ask the cloud no longer about what is over, but keep its variance taken."""
    await book.async_update(record())
    await move_to(hass, freezer, START + 2 * HOUR)
    assert book.watched_cloud_ids() == []
    assert [(t.variance, t.live) for t in book.taken("lock1")] == [(1, False)]
    assert book.live_count("lock1") == 0


# On the second


async def test_status_changes_on_the_second(
    hass: HomeAssistant, book: CodeBook, freezer: FrozenDateTimeFactory
) -> None:
    """Tell of start, deadline and end when they come, with one timer."""
    start = START + timedelta(minutes=30)
    code = record(
        kind=CodeKind.DAILY,
        window=Window(start, start + timedelta(days=30), "UTC"),
        first_use_by=start + timedelta(days=1),
    )
    await book.async_update(code)
    calls = told(book, "code1", "lock1", "lock2")
    assert statuses(book) == {"code1": CodeStatus.SCHEDULED}
    for moment, status in (
        (start, CodeStatus.ACTIVE),
        (start + timedelta(days=1), CodeStatus.UNCONFIRMED),
        (start + timedelta(days=30), CodeStatus.EXPIRED),
    ):
        before = statuses(book)
        # The timer looks at the clock every minute, however far away the moment is.
        for _ in range(2):
            await move_to(hass, freezer, moment - timedelta(seconds=1))
        assert statuses(book) == before
        assert calls == []
        assert timers(hass, book) == 1
        await move_to(hass, freezer, moment)
        assert statuses(book) == {"code1": status}
        assert calls[0] == "*"
        assert sorted(calls) == ["*", "code1", "lock1"]
        calls.clear()
        assert timers(hass, book) == 1
    assert book.next_change("lock1") is None


async def test_timer_sleeps_until_the_moment(
    hass: HomeAssistant, book: CodeBook, freezer: FrozenDateTimeFactory
) -> None:
    """Set the timer for the very moment when that is near, not for a full minute."""
    start = START + timedelta(seconds=10)
    await book.async_update(record(window=Window(start, start + HOUR, "UTC")))
    assert book._alarm.wakes_at == start
    earlier = START + timedelta(seconds=5)
    await book.async_update(
        record("code2", window=Window(earlier, earlier + HOUR, "UTC"))
    )
    assert book._alarm.wakes_at == earlier
    assert timers(hass, book) == 1
    # A timer that fires a moment too early sleeps for the rest.
    freezer.move_to(earlier - timedelta(microseconds=10))
    fire(hass, book)
    assert statuses(book)["code2"] is CodeStatus.SCHEDULED
    assert book._alarm.wakes_at == earlier
    assert timers(hass, book) == 1


async def test_clock_set_forward(
    hass: HomeAssistant, book: CodeBook, freezer: FrozenDateTimeFactory
) -> None:
    """Notice within a minute that the clock has jumped."""
    await book.async_update(record())
    assert book._alarm.wakes_at is not None
    assert book._alarm.wakes_at - START <= timedelta(minutes=1)
    freezer.move_to(START + 5 * HOUR)
    assert statuses(book) == {"code1": CodeStatus.ACTIVE}
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(minutes=1))
    assert statuses(book) == {"code1": CodeStatus.EXPIRED}


async def test_clock_set_back(
    hass: HomeAssistant, book: CodeBook, freezer: FrozenDateTimeFactory
) -> None:
    """Judge every code again, and be on time again afterwards."""
    await book.async_update(record())
    await book.async_set_remote([remote("elsewhere")])
    await move_to(hass, freezer, START + 3 * HOUR)
    assert set(statuses(book).values()) == {CodeStatus.EXPIRED}
    unaffected = Window(START - HOUR, START, "UTC")
    await book.async_update(record("past", window=unaffected))
    calls = told(book, "code1", "elsewhere", "past")
    freezer.move_to(START + HOUR)
    # A change in between does not hide the jump.
    await book.async_update(record("code2"))
    assert statuses(book)["code1"] is CodeStatus.EXPIRED
    assert timers(hass, book) == 1
    calls.clear()
    fire(hass, book)
    assert statuses(book).pop("past") is CodeStatus.EXPIRED
    assert list(statuses(book).values()).count(CodeStatus.ACTIVE) == 3
    assert sorted(calls) == ["*", "code1", "elsewhere"]
    await move_to(hass, freezer, START + 2 * HOUR)
    assert set(statuses(book).values()) == {CodeStatus.EXPIRED}
    assert timers(hass, book) == 1


async def test_timer_is_not_on_the_wall_clock(
    hass: HomeAssistant, book: CodeBook, freezer: FrozenDateTimeFactory
) -> None:
    """Look at the clock every minute, also when it has just been set back.

    Home Assistant's timer for a point in time would go on sleeping until the clock
    on the wall shows that time again.
    """
    await book.async_update(record())
    for moment in (START, START - HOUR, START - timedelta(seconds=1)):
        freezer.move_to(moment)
        fire(hass, book)
        (handle,) = alive(hass, book)
        assert handle.when() - hass.loop.time() <= 60
        expected = CodeStatus.ACTIVE if moment == START else CodeStatus.SCHEDULED
        assert statuses(book) == {"code1": expected}


async def test_restart_in_between(
    hass: HomeAssistant, book: CodeBook, freezer: FrozenDateTimeFactory
) -> None:
    """Know after a restart what has become of a code meanwhile."""
    await book.async_update(record())
    calls = told(book, "code1")
    book.async_stop()
    assert timers(hass, book) == 0
    freezer.move_to(START + 2 * HOUR - timedelta(seconds=1))
    again = CodeBook(hass, Ledger(hass, "account1"))
    await again.ledger.async_load()
    again.async_start()
    assert statuses(again) == {"code1": CodeStatus.ACTIVE}
    await move_to(hass, freezer, START + 2 * HOUR)
    assert statuses(again) == {"code1": CodeStatus.EXPIRED}
    assert calls == []
    again.async_stop()
    assert timers(hass, again) == 0


async def test_memory_is_bounded(hass: HomeAssistant, book: CodeBook) -> None:
    """Keep one moment per code and one timer, however often a code changes."""
    for number in range(300):
        end = START + (2 + number % 7) * HOUR
        await book.async_set_remote(
            [remote(f"online{n}", ends_at=end) for n in range(3)]
        )
        book.async_listen("code1", lambda: None)()
    assert len(book._agenda) <= 14
    assert timers(hass, book) == 1
    assert not book._listeners
    await book.async_set_remote([], asked_for=[f"online{n}" for n in range(3)])
    assert not list(book)
    assert book._agenda.next() is None
    assert not book._by_device
    assert not book._by_cloud_id


async def test_nothing_changed(hass: HomeAssistant, book: CodeBook) -> None:
    """Tell nobody and leave the timer alone when a list says nothing new."""
    await book.async_update(record())
    await book.async_set_remote([remote(), remote("elsewhere")])
    calls, timer = told(book, "code1", "lock1"), book._alarm._cancel
    with patch.object(Store, "async_save") as save:
        await book.async_set_remote(
            [remote(), remote("elsewhere")], complete_for="lock1"
        )
    assert calls == []
    assert book._alarm._cancel is timer
    assert not save.called


# Listening


async def test_listener_that_fails(
    book: CodeBook, caplog: pytest.LogCaptureFixture
) -> None:
    """Record what the cloud gave although something that shows it fails."""

    text = "display broken at 012345678"

    def fail() -> None:
        raise RuntimeError(text)

    remove = book.async_listen_all(fail)
    calls = told(book, "code1")
    await book.async_reserve(requested())
    await book.async_update(record())
    assert calls == ["*", "code1", "*", "code1"]
    assert book.ledger.records["code1"].pin == "012345678"
    assert caplog.text.count("A listener to codes failed: RuntimeError") == 2
    # What is wrong might repeat a PIN.
    assert text not in caplog.text
    remove()
    await book.async_update(record(name="other"))
    assert caplog.text.count("A listener to codes failed") == 2


async def test_listeners_of_one_key(book: CodeBook) -> None:
    """Serve several listeners to one code until each has gone."""
    calls: list[int] = []
    first = book.async_listen("code1", lambda: calls.append(1))
    second = book.async_listen("code1", lambda: calls.append(2))
    await book.async_update(record())
    first()
    await book.async_update(record(name="other"))
    second()
    await book.async_update(record(name="third"))
    assert calls == [1, 2, 2]
