"""What Home Assistant, HACS and the Marketplace ask of the files, and design.md §2.

After reference/home-assistant.md §2 and §9.5; hassfest itself runs in CI only.
"""

import ast
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
import json
from pathlib import Path
import re
import sys
import tomllib
from typing import Any

from awesomeversion import AwesomeVersion
from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.service import _SERVICES_SCHEMA
from homeassistant.helpers.trigger.descriptions import (
    _TRIGGERS_DESCRIPTION_SCHEMA,
    async_get_all_descriptions,
)
from homeassistant.loader import async_get_integration
from homeassistant.setup import async_setup_component
from homeassistant.util.yaml import load_yaml_dict
import pytest
import voluptuous as vol

from custom_components.igloohome_access.const import DOMAIN

from .flows import INTEGRATION, TEXTS
from .sources import Sources

ROOT = INTEGRATION.parent.parent
MANIFEST: dict[str, Any] = json.loads((INTEGRATION / "manifest.json").read_text())
ICONS: dict[str, Any] = json.loads((INTEGRATION / "icons.json").read_text())
SERVICES: dict[str, Any] = load_yaml_dict(str(INTEGRATION / "services.yaml"))
SOURCES = Sources(INTEGRATION)

MAX_LINES = 420
TOO_LONG: set[str] = set()
"""Modules that may be longer; each would need a reason."""


# Manifests


def test_manifest() -> None:
    """The manifest has the keys of a custom integration, in hassfest's order."""
    required = {
        "domain",
        "name",
        "codeowners",
        "config_flow",
        "documentation",
        "integration_type",
        "iot_class",
        "issue_tracker",
        "version",
    }
    optional = {
        "after_dependencies",
        "dependencies",
        "loggers",
        "quality_scale",
        "requirements",
    }
    assert required <= MANIFEST.keys() <= required | optional
    keys = list(MANIFEST)
    assert keys[:2] == ["domain", "name"]
    assert keys[2:] == sorted(keys[2:])
    assert MANIFEST["domain"] == DOMAIN == INTEGRATION.name
    assert MANIFEST["config_flow"] is True
    assert all(re.fullmatch(r"@[\w-]+", owner) for owner in MANIFEST["codeowners"])
    for key in ("documentation", "issue_tracker"):
        assert MANIFEST[key].startswith("https://")
        assert "home-assistant.io" not in MANIFEST[key]
    # An empty list says nothing.
    assert all(value != [] for value in MANIFEST.values())


def test_version() -> None:
    """The version is one that Home Assistant loads."""
    version = AwesomeVersion(MANIFEST["version"])
    assert version.strategy.value in ("CalVer", "SemVer", "PEP 440", "SimpleVer")


async def test_home_assistant_reads_it(hass: HomeAssistant) -> None:
    """Home Assistant finds the integration and takes its manifest."""
    integration = await async_get_integration(hass, DOMAIN)
    assert not integration.is_built_in
    assert integration.name == MANIFEST["name"]
    assert str(integration.version) == MANIFEST["version"]


NO_PLATFORMS = {"webhook"}
"""Components that have the name of a module of ours without being a platform."""

ALWAYS_LOADED = {"homeassistant"}
"""Components that no Home Assistant is without."""


def test_dependencies() -> None:
    """Core components that are imported are loaded before, platforms apart."""
    used = set()
    for tree in SOURCES.modules.values():
        for module, _ in _imports(tree):
            match = re.match(r"homeassistant\.components\.(\w+)", module)
            if match and (
                match[1] in NO_PLATFORMS
                or (
                    match[1] not in ALWAYS_LOADED
                    and f"{match[1]}.py" not in SOURCES.modules
                )
            ):
                used.add(match[1])
    declared = {
        *MANIFEST.get("dependencies", ()),
        *MANIFEST.get("after_dependencies", ()),
    }
    assert used == declared


def test_hacs() -> None:
    """The repository manifest has only keys that both its readers know."""
    manifest = json.loads((ROOT / "hacs.json").read_text())
    assert manifest == {
        "name": MANIFEST["name"],
        "homeassistant": "2026.10.0",
        "hide_default_branch": True,
    }
    if find_spec("homeassistant.components.marketplace") is not None:
        from homeassistant.components.marketplace.utils import validate

        for key, value in manifest.items():
            validate.REPOSITORY_MANIFEST_VALUES[key](value)


