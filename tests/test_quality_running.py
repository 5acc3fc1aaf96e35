"""What the quality scale asks of entities, looked at in running accounts."""

from unittest.mock import PropertyMock, patch

from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.entity_platform import async_get_platforms
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.igloohome_access import PLATFORMS
from custom_components.igloohome_access.const import DOMAIN
from simulator import Simulator

from .conftest import SetUp
from .flows import TEXTS
from .properties.house import add_property
from .surface import create, registry_id
from .test_quality_scale import ROOT

LOCK = "IGB400c0ffee1"


async def _everything(
    hass: HomeAssistant,
    igloohome_entry: MockConfigEntry,
    seam_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """Set up both clouds, a property, and a code."""
    await set_up(igloohome_entry)
    add_property(hass, igloohome_entry)
    await set_up(seam_entry)
    lock = registry_id(hass, igloohome_entry, LOCK)
    await create(hass, "hourly", lock, duration={"hours": 2})
    await hass.async_block_till_done(wait_background_tasks=True)


@pytest.fixture
async def entities(
    hass: HomeAssistant,
    berlin: None,
    simulator: Simulator,
    igloohome_entry: MockConfigEntry,
    seam_entry: MockConfigEntry,
    set_up: SetUp,
) -> list[Entity]:
    """Return every entity of both clouds, with a code and a property, all enabled."""
    simulator.seam.switches.rate_limits = False
    with patch(
        "homeassistant.helpers.entity.Entity.entity_registry_enabled_default",
        PropertyMock(return_value=True),
    ):
        await _everything(hass, igloohome_entry, seam_entry, set_up)
    found = [
        entity
        for platform in async_get_platforms(hass, DOMAIN)
        for entity in platform.entities.values()
    ]
    # Of every platform there is one, or the checks below are worth little.
    assert {e.platform.domain for e in found} == {p.value for p in PLATFORMS}
    assert len(found) > 40
    return found


async def test_unique_ids(hass: HomeAssistant, entities: list[Entity]) -> None:
    """Every entity has an id of its own, without domain, platform or client id."""
    ids = [(entity.platform.domain, entity.unique_id) for entity in entities]
    assert len(set(ids)) == len(ids)
    for platform, unique_id in ids:
        assert unique_id
        assert DOMAIN not in unique_id
        assert not unique_id.startswith(f"{platform}_")
        assert "client-id" not in unique_id


async def test_names(hass: HomeAssistant, entities: list[Entity]) -> None:
    """An entity has a name of its own below that of its device, and it is translated."""
    for entity in entities:
        assert entity.has_entity_name, entity.entity_id
        assert entity.device_entry is not None, entity.entity_id
        if entity.translation_key is not None:
            texts = TEXTS["entity"][entity.platform.domain]
            assert entity.translation_key in texts, entity.entity_id
        else:
            # The main entity of a device, or named by what it measures.
            assert entity.name is None or entity.device_class, entity.entity_id
        assert not vars(entity).get("_attr_name")


async def test_icons(hass: HomeAssistant, entities: list[Entity]) -> None:
    """Icons come from icons.json or from the device class, never from the code."""
    for entity in entities:
        assert entity.icon is None, entity.entity_id


async def test_device_classes(hass: HomeAssistant, entities: list[Entity]) -> None:
    """What has a device class in Home Assistant says so."""
    for entity in entities:
        state = hass.states.get(entity.entity_id)
        assert state is not None, entity.entity_id
        unit = state.attributes.get("unit_of_measurement")
        if unit == "%":
            assert entity.device_class == "battery"
        if entity.platform.domain == "binary_sensor":
            assert entity.device_class == "connectivity"
        if entity.platform.domain == "sensor" and "options" in state.attributes:
            assert entity.device_class == "enum"
    classes = {entity.device_class for entity in entities}
    assert {"battery", "connectivity", "enum", "timestamp"} <= classes


async def test_categories(hass: HomeAssistant, entities: list[Entity]) -> None:
    """What only helps to find out what is wrong is set apart from what people use."""
    diagnostic = {
        entity.translation_key or entity.device_class
        for entity in entities
        if entity.entity_category is EntityCategory.DIAGNOSTIC
    }
    assert diagnostic == {
        "battery",
        "connectivity",
        "last_sync",
        "read_log",
        "refresh_battery",
        "refresh_status",
    }
    # What changes settings is in the flows, so there is nothing to configure here.
    assert not [e for e in entities if e.entity_category is EntityCategory.CONFIG]


async def test_disabled(hass: HomeAssistant, entities: list[Entity]) -> None:
    """What few people need is off until somebody wants it."""
    off = {
        entity.translation_key
        for entity in entities
        if not entity.entity_registry_enabled_default
    }
    assert "last_sync" in off
    # Nothing that tells of a code, a door or a guest.
    assert off <= {"last_sync", "codes"}


async def test_devices(hass: HomeAssistant, entities: list[Entity]) -> None:
    """Every device says what it is; what hangs on another is linked to it."""
    registry = dr.async_get(hass)
    for entry in hass.config_entries.async_entries(DOMAIN):
        devices = dr.async_entries_for_config_entry(registry, entry.entry_id)
        assert devices
        for device in devices:
            assert device.name
            assert {domain for domain, _ in device.identifiers} == {DOMAIN}
            if device.config_subentry_id is None:
                assert device.manufacturer, device.name
                # A keypad and a lock behind a bridge know where they belong.
                if device.via_device_id is not None:
                    assert registry.async_get(device.via_device_id) is not None
    assert any(
        device.via_device_id is not None
        for entry in hass.config_entries.async_entries(DOMAIN)
        for device in dr.async_entries_for_config_entry(registry, entry.entry_id)
    )


async def test_functions_are_documented(
    hass: HomeAssistant, entities: list[Entity]
) -> None:
    """Every entity people see is described in the documents under its name."""
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    text = "\n".join(page.read_text() for page in pages)
    registry = er.async_get(hass)
    for entity in entities:
        key = entity.translation_key
        if key is None or key == "code_status":
            continue
        name = TEXTS["entity"][entity.platform.domain][key]["name"]
        assert registry.async_get(entity.entity_id) is not None
        assert name in text, f"{entity.platform.domain}.{key}: {name}"
