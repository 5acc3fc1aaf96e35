"""The card for everybody: with rights and without, by keyboard, small, dark, in trouble."""

import json
import re
from typing import Any

from playwright.async_api import Page, expect
import pytest

from devtools.browser import DESKTOP, PHONE, View, is_gone, is_shown
from devtools.dashboard import save_dashboard
from devtools.hass_config import PROJECT_ROOT
from devtools.hass_properties import add_property

from .card import CARD, CardPage, card_page, device_id, make_code
from .dialogs import pick
from .world import BEACH, World, picture, words

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(300),
    pytest.mark.asyncio(loop_scope="session"),
]

#: How somebody looks at the card, and at which lock: each holds a few codes at a time.
LOOKS = {
    "desktop-light": (View(size=DESKTOP), "Bike Padlock"),
    "desktop-dark": (View(size=DESKTOP, dark=True), "Key Box"),
    "phone-light": (View(size=PHONE, phone=True), "Front Door"),
    "phone-dark": (View(size=PHONE, phone=True, dark=True), "Guest Room"),
}

#: Ids of "Apartment 1" and "Apartment 3" at Seam (simulator/seam/scenarios.py).
SEAM_LOCKS = (
    "c1f0a3d2-5b7e-4e19-9d40-7a1b2c3d0001",
    "c1f0a3d2-5b7e-4e19-9d40-7a1b2c3d0003",
)

#: How many codes of a lock are shown at first (PAGE in frontend/src/card.ts).
FIRST = 8

_GERMAN = PROJECT_ROOT / "custom_components/igloohome_access/www/lang/de.json"
_GERMAN_ACTIONS = (
    PROJECT_ROOT / "custom_components/igloohome_access/translations/de.json"
)
_GERMAN_TIME = re.compile(r"\S\S\., \d+\. \S+, \d+:00")
_ISO_TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d")

#: A phone on which two cards stand side by side: as wide as half of one.
NARROW = (195, 844)

#: The smallest target a finger or a shaky hand is asked to hit, in CSS pixels
#: (WCAG 2.2, 2.5.8).
TARGET = 24

_ACTIVE = """() => {
  let active = document.activeElement;
  while (active?.shadowRoot?.activeElement) active = active.shadowRoot.activeElement;
  return active?.dataset?.testid ?? active?.tagName ?? "";
}"""

_TOO_SMALL = """(card, least) => {
  const found = [];
  const look = root => {
    for (const part of root.querySelectorAll("*")) {
      if (part.matches("button, summary, label.chip, input:not(.chip input)")) {
        const box = part.getBoundingClientRect();
        if (box.width && (box.width < least || box.height < least)) {
          found.push(`${part.dataset.testid}: ${box.width} x ${box.height}`);
        }
      }
      if (part.shadowRoot) look(part.shadowRoot);
    }
  };
  look(card.shadowRoot);
  return found;
}"""

_OVERFLOW = (
    "document.documentElement.scrollWidth - document.documentElement.clientWidth"
)


_CUT_OFF = "part => part.scrollWidth - part.clientWidth"


async def focused(page: Page) -> str:
    """Return the test id, else the tag, of what has the focus."""
    return str(await page.evaluate(_ACTIVE))


async def tab_to(page: Page, test_id: str, most: int = 60) -> None:
    """Press the tab key until a part of the card has the focus."""
    for _ in range(most):
        if await focused(page) == test_id:
            return
        await page.keyboard.press("Tab")
    raise AssertionError(f"{test_id} cannot be reached with the tab key")


async def fits(shown: CardPage) -> None:
    """Assert that nothing sticks out, and that everything can be hit."""
    assert await shown.page.evaluate(_OVERFLOW) == 0
    assert await shown.card.evaluate(_TOO_SMALL, TARGET) == []


@pytest.mark.parametrize("look", LOOKS)
async def test_looks(world: World, look: str) -> None:
    """Everything fits and nothing is hard to perceive, on all screens and themes."""
    names = [f"Looks {look}", f"A guest with a rather long name, {look}"]
    view, lock = LOOKS[look]
    for name in names:
        await make_code(world, lock, name, duration={"hours": 30})
    async with card_page(world, lock, view=view) as shown:
        code = await shown.open_code(names[0])
        await code.get_by_test_id("show-pin").click()
        await is_shown(shown.part("pin"))
        await picture(shown.page, f"card-{look}")
        await fits(shown)
        assert await shown.faults() == []

        await shown.tap("new-code")
        await shown.choose("length-4")
        await expect(shown.part("create")).to_be_enabled()
        await picture(shown.page, f"new-code-{look}")
        await fits(shown)
        assert await shown.faults() == []
        await shown.tap("create")
        await is_shown(shown.part("made").get_by_test_id("pin"))
        await picture(shown.page, f"new-code-ready-{look}")
        await fits(shown)
        assert await shown.faults() == []
        await shown.finish()


