"""Renewing the credentials of an account, and changing the account.

Everything goes over HTTP to the simulator.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from unittest.mock import patch

from homeassistant.config_entries import (
    SOURCE_REAUTH,
    ConfigEntryState,
    ConfigFlowResult,
)
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.igloohome_access.clouds.igloohome import IgloohomeCloud
from custom_components.igloohome_access.const import DOMAIN
from simulator import Simulator
from simulator.faults import FaultKind

from .conftest import SetUp
from .flows import (
    API_KEY,
    CLIENT_ID,
    CLIENT_SECRET,
    SECOND_API_KEY,
    SECOND_CLIENT_ID,
    SECOND_CLIENT_SECRET,
    TOKEN,
    WORKSPACE,
    WRONG_KEY,
    WRONG_SECRET,
    checked,
    collapsed,
    igloohome_account,
    igloohome_input,
    seam_account,
    seam_input,
    submit,
    suggested,
)

pytestmark = pytest.mark.usefixtures("flow_guard")

type Account = Callable[[Simulator], MockConfigEntry]

NEW_SECRET = "renewed-client-secret"


def _rotate_secret(simulator: Simulator) -> None:
    """Give the API client a new secret; the old one is refused from now on."""
    clients = simulator.igloohome._world.clients
    clients[CLIENT_ID] = replace(clients[CLIENT_ID], client_secret=NEW_SECRET)
    simulator.igloohome.revoke_tokens()


class Watch:
    """Counts how often an entry was set up since it was watched."""

    def __init__(self, entry: MockConfigEntry) -> None:
        """Begin to count."""
        self.loaded = 0
        self._entry = entry
        entry.async_on_state_change(self._changed)

    def _changed(self) -> None:
        self.loaded += self._entry.state is ConfigEntryState.LOADED


async def _reauth(hass: HomeAssistant, entry: MockConfigEntry) -> ConfigFlowResult:
    """Return the form that Home Assistant itself has asked for."""
    (progress,) = hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    assert progress["context"]["source"] == SOURCE_REAUTH
    assert progress["context"]["entry_id"] == entry.entry_id
    result = await hass.config_entries.flow.async_configure(progress["flow_id"])
    assert result["step_id"] == "reauth_confirm"
    _is_about(result, entry)
    return checked(result)


async def _reconfigure(hass: HomeAssistant, entry: MockConfigEntry) -> ConfigFlowResult:
    """Return the form a person asks for."""
    result = checked(await entry.start_reconfigure_flow(hass))
    assert result["step_id"] == "reconfigure"
    _is_about(result, entry)
    return result


def _is_about(form: ConfigFlowResult, entry: MockConfigEntry) -> None:
    """Check that a form names the account it is about."""
    placeholders = form["description_placeholders"]
    assert placeholders is not None
    assert placeholders["account"] == entry.title


async def _succeeds(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    form: ConfigFlowResult,
    typed: dict[str, Any],
    reason: str,
) -> None:
    """Send a form that works; the entry then runs, and nothing is asked any more.

    The text for the reason is Home Assistant's own.
    """
    watch = Watch(entry)
    result = await submit(hass, form, typed)
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == reason
    assert result["translation_domain"] == "homeassistant"
    await hass.async_block_till_done(wait_background_tasks=True)
    assert entry.state is ConfigEntryState.LOADED
    assert watch.loaded == 1
    assert not hass.config_entries.flow.async_progress()


async def _poll(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Read the cloud now."""
    await entry.runtime_data.coordinator.async_refresh()
    await hass.async_block_till_done()


# Reauth


