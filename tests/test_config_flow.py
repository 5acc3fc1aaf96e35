"""Adding an igloohome account, and what both clouds have in common.

Everything goes over HTTP to the simulator.
"""

from typing import Any
from unittest.mock import patch

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.igloohome_access.clouds.igloohome import (
    DEFAULT_API_URL,
    DEFAULT_AUTH_URL,
    IgloohomeCloud,
)
from custom_components.igloohome_access.const import DOMAIN
from custom_components.igloohome_access.model import CloudKind
from simulator import Simulator
from simulator.faults import FaultKind

from .flows import (
    CLIENT_ID,
    CLIENT_SECRET,
    SECOND_CLIENT_ID,
    SECOND_CLIENT_SECRET,
    WRONG_SECRET,
    account_id,
    collapsed,
    igloohome_input,
    seam_input,
    start,
    submit,
    suggested,
)

pytestmark = pytest.mark.usefixtures("flow_guard")


async def test_add(hass: HomeAssistant, simulator: Simulator) -> None:
    """The account is added and set up; ids are without the client id."""
    form = await start(hass, "igloohome")
    assert form["step_id"] == "igloohome"
    assert form["errors"] == {}
    assert suggested(form) == {"advanced": {}}
    assert collapsed(form)

    result = await submit(hass, form, igloohome_input(simulator))
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["title"] == "igloohome"
    assert result["data"] == {
        "cloud": CloudKind.IGLOOHOME.value,
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "advanced": {
            "api_url": simulator.igloohome_api_url,
            "auth_url": simulator.igloohome_auth_url,
        },
    }
    assert result["options"] == {}
    entry = result["result"]
    assert entry.unique_id == account_id(CLIENT_ID)
    assert CLIENT_ID not in f"{entry.unique_id} {entry.title}"
    assert (entry.version, entry.minor_version) == (1, 1)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert entry.state is ConfigEntryState.LOADED


async def test_default_addresses(hass: HomeAssistant, simulator: Simulator) -> None:
    """Without a change under Advanced the official addresses are used."""
    form = await start(hass, "igloohome")
    asked: list[str] = []

    def identify(session: object, data: dict[str, Any]) -> None:
        asked.extend(data["advanced"].values())
        raise RuntimeError

    with patch(
        "custom_components.igloohome_access.config_flow.create_cloud",
        side_effect=identify,
    ):
        await submit(hass, form, igloohome_input(simulator) | {"advanced": {}})
    assert asked == [DEFAULT_API_URL, DEFAULT_AUTH_URL]


async def test_pasted_blanks(hass: HomeAssistant, simulator: Simulator) -> None:
    """Blanks around what was pasted do not matter, in no field."""
    typed = igloohome_input(
        simulator,
        f"  {CLIENT_ID}\n",
        f"\t{CLIENT_SECRET} ",
        api_url=f" {simulator.igloohome_api_url}\n",
    )
    result = await submit(hass, await start(hass, "igloohome"), typed)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["data"] == {
        "cloud": CloudKind.IGLOOHOME.value,
        **igloohome_input(simulator),
    }


async def _recovers(
    hass: HomeAssistant,
    simulator: Simulator,
    form: Any,
    typed: dict[str, Any],
    error: str,
) -> None:
    """Check a form with an error, and that the right input then works."""
    assert form["type"] is FlowResultType.FORM
    assert form["step_id"] == "igloohome"
    assert form["errors"] == {"base": error}
    assert suggested(form) == {
        "client_id": typed["client_id"],
        "advanced": typed["advanced"],
    }
    assert collapsed(form) == (error != "unsafe_address")
    assert not hass.config_entries.async_entries(DOMAIN)

    simulator.faults.clear()
    await simulator.resume()
    result = await submit(hass, form, igloohome_input(simulator))
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["result"].unique_id == account_id(CLIENT_ID)
    await hass.async_block_till_done(wait_background_tasks=True)


