"""The blueprints as files: complete, safe with PINs, and to be found."""

import json
from pathlib import Path
from urllib.parse import quote

from homeassistant.util.yaml import load_yaml_dict
import pytest

from .automations import OWN, read_blueprint

ROOT = Path(__file__).parents[2]
FILES = sorted(OWN.glob("*.yaml"))
OLDEST = "2026.10.0"


def test_all_are_there() -> None:
    """Nobody has lost one."""
    assert [path.stem for path in FILES] == [
        "cancelled_booking_still_opens",
        "courier_code_at_a_button",
        "no_code_for_booking",
        "renew_cleaner_code",
        "send_booking_code",
    ]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_blueprint(path: Path) -> None:
    """It is valid and explains itself; one that handles a PIN leaves no traces."""
    blueprint = read_blueprint(path)
    assert blueprint.validate() is None
    assert blueprint.metadata["homeassistant"]["min_version"] == OLDEST
    assert len(blueprint.metadata["description"]) > 100
    for key, each in blueprint.inputs.items():
        assert each["name"], key
        assert each["description"], key
        assert each["selector"], key
    text = path.read_text(encoding="utf-8")
    handles_pins = "include_pins" in text or "_code\n" in text.partition("actions:")[2]
    trace = load_yaml_dict(str(path)).get("trace")
    assert trace == ({"stored_traces": 0} if handles_pins else None)
    assert handles_pins == ("No PIN is involved" not in text)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_import_link(path: Path) -> None:
    """The documentation has a link that imports it from where the manifest says."""
    manifest = json.loads(
        (ROOT / "custom_components/igloohome_access/manifest.json").read_text()
    )
    address = f"{manifest['documentation']}/blob/main/{path.relative_to(ROOT)}"
    link = (
        "https://my.home-assistant.io/redirect/blueprint_import/"
        f"?blueprint_url={quote(address, safe='')}"
    )
    assert link in (ROOT / "docs/bookings.md").read_text(encoding="utf-8")
