"""Samples for the tests of stays on a lock with a bridge."""

from datetime import timedelta
from typing import Any

from custom_components.igloohome_access.bookings.model import CodeSource, IssuedCode

from .samples import HOUR, OTHER, STAY, Flat, event, flat

BRIDGED: dict[str, Any] = {
    "code_source": CodeSource.RANDOM,
    "bridged": frozenset({"front"}),
}
LONGER = event("2026-07-10", "2026-07-16")
DAY = timedelta(days=1)


def online_flat(now: str = "2026-07-06T09:10", **changes: Any) -> Flat:
    """Return a flat with an online code for STAY."""
    home = flat(now, **{**BRIDGED, **changes})
    home.read(STAY, OTHER)
    home.act()
    assert home.kinds() == ["code_ready"]
    return home


def without_bridge(home: Flat) -> None:
    """Let the bridge be gone."""
    home.settings = flat(code_source=CodeSource.RANDOM).settings


def with_bridge(home: Flat) -> None:
    """Let the bridge be there."""
    home.settings = flat(**BRIDGED).settings


def live(home: Flat) -> list[IssuedCode]:
    """Return the codes that open."""
    return [code for code in home.codes() if code.opens]


def windows(home: Flat) -> list[tuple[str, str, str]]:
    """Return kind and window of the codes that open, on the clock of Berlin."""
    return [
        (
            code.kind.value,
            f"{code.window.local_start:%m-%d %H:%M}",
            f"{code.window.local_end:%m-%d %H:%M}",
        )
        for code in live(home)
    ]


def cancel(home: Flat) -> None:
    """Let the booking be gone for good."""
    for _ in range(3):
        home.now += HOUR
        home.read(OTHER)
