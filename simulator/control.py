"""The control interface: JSON routes under ``/_control`` to steer the simulator.

Meant for tests in another process and for people at the demo. There is no
authentication; the server listens on the loopback interface only. A wrong
request is answered with 400 and ``{"error": text}`` and changes nothing.
"""

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
import json
from typing import TYPE_CHECKING, Any

from aiohttp import web

from .faults import Fault
from .igloohome import deliveries as igloohome_deliveries
from .seam import deliveries as seam_deliveries
from .settings import apply_fields, check_fields

if TYPE_CHECKING:
    from .server import Simulator

type Action = Callable[[web.Request, dict[str, Any]], Awaitable[Any]]

HELP = """\
igloohome Access simulator: control interface (JSON)

GET    /_control/state                          everything the clouds know
POST   /_control/clock                          {"now": ISO} {"advance_seconds": n} {"freeze": true} {"unfreeze": true}
GET    /_control/faults                         the rules and how often they hit
POST   /_control/faults                         {"path_regex", "kind", "method", "times", "skip", "delay", "status", "body", "retry_after"}
DELETE /_control/faults[/{id}]                  remove all rules, or one
GET    /_control/requests                       what the clouds were asked, with counters
DELETE /_control/requests                       forget these
POST   /_control/switches                       {"igloohome": {name: value}, "seam": {name: value}}
POST   /_control/reset                          {"scenario": "demo" | "test" | "empty" | "large:N"}
GET    /_control/pins                           every PIN the clouds handed out
POST   /_control/igloohome/devices              add; PATCH, DELETE /_control/igloohome/devices/{id}
POST   /_control/igloohome/devices/{id}/keypad  {"pin": digits}: type a PIN at the lock's keypad
POST   /_control/igloohome/devices/{id}/log     {"rows": [...]}: bring the lock's log to the cloud
POST   /_control/igloohome/tokens/revoke        every access token stops working
POST   /_control/seam/devices                   add; PATCH, DELETE /_control/seam/devices/{id}
POST   /_control/seam/devices/{id}/keypad       {"pin": digits}: type a PIN at the lock's keypad
POST   /_control/seam/events                    {"event_type", "device_id", ...}: something else that happened
POST   /_control/seam/deliveries                {"event_ids", "copies", "order", "forgery"}: send news to the webhooks
POST   /_control/seam/webviews/{id}             {"authorized": true | false}: sign in, or fail to
PATCH  /_control/seam/accounts/{id}             {"errors", "warnings", ...}
GET    /_control/igloohome/public_key           what its deliveries are checked with
POST   /_control/igloohome/deliveries           {"url", "event_id", "event_type", "device_id", "data", "origin", "copies", "forgery"}
POST   /_control/seam/codes                     add; PATCH, DELETE /_control/seam/codes/{id}
GET    /_control/feeds                          the booking feeds, served at /feeds/{name}.ics
PUT    /_control/feeds/{name}                   {"portal": "airbnb" | "booking_com" | "vrbo"}: add a feed
PATCH  /_control/feeds/{name}                   {"state": "good" | "blank" | "html" | "truncated" | "down"}
PUT    /_control/feeds/{name}/stays/{key}       {"starts_on", "ends_on", "guest", "phone", "kind"}: add or move; DELETE cancels
"""


