"""Every rule of Home Assistant's quality scale, held against what is really there.

Statuses and reasons here, what sources and documents can show as well; what only a
running account can show is in test_quality_running.py. Rules that stand for behaviour
name the tests that show it.
"""

import ast
from collections.abc import Iterator
from functools import cache
from importlib import import_module
import json
from pathlib import Path
import re
import tomllib
from typing import Any

import homeassistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.entity import Entity
from homeassistant.util.yaml import load_yaml_dict
import pytest

from custom_components.igloohome_access import PLATFORMS, trigger
from custom_components.igloohome_access.const import DOMAIN
from custom_components.igloohome_access.coordinator import UPDATE_INTERVAL

from .flows import INTEGRATION, TEXTS
from .sources import Sources, called

ROOT = INTEGRATION.parent.parent
SOURCES = Sources(INTEGRATION)
MANIFEST: dict[str, Any] = json.loads((INTEGRATION / "manifest.json").read_text())
RULES: dict[str, Any] = load_yaml_dict(str(INTEGRATION / "quality_scale.yaml"))["rules"]

CORE = Path(homeassistant.__file__).parent / "components/igloohome"
"""The built-in integration, which is held against the same rules."""

EVIDENCE: dict[str, list[str]] = {
    # rule: the tests that show it, as file::test
    "action-setup": ["test_init::test_actions_are_there_without_an_account"],
    "action-exceptions": [
        "test_services_refused::test_refused_by_the_cloud",
        "test_services_rules::test_rules",
        "test_lock_errors::test_failed",
    ],
    "appropriate-polling": [
        "test_init::test_requests_of_a_large_igloohome_account",
        "test_coordinator::test_requests_of_a_seam_poll",
    ],
    "brands": ["test_brand::test_served", "test_brand::test_sizes"],
    "config-entry-unloading": [
        "test_init::test_set_up_and_unload",
        "test_init::test_unloading_waits_for_a_request_under_way",
    ],
    "config-flow": [
        "test_config_flow::test_add",
        "test_config_flow_seam::test_api_key",
    ],
    "config-flow-test-coverage": [
        "test_config_flow::test_invalid_auth",
        "test_config_flow::test_cannot_connect",
        "test_config_flow::test_unknown",
        "test_config_flow::test_already_configured",
        "test_config_flow_seam::test_error",
        "test_config_flow_seam::test_workspace_error",
        "test_takeover::test_take_over",
        "test_takeover::test_several",
        "test_takeover::test_limited",
        "test_reauth::test_reauth_error",
        "test_reauth::test_reconfigure_errors",
        "test_options_flow::test_defaults",
        "properties/test_flow::test_adding",
        "properties/test_flow::test_errors",
        "properties/test_flow::test_twice",
        "properties/test_flow::test_changing",
    ],
    "devices": [
        "test_devices::test_igloohome_devices",
        "test_devices::test_seam_devices",
    ],
    "diagnostics": [
        "test_diagnostics::test_account",
        "test_diagnostics::test_device",
        "e2e/test_leaks::*",
    ],
    "dynamic-devices": [
        "test_devices::test_new_gone_and_returned",
        "test_devices::test_a_bridge_is_linked_and_unlinked",
    ],
    "entity-disabled-by-default": [
        "test_devices::test_disabled_entities_stay_disabled"
    ],
    "entity-translations": [
        "test_translations::test_entities",
        "test_translations::test_entity_states",
    ],
    "entity-unavailable": ["test_coordinator::test_unavailable_while_the_cloud_fails"],
    "exception-translations": [
        "test_translations::test_exceptions",
        "test_translations::test_placeholders",
    ],
    "icon-translations": ["test_packaging::test_icons"],
    "log-when-unavailable": [
        "test_coordinator::test_unavailable_while_the_cloud_fails",
        "test_push_trouble::test_outage",
    ],
    "reauthentication-flow": [
        "test_reauth::test_reauth_igloohome",
        "test_reauth::test_reauth_seam",
        "test_coordinator::test_credentials_revoked_later",
    ],
    "reconfiguration-flow": [
        "test_reauth::test_reconfigure_igloohome",
        "test_reauth::test_reconfigure_seam",
    ],
    "repair-issues": [
        "test_translations::test_issues",
        "test_repairs_fixes::test_every_fix_has_its_issue",
        "test_repairs_fixes::test_bridge_is_back",
    ],
    "stale-devices": [
        "test_devices::test_gone_while_home_assistant_was_off",
        "test_init::test_removing_a_device_by_hand",
    ],
    "test-before-configure": ["test_config_flow::test_invalid_auth"],
    "test-before-setup": [
        "test_init::test_refused_credentials",
        "test_init::test_unreachable_cloud",
        "test_init::test_ledger_of_a_newer_version",
    ],
    "unique-config-entry": ["test_config_flow::test_already_configured"],
}

