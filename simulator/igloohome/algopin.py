"""``POST /devices/{id}/algopin/{kind}``: PINs computed offline (§3)."""

from datetime import timedelta
import hashlib
import hmac
from typing import Any, get_args
from uuid import uuid4

from aiohttp import web

from .errors import refuse
from .fields import (
    Moment,
    access_name,
    before_current_hour,
    integer,
    json_object,
    only,
    whole_hour,
)
from .state import Device, IssuedPin, PinKind, iso
from .world import World

_VARIANCES = {"onetime": 5, "hourly": 3, "daily": 3}
"""Highest variance by kind; permanent is a switch."""
_MAX_HOURLY = timedelta(hours=672)
_MIN_DAILY = timedelta(days=29)
_MAX_DAILY = timedelta(days=367)


class AlgopinApi:
    """Compute PINs and keep a record of every one that was handed out."""

    def __init__(self, world: World) -> None:
        """Serve the devices of ``world``."""
        self._world = world

    def routes(self) -> list[web.RouteDef]:
        """Return the routes, relative to the API base."""
        kinds = "|".join(get_args(PinKind.__value__))
        return [
            web.post(f"/devices/{{device_id}}/algopin/{{kind:{kinds}}}", self._create)
        ]

    async def _create(self, request: web.Request) -> web.Response:
        world = self._world
        kind: PinKind = request.match_info["kind"]  # type: ignore[assignment]
        token = world.authorize(request, f"algopin-{kind}")
        body = await json_object(request)
        device = world.device_of(token, request.match_info["device_id"])
        if not device.keypad:
            refuse(400, "Device does not support algoPIN")
        record = self._checked(device, kind, body)
        record.pin_ids.append(str(uuid4()))
        record.access_names.append(body["accessName"])
        return world.created(self._answer(record))

    def _checked(
        self, device: Device, kind: PinKind, body: dict[str, Any]
    ) -> IssuedPin:
        """Return the record of a request that breaks no rule, new or existing."""
        world = self._world
        ends = kind in ("hourly", "daily")
        names = {"variance", "startDate", "accessName"} | (
            {"endDate"} if ends else set()
        )
        only(body, names, world.switches)
        start = whole_hour(body, "startDate", world.switches)
        end = whole_hour(body, "endDate", world.switches) if ends else None
        highest = _VARIANCES.get(kind, world.switches.permanent_variances)
        variance = integer(body, "variance", frozenset(range(1, highest + 1)))
        access_name(body)
        if end is not None:
            self._check_window(kind, start, end)
        now = world.clock.now()
        if world.switches.old_start == "refuse" and before_current_hour(start, now):
            refuse(400, "'startDate' must not be in the past")

        end_text = None if end is None else end.text
        key = (device.device_id, kind, start.text, end_text, variance)
        if (record := world.issued.get(key)) is not None:
            return record
        record = IssuedPin(
            device=device.device_id,
            kind=kind,
            start=start.text,
            end=end_text,
            variance=variance,
            pin=self._pin(device, kind, start, end, variance),
            starts_at=start.at,
            ends_at=None if end is None else end.at,
            created_at=now,
        )
        self._check_slot(record)
        world.issued[key] = record
        return record

    def _check_window(self, kind: PinKind, start: Moment, end: Moment) -> None:
        """Refuse a window that does not fit the kind (§3.2)."""
        elapsed = end.at - start.at
        if elapsed <= timedelta():
            refuse(400, "'endDate' must be after 'startDate'")
        if kind == "hourly":
            if elapsed > _MAX_HOURLY:
                refuse(400, "Exceeded the limit of 672 hours")
            if elapsed < timedelta(hours=1):
                refuse(400, "The minimum duration is 1 hour")
            return
        if self._world.switches.daily_hours == "wall":
            # As written: across a daylight-saving change the offsets differ,
            # the hours on the wall do not.
            elapsed = end.at.replace(tzinfo=None) - start.at.replace(tzinfo=None)
        if elapsed % timedelta(days=1):
            refuse(400, "'startDate' and 'endDate' must have the same hour")
        if elapsed < _MIN_DAILY:
            refuse(400, "The minimum duration is 29 days")
        if elapsed > _MAX_DAILY:
            refuse(400, "Exceeded the limit of 367 days")

    def _check_slot(self, record: IssuedPin) -> None:
        """Refuse one PIN too many for a start, if the switch says so."""
        if self._world.switches.slot_limit == "none" or record.kind == "permanent":
            return
        taken = [
            other
            for other in self._world.issued.values()
            if other.device == record.device
            and other.kind == record.kind
            and other.starts_at == record.starts_at
        ]
        if len(taken) >= _VARIANCES[record.kind]:
            refuse(400, "Exceeded the number of PINs for this start")

    def _pin(
        self,
        device: Device,
        kind: PinKind,
        start: Moment,
        end: Moment | None,
        variance: int,
    ) -> str:
        """Return the digits: same input, same PIN (§3.3); leading zeros occur."""
        parts = [kind, iso(start.at), start.text, str(variance)]
        if end is not None:
            parts += [iso(end.at), end.text]
        key = f"simulated key of {device.device_id}".encode()
        digest = hmac.digest(key, "|".join(parts).encode(), hashlib.sha256)
        length = 9
        if self._world.switches.pin_length == "7-9":
            length = 7 + digest[0] % 3
        return f"{int.from_bytes(digest[1:9]) % 10**length:0{length}d}"

    def _answer(self, record: IssuedPin) -> dict[str, Any]:
        """Return the success body in the form the switch asks for."""
        form = self._world.switches.pin_answer
        answer: dict[str, Any] = {"pin": record.pin, "pinId": record.pin_id}
        if form == "no_pin":
            del answer["pin"]
        elif form == "empty_pin":
            answer["pin"] = ""
        elif form == "number":
            answer["pin"] = int(record.pin)
        elif form == "no_pin_id":
            del answer["pinId"]
        return answer
