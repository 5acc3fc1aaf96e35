"""The table that a run prints."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table.

    ``target`` is empty and ``ok`` None for a number that is only there to be compared.
    """

    what: str
    measured: str
    target: str = ""
    ok: bool | None = None


HEAD = Row("what", "measured", "target")


def lines(rows: Sequence[Row]) -> list[str]:
    """Return the table as Markdown, aligned for the terminal as well."""
    cells = [(r.what, r.measured, r.target, _verdict(r)) for r in (HEAD, *rows)]
    cells[0] = (*cells[0][:3], "ok")
    widths = [max(len(row[column]) for row in cells) for column in range(4)]
    text = [
        "| " + " | ".join(map(str.ljust, row, widths, strict=True)) + " |"
        for row in cells
    ]
    ruler = "| " + " | ".join("-" * width for width in widths) + " |"
    return [text[0], ruler, *text[1:]]


def _verdict(row: Row) -> str:
    """Return the word of the last column."""
    if row.ok is None:
        return ""
    return "yes" if row.ok else "NO"
