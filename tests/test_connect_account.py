"""Connecting an igloohome account to Seam, from the options and from a repair."""

from collections.abc import Generator
from typing import Any
from unittest.mock import patch
from uuid import UUID

from homeassistant.components.repairs import DOMAIN as REPAIRS
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import device_registry as dr, issue_registry as ir
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.igloohome_access.const import DOMAIN
from simulator import Simulator

from .conftest import SetUp
from .push_world import issues, requests, settle

pytestmark = pytest.mark.usefixtures("instant_reads")

TROUBLE = {
    "message": "Sign in again.",
    "created_at": "2026-11-20T00:00:00.000Z",
}
ERROR = {
    "error_code": "account_disconnected",
    "is_connected_account_error": True,
    "is_bridge_error": False,
    "is_device_error": False,
    **TROUBLE,
}
WARNING = {"warning_code": "account_reauthorization_requested", **TROUBLE}


@pytest.fixture(autouse=True)
def no_pauses() -> Generator[None]:
    """Look at the page again at once."""
    base = "custom_components.igloohome_access.connect_account"
    with patch(f"{base}.POLL_SECONDS", 0.01):
        yield


def page_of(simulator: Simulator) -> str:
    """Return the id of the only page at Seam."""
    (webview_id,) = simulator.seam.store.webviews
    return webview_id


async def begin(hass: HomeAssistant, entry: MockConfigEntry) -> Any:
    """Choose the step in the menu, and return what is shown."""
    menu = await hass.config_entries.options.async_init(entry.entry_id)
    assert menu["menu_options"] == ["settings", "connect"]
    return await hass.config_entries.options.async_configure(
        menu["flow_id"], {"next_step_id": "connect"}
    )


async def end(hass: HomeAssistant, flow: Any) -> str:
    """Return how the flow ended, after it went on by itself."""
    await settle(hass)
    (shown,) = hass.config_entries.options.async_progress()
    assert shown["flow_id"] == flow["flow_id"]
    result = await hass.config_entries.options.async_configure(flow["flow_id"])
    assert result["type"] is FlowResultType.ABORT
    assert hass.config_entries.options.async_progress() == []
    await settle(hass)
    return str(result["reason"])


async def test_connected(
    hass: HomeAssistant, seam: MockConfigEntry, simulator: Simulator
) -> None:
    """The person signs in on another page; then the new lock is there."""
    flow = await begin(hass, seam)
    assert flow["type"] is FlowResultType.EXTERNAL_STEP
    page = simulator.seam.store.webviews[page_of(simulator)]
    assert flow["url"].endswith(f"connect_webview_id={page.connect_webview_id}")
    assert page.options == {
        "accepted_providers": ["igloohome"],
        "wait_for_device_creation": True,
    }
    # Opening it once more changes nothing.
    again = await hass.config_entries.options.async_configure(flow["flow_id"])
    assert (again["type"], again["url"]) == (FlowResultType.EXTERNAL_STEP, flow["url"])
    simulator.seam.add_device({"name": "New lock", "preset": "offline"})
    simulator.seam.complete_connect_webview(page.connect_webview_id)
    assert await end(hass, flow) == "connected"
    registry = dr.async_get(hass)
    devices = dr.async_entries_for_config_entry(registry, seam.entry_id)
    names = {device.name for device in devices}
    assert "New lock" in names
    assert seam.options == {}


async def test_failed(
    hass: HomeAssistant, seam: MockConfigEntry, simulator: Simulator
) -> None:
    """A sign-in that failed is told, and the page is taken away."""
    flow = await begin(hass, seam)
    simulator.seam.complete_connect_webview(page_of(simulator), authorized=False)
    assert await end(hass, flow) == "connect_failed"
    assert simulator.seam.store.webviews == {}


async def test_given_up(
    hass: HomeAssistant, seam: MockConfigEntry, simulator: Simulator
) -> None:
    """Nobody is waited for for ever."""
    base = "custom_components.igloohome_access.connect_account"
    with patch(f"{base}.GIVE_UP_SECONDS", 0.05):
        flow = await begin(hass, seam)
        assert await end(hass, flow) == "connect_given_up"
    assert simulator.seam.store.webviews == {}


async def test_closed(
    hass: HomeAssistant, seam: MockConfigEntry, simulator: Simulator
) -> None:
    """Closing the flow ends the watch, and takes the page away."""
    flow = await begin(hass, seam)
    hass.config_entries.options.async_abort(flow["flow_id"])
    await settle(hass)
    assert simulator.seam.store.webviews == {}
    simulator.requests.clear()
    await settle(hass)
    assert requests(simulator) == []


async def test_menu_closed(hass: HomeAssistant, seam: MockConfigEntry) -> None:
    """Closing the menu needs nothing."""
    menu = await hass.config_entries.options.async_init(seam.entry_id)
    hass.config_entries.options.async_abort(menu["flow_id"])
    assert hass.config_entries.options.async_progress() == []


