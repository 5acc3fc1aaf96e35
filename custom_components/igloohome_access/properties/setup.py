"""Bringing the properties of an account to life, and to their end."""

from functools import partial
from zoneinfo import ZoneInfo

from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, callback
from homeassistant.helpers.entity_registry import EventEntityRegistryUpdatedData
from homeassistant.helpers.event import async_track_entity_registry_updated_event

from ..bookings.runner import PropertyRunner
from ..bookings.tasks import Surroundings
from ..coordinator import Account, AccountConfigEntry
from ..names import async_lock_name
from .issues import async_clear_property_issues, async_watch_property
from .memory import BookingMemories
from .settings import CONF_CALENDAR, SUBENTRY_PROPERTY, PropertyConfig


async def async_create_properties(
    hass: HomeAssistant, entry: AccountConfigEntry, account: Account
) -> None:
    """Make a runner for every property; none of them begins yet."""
    coordinator = account.coordinator
    configs = [
        PropertyConfig.of_data(subentry.subentry_id, subentry.title, subentry.data)
        for subentry in entry.get_subentries_of_type(SUBENTRY_PROPERTY)
    ]
    await coordinator.async_load_zones(config.time_zone for config in configs)
    memories = BookingMemories(hass, coordinator.account_id)
    await memories.async_load({config.property_id for config in configs})

    def zone(lock_id: str) -> ZoneInfo:
        return coordinator.zone(coordinator.data.get(lock_id))

    around = Surroundings(
        hass=hass,
        kind=account.cloud.kind,
        book=account.book,
        issuer=account.issuer,
        online=account.online,
        memories=memories,
        devices=lambda: coordinator.data,
        zone=zone,
        lock_name=partial(async_lock_name, hass, entry),
        start_reauth=partial(entry.async_start_reauth, hass),
        create_task=partial(entry.async_create_background_task, hass),
    )
    account.properties |= {
        config.property_id: PropertyRunner(around, config) for config in configs
    }


@callback
def async_start_properties(
    hass: HomeAssistant, entry: AccountConfigEntry, account: Account
) -> None:
    """Let the properties begin, after the entities, which listen."""
    # Of properties that were removed while the account was loaded.
    async_clear_property_issues(
        hass, account.coordinator.account_id, keep=account.properties.keys()
    )

    async def stop(_event: Event) -> None:
        await async_stop_properties(account)

    entry.async_on_unload(hass.bus.async_listen(EVENT_HOMEASSISTANT_STOP, stop))
    for runner in account.properties.values():
        entry.async_on_unload(async_watch_property(hass, entry, runner))
        entry.async_on_unload(_follow_calendar(hass, entry, runner.config))
        runner.async_start()


def _follow_calendar(
    hass: HomeAssistant, entry: AccountConfigEntry, config: PropertyConfig
) -> CALLBACK_TYPE:
    """Go on with the calendar of a property under another entity id.

    The account reloads itself when the settings change.
    """

    @callback
    def renamed(event: Event[EventEntityRegistryUpdatedData]) -> None:
        data, subentry = event.data, entry.subentries.get(config.property_id)
        if subentry is not None and "old_entity_id" in data:
            hass.config_entries.async_update_subentry(
                entry,
                subentry,
                data={**subentry.data, CONF_CALENDAR: data["entity_id"]},
                unique_id=data["entity_id"],
            )

    return async_track_entity_registry_updated_event(hass, config.calendar, renamed)


async def async_stop_properties(account: Account) -> None:
    """Let no property issue anything any more; codes that are out stay listed."""
    for runner in account.properties.values():
        await runner.async_stop()


async def async_remove_properties(hass: HomeAssistant, account_id: str) -> None:
    """Forget the properties of an account that is removed."""
    await BookingMemories(hass, account_id).async_remove()
