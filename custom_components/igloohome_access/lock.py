"""Locks that can be operated from afar."""

import asyncio
from datetime import datetime, timedelta
from functools import partial
from typing import Any, override

from homeassistant.components.lock import LockEntity, LockEntityFeature
from homeassistant.const import Platform
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.event import async_call_later

from .clouds.base import CloudAuthError, Operation
from .coordinator import Account, AccountEntry
from .entity import (
    AccountEntity,
    Candidate,
    Candidates,
    async_track_entities,
    unique_id,
)
from .model import Device, DeviceType
from .names import async_lock_name
from .operations import async_operate

# A bridge job takes up to two minutes: different locks do not wait for each other.
# What is asked of one lock is done one after the other, see AccessLock.
PARALLEL_UPDATES = 0

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
    def candidates() -> Candidates:
        return {
            unique_id(coordinator.account_id, device_id, "lock"): Candidate(
                partial(AccessLock, account, device_id), cause=_operable(device)
            )
            for device_id, device in coordinator.data.items()
            if _operable(device) or _behind_bridge(device)
        }

    async_track_entities(hass, entry, Platform.LOCK, async_add_entities, candidates)


def _operable(device: Device) -> bool:
    return device.can_lock or device.can_unlock


def _behind_bridge(device: Device) -> bool:
    """Return whether the lock has a bridge, though it may not work right now."""
    return device.bridge_id is not None and device.type not in (
        DeviceType.BRIDGE,
        DeviceType.KEYPAD,
    )


class AccessLock(AccountEntity, LockEntity):
    """A lock behind a bridge.

    Its state is what the cloud lists, and after an operation its result until the
    cloud lists it. Where the cloud cannot know the state, the result is shown for a
    moment, and unknown after that.
    """

    _attr_name = None

    def __init__(self, account: Account, device_id: str) -> None:
        """Operate the lock through its cloud."""
        super().__init__(account.coordinator, device_id, "lock")
        self._cloud = account.cloud
        self._operating = asyncio.Lock()
        self._believed: bool | None = None
        self._stop_timer: CALLBACK_TYPE | None = None

    @property
    @override
    def available(self) -> bool:
        """Return whether the lock can be operated at this moment."""
        return super().available and _operable(self.device)

    @property
    @override
    def supported_features(self) -> LockEntityFeature:
        """Return that the door can be opened, where it can be unlocked."""
        if self.device.can_unlock:
            return LockEntityFeature.OPEN
        return LockEntityFeature(0)

    @property
    @override
    def assumed_state(self) -> bool:
        """Return whether the cloud cannot know the state."""
        return self.device.locked is None

    @property
    @override
    def is_locked(self) -> bool | None:
        """Return what was done a moment ago, else what the cloud lists."""
        return self.device.locked if self._believed is None else self._believed

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        if self.coordinator.data.get(self._device_id, self.device).locked is not None:
            self._set_belief(None)
        super()._handle_coordinator_update()

    @override
    async def async_lock(self, **kwargs: Any) -> None:
        """Lock, and wait until the lock has done it."""
        async with self._operating:
            self._attr_is_locking = True
            await self._async_operate(Operation.LOCK)

    @override
    async def async_unlock(self, **kwargs: Any) -> None:
        """Unlock, and wait until the lock has done it."""
        async with self._operating:
            self._attr_is_unlocking = True
            await self._async_operate(Operation.UNLOCK)

    @override
    async def async_open(self, **kwargs: Any) -> None:
        """Open: for these locks the same as unlocking."""
        async with self._operating:
            self._attr_is_opening = True
            await self._async_operate(Operation.UNLOCK)

    async def _async_operate(self, operation: Operation) -> None:
        # Whatever comes of it, what was believed before is no longer sure.
        self._set_belief(None)
        self.async_write_ha_state()
        name = async_lock_name(
            self.hass, self.coordinator.config_entry, self._device_id
        )
        try:
            if await async_operate(self._cloud, self.device, operation, name):
                self._set_belief(operation is Operation.LOCK)
        except HomeAssistantError as err:
            if isinstance(err.__cause__, CloudAuthError):
                self.coordinator.config_entry.async_start_reauth(self.hass)
            raise
        finally:
            self._attr_is_locking = False
            self._attr_is_unlocking = False
            self._attr_is_opening = False
            self.async_write_ha_state()
        await self.coordinator.async_request_refresh()

    @callback
    def _set_belief(self, locked: bool | None) -> None:
        """Take a state for true until the cloud tells more, or for a moment."""
        if self._stop_timer is not None:
            self._stop_timer()
            self._stop_timer = None
        self._believed = locked
        if locked is not None:
            self._stop_timer = async_call_later(self.hass, RELOCK, self._async_forget)

    @callback
    def _async_forget(self, _now: datetime) -> None:
        self._stop_timer = None
        self._believed = None
        self.async_write_ha_state()

    @override
    async def async_will_remove_from_hass(self) -> None:
        """Stop the timer."""
        self._set_belief(None)
        await super().async_will_remove_from_hass()
