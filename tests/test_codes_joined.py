"""The code book: ledger, disk and what the cloud lists, always in step."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from dataclasses import replace
from datetime import timedelta
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import Store
from homeassistant.util.file import WriteError
import pytest

from custom_components.igloohome_access.codes import CodeBook
from custom_components.igloohome_access.ledger import LedgerUnwritableError
from custom_components.igloohome_access.model import (
    CloudNotice,
    CodeRecord,
    CodeStatus,
    RemoteCode,
)

from .codes import (
    START,
    book_with,
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

    calls: dict[str, Callable[[], Coroutine[Any, Any, object]]] = {
        "update": lambda: book.async_update(record(pin="9999")),
        "remove": lambda: book.async_remove(["code1"]),
        "remote": lambda: book.async_set_remote([remote(pin="9999")]),
    }
    with patch.object(Store, "_async_write_data", slowly):
        caller = hass.async_create_task(calls[change]())
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
