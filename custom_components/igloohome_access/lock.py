"""Locks that can be operated from afar."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, override

from homeassistant.components.lock import LockEntity, LockEntityFeature, LockState
from homeassistant.const import Platform
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.event import async_call_later
from homeassistant.util import dt as dt_util

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
from .model import Device, DeviceType
from .names import async_lock_name
from .operations import async_operate

# The queue of the bridge decides what is done when.
PARALLEL_UPDATES = 0

RELOCK = timedelta(seconds=30)
"""How long is believed what was learned of a bolt where the cloud cannot tell the
state: most models lock themselves again (reference/igloohome-api.md §4.3)."""


async def async_setup_entry(
    hass: HomeAssistant,
    entry: AccountConfigEntry,
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


@dataclass(eq=False, slots=True)
class _Move:
    """What is being asked of a lock: an operation, and what it looks like."""

    operation: Operation
    state: LockState
    begun: bool = False


class AccessLock(AccountEntity, LockEntity):
    """A lock behind a bridge.

    Its state is what was learned a moment ago (account.evidence), else what the cloud
    has listed since. Where the cloud cannot know the state, or was not asked since, it
    is unknown.
    """

    _attr_name = None

    def __init__(self, account: Account, device_id: str) -> None:
        """Operate the lock through its bridge."""
        super().__init__(account.coordinator, device_id, "lock")
        self._account = account
        self._moves: list[_Move] = []
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
        """Return what was learned a moment ago, else what the cloud listed since."""
        if self._believed is not None:
            return self._believed
        return None if self._learned_since_listed() else self.device.locked

    def _learned_since_listed(self) -> bool:
        """Return whether the list was asked for before the latest was learned."""
        known = self._account.evidence.latest(self._device_id)
        # What lies ahead was learned before the clock was set back.
        return (
            known is not None
            and self.coordinator.listed_at < known.at <= dt_util.utcnow()
        )

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        before = self.device.locked
        listed = self.coordinator.data.get(self._device_id, self.device).locked
        # A list that was on its way already knows less than what was learned since.
        if listed is not None and not self._learned_since_listed():
            known = self._account.evidence.latest(self._device_id)
            self._believe(None)
            if listed != before and known is not None and known.locked != listed:
                # Somebody else has moved the bolt since.
                self._attr_changed_by = None
        super()._handle_coordinator_update()

    @override
    async def async_added_to_hass(self) -> None:
        """Show what was learned so far, and follow what is."""
        await super().async_added_to_hass()
        self.async_on_remove(
            self._account.evidence.async_listen(self._device_id, self._async_learned)
        )
        self._async_take_evidence()

    @callback
    def _async_learned(self) -> None:
        self._async_take_evidence()
        if not self._moves:
            self.async_write_ha_state()

    @callback
    def _async_take_evidence(self) -> None:
        """Take over what was learned last, as long as it is fresh."""
        known = self._account.evidence.latest(self._device_id)
        if known is None:
            return
        self._attr_changed_by = known.by
        left = known.at + RELOCK - dt_util.utcnow()
        self._believe(known.locked if left > timedelta() else None, left)

    @override
    async def async_lock(self, **kwargs: Any) -> None:
        """Lock, and wait until the lock has done it."""
        await self._async_move(_Move(Operation.LOCK, LockState.LOCKING))

    @override
    async def async_unlock(self, **kwargs: Any) -> None:
        """Unlock, and wait until the lock has done it."""
        await self._async_move(_Move(Operation.UNLOCK, LockState.UNLOCKING))

    @override
    async def async_open(self, **kwargs: Any) -> None:
        """Open: for these locks the same as unlocking."""
        await self._async_move(_Move(Operation.UNLOCK, LockState.OPENING))

    async def _async_move(self, move: _Move) -> None:
        """Ask for something, and show it until it has ended or is taken back."""
        name = async_lock_name(
            self.hass, self.coordinator.config_entry, self._device_id
        )
        self._moves.append(move)
        self._show_moves()
        try:
            await async_operate(
                self._account,
                self.device,
                move.operation,
                JobKind.DOOR,
                name,
                self._moving(move),
            )
        finally:
            # A job that has begun goes on also when whoever asked is cancelled.
            if not move.begun:
                self._forget_move(move)

    @contextmanager
    def _moving(self, move: _Move) -> Generator[None]:
        """Show what is asked for as long as the bridge is at it, and look what came.

        Also when it failed: then the cloud may know how the bolt is, and nobody else.
        """
        move.begun = True
        try:
            yield
        finally:
            self._forget_move(move)
            self._account.news.async_hint_after_job(self._device_id)
            # Nobody waits for it: what the job has told is shown already.
            self.coordinator.config_entry.async_create_task(
                self.hass, self.coordinator.async_request_refresh()
            )

    @callback
    def _forget_move(self, move: _Move) -> None:
        self._moves.remove(move)
        self._show_moves()

    @callback
    def _show_moves(self) -> None:
        """Show what is under way or comes first."""
        state = self._moves[0].state if self._moves else None
        self._attr_is_locking = state is LockState.LOCKING
        self._attr_is_unlocking = state is LockState.UNLOCKING
        self._attr_is_opening = state is LockState.OPENING
        self.async_write_ha_state()

    @callback
    def _believe(self, locked: bool | None, left: timedelta = RELOCK) -> None:
        """Take a state for true until the cloud tells more, or for a while."""
        if self._stop_timer is not None:
            self._stop_timer()
            self._stop_timer = None
        self._believed = locked
        if locked is not None:
            self._stop_timer = async_call_later(self.hass, left, self._async_forget)

    @callback
    def _async_forget(self, _now: datetime) -> None:
        self._stop_timer = None
        self._believed = None
        self.async_write_ha_state()

    @override
    async def async_will_remove_from_hass(self) -> None:
        """Stop the timer."""
        self._believe(None)
        await super().async_will_remove_from_hass()
