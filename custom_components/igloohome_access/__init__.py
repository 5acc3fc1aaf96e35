"""igloohome Access: access codes for igloohome locks, issued, tracked, automated."""

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ConfigEntryError
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.device_registry import AnyDeviceEntry
from homeassistant.helpers.typing import ConfigType

from .accounts import create_cloud
from .codes import CodeBook
from .const import DOMAIN
from .coordinator import Account, AccountCoordinator, AccountEntry
from .devices import device_identifier
from .inventory import Inventory
from .issues import async_clear_code_issues
from .issuing import Issuer
from .ledger import Ledger, LedgerTooNewError, LedgerUnreadableError
from .services import async_setup_services
from .upkeep import Upkeep, can_still_open

PLATFORMS = [Platform.BINARY_SENSOR, Platform.LOCK, Platform.SENSOR]
CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Register the actions, so that automations are valid before an account loads."""
    async_setup_services(hass)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: AccountEntry) -> bool:
    """Set up an account."""
    assert entry.unique_id is not None
    cloud = create_cloud(async_get_clientsession(hass), entry.data)
    ledger = Ledger(hass, entry.unique_id)
    try:
        await ledger.async_load()
    except LedgerTooNewError as err:
        raise ConfigEntryError(
            translation_domain=DOMAIN, translation_key="ledger_too_new"
        ) from err
    book = CodeBook(hass, ledger)
    inventory = Inventory(cloud, book)
    coordinator = AccountCoordinator(hass, entry, cloud, inventory)
    await coordinator.async_load_zones(
        {record.window.time_zone for record in ledger.records.values()}
    )
    await coordinator.async_config_entry_first_refresh()

    book.async_start()
    entry.async_on_unload(book.async_stop)
    entry.runtime_data = account = Account(
        cloud=cloud,
        book=book,
        inventory=inventory,
        issuer=Issuer(hass, cloud, book, inventory),
        coordinator=coordinator,
    )
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    Upkeep(hass, entry, account).async_start()
    entry.async_on_unload(entry.add_update_listener(_async_reload))
    return True


async def _async_reload(hass: HomeAssistant, entry: AccountEntry) -> None:
    await hass.config_entries.async_reload(entry.entry_id)


async def async_unload_entry(hass: HomeAssistant, entry: AccountEntry) -> bool:
    """Unload an account, after the last request under way has been recorded."""
    if not await hass.config_entries.async_unload_platforms(entry, PLATFORMS):
        return False
    await entry.runtime_data.issuer.async_drain()
    return True


async def async_remove_entry(hass: HomeAssistant, entry: AccountEntry) -> None:
    """Forget an account, but not the codes that can still open a door."""
    assert entry.unique_id is not None
    async_clear_code_issues(hass, entry.unique_id)
    ledger = Ledger(hass, entry.unique_id)
    try:
        await ledger.async_load()
    except LedgerTooNewError, LedgerUnreadableError:
        # What is in it is not known, so it has to stay.
        return
    if not any(can_still_open(record) for record in ledger.records.values()):
        await ledger.async_delete_file()


async def async_remove_config_entry_device(
    hass: HomeAssistant, entry: AccountEntry, device_entry: AnyDeviceEntry
) -> bool:
    """Let a person remove a device that the cloud no longer lists.

    What the cloud lists is only known while the account is loaded.
    """
    if entry.state is not ConfigEntryState.LOADED:
        return False
    coordinator = entry.runtime_data.coordinator
    listed = {
        device_identifier(coordinator.account_id, device_id)
        for device_id in coordinator.data
    }
    return listed.isdisjoint(device_entry.identifiers)
