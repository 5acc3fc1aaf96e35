"""Clock, faults, request log, start and stop."""

from asyncio import create_task, sleep
from datetime import datetime, timedelta
import json
from time import monotonic
from typing import Any

from aiohttp import (
    ClientConnectionError,
    ClientError,
    ClientPayloadError,
    ClientSession,
    ServerDisconnectedError,
)
from freezegun.api import FrozenDateTimeFactory
import pytest

from simulator import Simulator
from simulator.clock import Clock
from simulator.faults import Fault
from simulator.igloohome.scenarios import (
    BRIDGE_DEMO_OFFLINE,
    LOCK_BRIDGED,
    LOCK_DEMO_GARAGE,
)
from simulator.scenarios import Scenario, parse_scenario

from .conftest import NOW
from .igloohome_api import Api

HOURLY = {
    "variance": 1,
    "startDate": "2026-11-20T10:00:00+00:00",
    "endDate": "2026-11-20T12:00:00+00:00",
    "accessName": "Plumber",
}
ALGOPIN = f"/devices/{LOCK_BRIDGED}/algopin/hourly"


def test_clock_runs_and_stands() -> None:
    """A running clock keeps its offset, a frozen one stands until it is moved."""
    clock = Clock(NOW)
    assert timedelta() <= clock.now() - NOW < timedelta(seconds=5)
    clock.advance(timedelta(hours=1))
    assert clock.now() - NOW >= timedelta(hours=1)
    clock.freeze()
    stood = clock.now()
    clock.advance(timedelta(minutes=1))
    assert clock.now() == stood + timedelta(minutes=1)
    clock.set(NOW)
    assert clock.now() == NOW
    assert clock.frozen
    clock.unfreeze()
    assert timedelta() < clock.now() - NOW < timedelta(seconds=5)
    clock.unfreeze()
    assert timedelta() < clock.now() - NOW < timedelta(seconds=5)
    with pytest.raises(ValueError, match="offset"):
        clock.set(datetime(2026, 1, 1))


@pytest.mark.parametrize("text", ["demo", "test", "empty"])
def test_scenario_names(text: str) -> None:
    """The plain names are themselves."""
    assert parse_scenario(text) == Scenario(text)


@pytest.mark.parametrize(
    "text",
    ["", "Demo", "large", "large:", "large:0", "large:-1", "large:5001", "test:"],
)
def test_scenario_refused(text: str) -> None:
    """What is no scenario is refused with the list of scenarios."""
    with pytest.raises(ValueError, match="large:N"):
        parse_scenario(text)


async def test_demo_scenario(http: ClientSession, sim: Simulator) -> None:
    """The demo has the locks of the tests and more, one bridge being offline."""
    sim.reset("demo")
    api = Api(sim, http)
    await api.login()
    _, body = await api.get("/devices")
    found = {device["deviceId"]: device for device in body["payload"]}
    assert len(found) == 11
    assert found[LOCK_BRIDGED]["deviceName"] == "Garden Gate"
    assert (await api.job(LOCK_DEMO_GARAGE, BRIDGE_DEMO_OFFLINE, 2))[0] == 406


async def test_large_scenario_pages(http: ClientSession, sim: Simulator) -> None:
    """Two hundred locks have forty bridges and come in pages of fifty."""
    sim.reset("large:200")
    api = Api(sim, http)
    await api.login()
    devices: list[dict[str, Any]] = []
    cursor = ""
    while True:
        _, body = await api.get("/devices", **({"cursor": cursor} if cursor else {}))
        devices += body["payload"]
        if not (cursor := body["nextCursor"]):
            break
    bridges = [device for device in devices if device["type"] == "Bridge"]
    assert len(devices) == 240
    assert len({device["deviceId"] for device in devices}) == 240
    assert [len(bridge["linkedDevices"]) for bridge in bridges] == [5] * 40
    assert sim.requests.count("igloohome", r"/devices$") == 5
    assert sim.requests.counters == {
        "POST /oauth2/token": 1,
        "GET /igloohome/devices": 5,
    }


async def test_pause_refuses_and_resume_listens_again(api: Api) -> None:
    """While paused connections are refused; afterwards the port is the same."""
    url = api.sim.url
    await api.sim.pause()
    await api.sim.pause()
    with pytest.raises(ClientConnectionError):
        await api.get("/devices")
    await api.sim.resume()
    await api.sim.resume()
    assert api.sim.url == url
    assert (await api.get("/devices"))[0] == 200


async def test_log_records_path_template_body_and_status(api: Api) -> None:
    """A request is found by cloud, path and method, with what was sent."""
    await api.post(ALGOPIN, HOURLY)
    await api.get("/devices/none")
    first, second = api.sim.requests.all
    assert first.template == "/igloohome/devices/{device_id}/algopin/{kind}"
    assert first.path == f"/igloohome{ALGOPIN}"
    assert (first.method, first.cloud, first.status) == ("POST", "igloohome", 200)
    assert first.body == HOURLY
    assert "Plumber" not in repr(first)
    assert (second.status, second.body) == (404, None)
    assert api.sim.requests.count("igloohome", method="post") == 1
    assert api.sim.requests.count("seam") == 0
    api.sim.requests.clear()
    assert api.sim.requests.all == []


