"""A Home Assistant and the simulator, to be killed and judged again and again."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, Self, override

import aiohttp

from devtools.demo import add_accounts
from devtools.hass_client import HassClient, HassError, HassUser
from devtools.hass_config import HassConfig
from devtools.hass_process import HassProcess
from devtools.processes import free_port
from devtools.simulator_process import SimulatorProcess

DOMAIN = "igloohome_access"
OWNER = HassUser("Owner", "owner", "correct horse battery staple")

IGLOOHOME_LOCKS = ("Front Door", "Garden Gate", "Guest Room", "Bike Padlock", "Key Box")
SEAM_LOCKS = ("Apartment 1", "Apartment 2", "Apartment 4")
KINDS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("create_hourly_code", {"duration": "05:00:00"}),
    ("create_daily_code", {"days": 30}),
    ("create_one_time_code", {}),
)
CREATE_PATHS = "/algopin/|/seam/access_codes/create"

_UNNEEDED = ("frontend:", "history:", "logbook:", "recorder:")


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """When to kill.

    ``write`` is ``N:WHERE`` of launcher.py; ``fault`` keeps a create waiting at the
    cloud (``hang_before``: not made, ``hang_after``: made) and the kill comes then;
    ``seconds`` is simply a while after the call.
    """

    write: str | None = None
    fault: str | None = None
    seconds: float | None = None

    @override
    def __str__(self) -> str:
        """Return the point in words."""
        if self.write is not None:
            return f"ledger write {self.write}"
        if self.fault is not None:
            return f"request under way ({self.fault})"
        return f"{self.seconds:.3f} s after the call"


#: The named moments: before the request, while it is under way (not made, made), after
#: the answer and before it was recorded, while the ledger is being written, and after.
NAMED_POINTS = (
    *(Point(write=f"{n}:{where}") for n in (1, 2) for where in ("before", "middle")),
    Point(write="1:after"),
    Point(fault="hang_before"),
    Point(fault="hang_after"),
    Point(write="2:after"),
)


def random_point(random: Random) -> Point:
    """Return a named point, or any moment of the first second."""
    if random.random() < 0.5:
        return random.choice(NAMED_POINTS)
    return Point(seconds=random.uniform(0, 0.8))


class _MinimalConfig(HassConfig):
    """A configuration that starts quickly: no frontend, no database."""

    @override
    def write(self) -> None:
        super().write()
        path = self.folder / "configuration.yaml"
        lines = path.read_text(encoding="utf-8").splitlines()
        path.write_text(
            "\n".join(line for line in lines if line not in _UNNEEDED) + "\n",
            encoding="utf-8",
        )


class _FragileHass(HassProcess):
    """A Home Assistant that kills itself where ``crash_point`` says."""

    def __init__(self, config: HassConfig) -> None:
        super().__init__(config)
        launcher = str(Path(__file__).with_name("launcher.py"))
        self._command = [
            launcher if part.endswith("loopback_hass.py") else part
            for part in self._command
        ]


@dataclass(slots=True)
class Verdict:
    """What all runs so far have led to."""

    runs: int = 0
    issued: int = 0
    doubled: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    unfinished: list[str] = field(default_factory=list)

    @override
    def __str__(self) -> str:
        """Return the counts on one line."""
        return (
            f"{self.runs} kills, {self.issued} codes issued, "
            f"{len(self.doubled)} doubled, {len(self.lost)} lost, "
            f"{len(self.unfinished)} unfinished"
        )


class World:
    """Use as ``async with World(folder) as world``."""

    def __init__(self, folder: Path) -> None:
        """Prepare processes that keep everything in ``folder``."""
        self.simulator = SimulatorProcess(
            port=free_port(), output=folder / "simulator.log", scenario="test"
        )
        self.hass = _FragileHass(
            _MinimalConfig(folder=folder / "config", port=free_port())
        )
        self.verdict = Verdict()
        self._client = HassClient(self.hass.url)

    async def __aenter__(self) -> Self:
        """Start both, add the accounts."""
        self.simulator.start()
        await self.simulator.wait_until_up()
        await self.simulator.control(
            "POST",
            "switches",
            {
                # A restart must not fail because the hour has turned meanwhile.
                "igloohome": {"old_start": "accept"},
                "seam": {"pin_assignment_seconds": 0.5, "rate_limits": False},
            },
        )
        self.hass.start()
        await self.hass.wait_until_up()
        await self._client.onboard(OWNER)
        await self._client.wait_until_running()
        await add_accounts(self._client, self.simulator)
        # Home Assistant writes users and config entries some time later; a stop
        # makes sure of them. What is to be shown is what happens to the codes.
        await self.hass.stop()
        await self._start_again()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop both."""
        await self._client.__aexit__(None, None, None)
        await self.hass.stop()
        await self.simulator.stop()

    async def run(self, number: int, point: Point, random: Random) -> None:
        """Ask for one code, kill at ``point``, start again, and judge."""
        seam = random.random() < 0.5
        lock = random.choice(SEAM_LOCKS if seam else IGLOOHOME_LOCKS)
        action, data = random.choice(KINDS)
        name = f"Run {number}"
        # A window of its own, so that no run takes the places of another.
        start = datetime.now(UTC) + timedelta(hours=2 + number)
        data = {**data, "name": name, "starts_at": start.isoformat()}

        if point.write is not None:
            (self.hass.config.folder / "crash_point").write_text(point.write)
        if point.fault is not None:
            await self.simulator.control(
                "POST",
                "faults",
                {"path_regex": CREATE_PATHS, "kind": point.fault, "delay": 60},
            )
        call = asyncio.create_task(self._call(action, lock, data))
        await self._wait_for_death(point, call)
        await self.hass.kill()
        await call
        await self.simulator.control("DELETE", "faults")
        (self.hass.config.folder / "crash_point").unlink(missing_ok=True)

        await self._start_again()
        await self._judge(f"{name} ({lock}, {action}, {point})", name)

    async def _start_again(self) -> None:
        self.hass.start()
        await self.hass.wait_until_up()
        await self._client.wait_until_running()
        await self._wait_until_loaded()

    async def _call(self, action: str, lock: str, data: dict[str, Any]) -> None:
        with suppress(HassError, aiohttp.ClientError, TypeError):
            await self._client.command(
                "call_service",
                domain=DOMAIN,
                service=action,
                service_data=data,
                target={"device_id": await self._device_id(lock)},
                return_response=True,
            )

    async def _wait_for_death(self, point: Point, call: asyncio.Task[None]) -> None:
        if point.seconds is not None:
            await asyncio.sleep(point.seconds)
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(60):
                while self.hass.is_running and not call.done():
                    if point.fault is not None and await self._fault_has_hit():
                        return
                    await asyncio.sleep(0.02)

    async def _fault_has_hit(self) -> bool:
        faults = await self.simulator.control("GET", "faults")
        return any(rule["hits"] for rule in faults["faults"])

    async def _device_id(self, name: str) -> str:
        devices = await self._client.command("config/device_registry/list")
        (found,) = [device["id"] for device in devices if device["name"] == name]
        return str(found)

    async def _wait_until_loaded(self) -> None:
        async with asyncio.timeout(60):
            while [e["state"] for e in await self._client.entries(DOMAIN)] != (
                ["loaded", "loaded"]
            ):
                await asyncio.sleep(0.1)

    async def _codes(self) -> list[dict[str, Any]]:
        answer = await self._client.call_action(
            f"{DOMAIN}.get_codes", {"include_pins": True}
        )
        codes: list[dict[str, Any]] = answer["codes"]
        return codes

    async def _judge(self, run: str, name: str) -> None:
        """Compare what the clouds made with what the ledger has."""
        kept: list[dict[str, Any]] = []
        with suppress(TimeoutError):
            async with asyncio.timeout(60):
                while True:
                    codes = [c for c in await self._codes() if c["name"] == name]
                    kept = [c for c in codes if c["origin"] == "action"]
                    if all(
                        c["status"] not in ("requested", "waiting_for_pin")
                        for c in kept
                    ):
                        break
                    await asyncio.sleep(0.2)
        pins = await self.simulator.control("GET", "pins")
        made = {
            record["pin"]
            for cloud in pins.values()
            for record in cloud
            if name in (record.get("accessName"), record.get("name"))
            or name in record.get("access_names", ())
        }
        issues = await self._client.command("repairs/list_issues")
        reported = {issue["issue_id"].rpartition("_")[2] for issue in issues["issues"]}
        verdict = self.verdict
        verdict.runs += 1
        verdict.issued += bool(made)
        if len(made) > 1 or len(kept) > 1:
            verdict.doubled.append(run)
        if made - {code["pin"] for code in kept}:
            verdict.lost.append(run)
        # What was not made may stay open for a while (a request could still be on
        # its way at Seam), but a person is told.
        if any(
            code["pin"] is None and (made or code["code_id"] not in reported)
            for code in kept
        ):
            verdict.unfinished.append(run)
