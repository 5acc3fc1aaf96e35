"""Locks that can be operated from afar."""

from datetime import datetime, timedelta
from functools import partial
from typing import Any, override

from homeassistant.components.lock import LockEntity, LockEntityFeature
from homeassistant.const import Platform
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.event import async_call_later

from .clouds.base import Operation
from .coordinator import Account, AccountEntry
from .entity import AccountEntity, Wanted, async_track_entities, unique_id
from .operations import async_operate

PARALLEL_UPDATES = 1

RELOCK = timedelta(seconds=30)
"""How long the result of an operation is believed where the cloud cannot tell the
state: most models lock themselves again (reference/igloohome-api.md §4.3)."""


async def async_setup_entry(
    hass: HomeAssistant,
    entry: AccountEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add a lock for every device that can be operated from afar."""
    account = entry.runtime_data
    coordinator = account.coordinator

    @callback
    def wanted() -> Wanted:
        return {
            unique_id(coordinator.account_id, device_id, "lock"): partial(
                AccessLock, account, device_id
            )
            for device_id, device in coordinator.data.items()
            if device.can_lock or device.can_unlock
        }

    async_track_entities(hass, entry, Platform.LOCK, async_add_entities, wanted)


class AccessLock(AccountEntity, LockEntity):
    """A lock behind a bridge.

    Its state is what the cloud lists. Where the cloud cannot know, it is the result
    of the last operation for a moment, and unknown after that.
    """

    _attr_name = None
    _attr_supported_features = LockEntityFeature.OPEN

    def __init__(self, account: Account, device_id: str) -> None:
        """Operate the lock through its cloud."""
        super().__init__(account.coordinator, device_id, "lock")
        self._account = account
        self._forget: CALLBACK_TYPE | None = None
        self._update_state()

    @callback
    def _update_state(self) -> None:
        locked = self.device.locked
        self._attr_assumed_state = locked is None
        if locked is not None or self._forget is None:
            self._attr_is_locked = locked

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        if self._device_id in self.coordinator.data:
            self._update_state()
        super()._handle_coordinator_update()

    @override
    async def async_lock(self, **kwargs: Any) -> None:
        """Lock, and wait until the lock has done it."""
        self._attr_is_locking = True
        await self._async_operate(Operation.LOCK)

    @override
    async def async_unlock(self, **kwargs: Any) -> None:
        """Unlock, and wait until the lock has done it."""
        self._attr_is_unlocking = True
        await self._async_operate(Operation.UNLOCK)

    @override
    async def async_open(self, **kwargs: Any) -> None:
        """Open: for these locks the same as unlocking."""
        self._attr_is_opening = True
        await self._async_operate(Operation.UNLOCK)

    async def _async_operate(self, operation: Operation) -> None:
        self.async_write_ha_state()
        try:
            confirmed = await async_operate(self._account.cloud, self.device, operation)
            if confirmed:
                self._believe(operation is Operation.LOCK)
        finally:
            self._attr_is_locking = False
            self._attr_is_unlocking = False
            self._attr_is_opening = False
            self.async_write_ha_state()
        await self.coordinator.async_request_refresh()

    @callback
    def _believe(self, locked: bool) -> None:
        self._stop_believing()
        self._attr_is_locked = locked
        if self._attr_assumed_state:
            self._forget = async_call_later(self.hass, RELOCK, self._async_forget)

    @callback
    def _async_forget(self, _now: datetime) -> None:
        self._forget = None
        self._attr_is_locked = None
        self.async_write_ha_state()

    @callback
    def _stop_believing(self) -> None:
        if self._forget is not None:
            self._forget()
            self._forget = None

    @override
    async def async_will_remove_from_hass(self) -> None:
        """Stop the timer."""
        self._stop_believing()
        await super().async_will_remove_from_hass()
