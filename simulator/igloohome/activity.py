"""``GET /devices/{id}/activity`` (reference/igloohome-api.md §5.1)."""

from collections.abc import Iterable, Sequence
from typing import Any

from aiohttp import web

from .devices import finish_page, page
from .errors import refuse, refuse_at_gateway
from .state import LogRow
from .world import World

_SCOPE = "get-device-activity"
_MAX_PAGE = 100
_DEFAULT_PAGE = 50


class ActivityApi:
    """Tell the log rows that a job 15, or a phone, brought to the cloud."""

    def __init__(self, world: World) -> None:
        """Serve the devices of ``world``."""
        self._world = world

    def routes(self) -> list[web.RouteDef]:
        """Return the routes, relative to the API base."""
        return [web.get("/devices/{device_id}/activity", self._list)]

    async def _list(self, request: web.Request) -> web.Response:
        world = self._world
        token = world.authorize(request, _SCOPE)
        if world.switches.solo_scope_activity and token.scopes != {_SCOPE}:
            refuse_at_gateway(403, "Forbidden")
        device = world.device_of(token, request.match_info["device_id"])
        text = request.query.get("pageSize", str(_DEFAULT_PAGE))
        size = int(text) if text.isascii() and text.isdecimal() else 0
        if not 1 <= size <= _MAX_PAGE:
            refuse(400, f"'pageSize' must be from 1 to {_MAX_PAGE}")
        rows = _shaped(_ordered(device.activity, world), world)
        answer = page(rows, request.query.get("cursor"), size)
        finish_page(answer, world)
        return web.json_response(answer)


def _ordered(rows: Sequence[LogRow], world: World) -> Iterable[LogRow]:
    """Return the rows in the order the switch asks for; they are kept as they came."""
    order = world.switches.activity_order
    if order != "arrival":
        rows = sorted(rows, key=lambda row: row.at, reverse=order == "newest_first")
    repeats = 2 if world.switches.activity_repeats else 1
    return (row for row in rows for _ in range(repeats))


def _shaped(rows: Iterable[LogRow], world: World) -> list[dict[str, Any]]:
    """Return the rows in the shape the switch asks for."""
    shape = world.switches.activity_shape
    return [
        row.raw()
        if shape == "raw" or (shape == "mixed" and index % 2)
        else row.described()
        for index, row in enumerate(rows)
    ]
