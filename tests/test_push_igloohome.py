"""igloohome's webhook: shown and pasted by hand, checked with its public key."""

from datetime import timedelta
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.igloohome_access.coordinator import UPDATE_INTERVAL
from custom_components.igloohome_access.model import CloudKind, DeviceType
from custom_components.igloohome_access.public_address import AddressUnknownError
from simulator import Simulator
from simulator.igloohome import deliveries

from .conftest import SetUp
from .flows import TEXTS, checked, suggested
from .push_world import PUBLIC, address, settle, stored

pytestmark = pytest.mark.usefixtures("instant_reads")

JOB_COMPLETE, ACTIVITY, BRIDGE = 3, 5, 10
PIN = "471108"


async def step(hass: HomeAssistant, entry: MockConfigEntry) -> Any:
    """Choose the step in the menu, and return what is shown."""
    menu = await hass.config_entries.options.async_init(entry.entry_id)
    assert menu["menu_options"] == ["settings", "webhook"]
    return await hass.config_entries.options.async_configure(
        menu["flow_id"], {"next_step_id": "webhook"}
    )


async def submit(hass: HomeAssistant, form: Any, key: str | None) -> Any:
    """Send the form and return what comes then."""
    result = await hass.config_entries.options.async_configure(
        form["flow_id"], {} if key is None else {"public_key": key}
    )
    await settle(hass)
    return result


@pytest.fixture
async def account(
    hass: HomeAssistant, world: Any, igloohome_entry: MockConfigEntry, set_up: SetUp
) -> MockConfigEntry:
    """Return an igloohome account whose webhook is set up."""
    await set_up(igloohome_entry)
    result = await submit(
        hass, await step(hass, igloohome_entry), deliveries.public_key()
    )
    assert result["type"] is FlowResultType.CREATE_ENTRY
    return igloohome_entry


async def deliver(
    account: MockConfigEntry, simulator: Simulator, kind: int, **how: Any
) -> list[int]:
    """Let igloohome send an event."""
    values: dict[str, Any] = {
        "event_id": "event 1",
        "device_id": "unknown",
        "data": {},
        "origin": simulator.seam.switches.webhook_origin,
    } | how
    return await deliveries.deliver(
        address(account), simulator.clock.now(), event_type=kind, **values
    )


def devices(account: MockConfigEntry, kind: DeviceType) -> list[str]:
    """Return the ids of the devices of a type."""
    found = account.runtime_data.coordinator.data.values()
    return [device.device_id for device in found if device.type is kind]


async def test_step(hass: HomeAssistant, account: MockConfigEntry) -> None:
    """The step shows the address and takes the key, which stays with other options."""
    assert account.options == {"public_key": deliveries.public_key()}
    assert stored(account)["url"] == address(account)
    form = checked(await step(hass, account), TEXTS["options"])
    assert form["description_placeholders"] is not None
    assert form["description_placeholders"]["address"] == address(account)
    assert suggested(form) == {"public_key": deliveries.public_key()}
    hass.config_entries.options.async_abort(form["flow_id"])
    menu = await hass.config_entries.options.async_init(account.entry_id)
    settings = await hass.config_entries.options.async_configure(
        menu["flow_id"], {"next_step_id": "settings"}
    )
    await hass.config_entries.options.async_configure(settings["flow_id"], {})
    await settle(hass)
    assert account.options["public_key"] == deliveries.public_key()
    assert account.options["keep_ended_days"] == 7


async def test_wrong_key(hass: HomeAssistant, account: MockConfigEntry) -> None:
    """What is no key is shown again, and changes nothing."""
    form = await submit(hass, await step(hass, account), "no key")
    assert form["errors"] == {"public_key": "invalid_public_key"}
    assert suggested(form) == {"public_key": "no key"}
    assert account.options["public_key"] == deliveries.public_key()