@pytest.mark.parametrize("status", [400, 401])
@pytest.mark.parametrize(
    ("client_id", "client_secret"),
    [
        (CLIENT_ID, WRONG_SECRET),
        ("nobody", CLIENT_SECRET),
        (CLIENT_ID, "  "),
        (CLIENT_ID, "☂ umbrella"),
    ],
)
async def test_invalid_auth(
    hass: HomeAssistant,
    simulator: Simulator,
    status: Any,
    client_id: str,
    client_secret: str,
) -> None:
    """Wrong credentials are told, whichever way the auth server refuses them."""
    simulator.igloohome.switches.bad_credentials_status = status
    typed = igloohome_input(simulator, client_id, client_secret)
    form = await submit(hass, await start(hass, "igloohome"), typed)
    await _recovers(hass, simulator, form, typed, "invalid_auth")


async def test_missing_permission(hass: HomeAssistant, simulator: Simulator) -> None:
    """An API client that may not list devices is told apart from a wrong one."""
    typed = igloohome_input(simulator, "nodevices-client-id", "nodevices-client-secret")
    form = await submit(hass, await start(hass, "igloohome"), typed)
    await _recovers(hass, simulator, form, typed, "missing_permission")


async def test_least_permissions(hass: HomeAssistant, simulator: Simulator) -> None:
    """An API client that may only list devices is enough for an account."""
    typed = igloohome_input(simulator, "limited-client-id", "limited-client-secret")
    result = await submit(hass, await start(hass, "igloohome"), typed)
    assert result["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.parametrize("path", ["/oauth2/token", "/igloohome/devices"])
@pytest.mark.parametrize(
    "fault",
    [
        {"kind": FaultKind.STATUS, "status": 503},
        {"kind": FaultKind.STATUS, "status": 429, "retry_after": 3600},
        {"kind": FaultKind.STATUS, "status": 404},
        {"kind": FaultKind.HTML},
        {"kind": FaultKind.TRUNCATED},
        {"kind": FaultKind.DROP_BEFORE},
        {"kind": FaultKind.JSON, "body": {"unexpected": CLIENT_SECRET}},
    ],
    ids=lambda fault: "-".join(map(str, fault.values())),
)
async def test_cannot_connect(
    hass: HomeAssistant, simulator: Simulator, path: str, fault: dict[str, Any]
) -> None:
    """A cloud without a usable answer is no matter of the credentials."""
    simulator.faults.add(path, times=None, **fault)
    typed = igloohome_input(simulator)
    form = await submit(hass, await start(hass, "igloohome"), typed)
    await _recovers(hass, simulator, form, typed, "cannot_connect")


async def test_nobody_listens(hass: HomeAssistant, simulator: Simulator) -> None:
    """A refused connection is told, too."""
    await simulator.pause()
    typed = igloohome_input(simulator)
    form = await submit(hass, await start(hass, "igloohome"), typed)
    await _recovers(hass, simulator, form, typed, "cannot_connect")


async def test_wrong_address(hass: HomeAssistant, simulator: Simulator) -> None:
    """An address where something else answers is told, too."""
    typed = igloohome_input(simulator, api_url=f"{simulator.url}/elsewhere")
    form = await submit(hass, await start(hass, "igloohome"), typed)
    await _recovers(hass, simulator, form, typed, "cannot_connect")


async def test_unknown(
    hass: HomeAssistant, simulator: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    """An error nobody foresaw is logged with its place, without its text."""
    form = await start(hass, "igloohome")
    typed = igloohome_input(simulator)
    with patch.object(
        IgloohomeCloud, "async_identify", side_effect=RuntimeError(CLIENT_SECRET)
    ):
        form = await submit(hass, form, typed)
    assert "Unexpected RuntimeError while trying credentials" in caplog.text
    assert "in _async_identify" in caplog.text
    await _recovers(hass, simulator, form, typed, "unknown")


@pytest.mark.parametrize("field", ["api_url", "auth_url"])
@pytest.mark.parametrize(
    "address",
    [
        "",
        "api.igloodeveloper.co",
        "http://api.igloodeveloper.co/igloohome",
        "http://192.168.1.5:8080",
        "http://127.0.0.1.example.com",
        "http://0.0.0.0:8080",
        "ftp://127.0.0.1",
        "https://",
        "https:///oauth2",
        "https://example.com:99999",
        "https://[::1",
        "https://someone@example.com",
        "https://:password@example.com",
        "https://example.com/?next=",
        "https://example.com/#there",
    ],
)
async def test_unsafe_address(
    hass: HomeAssistant, simulator: Simulator, field: str, address: str
) -> None:
    """Credentials never leave for an address that could be overheard."""
    typed = igloohome_input(simulator, **{field: address})
    form = await submit(hass, await start(hass, "igloohome"), typed)
    assert not simulator.requests.all
    await _recovers(hass, simulator, form, typed, "unsafe_address")


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.1.2.3", "[::1]"])
async def test_loopback_address(
    hass: HomeAssistant, simulator: Simulator, host: str
) -> None:
    """On this machine http will do: what was typed is tried."""
    simulator.faults.add("/oauth2/token", FaultKind.STATUS, status=503, times=None)
    typed = igloohome_input(simulator, api_url=f"http://{host}:9/igloohome")
    form = await submit(hass, await start(hass, "igloohome"), typed)
    await _recovers(hass, simulator, form, typed, "cannot_connect")


async def test_already_configured(hass: HomeAssistant, simulator: Simulator) -> None:
    """The same API client is refused, also when two people add it at once."""
    first = await start(hass, "igloohome")
    second = await start(hass, "igloohome")
    await submit(hass, first, igloohome_input(simulator))
    await hass.async_block_till_done(wait_background_tasks=True)
    for form in (second, await start(hass, "igloohome")):
        result = await submit(hass, form, igloohome_input(simulator))
        assert result["type"] is FlowResultType.ABORT
        assert result["reason"] == "already_configured"
    assert len(hass.config_entries.async_entries(DOMAIN)) == 1


async def test_side_by_side(hass: HomeAssistant, simulator: Simulator) -> None:
    """Several accounts of both clouds live beside each other, told apart by name."""
    inputs = [
        igloohome_input(simulator),
        igloohome_input(simulator, SECOND_CLIENT_ID, SECOND_CLIENT_SECRET),
        igloohome_input(simulator, "limited-client-id", "limited-client-secret"),
    ]
    for typed in inputs:
        await submit(hass, await start(hass, "igloohome"), typed)
    await submit(hass, await start(hass, "seam"), seam_input(simulator))
    await hass.async_block_till_done(wait_background_tasks=True)
    entries = hass.config_entries.async_entries(DOMAIN)
    assert [entry.title for entry in entries] == [
        "igloohome",
        "igloohome 2",
        "igloohome 3",
        "Simulated Homes",
    ]
    assert len({entry.unique_id for entry in entries}) == 4
    assert {entry.state for entry in entries} == {ConfigEntryState.LOADED}


async def test_over_rest(
    hass: HomeAssistant, simulator: Simulator, hass_client: ClientSessionGenerator
) -> None:
    """The forms work as the frontend uses them, and nothing secret goes back."""
    assert await async_setup_component(hass, "config", {})
    # A route cannot be added once somebody is connected.
    assert await async_setup_component(hass, DOMAIN, {})
    client = await hass_client()
    url = "/api/config/config_entries/flow"
    menu = await (await client.post(url, json={"handler": DOMAIN})).json()
    assert menu["type"] == "menu"
    url = f"{url}/{menu['flow_id']}"
    form = await (await client.post(url, json={"next_step_id": "igloohome"})).json()
    fields = {field["name"]: field for field in form["data_schema"]}
    assert fields.keys() == {"client_id", "client_secret", "advanced"}
    assert fields["client_secret"]["selector"]["text"]["type"] == "password"
    assert fields["advanced"]["type"] == "expandable"

    typed = igloohome_input(simulator, client_secret=WRONG_SECRET)
    response = await client.post(url, json=typed)
    text = await response.text()
    assert (await response.json())["errors"] == {"base": "invalid_auth"}
    assert WRONG_SECRET not in text

    response = await client.post(url, json=igloohome_input(simulator))
    assert (await response.json())["type"] == "create_entry"
    assert CLIENT_SECRET not in await response.text()
    assert CLIENT_ID not in await response.text()
