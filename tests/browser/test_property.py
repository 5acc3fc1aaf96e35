"""A host adds a property, and the booking in its calendar gets a code."""

from typing import Any

from playwright.async_api import Page
import pytest

from devtools.browser import is_gone, is_shown, navigate
from devtools.hass_config import INTEGRATION

from .dialogs import INTEGRATION_PAGE, faults_of_step, fill, pick, submit
from .world import HUT, World, picture, words

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(300),
    pytest.mark.asyncio(loop_scope="session"),
]

FORM = ("config_subentries", "property", "step", "user")
NAME = "Mountain Hut"


async def property_device(world: World) -> dict[str, Any] | None:
    """Return the device of the property, None if there is none (yet)."""
    for device in await world.owner.command("config/device_registry/list"):
        if device["name"] == NAME:
            found: dict[str, Any] = device
            return found
    return None


async def tick(page: Page, lock: str) -> None:
    """Choose a lock. None is chosen before: the door is the host's decision."""
    rows = page.locator("step-flow-form ha-checkbox")
    await is_shown(rows.first)
    for row in await rows.all():
        assert not await row.evaluate("row => row.checked")
        if (await row.inner_text()).strip() == lock:
            wanted = row
    await wanted.click()


async def remove_property(world: World) -> None:
    """Remove what an earlier run of the test has added."""
    for entry in await world.owner.entries(INTEGRATION):
        for subentry in await world.owner.command(
            "config_entries/subentries/list", entry_id=entry["entry_id"]
        ):
            if subentry["title"] == NAME:
                await world.owner.command(
                    "config_entries/subentries/delete",
                    entry_id=entry["entry_id"],
                    subentry_id=subentry["subentry_id"],
                )


async def test_add_property(world: World) -> None:
    """Name, calendar and lock are all that has to be chosen."""
    await remove_property(world)
    async with world.looking(INTEGRATION_PAGE) as page:
        start = words("config_subentries", "property", "initiate_flow", "user")
        await page.get_by_role("button", name=start).click()
        await page.get_by_role("button", name="igloohome", exact=True).click()
        await is_shown(page.get_by_text(words(*FORM, "description")))
        await picture(page, "add-property")
        assert await faults_of_step(page) == []

        await fill(page, {f"{words(*FORM, 'data', 'name')}*": NAME})
        # A button, and in 2026.10 an item of no list.
        await page.locator("step-flow-form ha-entity-picker").click()
        await pick(page, HUT)
        await tick(page, "Guest Room")
        await picture(page, "add-property-filled-in")
        await submit(page)
        await page.get_by_role("button", name="Finish").click()
        await is_gone(page.get_by_role("button", name="Finish"))

        device = await property_device(world)
        assert device is not None
        sensor = words("entity", "sensor", "next_arrival_code", "name")
        await navigate(page, f"/config/devices/device/{device['id']}")
        await is_shown(page.get_by_text(sensor).first)
        await is_shown(page.get_by_text("Ready", exact=True).first)
        await picture(page, "property-device")
    answer = await world.owner.call_action(f"{INTEGRATION}.get_codes", {})
    made = [code for code in answer["codes"] if code["name"].startswith(NAME)]
    assert [(code["lock"], code["origin"]) for code in made] == [
        ("Guest Room", "booking")
    ]