async def test_page_gone(
    hass: HomeAssistant, seam: MockConfigEntry, simulator: Simulator
) -> None:
    """A page that was deleted elsewhere comes to nothing."""
    flow = await begin(hass, seam)
    simulator.seam.store.webviews.clear()
    assert await end(hass, flow) == "connect_failed"


async def test_outage(
    hass: HomeAssistant, seam: MockConfigEntry, simulator: Simulator
) -> None:
    """While Seam does not answer, the person may be signing in all the same."""
    simulator.faults.add(
        path_regex="/connect_webviews/get", kind="status", status=503, times=7
    )
    flow = await begin(hass, seam)
    simulator.seam.complete_connect_webview(page_of(simulator))
    assert await end(hass, flow) == "connected"


@pytest.mark.parametrize(
    ("route", "status", "reason"),
    [
        ("create", 503, "cannot_connect"),
        ("create", 401, "connect_refused"),
        ("create", 403, "connect_refused"),
        ("create", 400, "connect_refused"),
        ("get", 401, "connect_refused"),
        ("delete", 503, "connect_failed"),
    ],
)
async def test_refused(
    hass: HomeAssistant,
    seam: MockConfigEntry,
    simulator: Simulator,
    route: str,
    status: int,
    reason: str,
) -> None:
    """What Seam does not let us do is told."""
    simulator.faults.add(
        path_regex=f"/connect_webviews/{route}",
        kind="status",
        status=status,
        times=None,
    )
    flow = await begin(hass, seam)
    if route == "create":
        assert (flow["type"], flow["reason"]) == (FlowResultType.ABORT, reason)
        assert hass.config_entries.options.async_progress() == []
        return
    simulator.seam.complete_connect_webview(page_of(simulator), authorized=False)
    assert await end(hass, flow) == reason


async def test_odd_page(
    hass: HomeAssistant, seam: MockConfigEntry, simulator: Simulator
) -> None:
    """Only a web page is opened."""
    webview = {"connect_webview_id": str(UUID(int=1)), "url": "javascript:alert(1)"}
    simulator.faults.add(
        path_regex="/connect_webviews/create",
        kind="json",
        body={"connect_webview": webview, "ok": True},
    )
    flow = await begin(hass, seam)
    assert (flow["type"], flow["reason"]) == (FlowResultType.ABORT, "connect_refused")
    await settle(hass)
    assert requests(simulator, "connect_webviews/delete")


async def test_not_loaded(hass: HomeAssistant, seam: MockConfigEntry) -> None:
    """Without a running account nothing is begun."""
    await hass.config_entries.async_unload(seam.entry_id)
    flow = await begin(hass, seam)
    assert (flow["type"], flow["reason"]) == (FlowResultType.ABORT, "not_loaded")


@pytest.mark.parametrize("outcome", ["closed", "given up", "signed in"])
async def test_unloaded_meanwhile(
    hass: HomeAssistant, seam: MockConfigEntry, simulator: Simulator, outcome: str
) -> None:
    """An account that stops while the page is open is told of, and leaves no page."""
    base = "custom_components.igloohome_access.connect_account"
    with patch(f"{base}.GIVE_UP_SECONDS", 0.2 if outcome == "given up" else 60):
        flow = await begin(hass, seam)
        assert await hass.config_entries.async_unload(seam.entry_id)
        if outcome == "closed":
            hass.config_entries.options.async_abort(flow["flow_id"])
            await settle(hass)
        elif outcome == "given up":
            assert await end(hass, flow) == "connect_given_up"
        else:
            simulator.seam.complete_connect_webview(page_of(simulator))
            assert await end(hass, flow) == "connected"
            return
    assert simulator.seam.store.webviews == {}


async def test_push_option(hass: HomeAssistant, seam: MockConfigEntry) -> None:
    """An account with Seam has the option of push, on until it is switched off.

    It has none of what is done through bridges: Seam does that by itself.
    """
    menu = await hass.config_entries.options.async_init(seam.entry_id)
    form = await hass.config_entries.options.async_configure(
        menu["flow_id"], {"next_step_id": "settings"}
    )
    assert form["step_id"] == "settings"
    await hass.config_entries.options.async_configure(form["flow_id"], {})
    await settle(hass)
    assert seam.options == {
        "code_sensors": True,
        "keep_ended_days": 7,
        "assist_create": False,
        "push": True,
    }


# Repairs


class Browser:
    """The dialogue of a repair, over HTTP."""

    def __init__(self, client: Any) -> None:
        """Use a client of Home Assistant."""
        self._client = client
        self._flow = ""

    async def open(self, issue_id: str) -> Any:
        """Open an issue, and return what is shown."""
        shown = await self._post("", {"handler": DOMAIN, "issue_id": issue_id})
        self._flow = shown["flow_id"]
        return shown

    async def submit(self) -> Any:
        """Submit what is shown, and return what comes then."""
        return await self._post(f"/{self._flow}", {})

    async def look(self) -> Any:
        """Look again, as the frontend does when it is told to."""
        response = await self._client.get(f"/api/repairs/issues/fix/{self._flow}")
        assert response.status == 200
        return await response.json()

    async def _post(self, path: str, data: dict[str, str]) -> Any:
        response = await self._client.post(f"/api/repairs/issues/fix{path}", json=data)
        assert response.status == 200
        return await response.json()


