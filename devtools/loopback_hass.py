"""Start Home Assistant, without its mDNS responder reaching the network.

The shared HTTP client of Home Assistant resolves names ending in ``.local`` itself, and
for that opens UDP port 5353 on all interfaces as soon as anything uses the client
(homeassistant/helpers/aiohttp_client.py). There is no setting for it. Here it is bound
to the loopback interface; everything else is what ``hass`` does, with its arguments.

Run as a script, so that nothing of this project but the folder given by ``--config``
is on the module path.
"""

import sys
from typing import Any

from homeassistant import __main__ as hass
from homeassistant.components import zeroconf
from homeassistant.core import HomeAssistant

_NAME = "_async_get_zc_args"


def _loopback_only(_hass: HomeAssistant) -> dict[str, Any]:
    """Return arguments of zeroconf.Zeroconf: no multicast, one local interface."""
    return {"interfaces": ["127.0.0.1"], "unicast": True}


def main() -> int:
    """Run Home Assistant and return its exit code."""
    if not hasattr(zeroconf, _NAME):
        print(
            f"homeassistant.components.zeroconf.{_NAME} is gone: "
            "adapt devtools/loopback_hass.py to this release",
            file=sys.stderr,
        )
        return 2
    setattr(zeroconf, _NAME, _loopback_only)
    return hass.main()


if __name__ == "__main__":
    sys.exit(main())
