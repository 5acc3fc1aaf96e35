"""Home Assistant Cloud goes first, whatever it is up to."""

from collections.abc import Generator
from typing import Any
from unittest.mock import AsyncMock, patch

from hass_nabucasa import CloudError
from homeassistant.components import cloud
from homeassistant.core import HomeAssistant
from homeassistant.helpers.dispatcher import async_dispatcher_send
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from simulator import Simulator

from .conftest import SetUp
from .push_world import PUBLIC, address, registered, requests, settle, stored

HOOK = "https://hooks.example/gAAAA1"


class Cloud:
    """Home Assistant Cloud as far as it matters here."""

    def __init__(self) -> None:
        """Be signed in and connected."""
        self.active = True
        self.connected = True
        self.create = AsyncMock(return_value=HOOK)
        self.delete = AsyncMock()
        self.on_connection: Any = None
        self.on_cloudhook: Any = None

    def listen_connection(self, hass: HomeAssistant, target: Any) -> Any:
        """Remember who listens."""
        self.on_connection = target
        return lambda: None

    def listen_cloudhook(self, hass: HomeAssistant, hook_id: str, target: Any) -> Any:
        """Remember who listens."""
        self.on_cloudhook = target
        return lambda: None


@pytest.fixture
def nabu(hass: HomeAssistant) -> Generator[Cloud]:
    """Return a Home Assistant Cloud that is part of this Home Assistant."""
    fake = Cloud()
    hass.config.components.add("cloud")
    with patch.multiple(
        cloud,
        async_active_subscription=lambda hass: fake.active,
        async_is_connected=lambda hass: fake.connected,
        async_get_or_create_cloudhook=fake.create,
        async_delete_cloudhook=fake.delete,
        async_listen_connection_change=fake.listen_connection,
        async_listen_cloudhook_change=fake.listen_cloudhook,
    ):
        yield fake


@pytest.fixture
async def hooked(
    hass: HomeAssistant, nabu: Cloud, seam_entry: MockConfigEntry, set_up: SetUp
) -> MockConfigEntry:
    """Return an account with the cloud's address, beside an external one."""
    hass.config.external_url = PUBLIC
    return await set_up(seam_entry)


def urls(simulator: Simulator) -> list[str]:
    """Return the addresses Seam knows."""
    return [hook.url for hook in registered(simulator)]


async def test_cloudhook_first(
    hass: HomeAssistant, nabu: Cloud, hooked: MockConfigEntry, simulator: Simulator
) -> None:
    """The cloud's address is used, remembered, and given back with the account."""
    assert urls(simulator) == [HOOK]
    assert stored(hooked)["cloudhook_url"] == HOOK
    nabu.create.assert_awaited_with(hass, stored(hooked)["webhook_id"])
    await hass.config_entries.async_remove(hooked.entry_id)
    assert urls(simulator) == []
    nabu.delete.assert_awaited_once()


@pytest.mark.parametrize(
    "err", [cloud.CloudNotAvailable(), CloudError("x"), ValueError("x")]
)
async def test_removed_signed_out(
    hass: HomeAssistant, nabu: Cloud, hooked: MockConfigEntry, err: Exception
) -> None:
    """A cloud that does not help is no reason to keep an account."""
    nabu.delete.side_effect = err
    await hass.config_entries.async_remove(hooked.entry_id)
    assert not hass.config_entries.async_entries("igloohome_access")


async def test_not_connected_yet(
    hass: HomeAssistant, nabu: Cloud, hooked: MockConfigEntry, simulator: Simulator
) -> None:
    """After a start the known address is kept until the cloud is connected."""
    nabu.connected = False
    await hass.config_entries.async_reload(hooked.entry_id)
    await settle(hass)
    assert urls(simulator) == [HOOK]
    assert nabu.create.await_count == 1


async def test_connects_later(
    hass: HomeAssistant,
    nabu: Cloud,
    seam_entry: MockConfigEntry,
    set_up: SetUp,
    simulator: Simulator,
) -> None:
    """Meanwhile the external address is used, and replaced when the cloud is there."""
    nabu.connected = False
    hass.config.external_url = PUBLIC
    await set_up(seam_entry)
    assert urls(simulator) == [address(seam_entry)]
    nabu.on_connection(cloud.CloudConnectionState.CLOUD_DISCONNECTED)
    await settle(hass)
    assert urls(simulator) == [address(seam_entry)]
    nabu.connected = True
    nabu.on_connection(cloud.CloudConnectionState.CLOUD_CONNECTED)
    await settle(hass)
    assert urls(simulator) == [HOOK]


async def test_subscription_ends(
    hass: HomeAssistant, nabu: Cloud, hooked: MockConfigEntry, simulator: Simulator
) -> None:
    """Without the cloud the external address takes over."""
    nabu.active = False
    await hass.config_entries.async_reload(hooked.entry_id)
    await settle(hass)
    assert urls(simulator) == [address(hooked)]


@pytest.mark.parametrize("err", [cloud.CloudNotAvailable(), CloudError("x")])
async def test_cloud_fails(
    hass: HomeAssistant,
    nabu: Cloud,
    seam_entry: MockConfigEntry,
    set_up: SetUp,
    simulator: Simulator,
    caplog: pytest.LogCaptureFixture,
    err: Exception,
) -> None:
    """A cloud that tells no address is asked again; nothing is changed meanwhile."""
    nabu.create.side_effect = err
    await set_up(seam_entry)
    assert requests(simulator, "webhooks/list") == []
    assert caplog.text.count("could not be registered: no address") == 1


async def test_cloudhook_changes(
    hass: HomeAssistant, nabu: Cloud, hooked: MockConfigEntry, simulator: Simulator
) -> None:
    """An address that was removed by hand is made anew; others do not matter."""
    simulator.requests.clear()
    nabu.on_cloudhook({"cloudhook_url": HOOK})
    await settle(hass)
    assert requests(simulator) == []
    nabu.create.return_value = "https://hooks.example/gAAAA2"
    nabu.on_cloudhook(None)
    await settle(hass)
    assert urls(simulator) == ["https://hooks.example/gAAAA2"]


async def test_listens_for_real(
    hass: HomeAssistant, seam_entry: MockConfigEntry, set_up: SetUp
) -> None:
    """The signals of Home Assistant Cloud are those that are listened to."""
    hass.config.components.add("cloud")
    await set_up(seam_entry)
    async_dispatcher_send(
        hass,
        cloud.SIGNAL_CLOUD_CONNECTION_STATE,
        cloud.CloudConnectionState.CLOUD_CONNECTED,
    )
    async_dispatcher_send(hass, "CLOUDHOOKS_UPDATED", {})
    await settle(hass)
    assert stored(seam_entry).keys() == {"webhook_id"}


async def test_switched_off(
    hass: HomeAssistant, nabu: Cloud, hooked: MockConfigEntry, simulator: Simulator
) -> None:
    """Switched off, the address stays known, so that it is given back in the end."""
    hass.config_entries.async_update_entry(hooked, options={"push": False})
    await settle(hass)
    assert urls(simulator) == []
    assert stored(hooked).keys() == {"webhook_id", "cloudhook_url"}
