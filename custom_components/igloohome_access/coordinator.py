"""One coordinator per account, and what a loaded account consists of."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
import logging
from typing import Any, override
from zoneinfo import ZoneInfo

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryAuthFailed
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed
from homeassistant.util import dt as dt_util

from .bookings.runner import PropertyRunner
from .bridge_contact import BridgeContact
from .bridge_queue import BridgeQueues
from .clouds.base import Cloud, CloudAuthError, CloudError, CloudRateLimitedError
from .codes import CodeBook
from .const import DOMAIN, OPTION_TIME_ZONE
from .devices import async_sync_devices, registered_device
from .errors import failure
from .evidence import LockEvidence
from .inventory import Inventory
from .issuing import Issuer
from .milestones import Milestones
from .model import CloudKind, Code, Device
from .news import News
from .online import OnlineCodes
from .reasons import said_nothing

_LOGGER = logging.getLogger(__name__)

UPDATE_INTERVAL: Mapping[CloudKind, timedelta] = {
    # Only battery levels, links and the last sync can change here.
    CloudKind.IGLOOHOME: timedelta(minutes=15),
    # Lock states and codes change here; Seam itself reads igloohome every ten
    # minutes (reference/seam-api.md §6).
    CloudKind.SEAM: timedelta(minutes=1),
}

EMPTY_PAUSE = 2.0
"""Seconds before an empty list is asked for again when there is nothing to go on
with meanwhile."""


@dataclass(slots=True, kw_only=True)
class Account:
    """A loaded account: the cloud behind it and all that works on it."""

    cloud: Cloud
    book: CodeBook
    inventory: Inventory
    issuer: Issuer
    online: OnlineCodes
    coordinator: AccountCoordinator
    bridges: BridgeQueues
    contact: BridgeContact
    evidence: LockEvidence
    news: News
    milestones: Milestones
    properties: dict[str, PropertyRunner] = field(default_factory=dict)
    """By the id of their config subentries."""
    before_unload: list[Callable[[], Coroutine[Any, Any, None]]] = field(
        default_factory=list
    )
    """What has to come to an end before the account is gone."""

    def is_under_way(self, code_id: str) -> bool:
        """Return whether something is being done with a code right now."""
        return self.issuer.is_under_way(code_id) or self.online.is_under_way(code_id)


type AccountConfigEntry = ConfigEntry[Account]


class AccountCoordinator(DataUpdateCoordinator[dict[str, Device]]):
    """Reads the devices of an account, and with them what else there is news of."""

    config_entry: AccountConfigEntry

    def __init__(
        self,
        hass: HomeAssistant,
        entry: AccountConfigEntry,
        cloud: Cloud,
        news: News,
        evidence: LockEvidence,
    ) -> None:
        """Poll as often as the kind of cloud makes sense."""
        super().__init__(
            hass,
            _LOGGER,
            config_entry=entry,
            name=f"{DOMAIN} {cloud.kind}",
            update_interval=UPDATE_INTERVAL[cloud.kind],
            always_update=False,
        )
        self._cloud = cloud
        self._news = news
        self._evidence = evidence
        self._listed: tuple[Device, ...] | None = None
        self._was_empty = False
        self._zones: dict[str, ZoneInfo] = {}
        self.listed_at = dt_util.utcnow()
        """When the devices were asked for that are listed now, by our clock (UTC)."""
        assert entry.unique_id is not None
        self.account_id: str = entry.unique_id

    async def async_load_zones(self, names: Iterable[str | None]) -> None:
        """Load time zones outside the event loop, and keep them loaded.

        ``zoneinfo`` reads files and holds few zones by itself; as long as they are
        kept here, naming one anywhere costs nothing.
        """
        for name in names:
            if name is not None and name not in self._zones:
                zone = await dt_util.async_get_time_zone(name)
                if isinstance(zone, ZoneInfo):
                    self._zones[name] = zone

    def zone(self, device: Device | None) -> ZoneInfo:
        """Return the time zone a lock's codes are reasoned about in.

        For a lock that is not listed any more, the one of the account.
        """
        for name in (
            None if device is None else device.time_zone,
            self.config_entry.options.get(OPTION_TIME_ZONE),
        ):
            if name in self._zones:
                return self._zones[name]
        # Home Assistant holds its own zone, so this does not read a file.
        return ZoneInfo(self.hass.config.time_zone)

    def zone_of_code(self, code: Code, device_id: str) -> ZoneInfo:
        """Return the time zone a code of a lock is shown in: its window's, if any."""
        if code.record is not None:
            return ZoneInfo(code.record.window.time_zone)
        return self.zone(self.data.get(device_id))

    @callback
    def registered_device(self, device_id: str) -> dr.DeviceEntry | None:
        """Return what Home Assistant's registry has of a device that is listed.

        For entities: one that names its device anew (``device_info``) has the
        registry look for it and compare it once more, which is a fifth of all that
        adding the entity takes.
        """
        return registered_device(
            self.hass, self.config_entry.entry_id, self.account_id, device_id
        )

    @callback
    def async_note_battery(self, device_id: str, level: int) -> None:
        """Show a battery level that was read just now, before the cloud lists it."""
        device = self.data.get(device_id)
        if device is not None and device.battery_level != level:
            device = replace(device, battery_level=level)
            self.async_set_updated_data({**self.data, device_id: device})

    @override
    async def async_request_refresh(self) -> None:
        """Read the devices again soon, also when who asked for it gives up.

        A reading that is broken off counts as one that failed: until the next one
        nothing would be available.
        """
        task = self.hass.async_create_task(
            super().async_request_refresh(), f"{DOMAIN} refresh"
        )
        await asyncio.shield(task)

    @override
    async def _async_update_data(self) -> dict[str, Device]:
        """Read the devices, and make the one request more of a poll.

        An answer that comes after the account was unloaded changes nothing any more:
        it may have been removed, or loaded again and know better.
        """
        asked_at = dt_util.utcnow()
        try:
            listed = await self._async_list_devices()
        except CloudError as err:
            if self._shutdown_requested:
                return self.data
            key, placeholders = failure(err, said_nothing(self.hass))
            if isinstance(err, CloudAuthError):
                raise ConfigEntryAuthFailed(
                    translation_domain=DOMAIN,
                    translation_key=key,
                    translation_placeholders=placeholders,
                ) from err
            raise UpdateFailed(
                translation_domain=DOMAIN,
                translation_key=key,
                translation_placeholders=placeholders,
                retry_after=self._retry_after_failure(err),
            ) from err
        devices = await self._async_take_over(listed)
        if self._was_empty:
            # An answer that is not believed tells of no door.
            return devices
        before, self.listed_at = self.listed_at, asked_at
        if devices is self.data or devices == self.data:
            # Listeners are called only when something has changed.
            self._evidence.async_listed(before, asked_at)
        return devices

    async def _async_take_over(self, listed: tuple[Device, ...]) -> dict[str, Device]:
        """Make what belongs to the devices ready for them, and read the news."""
        if listed is self._listed:
            await self._async_read_news()
            return self.data
        devices = {device.device_id: device for device in listed}
        await self.async_load_zones(
            {
                self.config_entry.options.get(OPTION_TIME_ZONE),
                *(device.time_zone for device in listed),
            }
        )
        self._news.async_note_devices(devices)
        if self._listed is not None:
            await self._async_read_news()
        if self._shutdown_requested:
            return self.data
        self._listed = listed
        # Last, so that nobody meets a device in the registry that is not in the data.
        async_sync_devices(
            self.hass, self.config_entry.entry_id, self.account_id, devices
        )
        return devices

    def _retry_after_failure(self, err: CloudError) -> float | None:
        """Return when to poll again, in seconds, None for the usual interval.

        With push the next poll would be an hour away, and all unavailable until then.
        """
        if isinstance(err, CloudRateLimitedError) and err.retry_after is not None:
            return err.retry_after
        usual, now = UPDATE_INTERVAL[self._cloud.kind], self.update_interval
        return usual.total_seconds() if now is not None and now > usual else None

    async def _async_list_devices(self) -> tuple[Device, ...]:
        """Return the devices of the cloud; the last ones again for a sudden nothing.

        A single empty answer is more likely a fault than the end of all locks, whose
        devices and entities people have named and sorted; it is believed when it is
        repeated.
        """
        listed = await self._cloud.async_list_devices()
        if not listed and not self._was_empty and self._has_devices():
            if self._listed is not None:
                self._was_empty = True
                return self._listed
            await asyncio.sleep(EMPTY_PAUSE)
            listed = await self._cloud.async_list_devices()
        self._was_empty = not listed
        return listed

    def _has_devices(self) -> bool:
        """Return whether the account had devices so far, also before a restart."""
        registry = dr.async_get(self.hass)
        return bool(
            dr.async_entries_for_config_entry(registry, self.config_entry.entry_id)
        )

    async def _async_read_news(self) -> None:
        try:
            await self._news.async_poll()
        except CloudError as err:
            # The devices are good; the news come with the next poll.
            _LOGGER.debug("Reading news failed: %s", failure(err)[0])
