"""Buttons that read a device anew through its bridge."""

from dataclasses import dataclass
from functools import partial
from typing import override

from homeassistant.components.button import ButtonEntity, ButtonEntityDescription
from homeassistant.const import EntityCategory, Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .bridge_queue import JobKind
from .clouds.base import Operation
from .coordinator import Account, AccountConfigEntry
from .entity import (
    AccountEntity,
    Candidate,
    Candidates,
    async_track_entities,
    unique_id,
)
from .log_reading import async_bring_log, has_log, log_sources
from .properties.button import async_add_property_buttons
from .readings import async_read, readings

# The queue of the bridge decides what is done when.
PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class ReadingButtonDescription(ButtonEntityDescription):
    """A button that reads something through a bridge."""

    operation: Operation


BUTTONS = (
    ReadingButtonDescription(
        key="refresh_battery",
        translation_key="refresh_battery",
        entity_category=EntityCategory.DIAGNOSTIC,
        operation=Operation.REFRESH_BATTERY,
    ),
    ReadingButtonDescription(
        key="refresh_status",
        translation_key="refresh_status",
        entity_category=EntityCategory.DIAGNOSTIC,
        operation=Operation.REFRESH_STATUS,
    ),
)
READ_LOG = ButtonEntityDescription(
    key="read_log",
    translation_key="read_log",
    entity_category=EntityCategory.DIAGNOSTIC,
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: AccountConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the buttons of every device that a bridge can read."""
    account = entry.runtime_data
    coordinator = account.coordinator

    @callback
    def candidates() -> Candidates:
        found = {
            unique_id(coordinator.account_id, device_id, description.key): Candidate(
                partial(ReadingButton, account, device_id, description)
            )
            for device_id, device in coordinator.data.items()
            for description in BUTTONS
            if description.operation in readings(device)
        }
        for device_id, device in coordinator.data.items():
            # The log of a keypad is read with that of its lock.
            if has_log(account, device) and any(log_sources(account, device)):
                found[unique_id(coordinator.account_id, device_id, READ_LOG.key)] = (
                    Candidate(partial(ReadLogButton, account, device_id))
                )
        return found

    async_track_entities(hass, entry, Platform.BUTTON, async_add_entities, candidates)
    async_add_property_buttons(account, async_add_entities)


class ReadingButton(AccountEntity, ButtonEntity):
    """Reads the battery level or the state of a device when it is pressed."""

    entity_description: ReadingButtonDescription

    def __init__(
        self, account: Account, device_id: str, description: ReadingButtonDescription
    ) -> None:
        """Read through the bridge of the device."""
        super().__init__(account.coordinator, device_id, description.key, description)
        self._account = account

    @override
    async def async_press(self) -> None:
        """Read it, and wait for the answer."""
        await async_read(
            self.hass,
            self._account,
            self.device,
            self.entity_description.operation,
            JobKind.READING,
        )
        await self.coordinator.async_request_refresh()


class ReadLogButton(AccountEntity, ButtonEntity):
    """Reads what happened at a door when it is pressed."""

    def __init__(self, account: Account, device_id: str) -> None:
        """Read through the bridge of the lock, or of its keypad."""
        super().__init__(account.coordinator, device_id, READ_LOG.key, READ_LOG)
        self._account = account

    @override
    async def async_press(self) -> None:
        """Read it, and wait until it has been read."""
        await async_bring_log(self.hass, self._account, self.device, JobKind.READING)
