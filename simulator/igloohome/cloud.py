"""igloohome's simulated cloud as one object: endpoints and their controls."""

from collections.abc import Mapping, Sequence
from typing import Any

from aiohttp import web

from ..clock import Clock
from ..settings import apply_fields, check_fields, reset_fields
from .activity import ActivityApi
from .algopin import AlgopinApi
from .devices import DeviceApi
from .errors import refuse_at_gateway
from .jobs import JobApi
from .lockside import enter_pin
from .scenarios import CLIENTS, devices
from .state import Device, IssuedPin, Job, LogRow, iso
from .switches import IgloohomeSwitches
from .tokens import TokenApi
from .world import World

_IDENTITY = frozenset({"device_id", "home", "record_id"})


class IgloohomeCloudSim:
    """Token server and API over one world of invented devices.

    Control methods take and return plain data; they raise KeyError for an
    unknown device and ValueError for wrong data.
    """

    def __init__(self, clock: Clock) -> None:
        """Start empty; ``load`` brings a scenario in."""
        self._world = World(clock)
        self._jobs = JobApi(self._world)

    def auth_routes(self) -> list[web.RouteDef]:
        """Return the routes of the auth server, with full paths."""
        return TokenApi(self._world).routes()

    def routes(self) -> list[web.RouteDef]:
        """Return the routes of the API, relative to its base address."""
        return [
            *DeviceApi(self._world).routes(),
            *AlgopinApi(self._world).routes(),
            *self._jobs.routes(),
            *ActivityApi(self._world).routes(),
            web.route("*", "/{tail:.*}", _unknown_path),
        ]

    @property
    def switches(self) -> IgloohomeSwitches:
        """Return the settings of the unknowns, to be changed in place."""
        return self._world.switches

    @property
    def devices(self) -> dict[str, Device]:
        """Return the devices of all accounts by device id."""
        return self._world.devices

    @property
    def jobs(self) -> list[Job]:
        """Return all bridge jobs, oldest first, brought up to the present."""
        self._jobs.settle()
        return list(self._jobs.jobs.values())

    @property
    def issued(self) -> list[IssuedPin]:
        """Return one record for every distinct algoPIN that was handed out."""
        return list(self._world.issued.values())

    def issued_distinct(self) -> set[tuple[str, str]]:
        """Return (device id, PIN) of every algoPIN that could open a door.

        One request for a code, however often repeated, must add exactly one.
        """
        return {(record.device, record.pin) for record in self.issued}

    def issued_pins(self) -> list[dict[str, Any]]:
        """Return every PIN as JSON data: algoPINs, then PINs on the locks."""
        self._jobs.settle()
        custom = [
            {
                "device": device.device_id,
                "kind": "custom",
                "pinType": record.pin_type,
                "start": iso(record.starts_at),
                "end": None if record.ends_at is None else iso(record.ends_at),
                "pin": record.pin,
                "accessName": record.access_name,
            }
            for device in self._world.devices.values()
            for record in device.custom_pins.values()
        ]
        return [record.as_dict() for record in self.issued] + custom

    def load(self, scenario: str) -> None:
        """Put the world into a scenario and all switches to their defaults."""
        reset_fields(self._world.switches)
        self._jobs.clear()
        self._world.fill(CLIENTS, devices(scenario, self._world.clock.now()))

    def dump(self) -> dict[str, Any]:
        """Return the state as JSON data, without PINs and tokens."""
        self._jobs.settle()
        now = self._world.clock.now()
        for device in self._world.devices.values():
            device.settle(now)
        return {
            "clients": [
                {"client_id": client.client_id, "home": client.home}
                for client in self._world.clients.values()
            ],
            "valid_tokens": sum(
                token.expires_at > now for token in self._world.tokens.values()
            ),
            "devices": [device.as_dict() for device in self._world.devices.values()],
            "jobs": [
                {
                    "job_id": job.job_id,
                    "device_id": job.device.device_id,
                    "bridge_id": job.bridge_id,
                    "job_type": job.job_type,
                    "created_at": iso(job.created_at),
                    "outcome": job.outcome,
                }
                for job in self._jobs.jobs.values()
            ],
            "issued": len(self._world.issued),
        }

    def add_device(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Add a device; ``values`` are fields of ``Device`` (device_id, name, …)."""
        checked = check_fields(Device, values)
        if missing := {"device_id", "name"} - checked.keys():
            raise ValueError(f"missing: {', '.join(sorted(missing))}")
        device = Device(**checked)
        if device.device_id in self._world.devices:
            raise ValueError(f"{device.device_id} exists already")
        self._world.add(device)
        return device.as_dict()

    def patch_device(self, device_id: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """Change fields of a device, e.g. ``in_reach``, ``online``, ``linked``."""
        device = self._world.devices[device_id]
        self._jobs.settle()
        device.settle(self._world.clock.now())
        before = (device.online, device.in_reach, list(device.linked))
        apply_fields(device, values, read_only=_IDENTITY)
        if (device.online, device.in_reach, device.linked) != before:
            self._jobs.restart_running(device_id)
        return device.as_dict()

    def remove_device(self, device_id: str) -> None:
        """Remove a device from its account; links to it disappear."""
        self._jobs.settle()
        del self._world.devices[device_id]

    def enter_pin(self, device_id: str, pin: str) -> bool:
        """Type a PIN at a lock's keypad now; return whether the door opens."""
        self._jobs.settle()
        return enter_pin(self._world.devices[device_id], pin, self._world)

    def upload_log(
        self, device_id: str, rows: Sequence[Mapping[str, Any]] = ()
    ) -> None:
        """Bring a lock's log to the cloud, as a phone next to the lock does.

        ``rows`` are more rows that the lock had kept to itself, each with
        ``activity_type``, ``log_type``, ``at`` and perhaps ``pin``.
        """
        device = self._world.devices[device_id]
        self._jobs.settle()
        late = [LogRow(**check_fields(LogRow, row)) for row in rows]
        device.settle(self._world.clock.now())
        device.activity += [*device.lock_log, *late]
        device.lock_log = []

    def revoke_tokens(self) -> None:
        """Make every access token that is out stop working."""
        self._world.expire_tokens()


async def _unknown_path(request: web.Request) -> web.Response:
    """Refuse what the API does not have (status and text INFERRED, §3.3)."""
    refuse_at_gateway(404, "Not Found")
