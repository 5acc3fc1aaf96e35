"""igloohome's half of the scenarios: API clients and invented locks.

The ids follow the prefixes seen in the field (reference/igloohome-api.md §2.3).
"""

from datetime import datetime, timedelta

from ..scenarios import parse_scenario
from .state import ALL_SCOPES, Client, Device

HOME_MAIN = "home-main"
HOME_SECOND = "home-second"

CLIENTS = (
    Client(
        "sim-client-id",
        "sim-client-secret",
        HOME_MAIN,
        ALL_SCOPES,
        "all scopes",
    ),
    Client(
        "limited-client-id",
        "limited-client-secret",
        HOME_MAIN,
        frozenset({"get-devices"}),
        "may list devices and nothing else",
    ),
    Client(
        "nodevices-client-id",
        "nodevices-client-secret",
        HOME_MAIN,
        ALL_SCOPES - {"get-devices"},
        "lacks the scope get-devices",
    ),
    Client(
        "second-client-id",
        "second-client-secret",
        HOME_SECOND,
        ALL_SCOPES,
        "another account with one lock",
    ),
)

LOCK_RETROFIT = "OE1X1a2b3c4d5e"
KEYPAD_RETROFIT = "EK1X5f6a7b8c9d"
BRIDGE = "EB1X00aa11bb22"
LOCK_BRIDGED = "IGB400c0ffee1"
LOCK_UNBRIDGED = "IGM300badc0de2"
PADLOCK = "SP2X33cc44dd55"
KEYBOX = "IGK3300dead66"
UNKNOWN_TYPE = "XX1X77ee88ff99"
LOCK_SECOND_ACCOUNT = "IGM300facade77"
LOCK_DEMO_GARAGE = "IGB4009a8a9e02"
BRIDGE_DEMO_OFFLINE = "EB1X33dd44ee55"
LOCK_DEMO_TERRACE = "DBX2007e88ace3"

LOCKS_PER_BRIDGE = 5
"""The maker's limit (§2.3), which "large" uses up."""


def devices(scenario: str, now: datetime) -> list[Device]:
    """Return fresh devices of a scenario; times in it count from ``now``."""
    parsed = parse_scenario(scenario)
    if parsed.name == "empty":
        return []
    second = Device(
        LOCK_SECOND_ACCOUNT,
        "Beach House",
        home=HOME_SECOND,
        battery_level=77,
        last_sync=now - timedelta(hours=5),
        keypad=True,
    )
    if parsed.name == "large":
        return [*_large(parsed.size, now), second]
    found = [*_test(now), second]
    return found + _demo_extras(now) if parsed.name == "demo" else found


def _test(now: datetime) -> list[Device]:
    """Return the locks the automatic tests know by heart."""
    synced = now - timedelta(hours=1)
    return [
        Device(
            LOCK_RETROFIT,
            "Front Door",
            battery_level=90,
            real_battery=88,
            last_sync=synced,
        ),
        Device(
            KEYPAD_RETROFIT,
            "Front Door Keypad",
            "Keypad",
            linked=[LOCK_RETROFIT],
            battery_level=100,
            real_battery=100,
            last_sync=synced,
            keypad=True,
        ),
        Device(
            BRIDGE,
            "Hall Bridge",
            "Bridge",
            linked=[LOCK_RETROFIT, KEYPAD_RETROFIT, LOCK_BRIDGED],
            last_sync=now - timedelta(minutes=10),
        ),
        Device(
            LOCK_BRIDGED,
            "Garden Gate",
            battery_level=64,
            real_battery=61,
            last_sync=synced,
            keypad=True,
        ),
        Device(
            LOCK_UNBRIDGED,
            "Guest Room",
            battery_level=82,
            last_sync=now - timedelta(days=2),
            keypad=True,
        ),
        Device(PADLOCK, "Bike Padlock", battery_level=55, keypad=True),
        Device(
            KEYBOX,
            "Key Box",
            battery_level=9,
            last_sync=now - timedelta(days=6),
            keypad=True,
        ),
        Device(
            UNKNOWN_TYPE,
            "Elevator",
            "ElevatorController",
            battery_level=None,
            last_sync=now - timedelta(days=1),
        ),
    ]


def _demo_extras(now: datetime) -> list[Device]:
    """Return what makes the demo more varied: an offline bridge, a full battery."""
    return [
        Device(
            BRIDGE_DEMO_OFFLINE,
            "Garage Bridge",
            "Bridge",
            linked=[LOCK_DEMO_GARAGE],
            last_sync=now - timedelta(days=3),
            online=False,
        ),
        Device(
            LOCK_DEMO_GARAGE,
            "Garage",
            battery_level=31,
            last_sync=now - timedelta(days=3),
            keypad=True,
        ),
        Device(
            LOCK_DEMO_TERRACE,
            "Terrace Door",
            battery_level=100,
            last_sync=now - timedelta(hours=8),
            keypad=True,
        ),
    ]


def _large(size: int, now: datetime) -> list[Device]:
    """Return ``size`` locks with a bridge for every five of them."""
    locks = [
        Device(
            f"IGB4{number:010x}",
            f"Room {number}",
            battery_level=100 - number % 90,
            real_battery=100 - number % 90,
            last_sync=now - timedelta(minutes=number % 600),
            keypad=True,
        )
        for number in range(1, size + 1)
    ]
    bridges = [
        Device(
            f"EB1X{first:010x}",
            f"Bridge {first // LOCKS_PER_BRIDGE + 1}",
            "Bridge",
            linked=[lock.device_id for lock in locks[first : first + LOCKS_PER_BRIDGE]],
            last_sync=now - timedelta(minutes=5),
        )
        for first in range(0, size, LOCKS_PER_BRIDGE)
    ]
    return [*locks, *bridges]
