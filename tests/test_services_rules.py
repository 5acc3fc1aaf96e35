"""Codes that no cloud would make: each rule, told before any request leaves."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
import re
from zoneinfo import ZoneInfo

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.igloohome_access import rules, slots
from custom_components.igloohome_access.model import CloudKind, CodeKind, CodeRequest
from simulator import Simulator
from simulator.igloohome.scenarios import LOCK_UNBRIDGED
from simulator.seam.scenarios import SEAM_LOCK_BRIDGED, SEAM_LOCK_OFFLINE

from .conftest import SetUp
from .surface import Data, create, refused, registry_id

SEPTEMBER = datetime(2026, 9, 20, 12, 20, 30, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")

type Told = tuple[str, dict[str, str]]

# key, kind, fields
RULES: list[tuple[str, str, Data]] = [
    ("name_empty", "one_time", {"name": "  "}),
    ("name_invalid", "one_time", {"name": "An\nna"}),
    ("name_too_long", "one_time", {"name": "x" * 61}),
    ("end_missing", "hourly", {}),
    ("end_missing", "daily", {}),
    (
        "end_given_twice",
        "hourly",
        {"duration": {"hours": 2}, "ends_at": "2026-09-21 10:00:00"},
    ),
    ("end_given_twice", "daily", {"days": 30, "ends_at": "2026-10-25 15:00:00"}),
    ("out_of_range", "one_time", {"starts_at": "9999-01-01 00:00:00"}),
    ("start_in_past", "one_time", {"starts_at": "2026-09-20 10:00:00"}),
    (
        "ends_before_start",
        "hourly",
        {"starts_at": "2026-09-25 10:00:00", "ends_at": "2026-09-24 10:00:00"},
    ),
    ("ends_before_start", "hourly", {"duration": {"hours": 0}}),
    ("ends_in_past", "hourly", {"ends_at": "2026-09-20 09:00:00"}),
    (
        "between_hourly_and_daily",
        "hourly",
        {"starts_at": "2026-11-01 15:00:00", "ends_at": "2026-11-29 16:00:00"},
    ),
    (
        "between_hourly_and_daily",
        "daily",
        {"starts_at": "2026-11-01 15:00:00", "ends_at": "2026-11-29 18:00:00"},
    ),
    (
        "dst_hourly_too_long",
        "hourly",
        {"starts_at": "2026-10-01 15:00:00", "ends_at": "2026-10-29 15:00:00"},
    ),
    (
        "hourly_too_long",
        "hourly",
        {"starts_at": "2026-11-01 15:00:00", "duration": {"days": 40}},
    ),
    ("daily_too_short", "daily", {"starts_at": "2026-11-01 15:00:00", "days": 5}),
    ("daily_too_long", "daily", {"starts_at": "2026-11-01 15:00:00", "days": 400}),
    (
        "daily_hour_mismatch",
        "daily",
        {"starts_at": "2026-11-01 15:00:00", "ends_at": "2026-12-05 11:00:00"},
    ),
]
# Keys no action can lead to, and those with a test of their own.
ELSEWHERE = {
    "one_time_takes_no_end",  # the action has no such field
    "permanent_takes_no_end",
    "permanent_not_on_seam",
    "lock_full",
    "no_variance_left",
}


@pytest.fixture
async def entry(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    igloohome_entry: MockConfigEntry,
    set_up: SetUp,
) -> MockConfigEntry:
    """Return a loaded igloohome account in Berlin at a fixed moment."""
    freezer.move_to(SEPTEMBER)
    await hass.config.async_set_time_zone("Europe/Berlin")
    return await set_up(igloohome_entry)


async def broken(hass: HomeAssistant, kind: str, lock: str, data: Data) -> Told:
    """Ask for a code that a rule forbids; return the key and placeholders."""
    return await refused(
        hass, f"create_{kind}_code", device_id=lock, **{"name": "Plumber", **data}
    )


def test_every_rule_is_here() -> None:
    """No rule is forgotten when one is added."""
    source = "".join(Path(str(m.__file__)).read_text() for m in (rules, slots))
    keys = set(re.findall(r'(?:RuleViolation|_misfit)\(\s*"(\w+)"', source))
    keys |= {"daily_too_short", "between_hourly_and_daily"}  # chosen in a variable
    assert {key for key, _, _ in RULES} == keys - ELSEWHERE
    assert keys >= ELSEWHERE


@pytest.mark.parametrize(
    ("key", "kind", "data"), RULES, ids=[f"{key}-{kind}" for key, kind, _ in RULES]
)
@pytest.mark.parametrize("dry_run", [False, True])
async def test_rules(
    hass: HomeAssistant,
    simulator: Simulator,
    entry: MockConfigEntry,
    key: str,
    kind: str,
    data: Data,
    dry_run: bool,
) -> None:
    """Each rule's error reaches the caller whole, before any request leaves."""
    lock = registry_id(hass, entry, LOCK_UNBRIDGED)
    simulator.requests.clear()
    found, placeholders = await broken(hass, kind, lock, {**data, "dry_run": dry_run})
    assert found == key
    assert simulator.requests.count() == 0
    assert list(entry.runtime_data.book) == []

    assert placeholders == _violated(kind, data)


