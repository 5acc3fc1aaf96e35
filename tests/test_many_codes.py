"""An account with many codes: what changes is looked at, and nothing is overlooked."""

from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from typing import Any
from unittest.mock import MagicMock, patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.igloohome_access import issues, milestones, sensor
from custom_components.igloohome_access.devices import device_identifier
from custom_components.igloohome_access.ledger import Ledger
from custom_components.igloohome_access.lifecycle import counts_as_live, next_change
from custom_components.igloohome_access.model import CodeKind, Window
from custom_components.igloohome_access.news_memory import NewsMemory

from .codes import START, account_of, book_with, create, lock_of, record
from .conftest import SetUp
from .surface import move_to

HOUR = timedelta(hours=1)
MANY = 60


@pytest.fixture
async def entry(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    igloohome_entry: MockConfigEntry,
    set_up: SetUp,
) -> MockConfigEntry:
    """Return an account at START whose ledger holds many codes of one lock."""
    freezer.move_to(START)
    assert igloohome_entry.unique_id is not None
    ledger = Ledger(hass, igloohome_entry.unique_id)
    await ledger.async_load()
    lock = lock_of(igloohome_entry)
    await ledger.async_put(
        *(record(f"code{n}", device_id=lock, target_id=lock) for n in range(MANY))
    )
    return await set_up(igloohome_entry)


def watched(stack: ExitStack, module: Any, name: str) -> MagicMock:
    """Return what counts the calls of a function, which does what it did."""
    function: Callable[..., Any] = getattr(module, name)
    return stack.enter_context(patch.object(module, name, side_effect=function))


async def test_only_what_changes_is_looked_at(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """The work of making a code does not grow with the codes that are there."""
    with ExitStack() as stack:
        looks = [
            watched(stack, milestones, "reached"),
            watched(stack, issues, "_trouble"),
            watched(stack, sensor, "_is_shown"),
        ]
        made = await create(hass, entry, lock_of(entry))
        await hass.async_block_till_done()
        for look in looks:
            assert 1 <= look.call_count <= 6, look
    account = account_of(entry)
    assert account.book.live_count(lock_of(entry)) == MANY + 1
    registry = er.async_get(hass)
    shown = registry.async_get_entity_id(
        "sensor", "igloohome_access", f"{entry.unique_id}_{made['code_id']}"
    )
    assert shown is not None
    assert set(account.news.memory.told(made["code_id"]) or ()) == {
        "issued",
        "pin_ready",
        "started",
    }


async def test_once_a_day_all_are_looked_at(
    hass: HomeAssistant, entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """What was told of a code that never changes is not forgotten with time."""
    memory: NewsMemory = account_of(entry).news.memory
    await move_to(hass, freezer, START + timedelta(days=1))
    await create(hass, entry, lock_of(entry))
    assert set(memory._seen_on.values()) == {"2026-11-21"}
    assert len(memory._seen_on) == MANY + 1


async def test_entities_belong_to_the_devices(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """Every entity is at the device of its lock, without describing it again."""
    account_id = entry.unique_id
    assert account_id is not None
    device = dr.async_get(hass).async_get_device_by_identifier(
        device_identifier(account_id, lock_of(entry)), entry.entry_id
    )
    assert device is not None
    found = er.async_entries_for_device(
        er.async_get(hass), device.id, include_disabled_entities=True
    )
    keys = {one.unique_id.removeprefix(f"{account_id}_") for one in found}
    lock = lock_of(entry)
    assert {f"code{n}" for n in range(MANY)} <= keys
    assert {f"{lock}_battery", f"{lock}_live_codes", f"{lock}_codes"} <= keys


async def test_what_is_judged_is_true_at_every_moment(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """Numbers of a lock are right between two looks of the timer and after them."""
    freezer.move_to(START)
    book = await book_with(
        hass,
        [
            record(
                f"code{n}",
                kind=kind,
                window=Window(
                    START + (n - 2) * HOUR,
                    None if kind is CodeKind.PERMANENT else START + 2 * n * HOUR,
                    "Europe/Berlin",
                ),
            )
            for n in range(2, 8)
            for kind in (list(CodeKind)[n % len(CodeKind)],)
        ],
    )
    (lock,) = {book.device_id(code.code_id) for code in book}
    for minutes in (0, 59, 60, 61, 600, 30, -90, 0, 1500, 100):
        # Nobody wakes the timer: the book still knows what it saw before.
        now = START + timedelta(minutes=minutes)
        freezer.move_to(now)
        live = sum(counts_as_live(code, now) for code in book)
        moments = [m for code in book if (m := next_change(code, now)) is not None]
        assert book.live_count(lock) == live
        assert book.next_change(lock) == min(moments, default=None)
        assert sum(taken.live for taken in book.taken(lock)) == live
    book.async_stop()


async def test_listeners_are_told_what_changed(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """A change names the codes and the locks that it concerns, and no others."""
    freezer.move_to(START)
    book = await book_with(hass, [record("code1"), record("code2")])
    changes: list[frozenset[str]] = []
    stop = book.async_listen_changes(lambda changed: changes.append(frozenset(changed)))
    await book.async_update(record("code2", name="Cleaner"))
    await book.async_remove(["code1"])
    stop()
    await book.async_remove(["code2"])
    lock = record("code1").device_id
    assert changes == [{"code2", lock}, {"code1", lock}]
