"""Adding a Seam account, with an API key or with a personal access token.

Everything goes over HTTP to the simulator.
"""

from typing import Any
from unittest.mock import patch

from homeassistant.config_entries import ConfigEntryState, ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest

from custom_components.igloohome_access.clouds.seam import DEFAULT_API_URL, SeamCloud
from custom_components.igloohome_access.const import DOMAIN
from custom_components.igloohome_access.model import CloudKind
from simulator import Simulator
from simulator.faults import FaultKind

from .flows import (
    API_KEY,
    SECOND_API_KEY,
    SECOND_WORKSPACE,
    TOKEN,
    WORKSPACE,
    WRONG_KEY,
    collapsed,
    seam_input,
    start,
    submit,
    suggested,
)

pytestmark = pytest.mark.usefixtures("flow_guard")

FAULTS: list[tuple[dict[str, Any], str]] = [
    ({"kind": FaultKind.STATUS, "status": 401}, "invalid_auth"),
    ({"kind": FaultKind.STATUS, "status": 403}, "missing_permission"),
    ({"kind": FaultKind.STATUS, "status": 503}, "cannot_connect"),
    ({"kind": FaultKind.STATUS, "status": 429}, "cannot_connect"),
    ({"kind": FaultKind.STATUS, "status": 404}, "cannot_connect"),
    ({"kind": FaultKind.HTML}, "cannot_connect"),
    ({"kind": FaultKind.DROP_BEFORE}, "cannot_connect"),
    ({"kind": FaultKind.JSON, "body": {"ok": True}}, "cannot_connect"),
]


async def _adds(
    hass: HomeAssistant, form: ConfigFlowResult, typed: dict[str, Any]
) -> ConfigFlowResult:
    """Send a form and return the account that was added and set up."""
    result = await submit(hass, form, typed)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done(wait_background_tasks=True)
    assert result["result"].state is ConfigEntryState.LOADED
    return result


async def test_api_key(hass: HomeAssistant, simulator: Simulator) -> None:
    """An API key knows its workspace: it gives the name and the unique id."""
    form = await start(hass, "seam")
    assert form["step_id"] == "seam"
    assert form["errors"] == {}
    assert suggested(form) == {"advanced": {}}
    assert collapsed(form)

    result = await _adds(hass, form, seam_input(simulator))
    assert result["title"] == "Simulated Homes"
    assert result["data"] == {
        "cloud": CloudKind.SEAM.value,
        "api_key": API_KEY,
        "advanced": {"api_url": simulator.seam_api_url},
    }
    assert result["result"].unique_id == WORKSPACE


async def test_default_address(hass: HomeAssistant) -> None:
    """Without a change under Advanced the official address is used."""
    asked: list[str] = []

    def identify(session: object, data: dict[str, Any]) -> None:
        asked.extend(data["advanced"].values())
        raise RuntimeError

    form = await start(hass, "seam")
    with patch(
        "custom_components.igloohome_access.config_flow.create_cloud",
        side_effect=identify,
    ):
        await submit(hass, form, {"api_key": API_KEY, "advanced": {}})
    assert asked == [DEFAULT_API_URL]


async def test_two_workspaces(hass: HomeAssistant, simulator: Simulator) -> None:
    """Two workspaces are two accounts, whatever name they have."""
    simulator.seam.store.workspaces[SECOND_WORKSPACE].name = "Simulated Homes"
    await _adds(hass, await start(hass, "seam"), seam_input(simulator))
    second = await _adds(
        hass, await start(hass, "seam"), seam_input(simulator, SECOND_API_KEY)
    )
    assert second["title"] == "Simulated Homes 2"
    assert second["result"].unique_id == SECOND_WORKSPACE


@pytest.mark.parametrize(
    "key",
    [
        WRONG_KEY,
        "seam_cst_a_browser_token",
        "seam_pk_a_publishable_key",
        "",
        "kéy",
        "two\nlines",
    ],
)
async def test_wrong_key(hass: HomeAssistant, simulator: Simulator, key: str) -> None:
    """A key that is none is told, and is not shown again."""
    form = await submit(hass, await start(hass, "seam"), seam_input(simulator, key))
    assert form["errors"] == {"base": "invalid_auth"}
    assert suggested(form) == {"advanced": {"api_url": simulator.seam_api_url}}
    await _adds(hass, form, seam_input(simulator))


@pytest.mark.parametrize(("fault", "error"), FAULTS)
async def test_error(
    hass: HomeAssistant, simulator: Simulator, fault: dict[str, Any], error: str
) -> None:
    """Each kind of trouble has its own message, and passes."""
    simulator.faults.add("/workspaces/get", times=None, **fault)
    form = await submit(hass, await start(hass, "seam"), seam_input(simulator))
    assert form["step_id"] == "seam"
    assert form["errors"] == {"base": error}
    simulator.faults.clear()
    await _adds(hass, form, seam_input(simulator))


async def test_unsafe_address(hass: HomeAssistant, simulator: Simulator) -> None:
    """A key never leaves for an address that could be overheard."""
    typed = seam_input(simulator, api_url="http://example.com")
    form = await submit(hass, await start(hass, "seam"), typed)
    assert form["errors"] == {"base": "unsafe_address"}
    assert suggested(form) == {"advanced": {"api_url": "http://example.com"}}
    assert not collapsed(form)
    assert not simulator.requests.all
    await _adds(hass, form, seam_input(simulator))


