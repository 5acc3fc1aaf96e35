"""Everything declared in files, against what Home Assistant reads at run time.

First Home Assistant's own readers (helpers.service, .trigger, .icon, .translation, the
loader), which are lenient; then stricter schemas of ours after the documented rules
(reference/home-assistant.md §2, §4.2), because hassfest is not published.
"""

import ast
import json
import logging
from pathlib import Path
import re
from typing import Any

from homeassistant.config_entries import ConfigSubentryFlow
from homeassistant.core import HomeAssistant
from homeassistant.helpers import selector
from homeassistant.helpers.icon import async_get_icons
from homeassistant.helpers.service import async_get_all_descriptions
from homeassistant.helpers.translation import async_get_translations
from homeassistant.helpers.trigger.descriptions import (
    async_get_all_descriptions as async_get_all_triggers,
)
from homeassistant.loader import Manifest, async_get_integration
from homeassistant.setup import async_setup_component
from homeassistant.util.yaml import load_yaml_dict
import pytest
import voluptuous as vol

from custom_components.igloohome_access import trigger
from custom_components.igloohome_access.const import DOMAIN
from custom_components.igloohome_access.property_flow import property_schema

from .flows import INTEGRATION, TEXTS
from .sources import Scope, Sources

SOURCES = Sources(INTEGRATION)
MANIFEST: dict[str, Any] = json.loads((INTEGRATION / "manifest.json").read_text())
ICONS: dict[str, Any] = json.loads((INTEGRATION / "icons.json").read_text())
SERVICES: dict[str, Any] = load_yaml_dict(str(INTEGRATION / "services.yaml"))
TRIGGERS: dict[str, Any] = load_yaml_dict(str(INTEGRATION / "triggers.yaml"))
LANGUAGES = sorted((INTEGRATION / "translations").glob("*.json"))


# Our own schemas


def _text(value: Any) -> str:
    """Accept a text that is not empty and has no blanks around it."""
    if not isinstance(value, str) or not value or value != value.strip():
        raise vol.Invalid("no text")
    return value


def _slug(value: Any) -> str:
    if not re.fullmatch(r"[a-z0-9]+(_[a-z0-9]+)*", str(value)):
        raise vol.Invalid("no slug")
    return str(value)


def _icon(value: Any) -> str:
    if not re.fullmatch(r"mdi:[a-z0-9]+(-[a-z0-9]+)*", str(value)):
        raise vol.Invalid("no icon")
    return str(value)


def _https(value: Any) -> str:
    if not re.fullmatch(r"https://[\w./-]+", str(value)):
        raise vol.Invalid("no address")
    return str(value)


