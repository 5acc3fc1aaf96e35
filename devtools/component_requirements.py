"""Print what the components of a plain Home Assistant need beside its own packages.

Home Assistant installs the requirements of a component when it first sets the
component up. ``scripts/setup`` installs them beforehand, so that a first start takes
seconds and works without a network. The versions are those of the installed release:
they are read from the components' own manifests.

Run as ``python -m devtools.component_requirements``; prints one requirement per line,
or with ``--constraints`` the path of Home Assistant's constraint file.
"""

from collections.abc import Iterable
import json
from pathlib import Path
import sys

import homeassistant
from homeassistant.bootstrap import DEFAULT_INTEGRATIONS
from homeassistant.const import BASE_PLATFORMS

#: What the configuration of ``devtools.hass_process`` and our manifest name, and the
#: built-in integration that the tests run beside ours.
OWN_COMPONENTS = {
    "calendar",
    "config",
    "history",
    "http",
    "igloohome",
    "local_calendar",
    "logbook",
    "onboarding",
    "recorder",
    "remote_calendar",
    "webhook",
}

_HOMEASSISTANT = Path(homeassistant.__file__).parent


def requirements_of(domains: Iterable[str]) -> list[str]:
    """Return the requirements of these components and of all they depend on, sorted."""
    open_domains = set(domains)
    seen: set[str] = set()
    requirements: set[str] = set()
    while open_domains:
        domain = open_domains.pop()
        seen.add(domain)
        path = _HOMEASSISTANT / "components" / domain / "manifest.json"
        if not path.exists():  # named in one of the supported versions only
            continue
        manifest = json.loads(path.read_text(encoding="utf-8"))
        requirements.update(manifest.get("requirements", []))
        open_domains.update(set(manifest.get("dependencies", [])) - seen)
    return sorted(requirements, key=str.lower)


def main() -> None:
    """Print the requirements, or the constraint file."""
    if "--constraints" in sys.argv[1:]:
        print(_HOMEASSISTANT / "package_constraints.txt")
        return
    domains = {*DEFAULT_INTEGRATIONS, *BASE_PLATFORMS, *OWN_COMPONENTS}
    print("\n".join(requirements_of(domains)))


if __name__ == "__main__":
    main()
