"""Run the simulator and a real Home Assistant with both accounts, for trying out.

This is the program behind ``scripts/develop``.
"""

import argparse
import asyncio
from contextlib import suppress
from datetime import datetime
import json
from pathlib import Path
import shutil
import signal
import sys
from zoneinfo import ZoneInfo

from homeassistant.const import __version__ as hass_version

from . import demo, demo_bookings
from .hass_client import HassClient, HassError, HassUser
from .hass_config import PROJECT_ROOT, HassConfig
from .hass_process import RESTART_EXIT_CODE, HassProcess
from .processes import ProcessError, is_port_free
from .simulator_process import SimulatorProcess

USER = HassUser("Demo", "demo", "demo-only")

DESCRIPTION = """\
Start a real Home Assistant with igloohome Access, and a simulator in place of
igloohome's and Seam's clouds: invented locks, both accounts, a few codes, and two
properties with bookings in each state. Nothing leaves this computer. Ctrl-C stops it;
started again, it goes on where it was.
"""


class Develop:
    """One run: both processes, and the files they leave in a folder."""

    def __init__(self, folder: Path, port: int, simulator_port: int) -> None:
        """Describe a run that keeps its data in ``folder``."""
        self._seam_codes = folder / "seam-codes.json"
        self._feeds = folder / "feeds.json"
        self._finished = folder / "demo-is-set-up"
        self._new = not self._finished.exists()
        zone = local_time_zone()
        self._now = now = datetime.now(ZoneInfo(zone))
        begin = demo_bookings.start_of_history(now) if self._new else now
        self.hass = HassProcess(
            HassConfig(folder=folder, port=port, time_zone=zone),
            may_install=True,
            clock_offset=begin - now if self._new else None,
        )
        self.simulator = SimulatorProcess(
            port=simulator_port,
            output=folder / "simulator.log",
            now=begin.isoformat() if self._new else None,
        )

    async def start(self) -> None:
        """Start both and bring the demo's data in, unless it is there already."""
        self.hass.config.folder.mkdir(parents=True, exist_ok=True)
        for output in (self.hass.output, self.simulator.output):
            output.unlink(missing_ok=True)
        # Home Assistant reads the feeds as soon as it is up.
        self.simulator.start()
        await self.simulator.wait_until_up()
        await demo.restore_seam_codes(self.simulator, self._seam_codes)
        today = self._now.date()
        if self._new:
            await demo_bookings.prepare(self.simulator, today)
        else:
            kept = await demo_bookings.restore_feeds(self.simulator, self._feeds, today)
            if not kept:
                print("This demo is from before there were bookings; see --fresh.")
        self.hass.start()
        await self.hass.wait_until_up()
        async with HassClient(self.hass.url) as client:
            if await client.is_onboarded():
                await client.log_in(USER)
            else:
                await client.onboard(USER)
            await client.wait_until_running()
            if self._new:
                await self._set_up(client)
            for add in demo.ADDITIONS:
                await add(client)
            await client.log_out()
        await self._save()

    async def _set_up(self, client: HassClient) -> None:
        """Bring everything in that a new demo has."""
        print("Adding both accounts, bookings and some codes …", flush=True)
        await demo.add_accounts(client, self.simulator)
        history = demo_bookings.History(
            client, USER, self.hass, self.simulator, self._now.date()
        )
        await history.live_through()
        await demo.create_codes(client, self.simulator)
        self._finished.touch()

    async def _save(self) -> None:
        """Keep what the simulator would forget."""
        await demo.save_seam_codes(self.simulator, self._seam_codes)
        await demo_bookings.save_feeds(self.simulator, self._feeds)

    async def check(self) -> None:
        """Raise ProcessError if something is not as the demo promises."""
        async with HassClient(self.hass.url) as client:
            await client.log_in(USER)
            problems = await demo.find_problems(client)
            problems += await demo_bookings.find_booking_problems(client, new=self._new)
            bookings = await demo_bookings.booking_statuses(client)
            statuses = await demo.code_statuses(client)
            await client.log_out()
        if problems:
            raise ProcessError("; ".join(problems))
        shown = ", ".join(sorted(set(statuses.values())))
        stays = ", ".join(sorted(set(bookings.values())))
        print(
            f"Checked: both accounts are loaded, {len(statuses)} codes ({shown}), "
            f"{len(bookings)} bookings ({stays})."
        )

    async def run_until_ended(self) -> None:
        """Wait until a process ends; start Home Assistant again if it asks for it."""
        while True:
            if not self.simulator.is_running:
                raise ProcessError(self.simulator.ended_message())
            if not self.hass.is_running:
                if self.hass.exit_code != RESTART_EXIT_CODE:
                    raise ProcessError(self.hass.ended_message())
                print("Home Assistant restarts …", flush=True)
                self.hass.start()
            await asyncio.sleep(0.5)

    async def stop(self) -> None:
        """Stop Home Assistant first: it may still be talking to the simulator."""
        await self.hass.stop()
        if self.simulator.is_running:
            await self._save()
        await self.simulator.stop()


