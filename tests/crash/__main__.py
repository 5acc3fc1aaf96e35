"""Kill Home Assistant at random moments and count doubled and lost codes."""

import argparse
import asyncio
from pathlib import Path
from random import Random
import sys
from tempfile import TemporaryDirectory

from .world import World, random_point


async def crash(kills: int, seed: int) -> int:
    """Run and print; return the number of doubled, lost and unfinished codes."""
    random = Random(seed)
    with TemporaryDirectory() as folder:
        async with World(Path(folder)) as world:
            for number in range(kills):
                await world.run(number, random_point(random), random)
                print(f"\r{world.verdict}", end="", flush=True)
    print(f"\nseed {seed}: {world.verdict}")
    wrong = [
        *world.verdict.doubled,
        *world.verdict.lost,
        *world.verdict.unfinished,
    ]
    for run in wrong:
        print(f"wrong: {run}")
    return len(wrong)


def main() -> int:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="scripts/crash-test",
        description="Start a real Home Assistant with the simulator, ask for a code, "
        "kill it with SIGKILL at a random moment, start it again and compare the "
        "codes at the cloud with those in Home Assistant. About seven seconds a kill.",
    )
    parser.add_argument("--kills", type=int, default=200, help="how often (200)")
    parser.add_argument(
        "--seed", type=int, default=1, help="the same seed repeats a run"
    )
    options = parser.parse_args()
    return 1 if asyncio.run(crash(options.kills, options.seed)) else 0


if __name__ == "__main__":
    sys.exit(main())
