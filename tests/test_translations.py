"""Every text that is used exists, every text that exists is used.

The keys are read from the sources (sources.py), so there is no list to keep.
"""

import ast
from collections.abc import Iterator, Mapping
from inspect import signature
import json
import re
import string
from typing import Any

from homeassistant.components.system_health import SystemHealthRegistration
from homeassistant.config_entries import ConfigFlow
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import section
from homeassistant.helpers import entity_registry as er
from homeassistant.util.yaml import load_yaml_dict
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
import voluptuous as vol

from custom_components.igloohome_access import system_health, trigger
from custom_components.igloohome_access.account_form import (
    account_schema,
    secret_schema,
)
from custom_components.igloohome_access.account_issues import DISCONNECTED, REAUTHORIZE
from custom_components.igloohome_access.const import DOMAIN
from custom_components.igloohome_access.door import TOLD
from custom_components.igloohome_access.milestones import Milestone
from custom_components.igloohome_access.model import (
    CloudKind,
    CodeKind,
    CodeOrigin,
    CodeStatus,
)
from custom_components.igloohome_access.options_flow import AccountOptionsFlow
from custom_components.igloohome_access.repairs import ConnectAccountFlow

from .conftest import SetUp
from .flows import INTEGRATION, TEXTS, placeholders
from .properties.house import add_property
from .sources import Scope, Sources
from .text_uses import Use, uses

SOURCES = Sources(INTEGRATION)
USES = list(uses(SOURCES))
SERVICES: dict[str, Any] = load_yaml_dict(str(INTEGRATION / "services.yaml"))
TRIGGERS: dict[str, Any] = {
    key: trigger
    for key, trigger in load_yaml_dict(str(INTEGRATION / "triggers.yaml")).items()
    if not key.startswith(".")
}
ICONS: dict[str, Any] = json.loads((INTEGRATION / "icons.json").read_text())
LANGUAGES = sorted((INTEGRATION / "translations").glob("*.json"))

CHECKED = {
    "config",
    "config_subentries",
    "options",
    "entity",
    "exceptions",
    "issues",
    "selector",
    "services",
    "system_health",
    "triggers",
}
"""Sections that a test below compares with what uses them."""


