"""The crash matrix: every named moment, and a few random ones."""

from pathlib import Path
from random import Random

import pytest

from .world import NAMED_POINTS, World, random_point

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(420)]

RANDOM_RUNS = 2
SEED = 20261120


async def test_nothing_is_doubled_or_lost(socket_enabled: None, tmp_path: Path) -> None:
    """Kill Home Assistant again and again; the codes stay right."""
    random = Random(SEED)
    points = [*NAMED_POINTS, *(random_point(random) for _ in range(RANDOM_RUNS))]
    async with World(tmp_path) as world:
        for number, point in enumerate(points):
            await world.run(number, point, random)
        verdict = world.verdict
    assert verdict.runs == len(points)
    assert verdict.issued >= len(points) // 3
    assert (verdict.doubled, verdict.lost, verdict.unfinished) == ([], [], [])
