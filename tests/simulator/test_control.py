"""The control interface, for tests in other processes and for people."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
import json
from typing import Any

from aiohttp import ClientSession
import pytest

from simulator import Simulator
from simulator.igloohome.scenarios import LOCK_BRIDGED, PADLOCK
from simulator.requests import CloudName
from simulator.settings import apply_fields, reset_fields

from .igloohome_api import Api

HOURLY = {
    "variance": 1,
    "startDate": "2026-11-20T10:00:00+00:00",
    "endDate": "2026-11-20T12:00:00+00:00",
    "accessName": "Plumber",
}
ALGOPIN = f"/devices/{LOCK_BRIDGED}/algopin/hourly"


class Control:
    """The control interface over HTTP."""

    def __init__(self, sim: Simulator, http: ClientSession) -> None:
        """Talk to ``sim``."""
        self.sim = sim
        self.http = http

    async def __call__(
        self, method: str, path: str, body: Any = None, expect: int = 200
    ) -> Any:
        """Make a request that must be answered with status ``expect``."""
        async with self.http.request(
            method, f"{self.sim.url}/_control/{path}", json=body
        ) as response:
            answer = await response.json()
            assert response.status == expect, answer
            return answer


@pytest.fixture
def control(sim: Simulator, http: ClientSession) -> Control:
    """Return the control interface of the running simulator."""
    return Control(sim, http)


async def test_control_help(sim: Simulator, http: ClientSession) -> None:
    """People find the routes at the root and at /_control."""
    for path in ("/", "/_control"):
        async with http.get(sim.url + path) as response:
            assert "/_control/clock" in await response.text()


async def test_control_clock(control: Control) -> None:
    """The clock is set, moved, frozen and let go."""
    clock = control.sim.clock
    answer = await control("POST", "clock", {"now": "2027-01-01T00:00:00+01:00"})
    assert answer == {"now": "2026-12-31T23:00:00+00:00", "frozen": True}
    await control("POST", "clock", {"advance_seconds": 3600})
    assert clock.now() == datetime(2027, 1, 1, tzinfo=UTC)
    await control("POST", "clock", {"unfreeze": True})
    assert not clock.frozen
    await control("POST", "clock", {"now": "2027-02-01T00:00", "freeze": True})
    assert clock.now() == datetime(2027, 2, 1, tzinfo=UTC)
    await control("POST", "clock", {}, 400)
    await control("POST", "clock", {"later": 1}, 400)
    await control("POST", "clock", {"now": "tomorrow"}, 400)
    await control("POST", "clock", [], 400)


async def test_control_faults(control: Control) -> None:
    """Rules are added with checked fields, listed and removed."""
    rule = await control(
        "POST",
        "faults",
        {"path_regex": "/x", "kind": "status", "times": None, "delay": 1, "body": [1]},
    )
    assert (rule["kind"], rule["times"], rule["delay"], rule["body"]) == (
        "status",
        None,
        1.0,
        [1],
    )
    listed = await control("GET", "faults")
    assert listed == {"faults": [rule]}
    await control("DELETE", f"faults/{rule['id']}")
    await control("DELETE", f"faults/{rule['id']}", expect=404)
    refused: list[dict[str, Any]] = [
        {"path_regex": "/x"},
        {"path_regex": "/x", "kind": "nonsense"},
        {"path_regex": "(", "kind": "delay"},
        {"path_regex": "/x", "kind": "delay", "hits": 1},
        {"path_regex": "/x", "kind": "delay", "often": 1},
        {"path_regex": "/x", "kind": "delay", "times": "1"},
    ]
    for wrong in refused:
        error = await control("POST", "faults", wrong, 400)
        assert error["error"]
    await control("POST", "faults", {"path_regex": "/x", "kind": "delay"})
    await control("DELETE", "faults")
    assert control.sim.faults.rules == []


async def test_control_switches(control: Control) -> None:
    """Switches are set by name; a wrong one changes nothing."""
    answer = await control(
        "POST", "switches", {"igloohome": {"page_size": 3, "lock_job_seconds": 1}}
    )
    assert answer["igloohome"]["page_size"] == 3
    switches = control.sim.igloohome.switches
    assert switches.lock_job_seconds == 1.0
    refused: list[dict[str, Any]] = [
        {"igloohome": {"page_size": 4, "no_such": 1}},
        {"igloohome": {"page_size": "4"}},
        {"igloohome": {"page_size": True}},
        {"igloohome": {"old_start": "maybe"}},
        {"other": {}},
    ]
    for wrong in refused:
        await control("POST", "switches", wrong, 400)
    assert switches.page_size == 3
    await control("POST", "reset", {"scenario": "test"})
    assert control.sim.igloohome.switches.page_size == 50
    assert control.sim.igloohome.switches is switches


async def test_control_devices(control: Control, api: Api) -> None:
    """Devices are added, changed and removed while the cloud runs."""
    added = await control(
        "POST",
        "igloohome/devices",
        {
            "device_id": "IGX1",
            "name": "New",
            "keypad": True,
            "last_sync": "2026-11-19T08:00:00+01:00",
        },
    )
    assert added["locked"] is True
    assert (await api.get("/devices/IGX1"))[1]["lastSync"] == (
        "2026-11-19T08:00:00+01:00"
    )
    await control("PATCH", "igloohome/devices/IGX1", {"battery_level": 3})
    assert (await api.get("/devices/IGX1"))[1]["batteryLevel"] == 3
    for wrong in ({"battery_level": "3"}, {"device_id": "x"}, {"colour": "red"}):
        await control("PATCH", "igloohome/devices/IGX1", wrong, 400)
    await control("POST", "igloohome/devices", {"device_id": "IGX1", "name": ""}, 400)
    await control("POST", "igloohome/devices", {"name": "No id"}, 400)
    await control("DELETE", "igloohome/devices/IGX1")
    await control("DELETE", "igloohome/devices/IGX1", expect=404)
    await control("PATCH", "igloohome/devices/IGX1", {}, expect=404)
    assert (await api.get("/devices/IGX1"))[0] == 404


async def test_control_pins_requests_state_and_reset(
    control: Control, api: Api
) -> None:
    """Every PIN is told under /pins and under nothing else."""
    _, answer = await api.post(ALGOPIN, HOURLY)
    pins = await control("GET", "pins")
    (record,) = pins["igloohome"]
    assert record["pin"] == answer["pin"]
    assert (record["device"], record["kind"], record["variance"], record["count"]) == (
        LOCK_BRIDGED,
        "hourly",
        1,
        1,
    )
    state = await control("GET", "state")
    assert state["scenario"] == "test"
    assert state["igloohome"]["issued"] == 1
    assert state["igloohome"]["valid_tokens"] == 1
    assert answer["pin"] not in json.dumps(state)
    log = await control("GET", "requests")
    assert log["counters"] == {
        "POST /igloohome/devices/{device_id}/algopin/{kind}": 1,
    }
    assert log["requests"][0]["body"] == HOURLY
    await control("DELETE", "requests")
    assert api.sim.requests.all == []
    await control("POST", "reset", {"scenario": "nowhere"}, 400)
    await control("POST", "reset", {"scenario": "empty"})
    assert (await control("GET", "pins"))["igloohome"] == []
    assert (await api.get("/devices"))[0] == 401


async def test_control_keypad_and_tokens(control: Control, api: Api) -> None:
    """A person can type a PIN at a lock, and end all sessions."""
    path = f"igloohome/devices/{PADLOCK}/keypad"
    assert await control("POST", path, {"pin": "000000000"}) == {"opened": False}
    await control("POST", path, {"pin": 1}, 400)
    await control("POST", path, "1", 400)
    await control("POST", "igloohome/devices/none/keypad", {"pin": "1"}, 404)
    await control("POST", "igloohome/tokens/revoke")
    assert (await api.get("/devices"))[0] == 401
    assert "sim-client-secret" not in json.dumps(await control("GET", "state"))


class Colour(StrEnum):
    """An enum for the field checks."""

    RED = "red"


@dataclass
class Sample:
    """Every type of field the checks know."""

    colour: Colour = Colour.RED
    when: datetime | None = None
    numbers: list[int] = field(default_factory=list)
    table: dict[str, int] = field(default_factory=dict)
    ratio: float = 0.5
    text: str = ""
    cloud: CloudName = "igloohome"


def test_fields_of_every_type() -> None:
    """JSON values become what the fields are, and defaults come back."""
    sample = Sample()
    moment = datetime(2026, 11, 20, tzinfo=UTC)
    values: dict[str, Any] = {
        "colour": "red",
        "when": moment,
        "numbers": [1, 2],
        "table": {"a": 1},
        "ratio": 2,
        "text": "x",
        "cloud": "seam",
    }
    apply_fields(sample, values)
    assert sample == Sample(Colour.RED, moment, [1, 2], {"a": 1}, 2.0, "x", "seam")
    apply_fields(sample, {"when": None})
    assert sample.when is None
    reset_fields(sample)
    assert sample == Sample()


@pytest.mark.parametrize(
    "values",
    [
        {"colour": "blue"},
        {"when": "2026-11-20T10:00:00"},
        {"when": 5},
        {"numbers": 1},
        {"numbers": ["1"]},
        {"table": []},
        {"ratio": True},
        {"text": None},
        {"cloud": "large"},
        {"text": "good", "other": "bad"},
    ],
)
def test_wrong_fields_change_nothing(values: dict[str, Any]) -> None:
    """One wrong value refuses all."""
    sample = Sample()
    with pytest.raises(ValueError, match=next(reversed(values))):
        apply_fields(sample, values)
    assert sample == Sample()


def test_defaults_are_needed_for_a_reset() -> None:
    """A field without default cannot be reset."""

    @dataclass
    class Needy:
        need: int

    with pytest.raises(ValueError, match="need"):
        reset_fields(Needy(1))
