"""Write the configuration folder of a Home Assistant that only this computer reaches."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
import json
from pathlib import Path
from typing import Any

from homeassistant.components import onboarding
from homeassistant.components.http import config as http_config

from .processes import HOST

PROJECT_ROOT = Path(__file__).resolve().parent.parent
INTEGRATION = "igloohome_access"

_CONFIGURATION = """\
# Written by the development tools at every start; changes here are lost.
homeassistant:
  name: {name}
  time_zone: {time_zone}
  unit_system: metric
  currency: EUR
  country: DE
  latitude: 52.52
  longitude: 13.405
  elevation: 40
  internal_url: {url}
config:
frontend:
history:
logbook:
recorder:
logger:
  default: warning
  logs:
    custom_components.{integration}: {log_level}
    # Cameras and sound, which nobody uses here: the programs they want may be missing.
    aiohttp_fast_zlib: error
    haffmpeg: critical
    homeassistant.components.camera.img_util: critical
{extra}"""


@dataclass(frozen=True, slots=True, kw_only=True)
class HassConfig:
    """What is particular about one configuration folder.

    ``log_level`` is the integration's own; everything else logs from warnings on.
    ``extra`` is YAML that is appended to ``configuration.yaml``.
    """

    folder: Path
    port: int
    name: str = "igloohome Access"
    time_zone: str = "Europe/Berlin"
    log_level: str = "debug"
    extra: str = ""
    components_of: Path = field(default=PROJECT_ROOT)

    @property
    def url(self) -> str:
        """Return the address of the web interface, without a slash at the end."""
        return f"http://{HOST}:{self.port}"

    def write(self) -> None:
        """Write or renew the folder; data Home Assistant keeps there stays."""
        storage = self.folder / ".storage"
        storage.mkdir(parents=True, exist_ok=True)
        (self.folder / "configuration.yaml").write_text(
            _CONFIGURATION.format(
                name=self.name,
                time_zone=self.time_zone,
                url=self.url,
                integration=INTEGRATION,
                log_level=self.log_level,
                extra=self.extra,
            ),
            encoding="utf-8",
        )
        self._link_components()
        self._write_http()
        self._write_onboarding()

    def _link_components(self) -> None:
        """Link the integration into the folder, so that an edit needs no copying."""
        parent = self.folder / "custom_components"
        parent.mkdir(exist_ok=True)
        link = parent / INTEGRATION
        target = self.components_of / "custom_components" / INTEGRATION
        if link.is_symlink() and link.resolve() == target.resolve():
            return
        link.unlink(missing_ok=True)
        link.symlink_to(target, target_is_directory=True)

    def _write_http(self) -> None:
        """Store the listening address as the confirmed one.

        An address from YAML is only on trial: nobody confirms it in the web interface
        here, so after five minutes Home Assistant would restart with its default and
        listen on all interfaces (homeassistant/components/http/config.py).
        """
        stable: dict[str, Any] = {
            **http_config.HTTP_STORAGE_SCHEMA(
                {"server_host": [HOST], "server_port": self.port}
            ),
            http_config.HTTP_CONFIG_CREATED_AT: datetime.now(UTC).isoformat(),
            http_config.HTTP_CONFIG_ERROR: None,
            http_config.HTTP_CONFIG_ERROR_MESSAGE: None,
        }
        self._write_storage(
            http_config.STORAGE_KEY,
            http_config.STORAGE_VERSION,
            http_config.STORAGE_MINOR_VERSION,
            {
                http_config.KEY_STABLE: stable,
                http_config.KEY_PENDING: None,
                http_config.KEY_YAML_MIGRATION_DONE: True,
            },
        )

    def _write_onboarding(self) -> None:
        """Mark two onboarding steps as done before the first start.

        Finishing the core configuration over HTTP makes Home Assistant set up weather,
        radio and text-to-speech services, which talk to the internet.
        """
        if (self.folder / ".storage" / onboarding.STORAGE_KEY).exists():
            return
        done = ["core_config", "analytics"]
        self._write_storage(
            onboarding.STORAGE_KEY, onboarding.STORAGE_VERSION, 1, {"done": done}
        )

    def _write_storage(
        self, key: str, version: int, minor_version: int, data: dict[str, Any]
    ) -> None:
        """Write a file of Home Assistant's storage, readable by the user only."""
        path = self.folder / ".storage" / key
        content = {
            "version": version,
            "minor_version": minor_version,
            "key": key,
            "data": data,
        }
        path.write_text(json.dumps(content, indent=2), encoding="utf-8")
        path.chmod(0o600)