def _violated(kind: str, data: Data) -> dict[str, str] | None:
    """Return the placeholders with which the rules themselves refuse a request."""
    fields = {key: value for key, value in data.items() if key != "name"}
    for key in ("starts_at", "ends_at"):
        if key in fields:
            fields[key] = datetime.fromisoformat(fields[key])
    if (duration := fields.get("duration")) is not None:
        fields["duration"] = timedelta(**duration)
    request = CodeRequest(kind=CodeKind(kind), **fields)
    try:
        rules.check_name(data.get("name", "x"))
        rules.plan_code(request, zone=BERLIN, now=SEPTEMBER, cloud=CloudKind.IGLOOHOME)
    except rules.RuleViolation as err:
        return dict(err.placeholders)
    return None


async def test_worked_examples(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """The texts name the moments as people at the lock read them."""
    lock = registry_id(hass, entry, LOCK_UNBRIDGED)
    _, placeholders = await broken(
        hass,
        "hourly",
        lock,
        {"starts_at": "2026-10-01 15:00:00", "ends_at": "2026-10-29 15:00:00"},
    )
    assert placeholders["hours"] == "673"
    assert placeholders["hourly_ends_at"] == "2026-10-29 14:00"
    _, placeholders = await broken(
        hass,
        "hourly",
        lock,
        {"starts_at": "2026-11-01 15:00:00", "ends_at": "2026-11-29 16:00:00"},
    )
    assert placeholders["hourly_ends_at"] == "2026-11-29 15:00"
    assert placeholders["daily_ends_at"] == "2026-11-30 15:00"


async def test_no_permanent_codes_on_seam(
    hass: HomeAssistant,
    simulator: Simulator,
    seam_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """Seam has none."""
    lock = registry_id(hass, await set_up(seam_entry), SEAM_LOCK_OFFLINE)
    simulator.requests.clear()
    assert await broken(hass, "permanent", lock, {}) == ("permanent_not_on_seam", {})
    assert simulator.requests.count() == 0


@pytest.mark.parametrize("dry_run", [False, True])
async def test_a_full_slot(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, dry_run: bool
) -> None:
    """A fourth code of one window could only be one that is out already."""
    lock = registry_id(hass, entry, LOCK_UNBRIDGED)
    for _ in range(3):
        await create(hass, "hourly", lock, duration={"hours": 2})
    simulator.requests.clear()
    data = {"duration": {"hours": 2}, "dry_run": dry_run}
    assert await broken(hass, "hourly", lock, data) == (
        "no_variance_left",
        {
            "limit": "3",
            "starts_at": "2026-09-20 14:00",
            "ends_at": "2026-09-20 17:00",
        },
    )
    assert simulator.requests.count() == 0


async def test_a_full_lock(
    hass: HomeAssistant,
    simulator: Simulator,
    seam_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """199 PINs are all a lock holds, by whomever they were made."""
    for number in range(199):
        simulator.seam.add_code(
            {"device_id": SEAM_LOCK_BRIDGED, "code": f"{4000 + number}"}
        )
    lock = registry_id(hass, await set_up(seam_entry), SEAM_LOCK_BRIDGED)
    assert await broken(hass, "one_time", lock, {}) == (
        "lock_full",
        {"count": "199", "limit": "199"},
    )
    assert simulator.requests.count("seam", "/access_codes/create$") == 0


async def test_a_lock_for_online_codes_only(
    hass: HomeAssistant,
    simulator: Simulator,
    seam_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """A lock without algoPINs is told by its name."""
    simulator.seam.patch_device(
        SEAM_LOCK_BRIDGED, {"flags": {"can_program_offline_access_codes": False}}
    )
    lock = registry_id(hass, await set_up(seam_entry), SEAM_LOCK_BRIDGED)
    assert await broken(hass, "one_time", lock, {}) == (
        "lock_takes_no_offline_codes",
        {"name": "Apartment 1"},
    )
