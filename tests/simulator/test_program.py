"""The program ``python -m simulator``, as a process of its own."""

import asyncio
from asyncio.subprocess import PIPE, Process
from pathlib import Path
import re
import signal
import socket
import sys

from aiohttp import ClientSession
import pytest

from simulator.scenarios import DESCRIPTIONS

ROOT = Path(__file__).parents[2]


async def launch(*arguments: str) -> Process:
    """Start the program."""
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "simulator",
        *arguments,
        cwd=ROOT,
        stdout=PIPE,
        stderr=PIPE,
    )


async def test_help() -> None:
    """The help text names the scenarios and how to stop it."""
    process = await launch("--help")
    output, _ = await process.communicate()
    text = output.decode()
    assert process.returncode == 0
    assert all(name in text for name in DESCRIPTIONS)
    assert "Ctrl-C" in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--port", "x"), "is not a port"),
        (("--port", "70000"), "is not a port"),
        (("--scenario", "large:0"), "unknown scenario"),
        (("--time", "tomorrow"), "is not an ISO time"),
    ],
)
async def test_wrong_arguments(arguments: tuple[str, ...], message: str) -> None:
    """Wrong arguments are named; there is no traceback."""
    process = await launch(*arguments)
    _, errors = await process.communicate()
    assert process.returncode == 2
    assert message in errors.decode()
    assert "Traceback" not in errors.decode()


async def test_port_in_use(socket_enabled: None) -> None:
    """A port that is taken is a plain message."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        process = await launch("--port", str(taken.getsockname()[1]))
        _, errors = await process.communicate()
    assert process.returncode == 1
    assert errors.decode().startswith("Cannot listen on 127.0.0.1:")
    assert "Traceback" not in errors.decode()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_serves_until_stopped(
    http: ClientSession, number: signal.Signals
) -> None:
    """It prints addresses and credentials that work, and ends cleanly."""
    process = await launch("--port", "0", "--time", "2026-12-24T18:00:00+01:00")
    assert process.stdout is not None
    lines: list[str] = []
    while not lines or not lines[-1].startswith("Stop with"):
        lines.append((await process.stdout.readline()).decode())
        assert lines[-1], "the program ended early"
    text = "".join(lines)
    client = re.search(r"(sim-client-id) / (\S+)", text)
    token_url = re.search(r"token address\s+(\S+)", text)
    control_url = re.search(r"(\S+/_control)", text)
    assert client is not None
    assert token_url is not None
    assert control_url is not None
    assert "seam_test_simkey_0001" in text
    async with http.post(
        token_url[1],
        data={
            "grant_type": "client_credentials",
            "client_id": client[1],
            "client_secret": client[2],
        },
    ) as response:
        assert response.status == 200
    async with http.get(f"{control_url[1]}/state") as response:
        assert (await response.json())["now"].startswith("2026-12-24T17:00")
    process.send_signal(number)
    output, errors = await process.communicate()
    assert (process.returncode, output, errors) == (0, b"", b"")
