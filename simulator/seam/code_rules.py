"""What Seam refuses about access codes on the bridge (reference/seam-api.md §8, §9)."""

from datetime import datetime, timedelta
from itertools import pairwise
import re

from .errors import SeamError, invalid_input
from .model import Device, JsonObject, OfflineWindow, Phase
from .store import Store

_CLOCK_TOLERANCE = timedelta(minutes=1)
"""How far in the past a start may lie because of clocks that differ."""


def require_capability(store: Store, device: Device, flag: str) -> None:
    """Raise a 400 unless a capability of the device works now."""
    if not device.can(flag):
        raise SeamError(
            400,
            store.switches.capability_error_type,
            f"Device does not support this kind of access code ({flag})",
        )


def check_window(
    starts_at: datetime | None, ends_at: datetime | None, now: datetime
) -> None:
    """Raise a 400 unless an online code's times are both given or both left out."""
    if (starts_at is None) != (ends_at is None):
        raise invalid_input("Both starts_at and ends_at must be provided if one is")
    if starts_at is None or ends_at is None:
        return
    if ends_at <= starts_at:
        raise invalid_input("ends_at must be after starts_at", ends_at="Invalid")
    if starts_at < now - _CLOCK_TOLERANCE:
        raise invalid_input("starts_at must be in the future", starts_at="Invalid")


def _constant_step(pin: str, step: int) -> bool:
    """Return whether every digit differs from the one before by `step`."""
    return all(int(b) - int(a) == step for a, b in pairwise(pin))


def _violates(constraint: JsonObject, pin: str | None, name: str | None) -> bool:
    """Return whether a code breaks one of the device's `code_constraints`."""
    kind = constraint["constraint_type"]
    if kind == "name_length":
        length = len(name or "")
        return not (
            constraint.get("min_length", 0)
            <= length
            <= constraint.get("max_length", length)
        )
    if pin is None:
        return False
    match kind:
        case "no_zeros":
            return "0" in pin
        case "cannot_start_with_12":
            return pin.startswith("12")
        case "cannot_specify_pin_code":
            return True
        case "no_triple_consecutive_ints":
            return re.search(r"(\d)\1\1", pin) is not None
        case "no_all_same_digits":
            return len(set(pin)) == 1
        case "at_least_three_unique_digits":
            return len(set(pin)) < 3
        case "no_ascending_or_descending_sequence":
            return _constant_step(pin, 1) or _constant_step(pin, -1)
        case "unique_first_four_digits":
            return len(set(pin[:4])) < len(pin[:4])
    return False


def check_pin(
    store: Store,
    device: Device,
    pin: str | None,
    name: str | None,
    *,
    own_id: str | None = None,
) -> None:
    """Raise a 400 or 409 when the lock cannot take these digits or this name.

    `own_id` is the code that is being changed, which is no duplicate of itself.
    """
    for constraint in device.code_constraints:
        if _violates(constraint, pin, name):
            kind = constraint["constraint_type"]
            raise invalid_input(f"Code violates the constraint {kind}")
    if pin is None:
        return
    if len(pin) not in device.supported_code_lengths:
        lengths = ", ".join(map(str, device.supported_code_lengths))
        raise invalid_input(f"Code must have {lengths} digits", code="Invalid length")
    for other in store.live_codes(device.device_id):
        if other.code == pin and other.access_code_id != own_id:
            raise SeamError(
                store.switches.duplicate_status,
                "duplicate_access_code",
                "An access code with the same code exists on this device",
            )


def check_room(store: Store, device: Device, now: datetime) -> None:
    """Raise a 400 when the lock has no room for another PIN (§10.2)."""
    online = [
        code for code in store.live_codes(device.device_id) if not code.is_offline
    ]
    windows = live_windows(store, device.device_id, now)
    full = len(online) + len(windows) >= store.switches.max_pins_per_lock
    if full:
        raise SeamError(
            400,
            "no_space_for_access_code_on_device",
            "The device has no space for another access code",
        )


def check_online_room(store: Store, device: Device) -> None:
    """Raise a 400 when the bridge can put no more codes on the lock."""
    online = [
        code for code in store.live_codes(device.device_id) if not code.is_offline
    ]
    if len(online) >= device.max_active_codes:
        raise SeamError(
            400,
            "no_space_for_access_code_on_device",
            "The device has reached its maximum number of active codes",
        )


def live_windows(store: Store, device_id: str, now: datetime) -> list[OfflineWindow]:
    """Return the windows of the offline codes a lock still accepts.

    Codes that were deleted in Seam are among them: their PINs open until the end.
    A code that got no PIN is not.
    """
    return [
        code.offline_window
        for code in store.codes.values()
        if code.device_id == device_id
        and code.offline_window is not None
        and code.phase is not Phase.FAILED
        and code.offline_window.ends_at > now
    ]


def new_pin(store: Store, device: Device, preferred_length: int | None) -> str:
    """Return random digits the lock can take."""
    lengths = device.supported_code_lengths
    length = preferred_length if preferred_length in lengths else min(lengths)
    for _ in range(1000):
        pin = store.new_pin(device.device_id, length)
        if not any(_violates(c, pin, "name") for c in _digit_rules(device)):
            return pin
    raise SeamError(500, "internal_server_error", "No code fits the constraints")


def _digit_rules(device: Device) -> list[JsonObject]:
    """Return the constraints that a generated PIN has to meet."""
    ignored = ("cannot_specify_pin_code", "name_length", "name_must_be_unique")
    return [c for c in device.code_constraints if c["constraint_type"] not in ignored]
