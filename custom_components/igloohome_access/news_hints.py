"""Hints that something has happened: collected, and followed soon but not too often.

However many come, a handful of requests follows every few seconds.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Set as AbstractSet
from datetime import datetime
import logging
from typing import Any

from homeassistant.core import CALLBACK_TYPE, HassJob, HomeAssistant, callback
from homeassistant.helpers.event import async_call_later

from .clouds.base import CloudError, CloudRateLimitedError, CloudUnreachableError

_LOGGER = logging.getLogger(__name__)

PAUSE = 1.0
"""Seconds in which hints are collected before anything is read."""
COOLDOWN = 5.0
"""Seconds from one reading after hints to the next."""
RETRY = 30.0
"""Seconds until a reading that the cloud did not answer is repeated: with push the
next poll may be an hour away, and a lock's log is in no poll at all."""

type Hinted = AbstractSet[str | None]
"""The devices at which something happened; None for the account."""
type CreateTask = Callable[[Coroutine[Any, Any, None], str], asyncio.Task[None]]
"""Starts a coroutine; the text is a name for the task."""


class Hints:
    """What is to be looked at; nothing is before the start, but it is kept."""

    def __init__(
        self, hass: HomeAssistant, follow: Callable[[Hinted], Awaitable[None]]
    ) -> None:
        """``follow`` reads what there is news of; it may raise a CloudError."""
        self._hass = hass
        self._follow = follow
        self._create_task: CreateTask | None = None
        self._hinted: set[str | None] = set()
        self._following = False
        self._stopped = False
        self._cancel: CALLBACK_TYPE | None = None
        self._job = HassJob(
            self._async_begin, "igloohome_access news", cancel_on_shutdown=True
        )

    @property
    def started(self) -> bool:
        """Return whether hints are followed, or were until the end."""
        return self._create_task is not None

    @callback
    def async_start(self, create_task: CreateTask) -> None:
        """Follow hints from now on, and those there are."""
        self._create_task = create_task
        self._follow_soon(PAUSE)

    @callback
    def async_stop(self) -> None:
        """Drop all, and take no more."""
        self._stopped = True
        self._hinted.clear()
        if self._cancel is not None:
            self._cancel()
            self._cancel = None

    @callback
    def async_add(self, hinted: Hinted) -> None:
        """Follow these soon; while others are followed, after that."""
        if not self._stopped:
            self._hinted |= hinted
            self._follow_soon(PAUSE)

    @callback
    def _follow_soon(self, seconds: float) -> None:
        if not self._hinted or self._following or self._cancel is not None:
            return
        if self._create_task is not None:
            self._cancel = async_call_later(self._hass, seconds, self._job)

    @callback
    def _async_begin(self, _now: datetime) -> None:
        self._cancel = None
        assert self._create_task is not None
        self._following = True
        self._create_task(self._async_follow(), "igloohome_access news")

    async def _async_follow(self) -> None:
        hinted, self._hinted = self._hinted, set()
        pause = COOLDOWN
        try:
            await self._follow(hinted)
        except CloudError as err:
            _LOGGER.debug("Reading after a hint failed: %s", type(err).__name__)
            if isinstance(err, CloudUnreachableError | CloudRateLimitedError):
                self.async_add(hinted)
                pause = RETRY
        finally:
            self._following = False
            self._follow_soon(pause)