@pytest.fixture
async def browser(hass: HomeAssistant, hass_client: ClientSessionGenerator) -> Browser:
    """Return a browser on a Home Assistant with repairs."""
    assert await async_setup_component(hass, REPAIRS, {})
    # A route cannot be added once somebody is connected.
    assert await async_setup_component(hass, DOMAIN, {})
    return Browser(await hass_client())


async def raised(
    hass: HomeAssistant,
    simulator: Simulator,
    entry: MockConfigEntry,
    set_up: SetUp,
    **trouble: Any,
) -> ir.IssueEntry:
    """Return the issue about an account that Seam has trouble with."""
    account_id = next(iter(simulator.seam.store.accounts))
    simulator.seam.patch_account(account_id, trouble)
    await set_up(entry)
    (issue,) = issues(hass, "connected")
    return issue


@pytest.mark.parametrize(
    ("trouble", "key"),
    [
        ({"errors": [ERROR]}, "account_disconnected"),
        ({"warnings": [WARNING]}, "account_needs_authorization"),
    ],
)
async def test_repair(
    hass: HomeAssistant,
    browser: Browser,
    simulator: Simulator,
    seam_entry: MockConfigEntry,
    set_up: SetUp,
    trouble: dict[str, Any],
    key: str,
) -> None:
    """The repair leads to the page, goes on by itself, and the issue is gone."""
    issue = await raised(hass, simulator, seam_entry, set_up, **trouble)
    assert issue.translation_key == key
    assert (await browser.open(issue.issue_id))["step_id"] == "confirm"
    page = await browser.submit()
    assert page["type"] == "external"
    again = await browser.submit()
    assert (again["type"], again["url"]) == ("external", page["url"])
    simulator.seam.complete_connect_webview(page_of(simulator))
    await settle(hass)
    assert (await browser.look())["type"] == "create_entry"
    await settle(hass)
    assert issues(hass, "connected") == []


async def test_repair_of_another(
    hass: HomeAssistant,
    browser: Browser,
    simulator: Simulator,
    seam_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """An issue whose account was not mended after all comes back."""
    issue = await raised(hass, simulator, seam_entry, set_up, errors=[ERROR])
    await browser.open(issue.issue_id)
    await browser.submit()
    simulator.seam.complete_connect_webview(page_of(simulator))
    account_id = next(iter(simulator.seam.store.accounts))
    simulator.seam.patch_account(account_id, {"errors": [ERROR]})
    await settle(hass)
    await browser.look()
    await settle(hass)
    assert len(issues(hass, "connected")) == 1


async def test_repair_failed(
    hass: HomeAssistant,
    browser: Browser,
    simulator: Simulator,
    seam_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """After a sign-in that failed the issue stays."""
    issue = await raised(hass, simulator, seam_entry, set_up, errors=[ERROR])
    await browser.open(issue.issue_id)
    await browser.submit()
    simulator.seam.complete_connect_webview(page_of(simulator), authorized=False)
    await settle(hass)
    shown = await browser.look()
    assert (shown["type"], shown["reason"]) == ("abort", "connect_failed")
    assert issues(hass, "connected") == [issue]


@pytest.mark.parametrize("obstacle", ["unloaded", "removed", "refused"])
async def test_repair_impossible(
    hass: HomeAssistant,
    browser: Browser,
    simulator: Simulator,
    seam_entry: MockConfigEntry,
    set_up: SetUp,
    obstacle: str,
) -> None:
    """Where nothing can be begun, that is told."""
    issue = await raised(hass, simulator, seam_entry, set_up, errors=[ERROR])
    if obstacle == "refused":
        simulator.faults.add(
            path_regex="/connect_webviews/create", kind="status", status=403
        )
    elif obstacle == "unloaded":
        await hass.config_entries.async_unload(seam_entry.entry_id)
    await browser.open(issue.issue_id)
    if obstacle == "removed":
        await hass.config_entries.async_remove(seam_entry.entry_id)
    shown = await browser.submit()
    reason = "connect_refused" if obstacle == "refused" else "not_loaded"
    assert (shown["type"], shown["reason"]) == ("abort", reason)


async def test_repair_closed(
    hass: HomeAssistant,
    browser: Browser,
    simulator: Simulator,
    seam_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """Removing the account takes its issues with it; an open dialogue says so."""
    issue = await raised(hass, simulator, seam_entry, set_up, errors=[ERROR])
    await hass.config_entries.async_remove(seam_entry.entry_id)
    assert issues(hass, "connected") == []
    ir.async_create_issue(
        hass,
        DOMAIN,
        issue.issue_id,
        data={"entry_id": seam_entry.entry_id},
        is_fixable=True,
        severity=ir.IssueSeverity.ERROR,
        translation_key="account_disconnected",
        translation_placeholders={"name": "x", "account": "x"},
    )
    await browser.open(issue.issue_id)
    assert (await browser.submit())["reason"] == "not_loaded"