def control_routes(sim: Simulator) -> list[web.RouteDef]:
    """Return the routes that steer ``sim``."""
    control = _Control(sim)
    routes: list[tuple[str, str, Action]] = [
        ("GET", "state", control.get_state),
        ("POST", "clock", control.set_clock),
        ("GET", "faults", control.get_faults),
        ("POST", "faults", control.add_fault),
        ("DELETE", "faults", control.clear_faults),
        ("DELETE", "faults/{id}", control.remove_fault),
        ("GET", "requests", control.get_requests),
        ("DELETE", "requests", control.clear_requests),
        ("POST", "switches", control.set_switches),
        ("POST", "reset", control.reset),
        ("GET", "pins", control.get_pins),
        ("POST", "igloohome/devices/{id}/keypad", control.enter_pin),
        ("POST", "igloohome/devices/{id}/log", control.upload_log),
        ("POST", "igloohome/tokens/revoke", control.revoke_tokens),
        ("POST", "seam/devices/{id}/keypad", control.enter_seam_pin),
        ("POST", "seam/events", control.add_event),
        ("POST", "seam/deliveries", control.deliver_seam),
        ("POST", "seam/webviews/{id}", control.complete_webview),
        ("PATCH", "seam/accounts/{id}", control.patch_account),
        ("GET", "igloohome/public_key", control.get_public_key),
        ("POST", "igloohome/deliveries", control.deliver_igloohome),
    ]
    result = [
        web.get("/", _help),
        web.get("/_control", _help),
        *(
            web.route(method, f"/_control/{path}", _json_route(action))
            for method, path, action in routes
        ),
    ]
    things: list[tuple[str, Any, Any, Any]] = [
        (
            "igloohome/devices",
            sim.igloohome.add_device,
            sim.igloohome.patch_device,
            sim.igloohome.remove_device,
        ),
        (
            "seam/devices",
            sim.seam.add_device,
            sim.seam.patch_device,
            sim.seam.remove_device,
        ),
        ("seam/codes", sim.seam.add_code, sim.seam.patch_code, sim.seam.remove_code),
    ]
    for path, add, patch, remove in things:
        result += _collection(path, add, patch, remove)
    return result


def _collection(
    path: str,
    add: Callable[[dict[str, Any]], Any],
    patch: Callable[[str, dict[str, Any]], Any],
    remove: Callable[[str], Any],
) -> list[web.RouteDef]:
    """Return the routes that add, change and remove one kind of thing."""

    async def post(request: web.Request, body: dict[str, Any]) -> Any:
        return add(body)

    async def change(request: web.Request, body: dict[str, Any]) -> Any:
        return patch(request.match_info["id"], body)

    async def delete(request: web.Request, body: dict[str, Any]) -> Any:
        return remove(request.match_info["id"])

    return [
        web.post(f"/_control/{path}", _json_route(post)),
        web.patch(f"/_control/{path}/{{id}}", _json_route(change)),
        web.delete(f"/_control/{path}/{{id}}", _json_route(delete)),
    ]


