"""The ledger: written before, never lost, readable by other versions, private."""

import asyncio
from collections.abc import AsyncGenerator, Generator
from contextlib import contextmanager
from dataclasses import fields, replace
from datetime import timedelta
import json
from pathlib import Path
import stat
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import CoreState, HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util
from homeassistant.util.file import WriteError
from homeassistant.util.json import SerializationError
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components.igloohome_access.const import DOMAIN
from custom_components.igloohome_access.ledger import (
    Ledger,
    LedgerTooNewError,
    LedgerUnreadableError,
    LedgerUnwritableError,
)
from custom_components.igloohome_access.ledger_file import (
    record_from_stored,
    record_to_stored,
)
from custom_components.igloohome_access.model import (
    CodeKind,
    CodeOrigin,
    CodeRecord,
    RecordState,
    Window,
)

from .codes import START, record, requested

KEY = f"{DOMAIN}.ledger_account1"


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


async def loaded(hass: HomeAssistant) -> Ledger:
    """Return the ledger of "account1", read from the disk."""
    ledger = Ledger(hass, "account1")
    await ledger.async_load()
    return ledger


def on_file(file: Path) -> dict[str, dict[str, Any]]:
    """Return the records as they lie on the disk, by code id."""
    data = json.loads(file.read_text())["data"]
    return {stored["code_id"]: stored for stored in data["records"]}


def write(file: Path, data: Any, version: int = 1, minor_version: int = 1) -> None:
    """Put a file of some version on the disk."""
    content = {
        "version": version,
        "minor_version": minor_version,
        "key": KEY,
        "data": data,
    }
    file.write_text(json.dumps(content))
    file.chmod(0o600)


@contextmanager
def broken_disk(error: Exception | None = None) -> Generator[list[int]]:
    """Let every write fail; counts them."""
    writes: list[int] = []

    async def fail(store: Store[Any], data: dict[str, Any]) -> None:
        if store.key == KEY:
            writes.append(1)
            raise error or WriteError("No space left on device")

    with patch.object(Store, "_async_write_data", fail):
        yield writes


def set_aside(hass: HomeAssistant) -> ir.IssueEntry | None:
    """Return the repair issue about a file that was set aside."""
    return ir.async_get(hass).async_get_issue(DOMAIN, "ledger_set_aside_account1")


FULL = CodeRecord(
    code_id="code1",
    device_id="lock1",
    target_id="keypad1",
    name="Zoë",
    kind=CodeKind.DAILY,
    window=Window(START, START + timedelta(days=30), "Europe/Berlin"),
    requested_at=START,
    state=RecordState.FAILED,
    first_use_by=START + timedelta(days=1),
    variance=2,
    cloud_id="cloud1",
    pin="000000001",
    issued_at=START,
    first_used_at=START + timedelta(seconds=1),
    superseded_at=START + timedelta(seconds=2),
    forgotten_at=START + timedelta(seconds=3),
    vanished_at=START + timedelta(seconds=4),
    failed_at=START + timedelta(seconds=5),
    failure="cloud_refused",
    origin=CodeOrigin.BOOKING,
    attempts=3,
)


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
    real, written = Store._async_write_data, 0

    async def count(store: Store[Any], data: dict[str, Any]) -> None:
        nonlocal written
        written += store.key == KEY
        await real(store, data)

    with patch.object(Store, "_async_write_data", count):
        await asyncio.gather(
            *(ledger.async_reserve(requested(f"code{n}")) for n in range(20))
        )
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


# Other versions


async def test_older_minor_version(hass: HomeAssistant, file: Path) -> None:
    """Read a record that lacks what was added later."""
    always = {
        "code_id": "code1",
        "device_id": "lock1",
        "target_id": "keypad1",
        "name": "Plumber",
        "kind": "permanent",
        "starts_at": "2026-11-20T11:00:00+01:00",
        "ends_at": None,
        "time_zone": "Europe/Berlin",
        "requested_at": "2026-11-20T10:00:00+00:00",
        "state": "issued",
    }
    write(file, {"records": [always]}, minor_version=0)
    ledger = await loaded(hass)
    assert dict(ledger.records) == {
        "code1": CodeRecord(
            code_id="code1",
            device_id="lock1",
            target_id="keypad1",
            name="Plumber",
            kind=CodeKind.PERMANENT,
            window=Window(START, None, "Europe/Berlin"),
            requested_at=START,
            state=RecordState.ISSUED,
        )
    }
    # It has been brought up to date on disk as well.
    assert json.loads(file.read_text())["minor_version"] == 1
    assert set_aside(hass) is None


