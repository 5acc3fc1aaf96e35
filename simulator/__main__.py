"""The simulator as a program: ``python -m simulator``."""

import argparse
import asyncio
from contextlib import suppress
from datetime import UTC, datetime
import signal
import sys

from . import Simulator
from .igloohome.scenarios import CLIENTS
from .scenarios import DESCRIPTIONS, parse_scenario
from .seam import scenarios as seam_scenarios
from .server import HOST

DEFAULT_PORT = 8555

DESCRIPTION = """\
Stand-in for igloohome's cloud and for Seam's cloud, for trying out and testing
igloohome Access without locks, accounts or an internet connection. It knows a
set of invented locks, answers like the real clouds and refuses what they refuse.
It listens on this computer only (127.0.0.1). Nothing is kept after it ends.
"""


def _parser() -> argparse.ArgumentParser:
    """Build the command line."""
    scenarios = "\n".join(f"  {name:<8} {text}" for name, text in DESCRIPTIONS.items())
    parser = argparse.ArgumentParser(
        prog="python -m simulator",
        description=DESCRIPTION,
        epilog=(
            f"scenarios:\n{scenarios}\n\n"
            "While it runs, http://127.0.0.1:PORT/_control lists how to move the clock,\n"
            "inject faults and change the locks. Stop it with Ctrl-C."
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--port",
        type=_port,
        default=DEFAULT_PORT,
        help=f"TCP port; 0 takes any free one (default: {DEFAULT_PORT})",
    )
    parser.add_argument(
        "--scenario",
        type=_scenario,
        default="demo",
        metavar="NAME",
        help="the invented locks to start with, see below (default: demo)",
    )
    parser.add_argument(
        "--time",
        type=_time,
        metavar="ISO",
        help="start at this time instead of now, e.g. 2026-12-24T18:00:00+01:00; "
        "without an offset it is UTC. The clock runs on from there",
    )
    return parser


def _port(text: str) -> int:
    """Return a port number."""
    try:
        port = int(text)
    except ValueError:
        port = -1
    if not 0 <= port <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port from 0 to 65535")
    return port


def _scenario(text: str) -> str:
    """Return the name of an existing scenario."""
    try:
        parse_scenario(text)
    except ValueError as err:
        raise argparse.ArgumentTypeError(str(err)) from err
    return text


def _time(text: str) -> datetime:
    """Return an aware time."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as err:
        raise argparse.ArgumentTypeError(f"{text!r} is not an ISO time") from err
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _banner(sim: Simulator) -> str:
    """Return the addresses and credentials, for people to copy."""
    now = sim.clock.now().isoformat(timespec="seconds")
    lines = [
        f"igloohome Access simulator, scenario {sim.scenario!r}, time {now}",
        "",
        "igloohome",
        f"  API address    {sim.igloohome_api_url}",
        f"  token address  {sim.igloohome_auth_url}",
    ]
    lines += [
        f"  {client.client_id} / {client.client_secret}  ({client.description})"
        for client in CLIENTS
    ]
    lines += [
        "Seam",
        f"  API address    {sim.seam_api_url}",
        *(f"  {key}  ({text})" for key, text in seam_scenarios.CREDENTIALS.items()),
        "Control",
        f"  {sim.url}/_control",
        "",
        "Stop with Ctrl-C.",
    ]
    return "\n".join(lines)


async def _serve(sim: Simulator, port: int) -> None:
    """Serve until Ctrl-C or a termination signal."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        # Windows' event loop has no signal handlers; there Ctrl-C interrupts run().
        with suppress(NotImplementedError):
            loop.add_signal_handler(number, stop.set)
    await sim.start(port)
    try:
        print(_banner(sim), flush=True)  # noqa: T201 the program's output
        await stop.wait()
    finally:
        await sim.stop()


def main() -> int:
    """Run the program; return its exit code."""
    arguments = _parser().parse_args()
    sim = Simulator(arguments.scenario, now=arguments.time)
    try:
        asyncio.run(_serve(sim, arguments.port))
    except OSError as err:
        message = f"Cannot listen on {HOST}:{arguments.port}: {err.strerror}"
        print(message, file=sys.stderr)  # noqa: T201
        return 1
    except KeyboardInterrupt:
        pass
    return 0


if __name__ == "__main__":
    sys.exit(main())
