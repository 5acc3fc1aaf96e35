"""The system health page: accounts, locks, codes, and whether clouds are reached."""

from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    get_system_health_info,
)

from simulator import Simulator

from .conftest import SetUp


async def test_system_health(
    hass: HomeAssistant,
    igloohome_entry: MockConfigEntry,
    seam_entry: MockConfigEntry,
    set_up: SetUp,
    simulator: Simulator,
) -> None:
    """Count what is loaded and try both clouds."""
    await set_up(igloohome_entry)
    await set_up(seam_entry)
    await hass.config_entries.async_unload(seam_entry.entry_id)
    assert await async_setup_component(hass, "system_health", {})
    await hass.services.async_call(
        "igloohome_access",
        "create_one_time_code",
        {"entity_id": "sensor.guest_room_live_codes", "name": "Courier"},
        blocking=True,
    )
    await hass.async_block_till_done()

    info = await get_system_health_info(hass, "igloohome_access")
    reached = {name: await info.pop(f"reach_{name}") for name in ("igloohome", "seam")}
    assert info == {
        "accounts": 2,
        "accounts_loaded": 1,
        "locks": 5,
        "live_codes": 1,
    }
    assert reached == {"igloohome": "ok", "seam": "ok"}

    await simulator.pause()
    info = await get_system_health_info(hass, "igloohome_access")
    failed = [await info.pop(f"reach_{name}") for name in ("igloohome", "seam")]
    assert all(answer["type"] == "failed" for answer in failed)
