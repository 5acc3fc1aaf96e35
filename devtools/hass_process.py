"""Run a real Home Assistant as a process of its own."""

import sys
import time
from typing import override

import aiohttp

from .hass_config import PROJECT_ROOT, HassConfig
from .processes import ManagedProcess, ProcessError, is_port_free

#: How Home Assistant says that it wants to be started again (homeassistant/const.py).
RESTART_EXIT_CODE = 100


class HassProcess(ManagedProcess):
    """A Home Assistant of the version this Python has, with a folder of its own.

    ``may_install`` lets it install requirements of further components at run time.
    """

    def __init__(self, config: HassConfig, *, may_install: bool = False) -> None:
        """Describe the process; nothing is written or started yet."""
        self.config = config
        # -P: the folder of the script does not go onto the module path.
        command = [
            sys.executable,
            "-P",
            str(PROJECT_ROOT / "devtools/loopback_hass.py"),
        ]
        command += ["--config", str(config.folder), "--log-no-color"]
        command += [] if may_install else ["--skip-pip"]
        super().__init__(
            "Home Assistant",
            command,
            output=config.folder / "output.log",
            cwd=config.folder,
        )

    @property
    def url(self) -> str:
        """Return the address of the web interface, without a slash at the end."""
        return self.config.url

    @override
    def start(self) -> None:
        """Write the configuration and start Home Assistant; returns at once.

        Raises ProcessError if the port is taken. Home Assistant would then fall back
        to its default address, which is not limited to this computer.
        """
        if not is_port_free(self.config.port):
            raise ProcessError(f"port {self.config.port} is taken by another program")
        self.config.write()
        super().start()

    async def wait_until_up(self, timeout: float = 120) -> None:
        """Wait until the web interface is there; components may still be starting.

        Raises ProcessError if it does not within ``timeout`` seconds.
        """
        started = time.monotonic()
        async with aiohttp.ClientSession() as session:
            while True:
                try:
                    async with session.get(f"{self.url}/manifest.json") as answer:
                        if answer.status == 200:
                            return
                except aiohttp.ClientError:
                    pass  # not listening yet
                await self.check_while_waiting(started, timeout)
