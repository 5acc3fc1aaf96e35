"""Walking through config flows as the frontend does, with a check of every page."""

from collections.abc import Mapping
import hashlib
import json
from pathlib import Path
import re
from typing import Any

from homeassistant.config_entries import (
    SOURCE_USER,
    ConfigFlowResult,
    FlowType as FlowType,
)
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, section
from pytest_homeassistant_custom_component.common import MockConfigEntry
import voluptuous as vol

from custom_components.igloohome_access.const import DOMAIN
from custom_components.igloohome_access.model import CloudKind
from simulator import Simulator

INTEGRATION = Path(__file__).parent.parent / "custom_components" / DOMAIN
TEXTS: dict[str, Any] = json.loads((INTEGRATION / "translations/en.json").read_text())

CLIENT_ID = "sim-client-id"
CLIENT_SECRET = "sim-client-secret"
SECOND_CLIENT_ID = "second-client-id"
SECOND_CLIENT_SECRET = "second-client-secret"
WRONG_SECRET = "a-wrong-secret-4711"
API_KEY = "seam_test_simkey_0001"
SECOND_API_KEY = "seam_test_simkey_0002"
WRONG_KEY = "seam_test_wrongkey_4711"
TOKEN = "seam_at_simtoken_0001"
WORKSPACE = "ws-sim-0001"
SECOND_WORKSPACE = "ws-sim-0002"

SECRETS = (
    CLIENT_SECRET,
    SECOND_CLIENT_SECRET,
    WRONG_SECRET,
    API_KEY,
    SECOND_API_KEY,
    WRONG_KEY,
    TOKEN,
)


def account_id(client_id: str) -> str:
    """Return the unique id of the account of an igloohome API client."""
    return hashlib.sha256(f"igloohome:{client_id}".encode()).hexdigest()[:16]


def igloohome_input(
    simulator: Simulator,
    client_id: str = CLIENT_ID,
    client_secret: str = CLIENT_SECRET,
    **advanced: str,
) -> dict[str, Any]:
    """Return what a person types to add an igloohome account on the simulator."""
    addresses = {
        "api_url": simulator.igloohome_api_url,
        "auth_url": simulator.igloohome_auth_url,
    }
    return {
        "client_id": client_id,
        "client_secret": client_secret,
        "advanced": addresses | advanced,
    }


def seam_input(
    simulator: Simulator, api_key: str = API_KEY, **advanced: str
) -> dict[str, Any]:
    """Return what a person types to add a Seam account on the simulator."""
    addresses = {"api_url": simulator.seam_api_url}
    return {"api_key": api_key, "advanced": addresses | advanced}


def igloohome_account(
    simulator: Simulator, client_secret: str = CLIENT_SECRET, **advanced: str
) -> MockConfigEntry:
    """Return the entry that adding the igloohome account makes."""
    typed = igloohome_input(simulator, client_secret=client_secret, **advanced)
    return MockConfigEntry(
        domain=DOMAIN,
        title="igloohome",
        unique_id=account_id(CLIENT_ID),
        data={"cloud": CloudKind.IGLOOHOME.value, **typed},
    )


def seam_account(
    simulator: Simulator, api_key: str = API_KEY, **data: Any
) -> MockConfigEntry:
    """Return the entry that adding the Seam account makes."""
    return MockConfigEntry(
        domain=DOMAIN,
        title="Simulated Homes",
        unique_id=WORKSPACE,
        data={
            "cloud": CloudKind.SEAM.value,
            **seam_input(simulator, api_key),
            **data,
        },
    )


async def start(hass: HomeAssistant, cloud: str) -> ConfigFlowResult:
    """Add an account: choose a cloud in the menu, and return its form."""
    result = await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_USER}
    )
    assert result["type"] is FlowResultType.MENU
    assert result["step_id"] == "user"
    assert result["menu_options"] == [kind.value for kind in CloudKind]
    return await submit(hass, result, {"next_step_id": cloud})


async def submit(
    hass: HomeAssistant, result: ConfigFlowResult, user_input: dict[str, Any]
) -> ConfigFlowResult:
    """Send a page and return the next one, checked."""
    return checked(
        await hass.config_entries.flow.async_configure(result["flow_id"], user_input)
    )


def checked(
    result: ConfigFlowResult, texts: Mapping[str, Any] = TEXTS["config"]
) -> ConfigFlowResult:
    """Return a page after checking that it has all its texts and shows no secret."""
    match result["type"]:
        case FlowResultType.FORM:
            _check_form(result, texts)
        case FlowResultType.ABORT:
            if result.get("translation_domain") is None:
                assert result["reason"] in texts["abort"]
            assert not result.get("description_placeholders")
        case FlowResultType.CREATE_ENTRY:
            for secret in SECRETS:
                assert secret not in result["title"]
                assert secret not in str(result["context"].get("unique_id"))
    return result


def _check_form(result: ConfigFlowResult, texts: Mapping[str, Any]) -> None:
    """Check the texts of a form and what it suggests."""
    step = texts["step"][result["step_id"]]
    schema = result["data_schema"]
    assert schema is not None
    _check_fields(schema, step)
    given = dict(result.get("description_placeholders") or {})
    assert placeholders(json.dumps(step)) <= given.keys()
    for error in (result["errors"] or {}).values():
        assert not placeholders(texts["error"][error])
    shown = str(suggested(result)) + str(given)
    assert not [secret for secret in SECRETS if secret in shown]


def _check_fields(schema: vol.Schema, step: Mapping[str, Any]) -> None:
    """Check that every field has a name and a description."""
    for key, value in schema.schema.items():
        if isinstance(value, section):
            assert step["sections"][key]["name"]
            _check_fields(value.schema, step["sections"][key])
        else:
            assert step["data"][key]
            assert step["data_description"][key]


def placeholders(text: str) -> set[str]:
    """Return the names in braces."""
    return set(re.findall(r"{(\w+)}", text))


def suggested(result: ConfigFlowResult) -> dict[str, Any]:
    """Return what a form already shows, field by field."""

    def read(schema: vol.Schema) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in schema.schema.items():
            if isinstance(value, section):
                found[key.schema] = read(value.schema)
            elif key.description:
                found[key.schema] = key.description["suggested_value"]
        return found

    schema = result["data_schema"]
    assert schema is not None
    return read(schema)


def collapsed(result: ConfigFlowResult) -> bool:
    """Return whether the advanced section of a form is folded up."""
    schema = result["data_schema"]
    assert schema is not None
    (advanced,) = (v for v in schema.schema.values() if isinstance(v, section))
    return bool(advanced.options["collapsed"])
