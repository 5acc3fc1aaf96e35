"""Recognising a code of ours in the list of a cloud, and learning from it."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from .model import (
    Code,
    CodeKind,
    CodeOrigin,
    CodeRecord,
    RecordState,
    RemoteCode,
    Window,
)
from .work import WorkStep

CLOCK_TOLERANCE = timedelta(minutes=15)
"""How far our clock and the cloud's may differ when a code is recognised."""

LISTING_LAG = timedelta(minutes=5)
"""How long a code that was just made may be missing from the cloud's lists before
that means anything: a list may lag, or have been on its way already."""


def recognised(
    record: CodeRecord,
    remotes: Iterable[RemoteCode],
    is_known: Callable[[str], bool],
) -> RemoteCode | None:
    """Return the cloud's code that a request of ours has made, the oldest such.

    It has our name and window, was made after the request and stands for no other
    record (design.md §6); ``is_known`` tells that of a cloud id.
    """
    made = [
        remote
        for remote in remotes
        if _is_of(record, remote)
        and not is_known(remote.cloud_id)
        and (
            remote.created_at is None
            or remote.created_at >= record.requested_at - CLOCK_TOLERANCE
        )
    ]
    return min(
        made,
        key=lambda remote: (
            remote.kind is not record.kind,
            remote.created_at or record.requested_at,
        ),
        default=None,
    )


def _is_of(record: CodeRecord, remote: RemoteCode) -> bool:
    """Return whether a listed code is what a record asked for.

    Old answers do not say that a code is a one-time code, and a one-time code may
    be listed without an end (reference/seam-api.md §10.2). An online code whose
    digits we chose is known by them: a lock has them once.
    """
    if record.kind is CodeKind.ONLINE:
        return (
            remote.kind is CodeKind.ONLINE
            and remote.managed
            and not remote.backup
            and remote.name == record.name
            and remote.ends_at == record.window.ends_at
            and record.pin in (None, remote.pin)
        )
    one_time = record.kind is CodeKind.ONE_TIME
    return (
        remote.kind.offline
        and remote.name == record.name
        and remote.starts_at == record.window.starts_at
        and (
            remote.ends_at == record.window.ends_at
            or (one_time and remote.ends_at is None)
        )
        and (remote.kind is record.kind or (one_time and not remote.one_time))
    )


def with_remote(record: CodeRecord, remote: RemoteCode) -> CodeRecord:
    """Return a record with what the cloud's list adds: a late PIN, a return.

    An online code may be changed at the cloud: its digits and window there are the
    newest, unless a change of ours is under way. Seam's ongoing codes have no start.
    """
    online = record.kind is CodeKind.ONLINE
    work = record.work
    if work and work.step is WorkStep.ADD and record.state is RecordState.ISSUED:
        record = replace(record, work=None)  # now it is known how it stands with it
    newest = record.pin is None or (online and record.work is None)
    if newest and remote.pin not in (None, record.pin):
        record = replace(record, pin=remote.pin)
    if online and record.work is None:
        window = replace(
            record.window,
            starts_at=remote.starts_at or record.window.starts_at,
            ends_at=remote.ends_at,
        )
        if window != record.window:
            record = replace(record, window=window)
    if record.vanished_at is not None:
        record = replace(record, vanished_at=None)
    return record


def is_fresh(record: CodeRecord, now: datetime) -> bool:
    """Return whether a code was made so lately that lists may not show it yet."""
    issued_at = record.issued_at
    return issued_at is not None and timedelta() <= now - issued_at < LISTING_LAG


def record_of(code: Code, time_zone: str, now: datetime) -> CodeRecord:
    """Return the record of a code, a new one where it was made elsewhere.

    That is called by the cloud's id, so that it stays what it was for people.
    """
    if code.record is not None:
        return code.record
    remote = code.remote
    assert remote is not None
    made_at = remote.created_at or now
    return CodeRecord(
        code_id=remote.cloud_id,
        device_id=remote.device_id,
        target_id=remote.device_id,
        name=remote.name or "",
        kind=remote.kind,
        window=Window(remote.starts_at or made_at, remote.ends_at, time_zone),
        requested_at=made_at,
        state=RecordState.ISSUED,
        cloud_id=remote.cloud_id,
        pin=remote.pin,
        issued_at=made_at,
        origin=CodeOrigin.ELSEWHERE,
    )
