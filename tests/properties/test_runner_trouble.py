"""Codes of bookings that cannot be made at once, or at all."""

from unittest.mock import patch

from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
import pytest

from custom_components.igloohome_access.bookings.runner import MOST_ROUNDS
from custom_components.igloohome_access.clouds.base import (
    CloudAuthError,
    OutcomeUnknownError,
)
from custom_components.igloohome_access.ledger import LedgerUnwritableError
from custom_components.igloohome_access.model import RecordState
from custom_components.igloohome_access.rules import RuleViolation

from .host import Host, OpenHost
from .house import DAY, HOUR, MINUTE, issues, kinds, property_entity

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


async def test_no_spare_code(open_host: OpenHost) -> None:
    """The guest has the code for the stay, and nobody is told otherwise."""
    host = await open_host(code_source="algopin", backup_code=True)
    host.simulator.faults.add("/algopin/onetime", "status", status=400, times=None)
    await host.book()
    await host.pass_time(84 * HOUR, 30 * MINUTE)
    assert host.sensor("guest_code").state == "ready"
    assert issues(host.hass) == {"booking_spare_code_failed"}
    [issue] = [
        one
        for one in ir.async_get(host.hass).issues.values()
        if one.translation_key == "booking_spare_code_failed"
    ]
    assert issue.severity is ir.IssueSeverity.WARNING
    # To try again would be to replace the code of a guest who is there.
    assert not issue.is_fixable
    await host.pass_time(DAY, HOUR)
    assert issues(host.hass) == set()


async def test_the_button_when_it_fails(host: Host) -> None:
    """Whoever presses learns why; the guest keeps a code, and no dates changed."""
    await host.book_soon()
    told = host.listen()
    host.simulator.faults.add("/algopin/", "status", status=400, times=None)
    button = property_entity(host.hass, host.entry, "button", "issue_arrival_code")
    with pytest.raises(HomeAssistantError) as failed:
        await host.hass.services.async_call(
            "button", "press", {"entity_id": button}, blocking=True
        )
    assert failed.value.translation_key == "booking_code_not_made"
    placeholders = failed.value.translation_placeholders
    assert placeholders is not None
    assert placeholders["property"] == "Beach house"
    assert placeholders["reason"].startswith("The cloud refused this")
    assert kinds(told) == ["code_delayed"]
    assert [record.superseded_at for record in host.records()] == [None]


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
