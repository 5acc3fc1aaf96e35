"""What the entities of a property share: its device, and always being available."""

from homeassistant.helpers.device_registry import DeviceEntryType, DeviceInfo
from homeassistant.helpers.entity import Entity, EntityDescription

from ..bookings.runner import PropertyRunner
from ..devices import device_identifier
from ..entity import unique_id


def property_identifier(account_id: str, property_id: str) -> tuple[str, str]:
    """Return the identifier of a property in the device registry."""
    return device_identifier(account_id, f"property_{property_id}")


class PropertyEntity(Entity):
    """An entity of one property, which knows even while the cloud is away."""

    _attr_has_entity_name = True
    _attr_should_poll = False

    def __init__(
        self, account_id: str, runner: PropertyRunner, description: EntityDescription
    ) -> None:
        """Belong to the device of a property."""
        self._runner = runner
        self.entity_description = description
        config = runner.config
        self._attr_unique_id = unique_id(
            account_id, config.property_id, description.key
        )
        self._attr_device_info = DeviceInfo(
            identifiers={property_identifier(account_id, config.property_id)},
            entry_type=DeviceEntryType.SERVICE,
            name=config.name,
            model="Property",
        )
