"""Seam's half of the scenarios: workspaces, accounts and invented locks.

The keys that open the workspaces are in auth.py.
"""

from datetime import timedelta
from typing import Any
import uuid

from .control import SeamControl
from .model import Account, Workspace

WORKSPACE = "ws-sim-0001"
WORKSPACE_SECOND = "ws-sim-0002"
ACCOUNT = "4a6b1f58-92c1-4d0e-8a3f-0c2d7e9b1001"
ACCOUNT_SECOND = "4a6b1f58-92c1-4d0e-8a3f-0c2d7e9b1002"

CREDENTIALS = {
    "seam_test_simkey_0001": "API key of Simulated Homes",
    "seam_test_simkey_0002": "API key of Simulated Cabins, one lock",
    "seam_at_simtoken_0001": "personal access token for both workspaces",
}
"""Keys and tokens (auth.py) with what they open, for people."""

SEAM_LOCK_BRIDGED = "c1f0a3d2-5b7e-4e19-9d40-7a1b2c3d0001"
SEAM_LOCK_OFFLINE = "c1f0a3d2-5b7e-4e19-9d40-7a1b2c3d0002"
SEAM_LOCK_HUB_DOWN = "c1f0a3d2-5b7e-4e19-9d40-7a1b2c3d0003"
SEAM_LOCK_RETROFIT = "c1f0a3d2-5b7e-4e19-9d40-7a1b2c3d0004"
SEAM_LOCK_PADLOCK = "c1f0a3d2-5b7e-4e19-9d40-7a1b2c3d0005"
SEAM_LOCK_LOW_BATTERY = "c1f0a3d2-5b7e-4e19-9d40-7a1b2c3d0006"
SEAM_LOCK_SECOND_WORKSPACE = "c1f0a3d2-5b7e-4e19-9d40-7a1b2c3d0101"

LOCKS_PER_BRIDGE = 5
"""The maker's limit (reference/seam-api.md §10.3)."""
_AGE = timedelta(days=90)
_LARGE_NAMESPACE = uuid.UUID("c1f0a3d2-5b7e-4e19-9d40-7a1b2c3d0000")

_TEST_LOCKS: tuple[dict[str, Any], ...] = (
    {
        "device_id": SEAM_LOCK_BRIDGED,
        "preset": "bridged",
        "name": "Apartment 1",
        "serial_number": "IGB400c0ffee1a",
        "time_zone": "Europe/Berlin",
    },
    {
        "device_id": SEAM_LOCK_OFFLINE,
        "preset": "offline",
        "name": "Apartment 2",
        "serial_number": "IGM300badc0de3",
    },
    {
        "device_id": SEAM_LOCK_HUB_DOWN,
        "preset": "hub_down",
        "name": "Apartment 3",
        "serial_number": "IGB400dead10cc",
        "time_zone": "Europe/Berlin",
    },
    {
        "device_id": SEAM_LOCK_RETROFIT,
        "preset": "retrofit",
        "name": "Apartment 4",
        "serial_number": "OE1X9z8y7x6w5v",
        "time_zone": "Europe/Berlin",
    },
)


def build(cloud: SeamControl, scenario: str) -> None:
    """Fill an empty cloud; raise ValueError for an unknown scenario."""
    name, _, size = scenario.partition(":")
    match name:
        case "demo":
            demo(cloud)
        case "test":
            test(cloud)
        case "empty":
            empty(cloud)
        case "large" if size.isdecimal():
            large(cloud, int(size))
        case _:
            raise ValueError(f"unknown scenario {scenario!r}")


def empty(cloud: SeamControl) -> None:
    """Two workspaces with an account each and no lock."""
    store = cloud.store
    now = cloud.clock.now()
    for workspace_id, name, account_id, email in (
        (WORKSPACE, "Simulated Homes", ACCOUNT, "jane@example.com"),
        (WORKSPACE_SECOND, "Simulated Cabins", ACCOUNT_SECOND, "john@example.com"),
    ):
        store.workspaces[workspace_id] = Workspace(workspace_id, name)
        store.accounts[account_id] = Account(
            connected_account_id=account_id,
            workspace_id=workspace_id,
            display_name=email,
            email=email,
            created_at=now - _AGE,
        )


