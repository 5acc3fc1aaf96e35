"""Every YAML sample of the README and of docs/, run or checked as it is printed.

What somebody pastes under Settings > Tools > Actions is called, in the order of the page;
what belongs into the editor of automations is validated as the editor does.
"""

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
import re
from typing import Any, override
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.automation.config import (
    ValidationStatus,
    async_validate_config_item,
)
from homeassistant.components.recorder import CONFIG_SCHEMA as RECORDER_SCHEMA
from homeassistant.core import HomeAssistant, SupportsResponse
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import (
    area_registry as ar,
    device_registry as dr,
    entity_registry as er,
    label_registry as lr,
)
from homeassistant.helpers.service import async_get_all_descriptions
from homeassistant.setup import async_setup_component
from homeassistant.util.yaml import parse_yaml
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.igloohome_access.const import DOMAIN
from simulator import Simulator

from .surface import act, told

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True, slots=True)
class Sample:
    """A block of YAML, and where it stands."""

    page: str
    line: int
    content: Any

    @override
    def __str__(self) -> str:
        """Return page and line, as the name of a test."""
        return f"{self.page}:{self.line}"

    @property
    def kind(self) -> str:
        """Return what it is, by the keys at its top."""
        match self.content:
            case {"triggers": _}:
                return "automation"
            case {"action": str()}:
                return "action"
            case {"codes": _}:
                return "answer"
            case {"recorder": _}:
                return "configuration"
            case {"conditions": _}:
                return "part of an automation"
            case {"type": _}:
                return "card"
        # Nobody may be led to write "automation:" into configuration.yaml: there is one
        # already, and a second one hides all automations of the editor.
        raise AssertionError(f"{self}: neither for the editors nor known")


def _samples() -> list[Sample]:
    found = []
    for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))):
        text = path.read_text(encoding="utf-8")
        found += [
            Sample(
                path.name, text[: block.start()].count("\n") + 1, parse_yaml(block[1])
            )
            for block in re.finditer(
                r"^```yaml\n(.*?)^```", text, re.DOTALL | re.MULTILINE
            )
        ]
    return found


SAMPLES = _samples()


def _of(kind: str) -> list[Sample]:
    found = [sample for sample in SAMPLES if sample.kind == kind]
    assert found, kind
    return found


def test_every_sample_is_known() -> None:
    """Each is of a kind that is tried here, and most are actions and automations."""
    kinds = [sample.kind for sample in SAMPLES]
    assert kinds.count("action") > 15
    assert kinds.count("automation") > 8


@pytest.mark.parametrize("sample", _of("automation"), ids=str)
async def test_automations(hass: HomeAssistant, sample: Sample) -> None:
    """The editor takes each of them; one that gets PINs keeps no traces."""
    assert await async_setup_component(hass, DOMAIN, {})
    content = {"alias": str(sample), **sample.content}
    checked = await async_validate_config_item(hass, "sample", content)
    assert checked is not None
    assert checked.validation_status is ValidationStatus.OK, checked.validation_error
    text = str(sample.content["actions"])
    if "include_pins" in text or ".pin" in text:
        assert sample.content["trace"] == {"stored_traces": 0}


@pytest.mark.parametrize("sample", _of("configuration"), ids=str)
def test_configuration(sample: Sample) -> None:
    """The recorder takes what is to be put into configuration.yaml."""
    checked = RECORDER_SCHEMA(sample.content)
    assert checked["recorder"]["exclude"]["event_types"] == ["call_service"]


@pytest.fixture
def fast_bridges(simulator: Simulator, fast_jobs: None) -> Generator[None]:
    """Let bridges put PINs onto locks without any pause, which would never end."""
    simulator.igloohome.switches.pin_job_seconds = 0
    with patch(f"custom_components.{DOMAIN}.online_bridge.POLL_SECONDS", 0):
        yield


