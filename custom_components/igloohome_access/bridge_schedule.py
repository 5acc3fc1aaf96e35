"""Readings through bridges that nobody asks for.

Two reasons: the account's option for battery levels and states once a day or week,
and a bridge that did not answer, which is tried once an hour until it does. They
wait until the bridge has nothing else to do, and fail quietly.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
import hashlib
import logging

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.event import (
    async_track_point_in_utc_time,
    async_track_time_interval,
)
from homeassistant.util import dt as dt_util

from .bridge_queue import JobKind
from .clouds.base import Operation
from .const import DEFAULT_BRIDGE_REFRESH, OPTION_BRIDGE_REFRESH
from .coordinator import Account, AccountEntry
from .model import Device, DeviceType
from .readings import async_read, readings

_LOGGER = logging.getLogger(__name__)

PERIODS: Mapping[str, timedelta] = {
    "daily": timedelta(days=1),
    "weekly": timedelta(weeks=1),
}
TRY_AGAIN = timedelta(hours=1)
"""How often a bridge that did not answer is tried."""


def next_turn(device_id: str, period: timedelta, now: datetime) -> datetime:
    """Return when a device is read next, after ``now``.

    Always at the same moment of a period, which its id decides: so devices are
    spread over it, and a restart brings no reading forward.
    """
    length = period.total_seconds()
    digest = hashlib.sha256(device_id.encode()).digest()
    offset = int.from_bytes(digest[:4]) % length
    turns = (now.timestamp() - offset) // length + 1
    return dt_util.utc_from_timestamp(turns * length + offset)


class BridgeSchedule:
    """The readings of one account that nobody asks for."""

    def __init__(
        self, hass: HomeAssistant, entry: AccountEntry, account: Account
    ) -> None:
        """Remember whom to serve."""
        self._hass = hass
        self._entry = entry
        self._account = account
        self._period = PERIODS.get(
            entry.options.get(OPTION_BRIDGE_REFRESH, DEFAULT_BRIDGE_REFRESH)
        )
        self._since = dt_util.utcnow()
        self._cancel: CALLBACK_TYPE | None = None

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
        if self._period is not None:
            entry.async_on_unload(self._async_stop)
            entry.async_on_unload(
                self._account.coordinator.async_add_listener(self._async_plan)
            )
            self._async_plan()

    @callback
    def _async_stop(self) -> None:
        if self._cancel is not None:
            self._cancel()
            self._cancel = None

    def _turns(self) -> Iterator[tuple[datetime, Device]]:
        """Yield the next turn of every device that can be read."""
        assert self._period is not None
        for device in self._account.coordinator.data.values():
            if readings(device):
                yield next_turn(device.device_id, self._period, self._since), device

    @callback
    def _async_plan(self) -> None:
        """Set the timer for the next turn, whichever device has it."""
        self._async_stop()
        moment = min((moment for moment, _ in self._turns()), default=None)
        if moment is not None:
            self._cancel = async_track_point_in_utc_time(
                self._hass, self._async_due, moment
            )

    @callback
    def _async_due(self, moment: datetime) -> None:
        """Read the devices whose turn has come, once, however late it is."""
        self._cancel = None
        now = max(moment, dt_util.utcnow())
        due = [device for turn, device in self._turns() if turn <= now]
        self._since = now
        for device in due:
            self._async_begin(device, readings(device))
        self._async_plan()

    @callback
    def _async_try_again(self, _now: datetime) -> None:
        """Ask bridges that did not answer for something small."""
        for bridge in list(self._account.coordinator.data.values()):
            if bridge.type is not DeviceType.BRIDGE or not self._is_lost(bridge):
                continue
            for device in self._account.coordinator.data.values():
                if device.bridge_id == bridge.device_id and readings(device):
                    # The last one is the smallest: a state, where it can be read.
                    self._async_begin(device, readings(device)[-1:])
                    break

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
