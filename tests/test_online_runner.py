"""What the steps of a cloud cannot bring about at will: races and surprises."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest

from custom_components.igloohome_access.clouds.base import (
    CloudError,
    CloudRefusedError,
    CloudUnreachableError,
)
from custom_components.igloohome_access.codes import CodeBook
from custom_components.igloohome_access.model import CodeKind, CodeRecord
from custom_components.igloohome_access.online_runner import OnlineRunner
from custom_components.igloohome_access.online_steps import StepDone
from custom_components.igloohome_access.rules import RuleViolation
from custom_components.igloohome_access.work import OnlineWork, WorkStep

from .codes import book_with, record, requested


class Scripted:
    """Steps that go as a test says."""

    def __init__(self, script: Callable[[CodeRecord], StepDone | None]) -> None:
        """Take what a step does with a record."""
        self._script = script
        self.count = 0

    async def async_do(
        self, record: CodeRecord, closing: asyncio.Event
    ) -> StepDone | None:
        """Do as the script says."""
        self.count += 1
        return self._script(record)


def wanted(step: WorkStep = WorkStep.ADD) -> CodeRecord:
    """Return a code something is to be done with."""
    work = OnlineWork(step=step, asked_at=dt_util.utcnow())
    made = requested(kind=CodeKind.ONLINE, pin="4711", work=work)
    return replace(made, window=replace(made.window, ends_at=None))


async def runner_with(
    hass: HomeAssistant, script: Callable[[CodeRecord], StepDone | None]
) -> tuple[OnlineRunner, CodeBook, Scripted]:
    """Return a runner with one code to be made, and its steps."""
    book = await book_with(hass, [wanted()])
    steps = Scripted(script)
    return OnlineRunner(hass, book, steps), book, steps


@pytest.mark.parametrize("error", [CloudUnreachableError, CloudRefusedError])
async def test_done_by_somebody_else(
    hass: HomeAssistant, error: type[CloudError]
) -> None:
    """A step that turns out to be done while it failed is not asked for again."""

    def script(found: CodeRecord) -> StepDone | None:
        hass.async_create_task(book.async_update(replace(found, work=None)))
        book.ledger.async_put(replace(found, work=None))
        raise error

    runner, book, steps = await runner_with(hass, script)
    await runner.begin("code1")
    await hass.async_block_till_done()
    assert steps.count == 1
    assert book.ledger.records["code1"].work is None
    book.async_stop()


async def test_done_twice(hass: HomeAssistant) -> None:
    """One that somebody else has recorded already is done."""

    def script(found: CodeRecord) -> StepDone | None:
        book.ledger.async_put(replace(found, work=None))
        return StepDone()

    runner, book, _ = await runner_with(hass, script)
    await runner.begin("code1")
    assert book.ledger.records["code1"].issued_at is None
    book.async_stop()


async def test_unexpected(
    hass: HomeAssistant, caplog: pytest.LogCaptureFixture
) -> None:
    """A defect of ours is in the log, and the code is where it was."""

    text = "a defect with the digits 4711"

    def script(found: CodeRecord) -> StepDone | None:
        raise ValueError(text)

    runner, book, _ = await runner_with(hass, script)
    calls: list[str] = []
    stop = runner.async_listen(calls.append)
    task = runner.begin("code1")
    await asyncio.wait([task])
    await hass.async_block_till_done()
    assert isinstance(task.exception(), ValueError)
    assert "An online code went wrong unexpectedly" in caplog.text
    assert "4711" not in caplog.text
    assert calls == ["code1"]
    assert not runner.is_under_way("code1")
    assert book.ledger.records["code1"].work is not None
    stop()
    book.async_stop()


async def test_window_passes_before_it_begins(hass: HomeAssistant) -> None:
    """Nothing is asked for that would be over at once, and nothing stays behind."""
    runner, book, steps = await runner_with(hass, lambda _: None)
    late = wanted()
    ends_at = dt_util.utcnow() - timedelta(seconds=1)
    await book.async_update(replace(late, window=replace(late.window, ends_at=ends_at)))
    task = runner.begin("code1")
    await asyncio.wait([task])
    assert isinstance(task.exception(), RuleViolation)
    assert (steps.count, dict(book.ledger.records)) == (0, {})
    book.async_stop()


async def test_accepted_and_over(hass: HomeAssistant) -> None:
    """Of a code that was accepted and has ended nothing needs to be known."""
    runner, book, steps = await runner_with(hass, lambda _: None)
    made = record(kind=CodeKind.ONLINE, work=OnlineWork(step=WorkStep.ADD))
    ends_at = dt_util.utcnow() - timedelta(seconds=1)
    await book.async_update(replace(made, window=replace(made.window, ends_at=ends_at)))
    await runner.async_resume()
    assert steps.count == 0
    assert book.ledger.records["code1"].work is None
    book.async_stop()


async def test_nothing_to_do(hass: HomeAssistant) -> None:
    """A code without work is left alone; nothing is resumed while closing."""
    runner, book, steps = await runner_with(hass, lambda _: StepDone())
    await runner.begin("code2")
    runner.closing.set()
    await runner.async_resume()
    assert steps.count == 0
    await runner.async_drain()
    book.async_stop()
