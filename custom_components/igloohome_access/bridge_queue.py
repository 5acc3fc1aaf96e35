"""One job at a time per bridge, in a fair order.

A bridge works on one job after another, and the cloud refuses more than 20 that wait
(reference/igloohome-api.md §4.3). So nothing is given to a bridge before its last
job has ended, and what waits, waits here, where it can still be taken back.

Knows nothing of Home Assistant or of the clouds: a job is a coroutine.
"""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
import logging
from typing import Any

_LOGGER = logging.getLogger(__name__)

MAX_PENDING = 20
"""Jobs of a bridge that wait or are under way, as many as the cloud takes."""
DOOR_PLACES = 5
"""Of these, places that only doors get: a bridge has up to five locks (§2.3), and
each can have one operation that waits."""
MAX_DOOR_WAIT = 120.0
"""Seconds after which a door is not operated any more; whoever asked may have gone.
As long as a job at the cloud lives (§4.2)."""

type CreateTask = Callable[[Coroutine[Any, Any, Any], str], asyncio.Task[Any]]
"""Starts a coroutine; the text is a name for the task."""


class JobKind(StrEnum):
    """What a job is for, which decides about its turn.

    ``DOOR``: somebody stands at the door. A newer one for the same lock takes the
    place of one that waits. ``CODE``, ``READING``: somebody has asked for it; in
    order of arrival, in turns with doors. ``UPKEEP``: nobody has asked; when nothing
    else waits.
    """

    DOOR = "door"
    CODE = "code"
    READING = "reading"
    UPKEEP = "upkeep"


class QueueError(Exception):
    """A job was not waited for to its end; unless said otherwise it never began."""


class QueueFullError(QueueError):
    """The bridge has no place for a further job."""


class ReplacedError(QueueError):
    """Something newer was asked of the lock before this began."""


class WaitedTooLongError(QueueError):
    """The bridge was busy for so long that the door was not operated any more."""


class QueueStoppedError(QueueError):
    """The account was unloaded. ``started``: the job was under way, or may be still."""

    def __init__(self, *, started: bool) -> None:
        """Keep whether anything can have happened."""
        super().__init__()
        self.started = started


@dataclass(eq=False, slots=True)
class _Request:
    """A job that waits or is under way; ``result`` is what its caller waits for."""

    lock_id: str
    kind: JobKind
    make: Callable[[], Coroutine[Any, Any, Any]]
    result: asyncio.Future[Any]
    timer: asyncio.TimerHandle | None = None
    task: asyncio.Task[Any] | None = None

    def fail(self, err: BaseException) -> None:
        """Tell the caller, if there still is one."""
        if not self.result.done():
            self.result.set_exception(err)


