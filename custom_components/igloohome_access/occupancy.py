"""What the codes of a lock leave free for an online code: places and digits."""

from collections.abc import Sequence

from homeassistant.util import dt as dt_util

from .codes import CodeBook
from .lifecycle import counts_as_live
from .model import CodeKind, Device, Notice
from .names import pins_of
from .pins import draw_pin
from .rules import RuleViolation
from .slots import MAX_PINS, WARN_PINS


def known_pins(book: CodeBook, device_id: str) -> set[str]:
    """Return the digits that are on a lock, or may be. Secrets."""
    now = dt_util.utcnow()
    return {
        pin
        for code in book.of_device(device_id)
        if counts_as_live(code, now)
        for pin in pins_of(code)
    }


def draw_for(book: CodeBook, devices: Sequence[Device]) -> str | None:
    """Return digits that are good and new on all these locks, if there are any."""
    known = (known_pins(book, device.device_id) for device in devices)
    return draw_pin(devices, set().union(*known))


def check_room(book: CodeBook, device: Device) -> None:
    """Raise RuleViolation when a lock has no place for a further online code.

    Besides the 199 PINs of every lock, Seam tells how many codes it can program.
    """
    live = book.live_count(device.device_id)
    if live >= MAX_PINS:
        raise RuleViolation("lock_full", count=str(live), limit=str(MAX_PINS))
    now = dt_util.utcnow()
    online = sum(
        code.kind is CodeKind.ONLINE and counts_as_live(code, now)
        for code in book.of_device(device.device_id)
    )
    if device.max_codes is not None and online >= device.max_codes:
        raise RuleViolation("lock_full", count=str(online), limit=str(device.max_codes))


def lock_notices(book: CodeBook, device: Device) -> list[Notice]:
    """Return that a lock cannot be reached or is nearly full, if it is."""
    notices = [Notice("lock_is_offline")] if device.online is False else []
    live = book.live_count(device.device_id)
    if live >= WARN_PINS:
        told = {"count": str(live), "limit": str(MAX_PINS)}
        notices.append(Notice("lock_nearly_full", told))
    return notices
