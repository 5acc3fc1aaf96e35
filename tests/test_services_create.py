"""The actions that make codes: windows, answers, and what the clouds are asked."""

from datetime import UTC, datetime
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from simulator import Simulator
from simulator.igloohome.scenarios import KEYPAD_RETROFIT, LOCK_RETROFIT, LOCK_UNBRIDGED
from simulator.seam.scenarios import SEAM_LOCK_BRIDGED, SEAM_LOCK_OFFLINE

from .conftest import SetUp
from .surface import Data, act, create, device, registry_id, state

pytestmark = pytest.mark.usefixtures("quiet_log")

KEYS = {
    "code_id",
    "device_id",
    "lock",
    "name",
    "kind",
    "pin",
    "starts_at",
    "ends_at",
    "first_use_by",
    "status",
    "warnings",
}
BESIDE = {"origin", "forgotten", "cloud_notices"}

# kind, fields, window, first use by, keys of the warnings; in Berlin at 13:20.
CASES: list[tuple[str, Data, str | None, str | None, str | None, list[str]]] = [
    (
        "hourly",
        {"duration": {"hours": 2}},
        "2026-11-20T13:00:00+01:00",
        "2026-11-20T16:00:00+01:00",
        None,
        ["start_is_current_hour", "end_rounded_up", "cannot_be_revoked"],
    ),
    (
        "hourly",
        {"starts_at": "2026-11-25 15:10:00", "ends_at": "2026-11-28T10:30:00"},
        "2026-11-25T15:00:00+01:00",
        "2026-11-28T11:00:00+01:00",
        "2026-11-26T15:00:00+01:00",
        [
            "start_rounded_down",
            "end_rounded_up",
            "must_be_used_within_24_hours",
            "cannot_be_revoked",
        ],
    ),
    (
        "daily",
        {"starts_at": "2027-03-01 15:00:00", "days": 30},
        "2027-03-01T15:00:00+01:00",
        "2027-03-31T15:00:00+02:00",
        "2027-03-02T15:00:00+01:00",
        ["must_be_used_within_24_hours", "cannot_be_revoked"],
    ),
    (
        "daily",
        {"starts_at": "2027-01-01 15:00:00", "ends_at": "2027-02-10 15:00:00"},
        "2027-01-01T15:00:00+01:00",
        "2027-02-10T15:00:00+01:00",
        "2027-01-02T15:00:00+01:00",
        ["must_be_used_within_24_hours", "cannot_be_revoked"],
    ),
    (
        "one_time",
        {"starts_at": "2026-11-21 08:00:00+00:00"},
        "2026-11-21T09:00:00+01:00",
        "2026-11-22T09:00:00+01:00",
        None,
        ["one_time_dies_after_use", "cannot_be_revoked"],
    ),
    (
        "permanent",
        {},
        "2026-11-20T13:00:00+01:00",
        None,
        "2026-11-21T13:00:00+01:00",
        [
            "start_is_current_hour",
            "must_be_used_within_24_hours",
            "permanent_until_reset",
            "cannot_be_revoked",
        ],
    ),
]


def _window(code: Data) -> tuple[Any, Any, Any, list[str]]:
    """Return what a code or preview tells of its time, and of its warnings."""
    assert all(
        set(warning) == {"key", "message", "placeholders"}
        for warning in code["warnings"]
    )
    assert all("{" not in warning["message"] for warning in code["warnings"])
    return (
        code["starts_at"],
        code["ends_at"],
        code["first_use_by"],
        [warning["key"] for warning in code["warnings"]],
    )


