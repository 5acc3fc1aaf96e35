"""A Home Assistant that the world reaches, and the simulator's way to it."""

from datetime import timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.igloohome_access.const import CONF_WEBHOOK, DOMAIN
from simulator import Simulator
from simulator.seam import deliveries
from simulator.seam.model import Webhook

from .surface import move_to

PUBLIC = "https://home.example"

SOON = timedelta(seconds=2)
"""Time enough for a hint to be followed."""

type Answers = list[int]


async def settle(hass: HomeAssistant) -> None:
    """Let everything be done."""
    await hass.async_block_till_done(wait_background_tasks=True)


async def later(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, span: timedelta
) -> None:
    """Let time pass, the timers go off, and all they begin be done."""
    await move_to(hass, freezer, span)
    await settle(hass)


def stored(entry: MockConfigEntry) -> dict[str, Any]:
    """Return what is kept of the webhook of an account."""
    return dict(entry.data.get(CONF_WEBHOOK, {}))


def address(entry: MockConfigEntry, base: str = PUBLIC) -> str:
    """Return the address of the webhook."""
    return f"{base}/api/webhook/{stored(entry)['webhook_id']}"


def registered(simulator: Simulator) -> list[Webhook]:
    """Return the webhooks at Seam."""
    return list(simulator.seam.store.webhooks.values())


def foreign(simulator: Simulator, url: str = "https://other.example/hook") -> Webhook:
    """Register the webhook of somebody else in the same workspace."""
    store = simulator.seam.store
    webhook = Webhook(
        store.new_id(), "ws-sim-0001", url, ["device.tampered"], store.new_secret()
    )
    store.webhooks[webhook.webhook_id] = webhook
    return webhook


def requests(simulator: Simulator, *routes: str) -> list[str]:
    """Return the last part of what was asked of Seam, of some routes or all."""
    asked = [
        record.path.removeprefix("/seam/")
        for record in simulator.requests.all
        if record.cloud == "seam"
    ]
    return [route for route in asked if not routes or route in routes]


def issues(hass: HomeAssistant, kind: str) -> list[ir.IssueEntry]:
    """Return the issues about an account of a kind: connected, permission, webhook."""
    return [
        issue
        for (domain, issue_id), issue in ir.async_get(hass).issues.items()
        if domain == DOMAIN and f":{kind}:" in issue_id
    ]


async def open_to_the_world(
    hass: HomeAssistant, simulator: Simulator, client: ClientSessionGenerator
) -> Any:
    """Give Home Assistant a public address that leads the simulator to it."""
    hass.config.external_url = PUBLIC
    # A route cannot be added once somebody is connected.
    assert await async_setup_component(hass, DOMAIN, {})
    assert await async_setup_component(hass, "calendar", {})
    web = await client()
    simulator.seam.switches.webhook_origin = str(web.server.make_url("/"))
    simulator.seam.switches.rate_limits = False
    # What happened before is not sent any more.
    simulator.seam.store.delivered = len(simulator.seam.store.events)
    return web


def happen(
    simulator: Simulator, event_type: str = "lock.locked", number: int = 1, **extra: Any
) -> list[str]:
    """Let something happen at Seam, and return the ids of the events."""
    sim = simulator.seam
    device = next(
        device
        for device in sim.store.devices.values()
        if device.workspace_id == "ws-sim-0001"
    )
    for _ in range(number):
        if event_type.startswith("connected_account."):
            account_id = device.connected_account_id
            sim.store.record_event(
                event_type,
                device.workspace_id,
                sim.clock.now(),
                connected_account_id=account_id,
                **extra,
            )
            continue
        sim.store.device_event(
            event_type, device, sim.clock.now(), **{"method": "manual"} | extra
        )
    return [event["event_id"] for event in sim.store.events[-number:]]


async def send(simulator: Simulator, **how: Any) -> Answers:
    """Let Seam send what happened, and return how that was answered."""
    answers = await deliveries.deliver(
        simulator.seam.store, simulator.seam.clock, **how
    )
    return [int(answer["status"]) for answer in answers]
