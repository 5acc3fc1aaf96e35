"""Measure, and print the table of docs/performance.md."""

import argparse
import asyncio
from collections.abc import AsyncGenerator, Callable
from importlib.util import find_spec
import logging
import sys

from . import (
    asking,
    creating,
    operating,
    planning,
    pushing,
    refreshing,
    remembering,
    starting,
)
from .clouds import Clouds, async_clouds
from .passing_time import MovableLoop
from .table import Row, lines

DESCRIPTION = """\
Measure what igloohome Access asks of the clouds and of this computer, beside Home
Assistant's built-in igloohome integration, in the same run and against the same
simulator. Prints one table. Takes about ten minutes, with --quick about two.
The computer should have nothing else to do.
"""

type Rows = Callable[[Clouds, bool], list[AsyncGenerator[Row]]]


def _refresh(clouds: Clouds, quick: bool) -> list[AsyncGenerator[Row]]:
    rows = [refreshing.async_rows(clouds, 200, 10, 12 if quick else 36)]
    if not quick:
        rows.append(refreshing.async_rows(clouds, 200, 40, 36))
    return rows


ROWS: dict[str, tuple[str, Rows]] = {
    "requests": (
        "requests at set-up and per hour",
        lambda clouds, quick: [
            asking.async_rows(clouds, (10, 50) if quick else (10, 50, 200, 1000))
        ],
    ),
    "setup": (
        "time until the entities are there",
        lambda clouds, quick: [
            starting.async_rows(clouds, 50 if quick else 200, 3 if quick else 9)
        ],
    ),
    "refresh": ("a refresh in which nothing has changed", _refresh),
    "create": (
        "time an action adds to its request",
        lambda clouds, quick: [
            creating.async_rows(
                clouds, (200,) if quick else (200, 2000), 60 if quick else 200
            )
        ],
    ),
    "memory": (
        "memory per code",
        lambda clouds, quick: [remembering.async_rows(clouds, 20 if quick else 40)],
    ),
    "operate": (
        "locking and unlocking through a bridge",
        lambda clouds, quick: [
            operating.async_rows(clouds, (3.0,) if quick else (2.4, 3.0, 3.6))
        ],
    ),
    "push": (
        "requests per day with and without push",
        lambda clouds, quick: [pushing.async_rows(clouds, 10 if quick else 50)],
    ),
    "plan": (
        "the bookings of a calendar",
        lambda clouds, quick: [
            planning.async_rows(clouds, 1000 if quick else 10_000, 3 if quick else 9)
        ],
    ),
}


async def _async_measure(names: list[str], quick: bool) -> list[Row]:
    """Return the rows of the table."""
    found: list[Row] = []
    async with async_clouds() as clouds:
        for name in names:
            for rows in ROWS[name][1](clouds, quick):
                async for row in rows:
                    found.append(row)
                    print(f"{row.what}: {row.measured}", file=sys.stderr, flush=True)
    return found


def main() -> int:
    """Return 0 if every target was met."""
    texts = "\n".join(f"  {name:<9} {text}" for name, (text, _) in ROWS.items())
    parser = argparse.ArgumentParser(
        prog="scripts/benchmark",
        description=DESCRIPTION,
        epilog=f"rows:\n{texts}\n\nThe exit code is 1 if a target was missed.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--quick", action="store_true", help="fewer locks, codes and repetitions"
    )
    parser.add_argument(
        "--rows",
        nargs="+",
        choices=list(ROWS),
        default=list(ROWS),
        metavar="NAME",
        help="measure only these, see below",
    )
    options = parser.parse_args()
    if find_spec("igloohome_api") is None:
        parser.error("igloohome-api is missing; start it with scripts/benchmark")
    logging.disable(logging.WARNING)
    with asyncio.Runner(loop_factory=MovableLoop) as runner:
        rows = runner.run(_async_measure(options.rows, options.quick))
    print("\n".join(lines(rows)))
    return 0 if all(row.ok is not False for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
