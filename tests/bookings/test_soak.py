"""A year of bookings in a small world, from seeds that are fixed or chosen by chance.

``IGLOOHOME_SOAK_BOOKINGS=20000`` makes the long run longer.
"""

import os

from hypothesis import HealthCheck, given, settings, strategies as st
import pytest

from .soak import run

BOOKINGS = int(os.environ.get("IGLOOHOME_SOAK_BOOKINGS", "2000"))

MUST_HAPPEN = (
    "DeleteOnlineCode: bridge_offline",
    "DeleteOnlineCode: online_code_being_deleted",
    "IssueCode: bridge_offline",
    "UpdateOnlineCode: bridge_offline",
    "algopins beside a code under way",
    "algopins of a property with a bridge",
    "attempts while the cloud was away",
    "cancelled",
    "changes",
    "deletions",
    "empty and failed reads",
    "late PINs",
    "locks filled",
    "online codes looked at",
    "online codes off their lock",
    "online codes that are set late",
    "refused no_variance_left",
    "reinstated",
    "restarts",
    "stays only a bridge can do",
    "stays too long",
    "stays with a code kept by policy",
    "told booking_back",
    "told booking_cancelled_code_still_opens",
    "told calendar_failing",
    "told code_changed",
    "told code_delayed",
    "told code_deleted",
    "told code_failed",
    "told code_opens_longer",
    "told dates_changed_code_kept",
    "told first_use_deadline",
    "told stay_too_long",
    "told superseded_still_opens",
    "unclear outcomes",
    "unclear outcomes through a bridge",
)
"""A run in which one of these never came up would prove little."""


@pytest.mark.timeout(600)
def test_a_year_of_bookings(capsys: pytest.CaptureFixture[str]) -> None:
    """Every invariant holds for thousands of bookings; the counts are printed."""
    result = run(BOOKINGS, seed=1)
    with capsys.disabled():
        report = result.report()
        os.write(1, f"\n{report}\n".encode())
    assert result.counts["bookings"] >= BOOKINGS
    for name in MUST_HAPPEN:
        assert result.counts[name] > 0, name
    assert result.counts["stays with their code in time"] > 0.75 * BOOKINGS


@settings(
    max_examples=5,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(st.integers(min_value=2))
def test_years_of_other_seeds(seed: int) -> None:
    """Smaller years, another one each time."""
    result = run(60, seed)
    assert result.counts["bookings"] == 60
