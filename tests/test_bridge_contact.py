"""What is learned of a bridge from jobs, refusals and the cloud's own word."""

import pytest

from custom_components.igloohome_access.bridge_contact import FAILURES, BridgeContact
from custom_components.igloohome_access.clouds.base import (
    BridgeBusyError,
    BridgeOfflineError,
    CloudRefusedError,
    Job,
    JobState,
)

EXPIRED = Job(job_id="x", state=JobState.EXPIRED)
DONE = Job(job_id="x", state=JobState.DONE)
FAILED = Job(job_id="x", state=JobState.FAILED)


def test_unknown_before() -> None:
    """Without a job nobody knows."""
    contact = BridgeContact()
    assert contact.online("bridge") is None
    assert not contact.failing("bridge")


@pytest.mark.parametrize("job", [DONE, FAILED])
def test_a_lock_was_reached(job: Job) -> None:
    """Any answer of a lock proves the bridge, and clears what was before."""
    contact = BridgeContact()
    for _ in range(FAILURES):
        contact.async_note_error("bridge", BridgeOfflineError("Gone"))
    assert contact.online("bridge") is False
    assert contact.failing("bridge")
    contact.async_note_job("bridge", job)
    assert contact.online("bridge") is True
    assert not contact.failing("bridge")


def test_a_lock_was_not_reached() -> None:
    """It may be the lock or the bridge: a failure, but the connection is not known."""
    contact = BridgeContact()
    for count in range(1, FAILURES + 1):
        contact.async_note_job("bridge", EXPIRED)
        assert contact.online("bridge") is None
        assert contact.failing("bridge") is (count == FAILURES)
    assert not contact.failing("another")


def test_other_refusals_tell_nothing() -> None:
    """Only one refusal is about the connection, and only of a bridge that is known."""
    contact = BridgeContact()
    heard: list[None] = []
    contact.async_listen(lambda: heard.append(None))
    contact.async_note_error("bridge", BridgeBusyError())
    contact.async_note_error("bridge", CloudRefusedError())
    contact.async_note_error(None, BridgeOfflineError())
    contact.async_note_job(None, DONE)
    assert contact.online("bridge") is None
    assert heard == []


def test_told_by_the_cloud() -> None:
    """A lost connection is shown at once, but is no failure; one that is back ends it."""
    contact = BridgeContact()
    heard: list[bool | None] = []
    stop = contact.async_listen(lambda: heard.append(contact.online("bridge")))
    for _ in range(FAILURES):
        contact.async_note_connection("bridge", online=False)
    assert not contact.failing("bridge")
    for _ in range(FAILURES):
        contact.async_note_job("bridge", EXPIRED)
    assert contact.failing("bridge")
    assert contact.online("bridge") is False
    contact.async_note_connection("bridge", online=True)
    assert not contact.failing("bridge")
    assert heard == [False] * (2 * FAILURES) + [True]
    stop()
    contact.async_note_connection("bridge", online=False)
    assert len(heard) == 2 * FAILURES + 1
