"""Digits of online codes: what is refused, what is drawn."""

from unittest.mock import patch

from hypothesis import given, strategies as st
import pytest

from custom_components.igloohome_access.model import Device, DeviceType
from custom_components.igloohome_access.pins import (
    NO_CHOICE,
    broken_constraint,
    check_pin,
    common_length,
    draw_pin,
    is_weak,
)
from custom_components.igloohome_access.rules import RuleViolation


def lock(*lengths: int, rules: tuple[str, ...] = ()) -> Device:
    """Return a lock that takes digits of these lengths, and keeps to these rules."""
    return Device(
        device_id="lock",
        type=DeviceType.LOCK,
        name="Door",
        pin_lengths=lengths,
        pin_constraints=rules,
    )


WEAK = [
    "0000",
    "111111",
    "1122",
    "1212",
    "121121",
    "123123",
    "1234",
    "4321",
    "2468",
    "9753",
    "7890",
    "0987",
    "234567",
    "112233",
    "1223344",
    "2580",
    "0852",
    "147258",
    "159753",
    "1987",
    "2026",
]
GOOD = ["4711", "8041", "482913", "71904", "1357924", "198702", "20261"]


@pytest.mark.parametrize("pin", WEAK)
def test_weak(pin: str) -> None:
    """What people try first is weak, and refused without being repeated."""
    assert is_weak(pin)
    with pytest.raises(RuleViolation) as caught:
        check_pin(pin, lock(4, 5, 6, 7), ())
    assert caught.value.key == "pin_weak"
    assert pin not in str(caught.value) + str(dict(caught.value.placeholders))


@pytest.mark.parametrize("pin", GOOD)
def test_good(pin: str) -> None:
    """Digits without a pattern are fine, blanks between them do not matter."""
    assert not is_weak(pin)
    assert check_pin(f" {pin[:2]} {pin[2:]} ", lock(4, 5, 6, 7), {"9999"}) == pin


@pytest.mark.parametrize(
    ("pin", "device", "key", "told"),
    [
        ("48-29", lock(4), "pin_not_digits", {}),
        ("", lock(4), "pin_not_digits", {}),
        ("٤٧١١", lock(4), "pin_not_digits", {}),
        ("482", lock(4, 6), "pin_length", {"length": "3", "allowed": "4, 6"}),
        ("48291", lock(4, 6), "pin_length", {"length": "5", "allowed": "4, 6"}),
        ("4829137", lock(), "pin_length", {"length": "7", "allowed": "4, 5, 6"}),
        ("4829", lock(4, rules=(NO_CHOICE,)), "pin_not_choosable", {}),
        ("4809", lock(4, rules=("no_zeros",)), "pin_breaks_rule", {"rule": "no_zeros"}),
        ("8041", lock(4), "pin_taken", {}),
    ],
)
def test_refused(pin: str, device: Device, key: str, told: dict[str, str]) -> None:
    """Each reason is told by itself, never with the digits."""
    with pytest.raises(RuleViolation) as caught:
        check_pin(pin, device, {"8041"})
    assert (caught.value.key, dict(caught.value.placeholders)) == (key, told)


@pytest.mark.parametrize(
    ("rule", "broken", "kept"),
    [
        ("no_zeros", "4809", "4829"),
        ("cannot_start_with_12", "1289", "2189"),
        ("no_triple_consecutive_ints", "48881", "48818"),
        ("no_ascending_or_descending_sequence", "3456", "3457"),
        ("no_ascending_or_descending_sequence", "6543", "6542"),
        ("at_least_three_unique_digits", "4848", "4842"),
        ("cannot_contain_089", "4711809", "4711"),
        ("cannot_contain_0789", "4711", "4611"),
        ("unique_first_four_digits", "482413", "482913"),
        ("no_all_same_digits", "8888", "8889"),
        ("a_rule_of_tomorrow", None, "0000"),
        ("name_length", None, "0000"),
    ],
)
def test_constraints(rule: str, broken: str | None, kept: str) -> None:
    """Seam's words are understood; what nobody knows is left to Seam."""
    assert broken_constraint(kept, (rule,)) is None
    if broken is not None:
        assert broken_constraint(broken, ("future", rule)) == rule


@pytest.mark.parametrize(
    ("lengths", "expected"),
    [
        ([(4, 5, 6)], 6),
        ([(4, 5, 6), (4, 5)], 5),
        ([(7, 8)], 7),
        ([()], 6),
        ([(4,), (6,)], None),
    ],
)
def test_length(lengths: list[tuple[int, ...]], expected: int | None) -> None:
    """Six digits where the locks take them, else fewer, else as few as possible."""
    assert common_length([lock(*each) for each in lengths]) == expected


@given(
    lengths=st.sets(st.integers(4, 8), min_size=1),
    rules=st.sets(st.sampled_from(["no_zeros", "cannot_start_with_12"])),
)
def test_drawn_digits_are_good(lengths: set[int], rules: set[str]) -> None:
    """What is drawn would be accepted if a person chose it."""
    device = lock(*sorted(lengths), rules=tuple(rules))
    pin = draw_pin([device], ())
    assert pin is not None
    assert check_pin(pin, device, ()) == pin


def test_never_one_that_is_known() -> None:
    """Known and weak digits are drawn again."""
    digits = iter("123480414711")
    with patch(
        "custom_components.igloohome_access.pins.secrets.choice",
        lambda _: next(digits),
    ):
        assert draw_pin([lock(4)], {"8041"}) == "4711"


def test_nothing_to_draw() -> None:
    """No length in common, digits the lock draws itself, or nothing left."""
    assert draw_pin([lock(4), lock(6)], ()) is None
    assert draw_pin([lock(4), lock(4, rules=(NO_CHOICE,))], ()) is None
    every = {f"{number:04}" for number in range(10_000)}
    assert draw_pin([lock(4)], every) is None