def test_python_project() -> None:
    """The development files name the integration alike."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["name"] == DOMAIN.replace("_", "-")
    assert sys.version_info >= (3, 14, 2)


def test_texts_ship_ready() -> None:
    """What is only resolved when core is built is not there."""
    assert not (INTEGRATION / "strings.json").exists()
    assert (INTEGRATION / "translations/en.json").exists()


# Actions


def test_services_yaml() -> None:
    """Home Assistant understands the descriptions of the actions."""
    _SERVICES_SCHEMA(SERVICES)
    for name, service in SERVICES.items():
        assert "name" not in service, name
        assert "description" not in service, name


def _markers(schema: Any) -> dict[str, vol.Marker]:
    """Return the fields of a registered schema by name, its target apart."""
    if isinstance(schema, vol.All):
        found: dict[str, vol.Marker] = {}
        for validator in schema.validators:
            found |= _markers(validator)
        return found
    if isinstance(schema, vol.Schema):
        return _markers(schema.schema)
    if not isinstance(schema, Mapping):
        return {}
    return {
        str(key.schema): key
        for key in schema
        if isinstance(key, vol.Required | vol.Optional)
        and key.schema not in cv.ENTITY_SERVICE_FIELDS
    }


async def test_registered_services(hass: HomeAssistant) -> None:
    """Registered and described actions are the same, with the same fields.

    They are there before any account is.
    """
    assert await async_setup_component(hass, DOMAIN, {})
    registered = hass.services.async_services_for_domain(DOMAIN)
    assert registered.keys() == SERVICES.keys()
    for name, service in registered.items():
        markers = _markers(service.schema)
        fields: dict[str, Any] = {}
        for key, field in SERVICES[name].get("fields", {}).items():
            fields |= field.get("fields", {key: field})
        assert markers.keys() == fields.keys(), name
        for key, marker in markers.items():
            where = f"{name}.{key}"
            described = fields[key]
            has_default = not isinstance(marker.default, vol.Undefined)
            required = isinstance(marker, vol.Required) and not has_default
            assert described.get("required", False) is required, where
            if has_default:
                assert described["default"] == marker.default(), where
            else:
                assert "default" not in described, where


# Triggers


async def test_triggers_yaml(hass: HomeAssistant) -> None:
    """Home Assistant takes the descriptions, and offers them with their fields."""
    raw = load_yaml_dict(str(INTEGRATION / "triggers.yaml"))
    checked = _TRIGGERS_DESCRIPTION_SCHEMA(raw)
    assert checked.keys() == {key for key in raw if not key.startswith(".")}
    for described in checked.values():
        assert described["target"] == {
            "entity": [{"integration": DOMAIN, "domain": ["event"]}]
        }
    assert await async_setup_component(hass, "automation", {})
    assert await async_setup_component(hass, DOMAIN, {})
    await hass.async_block_till_done()
    offered = await async_get_all_descriptions(hass)
    for key, described in checked.items():
        found = offered[f"{DOMAIN}.{key}"]
        assert found is not None
        assert found["fields"].keys() == described["fields"].keys()


# Icons


def _icons(icons: Any) -> Iterator[str]:
    """Yield every icon."""
    if isinstance(icons, str):
        yield icons
    else:
        for value in icons.values():
            yield from _icons(value)


def test_icons() -> None:
    """Icons belong to entities and actions that exist; every action has one."""
    assert ICONS.keys() <= {"entity", "services", "triggers"}
    for icon in _icons(ICONS):
        assert re.fullmatch(r"mdi:[a-z0-9]+(-[a-z0-9]+)*", icon)
    for platform, keys in ICONS["entity"].items():
        for key, icons in keys.items():
            texts = TEXTS["entity"][platform][key]
            assert icons.keys() <= {"default", "range", "state", "state_attributes"}
            assert "default" in icons
            assert icons.get("state", {}).keys() <= texts.get("state", {}).keys()
    assert ICONS["services"].keys() == SERVICES.keys()
    assert all(icons.keys() == {"service"} for icons in ICONS["services"].values())
    assert ICONS["triggers"].keys() == TEXTS["triggers"].keys()
    assert all(icons.keys() == {"trigger"} for icons in ICONS["triggers"].values())


# Shape of the code (design.md §2)


def test_length() -> None:
    """No module has become too long to be read."""
    lengths = {
        path.relative_to(INTEGRATION).as_posix(): len(path.read_text().splitlines())
        for path in INTEGRATION.rglob("*.py")
    }
    assert {name for name, lines in lengths.items() if lines > MAX_LINES} == TOO_LONG


def _imports(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Yield every imported module with its level; names taken from one as well."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                for alias in names:
                    yield alias.name, 0
            case ast.ImportFrom(module=module, names=names, level=level):
                yield module or "", level
                for alias in names:
                    yield f"{module}.{alias.name}" if module else alias.name, level


def _internal(name: str) -> set[str]:
    """Return the modules of ours that one imports, as paths without ``.py``."""
    known = {module.removesuffix(".py") for module in SOURCES.modules}
    found = set()
    for module, level in _imports(SOURCES.modules[f"{name}.py"]):
        if level == 0:
            assert not module.startswith("custom_components"), name
            continue
        folder = Path(name).parents[level - 1]
        path = (folder / module.replace(".", "/")).as_posix()
        found |= {each for each in (path, f"{path}/__init__") if each in known}
    return found


def _external(name: str) -> set[str]:
    """Return the top-level packages that a module imports, but Python's own."""
    tree = SOURCES.modules[f"{name}.py"]
    packages = {m.partition(".")[0] for m, level in _imports(tree) if level == 0}
    return packages - sys.stdlib_module_names