def _flat(texts: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    """Yield every text with its path."""
    for key, value in texts.items():
        if isinstance(value, str):
            yield f"{path}{key}", value
        else:
            yield from _flat(value, f"{path}{key}.")


def _used(wanted: str) -> set[str]:
    """Return the keys of a section that the sources use."""
    return {use.key for use in USES if use.section == wanted}


def _texts_of(use: Use) -> str:
    """Return all texts of a key in one."""
    texts: Any = TEXTS
    for part in (*use.section.split("."), use.key):
        texts = texts[part]
    return json.dumps(texts, ensure_ascii=False)


def test_sections() -> None:
    """Every section of the file has its test here."""
    assert TEXTS.keys() == CHECKED


# What every text must be


@pytest.mark.parametrize("path", LANGUAGES, ids=lambda path: path.stem)
def test_form(path: Any) -> None:
    """Texts are plain: no HTML, links, references, odd blanks, odd placeholders."""
    for name, text in _flat(json.loads(path.read_text())):
        assert re.fullmatch(r"[a-z0-9_]+(\.[a-z0-9_]+)*", name), name
        assert text, name
        assert text == text.strip(), name
        assert "  " not in text, name
        assert not re.search(r"<\s*/?\w+[^>]*>", text), name
        assert not re.search(r"'[^']*{\w+}[^']*'", text), name
        # Addresses are passed as placeholders; a bare "https://" is a word.
        assert not re.search(r"https?://\w|www\.", text), name
        assert "[%" not in text, name
        for _, field, spec, conversion in string.Formatter().parse(text):
            assert field is None or re.fullmatch(r"[a-z_]+", field), name
            assert not spec, name
            assert not conversion, name


@pytest.mark.parametrize("path", LANGUAGES, ids=lambda path: path.stem)
def test_other_languages(path: Any) -> None:
    """A language has exactly the keys of English, each with its placeholders."""
    english = dict(_flat(TEXTS))
    other = dict(_flat(json.loads(path.read_text())))
    assert other.keys() == english.keys()
    for name, text in other.items():
        assert placeholders(text) == placeholders(english[name]), name


def test_descriptions_have_names() -> None:
    """What describes a field belongs to a field, in forms and actions alike."""

    def check(texts: Mapping[str, Any], path: str) -> None:
        names = texts.get("data", {})
        assert texts.get("data_description", {}).keys() == names.keys(), path
        for key, value in texts.items():
            if isinstance(value, Mapping):
                check(value, f"{path}.{key}")

    for part in ("config", "options"):
        check(TEXTS[part], part)


# Exceptions, issues, selectors


def test_exceptions() -> None:
    """Every exception and notice has its text, and no text is left over."""
    assert TEXTS["exceptions"].keys() == _used("exceptions")
    assert all(text.keys() == {"message"} for text in TEXTS["exceptions"].values())


def test_issues() -> None:
    """Every repair issue has a title, and a description or a way to fix it."""
    assert TEXTS["issues"].keys() == _used("issues")
    for texts in TEXTS["issues"].values():
        assert texts.keys() in ({"title", "description"}, {"title", "fix_flow"})


def test_placeholders() -> None:
    """A text asks only for what is passed wherever it is used."""
    known = [use for use in USES if use.placeholders is not None]
    assert len(known) > len(USES) / 2
    for use in known:
        assert use.placeholders is not None
        missing = placeholders(_texts_of(use)) - use.placeholders
        assert not missing, f"{use.where}: {use.key} lacks {missing}"


def test_all_placeholders_are_checked() -> None:
    """No text with placeholders escapes the comparison above."""
    checked = {use.key for use in USES if use.placeholders is not None}
    for key, texts in TEXTS["exceptions"].items():
        assert key in checked or not placeholders(texts["message"]), key


def test_selectors() -> None:
    """The options of every selector in actions and triggers have their texts."""
    options: dict[str, set[str]] = {}
    for service in (*SERVICES.values(), *TRIGGERS.values()):
        for field in _fields(service).values():
            for config in field["selector"].values():
                if config and "translation_key" in config:
                    options[config["translation_key"]] = set(config["options"])
    assert TEXTS["selector"].keys() == options.keys() | _used("selector")
    for key, values in options.items():
        assert TEXTS["selector"][key]["options"].keys() == values


# Flows


def _given(callee: str, keyword: str, module: str) -> set[str]:
    """Return what a module gives for a keyword of a method."""
    return {
        text
        for scope, call in SOURCES.calls(callee)
        if scope.module == module
        for given in call.keywords
        if given.arg == keyword
        for text in SOURCES.strings(given.value, scope)
    }


def test_config_steps() -> None:
    """Every page has its texts, named after its method."""
    steps = {
        step
        for method in ("async_show_form", "async_show_menu")
        for step in _given(method, "step_id", "config_flow.py")
    }
    assert TEXTS["config"]["step"].keys() == steps
    methods = _functions("config_flow.py").keys()
    assert {f"async_step_{step}" for step in steps} <= methods
    assert TEXTS["options"].keys() == {"abort", "error", "step"}
    steps = {
        step
        for method in ("async_show_form", "async_show_menu", "async_external_step")
        for module in ("options_flow.py", "connect_account.py")
        for step in _given(method, "step_id", module)
    }
    assert TEXTS["options"]["step"].keys() == steps
    for step in steps:
        assert hasattr(AccountOptionsFlow, f"async_step_{step}")


def test_config_menu() -> None:
    """Everything in the menu of a new account has its name and a description."""
    menu = TEXTS["config"]["step"]["user"]
    options = {"take_over", *CloudKind}
    assert menu["menu_options"].keys() == options
    assert menu["menu_option_descriptions"].keys() == options


def test_options_menu() -> None:
    """Everything in the menu of the options has its name and a description."""
    menu = TEXTS["options"]["step"]["init"]
    options = {"settings", "connect", "webhook"}
    for step in options:
        assert hasattr(AccountOptionsFlow, f"async_step_{step}")
    assert menu["menu_options"].keys() == options
    assert menu["menu_option_descriptions"].keys() == options


def test_connecting() -> None:
    """Every way in which connecting an account may end has its text, everywhere."""
    problems = {
        text
        for function in _functions("connect_account.py").values()
        for node in ast.walk(function)
        if isinstance(node, ast.Assign | ast.Return) and node.value is not None
        for constant in ast.walk(node.value)
        if isinstance(constant, ast.Constant)
        and isinstance(text := constant.value, str)
        and text.startswith(("connect_", "cannot_"))
    }
    assert problems == {
        "cannot_connect",
        "connect_failed",
        "connect_given_up",
        "connect_refused",
    }
    ends = {
        given.value.value
        for _, call in SOURCES.calls("async_abort")
        for given in call.keywords
        if given.arg == "reason" and isinstance(given.value, ast.Constant)
    }
    assert TEXTS["options"]["abort"].keys() <= problems | ends
    assert {
        "address_unknown",
        "connected",
        "no_public_address",
        "not_loaded",
        *problems,
    } == TEXTS["options"]["abort"].keys()
    shown = _given("async_external_step", "step_id", "connect_account.py")
    followed = _given("async_external_step_done", "next_step_id", "connect_account.py")
    assert shown == {"connect"}
    assert followed == {"connected", "not_connected"}
    for flow_class in (AccountOptionsFlow, ConnectAccountFlow):
        for step in shown | followed:
            assert hasattr(flow_class, f"async_step_{step}")
    for key in (DISCONNECTED, REAUTHORIZE):
        flow = TEXTS["issues"][key]["fix_flow"]
        assert flow["abort"].keys() == problems | {"not_loaded"}
        assert flow["step"].keys() == {"confirm", "connect"}


def test_config_fields() -> None:
    """The texts of a page are those of its fields, for both clouds together."""
    account = [account_schema(cloud, collapsed=True) for cloud in CloudKind]
    pages = {
        cloud.value: [page] for cloud, page in zip(CloudKind, account, strict=True)
    }
    pages["reconfigure"] = account
    pages["reauth_confirm"] = [secret_schema(cloud) for cloud in CloudKind]
    for step, schemas in pages.items():
        _check_fields(TEXTS["config"]["step"][step], schemas)
    with_fields = {k for k, v in TEXTS["config"]["step"].items() if "data" in v}
    assert with_fields - pages.keys() == {"take_over", "workspace"}
    assert TEXTS["config"]["step"]["take_over"]["data"].keys() == {"built_in"}
    assert TEXTS["config"]["step"]["workspace"]["data"].keys() == {"workspace_id"}


def _check_fields(texts: Mapping[str, Any], schemas: list[vol.Schema]) -> None:
    fields = {
        str(key): value for schema in schemas for key, value in schema.schema.items()
    }
    plain = {key for key, value in fields.items() if not isinstance(value, section)}
    assert texts.get("data", {}).keys() == plain
    assert texts.get("sections", {}).keys() == fields.keys() - plain
    for name in fields.keys() - plain:
        inner = [schema.schema[name].schema for schema in schemas]
        _check_fields(texts["sections"][name], inner)


def test_config_errors() -> None:
    """Every error of a form has its text."""
    errors = set()
    for name, function in _functions("config_flow.py").items():
        for node in ast.walk(function):
            match node:
                case ast.Assign(
                    targets=[ast.Subscript(value=ast.Name(id="errors"))], value=value
                ):
                    errors |= SOURCES.strings(value, Scope(name, function))
    assert TEXTS["config"]["error"].keys() == errors


def test_config_aborts() -> None:
    """Every end without an entry has its text, apart from those of Home Assistant."""
    reasons = _given("async_abort", "reason", "config_flow.py")
    for method, parameter in (
        ("_abort_if_unique_id_configured", "error"),
        ("_abort_if_unique_id_mismatch", "reason"),
    ):
        if SOURCES.calls(method):
            default = signature(getattr(ConfigFlow, method)).parameters[parameter]
            reasons.add(default.default)
    assert TEXTS["config"]["abort"].keys() == reasons


def _functions(module: str) -> dict[str, ast.FunctionDef | ast.AsyncFunctionDef]:
    return {
        node.name: node
        for node in ast.walk(SOURCES.modules[module])
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


# Entities


def _entity_classes() -> Iterator[tuple[str, str, ast.ClassDef]]:
    """Yield the platform and key of every class with a translation key of its own."""
    for module, tree in SOURCES.modules.items():
        for node in ast.walk(tree):
            if not isinstance(node, ast.ClassDef):
                continue
            for statement in node.body:
                match statement:
                    case ast.Assign(
                        targets=[ast.Name(id="_attr_translation_key")],
                        value=ast.Constant(value=str(key)),
                    ):
                        yield module.removesuffix(".py"), key, node


def test_entities() -> None:
    """Every entity has its name, and no name is left over."""
    used = {f"{platform}.{key}" for platform, key, _ in _entity_classes()}
    for use in USES:
        if use.section.startswith("entity."):
            used.add(f"{use.section.removeprefix('entity.')}.{use.key}")
    texts = TEXTS["entity"]
    assert {f"{p}.{key}" for p, keys in texts.items() for key in keys} == used


def test_entity_attributes() -> None:
    """The attributes of an entity have their names, and it passes its placeholders."""
    for platform, key, node in _entity_classes():
        texts = TEXTS["entity"][platform][key]
        attributes: set[str] = set()
        told: set[str] = set()
        for inner in ast.walk(node):
            match inner:
                case ast.FunctionDef(name="extra_state_attributes"):
                    attributes |= {
                        text
                        for found in ast.walk(inner)
                        if isinstance(found, ast.Return)
                        and isinstance(found.value, ast.Dict)
                        for each in found.value.keys
                        for text in SOURCES.strings(each, Scope(f"{platform}.py", None))
                    }
                case ast.Assign(
                    targets=[ast.Attribute(attr="_attr_translation_placeholders")],
                    value=ast.Dict(keys=keys),
                ):
                    for each in keys:
                        told |= SOURCES.strings(each, Scope(f"{platform}.py", None))
        assert texts.get("state_attributes", {}).keys() == attributes
        assert placeholders(texts["name"]) == told


def test_event_attributes() -> None:
    """Everything an event tells has its name, and every fixed word of it."""
    for key, node in {"door": "DoorEvents", "codes": "CodeEvents"}.items():
        texts = TEXTS["entity"]["event"][key]["state_attributes"]
        (told,) = [
            {
                text
                for statement in ast.walk(function)
                if isinstance(statement, ast.Return)
                and isinstance(statement.value, ast.Dict)
                for each in statement.value.keys
                for text in SOURCES.strings(each, Scope("event.py", None))
            }
            for found in ast.walk(SOURCES.modules["event.py"])
            if isinstance(found, ast.ClassDef) and found.name == node
            for function in found.body
            if isinstance(function, ast.FunctionDef) and function.name == "_attributes"
        ]
        assert texts.keys() == {"event_type", *told}
        icons = ICONS["entity"]["event"][key]["state_attributes"]["event_type"]
        assert texts["event_type"]["state"].keys() == icons["state"].keys()
    for key, types in (("door", TOLD), ("codes", Milestone)):
        texts = TEXTS["entity"]["event"][key]["state_attributes"]
        assert texts["event_type"]["state"].keys() == {str(word) for word in types}
    words = TEXTS["entity"]["event"]["codes"]["state_attributes"]
    assert words["kind"]["state"].keys() == {kind.value for kind in CodeKind}
    assert words["status"]["state"].keys() == {status.value for status in CodeStatus}


def test_attribute_values() -> None:
    """The words for kinds and origins are complete."""
    texts = TEXTS["entity"]["sensor"]["code_status"]["state_attributes"]
    assert texts["kind"]["state"].keys() == {kind.value for kind in CodeKind}
    assert texts["origin"]["state"].keys() == {origin.value for origin in CodeOrigin}


async def test_entity_states(
    hass: HomeAssistant, igloohome_entry: MockConfigEntry, set_up: SetUp
) -> None:
    """Every state that an entity says it can have, has its word."""
    igloohome_entry.add_to_hass(hass)
    add_property(hass, igloohome_entry)
    await set_up(igloohome_entry)
    await hass.services.async_call(
        DOMAIN,
        "create_hourly_code",
        {"entity_id": "lock.garden_gate", "name": "Plumber", "duration": {"hours": 2}},
        blocking=True,
        return_response=True,
    )
    await hass.async_block_till_done()
    seen = set()
    for entry in er.async_get(hass).entities.values():
        options = (entry.capabilities or {}).get("options")
        if entry.platform == DOMAIN and options:
            texts = TEXTS["entity"][entry.domain][entry.translation_key]
            assert texts["state"].keys() == set(options)
            seen.add(entry.translation_key)
    assert {
        key
        for keys in TEXTS["entity"].values()
        for key, texts in keys.items()
        if "state" in texts
    } == seen


# Actions


def _fields(service: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of an action, those in sections as well."""
    found: dict[str, Any] = {}
    for name, field in service.get("fields", {}).items():
        found |= field.get("fields", {name: field})
    return found


def test_services() -> None:
    """Every action and every field of it has a name and a description."""
    assert TEXTS["services"].keys() == SERVICES.keys()
    for name, service in SERVICES.items():
        texts = TEXTS["services"][name]
        sections = {k for k, v in service.get("fields", {}).items() if "fields" in v}
        assert texts.get("sections", {}).keys() == sections
        assert texts.get("fields", {}).keys() == _fields(service).keys()
        for described in (texts, *texts.get("fields", {}).values()):
            assert described["name"]
            assert described["description"]


# Triggers


def test_triggers() -> None:
    """Every trigger and every option of it has a name and a description."""
    assert TEXTS["triggers"].keys() == TRIGGERS.keys() == trigger.TRIGGERS.keys()
    for name, described in TRIGGERS.items():
        texts = TEXTS["triggers"][name]
        assert texts.keys() == {"name", "description", "fields"}
        assert texts["fields"].keys() == described["fields"].keys()
        for text in (texts, *texts["fields"].values()):
            assert text["name"]
            assert text["description"]
        # And the options are those that the trigger takes.
        schema: vol.Schema = getattr(trigger.TRIGGERS[name], "_schema")  # noqa: B009
        options = schema.schema["options"]
        assert {str(option) for option in options} == described["fields"].keys()


# System health


async def test_system_health(
    hass: HomeAssistant,
    igloohome_entry: MockConfigEntry,
    seam_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """Everything on the system health page has its name."""
    await set_up(igloohome_entry)
    await set_up(seam_entry)
    registration = SystemHealthRegistration(hass, DOMAIN)
    system_health.async_register(hass, registration)
    assert registration.info_callback is not None
    info = await registration.info_callback(hass)
    for value in info.values():
        if hasattr(value, "close"):
            value.close()
    assert TEXTS["system_health"]["info"].keys() == info.keys()