async def test_reauth_igloohome(
    hass: HomeAssistant, simulator: Simulator, set_up: SetUp
) -> None:
    """A running account asks for the new secret and goes on with it."""
    entry = await set_up(igloohome_account(simulator))
    _rotate_secret(simulator)
    await _poll(hass, entry)
    form = await _reauth(hass, entry)
    assert form["data_schema"] is not None
    assert list(form["data_schema"].schema) == ["client_secret"]

    form = await submit(hass, form, {"client_secret": CLIENT_SECRET})
    assert form["step_id"] == "reauth_confirm"
    assert form["errors"] == {"base": "invalid_auth"}
    assert suggested(form) == {}
    typed = {"client_secret": f" {NEW_SECRET}\n"}
    await _succeeds(hass, entry, form, typed, "reauth_successful")
    assert entry.data == igloohome_account(simulator, NEW_SECRET).data


async def test_the_webhook_is_kept(
    hass: HomeAssistant, set_up: SetUp, simulator: Simulator
) -> None:
    """New credentials do not forget the webhook of the account."""
    entry = await set_up(igloohome_account(simulator))
    webhook = {"webhook_id": "kept"}
    hass.config_entries.async_update_entry(
        entry, data={**entry.data, "webhook": webhook}
    )
    await hass.async_block_till_done()
    form = await _reconfigure(hass, entry)
    await _succeeds(
        hass, entry, form, igloohome_input(simulator), "reconfigure_successful"
    )
    assert entry.data["webhook"] == webhook


async def test_reauth_after_failed_start(
    hass: HomeAssistant, simulator: Simulator, set_up: SetUp
) -> None:
    """An account that could not start is started with the right secret."""
    entry = await set_up(igloohome_account(simulator, WRONG_SECRET))
    assert entry.state is ConfigEntryState.SETUP_ERROR
    form = await _reauth(hass, entry)
    typed = {"client_secret": CLIENT_SECRET}
    await _succeeds(hass, entry, form, typed, "reauth_successful")
    assert entry.data == igloohome_account(simulator).data


@pytest.mark.parametrize(
    ("account", "path", "typed"),
    [
        (igloohome_account, "/igloohome/devices", {"client_secret": CLIENT_SECRET}),
        (seam_account, "/seam/devices/list", {"api_key": API_KEY}),
    ],
)
async def test_reauth_with_the_same(
    hass: HomeAssistant,
    simulator: Simulator,
    set_up: SetUp,
    account: Account,
    path: str,
    typed: dict[str, str],
) -> None:
    """Credentials that work again after all bring an account back to polling."""
    entry = await set_up(account(simulator))
    simulator.faults.add(path, FaultKind.STATUS, status=401, times=None)
    await _poll(hass, entry)
    assert not entry.runtime_data.coordinator.last_update_success
    form = await _reauth(hass, entry)
    simulator.faults.clear()
    await _succeeds(hass, entry, form, typed, "reauth_successful")
    assert entry.runtime_data.coordinator.last_update_success


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"kind": FaultKind.STATUS, "status": 503}, "cannot_connect"),
        ({"kind": FaultKind.STATUS, "status": 403}, "missing_permission"),
    ],
)
@pytest.mark.parametrize(
    ("account", "path", "typed"),
    [
        (igloohome_account, "/igloohome/devices", {"client_secret": CLIENT_SECRET}),
        (seam_account, "/workspaces/get", {"api_key": API_KEY}),
    ],
)
async def test_reauth_error(
    hass: HomeAssistant,
    simulator: Simulator,
    set_up: SetUp,
    account: Account,
    path: str,
    typed: dict[str, str],
    fault: dict[str, Any],
    error: str,
) -> None:
    """Other trouble is told as such and leaves the account as it is."""
    entry = await set_up(account(simulator))
    before = dict(entry.data)
    entry.async_start_reauth(hass)
    await hass.async_block_till_done()
    form = await _reauth(hass, entry)
    simulator.faults.add(path, times=None, **fault)
    form = await submit(hass, form, typed)
    assert form["errors"] == {"base": error}
    assert entry.data == before
    simulator.faults.clear()
    await _succeeds(hass, entry, form, typed, "reauth_successful")