@pytest.mark.parametrize(
    ("kind", "fields", "starts_at", "ends_at", "first_use_by", "warnings"), CASES
)
@pytest.mark.usefixtures("berlin")
async def test_on_igloohome(
    hass: HomeAssistant,
    simulator: Simulator,
    igloohome_entry: MockConfigEntry,
    set_up: SetUp,
    kind: str,
    fields: Data,
    starts_at: str | None,
    ends_at: str | None,
    first_use_by: str | None,
    warnings: list[str],
) -> None:
    """A preview tells the window and sends nothing; the code then is just that."""
    entry = await set_up(igloohome_entry)
    lock = registry_id(hass, entry, LOCK_UNBRIDGED)
    expected = (starts_at, ends_at, first_use_by, warnings)
    simulator.requests.clear()

    preview = await create(hass, kind, lock, fields, dry_run=True)
    assert set(preview) == KEYS
    assert _window(preview) == expected
    assert (preview["code_id"], preview["pin"], preview["status"]) == (None, None, None)
    assert simulator.requests.count() == 0
    assert len(entry.runtime_data.book.of_device(LOCK_UNBRIDGED)) == 0

    code = await create(hass, kind, lock, fields)
    assert set(code) == KEYS | BESIDE
    assert _window(code) == expected
    (issued,) = simulator.igloohome.issued
    (request,) = simulator.requests.select("igloohome", "/algopin/")
    assert issued.device == LOCK_UNBRIDGED
    assert request.body["startDate"] == starts_at
    assert request.body["accessName"] == "Plumber"
    if kind in ("hourly", "daily"):
        assert request.body["endDate"] == ends_at
    assert {key: code[key] for key in ("device_id", "lock", "name", "kind", "pin")} == {
        "device_id": lock,
        "lock": "Guest Room",
        "name": "Plumber",
        "kind": kind,
        "pin": issued.pin,
    }
    assert (code["origin"], code["forgotten"], code["cloud_notices"]) == (
        "action",
        False,
        [],
    )
    sensor = state(hass, entry, "sensor", code["code_id"])
    assert sensor is not None and sensor.state == code["status"]


@pytest.mark.parametrize(
    ("kind", "fields", "starts_at", "ends_at", "first_use_by", "warnings"), CASES[:-1]
)
@pytest.mark.usefixtures("berlin")
async def test_on_seam(
    hass: HomeAssistant,
    simulator: Simulator,
    seam_entry: MockConfigEntry,
    set_up: SetUp,
    kind: str,
    fields: Data,
    starts_at: str | None,
    ends_at: str | None,
    first_use_by: str | None,
    warnings: list[str],
) -> None:
    """The same on Seam, which hands out the PIN a moment later."""
    simulator.seam.switches.pin_assignment_seconds = 0
    entry = await set_up(seam_entry)
    lock = registry_id(hass, entry, SEAM_LOCK_OFFLINE)
    expected = (starts_at, ends_at, first_use_by, warnings)
    simulator.requests.clear()
    preview = await create(hass, kind, lock, fields, dry_run=True)
    assert _window(preview) == expected
    assert simulator.requests.count() == 0

    code = await create(hass, kind, lock, fields)
    assert set(code) == KEYS | BESIDE
    assert _window(code) == expected
    (issued,) = simulator.seam.issued_pins()
    assert (code["pin"], code["name"]) == (issued["pin"], issued["name"])
    (request,) = simulator.requests.select("seam", "/access_codes/create$")
    assert (request.body["starts_at"], request.body["ends_at"]) == (starts_at, ends_at)


