"""Making codes below the actions, on a disk that can be held up."""

import asyncio
from datetime import timedelta
from typing import Any
from unittest.mock import patch

from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.igloohome_access.issuing import Issued
from custom_components.igloohome_access.model import CodeKind, CodePlan, CodeRequest
from custom_components.igloohome_access.rules import plan_code
from simulator import Simulator

from .codes import NAME, account_of, lock_of

ALGOPIN = "/algopin/"
CREATE = "/seam/access_codes/create$"
PATHS = {"igloohome": ALGOPIN, "seam": CREATE}


def path_of(entry: MockConfigEntry) -> str:
    """Return where codes are asked for."""
    return PATHS[entry.data["cloud"]]


def requests(simulator: Simulator) -> int:
    """Return how often codes were asked for at both clouds."""
    return sum(simulator.requests.count(path=path) for path in PATHS.values())


def plan_of(entry: MockConfigEntry, hours: int = 2) -> CodePlan:
    """Return an hourly code from now on."""
    account = account_of(entry)
    device = account.coordinator.data[lock_of(entry)]
    return plan_code(
        CodeRequest(kind=CodeKind.HOURLY, duration=timedelta(hours=hours)),
        zone=account.coordinator.zone(device),
        now=dt_util.utcnow(),
        cloud=account.cloud.kind,
    )


def issue(
    hass: HomeAssistant, entry: MockConfigEntry, plan: CodePlan | None = None
) -> asyncio.Task[Issued]:
    """Begin to make a code, without an action around it."""
    account = account_of(entry)
    return hass.async_create_task(
        account.issuer.async_issue(
            account.coordinator.data[lock_of(entry)], plan or plan_of(entry), NAME
        )
    )


class SlowDisk:
    """A disk that writes the ledger when it is told to."""

    def __init__(self) -> None:
        """Write nothing yet."""
        self.go_on = asyncio.Event()
        self.waiting = 0

    @property
    def patched(self) -> Any:
        """Return the context in which it is in use."""
        real = Store._async_write_data

        async def write(store: Store[Any], data: dict[str, Any]) -> None:
            if "ledger" in store.key:
                self.waiting += 1
                await self.go_on.wait()
            await real(store, data)

        return patch.object(Store, "_async_write_data", write)