async def test_reauth_unknown(
    hass: HomeAssistant, simulator: Simulator, set_up: SetUp
) -> None:
    """An error nobody foresaw is told, and nothing of it is logged."""
    entry = await set_up(igloohome_account(simulator, WRONG_SECRET))
    form = await _reauth(hass, entry)
    typed = {"client_secret": CLIENT_SECRET}
    with patch.object(
        IgloohomeCloud, "async_identify", side_effect=RuntimeError(CLIENT_SECRET)
    ):
        form = await submit(hass, form, typed)
    assert form["errors"] == {"base": "unknown"}
    await _succeeds(hass, entry, form, typed, "reauth_successful")


@pytest.mark.parametrize("typed", [API_KEY, TOKEN])
async def test_reauth_seam(
    hass: HomeAssistant, simulator: Simulator, set_up: SetUp, typed: str
) -> None:
    """A key or a token of the same workspace will do, without a choice."""
    entry = await set_up(seam_account(simulator, WRONG_KEY))
    assert entry.state is ConfigEntryState.SETUP_ERROR
    form = await _reauth(hass, entry)
    form = await submit(hass, form, {"api_key": WRONG_KEY})
    assert form["errors"] == {"base": "invalid_auth"}
    await _succeeds(hass, entry, form, {"api_key": typed}, "reauth_successful")
    workspace = {"workspace_id": WORKSPACE} if typed == TOKEN else {}
    assert entry.data == seam_account(simulator, typed, **workspace).data
    assert entry.title == "Simulated Homes"


async def test_reauth_seam_running(
    hass: HomeAssistant, simulator: Simulator, set_up: SetUp
) -> None:
    """A running account whose token was revoked goes on with an API key."""
    entry = await set_up(seam_account(simulator, TOKEN, workspace_id=WORKSPACE))
    simulator.seam.switches.revoked_tokens = [TOKEN]
    await _poll(hass, entry)
    form = await _reauth(hass, entry)
    await _succeeds(hass, entry, form, {"api_key": API_KEY}, "reauth_successful")
    assert entry.data == seam_account(simulator).data


@pytest.mark.parametrize("sees", [["ws-sim-0002"], ["ws-sim-0002", "ws-sim-0003"]])
async def test_reauth_other_workspace(
    hass: HomeAssistant, simulator: Simulator, set_up: SetUp, sees: list[str]
) -> None:
    """A key or a token of another workspace does not move the account there."""
    entry = await set_up(seam_account(simulator))
    before = dict(entry.data)
    workspaces = [{"workspace_id": each, "name": "Other"} for each in sees]
    simulator.faults.add(
        "/workspaces/list", FaultKind.JSON, body={"workspaces": workspaces}
    )
    for typed in (SECOND_API_KEY, TOKEN):
        entry.async_start_reauth(hass)
        await hass.async_block_till_done()
        form = await _reauth(hass, entry)
        result = await submit(hass, form, {"api_key": typed})
        assert result["type"] is FlowResultType.ABORT
        assert result["reason"] == "unique_id_mismatch"
    assert entry.data == before
    assert entry.state is ConfigEntryState.LOADED


# Reconfigure


async def test_reconfigure_igloohome(
    hass: HomeAssistant, simulator: Simulator, set_up: SetUp
) -> None:
    """Everything but the secret is shown; the running account reloads once."""
    entry = await set_up(igloohome_account(simulator))
    form = await _reconfigure(hass, entry)
    assert suggested(form) == {
        "client_id": CLIENT_ID,
        "advanced": igloohome_input(simulator)["advanced"],
    }
    assert collapsed(form)
    typed = igloohome_input(simulator, api_url=f"{simulator.igloohome_api_url}/")
    await _succeeds(hass, entry, form, typed, "reconfigure_successful")
    assert entry.data == {"cloud": "igloohome", **typed}
    assert entry.title == "igloohome"


