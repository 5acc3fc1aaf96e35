"""The last line of ``scripts/test`` says how many tests passed and failed."""

from pathlib import Path
import subprocess
import sys

import pytest

ROOT = Path(__file__).parents[2]
PROGRAM = (sys.executable, "-m", "devtools.test_summary")


def summarize(folder: Path, failed_steps: int) -> tuple[str, int]:
    """Return the printed line and the exit code."""
    done = subprocess.run(
        [*PROGRAM, str(folder), str(failed_steps), "95"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip(), done.returncode


def write_run(folder: Path, name: str, **counts: int) -> None:
    """Write a JUnit file with the counts pytest writes, such as errors=1."""
    attributes = " ".join(f'{key}="{value}"' for key, value in counts.items())
    (folder / f"{name}.xml").write_text(
        f'<testsuites><testsuite name="pytest" {attributes}/></testsuites>',
        encoding="utf-8",
    )


@pytest.mark.parametrize(
    ("second_run", "failed_steps", "line", "exit_code"),
    [
        ({"tests": 5}, 0, "15 passed, 0 failed in 95s", 0),
        ({"tests": 5, "skipped": 2}, 0, "13 passed, 0 failed, 2 skipped in 95s", 0),
        ({"tests": 5, "failures": 2, "errors": 1}, 1, "12 passed, 3 failed in 95s", 1),
        # Lint failed, beside a run with a failed test.
        ({"tests": 5, "failures": 1}, 2, "14 passed, 2 failed in 95s", 1),
        # Lint failed and nothing else.
        ({"tests": 5}, 1, "15 passed, 1 failed in 95s", 1),
    ],
)
def test_sums(
    tmp_path: Path,
    second_run: dict[str, int],
    failed_steps: int,
    line: str,
    exit_code: int,
) -> None:
    """All runs are added up; a failed step without a failed test counts as one."""
    write_run(tmp_path, "first", tests=10, failures=0, errors=0, skipped=0)
    write_run(tmp_path, "second", **second_run)
    assert summarize(tmp_path, failed_steps) == (line, exit_code)


@pytest.mark.parametrize(
    ("outcome", "failures", "lines", "exit_code"),
    [
        (
            "",
            0,
            "unsteady, passed only when run again by itself: tests.test_a.test_b\n"
            "15 passed, 0 failed in 95s",
            0,
        ),
        ("<failure/>", 1, "14 passed, 1 failed in 95s", 1),
    ],
)
def test_run_again(
    tmp_path: Path, outcome: str, failures: int, lines: str, exit_code: int
) -> None:
    """What failed counts as it ended when it was run once more, and is named."""
    write_run(tmp_path, "first", tests=10)
    write_run(tmp_path, "second", tests=5, failures=1)
    (tmp_path / "second-again.xml").write_text(
        f'<testsuites><testsuite name="pytest" tests="1" failures="{failures}">'
        f'<testcase classname="tests.test_a" name="test_b">{outcome}</testcase>'
        "</testsuite></testsuites>",
        encoding="utf-8",
    )
    assert summarize(tmp_path, failures) == (lines, exit_code)


def test_no_tests(tmp_path: Path) -> None:
    """That nothing ran is a failure, too."""
    assert summarize(tmp_path, 0) == ("0 passed, 0 failed in 95s", 1)
