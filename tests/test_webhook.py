"""What arrives over HTTP: right deliveries are hints, everything else is refused."""

from collections import Counter
from datetime import timedelta
import json
import logging
from typing import Any
from unittest.mock import patch

from aiohttp import ClientConnectionError
from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
from homeassistant.util.aiohttp import MockRequest
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from svix.webhooks import Webhook as Svix

from custom_components.igloohome_access import webhook as receiver
from custom_components.igloohome_access.coordinator import UPDATE_INTERVAL
from custom_components.igloohome_access.model import CloudKind
from custom_components.igloohome_access.push import Push
from simulator import Simulator

from .push_world import (
    SOON,
    address,
    happen,
    later,
    registered,
    requests,
    send,
    settle,
    stored,
)

pytestmark = pytest.mark.usefixtures("instant_reads")

USUAL = UPDATE_INTERVAL[CloudKind.SEAM]
BODY = '{"event_id":"e1","event_type":"lock.locked"}'
PIN = "4711"


def _path(pushed: MockConfigEntry) -> str:
    return f"/api/webhook/{stored(pushed)['webhook_id']}"


def _signed(
    pushed: MockConfigEntry, body: str = BODY, message_id: str = "msg_1"
) -> dict[str, str]:
    """Return headers of a message that svix has signed with the secret."""
    now = dt_util.utcnow()
    svix = Svix(stored(pushed)["secret"])
    return {
        "Content-Type": "application/json",
        "svix-id": message_id,
        "svix-timestamp": str(int(now.timestamp())),
        "svix-signature": svix.sign(message_id, now, body),
    }


def interval(pushed: MockConfigEntry) -> timedelta:
    """Return how often the account is polled."""
    found: timedelta = pushed.runtime_data.coordinator.update_interval
    return found


# What is right


