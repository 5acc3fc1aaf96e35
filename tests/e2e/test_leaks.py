"""No PIN and no key is anywhere but where it belongs (design.md, promise 3)."""

from pathlib import Path
from typing import Any

import aiohttp
import pytest

from devtools.hass_client import HassClient, HassError
from devtools.hass_process import HassProcess
from devtools.simulator_process import SimulatorProcess
from simulator.seam.scenarios import SEAM_LOCK_BRIDGED

from .leaks import EventListener, LeakScanner
from .test_first_code import DOMAIN, call, set_up_accounts

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

MAIDS_PIN = "730518264"
KEYS = ("sim-client-secret", "seam_test_simkey_0001")

CODES_IN_CALENDARS = (
    "Somebody create_hourly_code",
    "Somebody create_daily_code",
    "Somebody create_one_time_code",
    "Owner",
    r"Maid \u2022\u2022\u2022",
)
"""What the calendars have to show, so that looking for secrets there means something.

As JSON writes it."""


async def exercise(
    owner: HassClient, simulator: SimulatorProcess, said: list[Any]
) -> None:
    """Make, show, fail, forget, reload: everything that has to do with a PIN."""
    for lock in ("Guest Room", "Apartment 2"):
        for action, data in (
            ("create_hourly_code", {"duration": "30:00"}),
            ("create_daily_code", {"days": 30}),
            ("create_one_time_code", {}),
        ):
            await call(owner, action, lock, name=f"Somebody {action}", **data)
    await call(owner, "create_permanent_code", "Front Door", name="Owner")
    shown = await owner.call_action(f"{DOMAIN}.get_codes", {"include_pins": True})
    pin = shown["codes"][0]["pin"]
    grouped = "-".join(pin[start : start + 3] for start in (0, 3, 6))

    # A cloud that talks too much: its refusal repeats digits and the key.
    for path, body in (
        ("/algopin/", {"error": f"PIN {pin}, {grouped} exists, secret {KEYS[0]}"}),
        (
            "/seam/access_codes/create",
            {
                "ok": False,
                "error": {"type": "invalid_input", "message": f"{pin} by {KEYS[1]}"},
            },
        ),
    ):
        fault = {"path_regex": path, "kind": "status", "status": 400, "body": body}
        await simulator.control("POST", "faults", fault)
    for lock in ("Guest Room", "Apartment 2"):
        with pytest.raises(HassError) as refused:
            await call(
                owner, "create_hourly_code", lock, name="Refused", duration="05:00"
            )
        said.append(str(refused.value.details))
    await simulator.control("DELETE", "faults")

    with pytest.raises(HassError) as refused:
        await owner.call_action(
            f"{DOMAIN}.delete_code", {"code_id": shown["codes"][0]["code_id"]}
        )
    said.append(str(refused.value.details))
    forgotten = {"code_id": shown["codes"][0]["code_id"], "forget": True}
    said.append(await owner.call_action(f"{DOMAIN}.delete_code", forgotten))
    for entry in await owner.entries(DOMAIN):
        await owner.post(f"/api/config/config_entries/entry/{entry['entry_id']}/reload")


async def scanner_for(simulator: SimulatorProcess) -> LeakScanner:
    """Return a scanner that knows every PIN the clouds gave out, keys and tokens."""
    issued = await simulator.control("GET", "pins")
    pins = {record["pin"] for cloud in issued.values() for record in cloud}
    assert pins > {MAIDS_PIN}
    return LeakScanner(sorted(pins), (*KEYS, await beginning_of_tokens(simulator)))


async def beginning_of_tokens(simulator: SimulatorProcess) -> str:
    """Return what all access tokens of the simulated igloohome begin with."""
    url = simulator.igloohome_addresses["auth_url"]
    form = {
        "grant_type": "client_credentials",
        "client_id": "sim-client-id",
        "client_secret": KEYS[0],
    }
    async with (
        aiohttp.ClientSession() as session,
        session.post(url, data=form) as answer,
    ):
        token: str = (await answer.json())["access_token"]
    return token.partition(".")[0]


async def test_nothing_leaks(
    owner: HassClient,
    hass_process: HassProcess,
    simulator_process: SimulatorProcess,
    tmp_path: Path,
) -> None:
    """Use everything with debug logs, and look everywhere afterwards."""
    await owner.call_action(
        "logger.set_default_level", {"level": "debug"}, response=False
    )
    # At debug level Home Assistant's own WebSocket API logs every answer it gives;
    # docs/privacy.md says so.
    await owner.call_action(
        "logger.set_level",
        {"homeassistant.components.websocket_api": "info"},
        response=False,
    )
    said: list[Any] = []
    # Somebody made a code in the app, and wrote its PIN into the name.
    maid = {"device_id": SEAM_LOCK_BRIDGED, "is_managed": False, "code": MAIDS_PIN}
    maid["name"] = "Maid " + " ".join(
        MAIDS_PIN[start : start + 3] for start in (0, 3, 6)
    )
    await simulator_process.control("POST", "seam/codes", maid)
    async with EventListener(owner) as listener:
        await set_up_accounts(owner, simulator_process)
        await exercise(owner, simulator_process, said)
        scanner = await scanner_for(simulator_process)
        assert len(scanner.pins) == 8
        await scanner.add_home_assistant(owner)
        calendars = scanner.text_of("calendars")
        assert all(name in calendars for name in CODES_IN_CALENDARS)
        for entry in await owner.entries(DOMAIN):
            await owner.delete(f"/api/config/config_entries/entry/{entry['entry_id']}")
        await scanner.add_home_assistant(owner)
    heard = {message["event"]["event_type"] for message in listener.events}
    assert {"call_service", "state_changed"} <= heard
    scanner.add("events", listener.events)
    scanner.add("answers", said)
    assert await hass_process.stop() == 0
    scanner.add_folder(tmp_path / "config")
    assert "file home-assistant_v2.db" in scanner.sources
    assert any("ledger" in source for source in scanner.sources)
    assert scanner.findings() == []


async def test_planted_leaks_are_found(
    owner: HassClient, hass_process: HassProcess, tmp_path: Path
) -> None:
    """Prove the scan: what is planted in each place is found there."""
    pin, key = "049158273", "a-planted-secret"
    scanner = LeakScanner([pin], [key])
    async with EventListener(owner) as listener:
        spaced = f"{pin[:3]} {pin[3:6]} {pin[6:]}"
        await owner.post("/api/states/sensor.planted", {"state": spaced})
        await owner.post("/api/events/planted", {"code": pin[::-1]})
        await owner.call_action(
            "system_log.write",
            {"message": f"planted {'-'.join(pin)} {key}", "level": "error"},
            response=False,
        )
        await scanner.add_home_assistant(owner)
    scanner.add("events", listener.events)
    await hass_process.stop()
    (tmp_path / "config/.storage/planted").write_text(f"Basic {key}")
    scanner.add_folder(tmp_path / "config")
    found = scanner.findings()
    for place in (
        "PIN number 0 in states",
        "PIN number 0 in events",
        "PIN number 0 in file home-assistant_v2.db",
        "PIN number 0 in file output.log",
        "key number 0 in file output.log",
        "key number 0 in file .storage/planted",
    ):
        assert place in found