def _add_lock(cloud: SeamControl, values: dict[str, Any]) -> None:
    """Add a lock that has been in the account for months."""
    since = cloud.clock.now() - _AGE
    cloud.add_device({"created_at": since, "online_since": since, **values})


def _second_workspace_lock(cloud: SeamControl) -> None:
    """Put the only lock into the second workspace."""
    _add_lock(
        cloud,
        {
            "device_id": SEAM_LOCK_SECOND_WORKSPACE,
            "connected_account_id": ACCOUNT_SECOND,
            "preset": "offline",
            "name": "Cabin",
        },
    )


def test(cloud: SeamControl) -> None:
    """Four locks of different kinds, and one in the second workspace; no codes."""
    empty(cloud)
    for values in _TEST_LOCKS:
        _add_lock(cloud, values)
    _second_workspace_lock(cloud)


def large(cloud: SeamControl, number: int) -> None:
    """Bridged locks with keypad, five per bridge, in the first workspace."""
    empty(cloud)
    for index in range(number):
        bridge = index // LOCKS_PER_BRIDGE
        _add_lock(
            cloud,
            {
                "device_id": str(uuid.uuid5(_LARGE_NAMESPACE, str(index))),
                "preset": "bridged",
                "name": f"Unit {index + 1}",
                "serial_number": f"IGB4{index:010d}",
                "bridge_id": f"EB1X{bridge:010d}",
                "bridge_name": f"Bridge {bridge + 1}",
                "time_zone": "Europe/Berlin",
            },
        )


def demo(cloud: SeamControl) -> None:
    """Show every status: the test locks, more of them, and codes of all kinds."""
    test(cloud)
    _add_lock(
        cloud,
        {
            "device_id": SEAM_LOCK_PADLOCK,
            "preset": "padlock",
            "name": "Bicycle Shed",
            "serial_number": "SP2X33cc44dd56",
        },
    )
    _add_lock(
        cloud,
        {
            "device_id": SEAM_LOCK_LOW_BATTERY,
            "preset": "bridged",
            "name": "Storage Room",
            "serial_number": "IGB4005707a6e0",
            "battery_level": 0.09,
            "locked": None,
        },
    )
    hour = cloud.clock.now().replace(minute=0, second=0, microsecond=0)
    day = timedelta(days=1)
    for values in (
        {"name": "Cleaner", "code": "482913", "created_at": hour - 30 * day},
        {
            "name": "Guest Ivanova",
            "code": "715204",
            "created_at": hour - 2 * day,
            "starts_at": hour + 10 * day,
            "ends_at": hour + 14 * day,
        },
        {
            "name": "Guest Okafor",
            "code": "360258",
            "created_at": hour - 5 * day,
            "starts_at": hour - 2 * day,
            "ends_at": hour + 2 * day,
        },
        {
            "name": "Made in the igloohome app",
            "code": "904417",
            "created_at": hour - 60 * day,
            "is_managed": False,
        },
        {
            "name": "Made in Seam's console",
            "created_at": hour - 3 * day,
            "starts_at": hour + day,
            "ends_at": hour + 3 * day,
            "is_offline": True,
        },
    ):
        cloud.add_code({"device_id": SEAM_LOCK_BRIDGED, **values})
    for values in (
        {
            "name": "Plumber",
            "created_at": hour - day,
            "starts_at": hour,
            "ends_at": hour + timedelta(hours=6),
        },
        {
            "name": "Courier",
            "created_at": hour - day,
            "starts_at": hour + day,
            "is_one_time": True,
        },
        {
            "name": "Tenant",
            "created_at": hour - 10 * day,
            "starts_at": hour - 5 * day,
            "ends_at": hour + 55 * day,
        },
    ):
        cloud.add_code({"device_id": SEAM_LOCK_OFFLINE, "is_offline": True, **values})
