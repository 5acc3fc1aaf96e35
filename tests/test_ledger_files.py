"""Files of other versions, and damaged ones: read where possible, never lost."""

from collections.abc import AsyncGenerator
from dataclasses import replace
import json
from pathlib import Path
import stat
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import CoreState, HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components.igloohome_access.ledger import (
    Ledger,
    LedgerTooNewError,
    LedgerUnreadableError,
)
from custom_components.igloohome_access.ledger_file import record_to_stored
from custom_components.igloohome_access.model import (
    CodeKind,
    CodeRecord,
    RecordState,
    Window,
)

from .codes import START, requested
from .ledger_disk import FULL, GOOD, KEY, broken_disk, loaded, on_file, set_aside, write


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
    assert json.loads(file.read_text())["minor_version"] == 2
    assert set_aside(hass) is None


async def test_before_online_codes(hass: HomeAssistant, file: Path) -> None:
    """Read a file of version 1.1, which knew no work on online codes."""
    later = {"failure_detail", "one_time", "work", "booking"}
    stored = {key: value for key, value in GOOD.items() if key not in later}
    assert len(stored) == len(GOOD) - len(later)
    write(file, {"records": [stored]}, minor_version=1)
    ledger = await loaded(hass)
    expected = replace(
        FULL, failure_detail=None, one_time=False, work=None, booking=None
    )
    assert dict(ledger.records) == {"code1": expected}
    assert json.loads(file.read_text())["minor_version"] == 2
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
                ("work", "add"),
                ("work", {}),
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
