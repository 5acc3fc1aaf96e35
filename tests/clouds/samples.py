"""Moments, windows, secrets and pauses the tests of the clients share."""

from datetime import UTC, datetime, timedelta

from custom_components.igloohome_access.clouds.base import OfflineCodeRequest
from custom_components.igloohome_access.clouds.http import HttpPolicy
from custom_components.igloohome_access.model import CodeKind, Window
from simulator import Simulator
from tests.faults import WhileHanging

NOW = datetime(2026, 11, 20, 10, 20, tzinfo=UTC)
START = datetime(2026, 11, 20, 10, tzinfo=UTC)
BERLIN = "Europe/Berlin"

PROMPT = HttpPolicy(pause=0, max_wait=0.05)
"""Retries at once; waits no longer than a test should."""

HASTY = HttpPolicy(pause=0, read_timeout=0.75, write_timeout=0.75, tries=2)
"""Gives up soon, for answers that never come."""


def hasty_while_hanging(sim: Simulator) -> HttpPolicy:
    """Return a policy that gives up soon only where the simulator does not answer."""
    return WhileHanging(
        faults=sim.faults, pause=0, max_wait=0.05, read_timeout=0.75, write_timeout=0.75
    )


PIN = "048151623"
"""A PIN that only exists in answers the tests make up."""

SECRETS = (
    PIN,
    "sim-client-secret",
    "limited-client-secret",
    "seam_test_simkey_0001",
    "seam_at_simtoken_0001",
    "wrong-client-secret",
    "seam_test_wrong_key_0007",
)

LENGTHS = {
    CodeKind.HOURLY: timedelta(hours=5),
    CodeKind.DAILY: timedelta(days=30),
    CodeKind.ONE_TIME: timedelta(hours=24),
    CodeKind.PERMANENT: None,
    CodeKind.ONLINE: timedelta(hours=5),
}


def code_request(
    target_id: str,
    kind: CodeKind = CodeKind.HOURLY,
    *,
    starts_at: datetime = START,
    length: timedelta | None = None,
    name: str = "Plumber",
    variance: int = 1,
    time_zone: str = BERLIN,
) -> OfflineCodeRequest:
    """Return a request for a code that is legal unless a test makes it otherwise."""
    length = length or LENGTHS[kind]
    ends_at = None if length is None else starts_at + length
    return OfflineCodeRequest(
        target_id=target_id,
        name=name,
        kind=kind,
        window=Window(starts_at, ends_at, time_zone),
        variance=variance,
    )
