"""Do with Home Assistant's own dialogs what people do."""

from playwright.async_api import Page

from devtools.browser import is_gone, is_shown

from .axe import THEME, grave_findings

DASHBOARD = "/config/integrations/dashboard"
_INSIDE_A_FIELD = " >> #selector >> "
INTEGRATION_PAGE = "/config/integrations/integration/igloohome_access"


async def start_adding_account(page: Page, described_as: str) -> None:
    """From the list of integrations to the form of a cloud, by searching."""
    await page.get_by_role("button", name="Add integration").click()
    await page.get_by_placeholder("Search for a brand name").fill("igloohome Access")
    await page.get_by_role("button", name="igloohome Access", exact=True).click()
    await page.get_by_text(described_as).click()


async def fill(page: Page, values: dict[str, str]) -> None:
    """Type texts into the fields with these labels."""
    for label, text in values.items():
        await page.get_by_role("textbox", name=label).fill(text)


async def submit(page: Page) -> None:
    """Press the button at the end of a form."""
    await page.get_by_role("button", name="Submit").click()


async def faults_of_step(page: Page) -> list[str]:
    """Return what axe-core has against our part of the step of a flow that is shown.

    Home Assistant's are the frame around it, with a nameless link to the help, and the
    insides of fields: in 2026.10 those are full of faults.
    """
    step = page.locator("step-flow-form, step-flow-menu")
    found = await grave_findings(step, without=THEME)
    return [fault for fault in found if _INSIDE_A_FIELD not in fault]


async def close(page: Page) -> None:
    """Close the dialog that is open, and wait until it is gone."""
    button = page.get_by_role("button", name="Close")
    await is_shown(button)
    await button.click()
    await is_gone(button)


async def pick(page: Page, name: str) -> None:
    """Pick from a list that has dropped down; in 2026.10 it has no roles."""
    option = page.get_by_role("option", name=name)
    item = page.locator("ha-combo-box-item").filter(has_text=name)
    await option.or_(item).last.click()
