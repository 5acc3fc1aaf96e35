"""What is remembered of what was told: bounded, private, robust."""

from datetime import timedelta
from pathlib import Path
import stat
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest

from custom_components.igloohome_access import news_memory
from custom_components.igloohome_access.news_memory import NewsMemory

from .codes import START

KEY = "igloohome_access.news_account1"


@pytest.fixture
async def memory(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, hass_storage: dict[str, Any]
) -> NewsMemory:
    """Return a new memory at START."""
    freezer.move_to(START)
    memory = NewsMemory(hass, "account1")
    await memory.async_load()
    return memory


async def _again(hass: HomeAssistant, memory: NewsMemory) -> NewsMemory:
    await memory.async_close()
    again = NewsMemory(hass, "account1")
    await again.async_load()
    return again


async def test_kept(
    hass: HomeAssistant, memory: NewsMemory, freezer: FrozenDateTimeFactory
) -> None:
    """Everything is there after a restart."""
    later = START + timedelta(hours=1)
    assert memory.is_new_event("one")
    memory.async_note_reading(later, later, changed=True)
    assert memory.is_new_row("lock", "a" * 32, START)
    memory.async_note_rows("lock", later)
    memory.async_tell("code", {"issued", "failed"}, later)
    freezer.tick(timedelta(days=1))
    again = await _again(hass, memory)
    assert (again.begun, again.cursor, again.read_at) == (START, later, later)
    assert not again.is_new_event("one")
    assert again.is_new_event("two")
    assert not again.is_new_row("lock", "a" * 32, START)
    assert again.is_new_row("lock", "b" * 32, START)
    assert again.told("code") == frozenset({"issued", "failed"})
    assert again.told("other") is None


async def test_written_when_there_is_something(
    hass: HomeAssistant, memory: NewsMemory, hass_storage: dict[str, Any]
) -> None:
    """That nothing happens is written once an hour, not with every reading."""
    await memory.async_close()
    del hass_storage[KEY]
    await memory.async_close()
    # The first reading is noted; the next of that hour are not.
    memory.async_note_reading(START, START, changed=False)
    await memory.async_close()
    assert KEY in hass_storage
    for minutes, written in ((59, False), (61, True), (10, True)):
        await memory.async_close()
        hass_storage.clear()
        moment = START + timedelta(minutes=minutes)
        memory.async_note_reading(START, moment, changed=False)
        assert memory._dirty is written
    await memory.async_close()


async def test_bounded(memory: NewsMemory, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is known does not grow for ever, and what is forgotten is not told."""
    monkeypatch.setattr(news_memory, "KNOWN_EVENTS", 3)
    monkeypatch.setattr(news_memory, "MAX_ROWS", 3)
    for number in range(10):
        assert memory.is_new_event(str(number))
        assert memory.is_new_row("lock", str(number), START + timedelta(number))
    assert memory.is_new_event("6")
    memory.async_note_rows("lock", START + timedelta(10))
    assert sorted(memory._data()["rows"]["lock"]) == ["7", "8", "9"]
    assert not memory.is_new_row("lock", "0", START)
    assert not memory.is_new_row("lock", "never seen", START)
    assert memory.is_new_row("lock", "new", START + timedelta(11))
    # Rows leave with time as well.
    memory.async_note_rows("lock", START + timedelta(100))
    assert memory._data()["rows"]["lock"] == {}
    memory.async_note_rows("silent", START)


async def test_codes_are_forgotten(memory: NewsMemory) -> None:
    """A code that has been in no list for two months is forgotten."""
    memory.async_tell("old", ["issued"], START)
    memory.async_tell("new", ["issued"], START)
    later = START + timedelta(days=61)
    memory.async_tell("new", ["issued"], later)
    memory.async_forget_codes(later)
    assert memory.told("old") is None
    assert memory.told("new") == frozenset({"issued"})


@pytest.mark.parametrize(
    "broken",
    [
        {"begun": "yesterday"},
        {"begun": "2026-11-20T10:00:00"},
        {"cursor": None},
        {"events": None},
        {"rows": {"lock": {"row": "x"}}},
        {"rows": []},
        {"codes": {"code": {}}},
        {"codes": {"code": None}},
    ],
)
async def test_broken(
    hass: HomeAssistant,
    memory: NewsMemory,
    hass_storage: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
    broken: dict[str, Any],
) -> None:
    """A file that cannot be understood is as good as none, and quoted nowhere."""
    memory.is_new_event("one")
    memory.async_changed()
    await memory.async_close()
    hass_storage[KEY]["data"] |= broken
    again = NewsMemory(hass, "account1")
    await again.async_load()
    assert again.is_new_event("one")
    assert again.told("code") is None
    assert caplog.text.count("cannot be read; starting anew") == 1
    await again.async_close()


async def test_newer_version(
    hass: HomeAssistant, memory: NewsMemory, hass_storage: dict[str, Any]
) -> None:
    """The same goes for a file of a newer version."""
    await memory.async_close()
    hass_storage[KEY]["version"] = 2
    again = NewsMemory(hass, "account1")
    await again.async_load()
    assert again.begun == dt_util.utcnow()
    await again.async_close()


@pytest.fixture
def hass_config_dir(tmp_path: Path) -> str:
    """Give the test a folder of its own."""
    return str(tmp_path)


async def test_private(hass: HomeAssistant, on_disk: Path) -> None:
    """Only Home Assistant can read the file, and it can be removed."""
    memory = NewsMemory(hass, "account1")
    await memory.async_load()
    await memory.async_close()
    path = on_disk / KEY
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    await memory.async_remove()
    assert not path.exists()