@dataclass(eq=False, slots=True)
class _Bridge:
    """The jobs of one bridge."""

    create_task: CreateTask
    doors: list[_Request] = field(default_factory=list)
    others: list[_Request] = field(default_factory=list)
    upkeep: list[_Request] = field(default_factory=list)
    running: _Request | None = None
    last_was_door: bool = False

    @property
    def pending(self) -> int:
        """Return how many jobs wait or are under way."""
        waiting = len(self.doors) + len(self.others) + len(self.upkeep)
        return waiting + (self.running is not None)

    def _line(self, kind: JobKind) -> list[_Request]:
        if kind is JobKind.DOOR:
            return self.doors
        return self.upkeep if kind is JobKind.UPKEEP else self.others

    def add(self, request: _Request) -> None:
        """Put a job into its line and begin it if its turn is now."""
        line = self._line(request.kind)
        if request.kind is JobKind.DOOR and (older := self._waiting_for(request)):
            # Its place is kept, so that whoever insists does not wait for ever.
            line[line.index(older)] = request
            _let_go(older, ReplacedError())
        else:
            self._make_room(request.kind)
            line.append(request)
        self.start_next()

    def _waiting_for(self, request: _Request) -> _Request | None:
        """Return what waits to be done to the same door."""
        return next((r for r in self.doors if r.lock_id == request.lock_id), None)

    def _make_room(self, kind: JobKind) -> None:
        """Raise QueueFullError unless a job has a place; upkeep gives way."""
        places = MAX_PENDING
        if kind is not JobKind.DOOR:
            places -= DOOR_PLACES
        if self.pending < places:
            return
        if kind is JobKind.UPKEEP or not self.upkeep:
            raise QueueFullError
        _let_go(self.upkeep.pop(), QueueFullError())

    def drop(self, request: _Request, err: QueueError) -> None:
        """Take back a job that waits; one that has begun goes on to its end."""
        line = self._line(request.kind)
        if request in line:
            line.remove(request)
            _let_go(request, err)

    def start_next(self) -> None:
        """Begin the next job unless one is under way."""
        if self.running is not None or (request := self._next()) is None:
            return
        self.running = request
        self.last_was_door = request.kind is JobKind.DOOR
        _stop_timer(request)
        request.task = task = self.create_task(
            request.make(), f"igloohome_access {request.kind} job"
        )
        task.add_done_callback(partial(self._ended, request))

    def _next(self) -> _Request | None:
        """Return the job whose turn it is: doors first, but not twice in a row."""
        if self.doors and not (self.last_was_door and self.others):
            return self.doors.pop(0)
        for line in (self.others, self.upkeep):
            if line:
                return line.pop(0)
        return None

    def _ended(self, request: _Request, task: asyncio.Task[Any]) -> None:
        self.running = None
        if task.cancelled():
            request.fail(QueueStoppedError(started=True))
        elif (err := task.exception()) is not None:
            if request.result.done():
                _LOGGER.debug("Nobody waits any more for %s", type(err).__name__)
            request.fail(err)
        elif not request.result.done():
            request.result.set_result(task.result())
        self.start_next()

    def stop(self) -> list[asyncio.Task[Any]]:
        """Take back what waits and cancel what is under way; return its task."""
        for line in (self.doors, self.others, self.upkeep):
            for request in line:
                _let_go(request, QueueStoppedError(started=False))
            line.clear()
        if self.running is None or self.running.task is None:
            return []
        self.running.task.cancel()
        return [self.running.task]


class BridgeQueues:
    """The queues of all bridges of an account."""

    def __init__(self, create_task: CreateTask, *, per_bridge: bool) -> None:
        """Nothing waits.

        Not ``per_bridge``: the cloud itself queues what goes through a bridge (Seam),
        so only what is asked of one lock is done one after the other.
        """
        self._create_task = create_task
        self._per_bridge = per_bridge
        self._bridges: dict[str, _Bridge] = {}
        self._stopped = False

    async def async_run[T](
        self,
        bridge_id: str | None,
        lock_id: str,
        kind: JobKind,
        make: Callable[[], Coroutine[Any, Any, T]],
    ) -> T:
        """Do a job when the bridge is free, and return what it returns.

        ``make`` is called once, when the turn has come, and never again: it asks for
        the job and waits for its end. Its errors are raised here; QueueError, if it
        never began or was not waited for. Whoever is cancelled while waiting takes
        the job back; later the job goes on by itself, and the bridge stays taken.
        """
        if self._stopped:
            raise QueueStoppedError(started=False)
        bridge = self._bridge(bridge_id, lock_id)
        loop = asyncio.get_running_loop()
        request = _Request(lock_id, kind, make, loop.create_future())
        bridge.add(request)
        if kind is JobKind.DOOR and request.task is None:
            request.timer = loop.call_later(
                MAX_DOOR_WAIT, bridge.drop, request, WaitedTooLongError()
            )
        try:
            result: T = await request.result
        finally:
            # Does nothing but for a caller that was cancelled.
            bridge.drop(request, QueueStoppedError(started=False))
        return result

    def pending(self, bridge_id: str | None, lock_id: str) -> int:
        """Return how many jobs wait or are under way where a lock's job would go."""
        return self._bridge(bridge_id, lock_id).pending

    def _bridge(self, bridge_id: str | None, lock_id: str) -> _Bridge:
        # The ids of bridges and locks are one space: no two devices share an id.
        key = bridge_id if self._per_bridge and bridge_id is not None else lock_id
        if key not in self._bridges:
            self._bridges[key] = _Bridge(self._create_task)
        return self._bridges[key]

    async def async_stop(self) -> None:
        """Take back what waits, and stop waiting for what is under way."""
        self._stopped = True
        tasks = [task for bridge in self._bridges.values() for task in bridge.stop()]
        if tasks:
            await asyncio.wait(tasks)


def _stop_timer(request: _Request) -> None:
    if request.timer is not None:
        request.timer.cancel()
        request.timer = None


def _let_go(request: _Request, err: QueueError) -> None:
    """Tell the caller of a job that waited that it will not be done."""
    _stop_timer(request)
    request.fail(err)