RUNNING = {
    "entity-category",
    "entity-device-class",
    "entity-disabled-by-default",
    "entity-translations",
    "entity-unique-id",
    "has-entity-name",
}
"""What test_quality_running.py shows of a running account."""

HERE = {
    "action-setup",
    "appropriate-polling",
    "async-dependency",
    "common-modules",
    "config-flow",
    "dependency-transparency",
    "discovery",
    "discovery-update-info",
    "entity-event-setup",
    "exception-translations",
    "inject-websession",
    "integration-owner",
    "parallel-updates",
    "runtime-data",
    "strict-typing",
    "test-coverage",
}
"""What a test below reads from sources and files."""


def _status(rule: str) -> str:
    found = RULES[rule]
    return str(found if isinstance(found, str) else found["status"])


def _comment(rule: str) -> str:
    found = RULES[rule]
    return "" if isinstance(found, str) else str(found.get("comment", ""))


# The file


def test_complete() -> None:
    """The rules are those that Home Assistant itself goes by, each of them."""
    core = load_yaml_dict(str(CORE / "quality_scale.yaml"))["rules"]
    assert isinstance(core, dict)
    assert RULES.keys() == core.keys()
    assert len(RULES) == 54


@pytest.mark.parametrize("rule", RULES)
def test_status(rule: str) -> None:
    """A rule is fulfilled, or there is a reason why it cannot be; none is open."""
    found = RULES[rule]
    if isinstance(found, dict):
        assert found.keys() == {"status", "comment"}
        assert _comment(rule) == _comment(rule).strip()
    assert _status(rule) in ("done", "exempt")
    if _status(rule) == "exempt":
        assert len(_comment(rule).split()) > 8, "say why"


def test_nothing_is_exempt_without_cause() -> None:
    """What does not apply is what a cloud without a library has not got."""
    assert {rule for rule in RULES if _status(rule) == "exempt"} == {
        "async-dependency",
        "dependency-transparency",
        "discovery",
        "discovery-update-info",
        "docs-conditions",
    }
    assert MANIFEST["quality_scale"] == "platinum"


def test_every_rule_is_shown() -> None:
    """No rule is done because we say so."""
    documented = {rule for rule in RULES if rule.startswith("docs-")}
    shown = EVIDENCE.keys() | RUNNING | HERE | documented
    assert shown == RULES.keys()


