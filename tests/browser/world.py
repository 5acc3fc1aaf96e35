"""The one world of all browser tests, and how people are met in it."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
import json
from pathlib import Path
from typing import Any

from playwright.async_api import Page

from devtools.browser import HassBrowser, View
from devtools.demo import add_accounts
from devtools.hass_client import HassClient, HassUser
from devtools.hass_config import INTEGRATION, PROJECT_ROOT, HassConfig
from devtools.hass_process import HassProcess
from devtools.hass_properties import subscribe
from devtools.processes import free_port
from devtools.simulator_process import SimulatorProcess

OWNER = HassUser("Owner", "owner", "correct horse battery staple")
RESIDENT = HassUser("Resident", "resident", "incorrect horse battery staple")

#: Calendars of bookings; in each somebody comes in two days and stays for four.
BEACH, HUT = "Beach House bookings", "Mountain Hut bookings"

#: Clouds that assign PINs late and bridges that are slow: nobody wants to wait for them.
QUICK = {
    "seam": {"pin_assignment_seconds": 1.0},
    "igloohome": {"pin_job_seconds": 1.0},
}

PICTURES = PROJECT_ROOT / ".cache/test-results/screenshots"

_TRANSLATION = PROJECT_ROOT / f"custom_components/{INTEGRATION}/translations/en.json"


def words(*path: str) -> str:
    """Return a text of the integration, in English, by its keys."""
    found: Any = json.loads(_TRANSLATION.read_text(encoding="utf-8"))
    for key in path:
        found = found[key]
    assert isinstance(found, str)
    return found


async def picture(page: Page, name: str) -> None:
    """Keep what is on the screen, to be looked at."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    await page.screenshot(path=PICTURES / f"{name}.png")


@dataclass(frozen=True, slots=True)
class World:
    """Home Assistant with both accounts, the simulator, two people, and a browser.

    ``owner`` is an administrator, ``resident`` a normal user; ``calendars`` are the
    entity ids of calendars of bookings by name.
    """

    hass: HassProcess
    simulator: SimulatorProcess
    owner: HassClient
    resident: HassClient
    browser: HassBrowser
    calendars: dict[str, str]

    def looking(
        self, path: str, view: View | None = None, *, who: HassClient | None = None
    ) -> Any:
        """Return a page for somebody, the owner if not told; use with ``async with``."""
        return self.browser.looking(who or self.owner, path, view)


@asynccontextmanager
async def running_world(folder: Path) -> AsyncGenerator[World]:
    """Start everything, with both accounts added, and stop it again."""
    hass = HassProcess(HassConfig(folder=folder / "config", port=free_port()))
    simulator = SimulatorProcess(
        port=free_port(), output=folder / "simulator.log", scenario="test"
    )
    async with AsyncExitStack() as stack:
        stack.push_async_callback(simulator.stop)
        simulator.start()
        stack.push_async_callback(hass.stop)
        hass.start()
        browser = await stack.enter_async_context(HassBrowser())
        await simulator.wait_until_up()
        await hass.wait_until_up()
        owner = await stack.enter_async_context(HassClient(hass.url))
        await owner.onboard(OWNER)
        await owner.wait_until_running()
        resident = await stack.enter_async_context(HassClient(hass.url))
        await _add_user(owner, RESIDENT)
        await resident.log_in(RESIDENT)
        await simulator.control("POST", "switches", QUICK)
        await add_accounts(owner, simulator)
        calendars = {
            name: await _add_calendar(owner, simulator, name) for name in (BEACH, HUT)
        }
        yield World(hass, simulator, owner, resident, browser, calendars)


async def _add_user(owner: HassClient, user: HassUser) -> None:
    """Add somebody who is no administrator."""
    added = await owner.command(
        "config/auth/create",
        name=user.name,
        group_ids=["system-users"],
        local_only=False,
    )
    await owner.command(
        "config/auth_provider/homeassistant/create",
        user_id=added["user"]["id"],
        username=user.username,
        password=user.password,
    )


async def _add_calendar(
    owner: HassClient, simulator: SimulatorProcess, name: str
) -> str:
    """Add a booking feed, have Home Assistant subscribe to it, return its entity id."""
    feed = name.partition(" ")[0].lower()
    today = datetime.now(UTC).date()
    stay = {
        "starts_on": f"{today + timedelta(days=2)}",
        "ends_on": f"{today + timedelta(days=6)}",
    }
    await simulator.control("PUT", f"feeds/{feed}", {"portal": "airbnb"})
    await simulator.control("PUT", f"feeds/{feed}/stays/first", stay)
    return await subscribe(owner, name, f"{simulator.url}/feeds/{feed}.ics")