async def test_switched_off(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """Without a key nothing is taken."""
    simulator.requests.clear()
    assert await deliver(account, simulator, ACTIVITY) == [200]
    await submit(hass, await step(hass, account), None)
    assert account.options == {}
    with patch.object(account.runtime_data.news, "async_hint") as hint:
        # As Home Assistant answers about any webhook that it does not know.
        assert await deliver(account, simulator, ACTIVITY) == [200]
        await hass.async_block_till_done()
    hint.assert_not_called()


async def test_moved(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """Saving the page once more takes over a new address, with the same key."""
    new = "https://new.example"
    await hass.config.async_update(external_url=new)
    form = await step(hass, account)
    assert form["description_placeholders"]["address"] == address(account, new)
    await submit(hass, form, deliveries.public_key())
    assert stored(account)["url"] == address(account, new)
    signed: dict[str, Any] = {
        "event_type": ACTIVITY,
        "event_id": "event 1",
        "device_id": "unknown",
        "data": {},
        "origin": simulator.seam.switches.webhook_origin,
    }
    now = simulator.clock.now()
    assert await deliveries.deliver(address(account, new), now, **signed) == [200]
    assert await deliveries.deliver(address(account), now, **signed) == [401]


@pytest.mark.parametrize("url", [None, "http://home.example"])
async def test_no_address(
    hass: HomeAssistant, world: Any, igloohome: MockConfigEntry, url: str | None
) -> None:
    """Without a public address that is told."""
    hass.config.external_url = url
    result = await step(hass, igloohome)
    assert (result["type"], result["reason"]) == (
        FlowResultType.ABORT,
        "no_public_address",
    )


async def test_no_address_now(hass: HomeAssistant, igloohome: MockConfigEntry) -> None:
    """A cloud that tells no address just now is told apart."""
    with patch(
        "custom_components.igloohome_access.options_flow.async_public_address",
        side_effect=AddressUnknownError,
    ):
        result = await step(hass, igloohome)
    assert result["reason"] == "address_unknown"


@pytest.mark.parametrize("kind", [JOB_COMPLETE, ACTIVITY])
async def test_hints(
    hass: HomeAssistant,
    account: MockConfigEntry,
    simulator: Simulator,
    caplog: pytest.LogCaptureFixture,
    kind: int,
) -> None:
    """A job or rows of a log are a hint at the device; PINs are dropped unread."""
    (device_id, *_) = devices(account, DeviceType.LOCK)
    data = {"activityLogs": [{"logType": 18, "pin": PIN, "entryDate": 1}]}
    with patch.object(account.runtime_data.news, "async_hint") as hint:
        sent = {"device_id": device_id, "data": data, "copies": 2}
        assert await deliver(account, simulator, kind, **sent) == [200, 409]
        await hass.async_block_till_done()
    hint.assert_called_once_with(device_id)
    assert PIN not in caplog.text


async def test_reads_the_log(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    account: MockConfigEntry,
    simulator: Simulator,
) -> None:
    """After the hint the log of that lock is read from the cloud."""
    (device_id, *_) = devices(account, DeviceType.LOCK)
    simulator.requests.clear()
    await deliver(account, simulator, ACTIVITY, device_id=device_id)
    freezer.tick(2)
    from pytest_homeassistant_custom_component.common import async_fire_time_changed

    async_fire_time_changed(hass)
    await settle(hass)
    paths = [record.path for record in simulator.requests.all]
    assert any(device_id in path and "activity" in path for path in paths)


async def test_bridge(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """A bridge that comes and goes is shown; what is no bridge, is not."""
    contact = account.runtime_data.contact
    (bridge_id, *_) = devices(account, DeviceType.BRIDGE)
    (lock_id, *_) = devices(account, DeviceType.LOCK)
    for number, online in enumerate((False, False, True)):
        sent = {"event_id": str(number), "data": {"isOnline": online}}
        assert await deliver(
            account, simulator, BRIDGE, device_id=bridge_id, **sent
        ) == [200]
        await hass.async_block_till_done()
        assert contact.online(bridge_id) is online
    for number, device_id in enumerate((lock_id, "unknown", bridge_id)):
        sent = {"event_id": f"x{number}", "data": {"isOnline": "perhaps"}}
        if device_id != bridge_id:
            sent["data"] = {"isOnline": False}
        await deliver(account, simulator, BRIDGE, device_id=device_id, **sent)
        await hass.async_block_till_done()
    assert contact.online(lock_id) is None
    assert contact.online("unknown") is None
    assert contact.online(bridge_id) is True


async def test_bridge_in_disorder(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """What igloohome repeats after hours does not hide what came of it."""
    contact = account.runtime_data.contact
    (bridge_id, *_) = devices(account, DeviceType.BRIDGE)
    now = simulator.clock.now()
    hour = timedelta(hours=1)
    for number, (sent_at, online, shown) in enumerate(
        (
            (now - hour, False, False),
            (now, True, True),
            (now - hour / 2, False, True),
            (now, False, False),
        )
    ):
        assert await deliveries.deliver(
            address(account),
            sent_at,
            event_id=str(number),
            event_type=BRIDGE,
            device_id=bridge_id,
            data={"isOnline": online},
            origin=simulator.seam.switches.webhook_origin,
        ) == [200]
        await hass.async_block_till_done()
        assert contact.online(bridge_id) is shown


async def test_other_kinds(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """News of kinds that nobody knows is answered, and has no effect."""
    with patch.object(account.runtime_data.news, "async_hint") as hint:
        assert await deliver(account, simulator, 99) == [200]
        await hass.async_block_till_done()
    hint.assert_not_called()


@pytest.mark.parametrize(
    ("forgery", "status"),
    [
        ("no_signature", 401),
        ("wrong_key", 401),
        ("changed_body", 401),
        ("old", 401),
    ],
)
async def test_forged(
    hass: HomeAssistant,
    account: MockConfigEntry,
    simulator: Simulator,
    forgery: str,
    status: int,
) -> None:
    """A forged delivery is refused without work."""
    with patch.object(account.runtime_data.news, "async_hint") as hint:
        answers = await deliver(account, simulator, ACTIVITY, forgery=forgery)
        assert answers == [status]
        await hass.async_block_till_done()
    hint.assert_not_called()


@pytest.mark.parametrize("body", [b"{}", b"[]", b"no json", b'{"payload": 5}'])
async def test_nameless(account: MockConfigEntry, world: Any, body: bytes) -> None:
    """A signed body without an event is refused: it could not be known again."""
    from datetime import UTC, datetime

    headers, sent = deliveries.sign(address(account), body, datetime.now(UTC))
    response = await world.post(
        f"/api/webhook/{stored(account)['webhook_id']}", data=sent, headers=headers
    )
    assert response.status == 400


async def test_usual_polls(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """Batteries and links are not told by igloohome, so polling goes on as usual."""
    await deliver(account, simulator, ACTIVITY)
    await settle(hass)
    coordinator = account.runtime_data.coordinator
    assert coordinator.update_interval == UPDATE_INTERVAL[CloudKind.IGLOOHOME]
    await hass.config.async_update(external_url="https://new.example")
    await settle(hass)
    assert stored(account)["url"] == address(account, PUBLIC)


async def test_removed(hass: HomeAssistant, account: MockConfigEntry) -> None:
    """An account with igloohome needs nobody to be removed."""
    assert await hass.config_entries.async_remove(account.entry_id)
