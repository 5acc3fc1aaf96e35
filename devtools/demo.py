"""The demo's contents: both accounts, and a few codes in different statuses."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
import json
from pathlib import Path
from typing import Any

from .dashboard import add_demo_dashboard
from .hass_client import HassClient
from .hass_config import INTEGRATION
from .processes import ProcessError
from .simulator_process import SimulatorProcess

#: Known to the simulator only (simulator/igloohome/scenarios.py, simulator/seam/auth.py).
IGLOOHOME_ACCOUNT = {
    "client_id": "sim-client-id",
    "client_secret": "sim-client-secret",
}
SEAM_ACCOUNT = {"api_key": "seam_test_simkey_0001"}

MINIMUM_LOCKS = 6

#: Further things to show, such as a dashboard. Each is called at every start, when the
#: accounts, bookings and codes are there, and must do nothing the second time.
ADDITIONS: tuple[Callable[[HassClient], Awaitable[None]], ...] = (add_demo_dashboard,)


@dataclass(frozen=True, slots=True)
class DemoCode:
    """A code to create: lock by name, start in hours from now, further fields."""

    lock: str
    action: str
    name: str
    starts_in_hours: int = 0
    fields: tuple[tuple[str, Any], ...] = ()

    def data(self, device_id: str, now: datetime) -> dict[str, Any]:
        """Return the fields of the action call."""
        data = {"device_id": [device_id], "name": self.name, **dict(self.fields)}
        if self.starts_in_hours:
            starts_at = now + timedelta(hours=self.starts_in_hours)
            data["starts_at"] = starts_at.isoformat(timespec="seconds")
        return data


CODES = (
    DemoCode(
        "Guest Room", "create_hourly_code", "Plumber", 0, (("duration", {"hours": 3}),)
    ),
    DemoCode("Guest Room", "create_daily_code", "Cleaner", 24, (("days", 30),)),
    DemoCode("Garden Gate", "create_one_time_code", "Parcel courier"),
    DemoCode("Key Box", "create_permanent_code", "Family"),
    DemoCode(
        "Bike Padlock",
        "create_hourly_code",
        "Weekend visitor",
        6,
        (("duration", {"hours": 48}),),
    ),
    DemoCode(
        "Apartment 2",
        "create_hourly_code",
        "Electrician",
        0,
        (("duration", {"hours": 5}),),
    ),
)


async def add_accounts(client: HassClient, simulator: SimulatorProcess) -> None:
    """Add both accounts through the config flow, as a person does in the web interface.

    An account that is there already stays as it is.
    """
    accounts = {
        "igloohome": {**IGLOOHOME_ACCOUNT, "advanced": simulator.igloohome_addresses},
        "seam": {**SEAM_ACCOUNT, "advanced": simulator.seam_addresses},
    }
    for cloud, data in accounts.items():
        answer = await client.add_entry(INTEGRATION, {"next_step_id": cloud}, data)
        reason = answer.get("reason")
        if answer["type"] != "create_entry" and reason != "already_configured":
            problem = reason or answer.get("errors") or answer["type"]
            raise ProcessError(f"the {cloud} account could not be added: {problem}")


async def create_codes(client: HassClient, simulator: SimulatorProcess) -> None:
    """Create the demo's codes with the integration's actions.

    Codes that an interrupted start has made already are not made again.
    """
    devices = {
        device["name_by_user"] or device["name"]: device["id"]
        for device in await integration_devices(client)
    }
    now = datetime.now(UTC)
    async with hurried(simulator):
        for code in CODES:
            if code.lock not in devices:
                known = ", ".join(sorted(devices))
                raise ProcessError(
                    f"no lock is named {code.lock!r}; there are: {known}"
                )
            device_id = devices[code.lock]
            made = await client.call_action(
                f"{INTEGRATION}.get_codes", {"device_id": [device_id]}
            )
            if code.name not in {other["name"] for other in made["codes"]}:
                await client.call_action(
                    f"{INTEGRATION}.{code.action}", code.data(device_id, now)
                )


@asynccontextmanager
async def hurried(simulator: SimulatorProcess) -> AsyncGenerator[None]:
    """Let Seam assign PINs within a second, so that nobody has to wait for a demo."""
    switches = await simulator.control("POST", "switches", {})
    usual = switches["seam"]["pin_assignment_seconds"]

    async def assign_after(seconds: float | None) -> None:
        switch = {"pin_assignment_seconds": seconds}
        await simulator.control("POST", "switches", {"seam": switch})

    await assign_after(min(usual or 0.0, 1.0))
    yield
    await assign_after(usual)


async def integration_devices(client: HassClient) -> list[dict[str, Any]]:
    """Return the integration's devices as the device registry lists them."""
    return [
        device
        for device in await client.command("config/device_registry/list")
        if any(identifier[0] == INTEGRATION for identifier in device["identifiers"])
    ]


