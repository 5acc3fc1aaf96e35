"""The last digits of phone numbers, and nothing that only looks like one."""

from time import process_time

from hypothesis import given, strategies as st
import pytest

from custom_components.igloohome_access.bookings.model import FeedEvent
from custom_components.igloohome_access.bookings.phones import last_digits
from custom_components.igloohome_access.bookings.stays import read_stays

from .samples import event, settings

AIRBNB = (
    "Reservation URL: https://www.airbnb.com/hosting/reservations/details/HM12345678\n"
    "Phone Number (Last 4 Digits): 0123"
)


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        (AIRBNB, "0123"),
        ("Guest phone: +49 151 5559 7318, 2 adults", "597318"),
        ("+49 (0)151 5559-7318", "597318"),
        ("Call +14155550132!", "550132"),
        ("Tel. 0151 / 555-97318", "597318"),
        ("tel:+4915155597318", "597318"),
        ("<b>Phone</b>: <a>0151 55597318</a>", "597318"),
        ("Handynummer 0151-2345", "512345"),
        ("Téléphone: 06.12.34.56.78", "345678"),
        ("WHATSAPP 0151 55597318", "597318"),
        ("", None),
        (None, None),
        ("Phone: n/a\nID: 12345678", None),
        ("Phone: 123", None),
        ("Hotel: 12345678", None),
        ("Booking 2034567890 from 2026-11-20 to 2026-11-24", None),
        ("2 adults + 1 child, 20261120", None),
        ("a+4915155597318", None),
        (" " * 5000 + "Phone: 0151 55597318", None),
    ],
)
def test_texts(text: str | None, digits: str | None) -> None:
    """Numbers behind a word for a phone, and international ones."""
    assert last_digits(text) == digits


def test_the_first_text_that_has_one() -> None:
    """The description before the title."""
    assert last_digits(None, "", "no", "Phone: 1111", "Phone: 2222") == "1111"


@given(st.text())
def test_any_text(text: str) -> None:
    """Never more than six digits, never fewer than four."""
    digits = last_digits(text, f"phone {text}")
    assert digits is None or (4 <= len(digits) <= 6 and digits.isascii())


@pytest.mark.parametrize(
    "text", ["phone" * 1000, "phone: " + "1 " * 2500, "+1" * 2500, "tel:<" * 1000]
)
def test_odd_texts_take_no_time(text: str) -> None:
    """A text may come from a stranger."""
    began = process_time()
    last_digits(text)
    assert process_time() - began < 1


def test_they_belong_to_a_stay() -> None:
    """By the identity of the booking; nothing of them is shown."""
    seen = [
        event("2026-07-10", "2026-07-14", phone="597318"),
        event("2026-07-10", "2026-07-14", "b"),
        # The same twice, and one of them without.
        event("2026-07-10", "2026-07-14", "b", phone="111222"),
        event("2026-07-10", "2026-07-14", "b"),
        event("2026-07-10", "2026-07-14", "c"),
    ]
    stays = read_stays(seen, settings(), {})
    assert sorted(str(stay.phone) for stay in stays) == ["111222", "597318", "None"]
    assert "597318" not in repr(stays) + repr(seen)
    assert FeedEvent(start=seen[0].start, end=None).phone is None
