"""The memory that all endpoints of igloohome's simulated cloud share."""

from collections.abc import Callable, Iterable
from datetime import timedelta
import hashlib
from typing import Any

from aiohttp import web

from ..clock import Clock
from .errors import refuse, refuse_at_gateway
from .state import Client, Device, IssuedPin, PinKind, Token
from .switches import IgloohomeSwitches

type IssuedKey = tuple[str, PinKind, str, str | None, int]


class World:
    """Clients, tokens, devices and issued PINs, with the checks on all requests."""

    def __init__(self, clock: Clock) -> None:
        """Start without clients and devices; ``fill`` brings a scenario in."""
        self.clock = clock
        self.switches = IgloohomeSwitches()
        self.clients: dict[str, Client] = {}
        self.tokens: dict[str, Token] = {}
        self.devices: dict[str, Device] = {}
        self.issued: dict[IssuedKey, IssuedPin] = {}
        self.settlers: list[Callable[[], None]] = []
        """Called before a request is answered: what has happened by now?"""

    def fill(self, clients: Iterable[Client], devices: Iterable[Device]) -> None:
        """Forget everything and start over with these clients and devices."""
        self.clients = {client.client_id: client for client in clients}
        self.tokens.clear()
        self.issued.clear()
        self.devices.clear()
        for device in devices:
            self.add(device)

    def add(self, device: Device) -> None:
        """Add a device, with an internal record id and pairing date if missing."""
        if not device.record_id:
            digest = hashlib.sha256(device.device_id.encode()).hexdigest()
            device.record_id = digest[:24]
        if device.paired_at is None:
            paired_at = self.clock.now() - timedelta(days=315)
            device.paired_at = paired_at.replace(
                hour=11, minute=19, second=25, microsecond=0
            )
        self.devices[device.device_id] = device

    def authorize(self, request: web.Request, scope: str | None) -> Token:
        """Return the token of a request that may use ``scope`` (§9 "API guard")."""
        scheme, _, value = request.headers.get("Authorization", "").partition(" ")
        token = self.tokens.get(value.strip()) if scheme.lower() == "bearer" else None
        if token is None:
            refuse_at_gateway(401, "Unauthorized")
        if token.expires_at <= self.clock.now():
            if self.switches.expired_token_status == 403:
                refuse_at_gateway(403, "Forbidden")
            refuse_at_gateway(401, "Unauthorized")
        if scope is not None and scope not in token.scopes:
            refuse_at_gateway(403, "Forbidden")
        for settle in self.settlers:
            settle()
        return token

    def expire_tokens(self) -> None:
        """Make every access token that is out expire now."""
        now = self.clock.now()
        self.tokens = {
            value: Token(value, token.client, token.scopes, now)
            for value, token in self.tokens.items()
        }

    def device_of(self, token: Token, device_id: str) -> Device:
        """Return a device the token's account can see, or answer 404."""
        device = self.devices.get(device_id)
        if device is None or device.home != token.client.home:
            refuse(404, "Device not found")
        device.settle(self.clock.now())
        return device

    def created(self, answer: dict[str, Any]) -> web.Response:
        """Answer a successful POST."""
        if self.switches.future_fields:
            answer = {**answer, "futureField": {"nobody": ["knows"]}}
        return web.json_response(answer, status=self.switches.created_status)