async def test_reconfigure_errors(
    hass: HomeAssistant, simulator: Simulator, set_up: SetUp
) -> None:
    """One error after the other is told; then the account is changed."""
    entry = await set_up(igloohome_account(simulator))
    form = await _reconfigure(hass, entry)
    for typed, error in (
        (igloohome_input(simulator, client_secret=WRONG_SECRET), "invalid_auth"),
        (igloohome_input(simulator, auth_url="http://example.com"), "unsafe_address"),
        (igloohome_input(simulator, api_url=simulator.url), "cannot_connect"),
    ):
        form = await submit(hass, form, typed)
        assert form["step_id"] == "reconfigure"
        assert form["errors"] == {"base": error}
        assert suggested(form) == {
            "client_id": CLIENT_ID,
            "advanced": typed["advanced"],
        }
    typed = igloohome_input(simulator)
    await _succeeds(hass, entry, form, typed, "reconfigure_successful")


async def test_reconfigure_other_client(
    hass: HomeAssistant, simulator: Simulator, set_up: SetUp
) -> None:
    """Another API client is another account."""
    entry = await set_up(igloohome_account(simulator))
    before = dict(entry.data)
    typed = igloohome_input(simulator, SECOND_CLIENT_ID, SECOND_CLIENT_SECRET)
    result = await submit(hass, await _reconfigure(hass, entry), typed)
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "unique_id_mismatch"
    assert entry.data == before


async def test_reconfigure_seam(
    hass: HomeAssistant, simulator: Simulator, set_up: SetUp
) -> None:
    """A key gives way to a token and the token to a key."""
    entry = await set_up(seam_account(simulator))
    form = await _reconfigure(hass, entry)
    assert suggested(form) == {"advanced": {"api_url": simulator.seam_api_url}}
    typed = seam_input(simulator, TOKEN)
    await _succeeds(hass, entry, form, typed, "reconfigure_successful")
    assert entry.data["workspace_id"] == WORKSPACE

    form = await _reconfigure(hass, entry)
    typed = seam_input(simulator)
    await _succeeds(hass, entry, form, typed, "reconfigure_successful")
    assert entry.data == seam_account(simulator).data


async def test_reconfigure_seam_errors(
    hass: HomeAssistant, simulator: Simulator, set_up: SetUp
) -> None:
    """Trouble is told; a key of another workspace is refused."""
    entry = await set_up(seam_account(simulator))
    before = dict(entry.data)
    form = await _reconfigure(hass, entry)
    simulator.faults.add("/workspaces/list", FaultKind.STATUS, status=503, times=None)
    form = await submit(hass, form, seam_input(simulator, TOKEN))
    assert form["errors"] == {"base": "cannot_connect"}
    form = await submit(hass, form, seam_input(simulator, WRONG_KEY))
    assert form["errors"] == {"base": "invalid_auth"}
    result = await submit(hass, form, seam_input(simulator, SECOND_API_KEY))
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "unique_id_mismatch"
    assert entry.data == before


async def test_reconfigure_in_place_of_reauth(
    hass: HomeAssistant, simulator: Simulator, set_up: SetUp
) -> None:
    """Who reconfigures while new credentials are asked for has answered both."""
    entry = await set_up(igloohome_account(simulator, WRONG_SECRET))
    await _reauth(hass, entry)
    form = await _reconfigure(hass, entry)
    typed = igloohome_input(simulator)
    await _succeeds(hass, entry, form, typed, "reconfigure_successful")


async def test_reconfigure_while_unreachable(
    hass: HomeAssistant, simulator: Simulator, set_up: SetUp
) -> None:
    """An account that waits for its cloud starts at once at its new address."""
    moved = f"{simulator.url}/moved"
    entry = await set_up(igloohome_account(simulator, api_url=moved, auth_url=moved))
    assert entry.state is ConfigEntryState.SETUP_RETRY
    form = await _reconfigure(hass, entry)
    typed = igloohome_input(simulator)
    await _succeeds(hass, entry, form, typed, "reconfigure_successful")
