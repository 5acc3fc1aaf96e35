"""The ledger: written before, never lost, private."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import fields
import json
from pathlib import Path
import stat
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import CoreState, HomeAssistant
from homeassistant.helpers.storage import Store
from homeassistant.util.file import WriteError
from homeassistant.util.json import SerializationError
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components.igloohome_access.const import DOMAIN
from custom_components.igloohome_access.ledger import Ledger, LedgerUnwritableError
from custom_components.igloohome_access.ledger_file import (
    record_from_stored,
    record_to_stored,
)
from custom_components.igloohome_access.model import CodeRecord, Window

from .codes import START, record, requested
from .ledger_disk import FULL, KEY, broken_disk, loaded, on_file


@pytest.fixture
def hass_config_dir(hass_tmp_config_dir: str) -> str:
    """Give every test a folder of its own."""
    return hass_tmp_config_dir


@pytest.fixture
def file(on_disk: Path) -> Path:
    """Return where the ledger of "account1" lies."""
    on_disk.mkdir(exist_ok=True)
    return on_disk / KEY


@pytest.fixture
async def ledger(hass: HomeAssistant, file: Path) -> Ledger:
    """Return an empty ledger that is loaded."""
    return await loaded(hass)


@pytest.fixture(autouse=True)
async def quiet_end(hass: HomeAssistant) -> AsyncGenerator[None]:
    """Leave no write behind that waits for its repetition."""
    yield
    hass.set_state(CoreState.final_write)
    hass.bus.async_fire("homeassistant_final_write")
    await hass.async_block_till_done()


def test_every_field_is_stored() -> None:
    """Come back from the disk as it was; nothing of a record is left out."""
    for field in fields(CodeRecord):
        assert getattr(FULL, field.name) != field.default, field.name
    stored = json.loads(json.dumps(record_to_stored(FULL)))
    assert record_from_stored(stored) == FULL
    permanent = requested(window=Window(START, None, "UTC"), variance=None)
    assert record_from_stored(record_to_stored(permanent)) == permanent


async def test_written_before_it_is_answered(
    hass: HomeAssistant, ledger: Ledger, file: Path
) -> None:
    """Be on disk, for the owner only, when a reservation returns."""
    await ledger.async_reserve(requested())
    assert on_file(file)["code1"]["state"] == "requested"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    await ledger.async_put(record())
    assert on_file(file)["code1"]["pin"] == "012345678"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert dict((await loaded(hass)).records) == {"code1": record()}
    await ledger.async_remove(["code1", "unknown"])
    assert on_file(file) == {}


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(WriteError("No space left"), id="write"),
        pytest.param(OSError("read-only"), id="folder"),
        pytest.param(SerializationError("pin 012345678"), id="data"),
    ],
)
async def test_reservation_that_cannot_be_written(
    hass: HomeAssistant,
    ledger: Ledger,
    file: Path,
    error: Exception,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Refuse, and remember nothing, neither now nor with a later write."""
    await ledger.async_reserve(requested("before"))
    with broken_disk(error):
        for _ in range(2):
            with pytest.raises(LedgerUnwritableError):
                await ledger.async_reserve(requested())
        assert set(ledger.records) == {"before"}
    assert caplog.text.count("could not be written") == 1
    assert "012345678" not in caplog.text
    await ledger.async_put(record("after"))
    assert set(on_file(file)) == {"before", "after"}


