"""Reading back the codes a cloud lists, with few requests.

Only Seam lists codes. A poll makes one request whatever the number of locks: in
turn the codes of ours that are not over, then the list of one lock after the
other. A lock's whole list is read once after the start and again before a code is
made for it, because codes made elsewhere take places too.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import batched

from homeassistant.util import dt as dt_util

from .clouds.base import Cloud
from .codes import CodeBook

FRESH = timedelta(minutes=10)
"""A list younger than this is good enough to make a code on."""

IDS_PER_REQUEST = 500


class Inventory:
    """Decides which codes to read next, and puts them into the code book."""

    def __init__(self, cloud: Cloud, book: CodeBook) -> None:
        """Nothing has been read yet."""
        self._cloud = cloud
        self._book = book
        self._read_at: dict[str, datetime] = {}
        self._reading: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._turns: list[tuple[str, bool]] = []
        self._watched_turn = False
        self._watched_from = 0

    async def async_read_lock(self, device_id: str) -> None:
        """Read all codes of one lock, those made elsewhere included."""
        if not self._cloud.lists_codes:
            return
        for managed in (True, False):
            await self.async_read_list(device_id, managed)
        self._read_at[device_id] = dt_util.utcnow()

    async def async_ensure_fresh(self, device_id: str) -> None:
        """Read the codes of a lock unless that was done a moment ago.

        Calls at the same moment share one reading.
        """
        async with self._reading[device_id]:
            read_at = self._read_at.get(device_id)
            # A clock that was set back makes the age negative.
            if read_at is None or not (
                timedelta() <= dt_util.utcnow() - read_at <= FRESH
            ):
                await self.async_read_lock(device_id)

    async def async_read_next(self, device_ids: Iterable[str]) -> None:
        """Make the one request of a poll."""
        if not self._cloud.lists_codes:
            return
        self._watched_turn = not self._watched_turn
        if self._watched_turn and (watched := self._book.watched_cloud_ids()):
            batches = list(batched(watched, IDS_PER_REQUEST, strict=False))
            part = self._watched_from % len(batches)
            self._watched_from = part + 1
            await self._async_read_ids(batches[part], part)
            return
        current = set(device_ids)
        self._turns = [turn for turn in self._turns if turn[0] in current]
        if not self._turns:
            self._turns = [(d, m) for d in sorted(current) for m in (True, False)]
        if self._turns:
            # One that fails is not kept: its turn comes again, after all others.
            await self.async_read_list(*self._turns.pop(0))

    async def async_read_codes(self, cloud_ids: Sequence[str]) -> None:
        """Read codes again that there is news of; those left out have vanished."""
        works = self._book.works
        remotes = await self._cloud.async_get_codes(cloud_ids)
        await self._book.async_set_remote(remotes, asked_for=cloud_ids, works=works)

    async def _async_read_ids(self, cloud_ids: Sequence[str], part: int) -> None:
        """Read known codes again; those the cloud left out have vanished."""
        works = self._book.works
        remotes = await self._cloud.async_get_codes(cloud_ids, part=part)
        await self._book.async_set_remote(remotes, asked_for=cloud_ids, works=works)

    async def async_read_list(self, device_id: str, managed: bool) -> None:
        """Read one list of a lock: the cloud's own codes, or those of the maker's app."""
        works = self._book.works
        remotes = await self._cloud.async_list_codes(device_id, managed=managed)
        await self._book.async_set_remote(
            remotes, complete_for=device_id, managed=managed, works=works
        )
