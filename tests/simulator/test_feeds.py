"""Booking feeds, as portals serve them, and what can be done to them."""

from typing import Any

from aiohttp import ClientSession
from ical.calendar_stream import IcsCalendarStream
import pytest

from simulator import Simulator

STAY = {"starts_on": "2026-11-23", "ends_on": "2026-11-26"}


async def _ask(
    sim: Simulator,
    http: ClientSession,
    method: str,
    path: str,
    body: Any = None,
    expect: int = 200,
) -> Any:
    """Make a request of the control interface."""
    url = f"{sim.url}/_control/feeds{path}"
    async with http.request(method, url, json=body) as response:
        assert response.status == expect
        return None if expect == 404 else await response.json()


async def _read(sim: Simulator, http: ClientSession, expect: int = 200) -> str:
    """Return what the feed serves."""
    async with http.get(f"{sim.url}/feeds/beach.ics") as response:
        assert response.status == expect
        return await response.text()


@pytest.mark.parametrize(
    ("portal", "title", "identity"),
    [
        ("airbnb", "Reserved", "@airbnb.com"),
        ("booking_com", "CLOSED - Not available", "@booking.com"),
        ("vrbo", "Reserved - " + "Erika Mustermann-" * 5, ""),
    ],
)
async def test_portals(
    sim: Simulator, http: ClientSession, portal: str, title: str, identity: str
) -> None:
    """Each writes its events in its way; they are calendars to any reader."""
    await _ask(sim, http, "PUT", "/beach", {"portal": portal})
    stay = STAY | {"guest": "Erika Mustermann-" * 5, "phone": "+49151555"}
    await _ask(sim, http, "PUT", "/beach/stays/a", stay)
    text = await _read(sim, http)
    assert all(len(line) <= 75 for line in text.split("\r\n"))
    (event,) = IcsCalendarStream.calendar_from_ics(text).events
    assert event.summary == title
    assert str(event.uid).endswith(identity)
    assert [event.start.isoformat(), event.end.isoformat()] == list(STAY.values())
    assert ("1555" in (event.description or "")) is (portal == "airbnb")


@pytest.mark.parametrize(
    ("portal", "title"),
    [
        ("airbnb", "Airbnb (Not available)"),
        ("booking_com", "CLOSED - Not available"),
        ("vrbo", "Blocked"),
    ],
)
async def test_blocked_days(
    sim: Simulator, http: ClientSession, portal: str, title: str
) -> None:
    """Days that the host keeps free are events too, and say nothing of a guest."""
    await _ask(sim, http, "PUT", "/beach", {"portal": portal})
    await _ask(sim, http, "PUT", "/beach/stays/a", STAY | {"kind": "blocked"})
    (event,) = IcsCalendarStream.calendar_from_ics(await _read(sim, http)).events
    assert (event.summary, event.description) == (title, None)


async def test_changes(sim: Simulator, http: ClientSession) -> None:
    """A booking that is moved keeps its identity; a cancelled one is gone."""
    await _ask(sim, http, "PUT", "/beach", {})
    await _ask(sim, http, "PUT", "/beach/stays/a", STAY)
    before = await _read(sim, http)
    await _ask(sim, http, "PUT", "/beach/stays/a", {"ends_on": "2026-11-28"})
    after = await _read(sim, http)
    assert after.replace("1128", "1126").split("UID") == before.split("UID")
    await _ask(sim, http, "DELETE", "/beach/stays/a")
    assert "VEVENT" not in await _read(sim, http)
    await _ask(sim, http, "DELETE", "/beach/stays/a", expect=404)
    answer = await _ask(sim, http, "GET", "")
    assert (answer["beach"]["reads"], answer["beach"]["stays"]) == (3, {})
    sim.reset("test")
    await _read(sim, http, expect=404)


async def test_faults(sim: Simulator, http: ClientSession) -> None:
    """A feed can be blank, something else, half, and away."""
    await _ask(sim, http, "PUT", "/beach", {})
    await _ask(sim, http, "PUT", "/beach/stays/a", STAY)
    whole = await _read(sim, http)
    served = {}
    for state in ("blank", "html", "truncated", "good"):
        await _ask(sim, http, "PATCH", "/beach", {"state": state})
        served[state] = await _read(sim, http)
    assert "VEVENT" not in served["blank"]
    assert "END:VCALENDAR" in served["blank"]
    assert served["html"].startswith("<!DOCTYPE")
    assert whole.startswith(served["truncated"])
    assert "END:VCALENDAR" not in served["truncated"]
    assert served["good"] == whole
    await _ask(sim, http, "PATCH", "/beach", {"state": "down"})
    await _read(sim, http, expect=503)


async def test_wrong_requests(sim: Simulator, http: ClientSession) -> None:
    """What makes no sense is refused and changes nothing."""
    await _ask(sim, http, "PUT", "/beach", {"portal": "what"}, expect=400)
    await _ask(sim, http, "PATCH", "/beach", {"state": "down"}, expect=404)
    await _ask(sim, http, "PUT", "/beach", {})
    await _ask(sim, http, "PATCH", "/beach", {"state": "what"}, expect=400)
    for body in (
        {"starts_on": "2026-11-23"},
        {"what": "x"},
        {"guest": 7},
        STAY | {"kind": "party"},
    ):
        await _ask(sim, http, "PUT", "/beach/stays/a", body, expect=400)
    assert sim.feeds.by_name["beach"].stays == {}
