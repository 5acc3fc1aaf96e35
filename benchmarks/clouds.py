"""The simulator as a process of its own, filled with locks and codes."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
import time
from typing import Any

import aiohttp
import orjson

from custom_components.igloohome_access.model import (
    CodeKind,
    CodeRecord,
    RecordState,
    Window,
)
from devtools.processes import free_port
from devtools.simulator_process import SimulatorProcess

CLIENT_ID = "sim-client-id"
CLIENT_SECRET = "sim-client-secret"
API_KEY = "seam_test_simkey_0001"

TIME_ZONE = "Europe/Berlin"
CODE_LENGTH = timedelta(hours=48)
CODES_PER_START = 3
"""The limit of igloohome's locks (design.md §4)."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The body of an answer, and the processor time in seconds it took to get it."""

    body: bytes
    cpu: float
    wall: float


class Clouds:
    """Both simulated clouds."""

    def __init__(self, process: SimulatorProcess, session: aiohttp.ClientSession):
        """Use a simulator that is running; ``session`` is for bare requests."""
        self.process = process
        self._session = session
        self._token = ""
        self._locks = 0

    async def async_reset(self, locks: int, *, page_size: int | None = None) -> None:
        """Start over with so many locks per cloud, with limits nobody runs into.

        ``page_size`` is that of igloohome's list, all devices in one page without.
        """
        await self.process.control("POST", "reset", {"scenario": f"large:{locks}"})
        await self.process.control(
            "POST",
            "switches",
            {
                "igloohome": {"page_size": page_size or 2 * locks},
                "seam": {"rate_limits": False, "pin_assignment_seconds": 0.0},
            },
        )
        self._token = ""
        self._locks = locks

    async def async_answer_after(self, seconds: float) -> None:
        """Let every answer take its time, until the next start over."""
        await self.process.control(
            "POST",
            "faults",
            {"path_regex": ".*", "kind": "delay", "delay": seconds, "times": None},
        )

    async def async_take_requests(self) -> list[dict[str, Any]]:
        """Return the requests since the last call, oldest first."""
        found = await self.process.control("GET", "requests")
        await self.process.control("DELETE", "requests")
        requests: list[dict[str, Any]] = found["requests"]
        return requests

    async def async_repeat(
        self, request: dict[str, Any], session: aiohttp.ClientSession
    ) -> Answer:
        """Make a request again, with nothing around it but the HTTP client."""
        headers = {"Accept": "application/json"}
        if request["cloud"] == "seam":
            headers["Authorization"] = f"Bearer {API_KEY}"
        else:
            headers["Authorization"] = f"Bearer {await self._async_token()}"
        body = request["body"]
        data = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            data = orjson.dumps(body)
        wall, cpu = time.perf_counter(), time.process_time()
        async with session.request(
            request["method"],
            f"{self.process.url}{request['path']}",
            params=request["query"],
            data=data,
            headers=headers,
        ) as response:
            answer = await response.read()
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        if not response.ok:
            raise RuntimeError(f"{request['path']} answered {response.status}")
        return Answer(answer, cpu, wall)

    async def _async_token(self) -> str:
        """Return a token for igloohome's API."""
        if not self._token:
            async with self._session.post(
                f"{self.process.url}/oauth2/token",
                data={"grant_type": "client_credentials"},
                auth=aiohttp.BasicAuth(CLIENT_ID, CLIENT_SECRET),
                raise_for_status=True,
            ) as response:
                self._token = (await response.json())["access_token"]
        return self._token

    async def async_lock_ids(self, cloud: str) -> list[str]:
        """Return the ids of our locks at a cloud ("igloohome" or "seam")."""
        # The lock of another account comes after ours.
        state = await self.process.control("GET", "state")
        devices: list[dict[str, Any]] = state[cloud]["devices"]
        return [
            device["device_id"]
            for device in devices
            if device.get("type", "Lock") == "Lock"
        ][: self._locks]

    async def async_add_seam_codes(
        self, lock_ids: list[str], per_lock: int
    ) -> list[CodeRecord]:
        """Put offline codes on locks and return the records we would have of them."""
        records = []
        for record in records_of(lock_ids, per_lock):
            async with self._session.post(
                f"{self.process.url}/_control/seam/codes",
                json={
                    "device_id": record.device_id,
                    "name": record.name,
                    "is_offline": True,
                    "starts_at": record.window.starts_at.isoformat(),
                    "ends_at": (record.window.starts_at + CODE_LENGTH).isoformat(),
                },
                raise_for_status=True,
            ) as response:
                shown = await response.json()
            records.append(with_cloud_id(record, shown["access_code_id"]))
        return records


def records_of(
    lock_ids: list[str], per_lock: int, *, ended: bool = False
) -> list[CodeRecord]:
    """Return issued codes for locks: the next days are fully booked.

    With ``ended`` the days a hundred days ago, whose codes are remembered only.
    """
    now = datetime.now(UTC)
    if ended:
        now -= timedelta(days=100)
    first = now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=6)
    records = []
    for lock, lock_id in enumerate(lock_ids):
        for number in range(per_lock):
            starts_at = first + timedelta(hours=number // CODES_PER_START)
            records.append(
                CodeRecord(
                    # As long as the ids that are made at run time.
                    code_id=f"01{lock:08d}{number:016d}",
                    # Texts of their own, as after reading a file.
                    device_id=lock_id[:1] + lock_id[1:],
                    target_id=lock_id[:1] + lock_id[1:],
                    name=f"Guest {number} of {lock}",
                    kind=CodeKind.HOURLY,
                    window=Window(starts_at, starts_at + CODE_LENGTH, TIME_ZONE),
                    requested_at=now,
                    state=RecordState.ISSUED,
                    first_use_by=starts_at + timedelta(hours=24),
                    variance=number % CODES_PER_START + 1,
                    cloud_id=f"pin-{lock}-{number}",
                    pin=f"{100000000 + 1000 * lock + number}",
                    issued_at=now,
                )
            )
    return records


def with_cloud_id(record: CodeRecord, cloud_id: str) -> CodeRecord:
    """Return a record under the id the cloud gave it."""
    return replace(record, cloud_id=cloud_id)


@asynccontextmanager
async def async_clouds() -> AsyncGenerator[Clouds]:
    """Start the simulator and stop it again."""
    with TemporaryDirectory() as folder:
        process = SimulatorProcess(
            port=free_port(), output=Path(folder, "simulator.log"), scenario="empty"
        )
        process.start()
        try:
            await process.wait_until_up()
            async with aiohttp.ClientSession() as session:
                yield Clouds(process, session)
        finally:
            await process.kill()