async def test_newer_minor_version(hass: HomeAssistant, file: Path) -> None:
    """Read what a later version of the integration has added keys to."""
    stored = {**record_to_stored(FULL), "colour": "blue"}
    write(file, {"records": [stored], "more": 1}, minor_version=7)
    assert dict((await loaded(hass)).records) == {"code1": FULL}


async def test_newer_major_version(hass: HomeAssistant, file: Path) -> None:
    """Leave alone what only a later version understands."""
    write(file, {"codes": {"code1": "?"}}, version=2)
    before = file.read_bytes()
    ledger = Ledger(hass, "account1")
    with pytest.raises(LedgerTooNewError):
        await ledger.async_load()
    assert file.read_bytes() == before
    assert [path.name for path in file.parent.glob(f"{KEY}*")] == [KEY]


async def test_migration_on_a_full_disk(
    hass: HomeAssistant, file: Path, freezer: FrozenDateTimeFactory
) -> None:
    """Lose nothing when the file of another version cannot be brought up to date."""
    write(file, {"records": [record_to_stored(FULL)]}, minor_version=7)
    with broken_disk():
        ledger = await loaded(hass)
    assert dict(ledger.records) == {"code1": FULL}
    freezer.tick(60)
    async_fire_time_changed(hass)
    await hass.async_block_till_done()
    assert set(on_file(file)) == {"code1"}


async def test_migration_on_a_full_disk_of_something_strange(
    hass: HomeAssistant, file: Path, freezer: FrozenDateTimeFactory
) -> None:
    """Write back nothing but what was there when it could not be understood."""
    write(file, {"records": [{"strange": True}]}, minor_version=7)
    with (
        broken_disk(),
        patch.object(Path, "rename", side_effect=OSError),
        pytest.raises(LedgerUnreadableError),
    ):
        await loaded(hass)
    freezer.tick(60)
    async_fire_time_changed(hass)
    await hass.async_block_till_done()
    assert json.loads(file.read_text())["data"] == {"records": [{"strange": True}]}


# Damaged files

