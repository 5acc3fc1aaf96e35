"""Making codes in tests: the action, records by hand, and what must always hold."""

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
from homeassistant.util.async_ import get_scheduled_timer_handles
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)

from custom_components.igloohome_access.codes import CodeBook
from custom_components.igloohome_access.const import DOMAIN
from custom_components.igloohome_access.coordinator import Account
from custom_components.igloohome_access.ledger import Ledger
from custom_components.igloohome_access.model import (
    CodeKind,
    CodeRecord,
    CodeStatus,
    RecordState,
    RemoteCode,
    Window,
)
from custom_components.igloohome_access.names import async_registry_id
from simulator import Simulator
from simulator.igloohome.scenarios import LOCK_BRIDGED as IGLOO_LOCK
from simulator.seam.scenarios import SEAM_LOCK_OFFLINE as SEAM_LOCK

FIELDS: dict[CodeKind, dict[str, Any]] = {
    CodeKind.HOURLY: {"duration": {"hours": 2}},
    CodeKind.DAILY: {"days": 30},
    CodeKind.ONE_TIME: {},
    CodeKind.PERMANENT: {},
}
"""What the action needs beside target and name, by kind."""

NAME = "Plumber"


def account_of(entry: MockConfigEntry) -> Account:
    """Return what a loaded account consists of."""
    account: Account = entry.runtime_data
    return account


def records_of(entry: MockConfigEntry) -> list[CodeRecord]:
    """Return the ledger of an account, in the order the codes were asked for."""
    return list(account_of(entry).book.ledger.records.values())


def target(hass: HomeAssistant, entry: MockConfigEntry, lock: str) -> dict[str, str]:
    """Return the target of an action that means a lock."""
    registry_id = async_registry_id(hass, entry, lock)
    assert registry_id is not None
    return {"device_id": registry_id}


async def create(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    lock: str,
    kind: CodeKind = CodeKind.HOURLY,
    name: str = NAME,
    **fields: Any,
) -> dict[str, Any]:
    """Make a code with the action and return its part of the answer."""
    answer = await hass.services.async_call(
        DOMAIN,
        f"create_{kind}_code",
        {"name": name, **FIELDS[kind], **fields, **target(hass, entry, lock)},
        blocking=True,
        return_response=True,
    )
    assert answer is not None
    codes = answer["codes"]
    assert isinstance(codes, list)
    code = codes[0]
    assert isinstance(code, dict)
    return dict(code)


def lock_of(entry: MockConfigEntry) -> str:
    """Return the lock that codes are made for in the tests of both clouds."""
    return IGLOO_LOCK if entry.data["cloud"] == "igloohome" else SEAM_LOCK


def live_pins(simulator: Simulator) -> set[tuple[str, str]]:
    """Return (lock, PIN) of every offline code that a cloud has made.

    On Seam a code without a PIN yet counts by its id.
    """
    seam = simulator.seam.dump()["codes"]
    return simulator.igloohome.issued_distinct() | {
        (code["device_id"], code["access_code_id"])
        for code in seam
        if code["is_offline_access_code"]
    }


async def settle(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Do what the upkeep of an account does every few minutes."""
    await account_of(entry).issuer.async_resume()
    await hass.async_block_till_done()


def assert_nothing_lost(entry: MockConfigEntry, simulator: Simulator) -> None:
    """Check that every code a cloud has made is in the ledger, and no other."""
    issued = [r for r in records_of(entry) if r.state is RecordState.ISSUED]
    if entry.data["cloud"] == "igloohome":
        known = {(record.target_id, record.pin) for record in issued}
    else:
        known = {(record.target_id, record.cloud_id) for record in issued}
    assert known == live_pins(simulator)
    assert len(known) == len(issued)


async def until(condition: Any) -> None:
    """Wait until ``condition()`` is true; the test's own time limit ends it."""
    while not condition():
        await asyncio.sleep(0.005)


# Records and codes by hand

START = datetime(2026, 11, 20, 10, tzinfo=UTC)


def record(code_id: str = "code1", **changes: Any) -> CodeRecord:
    """Return a record: by default an hourly code of START for two hours, issued."""
    values: dict[str, Any] = {
        "code_id": code_id,
        "device_id": "lock1",
        "target_id": "keypad1",
        "name": NAME,
        "kind": CodeKind.HOURLY,
        "window": Window(START, START + timedelta(hours=2), "Europe/Berlin"),
        "requested_at": START,
        "state": RecordState.ISSUED,
        "variance": 1,
        "cloud_id": f"cloud-{code_id}",
        "pin": "012345678",
        "issued_at": START,
    }
    return CodeRecord(**{**values, **changes})


def requested(code_id: str = "code1", **changes: Any) -> CodeRecord:
    """Return a record whose outcome is not known."""
    nothing = {"cloud_id": None, "pin": None, "issued_at": None}
    return record(code_id, state=RecordState.REQUESTED, **{**nothing, **changes})


def remote(cloud_id: str = "cloud-code1", **changes: Any) -> RemoteCode:
    """Return a listed code: by default the one of ``record()``."""
    values: dict[str, Any] = {
        "cloud_id": cloud_id,
        "device_id": "lock1",
        "kind": CodeKind.HOURLY,
        "name": NAME,
        "pin": "012345678",
        "starts_at": START,
        "ends_at": START + timedelta(hours=2),
        "created_at": START,
    }
    return RemoteCode(**{**values, **changes})


async def book_with(hass: HomeAssistant, records: Iterable[CodeRecord]) -> CodeBook:
    """Return a started code book with ``records`` in its ledger."""
    ledger = Ledger(hass, "account1")
    await ledger.async_load()
    await ledger.async_put(*records)
    book = CodeBook(hass, ledger)
    book.async_start()
    return book


def statuses(book: CodeBook) -> dict[str, CodeStatus]:
    """Return the status of every code in a book."""
    return {code.code_id: book.status(code.code_id) for code in book}


# The book and its timer


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
        if not handle.cancelled() and book._alarm._job in (handle._args or ())
    ]


def timers(hass: HomeAssistant, book: CodeBook) -> int:
    """Return how many timers of a book are alive."""
    return len(alive(hass, book))


def fire(hass: HomeAssistant, book: CodeBook) -> None:
    """Let the timer of a book go off, whatever the clock on the wall shows."""
    (handle,) = alive(hass, book)
    handle.cancel()
    book._alarm._async_goes_off(dt_util.utcnow())


def told(book: CodeBook, *keys: str) -> list[str]:
    """Return a list that grows with every key that is told of, "*" for any."""
    calls: list[str] = []
    book.async_listen_all(lambda: calls.append("*"))
    for key in keys:
        book.async_listen(key, lambda key=key: calls.append(key))  # type: ignore[misc]
    return calls