def local_time_zone() -> str:
    """Return the name of this computer's time zone, UTC if it does not tell."""
    with suppress(ValueError, OSError):
        parts = Path("/etc/localtime").resolve(strict=True).parts
        name = "/".join(parts[parts.index("zoneinfo") + 1 :])
        return {"Etc/UTC": "UTC"}.get(name, name)
    return "UTC"


def choose_ports(arguments: argparse.Namespace) -> tuple[int, int]:
    """Return both ports; the kept accounts know the simulator's, so it has to stay."""
    kept = arguments.folder / "ports.json"
    port, simulator_port = arguments.port, arguments.simulator_port
    if kept.exists():
        before = json.loads(kept.read_text(encoding="utf-8"))
        port = port or before["port"]
        if simulator_port not in (None, before["simulator_port"]):
            raise ProcessError(
                f"the kept accounts use port {before['simulator_port']} for the "
                "simulator; to change it, start over with --fresh"
            )
        simulator_port = before["simulator_port"]
    port, simulator_port = port or 8123, simulator_port or 8555
    for option, number in (("--port", port), ("--simulator-port", simulator_port)):
        if not is_port_free(number):
            raise ProcessError(
                f"port {number} is taken, by this demo or another program; "
                f"choose another port with {option}"
            )
    arguments.folder.mkdir(parents=True, exist_ok=True)
    kept.write_text(
        json.dumps({"port": port, "simulator_port": simulator_port}), encoding="utf-8"
    )
    return port, simulator_port


def banner(develop: Develop) -> str:
    """Return what a person needs to know now."""
    folder = develop.hass.config.folder
    if folder.is_relative_to(Path.cwd()):
        folder = folder.relative_to(Path.cwd())
    return f"""
  Home Assistant {hass_version} is running.

    address    {develop.hass.url}
    user       {USER.username}
    password   {USER.password}     (this demo's only; reachable from this computer only)

  The simulator of both clouds: {develop.simulator.url}/_control
  Data and logs: {folder}/     (scripts/develop --fresh starts over)

  Stop with Ctrl-C.
"""


async def run(arguments: argparse.Namespace) -> None:
    """Start, wait, stop."""
    port, simulator_port = choose_ports(arguments)
    develop = Develop(arguments.folder, port, simulator_port)
    task = asyncio.current_task()
    assert task is not None
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, task.cancel)
    try:
        print(f"Starting Home Assistant {hass_version} and the simulator …", flush=True)
        await develop.start()
        if arguments.check:
            await develop.check()
        else:
            print(banner(develop), flush=True)
            await develop.run_until_ended()
    except asyncio.CancelledError:
        task.uncancel()
        print("\nStopping …", flush=True)
    finally:
        # From here on a signal means: at once. Whatever still runs is then killed.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.remove_signal_handler(number)
        await develop.stop()


def main() -> int:
    """Read the command line, run, and return the exit code."""
    parser = argparse.ArgumentParser(
        prog="scripts/develop",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--fresh", action="store_true", help="throw the kept data away and start over"
    )
    parser.add_argument("--port", type=int, help="Home Assistant's port (8123)")
    parser.add_argument(
        "--simulator-port", type=int, help="the simulator's port (8555)"
    )
    parser.add_argument(
        "--folder",
        type=Path,
        default=PROJECT_ROOT / ".develop",
        help="where the data is kept (.develop)",
    )
    parser.add_argument(
        "--check",
        action="store_true",
        help="stop again as soon as everything is up and found in order",
    )
    arguments = parser.parse_args()
    arguments.folder = arguments.folder.resolve()
    try:
        if arguments.fresh:
            remove(arguments.folder)
        asyncio.run(run(arguments))
    except (HassError, ProcessError, TimeoutError) as err:
        print(f"scripts/develop: {err or repr(err)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def remove(folder: Path) -> None:
    """Remove the data of earlier runs; refuse a folder that is something else."""
    if not folder.exists():
        return
    if any(folder.iterdir()) and not (folder / "ports.json").exists():
        raise ProcessError(f"{folder} was not made by scripts/develop; not removed")
    shutil.rmtree(folder)


if __name__ == "__main__":
    sys.exit(main())
