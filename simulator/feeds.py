"""Booking feeds (ICS) shaped like those of Airbnb, Booking.com and Vrbo.

``GET /feeds/{name}.ics`` serves a feed; control routes under ``/_control/feeds`` add,
move and cancel bookings, and make the feed blank or break it. Guests and addresses are
invented; titles that repeat and blocked days that look like bookings are as hosts
report them (reference/product-lessons.md §3). Which further fields a portal writes is
from common knowledge of such feeds, not from a portal's own document.
"""

from dataclasses import asdict, dataclass, field
from datetime import date
from enum import StrEnum
import json
from typing import Any, Self
from uuid import NAMESPACE_URL, uuid5

from aiohttp import web

from .clock import Clock


class Portal(StrEnum):
    """Whose feed it looks like."""

    AIRBNB = "airbnb"
    BOOKING_COM = "booking_com"
    VRBO = "vrbo"


class FeedState(StrEnum):
    """What is wrong with a feed."""

    GOOD = "good"
    BLANK = "blank"
    """A calendar without any event."""
    HTML = "html"
    """A page that says something else, with status 200."""
    TRUNCATED = "truncated"
    """Half a calendar."""
    DOWN = "down"
    """Status 503."""


_PRODUCTS = {
    Portal.AIRBNB: "-//Airbnb Inc//Hosting Calendar 1.0//EN",
    Portal.BOOKING_COM: "-//admin.booking.com//Calendar//EN",
    Portal.VRBO: "-//HomeAway.com\\, Inc.//EN",
}
_FOLD = 74


class StayKind(StrEnum):
    """What an event of a feed stands for."""

    RESERVED = "reserved"
    BLOCKED = "blocked"
    """Days the host keeps free; on Booking.com they look like a booking."""


@dataclass(slots=True)
class Stay:
    """A booking: first day, day of departure, and who comes."""

    starts_on: date
    ends_on: date
    guest: str = "Guest"
    phone: str = "0123"
    kind: StayKind = StayKind.RESERVED

    @classmethod
    def of_body(cls, body: dict[str, Any], known: Self | None = None) -> Self:
        """Return the booking a request describes. Raises ValueError."""
        given = {} if known is None else asdict(known)
        for key, value in body.items():
            if key not in cls.__slots__ or not isinstance(value, str):
                raise ValueError(f"unknown field or wrong type: {key}")
            given[key] = date.fromisoformat(value) if key.endswith("_on") else value
        if not {"starts_on", "ends_on"} <= given.keys():
            raise ValueError("starts_on and ends_on are needed")
        given["kind"] = StayKind(given.get("kind", StayKind.RESERVED))
        return cls(**given)


@dataclass(slots=True)
class Feed:
    """The calendar of one listing on one portal; ``stays`` by an id of ours.

    Without ``uids`` its events have none, against RFC 5545, as home-made feeds do.
    """

    name: str
    portal: Portal = Portal.AIRBNB
    state: FeedState = FeedState.GOOD
    stays: dict[str, Stay] = field(default_factory=dict)
    reads: int = 0
    uids: bool = True

    def text(self, clock: Clock) -> str:
        """Return the calendar as it is served, with CRLF and folded lines."""
        lines = [
            "BEGIN:VCALENDAR",
            f"PRODID:{_PRODUCTS[self.portal]}",
            "CALSCALE:GREGORIAN",
            "VERSION:2.0",
        ]
        if self.state is not FeedState.BLANK:
            stamp = f"{clock.now():%Y%m%dT%H%M%SZ}"
            for key, stay in self.stays.items():
                lines += self._event(key, stay, stamp)
        lines.append("END:VCALENDAR")
        return "".join(f"{part}\r\n" for line in lines for part in _folded(line))

    def _event(self, key: str, stay: Stay, stamp: str) -> list[str]:
        uid = uuid5(NAMESPACE_URL, f"{self.portal}/{self.name}/{key}")
        blocked = stay.kind is StayKind.BLOCKED
        described: list[str] = []
        match self.portal:
            case Portal.AIRBNB if blocked:
                identity, title = f"{uid.hex}@airbnb.com", "Airbnb (Not available)"
            case Portal.AIRBNB:
                identity, title = f"{uid.hex}@airbnb.com", "Reserved"
                described = [
                    "DESCRIPTION:Reservation details\\n"
                    f"Phone Number (Last 4 Digits): {stay.phone[-4:]}"
                ]
            case Portal.BOOKING_COM:
                identity, title = f"{uid.hex}@booking.com", "CLOSED - Not available"
            case _:
                title = "Blocked" if blocked else f"Reserved - {stay.guest}"
                identity = str(uid)
        return [
            "BEGIN:VEVENT",
            f"DTSTAMP:{stamp}",
            f"DTSTART;VALUE=DATE:{stay.starts_on:%Y%m%d}",
            f"DTEND;VALUE=DATE:{stay.ends_on:%Y%m%d}",
            *([f"UID:{identity}"] if self.uids else []),
            *described,
            f"SUMMARY:{title}",
            "END:VEVENT",
        ]