@pytest.fixture
async def home(
    hass: HomeAssistant, fast_bridges: None, berlin_entry: MockConfigEntry
) -> MockConfigEntry:
    """Return an account whose locks are where the samples look for them."""
    area = ar.async_get(hass).async_create("Holiday flat")
    label = lr.async_get(hass).async_create("All doors")
    assert (area.id, label.label_id) == ("holiday_flat", "all_doors")
    entities, devices = er.async_get(hass), dr.async_get(hass)
    for lock in ("front_door", "garden_gate"):
        found = entities.async_get(f"sensor.{lock}_live_codes")
        assert found is not None
        assert found.device_id is not None
        devices.async_update_device(
            found.device_id, area_id=area.id, labels={label.label_id}
        )
    return berlin_entry


NOT_HERE = {
    # What a sample asks for that this house has not got, and what is said then.
    "pull_backup_code": "code_has_no_backup",
    "issue_booking_code": "not_a_property",
}


@pytest.mark.parametrize("page", sorted({sample.page for sample in _of("action")}))
async def test_actions(hass: HomeAssistant, home: MockConfigEntry, page: str) -> None:
    """Each does what it is for; where it names a code it gets one made before."""
    described = await async_get_all_descriptions(hass)
    online: list[str] = []
    offline: list[str] = []
    for sample in _of("action"):
        if sample.page != page:
            continue
        name = sample.content["action"].removeprefix(f"{DOMAIN}.")
        data = {**sample.content.get("data", {})}
        fields: dict[str, Any] = {}
        for key, field in described[DOMAIN][name]["fields"].items():
            fields |= field.get("fields", {key: field})
        assert data.keys() <= fields.keys(), sample
        if "code_id" in data:
            wants_online = "online" in name or (
                name == "delete_code" and not data.get("forget")
            )
            data["code_id"] = (online if wants_online else offline)[-1]
        data |= sample.content.get("target", {})
        if name in NOT_HERE:
            with pytest.raises(ServiceValidationError) as caught:
                await act(hass, name, data)
            assert told(caught.value)[0] == NOT_HERE[name]
            continue
        answer = await act(hass, name, data)
        if name == "delete_code":
            assert answer["still_opens"] is (data.get("forget") is True)
            continue
        made = answer["bookings" if name == "get_bookings" else "codes"]
        assert made or name == "get_bookings", sample
        for code in made if name.startswith(("create_", "update_")) else ():
            assert "error" not in code, sample
            if not data.get("dry_run"):
                kept = online if code["kind"] == "online" else offline
                kept.append(code["code_id"])


async def test_answer(
    hass: HomeAssistant, home: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """The README shows what its first action answers, but for the PIN and the ids."""
    freezer.move_to("2026-11-20T13:31:00+00:00")
    (asked,) = (sample for sample in _of("action") if sample.page == "README.md")
    ((shown,),) = (sample.content["codes"] for sample in _of("answer"))
    data = asked.content["data"] | asked.content["target"]
    (code,) = (await act(hass, "create_hourly_code", data))["codes"]
    assert len(shown["pin"]) == len(code["pin"])
    assert len(shown["code_id"]) == len(code["code_id"])
    for key in shown.keys() - {"pin", "code_id", "warnings"}:
        assert code[key] == shown[key], key
    assert len(code["warnings"]) == len(shown["warnings"])
    for warning, printed in zip(code["warnings"], shown["warnings"], strict=True):
        assert warning["key"] == printed["key"]
        # The last one is cut short.
        assert warning["message"].startswith(printed["message"].removesuffix(" …"))


async def test_no_answer_without_asking(
    hass: HomeAssistant, home: MockConfigEntry
) -> None:
    """As docs/actions.md says, these two need a response_variable in an automation."""
    only = {
        name
        for name in hass.services.async_services_for_domain(DOMAIN)
        if hass.services.supports_response(DOMAIN, name) is SupportsResponse.ONLY
    }
    text = (ROOT / "docs/actions.md").read_text(encoding="utf-8")
    (told_of,) = re.findall(r"(`\w+`(?: and `\w+`)*) do not go\swithout", text)
    assert only == set(re.findall(r"\w{4,}", told_of))
