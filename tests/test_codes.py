"""The code book: ledger and cloud joined, told on the second, by one timer."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util
from homeassistant.util.async_ import get_scheduled_timer_handles
from homeassistant.util.file import WriteError
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components.igloohome_access.codes import CodeBook
from custom_components.igloohome_access.ledger import Ledger, LedgerUnwritableError
from custom_components.igloohome_access.model import (
    CloudNotice,
    CodeKind,
    CodeRecord,
    CodeStatus,
    RecordState,
    RemoteCode,
    Window,
)

from .codes import START, book_with, record, remote, requested, statuses

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


async def move_to(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, moment: datetime
) -> None:
    """Let time pass until ``moment``, as timers see it too."""
    freezer.move_to(moment)
    async_fire_time_changed(hass, moment)
    await hass.async_block_till_done()


def alive(hass: HomeAssistant, book: CodeBook) -> list[asyncio.TimerHandle]:
    """Return the timers of a book that are alive."""
    return [
        handle
        for handle in get_scheduled_timer_handles(hass.loop)
        if not handle.cancelled() and book._wake_job in (handle._args or ())
    ]


def timers(hass: HomeAssistant, book: CodeBook) -> int:
    """Return how many timers of a book are alive."""
    return len(alive(hass, book))


def fire(hass: HomeAssistant, book: CodeBook) -> None:
    """Let the timer of a book go off, whatever the clock on the wall shows."""
    (handle,) = alive(hass, book)
    handle.cancel()
    book._async_wake(dt_util.utcnow())


def told(book: CodeBook, *keys: str) -> list[str]:
    """Return a list that grows with every key that is told of, "*" for any."""
    calls: list[str] = []
    book.async_listen_all(lambda: calls.append("*"))
    for key in keys:
        book.async_listen(key, lambda key=key: calls.append(key))  # type: ignore[misc]
    return calls


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
    assert book._wakes_at == start
    earlier = START + timedelta(seconds=5)
    await book.async_update(
        record("code2", window=Window(earlier, earlier + HOUR, "UTC"))
    )
    assert book._wakes_at == earlier
    assert timers(hass, book) == 1
    # A timer that fires a moment too early sleeps for the rest.
    freezer.move_to(earlier - timedelta(microseconds=10))
    fire(hass, book)
    assert statuses(book)["code2"] is CodeStatus.SCHEDULED
    assert book._wakes_at == earlier
    assert timers(hass, book) == 1


async def test_clock_set_forward(
    hass: HomeAssistant, book: CodeBook, freezer: FrozenDateTimeFactory
) -> None:
    """Notice within a minute that the clock has jumped."""
    await book.async_update(record())
    assert book._wakes_at is not None
    assert book._wakes_at - START <= timedelta(minutes=1)
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
    calls, timer = told(book, "code1", "lock1"), book._cancel_timer
    with patch.object(Store, "async_save") as save:
        await book.async_set_remote(
            [remote(), remote("elsewhere")], complete_for="lock1"
        )
    assert calls == []
    assert book._cancel_timer is timer
    assert not save.called


# Listening


async def test_listener_that_fails(
    book: CodeBook, caplog: pytest.LogCaptureFixture
) -> None:
    """Record what the cloud gave although something that shows it fails."""

    def fail() -> None:
        raise RuntimeError("display broken")

    remove = book.async_listen_all(fail)
    calls = told(book, "code1")
    await book.async_reserve(requested())
    await book.async_update(record())
    assert calls == ["*", "code1", "*", "code1"]
    assert book.ledger.records["code1"].pin == "012345678"
    assert caplog.text.count("A listener to codes failed") == 2
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


# Book and ledger in step


async def test_reservation_that_cannot_be_written(book: CodeBook) -> None:
    """Show nothing that was not reserved."""
    with (
        patch.object(Store, "_async_write_data", side_effect=WriteError("full")),
        pytest.raises(LedgerUnwritableError),
    ):
        await book.async_reserve(requested())
    assert not list(book)
    assert not book.ledger.records
    await book.async_update(record("other"))


@pytest.mark.parametrize("change", ["update", "remove", "remote"])
async def test_caller_gives_up(
    hass: HomeAssistant, book: CodeBook, hass_storage: dict[str, Any], change: str
) -> None:
    """Keep book, ledger and disk in step when a caller is cancelled in between."""
    await book.async_update(record(pin=None))
    real, go_on = Store._async_write_data, asyncio.Event()

    async def slowly(store: Store[Any], data: dict[str, Any]) -> None:
        await go_on.wait()
        await real(store, data)

    with patch.object(Store, "_async_write_data", slowly):
        caller = hass.async_create_task(
            {
                "update": lambda: book.async_update(record(pin="9999")),
                "remove": lambda: book.async_remove(["code1"]),
                "remote": lambda: book.async_set_remote([remote(pin="9999")]),
            }[change]()
        )
        await asyncio.sleep(0)
        caller.cancel()
        with pytest.raises(asyncio.CancelledError):
            await caller
        go_on.set()
        await hass.async_block_till_done()
    code = book.get("code1")
    stored = hass_storage["igloohome_access.ledger_account1"]["data"]["records"]
    if change == "remove":
        assert code is None
        assert not book.ledger.records
        assert stored == []
    else:
        assert code is not None
        assert code.record is book.ledger.records["code1"]
        assert code.pin == "9999"
        assert stored[0]["pin"] == "9999"


async def test_several_learned_at_once(book: CodeBook) -> None:
    """Keep what was learned of one code while another one is being written.

    The list of a cloud must not put an older record back.
    """
    await book.async_update(record("code1", pin=None))
    await book.async_update(record("code2", pin=None))
    go_on = asyncio.Event()

    async def slowly(store: Store[Any], data: dict[str, Any]) -> None:
        await go_on.wait()

    listed = [remote(f"cloud-code{n}", pin=f"{n}" * 4) for n in (1, 2)]
    with patch.object(Store, "_async_write_data", slowly):
        reading = asyncio.create_task(book.async_set_remote(listed))
        await asyncio.sleep(0)
        updating = asyncio.create_task(
            book.async_update(
                replace(book.ledger.records["code2"], superseded_at=START)
            )
        )
        await asyncio.sleep(0)
        go_on.set()
        await asyncio.gather(reading, updating)
    assert book.ledger.records["code1"].pin == "1111"
    assert book.ledger.records["code2"].pin == "2222"
    assert book.ledger.records["code2"].superseded_at == START


async def test_stopped_book_changes_nothing(
    hass: HomeAssistant, book: CodeBook, hass_storage: dict[str, Any]
) -> None:
    """Leave the ledger to the book of the next account set-up."""
    await book.async_update(record())
    calls = told(book)
    book.async_stop()
    following = await book_with(hass, [record("code2")])
    await book.async_update(record("code3"))
    await book.async_remove(["code1"])
    await book.async_set_remote([remote("elsewhere")], complete_for="lock1")
    assert [code.code_id for code in book] == ["code1"]
    assert book.status("code1") is CodeStatus.ACTIVE
    assert calls == []
    assert timers(hass, book) == 0
    stored = hass_storage["igloohome_access.ledger_account1"]["data"]["records"]
    assert {r["code_id"] for r in stored} == {"code1", "code2"}
    following.async_stop()


async def test_reservation_of_a_stopped_book(
    hass: HomeAssistant, book: CodeBook
) -> None:
    """Start no timer with a reservation that was under way when the book stopped."""
    go_on = asyncio.Event()

    async def slowly(store: Store[Any], data: dict[str, Any]) -> None:
        await go_on.wait()

    with patch.object(Store, "_async_write_data", slowly):
        reserving = asyncio.create_task(book.async_reserve(requested()))
        await asyncio.sleep(0)
        book.async_stop()
        go_on.set()
        await reserving
    assert timers(hass, book) == 0


async def test_removing_twice(book: CodeBook) -> None:
    """Do nothing for a code that is off already."""
    await book.async_update(record())
    calls = told(book, "code1", "lock1")
    await asyncio.gather(book.async_remove(["code1"]), book.async_remove(["code1"]))
    assert not list(book)
    assert sorted(calls) == ["*", "code1", "lock1"]
    assert not book._by_cloud_id


# What the cloud lists


async def test_late_pin(book: CodeBook) -> None:
    """Record a PIN as soon as the cloud shows it, and never lose it again."""
    await book.async_update(record(pin=None))
    assert statuses(book) == {"code1": CodeStatus.WAITING_FOR_PIN}
    await book.async_set_remote([remote(pin=None, waiting_for_pin=True)])
    assert statuses(book) == {"code1": CodeStatus.WAITING_FOR_PIN}
    await book.async_set_remote([remote(pin="1234567")])
    assert statuses(book) == {"code1": CodeStatus.ACTIVE}
    assert book.ledger.records["code1"].pin == "1234567"
    await book.async_set_remote([remote(pin=None)])
    code = book.get("code1")
    assert code is not None
    assert code.pin == "1234567"


async def test_listed_before_it_is_recognised(book: CodeBook) -> None:
    """Join a code that was listed as made elsewhere with the record it belongs to."""
    await book.async_reserve(requested())
    listed = remote(pin="7654321", status="set")
    await book.async_set_remote([listed])
    assert set(statuses(book)) == {"code1", "cloud-code1"}
    calls = told(book, "code1", "cloud-code1", "lock1")
    await book.async_update(record(pin=None))
    (code,) = book
    assert code.code_id == "code1"
    assert code.remote == listed
    assert code.pin == "7654321"
    assert book.ledger.records["code1"].pin == "7654321"
    assert sorted(calls) == ["*", "cloud-code1", "code1", "lock1"]
    assert book.knows_cloud_id("cloud-code1")
    assert book.get("cloud-code1") is None
    # Updates keep what the cloud listed.
    await book.async_update(replace(book.ledger.records["code1"], name="other"))
    code = book.of_device("lock1")[0]
    assert (code.name, code.remote) == ("other", listed)


async def test_vanished_and_back(book: CodeBook) -> None:
    """Notice that a code is missing from the list, and that it has returned."""
    old = record(issued_at=ISSUED_LONG_AGO)
    await book.async_update(old)
    await book.async_set_remote([remote()])
    await book.async_set_remote([], complete_for="lock1", managed=False)
    assert book.ledger.records["code1"].vanished_at is None
    await book.async_set_remote([], complete_for="lock1")
    assert book.ledger.records["code1"].vanished_at == START
    await book.async_set_remote([], asked_for=["cloud-code1"])
    assert book.ledger.records["code1"].vanished_at == START
    await book.async_set_remote([remote()])
    assert book.ledger.records["code1"] == old


async def test_missing_right_after_it_was_made(
    hass: HomeAssistant, book: CodeBook, freezer: FrozenDateTimeFactory
) -> None:
    """Make nothing of a list that is older than the code."""
    await book.async_update(record(pin=None))
    await book.async_set_remote([], asked_for=["cloud-code1"])
    assert statuses(book) == {"code1": CodeStatus.WAITING_FOR_PIN}
    await book.async_set_remote([remote(pin=None, waiting_for_pin=True)])
    await book.async_set_remote([], complete_for="lock1")
    assert book.ledger.records["code1"].vanished_at is None
    await move_to(hass, freezer, START + timedelta(minutes=5))
    await book.async_set_remote([], complete_for="lock1")
    assert statuses(book) == {"code1": CodeStatus.FAILED}


async def test_made_elsewhere(book: CodeBook) -> None:
    """Show a code that was made elsewhere for as long as it is listed."""
    await book.async_set_remote(
        [remote("app", managed=False)], complete_for="lock1", managed=False
    )
    await book.async_set_remote([], complete_for="lock1", managed=True)
    await book.async_set_remote([], complete_for="lock2", managed=False)
    assert statuses(book) == {"app": CodeStatus.ACTIVE}
    calls = told(book, "app", "lock1")
    await book.async_set_remote([], complete_for="lock1", managed=False)
    assert statuses(book) == {}
    assert sorted(calls) == ["*", "app", "lock1"]
    await book.async_set_remote([], asked_for=["app"])


async def test_moved_to_another_lock(book: CodeBook) -> None:
    """Follow a code that the cloud lists for another lock."""
    await book.async_set_remote([remote("app")])
    calls = told(book, "lock1", "lock2")
    await book.async_set_remote([remote("app", device_id="lock2")])
    assert book.of_device("lock1") == []
    assert [code.code_id for code in book.of_device("lock2")] == ["app"]
    assert sorted(calls) == ["*", "lock1", "lock2"]


async def test_ids_that_are_not_unique(book: CodeBook) -> None:
    """Lose no record when a cloud gives two codes the same id."""
    await book.async_update(record("code1", cloud_id="7"))
    await book.async_update(record("code2", cloud_id="7", device_id="lock2"))
    assert set(statuses(book)) == {"code1", "code2"}
    await book.async_remove(["code1"])
    assert set(statuses(book)) == {"code2"}
    await book.async_remove(["code2"])
    assert not list(book)
    assert not book._by_cloud_id


async def test_error_of_the_cloud_is_taken_back(book: CodeBook) -> None:
    """Show a failure as long as the cloud reports it."""
    waiting = remote(pin=None, waiting_for_pin=True)
    await book.async_update(record(pin=None))
    broken = replace(waiting, notices=(CloudNotice("no_space", "Lock is full"),))
    await book.async_set_remote([broken])
    assert statuses(book) == {"code1": CodeStatus.FAILED}
    assert book.watched_cloud_ids() == []
    await book.async_set_remote([waiting])
    assert statuses(book) == {"code1": CodeStatus.WAITING_FOR_PIN}


async def test_book_from_a_ledger(
    hass: HomeAssistant, at_start: FrozenDateTimeFactory
) -> None:
    """Know everything of the ledger from the start."""
    records: list[CodeRecord] = [record(), requested("code2")]
    book = await book_with(hass, records)
    assert statuses(book) == {
        "code1": CodeStatus.ACTIVE,
        "code2": CodeStatus.REQUESTED,
    }
    assert timers(hass, book) == 1
    assert not isinstance(book.get("code1"), RemoteCode)
    book.async_stop()
