"""A new user adds accounts, and opens the options."""

from playwright.async_api import Page, expect
import pytest

from devtools.browser import ON_PHONE, is_gone, is_shown

from .dialogs import (
    DASHBOARD,
    INTEGRATION_PAGE,
    close,
    faults_of_step,
    fill,
    start_adding_account,
    submit,
)
from .world import World, picture, words

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(300),
    pytest.mark.asyncio(loop_scope="session"),
]


def label(cloud: str, field: str) -> str:
    """Return the label of a field in the form of a cloud."""
    return words("config", "step", cloud, "data", field)


async def addresses(page: Page, cloud: str, values: dict[str, str]) -> None:
    """Open the advanced section and type the simulator's addresses."""
    section = ("config", "step", cloud, "sections", "advanced")
    await page.get_by_role("button", name=words(*section, "name")).click()
    await fill(page, {words(*section, "data", key): url for key, url in values.items()})


async def titles(world: World) -> list[str]:
    """Return the names of all accounts."""
    return [entry["title"] for entry in await world.owner.entries("igloohome_access")]


async def remove_account(world: World, device_name: str) -> None:
    """Remove the account a device belongs to, so that a test can be run again."""
    for device in await world.owner.command("config/device_registry/list"):
        if device["name"] == device_name:
            (entry_id,) = device["config_entries"]
            path = f"/api/config/config_entries/entry/{entry_id}"
            await world.owner.delete(path)


async def finish(page: Page, device: str) -> None:
    """Look at what was found, and end the flow."""
    await expect(page.get_by_role("textbox", name="Device name")).to_have_value(device)
    await page.get_by_role("button", name="Skip and finish").click()
    await is_gone(page.get_by_role("button", name="Skip and finish"))


async def test_add_igloohome_account(world: World) -> None:
    """A wrong secret is told in words; with the right one the locks are there."""
    await remove_account(world, "Beach House")
    before = await titles(world)
    async with world.looking(DASHBOARD) as page:
        described = ("config", "step", "user", "menu_option_descriptions", "igloohome")
        await start_adding_account(page, words(*described))
        await is_shown(
            page.get_by_role("textbox", name=label("igloohome", "client_id"))
        )
        assert await faults_of_step(page) == []
        await picture(page, "add-igloohome-account")

        await addresses(page, "igloohome", world.simulator.igloohome_addresses)
        credentials = {
            label("igloohome", "client_id"): "second-client-id",
            label("igloohome", "client_secret"): "mistyped",
        }
        await fill(page, credentials)
        await submit(page)
        await is_shown(page.get_by_text(words("config", "error", "invalid_auth")))
        await picture(page, "add-igloohome-account-refused")
        assert await titles(world) == before
        assert await faults_of_step(page) == []

        secret = label("igloohome", "client_secret")
        await fill(page, {secret: "second-client-secret"})
        await submit(page)
        await finish(page, "Beach House")
    assert len(await titles(world)) == len(before) + 1


async def test_add_seam_account(world: World) -> None:
    """The same on a phone, with an account of Seam."""
    await remove_account(world, "Cabin")
    before = await titles(world)
    async with world.looking(DASHBOARD, ON_PHONE) as page:
        described = ("config", "step", "user", "menu_option_descriptions", "seam")
        await start_adding_account(page, words(*described))
        await addresses(page, "seam", world.simulator.seam_addresses)
        key = label("seam", "api_key")
        await fill(page, {key: "seam_test_simkey_9999"})
        await submit(page)
        await is_shown(page.get_by_text(words("config", "error", "invalid_auth")))
        await picture(page, "add-seam-account-refused")
        await fill(page, {key: "seam_test_simkey_0002"})
        await submit(page)
        await is_shown(page.get_by_role("button", name="Skip and finish"))
        await picture(page, "add-seam-account-done")
        await page.get_by_role("button", name="Skip and finish").click()
        await is_gone(page.get_by_role("button", name="Skip and finish"))
    assert set(await titles(world)) - set(before) == {"Simulated Cabins"}


async def test_open_options(world: World) -> None:
    """The options are found behind the gear wheel, and each part opens."""
    async with world.looking(INTEGRATION_PAGE) as page:
        await page.get_by_role("button", name="Configure").first.click()
        menu = ("options", "step", "init")
        await is_shown(page.get_by_text(words(*menu, "title"), exact=True))
        await picture(page, "options-menu")
        assert await faults_of_step(page) == []
        described = words(*menu, "menu_option_descriptions", "settings")
        await page.get_by_text(described).click()
        option = words("options", "step", "settings", "data", "keep_ended_days")
        await is_shown(page.get_by_role("spinbutton", name=option))
        await picture(page, "options-settings")
        assert await faults_of_step(page) == []
        await close(page)