TEXTS_BY_KEY = {_slug: _text}
FORM_PART = {
    vol.Optional("name"): _text,
    vol.Optional("title"): _text,
    vol.Optional("description"): _text,
    vol.Optional("data"): TEXTS_BY_KEY,
    vol.Optional("data_description"): TEXTS_BY_KEY,
}
STEP = {
    **{key: value for key, value in FORM_PART.items() if key != "name"},
    vol.Optional("menu_options"): TEXTS_BY_KEY,
    vol.Optional("menu_option_descriptions"): TEXTS_BY_KEY,
    vol.Optional("submit"): _text,
    vol.Optional("sections"): {_slug: FORM_PART},
}
FLOW = {
    vol.Optional("flow_title"): _text,
    vol.Required("step"): {_slug: STEP},
    vol.Optional("error"): TEXTS_BY_KEY,
    vol.Optional("abort"): TEXTS_BY_KEY,
    vol.Optional("progress"): TEXTS_BY_KEY,
    vol.Optional("create_entry"): TEXTS_BY_KEY,
}
DESCRIBED = {vol.Required("name"): _text, vol.Required("description"): _text}
NAMED_FIELDS = {
    **DESCRIBED,
    vol.Optional("fields"): {_slug: DESCRIBED},
    vol.Optional("sections"): {
        _slug: {vol.Required("name"): _text, vol.Optional("description"): _text}
    },
}
STATES = {vol.Optional("name"): _text, vol.Optional("state"): TEXTS_BY_KEY}
TRANSLATIONS = vol.Schema(
    {
        vol.Required("config"): FLOW,
        vol.Required("options"): FLOW,
        vol.Required("config_subentries"): {
            _slug: {
                **FLOW,
                vol.Required("entry_type"): _text,
                vol.Required("initiate_flow"): {
                    vol.Required("user"): _text,
                    vol.Required("reconfigure"): _text,
                },
            }
        },
        vol.Required("entity"): {
            _slug: {
                _slug: {
                    **STATES,
                    vol.Optional("unit_of_measurement"): _text,
                    vol.Optional("state_attributes"): {_slug: STATES},
                }
            }
        },
        vol.Required("exceptions"): {_slug: {vol.Required("message"): _text}},
        vol.Required("issues"): {
            _slug: vol.Any(
                {vol.Required("title"): _text, vol.Required("description"): _text},
                {vol.Required("title"): _text, vol.Required("fix_flow"): FLOW},
            )
        },
        vol.Required("selector"): {_slug: {vol.Required("options"): TEXTS_BY_KEY}},
        vol.Required("services"): {_slug: NAMED_FIELDS},
        vol.Required("system_health"): {vol.Required("info"): TEXTS_BY_KEY},
        vol.Required("triggers"): {_slug: NAMED_FIELDS},
        vol.Optional("conditions"): {_slug: NAMED_FIELDS},
        vol.Optional("device"): {_slug: {vol.Required("name"): _text}},
    }
)
STATE_ICONS = {vol.Required("default"): _icon, vol.Optional("state"): {_slug: _icon}}
ICON_FILE = vol.Schema(
    {
        vol.Required("entity"): {
            _slug: {
                _slug: {
                    **STATE_ICONS,
                    vol.Optional("range"): {vol.Coerce(float): _icon},
                    vol.Optional("state_attributes"): {_slug: STATE_ICONS},
                }
            }
        },
        vol.Required("services"): {
            _slug: {
                vol.Required("service"): _icon,
                vol.Optional("sections"): {_slug: _icon},
            }
        },
        vol.Required("triggers"): {_slug: {vol.Required("trigger"): _icon}},
    }
)
FIELD = vol.Schema(
    {
        vol.Optional("required"): True,
        vol.Optional("default"): vol.Any(bool, int, str, dict),
        vol.Optional("example"): vol.Any(bool, int, str, dict),
        vol.Required("selector"): selector.validate_selector,
    }
)
# A filter for devices is announced to fail (§4.2).
TARGET = vol.Schema(
    {
        vol.Required("entity"): vol.Any(
            {str: vol.Any(str, [str])}, [{str: vol.Any(str, [str])}]
        )
    }
)
SERVICE_FILE = vol.Schema(
    {
        _slug: {
            vol.Optional("target"): TARGET,
            vol.Optional("fields"): {
                _slug: vol.Any(
                    FIELD,
                    {
                        vol.Optional("collapsed"): bool,
                        vol.Required("fields"): {_slug: FIELD},
                    },
                )
            },
        }
    }
)
TRIGGER_FILE = vol.Schema(
    {
        _slug: {
            vol.Required("target"): TARGET,
            vol.Required("fields"): {_slug: FIELD},
        }
    }
)
MANIFEST_FILE = vol.Schema(
    {
        vol.Required("domain"): DOMAIN,
        vol.Required("name"): _text,
        vol.Optional("after_dependencies"): [_slug],
        vol.Required("codeowners"): vol.All(
            [vol.Match(r"^@[\w-]+$")], vol.Length(min=1)
        ),
        vol.Required("config_flow"): True,
        vol.Required("dependencies"): [_slug],
        vol.Required("documentation"): _https,
        vol.Required("integration_type"): vol.Any("hub", "service"),
        vol.Required("iot_class"): vol.Any("cloud_polling", "cloud_push"),
        vol.Required("issue_tracker"): _https,
        vol.Optional("loggers"): [str],
        vol.Required("quality_scale"): vol.Any("custom", "platinum"),
        vol.Optional("requirements"): [str],
        vol.Required("version"): vol.Match(r"^\d+\.\d+\.\d+([ab.]\w+)?$"),
    }
)


