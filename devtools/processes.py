"""Start, watch and stop a program that runs beside this one."""

import asyncio
import atexit
from collections.abc import Mapping, Sequence
from contextlib import suppress
import os
from pathlib import Path
import signal
import socket
import subprocess
import time

#: Everything this project starts listens here and nowhere else.
HOST = "127.0.0.1"

_POLL = 0.05


class ProcessError(Exception):
    """A program did not start, or ended when it should not have."""


def free_port() -> int:
    """Return a TCP port nothing listens on at the moment."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def is_port_free(port: int) -> bool:
    """Tell if a server could listen on this TCP port."""
    with socket.socket() as probe:
        # As servers do: a port that a closed connection still occupies is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with suppress(OSError):
            probe.bind((HOST, port))
            return True
    return False


class ManagedProcess:
    """A child process with its output in a file.

    It gets a session of its own, so that Ctrl-C in the terminal reaches this program
    only, which then stops its children one after the other. Whatever is still running
    when this program ends is killed.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        output: Path,
        cwd: Path,
        env: Mapping[str, str] | None = None,
    ) -> None:
        """Describe the process; ``output`` is appended to, ``env`` is added to ours."""
        self.name = name
        self.output = output
        self._command = list(command)
        self._cwd = cwd
        self._env = dict(env or {})
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def is_running(self) -> bool:
        """Tell if the process was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        """Return the exit code, negative for a signal, or None if there is none yet."""
        return None if self._process is None else self._process.poll()

    @property
    def pid(self) -> int:
        """Return the process id."""
        if self._process is None:
            raise ProcessError(f"{self.name} was not started")
        return self._process.pid

    def start(self) -> None:
        """Start the process; returns at once."""
        if self.is_running:
            raise ProcessError(f"{self.name} is running already")
        self.output.parent.mkdir(parents=True, exist_ok=True)
        with self.output.open("ab") as output:
            self._process = subprocess.Popen(
                self._command,
                cwd=self._cwd,
                env={**os.environ, **self._env},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        atexit.register(self._kill_leftover)

    async def stop(self, timeout: float = 60) -> int | None:
        """Ask the process to stop as Ctrl-C does, and return its exit code.

        It is killed if it has not ended after ``timeout`` seconds.
        """
        if self.is_running:
            assert self._process is not None
            self._process.send_signal(signal.SIGINT)
            with suppress(TimeoutError):
                async with asyncio.timeout(timeout):
                    await self.wait()
        await self.kill()
        return self.exit_code

    async def kill(self) -> None:
        """End the process at once, without giving it a chance to save anything."""
        self._kill_leftover()
        if self._process is not None:
            await self.wait()
        atexit.unregister(self._kill_leftover)

    async def wait(self) -> int | None:
        """Wait until the process has ended, and return its exit code."""
        while self.is_running:
            await asyncio.sleep(_POLL)
        return self.exit_code

    def ended_message(self) -> str:
        """Return that and how the process ended, with the end of its output."""
        tail = "\n".join(self.read_output().splitlines()[-25:])
        return f"{self.name} ended with code {self.exit_code}:\n{tail}"

    def read_output(self) -> str:
        """Return what the process has printed, in all its runs."""
        if not self.output.exists():
            return ""
        return self.output.read_text(encoding="utf-8", errors="replace")

    async def check_while_waiting(self, started: float, timeout: float) -> None:
        """Pause shortly; raise if the process has ended or the time is over.

        ``started`` is the moment the waiting began, in seconds of ``time.monotonic``.
        """
        if not self.is_running:
            raise ProcessError(self.ended_message())
        if time.monotonic() - started > timeout:
            tail = "\n".join(self.read_output().splitlines()[-25:])
            raise ProcessError(f"{self.name} is not up after {timeout:.0f} s:\n{tail}")
        await asyncio.sleep(_POLL)

    def _kill_leftover(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
