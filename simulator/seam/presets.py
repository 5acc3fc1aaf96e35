"""Kinds of locks as Seam describes them (reference/seam-api.md §16.2)."""

from collections.abc import Mapping
from typing import Any

_BRIDGE_NEEDED = {
    "warning_code": "hub_required_for_additional_capabilities",
    "message": "Connect the lock to a bridge for remote control and online codes.",
}
_HUB_DISCONNECTED = {
    "error_code": "hub_disconnected",
    "message": "The bridge of this lock is disconnected.",
    "is_device_error": True,
}
_ALL = {
    "can_remotely_lock": True,
    "can_remotely_unlock": True,
    "can_program_online_access_codes": True,
    "can_program_offline_access_codes": True,
    "can_unlock_with_code": True,
}
_REMOTE = (
    "can_remotely_lock",
    "can_remotely_unlock",
    "can_program_online_access_codes",
)


def preset(name: str) -> dict[str, Any]:
    """Return the fields of `Device` that make up a kind of lock, freshly built."""
    offline: dict[str, Any] = {
        "flags": {**_ALL, **dict.fromkeys(_REMOTE, False)},
        "online": False,
        "warnings": [dict(_BRIDGE_NEEDED)],
    }
    bridged: dict[str, Any] = {
        "flags": dict(_ALL),
        "locked": True,
        "bridge_id": "EB1X00aa11bb22",
        "bridge_name": "Hall Bridge",
    }
    kinds: Mapping[str, dict[str, Any]] = {
        "bridged": bridged,
        "offline": offline,
        "hub_down": {
            **bridged,
            "flags": {**_ALL, "can_remotely_lock": False, "can_remotely_unlock": False},
            "locked": None,
            "online": False,
            "errors": [dict(_HUB_DISCONNECTED)],
        },
        "retrofit": {
            **bridged,
            "model": "Retrofit Lock",
            "keypad_id": "EK1X5f6a7b8c9d",
            "keypad_linked_to_bridge": True,
            "keypad_battery_level": 0.55,
        },
        # A padlock shows the third value of a flag: absent, it cannot do that at all.
        "padlock": {
            **offline,
            "model": "Padlock 2",
            "flags": {**_ALL, **dict.fromkeys(_REMOTE, None)},
            "warnings": [],
        },
    }
    return kinds[name]


PRESETS = ("bridged", "offline", "hub_down", "retrofit", "padlock")
"""Names that `preset` knows."""
