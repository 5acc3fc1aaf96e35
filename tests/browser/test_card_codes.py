"""Codes are made in the card, read out, handed on, and taken back."""

from playwright.async_api import expect
import pytest

from devtools.browser import ON_PHONE, is_gone, is_shown
from tests.hours import until_the_hour_is_safe

from .card import KINDS, card_page, device_id, make_code, pins_at_clouds
from .world import QUICK, World, picture

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(300),
    pytest.mark.asyncio(loop_scope="session"),
]

#: Id of a lock with a bridge (simulator/igloohome/scenarios.py).
GARDEN_GATE = "IGB400c0ffee1"

#: From the card to the PIN, at most.
MOST_TAPS = 3


async def test_new_code_from_the_card_of_all_locks(world: World) -> None:
    """New code, the lock, get PIN: three taps, nothing to type, on a phone."""
    async with card_page(world, view=ON_PHONE) as shown:
        await shown.tap("new-code")
        await shown.choose(f"lock-{await device_id(world, 'Guest Room')}")
        await expect(shown.part("create")).to_be_enabled()
        await picture(shown.page, "new-code-phone")
        await shown.tap("create")
        pin = await shown.digits()
        await picture(shown.page, "new-code-ready-phone")
        assert shown.taps <= MOST_TAPS
    assert pin.isdecimal()
    assert pin in await pins_at_clouds(world)


async def test_new_code_of_each_kind(world: World) -> None:
    """Three taps at most for every kind, and each code is then in the list."""
    await until_the_hour_is_safe(120)
    async with card_page(world, "Garden Gate") as shown:
        for kind in KINDS:
            name = f"Made {kind}"
            shown.taps = 0
            await shown.tap("new-code")
            await shown.choose(f"kind-{kind}")
            await shown.part("name").fill(name)
            await expect(shown.part("create")).to_be_enabled()
            await picture(shown.page, f"new-code-{kind}")
            await shown.tap("create")
            pin = await shown.digits()
            await picture(shown.page, f"new-code-{kind}-ready")
            assert shown.taps <= MOST_TAPS
            assert pin in await pins_at_clouds(world), kind
            await shown.finish()
            await expect(shown.code(name)).to_have_attribute("data-status", "active")
        await picture(shown.page, "card-each-kind")


async def test_new_code_of_a_seam_account(world: World) -> None:
    """The PIN comes some seconds after the code, and appears by itself."""
    slow = {"seam": {"pin_assignment_seconds": 8.0}}
    await world.simulator.control("POST", "switches", slow)
    try:
        async with card_page(world, "Apartment 2") as shown:
            await shown.tap("new-code")
            await shown.tap("create")
            pin = await shown.digits()
            assert pin in await pins_at_clouds(world)
            assert shown.taps == 2
    finally:
        await world.simulator.control("POST", "switches", QUICK)


async def test_warnings_before_the_last_tap(world: World) -> None:
    """What cannot be undone is on the screen with the button, on a phone as well."""
    async with card_page(world, "Key Box", view=ON_PHONE) as shown:
        await shown.tap("new-code")
        await shown.choose("kind-permanent")
        await expect(shown.part("create")).to_be_enabled()
        warning = shown.part("preview").locator("li").first
        await expect(warning).to_be_in_viewport()
        before = await pins_at_clouds(world)
        await shown.part("cancel").click()
        await is_gone(shown.part("preview"))
    assert await pins_at_clouds(world) == before


