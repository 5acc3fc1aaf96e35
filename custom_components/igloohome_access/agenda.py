"""Which code changes its status next, by time alone."""

from collections.abc import Hashable
from datetime import datetime
from heapq import heapify, heappop, heappush

_SLACK = 8
"""Outdated moments that are tolerated beyond one per key before they are swept."""


class Agenda[K: Hashable]:
    """One moment per key, handed out in order of time.

    A changed moment leaves its old one behind in the heap; those are swept, so that
    the memory depends on the number of keys and not on the number of changes.
    """

    def __init__(self) -> None:
        """Nothing is due."""
        self._moment_of: dict[K, datetime] = {}
        self._heap: list[tuple[datetime, int, K]] = []
        self._count = 0

    def __len__(self) -> int:
        """Return how much is kept, outdated moments included."""
        return len(self._heap)

    def note(self, key: K, moment: datetime | None) -> None:
        """Note the moment of ``key``; None takes it off."""
        if moment is None:
            self._moment_of.pop(key, None)
        elif self._moment_of.get(key) != moment:
            self._moment_of[key] = moment
            self._push(moment, key)
        if len(self._heap) > 2 * len(self._moment_of) + _SLACK:
            self._heap = [item for item in self._heap if self._is_valid(item)]
            heapify(self._heap)

    def moment(self, key: K) -> datetime | None:
        """Return the moment that is noted of ``key``."""
        return self._moment_of.get(key)

    def next(self) -> datetime | None:
        """Return the earliest moment, None when nothing is due ever."""
        while self._heap and not self._is_valid(self._heap[0]):
            heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def take(self, now: datetime) -> set[K]:
        """Return the keys whose moment has come, and take them off."""
        due: set[K] = set()
        while (moment := self.next()) is not None and moment <= now:
            key = heappop(self._heap)[2]
            del self._moment_of[key]
            due.add(key)
        return due

    def clear(self) -> None:
        """Take everything off."""
        self._moment_of.clear()
        self._heap.clear()

    def _push(self, moment: datetime, key: K) -> None:
        # The number keeps keys from being compared, and names the valid entry.
        self._count += 1
        heappush(self._heap, (moment, self._count, key))

    def _is_valid(self, item: tuple[datetime, int, K]) -> bool:
        return self._moment_of.get(item[2]) == item[0]
