"""The demo's bookings: when their history begins, and what is kept of their feeds."""

from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from devtools.demo_bookings import (
    PROPERTIES,
    expected_statuses,
    restore_feeds,
    save_feeds,
    start_of_history,
)
from devtools.simulator_process import SimulatorProcess
from simulator import Simulator

BERLIN = ZoneInfo("Europe/Berlin")
TODAY = date(2026, 11, 20)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-11-20T10:00:00", "2026-11-19T23:30:00"),
        ("2026-11-20T23:59:00", "2026-11-19T23:30:00"),
        ("2026-11-20T00:04:00", "2026-11-19T22:00:00"),
        ("2026-11-20T01:40:00", "2026-11-19T23:30:00"),
    ],
)
def test_start_of_history(now: str, expected: str) -> None:
    """Midnight lies in between, and time enough for a cancellation to be believed."""
    moment = datetime.fromisoformat(now).replace(tzinfo=BERLIN)
    begin = start_of_history(moment)
    assert begin == datetime.fromisoformat(expected).replace(tzinfo=BERLIN)
    assert begin.date() < moment.date()
    assert moment - begin >= timedelta(hours=2)


def test_every_state_is_shown() -> None:
    """The demo has a booking in each state that lasts."""
    statuses = expected_statuses(TODAY)
    assert len(statuses) == sum(
        stay.status is not None for home in PROPERTIES for stay in home.stays
    )
    assert set(statuses.values()) == {
        "planned",
        "ready",
        "failed",
        "too_long",
        "cancelled",
    }
    assert any(stay.was for home in PROPERTIES for stay in home.stays)
    assert any(stay.status is None for home in PROPERTIES for stay in home.stays)


@pytest.fixture
def control(simulator: Simulator, tmp_path: Path) -> SimulatorProcess:
    """Return the control interface of a simulator."""
    return SimulatorProcess(port=simulator.port, output=tmp_path / "output")


async def test_feeds_are_kept(
    simulator: Simulator, control: SimulatorProcess, tmp_path: Path
) -> None:
    """A new simulator has the bookings of the one before, as they were."""
    path = tmp_path / "feeds.json"
    assert await restore_feeds(control, path, TODAY) == []
    for home in PROPERTIES:
        feed = {"portal": home.portal}
        await control.control("PUT", f"feeds/{home.feed}", feed)
        for stay in home.stays:
            body = stay.body(TODAY, stay.days)
            await control.control("PUT", f"feeds/{home.feed}/stays/{stay.key}", body)
    await control.control("PATCH", "feeds/beach-house", {"state": "down"})
    before = await control.control("GET", "feeds")
    await save_feeds(control, path)
    simulator.reset("demo")
    assert await restore_feeds(control, path, TODAY) == [
        home.feed for home in PROPERTIES
    ]
    assert await control.control("GET", "feeds") == before


async def test_a_demo_goes_on(
    simulator: Simulator, control: SimulatorProcess, tmp_path: Path
) -> None:
    """When all stays have begun, there are new ones, once."""
    path = tmp_path / "feeds.json"
    await control.control("PUT", "feeds/beach", {})
    stay = {"starts_on": "2026-11-17", "ends_on": "2026-11-22"}
    await control.control("PUT", "feeds/beach/stays/old", stay)
    for day in (date(2026, 11, 17), date(2026, 11, 17), date(2026, 11, 18)):
        await save_feeds(control, path)
        simulator.reset("demo")
        await restore_feeds(control, path, day)
        stays = simulator.feeds.by_name["beach"].stays
        assert sorted(stays) == [
            "current-2026-11-17",
            "next-2026-11-17",
            "old",
            "upcoming-2026-11-17",
        ]
        assert stays["next-2026-11-17"].starts_on == date(2026, 11, 20)