async def test_narrow(world: World) -> None:
    """Half as wide as a phone, words are still words, and no digit is cut off."""
    await make_code(world, "Guest Room", "Narrow neighbour")
    view = View(size=NARROW, phone=True)
    async with card_page(world, "Guest Room", view=view) as shown:
        name = shown.code("Narrow neighbour").locator(".name")
        line = "name => parseFloat(getComputedStyle(name).lineHeight)"
        box = await name.bounding_box()
        assert box is not None
        assert box["height"] < 3 * await name.evaluate(line)
        code = await shown.open_code("Narrow neighbour")
        await code.get_by_test_id("show-pin").click()
        await is_shown(shown.part("pin"))
        await picture(shown.page, "card-narrow")
        assert await shown.part("pin").evaluate(_CUT_OFF) == 0
        await fits(shown)


async def test_normal_user(world: World) -> None:
    """Who is no administrator sees codes and statuses, and no way to a PIN."""
    await make_code(world, "Guest Room", "Seen by all")
    async with card_page(world, "Guest Room", who=world.resident) as shown:
        code = await shown.open_code("Seen by all")
        await expect(code.get_by_test_id("status")).to_have_text("Active")
        await expect(code.get_by_test_id("details")).to_contain_text("Guest Room")
        await picture(shown.page, "card-normal-user")
        for test_id in ("new-code", "new-code-for", "show-pin", "remove", "pin"):
            await expect(shown.part(test_id)).to_have_count(0)
        await expect(shown.part("card-error")).to_have_count(0)
        assert await shown.faults() == []
    async with card_page(world, "Guest Room") as shown:
        await is_shown(shown.part("new-code"))


async def test_keyboard_only(world: World) -> None:
    """From the card to the PIN and back without a mouse, the focus where one is."""
    async with card_page(world, "Guest Room") as shown:
        page = shown.page
        await tab_to(page, "new-code")
        await page.keyboard.press("Enter")
        await is_shown(shown.dialog("New code"))
        await tab_to(page, "kind-hourly")
        await page.keyboard.press("ArrowRight")
        await expect(shown.part("kind-one_time")).to_be_checked()
        await tab_to(page, "name")
        await page.keyboard.type("Typed")
        await expect(shown.part("create")).to_be_enabled()
        await tab_to(page, "create")
        await page.keyboard.press("Enter")
        await is_shown(shown.dialog("The code is ready"))
        assert (await shown.digits()).isdecimal()
        await page.keyboard.press("Escape")
        await is_gone(shown.part("pin"))
        assert await focused(page) == "new-code"

        await is_shown(shown.code("Typed"))
        row = shown.code("Typed").get_by_test_id("code-toggle")
        await row.focus()
        await page.keyboard.press("Enter")
        await expect(row).to_have_attribute("aria-expanded", "true")
        await page.keyboard.press("Tab")
        assert await focused(page) == "show-pin"
        await page.keyboard.press("Space")
        await is_shown(shown.code("Typed").get_by_test_id("pin"))


async def test_errors_in_words(world: World) -> None:
    """A rule that is broken and a cloud that is away are told in sentences."""
    async with card_page(world, "Guest Room") as shown:
        await shown.tap("new-code")
        await shown.choose("length-until")
        await shown.part("end-at").fill("2026-01-01T10:00")
        said = words("exceptions", "ends_in_past", "message").partition("(")[0].strip()
        await expect(shown.part("error")).to_contain_text(said)
        await expect(shown.part("create")).to_be_disabled()
        await picture(shown.page, "new-code-error")
        assert await shown.faults() == []

        await shown.choose("length-2")
        await expect(shown.part("create")).to_be_enabled()
        fault: dict[str, Any] = {"path_regex": "/algopin/", "kind": "status"}
        fault |= {"status": 403, "times": None}
        await world.simulator.control("POST", "faults", fault)
        try:
            await shown.tap("create")
            await is_shown(shown.part("error"))
            text = await shown.part("error").inner_text()
            await picture(shown.page, "new-code-refused")
        finally:
            await world.simulator.control("DELETE", "faults")
        start = words("exceptions", "cloud_permission_missing", "message")
        assert text.startswith(start.partition("{")[0])
        await shown.tap("create")
        await is_shown(shown.part("pin"))