async def test_unknown(
    hass: HomeAssistant, simulator: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    """An error nobody foresaw is logged without its text."""
    form = await start(hass, "seam")
    with patch.object(SeamCloud, "async_identify", side_effect=ValueError(API_KEY)):
        form = await submit(hass, form, seam_input(simulator))
    assert form["errors"] == {"base": "unknown"}
    assert "Unexpected ValueError while trying credentials" in caplog.text
    await _adds(hass, form, seam_input(simulator))


# Personal access tokens


def _choices(form: ConfigFlowResult) -> list[dict[str, str]]:
    """Return the workspaces a form lets choose from."""
    assert form["step_id"] == "workspace"
    assert form["data_schema"] is not None
    selector = form["data_schema"].schema["workspace_id"]
    options: list[dict[str, str]] = selector.config["options"]
    return options


@pytest.mark.parametrize("typed", [TOKEN, f"  {TOKEN}\n"])
async def test_token(hass: HomeAssistant, simulator: Simulator, typed: str) -> None:
    """A token leads to the choice of a workspace, which is stored."""
    simulator.seam.store.workspaces[WORKSPACE].is_sandbox = False
    form = await submit(hass, await start(hass, "seam"), seam_input(simulator, typed))
    assert form["errors"] == {}
    assert _choices(form) == [
        {"value": WORKSPACE, "label": "Simulated Homes"},
        {"value": SECOND_WORKSPACE, "label": "Simulated Cabins (sandbox)"},
    ]
    result = await _adds(hass, form, {"workspace_id": SECOND_WORKSPACE})
    assert result["title"] == "Simulated Cabins"
    assert result["result"].unique_id == SECOND_WORKSPACE
    assert result["data"] == {
        "cloud": CloudKind.SEAM.value,
        "api_key": TOKEN,
        "workspace_id": SECOND_WORKSPACE,
        "advanced": {"api_url": simulator.seam_api_url},
    }
    devices = result["result"].runtime_data.coordinator.data.values()
    assert [device.name for device in devices] == ["Cabin"]


async def test_token_for_both(hass: HomeAssistant, simulator: Simulator) -> None:
    """One token serves several accounts, each workspace once."""
    for workspace in (WORKSPACE, SECOND_WORKSPACE):
        form = await submit(
            hass, await start(hass, "seam"), seam_input(simulator, TOKEN)
        )
        await _adds(hass, form, {"workspace_id": workspace})
    form = await submit(hass, await start(hass, "seam"), seam_input(simulator, TOKEN))
    result = await submit(hass, form, {"workspace_id": WORKSPACE})
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_configured"


async def test_key_after_token(hass: HomeAssistant, simulator: Simulator) -> None:
    """A workspace is one account, with whichever credentials it is added."""
    form = await submit(hass, await start(hass, "seam"), seam_input(simulator, TOKEN))
    await _adds(hass, form, {"workspace_id": WORKSPACE})
    result = await submit(hass, await start(hass, "seam"), seam_input(simulator))
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_configured"
    assert len(hass.config_entries.async_entries(DOMAIN)) == 1


@pytest.mark.parametrize(("fault", "error"), FAULTS)
async def test_token_list_error(
    hass: HomeAssistant, simulator: Simulator, fault: dict[str, Any], error: str
) -> None:
    """Trouble while the workspaces are listed leads back to the same form."""
    simulator.faults.add("/workspaces/list", times=None, **fault)
    typed = seam_input(simulator, TOKEN)
    form = await submit(hass, await start(hass, "seam"), typed)
    assert form["step_id"] == "seam"
    assert form["errors"] == {"base": error}
    assert suggested(form) == {"advanced": {"api_url": simulator.seam_api_url}}
    simulator.faults.clear()
    form = await submit(hass, form, typed)
    await _adds(hass, form, {"workspace_id": WORKSPACE})


async def test_token_without_workspace(
    hass: HomeAssistant, simulator: Simulator
) -> None:
    """A token that sees nothing is told apart; a key can follow it."""
    simulator.faults.add(
        "/workspaces/list", FaultKind.JSON, body={"workspaces": [], "ok": True}
    )
    typed = seam_input(simulator, TOKEN)
    form = await submit(hass, await start(hass, "seam"), typed)
    assert form["step_id"] == "seam"
    assert form["errors"] == {"base": "no_workspace"}
    result = await _adds(hass, form, seam_input(simulator))
    assert "workspace_id" not in result["data"]


async def test_token_list_unknown(hass: HomeAssistant, simulator: Simulator) -> None:
    """An error nobody foresaw while listing is an error of the form, too."""
    form = await start(hass, "seam")
    with patch.object(
        SeamCloud, "async_list_workspaces", side_effect=RuntimeError(TOKEN)
    ):
        form = await submit(hass, form, seam_input(simulator, TOKEN))
    assert form["errors"] == {"base": "unknown"}
    form = await submit(hass, form, seam_input(simulator, TOKEN))
    await _adds(hass, form, {"workspace_id": WORKSPACE})


@pytest.mark.parametrize(("fault", "error"), FAULTS)
async def test_workspace_error(
    hass: HomeAssistant, simulator: Simulator, fault: dict[str, Any], error: str
) -> None:
    """Trouble after the choice shows the choice again, as it was made."""
    form = await submit(hass, await start(hass, "seam"), seam_input(simulator, TOKEN))
    simulator.faults.add("/workspaces/get", times=None, **fault)
    form = await submit(hass, form, {"workspace_id": SECOND_WORKSPACE})
    assert len(_choices(form)) == 2
    assert form["errors"] == {"base": error}
    assert suggested(form) == {"workspace_id": SECOND_WORKSPACE}
    simulator.faults.clear()
    result = await _adds(hass, form, {"workspace_id": WORKSPACE})
    assert result["result"].unique_id == WORKSPACE
