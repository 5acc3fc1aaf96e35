"""Whatever happens on the way to igloohome: one code for one call, none lost."""

import asyncio
from collections.abc import Generator, Iterator
from datetime import timedelta
from typing import Any, NamedTuple
from unittest.mock import patch

from homeassistant.config_entries import SOURCE_REAUTH
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.igloohome_access.const import DOMAIN
from custom_components.igloohome_access.model import CodeKind, RecordState
from simulator import Simulator

from .codes import (
    FIELDS,
    NAME,
    assert_nothing_lost,
    create,
    live_pins,
    lock_of,
    records_of,
    settle,
)
from .conftest import SetUp
from .faults import WhileHanging, fails, issue

ALGOPIN = "/algopin/"


class Case(NamedTuple):
    """A fault, and what a call that meets nothing else says and leaves behind.

    ``made`` is how many codes the cloud has made then, ``requests`` how often it was
    asked. ``once`` tells whether a call that meets it once goes well.
    """

    fault: dict[str, Any]
    error: str
    made: int = 0
    requests: int = 3
    once: bool = True

    @property
    def unclear(self) -> bool:
        """Return whether nobody can say what became of the request."""
        return self.error == "outcome_unknown"


HANG = {"delay": 5.0}
CASES = {
    "time-out before": Case({"kind": "hang_before", **HANG}, "outcome_unknown"),
    "time-out after": Case({"kind": "hang_after", **HANG}, "outcome_unknown", made=1),
    "dropped before": Case({"kind": "drop_before"}, "outcome_unknown"),
    "dropped after": Case({"kind": "drop_after"}, "outcome_unknown", made=1),
    "reset while answering": Case({"kind": "reset_midway"}, "outcome_unknown", made=1),
    "500": Case({"kind": "status", "status": 500}, "outcome_unknown"),
    "500 after": Case({"kind": "status_after", "status": 500}, "outcome_unknown", 1),
    "HTML 502": Case({"kind": "html"}, "outcome_unknown"),
    "truncated": Case({"kind": "truncated"}, "outcome_unknown", made=1),
    "no PIN": Case({"kind": "json", "body": {"pinId": "1"}}, "outcome_unknown", made=1),
    "empty PIN": Case({"kind": "json", "body": {"pin": ""}}, "outcome_unknown", made=1),
    "list": Case({"kind": "json", "body": []}, "outcome_unknown", made=1),
    # Sent again with a new token, by the client.
    "401": Case({"kind": "status", "status": 401}, "cloud_auth_failed", requests=2),
    "403": Case(
        {"kind": "status", "status": 403}, "cloud_permission_missing", requests=2
    ),
    "404": Case(
        {"kind": "status", "status": 404}, "cloud_not_found", requests=1, once=False
    ),
    "400": Case(
        {"kind": "status", "status": 400}, "cloud_refused", requests=1, once=False
    ),
    "429": Case({"kind": "status", "status": 429}, "cloud_rate_limited"),
    "429 for a moment": Case(
        {"kind": "status", "status": 429, "retry_after": 0}, "cloud_rate_limited"
    ),
    "429 for an hour": Case(
        {"kind": "status", "status": 429, "retry_after": 3600},
        "cloud_rate_limited",
        requests=1,
        once=False,
    ),
    "portal page": Case({"kind": "html", "status": 404}, "cloud_unreachable"),
}
KINDS = list(FIELDS)


@pytest.fixture(autouse=True)
def impatient(simulator: Simulator) -> Generator[None]:
    """Wait for an answer for a moment only."""
    policy = WhileHanging(faults=simulator.faults, write_timeout=0.5, pause=0)
    with patch(
        "custom_components.igloohome_access.clouds.http.DEFAULT_POLICY",
        policy,
    ):
        yield


@pytest.fixture
async def entry(igloohome_entry: MockConfigEntry, set_up: SetUp) -> MockConfigEntry:
    """Return an igloohome account that is set up."""
    return await set_up(igloohome_entry)


def requests(simulator: Simulator) -> int:
    """Return how often a code was asked for."""
    return simulator.requests.count(cloud="igloohome", path=ALGOPIN)


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
    simulator.faults.add(ALGOPIN, times=None, **case.fault)
    error = await fails(hass, entry, kind)
    assert error.translation_key == case.error
    assert requests(simulator) == case.requests
    assert len(live_pins(simulator)) == case.made
    reauth = hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    assert [flow["context"]["source"] for flow in reauth] == (
        [SOURCE_REAUTH] if case.error == "cloud_auth_failed" else []
    )
    if not case.unclear:
        assert records_of(entry) == []
        assert issue(hass) is None
    else:
        (record,) = records_of(entry)
        assert record.state is RecordState.REQUESTED
        assert issue(hass) == "code_outcome_unknown"

    simulator.faults.clear()
    await settle(hass, entry)
    assert_nothing_lost(entry, simulator)
    assert len(live_pins(simulator)) == case.unclear
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
    simulator.faults.add(ALGOPIN, **case.fault)
    code = await create(hass, entry, lock_of(entry), kind)
    assert requests(simulator) == 2
    assert {(lock_of(entry), code["pin"])} == live_pins(simulator)
    assert_nothing_lost(entry, simulator)
    assert issue(hass) is None


