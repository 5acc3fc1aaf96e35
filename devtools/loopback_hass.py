"""Start Home Assistant, without its mDNS responder reaching the network.

The shared HTTP client of Home Assistant resolves names ending in ``.local`` itself, and
for that opens UDP port 5353 on all interfaces as soon as anything uses the client
(homeassistant/helpers/aiohttp_client.py). There is no setting for it. Here it is bound
to the loopback interface; everything else is what ``hass`` does, with its arguments.

Where ``HASS_CLOCK_FILE`` names a file, Home Assistant's clock is off by the seconds in
it, and reads it again on SIGUSR1: so hours pass in a moment (``HassProcess``).

Run as a script, so that nothing of this project but the folder given by ``--config``
is on the module path.
"""

import os
from pathlib import Path
import signal
import sys
import time
from typing import Any

from homeassistant import __main__ as hass, runner
from homeassistant.components import zeroconf
from homeassistant.core import HomeAssistant

_NAME = "_async_get_zc_args"
_LOOP_TIME = "monotonic"
"""What Home Assistant binds as the time of its event loop (homeassistant/runner.py)."""


def _loopback_only(_hass: HomeAssistant) -> dict[str, Any]:
    """Return arguments of zeroconf.Zeroconf: no multicast, one local interface."""
    return {"interfaces": ["127.0.0.1"], "unicast": True}


class ShiftedClock:
    """A clock that is off by the seconds in a file, for the whole process.

    When it is moved forward, the event loop's own clock moves along: what is due in
    the time that is passed over happens then, as after a moment of real time.
    """

    def __init__(self, path: Path) -> None:
        """Move the clock from now on."""
        # Only here: whoever does not ask for it runs without.
        import time_machine  # noqa: PLC0415

        self._path = path
        self._offset = self._read()
        self._passed = 0.0
        self._traveller = time_machine.travel(time.time() + self._offset).start()

    def monotonic(self) -> float:
        """Return the event loop's time: what has really passed, and the jumps."""
        return time.monotonic() + self._passed

    def follow(self, *_signal: object) -> None:
        """Go to the offset that is in the file by now; back, only the wall clock goes."""
        offset = self._read()
        jump, self._offset = offset - self._offset, offset
        self._traveller.shift(jump)
        self._passed += max(jump, 0.0)

    def _read(self) -> float:
        """Return the seconds in the file.

        Home Assistant complains of reads in its event loop by the usual ways; this one
        takes microseconds.
        """
        descriptor = os.open(self._path, os.O_RDONLY)
        try:
            return float(os.read(descriptor, 64))
        finally:
            os.close(descriptor)


def main() -> int:
    """Run Home Assistant and return its exit code."""
    for module, name in ((zeroconf, _NAME), (runner, _LOOP_TIME)):
        if not hasattr(module, name):
            print(
                f"{module.__name__}.{name} is gone: "
                "adapt devtools/loopback_hass.py to this release",
                file=sys.stderr,
            )
            return 2
    setattr(zeroconf, _NAME, _loopback_only)
    if path := os.environ.get("HASS_CLOCK_FILE"):
        clock = ShiftedClock(Path(path))
        # The event loop wakes up for it: it has a wakeup descriptor for signals.
        signal.signal(signal.SIGUSR1, clock.follow)
        setattr(runner, _LOOP_TIME, clock.monotonic)
    return hass.main()


if __name__ == "__main__":
    sys.exit(main())
