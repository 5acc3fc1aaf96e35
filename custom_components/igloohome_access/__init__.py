"""igloohome Access: access codes for igloohome locks, issued, tracked, automated."""

from collections.abc import Callable, Coroutine, Mapping
from functools import partial
from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryError
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.device_registry import AnyDeviceEntry
from homeassistant.helpers.start import async_at_started
from homeassistant.helpers.typing import ConfigType

from .account_issues import AccountWatch, async_clear_account_issues
from .accounts import create_cloud
from .bridge_contact import BridgeContact
from .bridge_queue import BridgeQueues
from .bridge_schedule import BridgeSchedule
from .card import async_setup_card
from .codes import CodeBook
from .const import CONF_WEBHOOK, DOMAIN
from .coordinator import Account, AccountConfigEntry, AccountCoordinator
from .device_issues import async_clear_device_issues, async_watch_devices
from .devices import device_identifier
from .door import DoorLog
from .evidence import LockEvidence
from .inventory import Inventory
from .issues import async_clear_code_issues
from .issuing import Issuer
from .ledger import Ledger, LedgerTooNewError, LedgerUnreadableError
from .log_reading import LogSchedule
from .milestones import Milestones
from .model import CloudKind, Device
from .news import News
from .news_memory import NewsMemory
from .online import OnlineCodes
from .online_bridge import BridgeCodes
from .online_seam import SeamCodes
from .properties.entity import property_identifier
from .properties.issues import async_clear_property_issues
from .properties.setup import (
    async_create_properties,
    async_remove_properties,
    async_start_properties,
    async_stop_properties,
)
from .push import Push, async_remove_push
from .services import async_setup_services
from .upkeep import Upkeep, can_still_open

PLATFORMS = [
    Platform.BINARY_SENSOR,
    Platform.BUTTON,
    Platform.CALENDAR,
    Platform.EVENT,
    Platform.LOCK,
    Platform.SENSOR,
]
CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Register the actions, so that automations are valid before an account loads.

    The card is for all accounts; what is served cannot be taken back.
    """
    async_setup_services(hass)
    await async_setup_card(hass)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: AccountConfigEntry) -> bool:
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
    memory = NewsMemory(hass, entry.unique_id)
    await memory.async_load()
    evidence = LockEvidence()
    door = DoorLog(book, evidence, memory.begun)
    news = News(hass, cloud, book, inventory, memory, door)
    coordinator = AccountCoordinator(hass, entry, cloud, news, evidence)
    await coordinator.async_load_zones(
        {record.window.time_zone for record in ledger.records.values()}
    )
    await coordinator.async_config_entry_first_refresh()

    book.async_start()
    entry.async_on_unload(book.async_stop)
    bridges = BridgeQueues(
        partial(entry.async_create_background_task, hass),
        per_bridge=cloud.kind is CloudKind.IGLOOHOME,
    )
    contact = BridgeContact()

    def devices() -> Mapping[str, Device]:
        return coordinator.data

    steps = (
        BridgeCodes(cloud, book, bridges, contact, devices)
        if cloud.kind is CloudKind.IGLOOHOME
        else SeamCodes(cloud, book, devices)
    )
    entry.runtime_data = account = Account(
        cloud=cloud,
        book=book,
        inventory=inventory,
        issuer=Issuer(hass, cloud, book, inventory),
        online=OnlineCodes(hass, cloud, book, inventory, steps),
        coordinator=coordinator,
        bridges=bridges,
        contact=contact,
        evidence=evidence,
        news=news,
        milestones=Milestones(book, memory, lists_codes=cloud.lists_codes),
    )
    await async_create_properties(hass, entry, account)
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    Upkeep(hass, entry, account).async_start()
    async_start_properties(hass, entry, account)
    BridgeSchedule(hass, entry, account).async_start()
    LogSchedule(hass, entry, account).async_start()
    async_watch_devices(hass, entry, account)
    watch = AccountWatch(hass, entry, account)
    watch.async_start()
    push = Push(hass, entry, account, watch.async_check_soon)
    push.async_start()
    account.before_unload.append(push.async_stop)

    @callback
    def tell(_hass: HomeAssistant) -> None:
        """Tell what happens, and what has happened, as soon as somebody listens.

        Automations do so from the end of Home Assistant's own start on.
        """
        account.milestones.async_start()
        news.async_start(
            partial(entry.async_create_background_task, hass),
            coordinator.async_request_refresh,
            watch.async_check_soon,
        )
        push.async_catch_up()

    entry.async_on_unload(async_at_started(hass, tell))
    entry.async_on_unload(entry.add_update_listener(_reloader(entry)))
    return True


def _reloader(
    entry: AccountConfigEntry,
) -> Callable[[HomeAssistant, AccountConfigEntry], Coroutine[Any, Any, None]]:
    """Return what reloads an account whose settings have changed.

    What is noted down about its webhook is no setting.
    """

    def settings() -> dict[str, Any]:
        data = {key: each for key, each in entry.data.items() if key != CONF_WEBHOOK}
        return {**entry.as_dict(), "data": data, "modified_at": None}

    known = settings()

    async def reload(hass: HomeAssistant, entry: AccountConfigEntry) -> None:
        if settings() != known:
            await hass.config_entries.async_reload(entry.entry_id)

    return reload


async def async_unload_entry(hass: HomeAssistant, entry: AccountConfigEntry) -> bool:
    """Unload an account, after the last request under way has been recorded."""
    account = entry.runtime_data
    # Before the entities go: what nobody hears of is told after the next start.
    account.news.async_stop()
    account.milestones.async_stop()
    await async_stop_properties(account)
    if not await hass.config_entries.async_unload_platforms(entry, PLATFORMS):
        return False
    # What ends from now on has nothing read: nobody would hear of it.
    await account.coordinator.async_shutdown()
    await account.news.memory.async_close()
    await account.bridges.async_stop()
    await account.online.async_drain()
    await account.issuer.async_drain()
    for stop in account.before_unload:
        await stop()
    if entry.disabled_by is not None:
        # Nothing can be done about them until it is enabled; then they are raised anew.
        _clear_issues(hass, entry)
    return True


@callback
def _clear_issues(hass: HomeAssistant, entry: AccountConfigEntry) -> None:
    """Take back all that people were asked to do about an account."""
    assert entry.unique_id is not None
    async_clear_code_issues(hass, entry.unique_id)
    async_clear_device_issues(hass, entry.unique_id)
    async_clear_account_issues(hass, entry)
    async_clear_property_issues(hass, entry.unique_id)


async def async_remove_entry(hass: HomeAssistant, entry: AccountConfigEntry) -> None:
    """Forget an account, but not the codes that can still open a door."""
    assert entry.unique_id is not None
    _clear_issues(hass, entry)
    await async_remove_push(hass, entry)
    await async_remove_properties(hass, entry.unique_id)
    await NewsMemory(hass, entry.unique_id).async_remove()
    ledger = Ledger(hass, entry.unique_id)
    try:
        await ledger.async_load()
    except LedgerTooNewError, LedgerUnreadableError:
        # What is in it is not known, so it has to stay.
        return
    if not any(can_still_open(record) for record in ledger.records.values()):
        await ledger.async_delete_file()


async def async_remove_config_entry_device(
    hass: HomeAssistant, entry: AccountConfigEntry, device_entry: AnyDeviceEntry
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
    } | {
        property_identifier(coordinator.account_id, property_id)
        for property_id in entry.runtime_data.properties
    }
    return listed.isdisjoint(device_entry.identifiers)
