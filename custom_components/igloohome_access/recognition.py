"""Recognising a code of ours in the list of a cloud, when the answer got lost."""

from collections.abc import Callable, Iterable
from datetime import timedelta

from .model import CodeKind, CodeRecord, RemoteCode

CLOCK_TOLERANCE = timedelta(minutes=15)
"""How far our clock and the cloud's may differ when a code is recognised."""


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
    be listed without an end (reference/seam-api.md §10.2).
    """
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
