"""A name that people gave a code may hold its PIN; nobody gets to see that."""

import pytest

from custom_components.igloohome_access.model import Code, CodeKind
from custom_components.igloohome_access.names import shown_code_name
from custom_components.igloohome_access.work import OnlineWork, WorkStep

from .code_samples import record, remote


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Maid 904417", "Maid •••"),
        ("Maid 904 417", "Maid •••"),
        ("904-417 (Maid)", "••• (Maid)"),
        ("Maid 90.44.17, 90/44/17", "Maid •••, •••"),
        ("9 0 4 4 1 7", "•••"),
        ("9_0_4_4_1_7", "•••"),
        ("Room 904, 417", "Room 904, 417"),
        ("904418", "904418"),
        (" ", "oud-id"),
    ],
)
def test_pin_in_the_name(name: str, shown: str) -> None:
    """However its digits are grouped, the PIN is hidden and nothing else is."""
    code = Code(remote=remote(name=name, pin="904417"))
    assert shown_code_name(code) == shown


def test_all_digits_that_may_open() -> None:
    """Those on their way, and those somebody set elsewhere, are secret as well."""
    code = Code(
        record=record(
            CodeKind.ONLINE,
            name="a 111222 b 333-444 c 555 666",
            pin="111222",
            work=OnlineWork(step=WorkStep.CHANGE, pin="333444"),
        ),
        remote=remote(pin="555666"),
    )
    assert shown_code_name(code) == "a ••• b ••• c •••"


def test_without_a_pin() -> None:
    """A code whose PIN nobody knows keeps its name."""
    assert shown_code_name(Code(remote=remote(name="Maid 1", pin=None))) == "Maid 1"