@pytest.mark.parametrize(
    ("kind", "error", "acted"),
    [
        ("drop_before", ServerDisconnectedError, False),
        ("drop_after", ServerDisconnectedError, True),
        ("hang_before", ServerDisconnectedError, False),
        ("hang_after", ServerDisconnectedError, True),
        ("reset_midway", ClientPayloadError, True),
        ("truncated", json.JSONDecodeError, True),
    ],
)
async def test_lost_answers(
    api: Api, kind: str, error: type[Exception], acted: bool
) -> None:
    """Each way of losing an answer either acted or did not, as it says."""
    rule = api.sim.faults.add("/algopin/", kind, delay=0.02)
    with pytest.raises(error):
        await api.post(ALGOPIN, HOURLY)
    assert rule.hits == 1
    assert len(api.sim.igloohome.issued_distinct()) == acted
    (record,) = api.sim.requests.all
    assert record.fault == kind
    assert record.status == (200 if kind == "truncated" else 0)

    # The fault is used up: the repeated request succeeds with the same one PIN.
    status, _ = await api.post(ALGOPIN, HOURLY)
    assert status == 200
    assert [record.count for record in api.sim.igloohome.issued] == [1 + acted]


@pytest.mark.parametrize(("kind", "acted"), [("status", 0), ("status_after", 1)])
async def test_status_faults(api: Api, kind: str, acted: int) -> None:
    """A status comes with the cloud's usual body and Retry-After if asked."""
    api.sim.faults.add("/algopin/", kind, status=429, retry_after=7)
    async with api.http.post(
        api.sim.igloohome_api_url + ALGOPIN,
        json=HOURLY,
        headers={"Authorization": f"Bearer {api.token}"},
    ) as response:
        assert response.status == 429
        assert response.headers["Retry-After"] == "7"
        assert response.headers["Date"] == "Fri, 20 Nov 2026 10:20:00 GMT"
        assert await response.json() == {"message": "Too Many Requests"}
    assert len(api.sim.igloohome.issued) == acted


async def test_seam_error_body_of_a_status_fault(
    sim: Simulator, http: ClientSession
) -> None:
    """On Seam's side the body has Seam's shape."""
    sim.faults.add("^/seam/", "status", status=503)
    async with http.post(f"{sim.seam_api_url}/devices/list") as response:
        assert response.status == 503
        assert await response.json() == {
            "error": {
                "type": "internal_server_error",
                "message": "Internal Server Error",
            },
            "ok": False,
        }
    assert sim.requests.count("seam") == 1


async def test_other_answers(api: Api) -> None:
    """HTML, a text body and a replaced JSON answer."""
    faults = api.sim.faults
    faults.add("/devices", "html", retry_after=0.5)
    faults.add("/devices", "status", status=500, body="plain words")
    faults.add("/algopin/", "json", body={"pin": "1"}, status=201)
    seen = []
    for _ in range(2):
        async with api.http.get(
            f"{api.sim.igloohome_api_url}/devices",
            headers={"Authorization": f"Bearer {api.token}"},
        ) as response:
            seen.append((response.status, response.content_type))
            text = await response.text()
    assert seen == [(502, "text/html"), (500, "text/plain")]
    assert text == "plain words"
    assert await api.post(ALGOPIN, HOURLY) == (201, {"pin": "1"})
    assert len(api.sim.igloohome.issued) == 1


async def test_fault_acts_on_a_refused_request_too(api: Api) -> None:
    """A refusal of the cloud under a fault is no success."""
    api.sim.faults.add("/algopin/", "delay", delay=0.01)
    status, body = await api.post(ALGOPIN, {})
    assert (status, body) == (400, {"error": "'startDate' is required"})


async def test_skip_times_method_and_clear(api: Api) -> None:
    """A rule passes the first, hits some, and minds the method."""
    rule = api.sim.faults.add(
        "/devices", "status", method="get", status=500, skip=1, times=2
    )
    endless = api.sim.faults.add("/jobs/", "status", status=503, times=None)
    assert (await api.post(ALGOPIN, HOURLY))[0] == 200
    statuses = [(await api.get("/devices"))[0] for _ in range(4)]
    assert statuses == [200, 500, 500, 200]
    assert rule.hits == 2
    assert [(await api.get("/jobs/x"))[0] for _ in range(3)] == [503] * 3
    assert api.sim.faults.remove(endless.id)
    assert not api.sim.faults.remove(endless.id)
    assert (await api.get("/jobs/x"))[0] == 404
    assert api.sim.faults.rules == [rule]
    api.sim.faults.clear()
    assert api.sim.faults.rules == []


async def test_delay_waits_and_then_acts(api: Api) -> None:
    """A delayed request is answered normally, later."""
    api.sim.faults.add("/devices", "delay", delay=0.1)
    begin = monotonic()
    assert (await api.get("/devices"))[0] == 200
    assert monotonic() - begin >= 0.1


@pytest.mark.parametrize("end", ["stop", "pause"])
async def test_hanging_ends_at_once(api: Api, end: str) -> None:
    """Stopping or pausing does not wait for a hanging request."""
    api.sim.faults.add("/devices", "hang_before", times=None, delay=3600)
    task = create_task(api.get("/devices"))
    while not api.sim.requests.all:
        await sleep(0.01)
    begin = monotonic()
    await getattr(api.sim, end)()
    with pytest.raises(ClientError):
        await task
    assert monotonic() - begin < 60


def test_impossible_fault() -> None:
    """A rule that could not work is refused when it is made."""
    with pytest.raises(ValueError, match="nonsense"):
        Fault("/", "nonsense")  # type: ignore[arg-type]


async def test_stop_before_start() -> None:
    """Stopping and pausing what never ran is harmless."""
    simulator = Simulator(scenario="empty")
    assert simulator.port == 0
    await simulator.pause()
    await simulator.resume()
    await simulator.stop()


async def test_follows_frozen_time(freezer: FrozenDateTimeFactory) -> None:
    """A test that freezes the computer's time freezes the simulator."""
    clock = Clock()
    freezer.move_to("2026-12-24T18:00:00+00:00")
    before = clock.now()
    freezer.tick(60)
    assert clock.now() - before == timedelta(seconds=60)
