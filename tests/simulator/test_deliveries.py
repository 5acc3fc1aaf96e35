"""Webhook deliveries of both clouds, held against svix and cryptography."""

from collections.abc import AsyncGenerator
import json
from typing import Any

from aiohttp import ClientSession, web
import pytest
from svix.webhooks import Webhook, WebhookVerificationError

from custom_components.igloohome_access.webhook_signatures import (
    IgloohomeKey,
    SignatureError,
)
from simulator import Simulator


class Ear:
    """A server that keeps what is sent to it."""

    def __init__(self) -> None:
        """Nothing has been heard."""
        self.heard: list[tuple[dict[str, str], bytes]] = []
        self.url = ""

    async def handle(self, request: web.Request) -> web.Response:
        """Keep a request."""
        self.heard.append((dict(request.headers), await request.read()))
        return web.Response(status=202)


@pytest.fixture
async def sim(socket_enabled: None) -> AsyncGenerator[Simulator]:
    """Return a simulator that runs."""
    running = Simulator(scenario="test")
    await running.start()
    yield running
    await running.stop()


@pytest.fixture
async def ear(socket_enabled: None) -> AsyncGenerator[Ear]:
    """Return a server that listens."""
    found = Ear()
    app = web.Application()
    app.router.add_post("/{tail:.*}", found.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    found.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield found
    await runner.cleanup()


async def call(sim: Simulator, method: str, path: str, body: Any = None) -> Any:
    """Use the control interface, or the API, and return the answer."""
    headers = {"Authorization": "Bearer seam_test_simkey_0001"}
    async with (
        ClientSession() as session,
        session.request(
            method, f"{sim.url}/{path}", json=body, headers=headers
        ) as response,
    ):
        data = await response.json()
        return data if response.status == 200 else response.status


@pytest.fixture
async def hook(sim: Simulator) -> dict[str, Any]:
    """Return a webhook that was registered."""
    sim.seam.store.delivered = len(sim.seam.store.events)
    body = {"url": "https://home.example/hook", "event_types": ["lock.locked"]}
    answer = await call(sim, "POST", "seam/webhooks/create", body)
    webhook: dict[str, Any] = answer["webhook"]
    return webhook


async def lock_up(sim: Simulator, event_type: str = "lock.locked") -> None:
    """Let something happen."""
    device_id = next(iter(sim.seam.store.devices))
    body = {"event_type": event_type, "device_id": device_id}
    if event_type == "lock.locked":
        body["method"] = "manual"
    await call(sim, "POST", "_control/seam/events", body)


async def test_seam(sim: Simulator, ear: Ear, hook: dict[str, Any]) -> None:
    """Svix accepts what is sent, of the events that were asked for, once."""
    sim.seam.switches.webhook_origin = ear.url
    await lock_up(sim)
    await lock_up(sim, "device.tampered")
    answer = await call(sim, "POST", "_control/seam/deliveries", {})
    assert [each["status"] for each in answer["deliveries"]] == [202]
    ((headers, body),) = ear.heard
    Webhook(hook["secret"]).verify(body, headers)
    event = json.loads(body)
    assert event["event_type"] == "lock.locked"
    assert await call(sim, "POST", "_control/seam/deliveries", {}) == {"deliveries": []}
    await call(
        sim, "POST", "_control/seam/deliveries", {"event_ids": [event["event_id"]]}
    )
    assert len(ear.heard) == 2


@pytest.mark.parametrize(
    "forgery", ["no_signature", "wrong_secret", "changed_body", "old", "early"]
)
async def test_seam_forged(
    sim: Simulator, ear: Ear, hook: dict[str, Any], forgery: str
) -> None:
    """Svix refuses what is forged."""
    sim.seam.switches.webhook_origin = ear.url
    await lock_up(sim)
    await call(sim, "POST", "_control/seam/deliveries", {"forgery": forgery})
    ((headers, body),) = ear.heard
    with pytest.raises(WebhookVerificationError):
        Webhook(hook["secret"]).verify(body, headers)


@pytest.mark.parametrize("order", ["as_it_happened", "reversed", "shuffled"])
async def test_seam_order(
    sim: Simulator, ear: Ear, hook: dict[str, Any], order: str
) -> None:
    """Everything arrives, in the order that was asked for, as often."""
    sim.seam.switches.webhook_origin = ear.url
    for _ in range(5):
        await lock_up(sim)
    await call(sim, "POST", "_control/seam/deliveries", {"order": order, "copies": 2})
    ids = [headers["svix-id"] for headers, _ in ear.heard]
    happened = [f"msg_{event['event_id']}" for event in sim.seam.store.events[-5:]]
    assert sorted(ids) == sorted(happened * 2)
    twice = [each for each in happened for _ in range(2)]
    if order == "as_it_happened":
        assert ids == twice
    else:
        assert ids != twice


@pytest.mark.parametrize("wrong", [{"order": "x"}, {"forgery": "x"}, {"x": 1}])
async def test_unknown_words(sim: Simulator, wrong: dict[str, Any]) -> None:
    """A wrong request is refused."""
    assert await call(sim, "POST", "_control/seam/deliveries", wrong) == 400


@pytest.mark.parametrize("forgery", [None, "wrong_key", "no_signature", "old"])
async def test_igloohome(sim: Simulator, ear: Ear, forgery: str | None) -> None:
    """The same for igloohome, over the control interface."""
    key = (await call(sim, "GET", "_control/igloohome/public_key"))["public_key"]
    url = "https://home.example/hook"
    body = {
        "url": url,
        "origin": ear.url,
        "event_id": "1",
        "event_type": 5,
        "device_id": "d",
        "data": {},
        **({} if forgery is None else {"forgery": forgery}),
    }
    assert await call(sim, "POST", "_control/igloohome/deliveries", body) == {
        "statuses": [202]
    }
    ((headers, sent),) = ear.heard
    named = {name.title(): value for name, value in headers.items()}
    named["x-igloocompany-sha256"] = named.get("X-Igloocompany-Sha256", "")
    if forgery is None:
        IgloohomeKey(key).verify(url, named, sent, sim.clock.now())
    else:
        with pytest.raises(SignatureError):
            IgloohomeKey(key).verify(url, named, sent, sim.clock.now())


async def test_igloohome_unknown_word(sim: Simulator) -> None:
    """A wrong request is refused."""
    body = {
        "url": "https://home.example",
        "event_id": "1",
        "event_type": 5,
        "device_id": "d",
        "data": {},
        "forgery": "x",
    }
    assert await call(sim, "POST", "_control/igloohome/deliveries", body) == 400


async def test_webview_and_account(sim: Simulator) -> None:
    """A sign-in mends an account that was lost."""
    account_id = next(iter(sim.seam.store.accounts))
    error = {
        "error_code": "account_disconnected",
        "message": "Sign in again.",
        "created_at": "2026-11-20T10:20:00.000Z",
        "is_connected_account_error": True,
    }
    path = f"_control/seam/accounts/{account_id}"
    await call(sim, "PATCH", path, {"errors": [error]})
    assert sim.seam.store.accounts[account_id].disconnected
    made = await call(sim, "POST", "seam/connect_webviews/create", {})
    webview_id = made["connect_webview"]["connect_webview_id"]
    await call(sim, "POST", f"_control/seam/webviews/{webview_id}", {})
    assert not sim.seam.store.accounts[account_id].disconnected