async def test_waiting_for_the_pin(
    hass: HomeAssistant,
    simulator: Simulator,
    seam_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """A PIN that does not come in time is waited for by the polls."""
    entry = await set_up(seam_entry)
    lock = registry_id(hass, entry, SEAM_LOCK_OFFLINE)
    code = await create(hass, "one_time", lock)
    assert (code["pin"], code["status"]) == (None, "waiting_for_pin")
    assert simulator.requests.count("seam", "/access_codes/create$") == 1
    (shown,) = (await act(hass, "get_codes", include_pins=True))["codes"]
    assert (shown["code_id"], shown["pin"]) == (code["code_id"], None)


async def test_a_code_that_gets_no_pin(
    hass: HomeAssistant,
    simulator: Simulator,
    seam_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """A code on which Seam shows an error in place of a PIN is failed at once."""
    switches = simulator.seam.switches
    switches.slot_exhausted = "error_on_code"
    switches.pin_assignment_seconds = 0
    entry = await set_up(seam_entry)
    lock = registry_id(hass, entry, SEAM_LOCK_OFFLINE)
    for hours in (2, 3, 4):
        await create(hass, "hourly", lock, duration={"hours": hours})
    code = await create(hass, "hourly", lock, duration={"hours": 5})
    assert (code["pin"], code["status"]) == (None, "failed")
    (notice,) = code["cloud_notices"]
    assert set(notice) == {"code", "message", "error"}
    assert notice["error"] is True
    assert "slot_limit_reached" in [warning["key"] for warning in code["warnings"]]


@pytest.mark.parametrize(
    ("kind", "fields", "starts_at", "ends_at"),
    [
        (
            "hourly",
            {"starts_at": "2023-11-10 00:00:00", "ends_at": "2023-11-15 18:00:00"},
            "2023-11-10T00:00:00-08:00",
            "2023-11-15T18:00:00-08:00",
        ),
        (
            "hourly",
            {"starts_at": "2023-11-10 00:00:00", "duration": {"hours": 138}},
            "2023-11-10T00:00:00-08:00",
            "2023-11-15T18:00:00-08:00",
        ),
        (
            "daily",
            {"starts_at": "2023-11-17 00:00:00", "ends_at": "2023-12-18 00:00:00"},
            "2023-11-17T00:00:00-08:00",
            "2023-12-18T00:00:00-08:00",
        ),
        (
            "daily",
            {"starts_at": "2023-11-17 00:00:00", "days": 31},
            "2023-11-17T00:00:00-08:00",
            "2023-12-18T00:00:00-08:00",
        ),
    ],
)
async def test_the_examples_of_seams_documents(
    hass: HomeAssistant,
    simulator: Simulator,
    seam_entry: MockConfigEntry,
    set_up: SetUp,
    freezer: FrozenDateTimeFactory,
    kind: str,
    fields: Data,
    starts_at: str,
    ends_at: str,
) -> None:
    """The worked examples hold to the letter."""
    freezer.move_to(datetime(2023, 11, 9, 18, tzinfo=UTC))
    simulator.seam.switches.pin_assignment_seconds = 0
    entry = await set_up(seam_entry)
    lock = registry_id(hass, entry, SEAM_LOCK_OFFLINE)
    code = await create(hass, kind, lock, fields)
    assert (code["starts_at"], code["ends_at"]) == (starts_at, ends_at)
    assert len(code["pin"]) == 9
    (request,) = simulator.requests.select("seam", "/access_codes/create$")
    assert (request.body["starts_at"], request.body["ends_at"]) == (starts_at, ends_at)
    assert request.body.get("max_time_rounding") == ("1d" if kind == "daily" else None)


@pytest.mark.usefixtures("berlin")
async def test_codes_of_one_window_differ(
    hass: HomeAssistant,
    simulator: Simulator,
    igloohome_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """Codes of one window on one lock have different PINs."""
    entry = await set_up(igloohome_entry)
    lock = registry_id(hass, entry, LOCK_RETROFIT)
    codes = [
        await create(hass, "hourly", lock, duration={"hours": 2}) for _ in range(3)
    ]
    assert len({code["pin"] for code in codes}) == 3
    assert {issued.variance for issued in simulator.igloohome.issued} == {1, 2, 3}
    assert {issued.device for issued in simulator.igloohome.issued} == {KEYPAD_RETROFIT}


@pytest.mark.usefixtures("berlin")
async def test_a_nearly_full_lock_is_told(
    hass: HomeAssistant,
    simulator: Simulator,
    seam_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """PINs made elsewhere count."""
    for number in range(190):
        simulator.seam.add_code(
            {
                "device_id": SEAM_LOCK_BRIDGED,
                "code": f"{4000 + number}",
                "is_managed": number % 2 == 0,
            }
        )
    entry = await set_up(seam_entry)
    lock = registry_id(hass, entry, SEAM_LOCK_BRIDGED)
    code = await create(hass, "one_time", lock, dry_run=True)
    (warning,) = (w for w in code["warnings"] if w["key"] == "lock_nearly_full")
    assert "190 of the 199" in warning["message"]


async def test_a_name_without_blanks(
    hass: HomeAssistant, igloohome_entry: MockConfigEntry, set_up: SetUp
) -> None:
    """Blanks around a name are left out, in the answer and in the sensor."""
    entry = await set_up(igloohome_entry)
    lock = device(hass, entry, LOCK_UNBRIDGED)
    assert lock is not None
    code = await create(hass, "one_time", lock.id, name="  Dr. Ünal ")
    assert code["name"] == "Dr. Ünal"
    sensor = state(hass, entry, "sensor", code["code_id"])
    assert sensor is not None and sensor.name == "Guest Room Code Dr. Ünal"
