"""When the calendar is read, and what comes of one that fails."""

from homeassistant.util import dt as dt_util
import pytest

from .host import Host
from .house import HOUR, MINUTE, issues, kinds

pytestmark = pytest.mark.usefixtures("quiet_log")


async def test_an_empty_calendar_cancels_nothing(host: Host) -> None:
    """After a day an issue explains it; it goes away with the next good read."""
    told = host.listen()
    await host.book_soon()
    told.clear()
    events, host.calendar.events = host.calendar.events, {}
    await host.pass_time(25 * HOUR, 30 * MINUTE)
    assert kinds(told) == ["calendar_empty"]
    assert issues(host.hass) == {"booking_calendar_empty"}
    host.calendar.events = events
    await host.pass_time(HOUR)
    assert issues(host.hass) == set()
    assert host.arrival.state == "ready"


@pytest.mark.parametrize("how", ["update", "read", "unavailable", "gone"])
async def test_a_failing_calendar(host: Host, how: str) -> None:
    """What cannot be read afresh cancels nothing, and is told after a day."""
    await host.book_soon()
    match how:
        case "update":
            host.calendar.update_error = RuntimeError("the feed said no")
        case "read":
            host.calendar.read_error = RuntimeError("the feed said no")
        case "unavailable":
            host.calendar.set_available(False)
        case "gone":
            await host.calendar.async_remove()
    host.calendar.events = {}
    reads = len(host.calendar.asked)
    await host.pass_time(25 * HOUR, 30 * MINUTE)
    assert (len(host.calendar.asked) > reads) is (how == "read")
    assert host.runner.last_read_ok is False
    assert issues(host.hass) == {"booking_calendar_failing"}
    assert host.arrival.state == "ready"
    await host.restart()
    assert issues(host.hass) == {"booking_calendar_failing"}


async def test_nearly_there(host: Host) -> None:
    """The calendar is read every half hour, and oftener before an arrival."""
    await host.pass_time(2 * HOUR)
    assert host.calendar.updates == 5
    await host.book_soon()
    host.freezer.move_to("2026-11-23 11:05:00+00:00")
    await host.pass_time(HOUR)
    before = host.calendar.updates
    await host.pass_time(HOUR)
    assert host.calendar.updates - before == 6


async def test_a_clock_that_was_set_back(host: Host) -> None:
    """A read that another clock put off is not waited for."""
    host.freezer.move_to("2026-11-18 12:00:00+00:00")
    before = host.calendar.updates
    host.runner._async_wake(dt_util.utcnow())
    await host.settle()
    assert host.calendar.updates == before + 1
