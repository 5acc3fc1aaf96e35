"""Setting up an account, and what is there afterwards."""

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
from pytest_homeassistant_custom_component.common import MockConfigEntry

from .conftest import SetUp


async def test_igloohome(
    hass: HomeAssistant, igloohome_entry: MockConfigEntry, set_up: SetUp
) -> None:
    """Set up an igloohome account."""
    await set_up(igloohome_entry)
    assert igloohome_entry.state is ConfigEntryState.LOADED
    for d in dr.async_entries_for_config_entry(dr.async_get(hass), igloohome_entry.entry_id):
        print(d.name, d.model, d.serial_number, d.via_device_id)
    for s in hass.states.async_all():
        print(s)
    r = await hass.services.async_call("igloohome_access","create_hourly_code",{"entity_id":"lock.garden_gate","name":"Plumber","duration":"02:00:00"},blocking=True,return_response=True)
    print(r)
    await hass.async_block_till_done()
    for s in hass.states.async_all():
        print(s)


async def test_seam(
    hass: HomeAssistant, seam_entry: MockConfigEntry, set_up: SetUp
) -> None:
    """Set up a Seam account."""
    await set_up(seam_entry)
    assert seam_entry.state is ConfigEntryState.LOADED
    for s in hass.states.async_all():
        print(s)
