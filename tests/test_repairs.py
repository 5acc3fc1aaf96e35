"""The click that takes a failed code off the list."""

from homeassistant.components.repairs import DOMAIN as REPAIRS
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.igloohome_access.const import DOMAIN
from custom_components.igloohome_access.model import RecordState

from .codes import START, account_of, record, requested
from .conftest import IGLOOHOME_UNIQUE_ID, SetUp

ISSUE = f"code_{IGLOOHOME_UNIQUE_ID}_code1"
FAILED = record(
    state=RecordState.FAILED, failed_at=START, failure="window_passed", pin=None
)


@pytest.fixture
async def entry(
    hass: HomeAssistant, igloohome_entry: MockConfigEntry, set_up: SetUp
) -> MockConfigEntry:
    """Return an account with a code that failed."""
    assert await async_setup_component(hass, REPAIRS, {})
    await set_up(igloohome_entry)
    await account_of(igloohome_entry).book.async_update(FAILED)
    return igloohome_entry


async def click(client: ClientSessionGenerator, *, confirm: bool = True) -> str:
    """Open the issue as the frontend does, and agree; return what comes of it."""
    browser = await client()
    url = "/api/repairs/issues/fix"
    answer = await browser.post(url, json={"handler": DOMAIN, "issue_id": ISSUE})
    assert answer.status == 200
    form = await answer.json()
    assert (form["type"], form["step_id"]) == ("form", "confirm")
    if not confirm:
        return "form"
    answer = await browser.post(f"{url}/{form['flow_id']}", json={})
    assert answer.status == 200
    return str((await answer.json())["type"])


def is_reported(hass: HomeAssistant) -> bool:
    """Return whether there is an issue about the code."""
    return ir.async_get(hass).async_get_issue(DOMAIN, ISSUE) is not None


async def test_take_off(
    hass: HomeAssistant, entry: MockConfigEntry, hass_client: ClientSessionGenerator
) -> None:
    """Take the code off the list and the issue back."""
    assert is_reported(hass)
    assert await click(hass_client, confirm=False) == "form"
    assert "code1" in account_of(entry).book.ledger.records
    assert await click(hass_client) == "create_entry"
    assert not account_of(entry).book.ledger.records
    assert not list(account_of(entry).book)
    assert not is_reported(hass)


async def test_account_not_loaded(
    hass: HomeAssistant, entry: MockConfigEntry, hass_client: ClientSessionGenerator
) -> None:
    """Lose nothing: say why nothing could be done, and keep the issue."""
    await hass.config_entries.async_unload(entry.entry_id)
    assert await click(hass_client) == "abort"
    assert is_reported(hass)
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert "code1" in account_of(entry).book.ledger.records
    assert is_reported(hass)


async def test_account_gone(
    hass: HomeAssistant, entry: MockConfigEntry, hass_client: ClientSessionGenerator
) -> None:
    """Close an issue that was left open in a browser when the account went."""
    issue = ir.async_get(hass).async_get_issue(DOMAIN, ISSUE)
    assert issue is not None
    await hass.config_entries.async_remove(entry.entry_id)
    assert not is_reported(hass)
    ir.async_create_issue(
        hass,
        DOMAIN,
        ISSUE,
        data=issue.data,
        is_fixable=True,
        severity=ir.IssueSeverity.ERROR,
        translation_key="code_failed",
    )
    assert await click(hass_client) == "create_entry"
    assert not is_reported(hass)


@pytest.mark.parametrize("change", ["requested", "gone"])
async def test_code_changed_meanwhile(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    hass_client: ClientSessionGenerator,
    change: str,
) -> None:
    """Take nothing off but a code that failed."""
    browser = await hass_client()
    url = "/api/repairs/issues/fix"
    answer = await browser.post(url, json={"handler": DOMAIN, "issue_id": ISSUE})
    form = await answer.json()
    book = account_of(entry).book
    if change == "gone":
        await book.async_remove(["code1"])
    else:
        await book.async_update(requested())
    answer = await browser.post(f"{url}/{form['flow_id']}", json={})
    shown = await answer.json()
    if change == "gone":
        assert shown["type"] == "create_entry"
        assert not book.ledger.records
    else:
        assert (shown["type"], shown["reason"]) == ("abort", "not_fixed")
        assert set(book.ledger.records) == {"code1"}
