"""Whatever happens on the way to Seam: one code for one call, none lost."""

from collections.abc import Generator
from datetime import timedelta
from typing import Any, NamedTuple
from unittest.mock import patch

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.igloohome_access.model import CodeKind, RecordState
from simulator import Simulator
from simulator.seam.scenarios import SEAM_LOCK_BRIDGED

from .codes import assert_nothing_lost, create, live_pins, lock_of, records_of, settle
from .conftest import SetUp
from .faults import WhileHanging, fails, issue

BASE = "custom_components.igloohome_access"
CREATE = "/seam/access_codes/create$"
LIST = "/seam/access_codes/list$"
KINDS = [CodeKind.HOURLY, CodeKind.DAILY, CodeKind.ONE_TIME]
HANG = {"delay": 5.0}


class Case(NamedTuple):
    """A fault, what a call that meets nothing else says, and how often it asks.

    ``made``: the cloud acts although its answer is lost; then the code is found.
    ``once`` tells whether a call that meets the fault once goes well.
    """

    fault: dict[str, Any]
    error: str | None
    requests: int
    made: bool = False
    once: bool = True


# A request that did nothing is made twice: again when two looks have found nothing.
CASES = {
    "time-out before": Case({"kind": "hang_before", **HANG}, "outcome_unknown", 2),
    "time-out after": Case({"kind": "hang_after", **HANG}, None, 1, made=True),
    "dropped before": Case({"kind": "drop_before"}, "outcome_unknown", 2),
    "dropped after": Case({"kind": "drop_after"}, None, 1, made=True),
    "reset while answering": Case({"kind": "reset_midway"}, None, 1, made=True),
    "500": Case({"kind": "status", "status": 500}, "outcome_unknown", 2),
    "500 after": Case({"kind": "status_after", "status": 500}, None, 1, made=True),
    "HTML 502": Case({"kind": "html"}, "outcome_unknown", 2),
    "truncated": Case({"kind": "truncated"}, None, 1, made=True),
    "no code": Case({"kind": "json", "body": {"ok": True}}, None, 1, made=True),
    "401": Case({"kind": "status", "status": 401}, "cloud_auth_failed", 1, once=False),
    "403": Case(
        {"kind": "status", "status": 403}, "cloud_permission_missing", 1, once=False
    ),
    "404": Case({"kind": "status", "status": 404}, "cloud_not_found", 1, once=False),
    "400": Case({"kind": "status", "status": 400}, "cloud_refused", 1, once=False),
    "429": Case({"kind": "status", "status": 429}, "cloud_rate_limited", 3),
    "429 for a moment": Case(
        {"kind": "status", "status": 429, "retry_after": 0}, "cloud_rate_limited", 3
    ),
    "429 for an hour": Case(
        {"kind": "status", "status": 429, "retry_after": 3600},
        "cloud_rate_limited",
        1,
        once=False,
    ),
    "portal page": Case({"kind": "html", "status": 404}, "cloud_unreachable", 3),
}


@pytest.fixture(autouse=True)
def impatient(simulator: Simulator) -> Generator[None]:
    """Wait for an answer for a moment only, and do not wait for it to come late."""
    policy = WhileHanging(faults=simulator.faults, write_timeout=0.5, pause=0)
    with (
        patch(f"{BASE}.clouds.http.DEFAULT_POLICY", policy),
        patch(f"{BASE}.issuing.SETTLING", timedelta()),
    ):
        yield


@pytest.fixture
async def entry(
    seam_entry: MockConfigEntry, set_up: SetUp, simulator: Simulator
) -> MockConfigEntry:
    """Return a Seam account that is set up; a new code has its PIN at once."""
    simulator.seam.switches.pin_assignment_seconds = 0
    simulator.seam.switches.rate_limits = False
    return await set_up(seam_entry)


def requests(simulator: Simulator) -> int:
    """Return how often a code was asked for."""
    return simulator.requests.count(cloud="seam", path=CREATE)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("case", CASES.values(), ids=list(CASES))
async def test_again_and_again(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulator: Simulator,
    kind: CodeKind,
    case: Case,
) -> None:
    """Say what happened, make nothing twice, and finish it when the cloud is back."""
    simulator.faults.add(CREATE, times=None, **case.fault)
    if case.error is None:
        code = await create(hass, entry, lock_of(entry), kind)
        assert code["pin"] in {pin["pin"] for pin in simulator.seam.issued_pins()}
    else:
        assert (await fails(hass, entry, kind)).translation_key == case.error
    assert requests(simulator) == case.requests
    assert len(live_pins(simulator)) == case.made
    states = [record.state for record in records_of(entry)]
    unclear = case.error == "outcome_unknown"
    if unclear:
        assert states == [RecordState.REQUESTED]
        assert issue(hass) == "code_outcome_unknown"
    else:
        assert states == [RecordState.ISSUED] * case.made
        assert issue(hass) is None

    simulator.faults.clear()
    await settle(hass, entry)
    assert_nothing_lost(entry, simulator)
    assert len(live_pins(simulator)) == (case.made or unclear)
    assert issue(hass) is None


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "case",
    [case for case in CASES.values() if case.once],
    ids=[name for name, case in CASES.items() if case.once],
)
async def test_once(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulator: Simulator,
    kind: CodeKind,
    case: Case,
) -> None:
    """Get over a fault without anybody noticing."""
    simulator.faults.add(CREATE, **case.fault)
    code = await create(hass, entry, lock_of(entry), kind)
    assert requests(simulator) == (1 if case.made else 2)
    (pin,) = simulator.seam.issued_pins()
    assert code["pin"] == pin["pin"]
    assert code["kind"] == kind
    assert_nothing_lost(entry, simulator)
    assert issue(hass) is None


@pytest.mark.parametrize("shape", ["new", "t977", "old"])
@pytest.mark.parametrize("kind", KINDS)
async def test_recognised_in_every_shape(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulator: Simulator,
    shape: Any,
    kind: CodeKind,
) -> None:
    """Find a code of ours in answers of every age."""
    simulator.seam.switches.object_shape = shape
    simulator.seam.switches.microseconds = True
    simulator.seam.switches.extra_keys = True
    simulator.faults.add(CREATE, "drop_after")
    await create(hass, entry, SEAM_LOCK_BRIDGED, kind)
    assert requests(simulator) == 1
    assert_nothing_lost(entry, simulator)
