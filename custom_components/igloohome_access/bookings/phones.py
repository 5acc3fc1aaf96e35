"""The last digits of the phone number in an event, if there is one.

Digits that stand behind a word for a phone ("Phone: 0151 555 0123"), or that are
written as an international number ("+49 151 555 0123"). Nothing else: an event is full
of other numbers, of bookings, prices and dates. Airbnb's feed writes four digits only,
"Phone Number (Last 4 Digits): 0123".

A whole number never leaves this module, and nothing of it is kept: not more than
``MOST_DIGITS`` go on, in memory, until the next read.
"""

import re

FEWEST_DIGITS = 4
MOST_DIGITS = 6

_LONGEST_TEXT = 5000
"""Characters that are looked at."""
_WORDS = (
    "phone",
    "telephone",
    "mobile",
    "cell",
    "cellphone",
    "contact number",
    "tel",
    "whatsapp",
    "telefon",
    "telefonnummer",
    "mobil",
    "mobiltelefon",
    "handy",
    "handynummer",
    "téléphone",
    "portable",
    "teléfono",
    "móvil",
    "telefono",
    "cellulare",
    "telefone",
    "telefoon",
)
_SEPARATORS = r"[ \u00a0().\-/\u2010-\u2013]{0,3}"
_LABELLED = re.compile(
    rf"\b(?:{'|'.join(_WORDS)})\b(?:[^\n:]{{0,40}}:|\.?)"
    rf"(?:<[^<>\n]{{0,40}}>|\s){{0,3}}(\+?\(?[0-9](?:{_SEPARATORS}[0-9]){{3,16}})",
    re.IGNORECASE,
)
_INTERNATIONAL = re.compile(rf"(?<![\w+])\+[1-9](?:{_SEPARATORS}[0-9]){{7,14}}(?!\w)")
_NO_DIGITS = re.compile(r"[^0-9]")


def last_digits(*texts: str | None) -> str | None:
    """Return the last digits of the first phone number in texts: 4 to 6 of them."""
    for text in texts:
        if not text:
            continue
        text = text[:_LONGEST_TEXT]
        if (found := _LABELLED.search(text)) is not None:
            number = found[1]
        elif (found := _INTERNATIONAL.search(text)) is not None:
            number = found[0]
        else:
            continue
        return _NO_DIGITS.sub("", number)[-MOST_DIGITS:]
    return None
