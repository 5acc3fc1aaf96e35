"""Ten thousand bodies and headers: only what is right has any effect."""

from collections import Counter
from datetime import UTC, datetime
import gc
from http import HTTPStatus
import json
import logging
import random
import tracemalloc
from typing import Any
from unittest.mock import patch

from homeassistant.components.webhook import async_handle_webhook
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
from homeassistant.util.aiohttp import MockRequest
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator
from svix.webhooks import Webhook as Svix

from simulator import Simulator
from simulator.igloohome import deliveries as igloohome_deliveries

from .conftest import SetUp
from .push_world import PUBLIC, open_to_the_world, requests, stored

ROUNDS = 12_000
VALID_EVERY = 400
PIN = "471108"

_NAMES = [
    "svix-id",
    "svix-timestamp",
    "svix-signature",
    "webhook-id",
    "webhook-signature",
    "Content-Type",
    "Date",
    "x-igloocompany-sha256",
]
_ODD = ["", " ", "\x00", "é", "日本", "v1,", "v1", ",", "-1", "1e9", "NaN", "A" * 5000]


def _body(rng: random.Random, good: bytes) -> bytes:
    """Return a body that is not the good one, most often nearly."""
    match rng.randrange(8):
        case 0:
            return rng.randbytes(rng.randrange(300))
        case 1:
            return good[: rng.randrange(len(good))]
        case 2:
            return b"[" * rng.randrange(1, 3000)
        case 3:
            return json.dumps(
                rng.choice([None, 1, [], "x", {}, {"event_id": [1]}, {"payload": 1}])
            ).encode()
        case 4:
            return good + rng.randbytes(1)
        case 5:
            return b"x" * rng.choice([65535, 65536, 65537, 70000])
        case _:
            changed = bytearray(good)
            at = rng.randrange(len(changed))
            changed[at] ^= 1 << rng.randrange(8)
            return bytes(changed)


def _headers(rng: random.Random, good: dict[str, str]) -> dict[str, str]:
    """Return headers of which at least one that is signed differs."""
    changed = dict(good)
    name = rng.choice([name for name in good if name != "Content-Type"])
    match rng.randrange(5):
        case 0:
            del changed[name]
        case 1:
            changed[name] = rng.choice(_ODD)
        case 2:
            text = changed[name]
            at = rng.randrange(len(text))
            other = rng.choice("ABCxyz0123456789+/=")
            changed[name] = text[:at] + other + text[at + 1 :]
            if changed == good:
                del changed[name]
        case 3:
            changed = {
                rng.choice(_NAMES): rng.choice([*_ODD, *good.values()])
                for _ in range(rng.randrange(6))
            }
            changed.pop(name, None)
        case _:
            changed[name] = "".join(
                chr(rng.randrange(1, 0x2000)) for _ in range(rng.randrange(40))
            )
    return changed


async def _fuzz(
    hass: HomeAssistant, entry: MockConfigEntry, make: Any, seed: int
) -> tuple[Counter[int], int, int]:
    """Send everything; return answers, deliveries that were right, and hints."""
    rng = random.Random(seed)
    webhook_id = stored(entry)["webhook_id"]
    answers: Counter[int] = Counter()
    right = 0
    tracemalloc.start()
    before = 0
    with patch.object(entry.runtime_data.news, "async_hint") as hint:
        good: tuple[dict[str, str], bytes] = make(0)
        for number in range(ROUNDS):
            headers, body = good
            if number % VALID_EVERY == 0:
                good = headers, body = make(number)
                right += 1
            elif rng.random() < 0.5:
                body = _body(rng, body)
                if body == good[1]:
                    body += b"!"
            else:
                headers = _headers(rng, headers)
            response = await async_handle_webhook(
                hass,
                webhook_id,
                MockRequest(
                    content=body, headers=headers, mock_source="test", method="POST"
                ),
            )
            answers[response.status] += 1
            assert response.body is None
            if number == ROUNDS // 4:
                gc.collect()
                before = tracemalloc.get_traced_memory()[0]
        await hass.async_block_till_done()
        gc.collect()
        after = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
        assert after - before < 200_000
        return answers, right, hint.call_count


def _check(result: tuple[Counter[int], int, int]) -> None:
    answers, right, hints = result
    assert answers[HTTPStatus.OK] == right == hints == ROUNDS // VALID_EVERY
    assert answers.keys() <= {
        HTTPStatus.OK,
        HTTPStatus.UNAUTHORIZED,
        # The same signature, written in another way.
        HTTPStatus.CONFLICT,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    }
    assert answers.total() == ROUNDS


@pytest.fixture
def quiet(caplog: pytest.LogCaptureFixture) -> Any:
    """Watch over the log: no exception, no warning, no PIN."""
    caplog.set_level(logging.INFO)
    yield
    loud = [
        record.getMessage()
        for record in caplog.get_records("call")
        if record.exc_info
        or (
            record.levelno >= logging.WARNING
            and record.name.startswith(("custom_", "homeassistant.components.webhook"))
        )
    ]
    assert loud == []
    assert PIN not in caplog.text


@pytest.mark.timeout(60)
async def test_seam(
    hass: HomeAssistant,
    simulator: Simulator,
    hass_client_no_auth: ClientSessionGenerator,
    seam_entry: MockConfigEntry,
    set_up: SetUp,
    quiet: None,
) -> None:
    """Seam's webhook."""
    await open_to_the_world(hass, simulator, hass_client_no_auth)
    entry = await set_up(seam_entry)
    svix = Svix(stored(entry)["secret"])
    device_id = next(iter(entry.runtime_data.coordinator.data))

    def make(number: int) -> tuple[dict[str, str], bytes]:
        body = json.dumps(
            {
                "event_id": f"event {number}",
                "event_type": "lock.unlocked",
                "device_id": device_id,
                "code": PIN,
            }
        )
        now = dt_util.utcnow()
        return {
            "svix-id": f"msg_{number}",
            "svix-timestamp": str(int(now.timestamp())),
            "svix-signature": svix.sign(f"msg_{number}", now, body),
        }, body.encode()

    simulator.requests.clear()
    _check(await _fuzz(hass, entry, make, seed=1))
    assert requests(simulator) == []


@pytest.mark.timeout(60)
async def test_igloohome(
    hass: HomeAssistant,
    simulator: Simulator,
    hass_client_no_auth: ClientSessionGenerator,
    igloohome_entry: MockConfigEntry,
    set_up: SetUp,
    quiet: None,
) -> None:
    """The webhook of igloohome's portal."""
    await open_to_the_world(hass, simulator, hass_client_no_auth)
    url = f"{PUBLIC}/api/webhook/abc"
    igloohome_entry.add_to_hass(hass)
    hass.config_entries.async_update_entry(
        igloohome_entry,
        data={
            **igloohome_entry.data,
            "webhook": {"webhook_id": "abc", "url": url},
        },
        options={"public_key": igloohome_deliveries.public_key()},
    )
    await hass.config_entries.async_setup(igloohome_entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)

    def make(number: int) -> tuple[dict[str, str], bytes]:
        payload = {
            "product": {"id": "unknown"},
            "event": {
                "id": f"event {number}",
                "type": 5,
                "data": {"activityLogs": [{"logType": 18, "pin": PIN}]},
            },
        }
        return igloohome_deliveries.sign(
            url, json.dumps({"payload": payload}).encode(), datetime.now(UTC)
        )

    simulator.requests.clear()
    _check(await _fuzz(hass, igloohome_entry, make, seed=2))
    assert simulator.requests.all == []
