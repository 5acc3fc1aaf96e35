"""The worlds the simulator can start in.

What they contain lives with each cloud (igloohome/scenarios.py and
seam/scenarios.py); here is what both have in common.
"""

from dataclasses import dataclass

DESCRIPTIONS = {
    "demo": "a varied household on both clouds, with codes in different states",
    "test": "the fixed set of locks that the automatic tests use, without codes",
    "empty": "valid accounts without any device",
    "large:N": "N locks with keypad per cloud (N from 1 to 5000), for load tests",
}
"""Name (as typed) → what it is, for the help text."""

MAX_LOCKS = 5000


@dataclass(frozen=True, slots=True)
class Scenario:
    """A parsed scenario name; ``size`` is the number of locks of "large"."""

    name: str
    size: int = 0


def parse_scenario(text: str) -> Scenario:
    """Return the scenario a name means; raise ValueError for an unknown one."""
    name, colon, number = text.partition(":")
    if not colon and name in ("demo", "test", "empty"):
        return Scenario(name)
    if name == "large" and number.isascii() and number.isdecimal():
        size = int(number)
        if 1 <= size <= MAX_LOCKS:
            return Scenario(name, size)
    raise ValueError(
        f"unknown scenario {text!r}; choose one of {', '.join(DESCRIPTIONS)}"
    )
