"""Do with the card what people do, and count their taps."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from playwright.async_api import Locator, Page, expect

from devtools.browser import View, is_gone, is_shown
from devtools.dashboard import save_dashboard
from devtools.hass_client import HassClient
from devtools.hass_config import INTEGRATION

from .axe import grave_findings
from .world import World

CARD = "igloohome-access-card"

#: The five kinds of codes, as the card and the actions call them.
KINDS = ("hourly", "daily", "one_time", "permanent", "online")


@dataclass(slots=True)
class CardPage:
    """A page with one card on it, and how often it was tapped."""

    page: Page
    taps: int = 0

    @property
    def card(self) -> Locator:
        """Return the card itself, with its dialogs."""
        return self.page.locator(CARD)

    def part(self, test_id: str) -> Locator:
        """Return a part of the card (frontend/README.md)."""
        return self.card.get_by_test_id(test_id)

    def code(self, name: str) -> Locator:
        """Return the line of a code."""
        return self.part("code").filter(has_text=name)

    def dialog(self, name: str) -> Locator:
        """Return the dialog with this heading."""
        return self.card.get_by_role("dialog", name=name)

    async def tap(self, test_id: str) -> None:
        """Tap or click something once."""
        await self.part(test_id).click()
        self.taps += 1

    async def choose(self, test_id: str) -> None:
        """Choose what a chip stands for, with one tap."""
        chip = self.part(test_id)
        await chip.click()
        self.taps += 1
        await expect(chip).to_be_checked()

    async def digits(self) -> str:
        """Return the PIN that is shown, without its gaps."""
        await is_shown(self.part("pin"))
        return "".join((await self.part("pin").inner_text()).split())

    async def open_code(self, name: str) -> Locator:
        """Unfold a code that stands in the list, and return its line."""
        code = self.code(name)
        await code.get_by_test_id("code-toggle").click()
        await is_shown(code.get_by_test_id("details"))
        return code

    async def finish(self) -> None:
        """Close the dialog that shows what was made."""
        await self.part("done").click()
        await is_gone(self.part("made"))

    async def faults(self) -> list[str]:
        """Return what axe-core has against the card and its open dialog."""
        return await grave_findings(self.card)


@asynccontextmanager
async def card_page(
    world: World,
    *locks: str,
    view: View | None = None,
    who: HassClient | None = None,
    **config: Any,
) -> AsyncGenerator[CardPage]:
    """Show a card to somebody, the owner if not told; all locks if none is named."""
    card = {"type": f"custom:{CARD}", **config}
    if locks:
        card["device_id"] = [await device_id(world, lock) for lock in locks]
    path = await save_dashboard(world.owner, "access-codes", [card])
    async with world.looking(path, view, who=who) as page:
        shown = CardPage(page)
        await expect(shown.part("summary")).not_to_be_empty()
        yield shown


async def device_id(world: World, name: str) -> str:
    """Return the id of the one lock with a name."""
    devices = await world.owner.command("config/device_registry/list")
    (found,) = [device["id"] for device in devices if device["name"] == name]
    return str(found)


async def make_code(
    world: World, lock: str, name: str, **fields: Any
) -> dict[str, Any]:
    """Make an hourly code by an action, and return its answer."""
    data = {"device_id": [await device_id(world, lock)], "name": name, **fields}
    data.setdefault("duration", {"hours": 5})
    answer = await world.owner.call_action(f"{INTEGRATION}.create_hourly_code", data)
    (code,) = answer["codes"]
    assert code["pin"], code
    found: dict[str, Any] = code
    return found


async def pins_at_clouds(world: World) -> set[str]:
    """Return every PIN the simulated clouds have handed out."""
    issued = await world.simulator.control("GET", "pins")
    return {record["pin"] for cloud in issued.values() for record in cloud}
