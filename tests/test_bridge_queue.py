"""The queue of a bridge: one job at a time, in a fair order, nothing twice."""

import asyncio
from collections.abc import Coroutine
from typing import Any
from unittest.mock import patch

import pytest

from custom_components.igloohome_access.bridge_queue import (
    DOOR_PLACES,
    MAX_PENDING,
    BridgeQueues,
    JobKind,
    QueueFullError,
    QueueStoppedError,
    ReplacedError,
    WaitedTooLongError,
)

BRIDGE = "bridge"
OTHER_PLACES = MAX_PENDING - DOOR_PLACES


class Works:
    """Queues whose jobs are noted, and end when the test says so."""

    def __init__(self, *, per_bridge: bool = True) -> None:
        """Nothing was asked yet."""
        self.queues = BridgeQueues(
            lambda job, name: asyncio.get_running_loop().create_task(job, name=name),
            per_bridge=per_bridge,
        )
        self.begun: list[str] = []
        self.under_way: list[str] = []
        self.most = 0
        self._ends: dict[str, asyncio.Future[None]] = {}
        self._callers: list[asyncio.Task[str]] = []

    def job(self, name: str) -> Coroutine[Any, Any, str]:
        """Return a job that goes on until it is ended."""
        end = self._ends.setdefault(name, asyncio.get_running_loop().create_future())

        async def work() -> str:
            self.begun.append(name)
            self.under_way.append(name)
            self.most = max(self.most, len(self.under_way))
            try:
                await end
            finally:
                self.under_way.remove(name)
            return f"did {name}"

        return work()

    async def ask(
        self,
        name: str,
        kind: JobKind = JobKind.DOOR,
        lock: str = "",
        bridge: str | None = BRIDGE,
    ) -> asyncio.Task[str]:
        """Ask for a job, by default for a lock of its own; return who waits for it."""
        waiting = asyncio.create_task(
            self.queues.async_run(bridge, lock or name, kind, lambda: self.job(name))
        )
        self._callers.append(waiting)
        await settle()
        return waiting

    async def stop(self) -> None:
        """Stop the queues, and let their callers hear of it."""
        await self.queues.async_stop()
        await asyncio.gather(*self._callers, return_exceptions=True)

    async def end(self, err: Exception | None = None) -> None:
        """End the one job that is under way."""
        (name,) = self.under_way
        if err is None:
            self._ends[name].set_result(None)
        else:
            self._ends[name].set_exception(err)
        await settle()

    async def end_all(self) -> list[str]:
        """End one job after the other and return the order in which they began."""
        while self.under_way:
            await self.end()
        assert self.most == 1
        assert self.queues.pending(BRIDGE, "") == 0
        return self.begun