MODULES = sorted(module.removesuffix(".py") for module in SOURCES.modules)
CLOUDS = [name for name in MODULES if name.startswith("clouds/")]
PURE = [
    "lifecycle",
    "model",
    "notices",
    "online_rules",
    "pins",
    "rules",
    "slots",
    "wall_clock",
    "work",
]
CORE = {
    "codes",
    "inventory",
    "issuing",
    "ledger",
    "occupancy",
    "online",
    "online_bridge",
    "online_runner",
    "online_seam",
    "online_steps",
}
OUTER = {
    "__init__",
    "answers",
    "binary_sensor",
    "bridge_schedule",
    "button",
    "config_flow",
    "device_issues",
    "diagnostics",
    "entity",
    "event",
    "issues",
    "lock",
    "online_services",
    "operations",
    "options_flow",
    "readings",
    "repairs",
    "sensor",
    "services",
    "system_health",
    "targets",
    "trigger",
    "turns",
    "upkeep",
}


def test_names_below_exist() -> None:
    """The rules below are about modules that are there."""
    assert {*PURE, *CORE, *OUTER} <= set(MODULES)


BOOKINGS_FOR_HOME_ASSISTANT = {"bookings/runner", "bookings/source", "bookings/tasks"}
PLANNING = [
    name
    for name in MODULES
    if name.startswith("bookings/") and name not in BOOKINGS_FOR_HOME_ASSISTANT
]


@pytest.mark.parametrize("name", [*PURE, *PLANNING])
def test_pure(name: str) -> None:
    """Rules and plans know nothing of Home Assistant, nor of anything that does."""
    assert not _external(name)
    assert _internal(name) <= {*PURE, *(PLANNING if name in PLANNING else ())}


@pytest.mark.parametrize("name", CLOUDS)
def test_clouds(name: str) -> None:
    """Clients know nothing of Home Assistant; they share the model and the clock."""
    assert _external(name) <= {"aiohttp", "orjson", "yarl"}
    assert _internal(name) <= {"model", "wall_clock", *CLOUDS}


@pytest.mark.parametrize("name", ["model", "wall_clock", "work"])
def test_shared_by_all(name: str) -> None:
    """What the clouds share with us needs nothing of ours itself."""
    assert _internal(name) <= {"work"}


@pytest.mark.parametrize("name", sorted(CORE))
def test_core(name: str) -> None:
    """Making and keeping codes does not depend on how they are shown."""
    assert not _internal(name) & OUTER


def test_no_circles() -> None:
    """Dependencies point one way: no module needs itself in the end."""
    remaining = {name: _internal(name) for name in MODULES}
    while remaining:
        free = {
            name
            for name, needed in remaining.items()
            if not needed & (remaining.keys() - {name})
        }
        assert free, f"among these is a circle: {sorted(remaining)}"
        for name in free:
            del remaining[name]