async def test_code_of_a_booking(world: World) -> None:
    """The code of a booking is in the list, says so, and can be read out."""
    (account,) = [
        entry
        for entry in await world.owner.entries("igloohome_access")
        if entry["title"] == "igloohome"
    ]
    await add_property(
        world.owner,
        account["entry_id"],
        ["Key Box"],
        name="Beach House",
        calendar=world.calendars[BEACH],
    )
    async with card_page(world, "Key Box") as shown:
        code = shown.part("code").filter(has_text="Beach House")
        await is_shown(code)
        await code.get_by_test_id("code-toggle").click()
        await expect(code.get_by_test_id("details")).to_contain_text(
            "Made for a booking"
        )
        await expect(code).to_have_attribute("data-status", "scheduled")
        await code.get_by_test_id("show-pin").click()
        await is_shown(code.get_by_test_id("pin"))
        await picture(shown.page, "card-booking")


async def test_other_language(world: World) -> None:
    """The card speaks the language of who looks, and so do the errors of actions."""
    said: dict[str, str] = json.loads(_GERMAN.read_text(encoding="utf-8"))
    view = View(language="de")
    async with card_page(world, "Front Door", view=view) as shown:
        await expect(shown.part("new-code")).to_have_text(said["card.new"])
        await shown.tap("new-code")
        await is_shown(shown.dialog(said["new.title"]))
        await expect(shown.part("create")).to_be_enabled()
        # Hours are counted from midnight to midnight there.
        await expect(shown.part("preview")).not_to_contain_text("AM")
        await expect(shown.part("preview")).not_to_contain_text("PM")
        # The warnings are told by Home Assistant, which speaks English here.
        texts: dict[str, Any] = json.loads(_GERMAN_ACTIONS.read_text(encoding="utf-8"))
        told = texts["exceptions"]
        final = shown.part("preview").locator("[data-warning=cannot_be_revoked]")
        await expect(final).to_have_text(told["cannot_be_revoked"]["message"])
        start = shown.part("preview").locator("[data-warning=start_is_current_hour]")
        before, _, after = told["start_is_current_hour"]["message"].partition("{")
        await expect(start).to_contain_text(before)
        await expect(start).to_contain_text(after.partition("}")[2])
        await expect(start).to_contain_text(_GERMAN_TIME)
        await expect(shown.part("preview")).not_to_contain_text(_ISO_TIME)
        await picture(shown.page, "new-code-german")


async def test_visual_editor(world: World) -> None:
    """The card is found in the picker, set up without YAML, and saved."""
    name = "made-by-hand"
    path = await save_dashboard(world.owner, name, [])
    async with world.looking(path) as page:
        await page.get_by_role("button", name="Edit dashboard").click()
        await page.get_by_role("button", name="Add card").first.click()
        await page.get_by_role("tab", name="By card").click()
        await page.get_by_placeholder("Search cards").fill("igloohome")
        preview = page.locator("hui-card-picker .card").filter(has=page.locator(CARD))
        await is_shown(preview.get_by_test_id("summary"))
        await picture(page, "card-picker")
        await preview.click()

        editor = page.locator(f"{CARD}-editor")
        await is_shown(editor)
        # Called "Add", and "Locks" in 2026.10.
        await editor.locator("ha-selector-select").get_by_role("button").first.click()
        await pick(page, "Guest Room")
        # A person takes longer than the preview to the next field.
        title = page.get_by_role("heading", name="Guest Room", level=2)
        await is_shown(title)
        await editor.get_by_role("textbox", name="Title").fill("Guests")
        await is_shown(page.get_by_role("heading", name="Guests"))
        await picture(page, "card-editor")
        await page.get_by_role("button", name="Save").click()
        await page.get_by_role("button", name="Done").click()
        await is_shown(page.get_by_role("heading", name="Guests"))
    saved = await world.owner.command("lovelace/config", url_path=name)
    assert saved["views"][0]["cards"] == [
        {
            "type": f"custom:{CARD}",
            "title": "Guests",
            "device_id": [await device_id(world, "Guest Room")],
        }
    ]


async def test_two_hundred_codes(world: World) -> None:
    """Two locks full of codes: most of them folded away, found by name, all quick."""
    locks = [await device_id(world, name) for name in ("Apartment 1", "Apartment 3")]
    for number in range(200):
        code = {"device_id": SEAM_LOCKS[number % 2], "name": f"Staff {number:03d}"}
        await world.simulator.control("POST", "seam/codes", code)
    await world.owner.call_action(
        "homeassistant.reload_config_entry", {"device_id": locks[0]}, response=False
    )
    async with card_page(world, "Apartment 1", "Apartment 3") as shown:
        await expect(shown.part("summary")).to_contain_text("200")
        assert await shown.part("code").count() == 2 * FIRST
        await picture(shown.page, "card-200-codes")
        await shown.part("search").fill("Staff 177")
        await expect(shown.part("code")).to_have_count(1)
        await shown.part("search").fill("")
        await expect(shown.part("code")).to_have_count(2 * FIRST)
        await shown.part("more").first.click()
        await expect(shown.part("code")).to_have_count(3 * FIRST)
        assert await shown.faults() == []