async def test_reveal_and_hide(world: World) -> None:
    """A PIN is fetched when asked for, shown for half a minute, one at a time."""
    made = [await make_code(world, "Bike Padlock", name) for name in ("Ann", "Ben")]
    async with card_page(world, "Bike Padlock") as shown:
        await is_shown(shown.code("Ben"))
        html = await shown.card.evaluate("card => card.shadowRoot.innerHTML")
        assert not any(code["pin"] in html for code in made)
        await shown.page.clock.install()
        ann, ben = [await shown.open_code(code["name"]) for code in made]
        await ann.get_by_test_id("show-pin").click()
        assert await shown.digits() == made[0]["pin"]
        await picture(shown.page, "pin-shown")

        await shown.page.clock.fast_forward(25_000)
        assert await shown.digits() == made[0]["pin"]
        await shown.page.clock.fast_forward(6_000)
        await is_gone(shown.part("pin"))
        await is_shown(ann.get_by_text("The PIN is hidden again."))

        await ann.get_by_test_id("show-pin").click()
        await is_shown(ann.get_by_test_id("pin"))
        await ben.get_by_test_id("show-pin").click()
        await is_shown(ben.get_by_test_id("pin"))
        await is_gone(ann.get_by_test_id("pin"))
        assert await shown.digits() == made[1]["pin"]
        await ben.get_by_test_id("hide-pin").click()
        await is_gone(shown.part("pin"))


async def test_copy_and_share(world: World) -> None:
    """The digits and a ready message reach the clipboard, or the share sheet."""
    made = await make_code(world, "Key Box", "Copied")
    async with card_page(world, "Key Box") as shown:
        code = await shown.open_code("Copied")
        await code.get_by_test_id("show-pin").click()
        await code.get_by_test_id("copy-pin").click()
        await is_shown(code.get_by_text("PIN copied"))
        read = "navigator.clipboard.readText()"
        assert await shown.page.evaluate(read) == made["pin"]

        await code.get_by_test_id("share-pin").click()
        await is_shown(code.get_by_text("Message copied"))
        message = str(await shown.page.evaluate(read))
        assert "Key Box" in message
        assert made["pin"] in message.replace(" ", "")

        await shown.page.evaluate(
            "() => { navigator.share = async told => { window.shared = told.text; }; }"
        )
        await code.get_by_test_id("share-pin").click()
        await shown.page.wait_for_function("window.shared")
        assert await shown.page.evaluate("window.shared") == message


async def test_take_an_offline_code_off_the_list(world: World) -> None:
    """The card says until when it still opens, before and after."""
    await make_code(world, "Guest Room", "Forgotten")
    async with card_page(world, "Guest Room") as shown:
        code = await shown.open_code("Forgotten")
        await code.get_by_test_id("remove").click()
        await is_shown(shown.part("still-opens"))
        await picture(shown.page, "forget-code")
        assert await shown.faults() == []
        await shown.part("confirm-remove").click()
        await expect(shown.part("removed")).to_contain_text("still opens Guest Room")
        await picture(shown.page, "forget-code-done")
        await shown.page.keyboard.press("Escape")
        await is_gone(shown.part("removed"))
        await is_gone(shown.code("Forgotten"))


async def test_delete_an_online_code(world: World) -> None:
    """It is gone from the lock, not only from the list."""
    await until_the_hour_is_safe(120)
    async with card_page(world, "Garden Gate") as shown:
        await shown.tap("new-code")
        await shown.choose("kind-online")
        await shown.part("name").fill("Deleted")
        await shown.tap("create")
        pin = await shown.digits()
        await shown.finish()
        assert await opens(world, GARDEN_GATE, pin)
        code = await shown.open_code("Deleted")
        await code.get_by_test_id("remove").click()
        await is_shown(shown.dialog("Delete Deleted?"))
        await picture(shown.page, "delete-code")
        await shown.part("confirm-remove").click()
        await is_shown(shown.part("removed"))
        await is_gone(shown.code("Deleted"))
    assert not await opens(world, GARDEN_GATE, pin)


async def opens(world: World, lock: str, pin: str) -> bool:
    """Type a PIN at the keypad of a lock of the simulated igloohome cloud."""
    path = f"igloohome/devices/{lock}/keypad"
    answer = await world.simulator.control("POST", path, {"pin": pin})
    return bool(answer["opened"])
