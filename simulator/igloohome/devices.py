"""``GET /devices``, ``GET /devices/{id}``, ``GET /server-health`` (§2)."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
import binascii
from collections.abc import Sequence
from datetime import timedelta
import hashlib
from typing import Any

from aiohttp import web

from .errors import refuse, refuse_at_gateway
from .state import SCOPE_PREFIX, Device, iso
from .world import World


class DeviceApi:
    """Tell the devices of the token's account."""

    def __init__(self, world: World) -> None:
        """Serve the devices of ``world``."""
        self._world = world

    def routes(self) -> list[web.RouteDef]:
        """Return the routes, relative to the API base."""
        return [
            web.get("/devices", self._list),
            web.get("/devices/{device_id}", self._one),
            web.get("/server-health", self._server_health),
        ]

    async def _list(self, request: web.Request) -> web.Response:
        world = self._world
        token = world.authorize(request, "get-devices")
        mine = [
            device
            for device in world.devices.values()
            if device.home == token.client.home
        ]
        answer = page(mine, request.query.get("cursor"), world.switches.page_size)
        if world.switches.endless_pages and not answer["nextCursor"]:
            answer["nextCursor"] = _cursor(0)
        finish_page(answer, world)
        answer["payload"] = [self._as_json(device) for device in answer["payload"]]
        return web.json_response(answer)

    async def _one(self, request: web.Request) -> web.Response:
        world = self._world
        token = world.authorize(request, "get-devices")
        device = world.device_of(token, request.match_info["device_id"])
        answer = self._as_json(device)
        if request.query.get("lock_id") == "1":
            digest = hashlib.sha256(device.record_id.encode()).hexdigest()
            answer["lockRef"] = digest[:16]
            answer["admin_key"] = digest[16:48]
        if world.switches.single_device == "payload":
            answer = {"payload": answer}
        return web.json_response(answer)

    async def _server_health(self, request: web.Request) -> web.Response:
        world = self._world
        token = world.authorize(request, None)
        if not world.switches.server_health:
            refuse_at_gateway(403, "Forbidden")
        return web.json_response(
            {
                "isAdminLogin": False,
                "userRef": f"user-{token.client.home}",
                "clientName": token.client.client_id,
                "flow": "client_credentials",
                "scopes": sorted(SCOPE_PREFIX + scope for scope in token.scopes),
                "tier": "trial",
                "endsAt": iso(world.clock.now() + timedelta(days=30)),
            }
        )

    def _as_json(self, device: Device) -> dict[str, Any]:
        """Return the Device object of §2.2 in the form the switches ask for."""
        switches = self._world.switches
        answer: dict[str, Any] = {
            "id": device.record_id,
            "type": device.type,
            "deviceId": device.device_id,
            "deviceName": device.name,
            "batteryLevel": device.battery_level,
        }
        if device.battery_level is None and switches.no_battery == "absent":
            del answer["batteryLevel"]
        if device.paired_at is not None:
            answer["pairedAt"] = iso(device.paired_at)
        if switches.home_id != "absent":
            answer["homeId"] = [device.home] if switches.home_id == "list" else None
        if switches.linked_devices != "absent":
            answer["linkedDevices"] = self._links(device)
        if device.last_sync is not None and switches.last_sync == "present":
            answer["lastSync"] = iso(device.last_sync)
        elif switches.last_sync == "null":
            answer["lastSync"] = None
        if switches.future_fields:
            answer["futureField"] = {"nobody": ["knows"]}
        return answer

    def _links(self, device: Device) -> list[Any] | None:
        """Return ``linkedDevices``; a removed device is no longer listed."""
        form = self._world.switches.linked_devices
        if form == "null":
            return None
        known = self._world.devices
        linked = [known[item] for item in device.linked if item in known]
        if form == "strings":
            return [item.device_id for item in linked]
        return [{"type": item.type, "deviceId": item.device_id} for item in linked]


def page(rows: Sequence[Any], cursor: str | None, size: int) -> dict[str, Any]:
    """Return ``{"nextCursor", "payload"}`` from ``cursor`` on; "" is the end."""
    start = 0
    if cursor:
        try:
            kind, _, number = urlsafe_b64decode(cursor).decode().partition(":")
            start = int(number) if kind == "offset" else -1
        except binascii.Error, ValueError:
            start = -1
        if not 0 <= start <= len(rows):
            refuse(400, "Invalid cursor")
    end = start + max(size, 1)
    return {
        "nextCursor": _cursor(end) if end < len(rows) else "",
        "payload": list(rows[start:end]),
    }


def finish_page(answer: dict[str, Any], world: World) -> None:
    """Give the end of the pages the form the switches ask for."""
    if answer["nextCursor"] == "":
        if world.switches.end_of_pages == "null":
            answer["nextCursor"] = None
        elif world.switches.end_of_pages == "absent":
            del answer["nextCursor"]


def _cursor(offset: int) -> str:
    """Return an opaque cursor."""
    return urlsafe_b64encode(f"offset:{offset}".encode()).decode()
