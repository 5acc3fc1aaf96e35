"""Turns: what is done for each device of an account once a period, spread over it."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from datetime import datetime, timedelta
import hashlib

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.event import async_track_point_in_utc_time
from homeassistant.util import dt as dt_util

from .coordinator import Account, AccountConfigEntry
from .model import Device


def next_turn(device_id: str, period: timedelta, now: datetime) -> datetime:
    """Return when the next turn of a device is, after ``now``.

    Always at the same moment of a period, which its id decides: so devices are
    spread over it, and a restart brings no turn forward.
    """
    length = period.total_seconds()
    digest = hashlib.sha256(device_id.encode()).digest()
    offset = int.from_bytes(digest[:4]) % length
    turns = (now.timestamp() - offset) // length + 1
    return dt_util.utc_from_timestamp(turns * length + offset)


class TurnSchedule(ABC):
    """Does something for devices of an account, each at its turn.

    Without a period nothing is ever done by turns.
    """

    def __init__(
        self,
        hass: HomeAssistant,
        entry: AccountConfigEntry,
        account: Account,
        period: timedelta | None,
    ) -> None:
        """Remember whom to serve, and how often."""
        self._hass = hass
        self._entry = entry
        self._account = account
        self._period = period
        self._since = dt_util.utcnow()
        self._cancel: CALLBACK_TYPE | None = None

    @abstractmethod
    def _has_turns(self, device: Device) -> bool:
        """Return whether there is anything to do for a device."""

    @abstractmethod
    @callback
    def _async_turn(self, device: Device) -> None:
        """Do it."""

    @callback
    def _async_start_turns(self) -> None:
        """Begin, and go on until the entry is unloaded."""
        if self._period is None:
            return
        self._entry.async_on_unload(self._async_stop)
        self._entry.async_on_unload(
            self._account.coordinator.async_add_listener(self._async_plan)
        )
        self._async_plan()

    @callback
    def _async_stop(self) -> None:
        if self._cancel is not None:
            self._cancel()
            self._cancel = None

    def _turns(self) -> Iterator[tuple[datetime, Device]]:
        assert self._period is not None
        for device in self._account.coordinator.data.values():
            if self._has_turns(device):
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
        """Serve the devices whose turn has come, once, however late it is."""
        self._cancel = None
        now = max(moment, dt_util.utcnow())
        due = [device for turn, device in self._turns() if turn <= now]
        self._since = now
        for device in due:
            self._async_turn(device)
        self._async_plan()