# The files


@pytest.mark.parametrize("path", LANGUAGES, ids=lambda path: path.stem)
def test_translations_file(path: Path) -> None:
    """A language has the sections, and each section the shape, that is documented."""
    TRANSLATIONS(json.loads(path.read_text()))


def test_other_files() -> None:
    """Icons, actions, triggers and manifest have the shape that is documented."""
    ICON_FILE(ICONS)
    SERVICE_FILE(SERVICES)
    TRIGGER_FILE({key: val for key, val in TRIGGERS.items() if not key.startswith(".")})
    MANIFEST_FILE(MANIFEST)


@pytest.mark.parametrize(
    ("schema", "wrong"),
    [
        (TRANSLATIONS, TEXTS | {"title": "igloohome Access"}),
        (TRANSLATIONS, TEXTS | {"exceptions": {"a_key": {"message": " blank"}}}),
        (TRANSLATIONS, TEXTS | {"issues": {"a_key": {"title": "No way out"}}}),
        (TRANSLATIONS, TEXTS | {"services": {"Make": {}}}),
        (ICON_FILE, ICONS | {"services": {"get_codes": {"service": "hass:key"}}}),
        (SERVICE_FILE, {"make": {"fields": {"name": {"selector": {"nothing": {}}}}}}),
        (SERVICE_FILE, {"make": {"target": {"device": {"integration": DOMAIN}}}}),
        (SERVICE_FILE, {"make": {"name": "Make"}}),
        (TRIGGER_FILE, {"made": {"fields": {}}}),
        (MANIFEST_FILE, MANIFEST | {"homeassistant": "2026.10.0"}),
        (MANIFEST_FILE, MANIFEST | {"documentation": "http://example.com"}),
    ],
)
def test_schemas_are_strict(schema: vol.Schema, wrong: Any) -> None:
    """What is wrong is refused: otherwise the tests above would show nothing."""
    with pytest.raises(vol.Invalid):
        schema(wrong)


# What Home Assistant makes of them


def _flat(texts: Any, path: str) -> dict[str, str]:
    if isinstance(texts, str):
        return {path: texts}
    return {
        name: text
        for key, value in texts.items()
        for name, text in _flat(value, f"{path}.{key}").items()
    }


