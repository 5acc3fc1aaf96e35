"""Tuning an account, and what it changes after the reload."""

from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, InvalidData
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.igloohome_access.const import DOMAIN
from simulator import Simulator

from .conftest import SetUp
from .flows import TEXTS, checked, igloohome_account, suggested

pytestmark = pytest.mark.usefixtures("flow_guard")

LOCK = "lock.garden_gate"


@pytest.fixture
async def entry(simulator: Simulator, set_up: SetUp) -> MockConfigEntry:
    """Return an account that is running."""
    return await set_up(igloohome_account(simulator))


async def _open(hass: HomeAssistant, entry: MockConfigEntry) -> Any:
    """Return the form, checked."""
    menu = await hass.config_entries.options.async_init(entry.entry_id)
    assert menu["type"] is FlowResultType.MENU
    assert menu["step_id"] == "init"
    assert menu["menu_options"] == ["settings", "webhook"]
    form = await hass.config_entries.options.async_configure(
        menu["flow_id"], {"next_step_id": "settings"}
    )
    assert form["step_id"] == "settings"
    return checked(form, TEXTS["options"])


async def _save(
    hass: HomeAssistant, entry: MockConfigEntry, **options: Any
) -> dict[str, Any]:
    """Send the form and return what is stored, after the reload."""
    form = await _open(hass, entry)
    result = await hass.config_entries.options.async_configure(form["flow_id"], options)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done(wait_background_tasks=True)
    assert entry.state is ConfigEntryState.LOADED
    return dict(entry.options)


async def _code(hass: HomeAssistant, **data: Any) -> dict[str, Any]:
    """Make an hourly code and return it."""
    answer: Any = await hass.services.async_call(
        DOMAIN,
        "create_hourly_code",
        {"entity_id": LOCK, "name": "Plumber", "duration": {"hours": 2}, **data},
        blocking=True,
        return_response=True,
    )
    await hass.async_block_till_done()
    (code,) = answer["codes"]
    return dict(code)


async def test_defaults(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Without a change everything is as it was before; days are whole numbers."""
    form = await _open(hass, entry)
    assert suggested(form) == {}
    assert form["description_placeholders"] == {"time_zone": "US/Pacific"}
    assert await _save(hass, entry) == {
        "code_sensors": True,
        "keep_ended_days": 7,
        "bridge_refresh": "off",
        "read_log": "off",
        "assist_create": False,
    }
    assert isinstance(entry.options["keep_ended_days"], int)


async def test_kept(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """What was chosen is shown the next time, and can be taken back."""
    chosen = {
        "time_zone": "Asia/Kathmandu",
        "code_sensors": False,
        "keep_ended_days": 30,
        "bridge_refresh": "weekly",
        "read_log": "hourly",
        "assist_create": True,
    }
    assert await _save(hass, entry, **chosen) == chosen
    assert suggested(await _open(hass, entry)) == chosen
    without_zone = {
        "code_sensors": True,
        "keep_ended_days": 0,
        "bridge_refresh": "off",
        "read_log": "off",
        "assist_create": False,
    }
    assert await _save(hass, entry, **without_zone) == without_zone


@pytest.mark.parametrize(
    "wrong",
    [
        {"time_zone": "Mars/Olympus_Mons"},
        {"time_zone": "localtime"},
        {"keep_ended_days": -1},
        {"keep_ended_days": 366},
        {"bridge_refresh": "hourly"},
        {"read_log": "weekly"},
    ],
)
async def test_refused(
    hass: HomeAssistant, entry: MockConfigEntry, wrong: dict[str, Any]
) -> None:
    """What cannot be meant is not stored."""
    form = await _open(hass, entry)
    with pytest.raises(InvalidData):
        await hass.config_entries.options.async_configure(form["flow_id"], wrong)
    assert entry.options == {}


async def test_reloads_once(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """A change reloads the account once, no change does not."""
    states: list[ConfigEntryState] = []
    entry.async_on_state_change(lambda: states.append(entry.state))
    await _save(hass, entry, keep_ended_days=3)
    assert states.count(ConfigEntryState.LOADED) == 1
    await _save(hass, entry, keep_ended_days=3)
    assert states.count(ConfigEntryState.LOADED) == 1


async def test_time_zone(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Codes are reckoned on the clock that was chosen."""
    await _save(hass, entry, time_zone="Asia/Kathmandu")
    code = await _code(hass, dry_run=True)
    assert code["starts_at"].endswith(":00:00+05:45")
    await _save(hass, entry)
    code = await _code(hass, dry_run=True)
    assert code["starts_at"][-6:] in ("-08:00", "-07:00")


async def test_code_sensors(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """The sensors of the codes can be switched off; the counts stay."""
    sensor, count = "sensor.garden_gate_code_plumber", "sensor.garden_gate_live_codes"
    await _code(hass)
    assert hass.states.get(sensor) is not None
    await _save(hass, entry, code_sensors=False)
    assert hass.states.get(sensor) is None
    state = hass.states.get(count)
    assert state is not None
    assert state.state == "1"
    await _save(hass, entry, code_sensors=True)
    assert hass.states.get(sensor) is not None


async def test_keep_ended_days(
    hass: HomeAssistant, entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """The sensor of a code that has ended is kept as long as was chosen."""
    sensor = "sensor.garden_gate_code_plumber"
    await _code(hass)
    freezer.tick(3 * 24 * 3600)
    await _save(hass, entry, keep_ended_days=4)
    state = hass.states.get(sensor)
    assert state is not None
    assert state.state == "expired"
    await _save(hass, entry, keep_ended_days=2)
    assert hass.states.get(sensor) is None
