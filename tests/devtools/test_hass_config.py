"""The configuration folder keeps Home Assistant on this computer."""

import json
from pathlib import Path
from typing import Any

from homeassistant.components.http import config as http_config
from homeassistant.core import HomeAssistant
from homeassistant.util.yaml import load_yaml_dict

from devtools.component_requirements import requirements_of
from devtools.hass_config import HassConfig


def read_storage(folder: Path, key: str) -> Any:
    """Return a file of Home Assistant's storage, which only its owner may read."""
    path = folder / ".storage" / key
    assert path.stat().st_mode & 0o077 == 0
    return json.loads(path.read_text(encoding="utf-8"))


async def test_listens_on_loopback_only(
    hass: HomeAssistant, hass_storage: dict[str, Any], tmp_path: Path
) -> None:
    """Home Assistant reads the address as confirmed, so it never falls back to another."""
    HassConfig(folder=tmp_path, port=8123).write()
    HassConfig(folder=tmp_path, port=8199).write()
    hass.data.pop(http_config.DATA_STORE, None)
    hass_storage["http"] = read_storage(tmp_path, "http")
    store = await http_config.async_get_and_load_store(hass)
    assert await store.async_activate_config() == store.stable
    assert store.active_config_type is http_config.ActiveConfigType.STABLE
    assert store.stable["server_host"] == ["127.0.0.1"]
    assert store.stable["server_port"] == 8199
    assert store.pending is None
    assert store.yaml_migration_done
    assert "http" not in load_yaml_dict(str(tmp_path / "configuration.yaml"))


def test_integration_is_linked(tmp_path: Path) -> None:
    """The folder has the integration; a link to somewhere else is replaced."""
    link = tmp_path / "custom_components" / "igloohome_access"
    link.parent.mkdir()
    link.symlink_to(tmp_path / "elsewhere")
    HassConfig(folder=tmp_path, port=8123).write()
    assert (link / "manifest.json").exists()


def test_data_stays(tmp_path: Path) -> None:
    """A second start does not undo the onboarding."""
    config = HassConfig(
        folder=tmp_path, port=8123, extra="counter:\n", log_level="info"
    )
    config.write()
    onboarding = tmp_path / ".storage" / "onboarding"
    stored = read_storage(tmp_path, "onboarding")
    assert stored["data"] == {"done": ["core_config", "analytics"]}
    onboarding.write_text("kept", encoding="utf-8")
    config.write()
    assert onboarding.read_text(encoding="utf-8") == "kept"
    written = load_yaml_dict(str(tmp_path / "configuration.yaml"))
    assert "counter" in written
    logs = written["logger"]["logs"]
    assert logs["custom_components.igloohome_access"] == "info"


def test_requirements_of_components() -> None:
    """Requirements come from a component and from all it depends on."""
    frontend = requirements_of(["frontend"])
    assert any(name.startswith("home-assistant-frontend==") for name in frontend)
    recorder = set(requirements_of(["recorder"]))
    assert recorder <= set(requirements_of(["history"]))
    assert any(name.startswith("SQLAlchemy==") for name in recorder)
    assert requirements_of(["a_component_that_does_not_exist"]) == []
