"""Patterns that tell events which are no bookings: blocked days, cleaning, ….

A pattern is text; an event is ignored when its title contains the text, in whatever
case and with whatever blanks. ``*`` stands for any text in between. In double quotes
the pattern has to be the whole title: ``"Not available"`` ignores Airbnb's blocked
days written that way, and not Booking.com's ``CLOSED - Not available``, which is how
Booking.com's feed names its bookings.

Not regular expressions: Python's matcher takes exponential time for some of them, a
title may come from a stranger, and a pattern is written by somebody who does not
want to know. Text with stars is matched in time proportional to title and pattern.
"""

from collections.abc import Iterable
from dataclasses import dataclass
import unicodedata

LONGEST_TITLE = 1000
"""Characters of a title that are looked at."""


def _plain(text: str) -> str:
    """Return text as it is compared: one case, one width, single blanks."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


@dataclass(frozen=True, slots=True)
class _Pattern:
    """The parts between the stars; ``whole`` for a pattern in quotes."""

    parts: tuple[str, ...]
    whole: bool

    def matches(self, title: str) -> bool:
        parts, position, end = self.parts, 0, len(title)
        if self.whole:
            first, last = parts[0], parts[-1]
            if len(parts) == 1:
                return title == first
            if not (title.startswith(first) and title.endswith(last)):
                return False
            position, end = len(first), len(title) - len(last)
            if end < position:
                return False
            parts = parts[1:-1]
        for part in parts:
            found = title.find(part, position, end)
            if found < 0:
                return False
            position = found + len(part)
        return True


class IgnorePatterns:
    """Patterns, made ready to be matched against many titles.

    A pattern without any text (empty, blanks, only stars) ignores nothing: it is a
    slip, and would switch off the property.
    """

    def __init__(self, patterns: Iterable[str]) -> None:
        """Read the patterns; none is refused."""
        self._patterns: list[_Pattern] = []
        for text in patterns:
            plain = _plain(text)
            whole = len(plain) > 1 and plain[0] == plain[-1] == '"'
            if whole:
                plain = plain[1:-1].strip()
            parts = tuple(part.strip() for part in plain.split("*"))
            if any(parts):
                self._patterns.append(_Pattern(parts, whole))

    def match(self, title: str) -> bool:
        """Return whether an event with this title is no booking."""
        if not self._patterns:
            return False
        plain = _plain(title[:LONGEST_TITLE])
        return any(pattern.matches(plain) for pattern in self._patterns)
