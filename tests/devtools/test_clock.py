"""The clock of a Home Assistant process can be moved, and is left alone otherwise."""

from datetime import timedelta
import json
from pathlib import Path
import subprocess
import sys

import pytest

from devtools.hass_config import PROJECT_ROOT, HassConfig
from devtools.hass_process import HassProcess
from devtools.processes import ProcessError

PROGRAM = """
import asyncio, datetime, json, pathlib, sys, time
from devtools.loopback_hass import ShiftedClock

path = pathlib.Path(sys.argv[1])
real, loop = time.time(), time.monotonic()
path.write_text("-7200.0")
clock = ShiftedClock(path)
seen = []
for offset in (-7200, -3600, 0, -60):
    path.write_text(str(offset))
    clock.follow()
    now = datetime.datetime.now(datetime.UTC).timestamp()
    assert abs(now - time.time()) < 10
    seen.append([time.time() - real, clock.monotonic() - loop])
print(json.dumps(seen))
"""


def test_moving(tmp_path: Path) -> None:
    """Wall clock and event loop go forward together; back goes the wall clock only."""
    answer = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path / "clock")],
        cwd=PROJECT_ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    expected = [(-7200, 0), (-3600, 3600), (0, 7200), (-60, 7200)]
    for (wall, loop), wanted in zip(json.loads(answer.stdout), expected, strict=True):
        assert wall == pytest.approx(wanted[0], abs=30)
        assert loop == pytest.approx(wanted[1], abs=30)


async def test_a_plain_clock_stays(tmp_path: Path) -> None:
    """A process that was not started with a clock of its own gets no signal."""
    process = HassProcess(HassConfig(folder=tmp_path, port=8123))
    with pytest.raises(ProcessError, match="plain clock"):
        await process.move_clock(timedelta(hours=1))
    assert list(tmp_path.iterdir()) == []