@pytest.mark.parametrize(
    ("fault", "error", "left"),
    [
        # The credentials can be put right, and then the code is finished.
        ({"kind": "status", "status": 401}, "outcome_unknown", RecordState.REQUESTED),
        ({"kind": "status", "status": 403}, "outcome_unknown", RecordState.REQUESTED),
        ({"kind": "status", "status": 429}, "outcome_unknown", RecordState.REQUESTED),
        (
            {"kind": "status", "status": 429, "retry_after": 3600},
            "outcome_unknown",
            RecordState.REQUESTED,
        ),
        ({"kind": "html", "status": 404}, "outcome_unknown", RecordState.REQUESTED),
        # Nobody has the PIN, and nobody is going to get it.
        ({"kind": "status", "status": 400}, "cloud_refused", RecordState.FAILED),
        ({"kind": "status", "status": 404}, "cloud_not_found", RecordState.FAILED),
    ],
)
async def test_refused_after_a_lost_answer(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulator: Simulator,
    fault: dict[str, Any],
    error: str,
    left: RecordState,
) -> None:
    """Do not take a refusal for the answer to the request before it."""
    simulator.faults.add(ALGOPIN, "drop_after")
    simulator.faults.add(ALGOPIN, times=None, **fault)
    assert (await fails(hass, entry, CodeKind.HOURLY)).translation_key == error
    assert len(live_pins(simulator)) == 1
    (record,) = records_of(entry)
    assert record.state is left
    if left is RecordState.FAILED:
        assert record.failure == error
        assert record.failure_detail == "Internal Server Error"
        assert issue(hass) == "code_failed"
        return
    simulator.faults.clear()
    await settle(hass, entry)
    assert_nothing_lost(entry, simulator)
    assert issue(hass) is None


async def test_hour_turns_between_attempts(
    hass: HomeAssistant, entry: MockConfigEntry, simulator: Simulator
) -> None:
    """Say that the code was not made when its start has become too old to ask for.

    The first request has made it, but nobody has its PIN or will ever get it.
    """
    simulator.faults.add(ALGOPIN, "hang_after", delay=5.0)

    def attempts() -> Iterator[float]:
        yield 0
        now = simulator.clock.now()
        hour = now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
        simulator.clock.set(hour)
        yield 0

    with patch("custom_components.igloohome_access.issuing.ATTEMPT_PAUSES", attempts()):
        error = await fails(hass, entry, CodeKind.HOURLY)
    assert error.translation_key == "cloud_refused"
    assert error.translation_placeholders is not None
    assert "startDate" in error.translation_placeholders["detail"]
    (record,) = records_of(entry)
    assert (record.state, record.failure) == (RecordState.FAILED, "cloud_refused")
    assert record.pin is None
    assert issue(hass) == "code_failed"
    await settle(hass, entry)
    assert requests(simulator) == 2


async def test_connection_refused(
    hass: HomeAssistant, entry: MockConfigEntry, simulator: Simulator
) -> None:
    """Leave nothing behind when the request certainly did not leave."""
    await simulator.pause()
    # Until the client has seen that its idle connections were closed.
    await asyncio.sleep(0.05)
    error = await fails(hass, entry, CodeKind.HOURLY)
    assert error.translation_key == "cloud_unreachable"
    assert records_of(entry) == []
    await simulator.resume()
    await create(hass, entry, lock_of(entry))
    assert_nothing_lost(entry, simulator)


async def test_token_fails(
    hass: HomeAssistant, entry: MockConfigEntry, simulator: Simulator
) -> None:
    """Free the reservation when not even a token was to be had."""
    simulator.igloohome.revoke_tokens()
    simulator.faults.add("/oauth2/token", "status", status=401, times=None)
    error = await fails(hass, entry, CodeKind.HOURLY)
    assert error.translation_key == "cloud_auth_failed"
    assert records_of(entry) == []
    assert live_pins(simulator) == set()


async def test_permission_missing(
    hass: HomeAssistant, igloohome_entry: MockConfigEntry, set_up: SetUp
) -> None:
    """Name the permission that is missing before anything is asked."""
    hass.config_entries._entries.clear()
    data = {
        **igloohome_entry.data,
        "client_id": "limited-client-id",
        "client_secret": "limited-client-secret",
    }
    entry = MockConfigEntry(domain=DOMAIN, unique_id="limited", data=data)
    await set_up(entry)
    error = await fails(hass, entry, CodeKind.DAILY)
    assert error.translation_key == "cloud_permission_missing"
    assert error.translation_placeholders is not None
    assert error.translation_placeholders["permission"] == "algopin-daily"
    assert records_of(entry) == []


async def test_same_number_for_every_attempt(
    hass: HomeAssistant, entry: MockConfigEntry, simulator: Simulator
) -> None:
    """Repeat a request as it was, after a restart too."""
    await create(hass, entry, lock_of(entry))
    simulator.faults.add(ALGOPIN, "drop_before", times=None)
    await fails(hass, entry, CodeKind.HOURLY, name="Second")
    await hass.config_entries.async_reload(entry.entry_id)
    simulator.faults.clear()
    await hass.async_block_till_done(wait_background_tasks=True)
    await settle(hass, entry)
    bodies = [
        request.body for request in simulator.requests.all if ALGOPIN in request.path
    ]
    assert len(bodies) >= 5
    assert bodies[0]["variance"] == 1
    assert bodies[1] == bodies[0] | {"variance": 2, "accessName": "Second"}
    assert all(body == bodies[1] for body in bodies[2:])
    assert_nothing_lost(entry, simulator)
    assert [r.name for r in records_of(entry)] == [NAME, "Second"]
