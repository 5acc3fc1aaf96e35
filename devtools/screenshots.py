"""Make the pictures of README and docs from the real frontend.

This is the program behind ``scripts/screenshots``. It starts the demo (simulator and
Home Assistant, ``devtools.develop``), goes to each place as a person would, and writes
``docs/images/*.png``. All locks, guests and PINs in them are invented by the simulator.
"""

import argparse
import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from io import BytesIO
import json
from pathlib import Path
import sys
import tempfile

from PIL import Image
from playwright.async_api import Locator, Page, expect

from .browser import PHONE, HassBrowser, View, is_shown, navigate
from .dashboard import CARD, save_dashboard
from .develop import USER, Develop
from .hass_client import HassClient, HassError
from .hass_config import INTEGRATION, PROJECT_ROOT
from .processes import ProcessError, free_port

IMAGES = PROJECT_ROOT / "docs/images"

#: Bytes of a picture; they are all read by whoever opens a page of the docs.
LARGEST = 150_000
COLOURS = 256

_INTEGRATION_PAGE = f"/config/integrations/integration/{INTEGRATION}"
_ACTION_STATE = "panel-dev-action-state-service-data"
_GAP = 24

#: Milliseconds until charts, icons and fonts that come last are there.
_SETTLE = 1500


@dataclass(slots=True)
class Studio:
    """Everything a picture is taken with."""

    browser: HassBrowser
    client: HassClient
    desk: View
    devices: dict[str, str]

    @property
    def phone(self) -> View:
        """Return the view on a phone."""
        return replace(self.desk, size=PHONE, phone=True, scale=2)

    async def cards(self, *locks: str) -> str:
        """Put a card for each lock onto a dashboard, or one for all; return its path."""
        cards = [{**CARD, "device_id": self.devices[lock]} for lock in locks]
        return await save_dashboard(self.client, "access-codes", cards or [CARD])


async def _taken(page: Page, part: Locator | None = None) -> Image.Image:
    """Return what is to be seen, or one part of it, when it has come to rest."""
    await page.wait_for_timeout(_SETTLE)
    shot = await (part or page).screenshot()
    return Image.open(BytesIO(shot))


async def _card_is_there(page: Page) -> None:
    await is_shown(page.get_by_test_id("code").first)


async def lock(studio: Studio) -> Image.Image:
    """Show the device page of a lock, with the status of its codes."""
    path = f"/config/devices/device/{studio.devices['Guest Room']}"
    async with studio.browser.looking(studio.client, path, studio.desk) as page:
        await is_shown(page.get_by_text("Code Plumber").first)
        return await _taken(page)


async def codes(studio: Studio) -> Image.Image:
    """Show the status sensors of codes of one lock."""
    path = f"/config/devices/device/{studio.devices['Apartment 2']}"
    async with studio.browser.looking(studio.client, path, studio.desk) as page:
        cards = page.locator("ha-device-entities-card")
        sensors = cards.filter(has=page.get_by_text("Code Tenant"))
        await is_shown(sensors)
        return await _taken(page, sensors)


async def action(studio: Studio) -> Image.Image:
    """Show an action in the developer tools, a ``dry_run``, and its answer."""
    asked = {
        "action": f"{INTEGRATION}.create_hourly_code",
        "target": {"device_id": [studio.devices["Front Door"]]},
        "data": {"name": "Plumber", "duration": {"hours": 3}, "dry_run": True},
    }
    view = replace(studio.desk, size=(900, 1900), scale=1.25)
    async with studio.browser.looking(studio.client, "/profile", view) as page:
        stored = [_ACTION_STATE, json.dumps(asked)]
        await page.evaluate("kept => localStorage.setItem(...kept)", stored)
        await navigate(page, "/developer-tools/action")
        await page.get_by_role("button", name="Perform action").click()
        answer = page.get_by_role("heading", name="Response")
        await is_shown(answer.or_(page.get_by_text("Response")).first)
        return await _taken(page)


async def _card(studio: Studio, view: View) -> Image.Image:
    path = await studio.cards("Guest Room", "Apartment 4")
    async with studio.browser.looking(studio.client, path, view) as page:
        await _card_is_there(page)
        return await _taken(page)


async def card_light(studio: Studio) -> Image.Image:
    """Show the card for two locks."""
    return await _card(studio, replace(studio.desk, size=(1100, 720)))