def _json_route(
    action: Action,
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """Wrap an action: JSON object in, JSON out, wrong input → 400, unknown → 404."""

    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            result = await action(request, _object(await request.text()))
        except KeyError as err:
            return web.json_response({"error": f"not found: {err.args[0]}"}, status=404)
        except (ValueError, TypeError) as err:
            return web.json_response({"error": str(err)}, status=400)
        return web.json_response({"ok": True} if result is None else result)

    return handle


def _object(text: str) -> dict[str, Any]:
    """Return a request body as a JSON object; an empty one is {}."""
    body = json.loads(text) if text else {}
    if not isinstance(body, dict):
        raise TypeError("the body must be a JSON object")
    return body


async def _help(request: web.Request) -> web.Response:
    """Answer with the table of routes."""
    return web.Response(text=HELP)


class _Control:
    """The actions; each takes the request and its JSON body."""

    def __init__(self, sim: Simulator) -> None:
        self._sim = sim

    async def get_state(self, request: web.Request, body: dict[str, Any]) -> Any:
        sim = self._sim
        return {
            "now": sim.clock.now().isoformat(),
            "frozen": sim.clock.frozen,
            "scenario": sim.scenario,
            "igloohome": {
                "switches": asdict(sim.igloohome.switches),
                **sim.igloohome.dump(),
            },
            "seam": {"switches": asdict(sim.seam.switches), **sim.seam.dump()},
        }

    async def set_clock(self, request: web.Request, body: dict[str, Any]) -> Any:
        clock = self._sim.clock
        known = {"now", "advance_seconds", "freeze", "unfreeze"}
        if not body or (unknown := body.keys() - known):
            raise ValueError(
                f"use {sorted(known)}" + (f", not {unknown}" if body else "")
            )
        now = datetime.fromisoformat(body["now"]) if "now" in body else None
        if now is not None and now.tzinfo is None:
            now = now.replace(tzinfo=UTC)
        advance = timedelta(seconds=float(body.get("advance_seconds", 0)))
        if body.get("freeze"):
            clock.freeze()
        if now is not None:
            clock.set(now)
        clock.advance(advance)
        if body.get("unfreeze"):
            clock.unfreeze()
        return {"now": clock.now().isoformat(), "frozen": clock.frozen}

    async def get_faults(self, request: web.Request, body: dict[str, Any]) -> Any:
        return {"faults": [asdict(rule) for rule in self._sim.faults.rules]}

    async def add_fault(self, request: web.Request, body: dict[str, Any]) -> Any:
        if missing := {"path_regex", "kind"} - body.keys():
            raise ValueError(f"missing: {sorted(missing)}")
        values = dict(body)
        answer = values.pop("body", None)
        if forbidden := values.keys() & {"hits", "id"}:
            raise ValueError(f"cannot be set: {sorted(forbidden)}")
        rule = self._sim.faults.add(**check_fields(Fault, values), body=answer)
        return asdict(rule)

    async def clear_faults(self, request: web.Request, body: dict[str, Any]) -> Any:
        self._sim.faults.clear()

    async def remove_fault(self, request: web.Request, body: dict[str, Any]) -> Any:
        rule_id = request.match_info["id"]
        if not self._sim.faults.remove(rule_id):
            raise KeyError(rule_id)

    async def get_requests(self, request: web.Request, body: dict[str, Any]) -> Any:
        log = self._sim.requests
        return {
            "requests": [record.as_dict() for record in log.all],
            "counters": log.counters,
        }

    async def clear_requests(self, request: web.Request, body: dict[str, Any]) -> Any:
        self._sim.requests.clear()

    async def set_switches(self, request: web.Request, body: dict[str, Any]) -> Any:
        sim = self._sim
        clouds: dict[str, Any] = {
            "igloohome": sim.igloohome.switches,
            "seam": sim.seam.switches,
        }
        if unknown := body.keys() - clouds.keys():
            raise ValueError(f"unknown clouds: {sorted(unknown)}")
        for name, values in body.items():
            apply_fields(clouds[name], values)
        return {name: asdict(clouds[name]) for name in clouds}

    async def reset(self, request: web.Request, body: dict[str, Any]) -> Any:
        self._sim.reset(body.get("scenario", self._sim.scenario))
        return {"scenario": self._sim.scenario}

    async def get_pins(self, request: web.Request, body: dict[str, Any]) -> Any:
        return {
            "igloohome": self._sim.igloohome.issued_pins(),
            "seam": self._sim.seam.issued_pins(),
        }

    async def enter_pin(self, request: web.Request, body: dict[str, Any]) -> Any:
        opened = self._sim.igloohome.enter_pin(request.match_info["id"], _pin(body))
        return {"opened": opened}

    async def enter_seam_pin(self, request: web.Request, body: dict[str, Any]) -> Any:
        opened = self._sim.seam.enter_pin(request.match_info["id"], _pin(body))
        return {"opened": opened}

    async def add_event(self, request: web.Request, body: dict[str, Any]) -> Any:
        return self._sim.seam.add_event(body)

    async def deliver_seam(self, request: web.Request, body: dict[str, Any]) -> Any:
        sim = self._sim
        answers = await seam_deliveries.deliver(sim.seam.store, sim.clock, **body)
        return {"deliveries": answers}

    async def complete_webview(self, request: web.Request, body: dict[str, Any]) -> Any:
        self._sim.seam.complete_connect_webview(
            request.match_info["id"], authorized=body.get("authorized") is not False
        )

    async def patch_account(self, request: web.Request, body: dict[str, Any]) -> Any:
        self._sim.seam.patch_account(request.match_info["id"], body)

    async def get_public_key(self, request: web.Request, body: dict[str, Any]) -> Any:
        return {"public_key": igloohome_deliveries.public_key()}

    async def deliver_igloohome(
        self, request: web.Request, body: dict[str, Any]
    ) -> Any:
        now = self._sim.clock.now()
        url = body.pop("url")
        return {"statuses": await igloohome_deliveries.deliver(url, now, **body)}

    async def upload_log(self, request: web.Request, body: dict[str, Any]) -> Any:
        rows = body.get("rows", [])
        if not isinstance(rows, list) or not all(isinstance(r, dict) for r in rows):
            raise TypeError('give {"rows": [objects]}')
        self._sim.igloohome.upload_log(request.match_info["id"], rows)

    async def revoke_tokens(self, request: web.Request, body: dict[str, Any]) -> Any:
        self._sim.igloohome.revoke_tokens()


def _pin(body: dict[str, Any]) -> str:
    """Return the digits in a body."""
    pin = body.get("pin")
    if not isinstance(pin, str):
        raise TypeError('give {"pin": "digits"}')
    return pin
