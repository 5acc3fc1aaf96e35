"""Codes of bookings that cannot be made at once, or at all."""

from unittest.mock import patch

from homeassistant.exceptions import HomeAssistantError
import pytest

from custom_components.igloohome_access.bookings.runner import MOST_ROUNDS
from custom_components.igloohome_access.clouds.base import (
    CloudAuthError,
    OutcomeUnknownError,
)
from custom_components.igloohome_access.ledger import LedgerUnwritableError
from custom_components.igloohome_access.model import RecordState
from custom_components.igloohome_access.rules import RuleViolation

from .host import Host
from .house import DAY, HOUR, MINUTE, issues, kinds

pytestmark = pytest.mark.usefixtures("quiet_log")


async def test_a_cloud_that_is_away(host: Host) -> None:
    """Tried every hour; told once when it fails and once when it works."""
    told = host.listen()
    host.simulator.faults.add("/algopin/", "status", status=400, times=None)
    await host.book_soon()
    state = host.arrival
    assert state.state == "retrying"
    assert state.attributes["reason"] == "cloud_refused"
    before = host.simulator.requests.count(path="/algopin/")
    await host.pass_time(3 * HOUR)
    assert host.simulator.requests.count(path="/algopin/") - before == 3
    assert kinds(told) == ["code_delayed"]
    assert told[0].attributes["reason"] == "cloud_refused"
    host.simulator.faults.clear()
    await host.pass_time(HOUR)
    assert kinds(told) == ["code_delayed", "code_ready", "first_use_deadline"]
    assert host.arrival.state == "ready"


async def test_given_up(host: Host) -> None:
    """At midnight after check-in it has failed; an issue says why, for the stay."""
    told = host.listen()
    host.simulator.faults.add("/algopin/", "status", status=400, times=None)
    await host.book_soon()
    await host.pass_time(84 * HOUR, 30 * MINUTE)
    assert kinds(told) == ["code_delayed", "code_failed"]
    assert issues(host.hass) == {"booking_code_failed"}
    assert host.sensor("guest_code").state == "failed"
    assert host.arrival.state == "unknown"
    await host.pass_time(3 * DAY, HOUR)
    assert issues(host.hass) == set()
    assert host.sensor("guest_code").state == "unknown"


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (RuleViolation("lock_full"), "lock_full"),
        (CloudAuthError("no"), "cloud_auth_failed"),
        (LedgerUnwritableError(), "ledger_unwritable"),
        (HomeAssistantError("odd"), "cloud_refused"),
        (OutcomeUnknownError(), None),
    ],
)
async def test_what_is_in_the_way(
    host: Host,
    error: Exception,
    reason: str | None,
) -> None:
    """Each failure is noted with its key; one that is unclear is the ledger's."""
    account = host.entry.runtime_data
    with patch.object(account.issuer, "async_issue", side_effect=error) as issue:
        await host.book_soon()
    state = host.arrival
    assert state.attributes["reason"] == reason
    if reason is None:
        # Nothing in this ledger: the number of plans in a row ends it.
        assert issue.call_count % MOST_ROUNDS == 0
    else:
        assert issue.call_count == 1
    flows = host.hass.config_entries.flow.async_progress_by_handler("igloohome_access")
    assert len(flows) == isinstance(error, CloudAuthError)


async def test_an_unclear_outcome(host: Host) -> None:
    """The request stays in the ledger and is finished later; one code in the end."""
    host.simulator.faults.add("/algopin/", "drop_after", times=None)
    await host.book_soon()
    (record,) = host.codes.values()
    assert record.state is RecordState.REQUESTED
    assert host.arrival.state == "issuing"
    host.simulator.faults.clear()
    await host.pass_time(20 * MINUTE)
    assert len(host.codes) == 1
    assert host.arrival.state == "ready"