async def card_dark(studio: Studio) -> Image.Image:
    """Show the same in the dark."""
    return await _card(studio, replace(studio.desk, size=(1100, 720), dark=True))


async def _on_phone(studio: Studio) -> list[Image.Image]:
    """Return the card, a new code before the last tap, and the PIN, on a phone."""
    path = await studio.cards("Guest Room")
    async with studio.browser.looking(studio.client, path, studio.phone) as page:
        await _card_is_there(page)
        taken = [await _taken(page)]
        await page.get_by_test_id("new-code").click()
        await page.get_by_test_id("name").fill("Neighbour")
        await expect(page.get_by_test_id("create")).to_be_enabled()
        # Without the mark of the field that is being typed in.
        await page.get_by_role("heading", name="New code").focus()
        taken.append(await _taken(page))
        await page.get_by_test_id("create").click()
        await is_shown(page.get_by_test_id("made").get_by_test_id("pin"))
        taken.append(await _taken(page))
        return taken


async def card(studio: Studio) -> Image.Image:
    """Show the way from the card to the PIN on a phone, three pictures in a row."""
    taken = await _on_phone(studio)
    width = sum(each.width for each in taken) + _GAP * (len(taken) - 1)
    row = Image.new("RGB", (width, taken[0].height), "#8a9ba1")
    left = 0
    for each in taken:
        row.paste(each, (left, 0))
        left += each.width + _GAP
    return row.resize((row.width * 2 // 3, row.height * 2 // 3))


async def new_code(studio: Studio) -> Image.Image:
    """Show what the card asks and tells before a code is made."""
    path = await studio.cards("Garden Gate")
    view = replace(studio.desk, size=(900, 760))
    async with studio.browser.looking(studio.client, path, view) as page:
        await page.get_by_test_id("new-code").click()
        await page.get_by_test_id("kind-permanent").click()
        await expect(page.get_by_test_id("create")).to_be_enabled()
        dialog = page.get_by_role("dialog", name="New code")
        return await _taken(page, dialog)


async def pin(studio: Studio) -> Image.Image:
    """Show the PIN of a code in the list, shown for half a minute."""
    path = await studio.cards("Key Box")
    view = replace(studio.desk, size=(560, 640))
    async with studio.browser.looking(studio.client, path, view) as page:
        await _card_is_there(page)
        await page.get_by_test_id("code-toggle").first.click()
        await page.get_by_test_id("show-pin").first.click()
        await is_shown(page.get_by_test_id("pin"))
        return await _taken(page, page.locator("igloohome-access-card"))


async def card_editor(studio: Studio) -> Image.Image:
    """Show the visual editor of the card."""
    path = await studio.cards("Guest Room")
    async with studio.browser.looking(studio.client, path, studio.desk) as page:
        await _card_is_there(page)
        await page.get_by_role("button", name="Edit dashboard").click()
        await page.get_by_role("button", name="Edit", exact=True).first.click()
        await is_shown(page.locator("igloohome-access-card-editor"))
        return await _taken(page)


async def add_account(studio: Studio) -> Image.Image:
    """Show the form of an igloohome account."""
    path = "/config/integrations/dashboard"
    view = replace(studio.desk, size=(900, 620))
    async with studio.browser.looking(studio.client, path, view) as page:
        await page.get_by_role("button", name="Add integration").click()
        search = page.get_by_placeholder("Search for a brand name")
        await search.fill("igloohome Access")
        brand = page.get_by_role("button", name="igloohome Access", exact=True)
        await brand.click()
        await page.get_by_text("Client ID and Client secret").click()
        await is_shown(page.get_by_role("textbox", name="Client ID"))
        return await _taken(page)


async def add_property(studio: Studio) -> Image.Image:
    """Show the form of a property, with what has to be chosen."""
    view = replace(studio.desk, size=(900, 900))
    async with studio.browser.looking(studio.client, _INTEGRATION_PAGE, view) as page:
        await page.get_by_role("button", name="Add property").click()
        await page.get_by_role("button", name="igloohome", exact=True).click()
        await page.get_by_role("textbox", name="Name*").first.fill("Beach House")
        await page.get_by_role("button", name="Calendar of bookings").click()
        await page.get_by_role("option", name="Beach House").first.click()
        rows = page.locator("step-flow-form ha-checkbox")
        for row in await rows.all():
            box = row.get_by_role("checkbox")
            wanted = (await row.inner_text()).strip() == "Guest Room"
            if await box.is_checked() != wanted:
                await box.press("Space")
        await page.get_by_role("textbox", name="Name*").first.focus()
        return await _taken(page)


async def property_device(studio: Studio) -> Image.Image:
    """Show the page of a property: next arrival, its code, what happened."""
    path = f"/config/devices/device/{studio.devices['Beach House']}"
    async with studio.browser.looking(studio.client, path, studio.desk) as page:
        await is_shown(page.get_by_text("Code for the next arrival").first)
        return await _taken(page)


async def calendar(studio: Studio) -> Image.Image:
    """Show Home Assistant's calendar with bookings and with the windows of codes."""
    wanted = ("Beach House", "Guest Room Calendar of codes")
    registry = await studio.client.command("config/entity_registry/list")
    states = await studio.client.states()
    others = [
        entity["entity_id"]
        for entity in registry
        if entity["entity_id"].startswith("calendar.")
        and (state := states.get(entity["entity_id"]))
        and state["attributes"]["friendly_name"] not in wanted
    ]
    view = replace(studio.desk, size=(1280, 820), sidebar=True)
    async with studio.browser.looking(studio.client, "/profile", view) as page:
        stored = ["deSelectedCalendars", json.dumps(others)]
        await page.evaluate("kept => localStorage.setItem(...kept)", stored)
        await navigate(page, "/calendar")
        await is_shown(page.locator("ha-full-calendar"))
        return await _taken(page)


#: File name without ending → how the picture is taken. Pages refer to these names.
PICTURES: dict[str, Callable[[Studio], Awaitable[Image.Image]]] = {
    "lock": lock,
    "codes": codes,
    "action": action,
    "card-light": card_light,
    "card-dark": card_dark,
    "new-code": new_code,
    "pin": pin,
    "card-editor": card_editor,
    "add-account": add_account,
    "add-property": add_property,
    "property": property_device,
    "calendar": calendar,
    # Last, because it makes a code that the others would show.
    "card": card,
}


def save(image: Image.Image, path: Path) -> int:
    """Write a picture with few colours, and return its size in bytes.

    Raises ProcessError if it is larger than a page of the docs should have to load.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # Keeps colours that only a few dots have, such as those of a status.
    method = Image.Quantize.MAXCOVERAGE
    few = image.convert("RGB").quantize(
        COLOURS, method, kmeans=1, dither=Image.Dither.NONE
    )
    few.save(path, optimize=True)
    size = path.stat().st_size
    if size > LARGEST:
        raise ProcessError(f"{path.name} has {size} bytes, more than {LARGEST}")
    return size


async def take(names: list[str]) -> None:
    """Start the demo, take the pictures, and stop it."""
    with tempfile.TemporaryDirectory() as folder:
        develop = Develop(Path(folder), free_port(), free_port())
        try:
            print("Starting the demo …", flush=True)
            await develop.start()
            await _take_all(develop, names)
        finally:
            await develop.stop()


async def _take_all(develop: Develop, names: list[str]) -> None:
    zone = develop.hass.config.time_zone
    desk = View(size=(1200, 800), scale=1.5, sidebar=False, time_zone=zone)
    async with HassClient(develop.hass.url) as client, HassBrowser() as browser:
        await client.log_in(USER)
        devices = {
            device["name_by_user"] or device["name"]: device["id"]
            for device in await client.command("config/device_registry/list")
        }
        studio = Studio(browser, client, desk, devices)
        for name in names:
            image = await PICTURES[name](studio)
            size = save(image, IMAGES / f"{name}.png")
            print(f"{name}.png  {image.width} x {image.height}  {size} bytes")
        await client.log_out()


def main() -> int:
    """Read the command line, take the pictures, and return the exit code."""
    parser = argparse.ArgumentParser(
        prog="scripts/screenshots",
        description="Make the pictures of README and docs anew.",
    )
    parser.add_argument(
        "names", nargs="*", metavar="name", help=f"only these of {', '.join(PICTURES)}"
    )
    names = parser.parse_args().names or list(PICTURES)
    if unknown := set(names) - PICTURES.keys():
        parser.error(f"there is no picture {', '.join(sorted(unknown))}")
    try:
        asyncio.run(take(names))
    except (AssertionError, HassError, ProcessError, TimeoutError) as err:
        print(f"scripts/screenshots: {err}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