async def settle() -> None:
    """Let everything happen that can."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_one_at_a_time_in_order() -> None:
    """A job begins when the one before it has ended; each gets its own result."""
    works = Works()
    waiting = [await works.ask(name) for name in "abc"]
    assert works.begun == ["a"]
    assert works.queues.pending(BRIDGE, "any") == 3
    assert await works.end_all() == ["a", "b", "c"]
    assert await asyncio.gather(*waiting) == ["did a", "did b", "did c"]


async def test_bridges_do_not_wait_for_each_other() -> None:
    """Each bridge has its own queue."""
    works = Works()
    await works.ask("a", bridge="one")
    await works.ask("b", bridge="two")
    await works.ask("c", bridge="one")
    assert works.begun == ["a", "b"]
    await works.stop()


@pytest.mark.parametrize("per_bridge", [True, False])
async def test_locks_without_a_queue_of_their_bridge(per_bridge: bool) -> None:
    """Without a bridge, or where the cloud queues, each lock has its own."""
    works = Works(per_bridge=per_bridge)
    bridge = None if per_bridge else BRIDGE
    await works.ask("a", lock="one", bridge=bridge)
    await works.ask("b", lock="two", bridge=bridge)
    await works.ask("c", lock="one", bridge=bridge)
    assert works.begun == ["a", "b"]
    await works.stop()


async def test_newer_replaces_older() -> None:
    """What has not begun gives way to what is asked of the same door, in place."""
    works = Works()
    running = await works.ask("unlock", lock="front")
    older = await works.ask("lock", lock="front")
    other = await works.ask("other", lock="back")
    newer = await works.ask("unlock again", lock="front")
    with pytest.raises(ReplacedError):
        await older
    assert await works.end_all() == ["unlock", "unlock again", "other"]
    assert all([await running, await newer, await other])


@pytest.mark.parametrize("kind", [JobKind.CODE, JobKind.READING, JobKind.UPKEEP])
async def test_only_doors_are_replaced(kind: JobKind) -> None:
    """A code for a lock is no reason to give up another one, nor to lock a door."""
    works = Works()
    await works.ask("first", lock="front")
    await works.ask("lock", lock="front")
    for name in ("a", "b"):
        await works.ask(name, kind, lock="front")
    assert sorted(await works.end_all()) == ["a", "b", "first", "lock"]


async def test_nobody_starves() -> None:
    """Doors and what else is asked for take turns; upkeep has what is left."""
    works = Works()
    await works.ask("upkeep 1", JobKind.UPKEEP)
    await works.ask("upkeep 2", JobKind.UPKEEP)
    for number in (1, 2, 3, 4):
        await works.ask(f"code {number}", JobKind.CODE)
    await works.ask("reading", JobKind.READING)
    for number in (1, 2, 3):
        await works.ask(f"door {number}")
    assert await works.end_all() == [
        "upkeep 1",
        "door 1",
        "code 1",
        "door 2",
        "code 2",
        "door 3",
        "code 3",
        "code 4",
        "reading",
        "upkeep 2",
    ]


async def test_full() -> None:
    """There are 20 places, and codes cannot take all of them from the doors."""
    works = Works()
    for number in range(OTHER_PLACES):
        await works.ask(f"code {number}", JobKind.CODE)
    for kind in (JobKind.CODE, JobKind.READING, JobKind.UPKEEP):
        refused = await works.ask("too many", kind)
        with pytest.raises(QueueFullError):
            await refused
    older, *_ = [await works.ask(f"door {n}") for n in range(DOOR_PLACES)]
    assert works.queues.pending(BRIDGE, "") == MAX_PENDING
    refused = await works.ask("too many")
    with pytest.raises(QueueFullError):
        await refused
    # To ask for something else at a door that waits takes no place.
    replacing = await works.ask("other way", lock="door 0")
    assert works.queues.pending(BRIDGE, "") == MAX_PENDING
    with pytest.raises(ReplacedError):
        await older
    begun = await works.end_all()
    assert await replacing == "did other way"
    assert len(begun) == MAX_PENDING
    assert "too many" not in begun


@pytest.mark.parametrize("kind", [JobKind.CODE, JobKind.DOOR])
async def test_upkeep_gives_way(kind: JobKind) -> None:
    """What nobody asked for leaves a full queue when somebody asks."""
    works = Works()
    places = MAX_PENDING if kind is JobKind.DOOR else OTHER_PLACES
    await works.ask("running", JobKind.CODE)
    upkeep = await works.ask("upkeep", JobKind.UPKEEP)
    for number in range(places - 2):
        await works.ask(f"{kind} {number}", kind)
    assert not upkeep.done()
    asked = await works.ask("asked", kind)
    with pytest.raises(QueueFullError):
        await upkeep
    assert "upkeep" not in await works.end_all()
    assert await asked == "did asked"


async def test_errors_reach_who_asked() -> None:
    """A job that fails is told to its caller only, and is not repeated."""
    works = Works()
    first, second = await works.ask("a"), await works.ask("b")
    await works.end(ValueError("No"))
    with pytest.raises(ValueError, match="No"):
        await first
    assert await works.end_all() == ["a", "b"]
    assert await second == "did b"


async def test_cancelled_while_waiting() -> None:
    """Who is gone before a job begins has taken it back."""
    works = Works()
    await works.ask("a")
    gone = await works.ask("b")
    gone.cancel()
    await settle()
    assert gone.cancelled()
    assert works.queues.pending(BRIDGE, "") == 1
    assert await works.end_all() == ["a"]


@pytest.mark.parametrize("err", [None, ValueError("No")])
async def test_cancelled_while_under_way(
    err: Exception | None, caplog: pytest.LogCaptureFixture
) -> None:
    """A job that has begun goes on without its caller, and the bridge stays taken."""
    caplog.set_level("DEBUG")
    works = Works()
    gone = await works.ask("a")
    await works.ask("b")
    gone.cancel()
    await settle()
    assert gone.cancelled()
    assert works.begun == ["a"]
    assert works.under_way == ["a"]
    await works.end(err)
    assert ("ValueError" in caplog.text) is (err is not None)
    assert await works.end_all() == ["a", "b"]


async def test_a_door_does_not_wait_for_ever() -> None:
    """A door is not operated when whoever asked may have gone; codes wait on."""
    works = Works()
    with patch("custom_components.igloohome_access.bridge_queue.MAX_DOOR_WAIT", 0.05):
        running = await works.ask("a")
        late = await works.ask("b")
        code = await works.ask("code", JobKind.CODE)
        with pytest.raises(WaitedTooLongError):
            await late
    assert not running.done()
    assert await works.end_all() == ["a", "code"]
    assert await running == "did a"
    assert await code == "did code"


async def test_a_door_that_began_in_time() -> None:
    """The time that a door takes itself does not count."""
    works = Works()
    with patch("custom_components.igloohome_access.bridge_queue.MAX_DOOR_WAIT", 1.0):
        await works.ask("a")
        waiting = await works.ask("b")
        await works.end()
    await asyncio.sleep(1.1)
    assert works.under_way == ["b"]
    assert await works.end_all() == ["a", "b"]
    assert await waiting == "did b"


async def test_stopped() -> None:
    """What waits never begins, what is under way is let go; both are told apart."""
    works = Works()
    running = await works.ask("a")
    waiting = [
        await works.ask("b"),
        await works.ask("c", JobKind.CODE),
        await works.ask("d", JobKind.UPKEEP),
    ]
    await works.queues.async_stop()
    with pytest.raises(QueueStoppedError) as caught:
        await running
    assert caught.value.started
    late = await works.ask("late")
    for task in (*waiting, late):
        with pytest.raises(QueueStoppedError) as caught:
            await task
        assert not caught.value.started
    assert works.begun == ["a"]


async def test_stopped_without_work() -> None:
    """There is nothing to wait for where nothing is under way."""
    works = Works()
    await works.queues.async_stop()
    works = Works()
    await works.ask("a")
    await works.end_all()
    await works.queues.async_stop()
    assert works.begun == ["a"]