@pytest.mark.parametrize("path", LANGUAGES, ids=lambda path: path.stem)
async def test_translations_are_read(
    hass: HomeAssistant, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Every text arrives where the frontend asks for it, without a complaint."""
    assert await async_setup_component(hass, DOMAIN, {})
    caplog.clear()
    for category, texts in json.loads(path.read_text()).items():
        read = await async_get_translations(hass, path.stem, category, {DOMAIN})
        assert read == _flat(texts, f"component.{DOMAIN}.{category}")
    # It complains of placeholders that English does not have.
    assert not [
        record
        for record in caplog.records
        if record.name.endswith("helpers.translation")
        and record.levelno >= logging.WARNING
    ]


async def test_icons_are_read(hass: HomeAssistant) -> None:
    """Every icon arrives where the frontend asks for it."""
    for category, icons in ICONS.items():
        read = await async_get_icons(hass, category, {DOMAIN})
        assert read[DOMAIN] == icons


async def test_actions_are_read(
    hass: HomeAssistant, caplog: pytest.LogCaptureFixture
) -> None:
    """Every action is described with its fields, as the frontend is told."""
    assert await async_setup_component(hass, DOMAIN, {})
    described = (await async_get_all_descriptions(hass))[DOMAIN]
    assert described.keys() == SERVICES.keys()
    for name, service in SERVICES.items():
        assert described[name].get("fields", {}).keys() == service["fields"].keys()
        assert ("target" in described[name]) == ("target" in service)
        # An answer can be asked for wherever there is one.
        assert "response" in described[name], name
    assert "Unable to parse" not in caplog.text


async def test_triggers_are_read(
    hass: HomeAssistant, caplog: pytest.LogCaptureFixture
) -> None:
    """Every trigger is described, as the frontend is told."""
    assert await async_setup_component(hass, "automation", {})
    assert await async_setup_component(hass, DOMAIN, {})
    await hass.async_block_till_done()
    offered = await async_get_all_triggers(hass)
    ours = {key for key in offered if key.startswith(f"{DOMAIN}.")}
    assert ours == {f"{DOMAIN}.{key}" for key in trigger.TRIGGERS}
    assert all(offered[key] for key in ours)
    assert "Unable to parse" not in caplog.text


async def test_manifest_is_read(
    hass: HomeAssistant, caplog: pytest.LogCaptureFixture
) -> None:
    """Home Assistant takes every key, and finds everything that goes with it."""
    assert MANIFEST.keys() <= Manifest.__annotations__.keys()
    integration = await async_get_integration(hass, DOMAIN)
    assert integration.config_flow
    assert integration.has_services
    assert integration.has_translations
    assert integration.has_triggers
    assert integration.has_branding
    assert integration.dependencies == MANIFEST["dependencies"]
    # A custom integration is never graded by Home Assistant.
    assert integration.quality_scale == "custom"
    needed = await integration.resolve_dependencies()
    assert needed is not None
    assert set(MANIFEST["dependencies"]) <= needed
    for domain in MANIFEST.get("after_dependencies", ()):
        assert (await async_get_integration(hass, domain)).is_built_in


# The flow of a property, whose texts nothing else compares (test_translations.py)


def _functions(module: str) -> dict[str, ast.FunctionDef | ast.AsyncFunctionDef]:
    return {
        node.name: node
        for node in ast.walk(SOURCES.modules[module])
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


def test_property_flow_texts() -> None:
    """Every page, field, error and end of the flow has its text, and no text is over."""
    module = "property_flow.py"
    texts = TEXTS["config_subentries"]["property"]
    methods = _functions(module)
    steps = {f"async_step_{step}" for step in texts["step"]}
    assert steps == {name for name in methods if name.startswith("async_step_")}
    schema = property_schema([], [], "UTC", []).schema
    for step in texts["step"].values():
        assert step["data"].keys() == {str(key) for key in schema}
        assert step["data_description"].keys() == step["data"].keys()
    errors: set[str] = set()
    reasons: set[str] = set()
    for name, function in methods.items():
        for node in ast.walk(function):
            match node:
                case ast.Assign(
                    targets=[ast.Subscript(value=ast.Name(id="errors"))], value=value
                ):
                    errors |= SOURCES.strings(value, Scope(name, function))
                case ast.Call(func=ast.Attribute(attr="async_abort"), keywords=given):
                    for each in given:
                        if each.arg == "reason":
                            reasons |= SOURCES.strings(
                                each.value, Scope(name, function)
                            )
    assert texts["error"].keys() == errors
    # The last one is given by Home Assistant, for flows of subentries in our words.
    assert "async_update_and_abort" in vars(ConfigSubentryFlow)
    assert texts["abort"].keys() == reasons | {"reconfigure_successful"}


def test_fix_flow_steps() -> None:
    """Every page of a repair is named after a method that shows it."""
    methods = _functions("repairs.py") | _functions("connect_account.py")
    for key, texts in TEXTS["issues"].items():
        flow = texts.get("fix_flow", {"step": {}})
        for step, page in flow["step"].items():
            # "init" of a repair without a choice is Home Assistant's own.
            assert f"async_step_{step}" in methods, f"{key}.{step}"
            for choice in page.get("menu_options", {}):
                assert f"async_step_{choice}" in methods, f"{key}.{step}: {choice}"
