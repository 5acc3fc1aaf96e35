"""Logs of igloohome's locks: brought by the bridge, read from the cloud.

The cloud has of a log what a bridge or a phone brought last (reference/igloohome-api.md
§5). A bridge is asked to by the button "Read log", and by the account's option.
"""

from collections.abc import Iterator, Mapping
from datetime import timedelta
import logging
from typing import override

from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError

from .bridge_queue import JobKind
from .clouds.base import CloudError, Operation
from .const import DEFAULT_READ_LOG, OPTION_READ_LOG
from .coordinator import Account, AccountConfigEntry
from .errors import cloud_failure
from .model import Device
from .names import async_lock_name
from .operations import async_operate
from .turns import TurnSchedule

_LOGGER = logging.getLogger(__name__)

LOG_PERIODS: Mapping[str, timedelta] = {
    "hourly": timedelta(hours=1),
    "daily": timedelta(days=1),
}


def log_sources(account: Account, lock: Device) -> Iterator[Device]:
    """Yield what a bridge can read the log of: a lock's keypad, and the lock."""
    keypad = account.coordinator.data.get(lock.keypad_id or "")
    for device in (keypad, lock):
        if device is not None and device.can_read_log:
            yield device


def has_log(account: Account, device: Device) -> bool:
    """Return whether a device is a lock to people, and its cloud keeps a log of it."""
    return (
        account.cloud.reads_activity
        and device.lock_id is None
        and (device.takes_codes or device.can_read_log)
    )


async def async_bring_log(
    hass: HomeAssistant, account: Account, lock: Device, kind: JobKind
) -> None:
    """Let the bridge bring the log of a lock to the cloud, and read it there.

    What a phone has brought is read also when the bridge does not answer. Raises
    HomeAssistantError as ``async_operate``, and when the log cannot be read.
    """
    entry = account.coordinator.config_entry
    trouble: HomeAssistantError | None = None
    for source in log_sources(account, lock):
        name = async_lock_name(hass, entry, source.device_id)
        try:
            await async_operate(account, source, Operation.READ_LOG, kind, name)
        except HomeAssistantError as err:
            trouble = err
    try:
        await account.news.async_read_log(lock.device_id)
    except CloudError as err:
        raise cloud_failure(hass, err) from err
    if trouble is not None:
        raise trouble


class LogSchedule(TurnSchedule):
    """Reads the logs of an account as often as its option says."""

    def __init__(
        self, hass: HomeAssistant, entry: AccountConfigEntry, account: Account
    ) -> None:
        """Remember whom to serve."""
        period = entry.options.get(OPTION_READ_LOG, DEFAULT_READ_LOG)
        super().__init__(hass, entry, account, LOG_PERIODS.get(period))

    @callback
    def async_start(self) -> None:
        """Begin, and go on until the entry is unloaded."""
        if self._account.cloud.reads_activity:
            self._async_start_turns()

    @override
    def _has_turns(self, device: Device) -> bool:
        return has_log(self._account, device)

    @override
    @callback
    def _async_turn(self, device: Device) -> None:
        self._entry.async_create_background_task(
            self._hass, self._async_read(device), "igloohome_access log"
        )

    async def _async_read(self, lock: Device) -> None:
        try:
            await async_bring_log(self._hass, self._account, lock, JobKind.UPKEEP)
        except HomeAssistantError as err:
            _LOGGER.debug("Reading a log came to nothing: %s", err.translation_key)
