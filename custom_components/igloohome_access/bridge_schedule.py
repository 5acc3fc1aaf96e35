"""Readings through bridges that nobody asks for.

Two reasons: the account's option for battery levels and states once a day or week,
and a bridge that did not answer, which is tried once an hour until it does. They
wait until the bridge has nothing else to do, and fail quietly.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
import logging
from typing import override

from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.event import async_track_time_interval

from .bridge_queue import JobKind
from .clouds.base import Operation
from .const import DEFAULT_BRIDGE_REFRESH, OPTION_BRIDGE_REFRESH
from .coordinator import Account, AccountConfigEntry
from .model import Device, DeviceType
from .readings import async_read, readable_device, readings
from .turns import TurnSchedule

_LOGGER = logging.getLogger(__name__)

PERIODS: Mapping[str, timedelta] = {
    "daily": timedelta(days=1),
    "weekly": timedelta(weeks=1),
}
TRY_AGAIN = timedelta(hours=1)
"""How often a bridge that did not answer is tried."""


class BridgeSchedule(TurnSchedule):
    """The readings of one account that nobody asks for."""

    def __init__(
        self, hass: HomeAssistant, entry: AccountConfigEntry, account: Account
    ) -> None:
        """Remember whom to serve."""
        period = entry.options.get(OPTION_BRIDGE_REFRESH, DEFAULT_BRIDGE_REFRESH)
        super().__init__(hass, entry, account, PERIODS.get(period))

    @callback
    def async_start(self) -> None:
        """Begin, and go on until the entry is unloaded."""
        entry = self._entry
        if not self._account.cloud.operations & {
            Operation.REFRESH_BATTERY,
            Operation.REFRESH_STATUS,
        }:
            return
        entry.async_on_unload(
            async_track_time_interval(
                self._hass, self._async_try_again, TRY_AGAIN, cancel_on_shutdown=True
            )
        )
        self._async_start_turns()

    @override
    def _has_turns(self, device: Device) -> bool:
        return bool(readings(device))

    @override
    @callback
    def _async_turn(self, device: Device) -> None:
        self._async_begin(device, readings(device))

    @callback
    def _async_try_again(self, _now: datetime) -> None:
        """Ask bridges that did not answer for something small."""
        devices = self._account.coordinator.data
        for bridge in list(devices.values()):
            if bridge.type is not DeviceType.BRIDGE or not self._is_lost(bridge):
                continue
            device = readable_device(devices, bridge.device_id)
            if device is not None:
                self._async_begin(device, readings(device)[-1:])

    def _is_lost(self, bridge: Device) -> bool:
        contact = self._account.contact
        return contact.online(bridge.device_id) is False or contact.failing(
            bridge.device_id
        )

    @callback
    def _async_begin(self, device: Device, operations: Iterable[Operation]) -> None:
        self._entry.async_create_background_task(
            self._hass,
            self._async_read(device, operations),
            "igloohome_access reading",
        )

    async def _async_read(
        self, device: Device, operations: Iterable[Operation]
    ) -> None:
        for operation in operations:
            try:
                await async_read(
                    self._hass, self._account, device, operation, JobKind.UPKEEP
                )
            except HomeAssistantError as err:
                _LOGGER.debug("A reading came to nothing: %s", err.translation_key)
