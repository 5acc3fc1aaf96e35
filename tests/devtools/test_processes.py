"""A child process is started, watched, stopped and never left behind."""

import asyncio
from pathlib import Path
import socket
import subprocess
import sys
import time

import pytest

from devtools.processes import (
    HOST,
    ManagedProcess,
    ProcessError,
    free_port,
    is_port_free,
)

ROOT = Path(__file__).parents[2]

STOPS_POLITELY = """
import signal, sys, time
def stop(*_):
    print("stopping", flush=True)
    sys.exit(7)
signal.signal(signal.SIGINT, stop)
print("ready", flush=True)
time.sleep(60)
"""

IGNORES_SIGNALS = """
import signal, time
signal.signal(signal.SIGINT, signal.SIG_IGN)
print("ready", flush=True)
time.sleep(60)
"""


def make_process(folder: Path, program: str) -> ManagedProcess:
    """Return a process that runs a Python program and has not been started."""
    return ManagedProcess(
        "the program",
        [sys.executable, "-c", program],
        output=folder / "logs" / "output.log",
        cwd=folder,
        env={"GREETING": "hello"},
    )


async def wait_for_output(process: ManagedProcess, text: str) -> None:
    """Wait until the process has printed a text."""
    started = time.monotonic()
    while text not in process.read_output():
        await process.check_while_waiting(started, timeout=20)


async def test_stop_politely(tmp_path: Path) -> None:
    """A stop is what Ctrl-C does; the exit code is the program's own."""
    process = make_process(tmp_path, STOPS_POLITELY)
    assert process.exit_code is None
    process.start()
    await wait_for_output(process, "ready")
    assert process.is_running
    with pytest.raises(ProcessError, match="running already"):
        process.start()
    assert await process.stop() == 7
    assert process.read_output() == "ready\nstopping\n"
    assert await process.stop() == 7


async def test_stop_by_force(tmp_path: Path) -> None:
    """A program that does not listen is killed when the time is over."""
    process = make_process(tmp_path, IGNORES_SIGNALS)
    process.start()
    await wait_for_output(process, "ready")
    assert await process.stop(timeout=0.2) == -9


async def test_start_again(tmp_path: Path) -> None:
    """A killed process can be started again; the output of both runs is kept."""
    process = make_process(tmp_path, "import os; print(os.environ['GREETING'])")
    for _ in range(2):
        process.start()
        assert await process.wait() == 0
    await process.kill()
    assert process.read_output() == "hello\nhello\n"


async def test_ended_too_early(tmp_path: Path) -> None:
    """Who waits for a process that has ended gets its output."""
    process = make_process(tmp_path, "raise SystemExit('no such thing')")
    process.start()
    await process.wait()
    with pytest.raises(ProcessError, match=r"(?s)ended with code 1.*no such thing"):
        await process.check_while_waiting(time.monotonic(), timeout=10)


async def test_not_up_in_time(tmp_path: Path) -> None:
    """Waiting has an end, with the output in the message."""
    process = make_process(tmp_path, STOPS_POLITELY)
    process.start()
    await wait_for_output(process, "ready")
    with pytest.raises(ProcessError, match=r"(?s)not up after 1 s.*ready"):
        await process.check_while_waiting(time.monotonic() - 2, timeout=1)
    await process.kill()
    assert not process.is_running


def test_never_started(tmp_path: Path) -> None:
    """What was not started does not run, has no process id and no output."""
    process = make_process(tmp_path, "")
    assert not process.is_running
    with pytest.raises(ProcessError, match="was not started"):
        _ = process.pid
    assert process.read_output() == ""


def test_nothing_left_behind(tmp_path: Path) -> None:
    """A program that ends without stopping its children kills them."""
    parent = f"""
import sys
from pathlib import Path
from devtools.processes import ManagedProcess
child = ManagedProcess(
    "child", [sys.executable, "-c", "import time; time.sleep(60)"],
    output=Path({str(tmp_path / "child.log")!r}), cwd=Path("."),
)
child.start()
print(child.pid)
"""
    done = subprocess.run(
        [sys.executable, "-c", parent],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    # The dead child is nobody's any more, so the system has removed it.
    child = Path("/proc") / done.stdout.strip()
    if child.parent.exists():
        deadline = time.monotonic() + 10
        while is_alive(child) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not is_alive(child)


def is_alive(process: Path) -> bool:
    """Tell from its folder under /proc if a process runs (a zombie does not)."""
    try:
        status = (process / "stat").read_text(encoding="utf-8")
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


@pytest.mark.usefixtures("socket_enabled")
async def test_ports() -> None:
    """A port is free until somebody listens on it."""
    port = free_port()
    assert is_port_free(port)
    with socket.socket() as server:
        server.bind((HOST, port))
        server.listen()
        assert not is_port_free(port)
    await asyncio.sleep(0)