@pytest.mark.parametrize(
    ("rule", "test"),
    [(rule, test) for rule, tests in EVIDENCE.items() for test in tests],
)
def test_evidence(rule: str, test: str) -> None:
    """The tests that are named exist, and assert something."""
    file, _, name = test.partition("::")
    found = [
        node
        for node in ast.walk(ast.parse((ROOT / f"tests/{file}.py").read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.name == name or (name == "*" and node.name.startswith("test_")))
    ]
    assert found, test
    source = "\n".join(ast.unparse(node) for node in found)
    assert re.search(r"\bassert\b|_recovers\(|recovers\(|checked\(|raises\(", source)


# Documents


def _slug(heading: str) -> str:
    """Return the anchor that a heading has on a page."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading.strip().lower())
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")


def _headings(page: str) -> dict[str, str]:
    """Return the text below every heading of a page, down to the next of its level."""
    found: dict[str, str] = {}
    text = (ROOT / page).read_text()
    fenced = re.sub(
        r"```.*?```", lambda m: re.sub(r"(?m)^#", " ", m[0]), text, flags=re.DOTALL
    )
    marks = list(re.finditer(r"(?m)^(#+) (.+)$", fenced))
    for number, mark in enumerate(marks):
        level = len(mark[1])
        end = next(
            (m.start() for m in marks[number + 1 :] if len(m[1]) <= level), len(text)
        )
        found[_slug(mark[2])] = text[mark.end() : end]
    return found


def _documented(rule: str) -> str:
    """Return everything a rule's comment refers to."""
    pages = _comment(rule).split()
    assert pages, f"{rule}: name file#heading"
    found = []
    for reference in pages:
        page, _, heading = reference.partition("#")
        assert (ROOT / page).is_file(), f"{rule}: {page} is missing"
        if heading:
            headings = _headings(page)
            assert heading in headings, f"{rule}: {page} has no heading #{heading}"
            found.append(headings[heading])
        else:
            found.append((ROOT / page).read_text())
    return "\n".join(found)


@pytest.mark.parametrize(
    "rule",
    [r for r in RULES if r.startswith("docs-") and _status(r) == "done"],
)
def test_documents(rule: str) -> None:
    """What the documents are to tell stands under the heading that is named."""
    assert len(_documented(rule).split()) > 40, rule


def test_links() -> None:
    """What the documents refer to within the project is there, heading and picture."""
    checked = 0
    for path in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")):
        for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text()):
            if "://" in target:
                continue
            name, _, heading = target.partition("#")
            found = path.parent / name if name else path
            assert found.exists(), f"{path.name}: {target}"
            if heading:
                page = str(found.resolve().relative_to(ROOT))
                assert heading in _headings(page), f"{path.name}: {target}"
            checked += 1
    assert checked > 50


def test_actions_are_documented() -> None:
    """Every action has its place in the documents, and every field of it."""
    assert "README.md#actions" in _comment("docs-actions")
    text = _headings("README.md")["actions"]
    services = load_yaml_dict(str(INTEGRATION / "services.yaml"))
    for name, service in services.items():
        (row,) = re.findall(rf"(?m)^\| `{name}` \|.*$", text)
        fields: set[str] = set()
        for key, field in service["fields"].items():
            fields |= field.get("fields", {key: field}).keys()
        if "dry_run" in fields:
            # Said once for all that have it.
            (sentence,) = re.findall(r"(?m)^(.*) take `dry_run` as well", text)
            assert f"`{name}`" in sentence or (
                name.startswith("create_") and "`create_…`" in sentence
            )
            fields.remove("dry_run")
        assert fields <= set(re.findall(r"`(\w+)`", row.rpartition("|")[0])), name


def test_triggers_are_documented() -> None:
    """Every trigger has its place in the documents; conditions there are none."""
    text = _documented("docs-triggers")
    for name in trigger.TRIGGERS:
        assert f"{DOMAIN}.{name}" in text, name
    assert "condition.py" not in SOURCES.modules
    assert not (INTEGRATION / "conditions.yaml").exists()


def test_parameters_are_documented() -> None:
    """Every field of every form is explained under the name it has there."""
    options = _documented("docs-configuration-parameters")
    steps = TEXTS["options"]["step"], TEXTS["config_subentries"]["property"]["step"]
    for pages in steps:
        for page in pages.values():
            for label in page.get("data", {}).values():
                assert label in options, label
    install = _documented("docs-installation-parameters")
    for step in ("igloohome", "seam", "workspace"):
        for label in TEXTS["config"]["step"][step]["data"].values():
            assert label.lower() in install.lower(), label
        for part in TEXTS["config"]["step"][step].get("sections", {}).values():
            assert part["name"] in install


# Sources


@cache
def _module(name: str) -> Any:
    path = name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    package = f"custom_components.{DOMAIN}"
    return import_module(package if path == "__init__" else f"{package}.{path}")


def _classes(base: type) -> Iterator[tuple[str, ast.ClassDef, type]]:
    """Yield every class of ours that is one of ``base``."""
    for name, tree in SOURCES.modules.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                found = getattr(_module(name), node.name, None)
                if isinstance(found, type) and issubclass(found, base):
                    yield name, node, found


