"""What comes due while a property is at work: a computer that slept, a slow disk."""

from dataclasses import replace
from datetime import date, timedelta
from unittest.mock import patch

from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components.igloohome_access.bookings.actions import Announcement, DropFailed
from custom_components.igloohome_access.bookings.runner import READ_EVERY
from custom_components.igloohome_access.model import CodeStatus, RecordState
from simulator.seam.scenarios import SEAM_LOCK_BRIDGED
from tests.codes import account_of

from .host import Host, OpenHost
from .house import HOUR, MINUTE, kinds

SECOND = timedelta(seconds=1)

pytestmark = pytest.mark.usefixtures("quiet_log", "quick_bridge")


# A poll that the jump of the clock breaks off must not wait for a clock that stands.
@pytest.mark.usefixtures("instant_reads")
async def test_a_read_that_came_due_meanwhile(host: Host) -> None:
    """The clock jumps while a code is being made: the read is made at once, once."""

    told: list[Announcement] = []

    def sleep(news: Announcement) -> None:
        if not told:
            host.freezer.tick(READ_EVERY + MINUTE)
        told.append(news)

    host.runner.async_hear(sleep)
    host.calendar.book("a@feed", date(2026, 11, 23), date(2026, 11, 26))
    while not told:
        await host.pass_time(MINUTE, MINUTE)
    read = len(host.calendar.asked)
    await host.pass_time(SECOND, SECOND)
    assert len(host.calendar.asked) == read + 1
    for _ in range(20):
        await host.pass_time(MINUTE, MINUTE)
    assert len(host.calendar.asked) == read + 1


async def test_a_guest_who_came_meanwhile(host: Host) -> None:
    """Check-in passes while work is under way: the sensors follow at once."""
    await host.book_soon()
    runner = host.runner
    [state] = runner.bookings
    host.freezer.move_to(state.stay.check_in - MINUTE)
    async_fire_time_changed(host.hass)
    await host.settle()
    assert host.sensor("guest_code").state == "unknown"
    keep = runner._async_keep

    async def slow() -> None:
        await keep()
        host.freezer.move_to(state.stay.check_in + SECOND)

    with patch.object(runner, "_async_keep", slow):
        runner._async_work_soon()
        await host.settle()
    await host.pass_time(SECOND, SECOND)
    assert host.sensor("guest_code").state == "ready"


async def test_trouble_does_not_make_it_busy(host: Host) -> None:
    """What is overdue and breaks is tried again after a minute, not at once."""
    await host.book_soon()
    path = "custom_components.igloohome_access.bookings.runner.async_read_calendar"
    with patch(path, side_effect=RuntimeError("odd")) as read:
        for calls, wait in (
            (1, READ_EVERY),
            (1, SECOND),
            (1, 55 * SECOND),
            (2, MINUTE),
        ):
            await host.pass_time(wait, wait)
            assert read.call_count == calls
            task = host.runner._task
            assert task is not None
            assert str(task.exception()) == "odd"


# Attempts that fail


async def test_one_failed_code_in_the_list(open_host: OpenHost) -> None:
    """However often it fails; none once it works; each attempt has other digits."""
    host = await open_host(code_source="phone")
    told = host.listen()
    switches = host.simulator.igloohome.switches
    switches.pin_capacity = 0
    pins: list[str | None] = []
    await host.book(description="Phone Number (Last 4 Digits): 7318")
    for _ in range(5):
        [failed] = host.online_records()
        assert failed.state is RecordState.FAILED
        pins.append(failed.pin)
        statuses = [
            one
            for one in host.hass.states.async_all("sensor")
            if one.state == CodeStatus.FAILED and "code_id" in one.attributes
        ]
        assert len(statuses) == 1
        await host.pass_time(HOUR)
    assert len(set(pins)) == len(pins) == 5
    assert pins[0] == "7318"
    assert kinds(told) == ["code_delayed"]
    switches.pin_capacity = 199
    await host.pass_time(HOUR)
    [made] = host.online_records()
    assert made.state is RecordState.ISSUED
    assert account_of(host.entry).book.status(made.code_id) is CodeStatus.SCHEDULED
    assert kinds(told) == ["code_delayed", "code_ready"]
    assert dt_util.utcnow() < made.window.starts_at


async def test_what_seam_has_and_cannot_make_does_not_pile_up(
    open_host: OpenHost,
) -> None:
    """One at a time waits for the lock there, and none once the next one works.

    None of them is told as ready: Seam takes each, but has not made it yet.
    """
    host = await open_host("seam")
    told = host.listen()
    host.simulator.seam.patch_device(SEAM_LOCK_BRIDGED, {"fail_programming": True})
    await host.book((22, 26))
    for _ in range(4):
        assert len(host.on_lock()) <= 2  # the one that failed, and its successor
        await host.pass_time(HOUR)
    hours = len(host.online_records())
    assert hours > 3
    assert kinds(told) == ["code_delayed"]
    host.simulator.seam.patch_device(SEAM_LOCK_BRIDGED, {"fail_programming": False})
    await host.pass_time(2 * HOUR)
    ((pin, _, _),) = host.on_lock()
    book = account_of(host.entry).book
    live = [
        record.pin
        for record in host.online_records()
        if book.status(record.code_id) is CodeStatus.SCHEDULED
    ]
    assert live == [pin]
    assert host.arrival.state == "ready"
    assert kinds(told) == ["code_delayed", "code_ready"]


async def test_seam_takes_its_time(open_host: OpenHost) -> None:
    """A code is ready when it is on the lock, also when that shows in nothing else."""
    host = await open_host("seam")
    told = host.listen()
    host.simulator.seam.switches.programming_seconds = 7200
    await host.book((22, 26))
    [record] = host.online_records()
    book = account_of(host.entry).book
    for _ in range(2):
        assert book.status(record.code_id) is CodeStatus.SCHEDULED
        assert host.arrival.state == "issuing"
        assert kinds(told) == []
        await host.pass_time(10 * MINUTE)
    await host.pass_time(2 * HOUR)
    assert book.status(record.code_id) is CodeStatus.SCHEDULED
    assert host.arrival.state == "ready"
    assert kinds(told) == ["code_ready"]


async def test_a_failed_code_that_came_to_life(host: Host) -> None:
    """What is not failed, or not any more, is left alone when its turn comes."""
    await host.book_soon()
    runner = host.runner
    [record] = host.records()
    await runner._async_drop(DropFailed("a", record.code_id))
    await runner._async_drop(DropFailed("a", "gone"))
    assert host.records() == [record]
    failed = replace(record, state=RecordState.FAILED, pin=None, cloud_id=None)
    await account_of(host.entry).book.async_update(failed)
    await runner._async_drop(DropFailed("a", record.code_id))
    assert failed not in host.records()