async def test_hint(
    hass: HomeAssistant,
    pushed: MockConfigEntry,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The answer comes before anything is read; then the cloud is asked what it was."""
    caplog.set_level(logging.DEBUG)
    happen(simulator, "lock.unlocked", code=PIN)
    assert await send(simulator) == [200]
    assert requests(simulator) == []
    await later(hass, freezer, SOON)
    assert "events/list" in requests(simulator)
    assert PIN not in caplog.text
    assert stored(pushed)["secret"] not in caplog.text


async def test_svix(hass: HomeAssistant, pushed: MockConfigEntry, world: Any) -> None:
    """What svix itself signs is accepted, and svix accepts what the simulator signs."""
    response = await world.post(_path(pushed), data=BODY, headers=_signed(pushed))
    assert response.status == 200
    assert await response.read() == b""


async def test_body_is_not_believed(
    hass: HomeAssistant,
    pushed: MockConfigEntry,
    world: Any,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
) -> None:
    """A signed tale of an open door opens no door in Home Assistant."""
    device_id = next(iter(pushed.runtime_data.coordinator.data))
    tale = json.dumps(
        {
            "event_id": "made up",
            "event_type": "lock.unlocked",
            "device_id": device_id,
            "occurred_at": dt_util.utcnow().isoformat(),
        }
    )
    before = {state.entity_id: state.state for state in hass.states.async_all()}
    response = await world.post(_path(pushed), data=tale, headers=_signed(pushed, tale))
    assert response.status == 200
    await later(hass, freezer, SOON)
    assert {s.entity_id: s.state for s in hass.states.async_all()} == before


async def test_burst(
    hass: HomeAssistant,
    pushed: MockConfigEntry,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
) -> None:
    """A thousand events cause a handful of requests, in whatever order they come."""
    happen(simulator, number=1000)
    answers = await send(simulator, order="shuffled")
    assert Counter(answers) == {200: 1000}
    await later(hass, freezer, SOON)
    assert 0 < len(requests(simulator)) <= 10


async def test_duplicates(
    hass: HomeAssistant,
    pushed: MockConfigEntry,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
) -> None:
    """A replay is refused; a further attempt of the cloud is answered, without work."""
    events = happen(simulator, number=3)
    answers = await send(simulator, copies=2, order="reversed")
    assert Counter(answers) == {200: 3, 409: 3}
    await later(hass, freezer, SOON)
    simulator.requests.clear()
    freezer.tick(10)
    assert await send(simulator, event_ids=events) == [200, 200, 200]
    await later(hass, freezer, SOON)
    assert requests(simulator) == []


async def test_account_news(
    hass: HomeAssistant,
    pushed: MockConfigEntry,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
) -> None:
    """News about the account behind Seam's lets it be looked at, once."""
    trouble: dict[str, Any] = {
        "connected_account_errors": [],
        "connected_account_warnings": [],
    }
    happen(simulator, "connected_account.disconnected", number=3, **trouble)
    await send(simulator)
    await later(hass, freezer, timedelta(seconds=4))
    assert len(requests(simulator, "connected_accounts/list")) == 1


async def test_after_unload(
    hass: HomeAssistant, pushed: MockConfigEntry, simulator: Simulator
) -> None:
    """What comes in the last moment has no effect any more."""
    push = Push(hass, pushed, pushed.runtime_data, lambda: None)
    await push.async_stop()
    with patch.object(pushed.runtime_data.news, "async_hint") as hint:
        push._async_follow(receiver.Hint(event_id="1"))
    hint.assert_not_called()
    push._async_reconcile_soon()
    await push._async_reconcile()
    await settle(hass)
    assert requests(simulator) == []


async def test_no_sender(hass: HomeAssistant) -> None:
    """As long as there is no secret, everything is refused."""
    taking = receiver.Receiver(lambda hint: None)
    request: Any = MockRequest(content=b"{}", mock_source="test", method="POST")
    assert (await taking.async_handle(hass, "id", request)).status == 401


# What is wrong


@pytest.mark.parametrize(
    ("forgery", "status"),
    [
        ("no_signature", 401),
        ("wrong_secret", 401),
        ("changed_body", 401),
        ("old", 401),
        ("early", 401),
        ("not_json", 400),
    ],
)
async def test_forged(
    hass: HomeAssistant,
    pushed: MockConfigEntry,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
    forgery: str,
    status: int,
    quiet_log: None,
) -> None:
    """A forged delivery is refused without work, and the right one still counts."""
    events = happen(simulator)
    assert await send(simulator, event_ids=events, forgery=forgery) == [status]
    await later(hass, freezer, SOON)
    assert requests(simulator) == []
    assert interval(pushed) == USUAL
    if status == 401:
        assert await send(simulator, event_ids=events) == [200]


@pytest.mark.parametrize("body", ["", "[]", "null", '"text"', "{", "\x00", "[" * 9000])
async def test_not_an_object(
    hass: HomeAssistant,
    pushed: MockConfigEntry,
    world: Any,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
    body: str,
) -> None:
    """A body that is no JSON object is refused although it is signed."""
    response = await world.post(_path(pushed), data=body, headers=_signed(pushed, body))
    assert response.status == 400
    assert await response.read() == b""
    await later(hass, freezer, SOON)
    assert requests(simulator) == []


@pytest.mark.parametrize(("size", "status"), [(65536, 200), (65537, 413)])
async def test_size(
    pushed: MockConfigEntry, world: Any, size: int, status: int
) -> None:
    """A body over 64 KiB is refused, signed or not."""
    body = json.dumps({"event_id": "e1", "filler": ""})
    body = body.replace('""', f'"{"x" * (size - len(body))}"')
    assert len(body) == size
    headers = _signed(pushed, body)
    response = await world.post(_path(pushed), data=body, headers=headers)
    assert response.status == status


async def test_huge(pushed: MockConfigEntry, world: Any) -> None:
    """Of a huge body only the beginning is read, also of one that unfolds."""
    import zlib

    bomb = zlib.compress(b"x" * 50_000_000)
    try:
        response = await world.post(
            _path(pushed), data=bomb, headers={"Content-Encoding": "deflate"}
        )
    except ClientConnectionError:
        return
    assert response.status in (400, 413)


async def test_broken_encoding(
    pushed: MockConfigEntry, world: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """A body that cannot be unpacked is refused; aiohttp alone says something."""
    response = await world.post(
        _path(pushed),
        data=b"no gzip at all",
        headers={"Content-Encoding": "gzip", **_signed(pushed)},
    )
    assert response.status == 400
    loud = [r.name for r in caplog.records if r.levelno > logging.WARNING]
    assert set(loud) <= {"aiohttp.server"}


async def test_slow_body(
    pushed: MockConfigEntry, world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A body that does not come is not waited for."""
    import asyncio

    monkeypatch.setattr(receiver, "READ_SECONDS", 0.05)

    async def trickle() -> Any:
        yield b"{"
        await asyncio.sleep(0.5)
        yield b"}"

    response = await world.post(_path(pushed), data=trickle())
    assert response.status == 408


@pytest.mark.parametrize("method", ["get", "put", "delete", "patch"])
async def test_method(
    hass: HomeAssistant,
    pushed: MockConfigEntry,
    world: Any,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
    method: str,
) -> None:
    """Only POST is taken."""
    send_it = getattr(world, method)
    response = await send_it(_path(pushed), data=BODY, headers=_signed(pushed))
    assert response.status == 405
    await later(hass, freezer, SOON)
    assert requests(simulator) == []


async def test_bounded_memory(
    pushed: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the last deliveries are known again."""
    monkeypatch.setattr(receiver, "REMEMBERED", 3)
    hints: list[receiver.Hint] = []
    taking = receiver.Receiver(hints.append)
    for number in (1, 2, 3, 4, 2, 1):
        delivery = receiver.Delivery(
            str(number), "at", receiver.Hint(event_id=str(number))
        )
        taking._taken(delivery)
    assert [hint.event_id for hint in hints] == ["1", "2", "3", "4", "1"]
    assert len(taking._seen) == 3


async def test_registered_address(
    pushed: MockConfigEntry, simulator: Simulator
) -> None:
    """The tests above knock where Seam was told to."""
    assert [hook.url for hook in registered(simulator)] == [address(pushed)]
