"""Automations made of the blueprints of the repository, run by Home Assistant."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from homeassistant.components.automation.config import AUTOMATION_BLUEPRINT_SCHEMA
from homeassistant.components.blueprint.models import Blueprint, DomainBlueprints
from homeassistant.components.trace.const import DATA_TRACE
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.setup import async_setup_component
from homeassistant.util.yaml import load_yaml_dict
from pytest_homeassistant_custom_component.common import async_mock_service

from .house import settle

FOLDER = Path(__file__).parents[2] / "blueprints" / "automation"
OWN = FOLDER / "igloohome_access"
AUTOMATION = "automation.test"


def read_blueprint(path: Path) -> Blueprint:
    """Return a blueprint as Home Assistant reads it; raise if it is not valid."""
    return Blueprint(
        load_yaml_dict(str(path)),
        expected_domain="automation",
        path=str(path.relative_to(FOLDER)),
        schema=AUTOMATION_BLUEPRINT_SCHEMA,
    )


@contextmanager
def own_blueprints() -> Generator[None]:
    """Let Home Assistant find the blueprints in the repository."""

    def load(blueprints: DomainBlueprints, path: str) -> Blueprint:
        return read_blueprint(FOLDER / path)

    with patch.object(DomainBlueprints, "_load_blueprint", load):
        yield


def notify(name: str) -> list[dict[str, Any]]:
    """Return actions as somebody would put them into a blueprint."""
    return [{"action": f"notify.{name}", "data": {"message": "{{ text }}"}}]


class Inbox:
    """What arrives: at the guest, the courier, the cleaner, and at the host."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Offer the notify actions ``notify.guest`` and ``notify.host``."""
        self._guest = async_mock_service(hass, "notify", "guest")
        self._host = async_mock_service(hass, "notify", "host")

    @property
    def guest(self) -> list[str]:
        """Return the messages to the one who gets a code."""
        return _messages(self._guest)

    @property
    def host(self) -> list[str]:
        """Return the messages to the one who manages the locks."""
        return _messages(self._host)

    def clear(self) -> None:
        """Forget what has arrived."""
        self._guest.clear()
        self._host.clear()


def _messages(calls: list[ServiceCall]) -> list[str]:
    return [call.data["message"] for call in calls]


async def automate(hass: HomeAssistant, name: str, **inputs: Any) -> Inbox:
    """Set up an automation from a blueprint; its ``id`` makes it leave traces."""
    inbox = Inbox(hass)
    assert await async_setup_component(
        hass,
        "automation",
        {
            "automation": {
                "id": "test",
                "alias": "Test",
                "use_blueprint": {
                    "path": f"igloohome_access/{name}.yaml",
                    "input": inputs,
                },
            }
        },
    )
    await settle(hass)
    state = hass.states.get(AUTOMATION)
    assert state is not None
    assert state.state == "on"
    return inbox


def kept_traces(hass: HomeAssistant) -> str:
    """Return everything Home Assistant keeps of the runs of the automation."""
    buckets = hass.data[DATA_TRACE].get("automation.test")
    if buckets is None:
        return ""
    return "".join(str(run.as_extended_dict()) for run in buckets.runs.values())