async def test_answer_that_cannot_be_written(
    hass: HomeAssistant,
    ledger: Ledger,
    file: Path,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Keep what was learned and try again, ever more patiently."""
    await ledger.async_reserve(requested())
    with broken_disk() as writes:
        assert await ledger.async_put(record()) is False
        for expected, seconds in enumerate((59, 1, 119, 1), start=1):
            assert len(writes) == (expected + 1) // 2
            freezer.tick(seconds)
            async_fire_time_changed(hass)
            await hass.async_block_till_done()
        assert len(writes) == 3
        for _ in range(10):
            freezer.tick(15 * 60)
            async_fire_time_changed(hass)
            await hass.async_block_till_done()
        assert len(writes) == 13
    assert on_file(file)["code1"]["state"] == "requested"
    assert ledger.records["code1"].pin == "012345678"
    freezer.tick(15 * 60)
    async_fire_time_changed(hass)
    await hass.async_block_till_done()
    assert on_file(file)["code1"]["pin"] == "012345678"
    assert caplog.text.count("could not be written") == 1


async def test_unwritten_answer_survives_a_reload(
    hass: HomeAssistant, ledger: Ledger, file: Path
) -> None:
    """Hand over to the next ledger what the disk has refused so far."""
    await ledger.async_reserve(requested())
    with broken_disk():
        await ledger.async_put(record())
        following = await loaded(hass)
    assert following.records["code1"].pin == "012345678"
    await following.async_put(record("code2"))
    assert set(on_file(file)) == {"code1", "code2"}
    assert on_file(file)["code1"]["pin"] == "012345678"


async def test_repeated_write_is_of_the_ledger_in_use(
    hass: HomeAssistant,
    ledger: Ledger,
    file: Path,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Never let an older ledger of the account overwrite a newer one."""
    with broken_disk():
        await ledger.async_put(record("code1"))
        following = await loaded(hass)
        await following.async_put(record("code2"))
    freezer.tick(60 * 60)
    async_fire_time_changed(hass)
    await hass.async_block_till_done()
    assert set(on_file(file)) == {"code1", "code2"}


async def test_loading_waits_for_a_write(
    hass: HomeAssistant, ledger: Ledger, file: Path, freezer: FrozenDateTimeFactory
) -> None:
    """Read what a write that is being repeated is about to put on the disk."""
    with broken_disk():
        await ledger.async_put(record())
    real, go_on = Store._async_write_data, asyncio.Event()

    async def slowly(store: Store[Any], data: dict[str, Any]) -> None:
        await go_on.wait()
        await real(store, data)

    with patch.object(Store, "_async_write_data", slowly):
        freezer.tick(60)
        async_fire_time_changed(hass)
        reading = hass.async_create_task(loaded(hass))
        await asyncio.sleep(0)
        assert not reading.done()
        go_on.set()
        following = await reading
    assert following.records["code1"].pin == "012345678"


async def test_caller_gives_up_while_reserving(
    hass: HomeAssistant, ledger: Ledger, file: Path
) -> None:
    """Forget a reservation nobody waits for, on disk too, and break no write."""
    real, go_on = Store._async_write_data, asyncio.Event()

    async def slowly(store: Store[Any], data: dict[str, Any]) -> None:
        await go_on.wait()
        await real(store, data)

    with patch.object(Store, "_async_write_data", slowly):
        caller = hass.async_create_task(ledger.async_reserve(requested()))
        following = ledger.async_put(record("code2"))
        await asyncio.sleep(0)
        caller.cancel()
        with pytest.raises(asyncio.CancelledError):
            await caller
        assert set(ledger.records) == {"code2"}
        go_on.set()
        await following
        await hass.async_block_till_done()
    assert set(on_file(file)) == {"code2"}


async def test_writes_are_shared(ledger: Ledger, file: Path) -> None:
    """Write once for all who wait."""
    real, written, go_on = Store._async_write_data, 0, asyncio.Event()

    async def count(store: Store[Any], data: dict[str, Any]) -> None:
        nonlocal written
        written += store.key == KEY
        await go_on.wait()
        await real(store, data)

    with patch.object(Store, "_async_write_data", count):
        reserving = asyncio.gather(
            *(ledger.async_reserve(requested(f"code{n}")) for n in range(20))
        )
        # The first write is held up until all others wait behind it.
        for _ in range(20):
            await asyncio.sleep(0)
        go_on.set()
        await reserving
    assert written == 2
    assert len(on_file(file)) == 20


async def test_only_changes_are_encoded(ledger: Ledger, file: Path) -> None:
    """Write many codes without encoding all of them each time."""
    await ledger.async_put(*(record(f"code{n}") for n in range(50)))
    with patch(
        "custom_components.igloohome_access.ledger_file.record_to_stored",
        side_effect=record_to_stored,
    ) as encode:
        await ledger.async_put(record("code7", name="Zoë"), record("code50"))
        await ledger.async_remove(["code8"])
    assert encode.call_count == 2
    assert {r["code_id"]: r["name"] for r in on_file(file).values()} == {
        f"code{n}": "Zoë" if n == 7 else "Plumber" for n in range(51) if n != 8
    }
    assert len(ledger._store._encoded) == 50


async def test_while_stopping(hass: HomeAssistant, ledger: Ledger, file: Path) -> None:
    """Reserve nothing, but keep an answer for the last write."""
    await ledger.async_reserve(requested())
    hass.set_state(CoreState.stopping)
    with pytest.raises(LedgerUnwritableError):
        await ledger.async_reserve(requested("code2"))
    await ledger.async_put(record())
    assert on_file(file)["code1"]["state"] == "requested"
    hass.set_state(CoreState.final_write)
    hass.bus.async_fire("homeassistant_final_write")
    await hass.async_block_till_done()
    assert on_file(file)["code1"]["pin"] == "012345678"
    assert set(on_file(file)) == {"code1"}


async def test_delete(hass: HomeAssistant, ledger: Ledger, file: Path) -> None:
    """Leave nothing behind, also not with a write that is still to be repeated."""
    await ledger.async_put(record())
    with broken_disk():
        await ledger.async_put(record("code2"))
    await ledger.async_delete_file()
    await hass.async_block_till_done()
    assert not file.exists()
    assert not ledger.records


async def test_two_accounts(hass: HomeAssistant, file: Path) -> None:
    """Keep the codes of two accounts in two files."""
    first, second = Ledger(hass, "account1"), Ledger(hass, "account2")
    await asyncio.gather(first.async_load(), second.async_load())
    await asyncio.gather(
        first.async_reserve(requested("one")), second.async_reserve(requested("two"))
    )
    assert set(on_file(file)) == {"one"}
    assert set(on_file(file.with_name(f"{DOMAIN}.ledger_account2"))) == {"two"}
    assert (first.account_id, second.account_id) == ("account1", "account2")
