"""How long the sensor of a code that is over is kept."""

from datetime import datetime, timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.igloohome_access.const import OPTION_KEEP_ENDED_DAYS
from custom_components.igloohome_access.model import (
    Code,
    CodeKind,
    CodeRecord,
    CodeStatus,
    RemoteCode,
    Window,
)
from custom_components.igloohome_access.sensor import _ended_at
from simulator.igloohome.scenarios import LOCK_UNBRIDGED

from .conftest import SetUp
from .surface import NOW, create, entity_id, move_to, registry_id, state

HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("options", "days"), [({}, 7), ({OPTION_KEEP_ENDED_DAYS: 0}, 0)]
)
@pytest.mark.usefixtures("quiet_log")
async def test_ended_codes_leave_after_some_days(
    hass: HomeAssistant,
    igloohome_entry: MockConfigEntry,
    set_up: SetUp,
    freezer: FrozenDateTimeFactory,
    options: dict[str, Any],
    days: int,
) -> None:
    """The sensor of an ended code goes by itself; the ledger keeps the code."""
    freezer.move_to(NOW)
    igloohome_entry.add_to_hass(hass)
    hass.config_entries.async_update_entry(igloohome_entry, options=options)
    entry = igloohome_entry
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    answer = await create(
        hass, "hourly", registry_id(hass, entry, LOCK_UNBRIDGED), duration={"hours": 1}
    )
    end = NOW.replace(minute=0, second=0) + 2 * HOUR
    await move_to(hass, freezer, end + timedelta(days=days) - timedelta(seconds=1))
    found = state(hass, entry, "sensor", answer["code_id"])
    assert found is not None
    assert found.state == ("expired" if days else "active")
    await move_to(hass, freezer, end + timedelta(days=days) + 1.5 * HOUR)
    assert entity_id(hass, entry, "sensor", answer["code_id"]) is None
    assert entry.runtime_data.book.get(answer["code_id"]) is not None


def _record(**changes: Any) -> CodeRecord:
    """Return a record of a code that ends in an hour."""
    return CodeRecord(
        code_id="a",
        device_id="lock",
        target_id="lock",
        name="Anna",
        kind=changes.pop("kind", CodeKind.HOURLY),
        window=Window(NOW - HOUR, NOW + HOUR, "UTC"),
        requested_at=NOW - HOUR,
        **changes,
    )


@pytest.mark.parametrize(
    ("code", "status", "expected"),
    [
        (Code(record=_record()), CodeStatus.ACTIVE, None),
        (Code(record=_record()), CodeStatus.EXPIRED, NOW + HOUR),
        # An algoPIN opens until its end, whatever the cloud lists.
        (Code(record=_record(vanished_at=NOW)), CodeStatus.EXPIRED, NOW + HOUR),
        (
            Code(record=_record(kind=CodeKind.ONLINE, vanished_at=NOW)),
            CodeStatus.EXPIRED,
            NOW,
        ),
        (Code(record=_record(first_used_at=NOW)), CodeStatus.USED, NOW),
        (Code(record=_record(failed_at=NOW)), CodeStatus.FAILED, NOW),
        (Code(record=_record(vanished_at=NOW)), CodeStatus.FAILED, NOW),
        (Code(record=_record()), CodeStatus.FAILED, NOW + HOUR),
        (
            Code(
                remote=RemoteCode(
                    cloud_id="b",
                    device_id="lock",
                    kind=CodeKind.ONLINE,
                    ends_at=NOW,
                )
            ),
            CodeStatus.EXPIRED,
            NOW,
        ),
        (
            Code(
                remote=RemoteCode(cloud_id="b", device_id="lock", kind=CodeKind.ONLINE)
            ),
            CodeStatus.FAILED,
            None,
        ),
    ],
)
def test_since_when_a_code_is_over(
    code: Code, status: CodeStatus, expected: datetime | None
) -> None:
    """A sensor is kept for some days from the moment its code was over."""
    assert _ended_at(code, status) == expected
