"""Run a real Home Assistant as a process of its own."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
import os
from pathlib import Path
import signal
import sys
import time
from typing import override

import aiohttp

from .hass_config import PROJECT_ROOT, HassConfig
from .processes import ManagedProcess, ProcessError, is_port_free

#: How Home Assistant says that it wants to be started again (homeassistant/const.py).
RESTART_EXIT_CODE = 100

_MINUTE = timedelta(minutes=1)


class HassProcess(ManagedProcess):
    """A Home Assistant of the version this Python has, with a folder of its own.

    ``may_install`` lets it install requirements of further components at run time.
    ``clock_offset`` sets its clock beside the computer's (negative: into the past), to
    be moved later with ``move_clock``; None leaves the clock alone for good.
    """

    def __init__(
        self,
        config: HassConfig,
        *,
        may_install: bool = False,
        clock_offset: timedelta | None = None,
    ) -> None:
        """Describe the process; nothing is written or started yet."""
        self.config = config
        self.clock_offset = clock_offset
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
            env={"HASS_CLOCK_FILE": "" if clock_offset is None else str(self._clock)},
        )

    @property
    def _clock(self) -> Path:
        return self.config.folder / "clock-offset"

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
        self._write_clock()
        super().start()

    async def move_clock(self, offset: timedelta, timeout: float = 60) -> None:
        """Let the running Home Assistant's clock be off by ``offset`` from now on.

        Moved forward, all that was due in between happens at once; what has been idle
        for long by then, such as a kept connection, is closed. Logins end half an hour
        later by that clock, so log in again afterwards. Returns when it is done.
        """
        if self.clock_offset is None:
            raise ProcessError("this Home Assistant was started with a plain clock")
        self.clock_offset = offset
        self._write_clock()
        os.kill(self.pid, signal.SIGUSR1)
        started = time.monotonic()
        while abs(await self._told_time() - datetime.now(UTC) - offset) > _MINUTE:
            await self.check_while_waiting(started, timeout)

    async def _told_time(self) -> datetime:
        """Return the time by the answer to a request, on a new connection."""
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"{self.url}/manifest.json") as answer,
        ):
            return parsedate_to_datetime(answer.headers["Date"])

    def _write_clock(self) -> None:
        if self.clock_offset is not None:
            seconds = self.clock_offset.total_seconds()
            self._clock.write_text(f"{seconds}", encoding="ascii")

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
