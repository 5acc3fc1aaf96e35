"""A ledger on a real disk, which may be broken."""

from collections.abc import Generator
from contextlib import contextmanager
from datetime import timedelta
import json
from pathlib import Path
from typing import Any
from unittest.mock import patch

from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.storage import Store
from homeassistant.util.file import WriteError

from custom_components.igloohome_access.const import DOMAIN
from custom_components.igloohome_access.ledger import Ledger
from custom_components.igloohome_access.ledger_file import (
    STORAGE_MINOR_VERSION,
    record_to_stored,
)
from custom_components.igloohome_access.model import (
    CodeKind,
    CodeOrigin,
    CodeRecord,
    RecordState,
    Window,
)
from custom_components.igloohome_access.work import OnlineWork, WorkStep

from .codes import START

KEY = f"{DOMAIN}.ledger_account1"


async def loaded(hass: HomeAssistant) -> Ledger:
    """Return the ledger of "account1", read from the disk."""
    ledger = Ledger(hass, "account1")
    await ledger.async_load()
    return ledger


def on_file(file: Path) -> dict[str, dict[str, Any]]:
    """Return the records as they lie on the disk, by code id."""
    data = json.loads(file.read_text())["data"]
    return {stored["code_id"]: stored for stored in data["records"]}


def write(
    file: Path,
    data: Any,
    version: int = 1,
    minor_version: int = STORAGE_MINOR_VERSION,
) -> None:
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
    failure_detail="It is full.",
    origin=CodeOrigin.BOOKING,
    attempts=3,
    one_time=True,
    booking="property1|5f0c1e0a|stay|2026-11-23/2026-11-26",
    work=OnlineWork(
        step=WorkStep.ADD_NEW,
        pin="001122",
        name="Zoé",
        starts_at=START,
        ends_at=START + timedelta(hours=1),
        asked_at=START + timedelta(seconds=6),
        job_id="job1",
        unclear=True,
    ),
)


GOOD = record_to_stored(FULL)
