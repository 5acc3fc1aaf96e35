"""Run the simulator of both clouds as a process of its own."""

from pathlib import Path
import sys
import time
from typing import Any, override

import aiohttp

from .hass_config import PROJECT_ROOT
from .processes import HOST, ManagedProcess, ProcessError, is_port_free


class SimulatorProcess(ManagedProcess):
    """``python -m simulator`` with a port, a scenario and, if wanted, a start time."""

    def __init__(
        self, *, port: int, output: Path, scenario: str = "demo", now: str | None = None
    ) -> None:
        """Describe the process; ``now`` is an ISO time with an offset."""
        self.port = port
        command = [sys.executable, "-m", "simulator"]
        command += ["--port", str(port), "--scenario", scenario]
        command += [] if now is None else ["--time", now]
        super().__init__("the simulator", command, output=output, cwd=PROJECT_ROOT)

    @property
    def url(self) -> str:
        """Return the address, without a slash at the end."""
        return f"http://{HOST}:{self.port}"

    @property
    def igloohome_addresses(self) -> dict[str, str]:
        """Return the *Advanced* section of an igloohome account."""
        return {
            "api_url": f"{self.url}/igloohome",
            "auth_url": f"{self.url}/oauth2/token",
        }

    @property
    def seam_addresses(self) -> dict[str, str]:
        """Return the *Advanced* section of a Seam account."""
        return {"api_url": f"{self.url}/seam"}

    @override
    def start(self) -> None:
        """Start the simulator; returns at once. Raises if the port is taken."""
        if not is_port_free(self.port):
            raise ProcessError(f"port {self.port} is taken by another program")
        super().start()

    async def wait_until_up(self, timeout: float = 30) -> None:
        """Wait until it answers; raises ProcessError after ``timeout`` seconds."""
        started = time.monotonic()
        while True:
            try:
                await self.control("GET", "state")
            except aiohttp.ClientConnectionError:
                await self.check_while_waiting(started, timeout)
            else:
                return

    async def control(self, method: str, path: str, body: Any = None) -> Any:
        """Call the control interface and return its JSON answer.

        ``path`` follows ``/_control/``; what there is: simulator/control.py.
        """
        async with (
            aiohttp.ClientSession(raise_for_status=True) as session,
            session.request(method, f"{self.url}/_control/{path}", json=body) as answer,
        ):
            return await answer.json()
