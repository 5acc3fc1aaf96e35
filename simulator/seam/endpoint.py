"""What a route of the simulated Seam API is made of."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from .errors import not_found
from .model import Device, JsonObject
from .paging import page
from .params import Spec
from .store import Store

READ = frozenset({"GET", "POST"})
POST = frozenset({"POST"})
PATCH = frozenset({"POST", "PATCH"})
PUT = frozenset({"POST", "PUT"})
CHANGE = frozenset({"POST", "PATCH", "PUT"})
DELETE = frozenset({"POST", "DELETE"})


@dataclass(frozen=True, slots=True)
class Call:
    """One authenticated request with checked parameters.

    `params` holds only the parameters that were given. `workspace_id` is the chosen
    workspace, `visible_workspaces` all that the credential sees. `url` is the
    route's full address, `origin` the server's.
    """

    store: Store
    workspace_id: str
    visible_workspaces: tuple[str, ...]
    params: dict[str, Any] = field(repr=False)
    now: datetime
    url: str
    origin: str

    def device(self) -> Device:
        """Return the device the request names by `device_id` or `name`, or a 404."""
        if "device_id" in self.params:
            return self.store.device(self.workspace_id, self.params["device_id"])
        for device in self.store.devices.values():
            shown = device.nickname or device.name
            if (
                device.workspace_id == self.workspace_id
                and device.is_managed
                and shown == self.params.get("name")
            ):
                return device
        raise not_found("device_not_found", "Device not found")

    def page(self, key: str, items: Sequence[JsonObject], limit: int) -> JsonObject:
        """Return a paginated answer; `limit` is the route's default."""
        chosen, pagination = page(
            items,
            self.params,
            default_limit=limit,
            url=self.url,
            switches=self.store.switches,
        )
        return {key: chosen, "pagination": pagination}


type Handler = Callable[[Call], JsonObject]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A route: where, how, with which parameters, answered by what.

    The handler's answer gets `ok: true` added.
    """

    path: str
    methods: frozenset[str]
    handler: Handler
    spec: Spec = field(default_factory=dict)
    authentication: Literal["workspace", "workspace_optional", "none"] = "workspace"