GOOD = record_to_stored(FULL)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param([], id="list"),
        pytest.param({}, id="no records"),
        pytest.param({"records": None}, id="records null"),
        pytest.param({"records": {"code1": GOOD}}, id="records by id"),
        pytest.param({"records": ["code1"]}, id="text"),
        *(
            pytest.param(
                {"records": [GOOD, {k: v for k, v in GOOD.items() if k != key}]},
                id=f"without {key}",
            )
            for key in ("code_id", "starts_at", "ends_at", "state", "requested_at")
        ),
        *(
            pytest.param({"records": [GOOD | {key: value}]}, id=f"{key} {value!r}")
            for key, value in (
                ("code_id", 5),
                ("name", None),
                ("pin", 12345678),
                ("variance", "1"),
                ("variance", True),
                ("attempts", 1.5),
                ("kind", "weekly"),
                ("state", "lost"),
                ("starts_at", None),
                ("starts_at", "2026-11-20T10:00:00"),
                ("ends_at", "tomorrow"),
                ("issued_at", 1763632800),
            )
        ),
    ],
)
async def test_wrong_shape_is_set_aside(
    hass: HomeAssistant,
    file: Path,
    data: Any,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Keep a file that cannot be understood, say so, and start empty."""
    write(file, data)
    before = file.read_bytes()
    ledger = await loaded(hass)
    assert not ledger.records
    (aside,) = file.parent.glob(f"{KEY}.unreadable.*")
    assert aside.read_bytes() == before
    assert stat.S_IMODE(aside.stat().st_mode) == 0o600
    issue = set_aside(hass)
    assert issue is not None
    assert issue.translation_key == "ledger_set_aside"
    assert issue.translation_placeholders == {"file": aside.name}
    assert issue.is_persistent
    assert "000000001" not in caplog.text
    # The new list lies beside it.
    await ledger.async_reserve(requested())
    assert set(on_file(file)) == {"code1"}
    assert aside.read_bytes() == before
    # It is reported until it has been dealt with.
    await loaded(hass)
    assert set_aside(hass) is not None
    aside.unlink()
    await loaded(hass)
    assert set_aside(hass) is None


@pytest.mark.parametrize("data", [[], {}, {"records": None}, {"records": ["code1"]}])
async def test_wrong_shape_of_another_version(
    hass: HomeAssistant, file: Path, data: Any
) -> None:
    """Set aside what cannot even be brought up to date."""
    write(file, data, minor_version=7)
    ledger = await loaded(hass)
    assert not ledger.records
    (aside,) = file.parent.glob(f"{KEY}.unreadable.*")
    assert json.loads(aside.read_text())["data"] == data
    assert set_aside(hass) is not None
    await ledger.async_reserve(requested())
    assert set(on_file(file)) == {"code1"}


async def test_issue_goes_with_the_account(hass: HomeAssistant, file: Path) -> None:
    """Report a file that was set aside no longer than there is an account."""
    write(file, [])
    ledger = await loaded(hass)
    assert set_aside(hass) is not None
    await ledger.async_delete_file()
    assert set_aside(hass) is None
    assert list(file.parent.glob(f"{KEY}.unreadable.*"))


async def test_version_that_never_was(hass: HomeAssistant, file: Path) -> None:
    """Set aside what claims to be older than the first version."""
    write(file, {"records": [GOOD]}, version=0)
    assert not (await loaded(hass)).records
    assert list(file.parent.glob(f"{KEY}.unreadable.*"))


@pytest.mark.parametrize("content", ["", '{"version": 1, "data": {"recor', "\x00\x00"])
async def test_half_written_file(hass: HomeAssistant, file: Path, content: str) -> None:
    """Let Home Assistant keep a broken file and report it in its own way."""
    file.write_text(content)
    ledger = await loaded(hass)
    assert not ledger.records
    (aside,) = file.parent.glob(f"{KEY}.corrupt.*")
    assert aside.read_text() == content
    issues = [
        issue
        for issue in ir.async_get(hass).issues.values()
        if issue.translation_key == "storage_corruption"
    ]
    assert len(issues) == 1
    await ledger.async_reserve(requested())
    assert set(on_file(file)) == {"code1"}
    assert aside.read_text() == content


async def test_file_that_cannot_be_read(hass: HomeAssistant, file: Path) -> None:
    """Write nothing when the disk does not even give the file."""
    file.mkdir()
    with pytest.raises(LedgerUnreadableError):
        await loaded(hass)
    assert file.is_dir()


async def test_file_that_cannot_be_set_aside(hass: HomeAssistant, file: Path) -> None:
    """Write nothing when a damaged file cannot be kept under another name."""
    write(file, {"records": "?"})
    before = file.read_bytes()
    with (
        patch.object(Path, "rename", side_effect=OSError),
        pytest.raises(LedgerUnreadableError),
    ):
        await loaded(hass)
    assert file.read_bytes() == before
    assert set_aside(hass) is None


@pytest.mark.parametrize("name", ["Atlantis/Poseidonis", "Europe", ""])
async def test_time_zone_that_is_not_known_here(
    hass: HomeAssistant, file: Path, name: str
) -> None:
    """Show such a window in UTC; its moments are exact without a zone."""
    odd = GOOD | {"code_id": "odd", "time_zone": name}
    write(file, {"records": [odd, GOOD]})
    ledger = await loaded(hass)
    assert ledger.records["odd"].window == replace(FULL.window, time_zone="UTC")
    assert ledger.records["code1"] == FULL


@pytest.mark.parametrize("error", [OSError, ValueError])
async def test_time_zone_in_an_older_home_assistant(
    hass: HomeAssistant, file: Path, error: type[Exception]
) -> None:
    """Do the same where Home Assistant raises for a name that cannot be one.

    It did so in 2026.10.
    """
    write(file, {"records": [GOOD]})
    with patch.object(dt_util, "async_get_time_zone", side_effect=error):
        ledger = await loaded(hass)
    assert ledger.records["code1"].window.time_zone == "UTC"


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


@pytest.fixture(autouse=True)
async def quiet_end(hass: HomeAssistant) -> AsyncGenerator[None]:
    """Leave no write behind that waits for its repetition."""
    yield
    hass.set_state(CoreState.final_write)
    hass.bus.async_fire("homeassistant_final_write")
    await hass.async_block_till_done()
