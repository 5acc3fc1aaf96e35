"""``GET /devices/{id}/activity`` (reference/igloohome-api.md §5.1)."""

from aiohttp import web

from .devices import finish_page, page
from .errors import refuse, refuse_at_gateway
from .world import World

_SCOPE = "get-device-activity"
_MAX_PAGE = 100
_DEFAULT_PAGE = 50


class ActivityApi:
    """Tell the log rows that a job 15 brought to the cloud, newest first."""

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
        rows = sorted(
            device.activity, key=lambda row: str(row["localActionAt"]), reverse=True
        )
        answer = page(rows, request.query.get("cursor"), size)
        finish_page(answer, world)
        return web.json_response(answer)