def test_exceptions_are_translated() -> None:
    """Whatever Home Assistant may show of an error has a translation key of ours."""
    own = {found for _, _, found in _classes(HomeAssistantError)}
    seen = 0
    for scope, call in SOURCES.all_calls():
        if not isinstance(call.func, ast.Name):
            continue
        found = getattr(_module(scope.module), call.func.id, None)
        if not isinstance(found, type) or not issubclass(found, HomeAssistantError):
            continue
        seen += 1
        if found in own:
            continue  # checked below: its own text
        keywords = {keyword.arg for keyword in call.keywords}
        where = f"{scope.module}:{call.lineno}"
        assert {"translation_domain", "translation_key"} <= keywords, where
    assert seen > 8
    for name, node, _ in _classes(HomeAssistantError):
        inits = [c for c in ast.walk(node) if isinstance(c, ast.Call)]
        given = [
            keyword.arg
            for c in inits
            if called(c) == "__init__"
            for keyword in c.keywords
        ]
        assert "translation_key" in given, f"{name}: {node.name}"


LISTENING = re.compile(
    r"async_(listen|hear|track|dispatcher_connect|call_later|add_listener)\w*"
)


def test_entities_listen_when_they_are_added() -> None:
    """Nothing is subscribed to before an entity is there, and all ends with it."""
    entities = list(_classes(Entity))
    assert len(entities) > 10
    listening = 0
    for name, node, _ in entities:
        for method in node.body:
            if not isinstance(method, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            calls = [
                c
                for c in ast.walk(method)
                if isinstance(c, ast.Call) and LISTENING.fullmatch(called(c) or "")
            ]
            where = f"{name}: {node.name}.{method.name}"
            if method.name in ("__init__", "__post_init__"):
                assert not calls, where
            if method.name == "async_added_to_hass":
                ends = [
                    each
                    for c in ast.walk(method)
                    if isinstance(c, ast.Call) and called(c) == "async_on_remove"
                    for each in ast.walk(c)
                ]
                listening += len(calls)
                assert all(c in ends for c in calls), where
    assert listening > 5


def test_platforms() -> None:
    """Each platform says how many updates at once, and has its base in entity.py."""
    for platform in PLATFORMS:
        module = _module(f"{platform.value}.py")
        assert module.PARALLEL_UPDATES == 0, platform
    assert "coordinator.py" in SOURCES.modules
    for name, node, found in _classes(Entity):
        bases = {each.__module__.rpartition(".")[2] for each in found.__mro__}
        if "entity" not in bases:
            # A code or a calendar follows the ledger, not the coordinator.
            assert node.name in ("CodeStatusSensor", "LockCalendar"), (name, node.name)


def test_actions_are_registered_once() -> None:
    """Actions are registered from async_setup, never by an account."""
    registering = re.compile(
        r"async_register(_admin_service|_platform_entity_service)?"
    )
    for scope, call in SOURCES.all_calls():
        name = called(call) or ""
        source = ast.unparse(call.func)
        if registering.fullmatch(name) and "service" in source:
            assert scope.module.endswith("services.py"), scope.module
            assert scope.function is not None
            assert scope.function.name.startswith("async_setup_"), scope.function.name
    set_up = [
        scope.function.name
        for scope, call in SOURCES.calls("async_setup_services")
        if scope.function is not None
    ]
    assert set_up == ["async_setup"]


def test_polling() -> None:
    """The cloud is asked no more often than its data change."""
    seconds = {
        kind.value: each.total_seconds() for kind, each in UPDATE_INTERVAL.items()
    }
    assert seconds == {"igloohome": 900, "seam": 60}
    # And nobody can set it.
    fields = json.dumps(TEXTS["options"]) + json.dumps(TEXTS["config"])
    assert "interval" not in fields


def test_forms_explain_their_fields() -> None:
    """Every field has a description; what connects is data, the rest options."""
    flows = [
        TEXTS["config"]["step"],
        TEXTS["options"]["step"],
        *(each["step"] for each in TEXTS["config_subentries"].values()),
    ]
    fields = 0
    for steps in flows:
        for step in steps.values():
            for part in (step, *step.get("sections", {}).values()):
                names = part.get("data", {}).keys()
                assert part.get("data_description", {}).keys() == names
                fields += len(names)
    assert fields > 20
    entries = [
        call
        for scope, call in SOURCES.calls("async_create_entry")
        if scope.module == "config_flow.py"
    ]
    assert all("options" not in {k.arg for k in call.keywords} for call in entries)


def test_no_dependency() -> None:
    """There is no library to be transparent, asynchronous or discovered with."""
    assert "requirements" not in MANIFEST
    discovery = {"bluetooth", "dhcp", "homekit", "mqtt", "ssdp", "usb", "zeroconf"}
    assert not discovery & MANIFEST.keys()
    assert MANIFEST["iot_class"].startswith("cloud_")
    blocking = {"requests", "urllib.request", "http.client", "httpx", "socket"}
    for name, tree in SOURCES.modules.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                assert not {alias.name for alias in node.names} & blocking, name
            if isinstance(node, ast.ImportFrom):
                assert node.module not in blocking, name
            if isinstance(node, ast.Call):
                assert ast.unparse(node.func) not in ("time.sleep", "open"), name


def test_one_session() -> None:
    """Everything is asked with Home Assistant's own session, which we never close."""
    for scope, call in SOURCES.all_calls():
        where = f"{scope.module}:{call.lineno}"
        assert called(call) not in ("ClientSession", "async_create_clientsession"), (
            where
        )
        assert "session.close" not in ast.unparse(call.func), where
    taken = {scope.module for scope, _ in SOURCES.calls("async_get_clientsession")}
    assert {"__init__.py", "config_flow.py"} <= taken
    assert not [name for name in taken if name.startswith("clouds/")]


def test_runtime_data() -> None:
    """What belongs to an account is in its entry, typed; nothing is in hass.data."""
    for name, tree in SOURCES.modules.items():
        for node in ast.walk(tree):
            match node:
                case ast.Subscript(
                    value=ast.Attribute(attr="data", value=ast.Name(id="hass")),
                    slice=key,
                ):
                    assert ast.unparse(key) != "DOMAIN", name
    entry = _module("coordinator.py").AccountConfigEntry
    assert "ConfigEntry[Account]" in str(entry.__value__).replace(
        f"custom_components.{DOMAIN}.coordinator.", ""
    ).replace("homeassistant.config_entries.", "")


def test_strict_typing() -> None:
    """mypy checks everything strictly, and nothing is exempt from it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
    assert project["mypy"]["strict"] is True
    assert "custom_components" in project["mypy"]["files"]
    for override in project["mypy"]["overrides"]:
        assert not any("igloohome_access" in each for each in override["module"])
        assert "ignore_errors" not in override
    for path in INTEGRATION.rglob("*.py"):
        assert "# type: ignore" not in path.read_text(), path.name
    # The entry is typed wherever Home Assistant hands it over.
    for name, tree in SOURCES.modules.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.AsyncFunctionDef) and node.name in (
                "async_setup_entry",
                "async_unload_entry",
                "async_remove_entry",
                "async_get_config_entry_diagnostics",
                "async_get_device_diagnostics",
            ):
                types = {a.arg: ast.unparse(a.annotation or a) for a in node.args.args}
                assert types["entry"] == "AccountConfigEntry", name


def test_coverage_is_asked_for() -> None:
    """All lines and branches of the integration are tested, or the tests fail."""
    tool = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["coverage"]
    assert tool["run"]["branch"] is True
    assert tool["run"]["source"] == ["custom_components"]
    assert "omit" not in tool["run"]
    assert tool["report"]["fail_under"] == 100
    for path in INTEGRATION.rglob("*.py"):
        assert "pragma: no cover" not in path.read_text(), path.name


def test_somebody_looks_after_it() -> None:
    """The integration has an owner, and a place for what goes wrong."""
    assert MANIFEST["codeowners"]
    assert MANIFEST["issue_tracker"].startswith(MANIFEST["documentation"])