async def code_statuses(client: HassClient) -> dict[str, str]:
    """Return the state of every status sensor of a code, by entity id."""
    return {
        entity_id: state["state"]
        for entity_id, state in (await client.states()).items()
        if "code_id" in state["attributes"] and state["entity_id"].startswith("sensor.")
    }


async def find_problems(client: HassClient) -> list[str]:
    """Return what is not as it should be, in words; nothing if all is well."""
    problems = []
    entries = await client.entries(INTEGRATION)
    if len(entries) != 2:
        problems.append(f"{len(entries)} accounts instead of 2")
    problems += [
        f"account {entry['title']!r} is {entry['state']}: {entry['reason']}"
        for entry in entries
        if entry["state"] != "loaded"
    ]
    locks = [
        device
        for device in await integration_devices(client)
        if "bridge" not in (device["model"] or "").lower()
    ]
    if len(locks) < MINIMUM_LOCKS:
        problems.append(f"{len(locks)} locks instead of at least {MINIMUM_LOCKS}")
    statuses = await code_statuses(client)
    if len(statuses) < len(CODES):
        problems.append(
            f"{len(statuses)} code sensors instead of at least {len(CODES)}"
        )
    if len(set(statuses.values())) < 2:
        problems.append(f"all codes have the same status: {set(statuses.values())}")
    return problems


# --- what the simulator would forget -------------------------------------------------

#: Fields that a code shown by Seam and one given to the control interface share.
_KEPT_FIELDS = ("access_code_id", "device_id", "name", "created_at")
_KEPT_WINDOW = ("starts_at", "ends_at")


async def save_seam_codes(simulator: SimulatorProcess, path: Path) -> None:
    """Write the codes at Seam to a file.

    Seam remembers codes, the simulator forgets them when it ends. igloohome's own
    cloud has no list of codes, so there is nothing to keep for it.
    """
    state = await simulator.control("GET", "state")
    issued = (await simulator.control("GET", "pins"))["seam"]
    pins = {pin["access_code_id"]: pin["pin"] for pin in issued if pin["opens"]}
    codes = []
    for code in state["seam"]["codes"]:
        if code["access_code_id"] not in pins or not code.get("is_managed", True):
            continue
        kept = {name: code[name] for name in _KEPT_FIELDS}
        kept |= {name: code[name] for name in _KEPT_WINDOW if code.get(name)}
        kept["is_offline"] = code["is_offline_access_code"]
        kept["is_one_time"] = code["is_one_time_use"]
        if not kept["is_offline"]:
            kept["code"] = pins[code["access_code_id"]]
        codes.append(kept)
    path.write_text(json.dumps(codes, indent=2), encoding="utf-8")
    path.chmod(0o600)


async def restore_seam_codes(simulator: SimulatorProcess, path: Path) -> None:
    """Give a fresh simulator the codes of the file that its scenario does not have."""
    if not path.exists():
        return
    state = await simulator.control("GET", "state")
    there = {code["access_code_id"] for code in state["seam"]["codes"]}
    for code in json.loads(path.read_text(encoding="utf-8")):
        if code["access_code_id"] not in there:
            await simulator.control("POST", "seam/codes", code)
