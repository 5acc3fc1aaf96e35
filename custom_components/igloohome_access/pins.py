"""The digits of online codes: judged when a person chose them, else drawn.

Only a code that goes through a bridge has digits of choice: 4 to 6 on igloohome
(reference/igloohome-api.md §4.1), what the device says on Seam. Digits never are part
of an error. What is weak is what people guess first: one digit again and again, two
digits in turns, a run such as 1234 or 9753, a line on the keypad, a year.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import groupby, pairwise
import re
import secrets

from .model import Device
from .rules import RuleViolation

DEFAULT_LENGTHS = (4, 5, 6)
"""Where a device does not say how many digits it takes."""
USUAL_LENGTH = 6
"""How many digits are drawn if the lock takes them: more is hard to remember."""
NO_CHOICE = "cannot_specify_pin_code"
"""The constraint of a lock that draws all digits itself."""

_DIGITS = re.compile(r"[0-9]+")
_YEAR = re.compile(r"(?:19|20)[0-9]{2}")
# Lines on a keypad and pairs of them, of which people like to make codes.
_LINES = (
    "2580",
    "0852",
    "1470",
    "0741",
    "3690",
    "0963",
    "1397",
    "1379",
    "7913",
    "147258",
    "147369",
    "258369",
    "159357",
    "159753",
    "357159",
    "753951",
    "123654",
    "321456",
    "123789",
    "789456",
    "456789",
    "147896",
)
# Enough to find digits on any lock that has some left; a lock holds 199.
_MAX_DRAWS = 10_000


def is_weak(pin: str) -> bool:
    """Return whether digits are among the first that somebody would try."""
    if len(set(pin)) <= 2 or _YEAR.fullmatch(pin) or pin in _LINES:
        return True
    if any(_is_repeated(pin, size) for size in range(1, len(pin) // 2 + 1)):
        return True
    # 1234 and 112233 alike; 7890 goes on over the zero.
    collapsed = [int(digit) for digit, _ in groupby(pin)]
    return len({(b - a) % 10 for a, b in pairwise(collapsed)}) == 1


def _is_repeated(pin: str, size: int) -> bool:
    """Return whether digits are their first ``size`` ones again and again."""
    return len(pin) % size == 0 and pin == pin[:size] * (len(pin) // size)


def _has_run(pin: str) -> bool:
    steps = [int(b) - int(a) for a, b in pairwise(pin)]
    return all(s == 1 for s in steps) or all(s == -1 for s in steps)


# Seam's words for what else digits have to keep to (reference/seam-api.md §7.1), with
# what breaks them. Words that nobody knows yet are left to Seam to judge.
_BROKEN: Mapping[str, Callable[[str], bool]] = {
    "no_zeros": lambda pin: "0" in pin,
    "cannot_start_with_12": lambda pin: pin.startswith("12"),
    "no_triple_consecutive_ints": lambda pin: bool(re.search(r"(.)\1\1", pin)),
    "no_ascending_or_descending_sequence": _has_run,
    "at_least_three_unique_digits": lambda pin: len(set(pin)) < 3,
    "cannot_contain_089": lambda pin: bool(set(pin) & set("089")),
    "cannot_contain_0789": lambda pin: bool(set(pin) & set("0789")),
    "unique_first_four_digits": lambda pin: len(set(pin[:4])) < len(pin[:4]),
    "no_all_same_digits": lambda pin: len(set(pin)) == 1,
}


def broken_constraint(pin: str, constraints: Collection[str]) -> str | None:
    """Return the first constraint of a device that digits break, None for none."""
    for word in constraints:
        if word in _BROKEN and _BROKEN[word](pin):
            return word
    return None


def lengths_of(device: Device) -> tuple[int, ...]:
    """Return how many digits a code of a lock may have, lowest first."""
    return device.pin_lengths or DEFAULT_LENGTHS


def check_pin(pin: str, device: Device, taken: Collection[str]) -> str:
    """Return digits that a person chose, without blanks, or raise RuleViolation.

    ``taken`` are the digits that are known on the lock.
    """
    pin = "".join(pin.split())
    if not _DIGITS.fullmatch(pin):
        raise RuleViolation("pin_not_digits")
    if NO_CHOICE in device.pin_constraints:
        raise RuleViolation("pin_not_choosable")
    lengths = lengths_of(device)
    if len(pin) not in lengths:
        allowed = ", ".join(map(str, lengths))
        raise RuleViolation("pin_length", length=str(len(pin)), allowed=allowed)
    if is_weak(pin):
        raise RuleViolation("pin_weak")
    if (rule := broken_constraint(pin, device.pin_constraints)) is not None:
        raise RuleViolation("pin_breaks_rule", rule=rule)
    if pin in taken:
        raise RuleViolation("pin_taken")
    return pin


def common_length(devices: Sequence[Device]) -> int | None:
    """Return how many digits a code for all these locks has, None if there is none.

    The usual length, else the next shorter one, else the shortest.
    """
    common = set(lengths_of(devices[0])).intersection(*map(lengths_of, devices[1:]))
    shorter = [length for length in common if length <= USUAL_LENGTH]
    return max(shorter, default=min(common, default=None))


def draw_pin(devices: Sequence[Device], taken: Collection[str]) -> str | None:
    """Return random digits that all these locks take, none of them ``taken``.

    None where there are none: the locks have no length in common, one of them draws
    its digits itself, or what they ask for excludes everything.
    """
    length = common_length(devices)
    constraints = {word for device in devices for word in device.pin_constraints}
    if length is None or NO_CHOICE in constraints:
        return None
    for _ in range(_MAX_DRAWS):
        pin = "".join(secrets.choice("0123456789") for _ in range(length))
        if (
            pin not in taken
            and not is_weak(pin)
            and broken_constraint(pin, constraints) is None
        ):
            return pin
    return None