def _folded(line: str) -> list[str]:
    """Return a line as RFC 5545 folds it; ours are plain ASCII."""
    parts = [line[:_FOLD]]
    while line := line[_FOLD:]:
        line = f" {line}"
        parts.append(line[:_FOLD])
    return parts


class Feeds:
    """All feeds of the simulator, and the routes that serve and change them."""

    def __init__(self, clock: Clock) -> None:
        """Start without any."""
        self._clock = clock
        self.by_name: dict[str, Feed] = {}

    def add(self, name: str, portal: Portal | str = Portal.AIRBNB) -> Feed:
        """Add an empty feed, or empty one. Raises ValueError for a portal unknown."""
        feed = self.by_name[name] = Feed(name, Portal(portal))
        return feed

    def clear(self) -> None:
        """Forget all feeds."""
        self.by_name.clear()

    def routes(self) -> list[web.RouteDef]:
        """Return the routes, to be mounted at the root."""
        stay = "/_control/feeds/{name}/stays/{key}"
        return [
            web.get("/feeds/{name}.ics", self._serve),
            web.get("/_control/feeds", self._list),
            web.put("/_control/feeds/{name}", self._put),
            web.patch("/_control/feeds/{name}", self._patch),
            web.put(stay, self._put_stay),
            web.delete(stay, self._cancel),
        ]

    def _feed(self, request: web.Request) -> Feed:
        try:
            return self.by_name[request.match_info["name"]]
        except KeyError:
            raise web.HTTPNotFound from None

    async def _serve(self, request: web.Request) -> web.Response:
        feed = self._feed(request)
        feed.reads += 1
        text = feed.text(self._clock)
        match feed.state:
            case FeedState.DOWN:
                return web.Response(status=503, text="Service Unavailable")
            case FeedState.HTML:
                page = "<!DOCTYPE html><html><body>Please log in</body></html>"
                return web.Response(text=page, content_type="text/html")
            case FeedState.TRUNCATED:
                text = text[: len(text) // 2]
        return web.Response(text=text, content_type="text/calendar")

    async def _list(self, request: web.Request) -> web.Response:
        return _json({name: asdict(feed) for name, feed in self.by_name.items()})

    async def _put(self, request: web.Request) -> web.Response:
        body = await request.json()
        try:
            feed = self.add(request.match_info["name"], body.get("portal", "airbnb"))
        except ValueError as err:
            return _json({"error": str(err)}, 400)
        return _json(asdict(feed))

    async def _patch(self, request: web.Request) -> web.Response:
        feed = self._feed(request)
        try:
            feed.state = FeedState((await request.json()).get("state"))
        except ValueError as err:
            return _json({"error": str(err)}, 400)
        return _json(asdict(feed))

    async def _put_stay(self, request: web.Request) -> web.Response:
        feed, key = self._feed(request), request.match_info["key"]
        try:
            stay = Stay.of_body(await request.json(), feed.stays.get(key))
        except ValueError as err:
            return _json({"error": str(err)}, 400)
        feed.stays[key] = stay
        return _json(asdict(stay))

    async def _cancel(self, request: web.Request) -> web.Response:
        if self._feed(request).stays.pop(request.match_info["key"], None) is None:
            raise web.HTTPNotFound
        return _json({})


def _json(data: Any, status: int = 200) -> web.Response:
    text = json.dumps(data, default=str)
    return web.Response(text=text, status=status, content_type="application/json")
