"""Add up the results of several pytest runs for the last line of ``scripts/test``.

Run as ``python -m devtools.test_summary FOLDER FAILED_STEPS SECONDS``. ``FOLDER`` holds
JUnit files; ``FAILED_STEPS`` is how many steps failed, pytest runs among them. A step
that failed without a failed test in it (lint, coverage, a crash) counts as one failure.
The exit code is 1 if anything failed or no test passed.

What failed in ``NAME.xml`` may have been run once more by itself. ``NAME-again.xml``
then tells what became of it, and what passed only there is named as unsteady.
"""

from dataclasses import dataclass
from pathlib import Path
import sys

# Read files that pytest has just written here.
from xml.etree import ElementTree as ET

AGAIN = "-again"
"""How the name of the second run of what had failed ends."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Tests by outcome."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    unsteady: tuple[str, ...] = ()

    def __add__(self, other: Counts) -> Counts:
        """Return the sums."""
        return Counts(
            self.passed + other.passed,
            self.failed + other.failed,
            self.skipped + other.skipped,
            self.unsteady + other.unsteady,
        )


def read_run(junit_file: Path) -> Counts:
    """Return the counts of one pytest run, with its second run where there was one."""
    counts = read_counts(junit_file)
    second = junit_file.with_name(f"{junit_file.stem}{AGAIN}.xml")
    if not second.exists():
        return counts
    again = read_counts(second)
    unsteady = tuple(
        f"{case.get('classname')}.{case.get('name')}"
        for case in ET.parse(second).getroot().iter("testcase")  # noqa: S314
        if case.find("failure") is None and case.find("error") is None
    )
    return Counts(
        counts.passed + again.passed,
        again.failed,
        counts.skipped + again.skipped,
        unsteady,
    )


def read_counts(junit_file: Path) -> Counts:
    """Return the counts of one JUnit file."""
    counts = Counts()
    for suite in ET.parse(junit_file).getroot().iter("testsuite"):  # noqa: S314
        tests, failures, errors, skipped = (
            int(suite.get(name, "0"))
            for name in ("tests", "failures", "errors", "skipped")
        )
        failed = failures + errors
        counts += Counts(tests - failed - skipped, failed, skipped)
    return counts


def main() -> int:
    """Print the line and return the exit code."""
    folder, failed_steps, seconds = sys.argv[1:]
    runs = [
        read_run(path)
        for path in sorted(Path(folder).glob("*.xml"))
        if not path.stem.endswith(AGAIN)
    ]
    total = sum(runs, Counts())
    runs_with_failures = sum(1 for run in runs if run.failed)
    failed = total.failed + max(0, int(failed_steps) - runs_with_failures)
    skipped = f", {total.skipped} skipped" if total.skipped else ""
    for name in total.unsteady:
        print(f"unsteady, passed only when run again by itself: {name}")
    print(f"{total.passed} passed, {failed} failed{skipped} in {seconds}s")
    return 1 if failed or not total.passed else 0


if __name__ == "__main__":
    sys.exit(main())
