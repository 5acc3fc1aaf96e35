"""Seam's client against the simulator: the events of an account."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from custom_components.igloohome_access.clouds import seam_events as module
from custom_components.igloohome_access.clouds.base import (
    AccountEvent,
    CloudUnreachableError,
    CodeEvent,
)
from custom_components.igloohome_access.clouds.seam import SeamCloud
from custom_components.igloohome_access.clouds.seam_events import (
    parse_event,
    parse_events,
)
from custom_components.igloohome_access.model import Activity, ActivityKind
from simulator import Simulator
from simulator.seam.scenarios import ACCOUNT, SEAM_LOCK_BRIDGED, SEAM_LOCK_HUB_DOWN

from .samples import NOW, PIN
from .test_seam_online import DIGITS, request

SECOND = timedelta(seconds=1)


async def test_door(seam: SeamCloud, sim: Simulator) -> None:
    """What happens at a door is told at its own time, oldest first."""
    started = await seam.async_create_online_code(await request(seam))
    sim.clock.advance(timedelta(seconds=30))
    assert not sim.seam.enter_pin(SEAM_LOCK_BRIDGED, "999999")
    sim.clock.advance(SECOND)
    assert sim.seam.enter_pin(SEAM_LOCK_BRIDGED, DIGITS)
    sim.clock.advance(timedelta(seconds=10))
    page = await seam.async_read_events(NOW - SECOND)
    assert page.complete
    assert page.newest == NOW + timedelta(seconds=36)
    created, made, denied, opened, locked = page.events
    for event in (created, made):
        assert isinstance(event, CodeEvent)
        assert event.cloud_code_id == started.cloud_id
        assert event.device_id == SEAM_LOCK_BRIDGED
    assert isinstance(made, CodeEvent)
    assert made.type == "access_code.set_on_device"
    assert made.happened_at == NOW + timedelta(seconds=20)
    assert isinstance(denied, Activity)
    assert (denied.kind, denied.reason) == (ActivityKind.ACCESS_DENIED, "unknown_code")
    assert isinstance(opened, Activity)
    assert (opened.kind, opened.method) == (ActivityKind.UNLOCKED, "keycode")
    assert (opened.cloud_code_id, opened.pin) == (None, None)
    assert isinstance(locked, Activity)
    assert (locked.kind, locked.method) == (ActivityKind.LOCKED, "automatic")
    # Only the code's own event carries the digits, and there they are not read.
    assert DIGITS not in repr(page)
    assert sim.requests.count(path="events/list") == 1


async def test_code_named(seam: SeamCloud, sim: Simulator) -> None:
    """Where an unlocking names its code, it is passed on; the digits stay hidden."""
    sim.seam.switches.events_name_code = True
    started = await seam.async_create_online_code(await request(seam))
    sim.clock.advance(timedelta(seconds=30))
    sim.seam.enter_pin(SEAM_LOCK_BRIDGED, DIGITS)
    page = await seam.async_read_events(NOW)
    (opened,) = [event for event in page.events if isinstance(event, Activity)]
    assert (opened.cloud_code_id, opened.pin) == (started.cloud_id, DIGITS)
    assert DIGITS not in repr(opened)


@pytest.mark.parametrize("newest_first", [True, False])
async def test_order_repeats_and_late_events(
    seam: SeamCloud, sim: Simulator, newest_first: bool
) -> None:
    """However the events come, each is there once, and later ones are found later."""
    sim.seam.switches.events_newest_first = newest_first
    sim.seam.switches.events_repeated = True
    for seconds, word in ((1, "device.low_battery"), (2, "device.tampered")):
        sim.clock.set(NOW + timedelta(seconds=seconds))
        sim.seam.add_event({"event_type": word, "device_id": SEAM_LOCK_BRIDGED})
    page = await seam.async_read_events(NOW)
    kinds = [event.kind for event in page.events if isinstance(event, Activity)]
    assert kinds == [ActivityKind.LOW_BATTERY, ActivityKind.TAMPERED]
    assert page.newest == NOW + timedelta(seconds=2)
    assert (await seam.async_read_events(page.newest)).events == ()
    assert (await seam.async_read_events(page.newest)).newest is None
    sim.clock.advance(timedelta(hours=1))
    sim.seam.add_event(
        {
            "event_type": "lock.unlocked",
            "device_id": SEAM_LOCK_BRIDGED,
            "method": "card",
            "occurred_at": (NOW - SECOND).isoformat(),
        }
    )
    (late,) = (await seam.async_read_events(page.newest)).events
    assert late.happened_at == NOW - SECOND


async def test_account_and_devices(seam: SeamCloud, sim: Simulator) -> None:
    """An account that is lost and a lock that comes back; others' events are no news."""
    sim.clock.advance(SECOND)
    sim.seam.add_event(
        {
            "event_type": "connected_account.disconnected",
            "connected_account_id": ACCOUNT,
        }
    )
    sim.seam.patch_device(SEAM_LOCK_HUB_DOWN, {"online": True})
    lost, back = (await seam.async_read_events(NOW)).events
    assert isinstance(lost, AccountEvent)
    assert (lost.account_id, lost.type) == (ACCOUNT, "connected_account.disconnected")
    assert isinstance(back, Activity)
    assert (back.kind, back.word, back.device_id) == (
        ActivityKind.OTHER,
        "device.connected",
        SEAM_LOCK_HUB_DOWN,
    )


async def test_more_than_one_answer_holds(
    seam: SeamCloud, sim: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full answer may not be all."""
    monkeypatch.setattr(module, "PAGE_SIZE", 2)
    sim.clock.advance(SECOND)
    for expected in (True, False, False):
        sim.seam.add_event(
            {"event_type": "device.tampered", "device_id": SEAM_LOCK_BRIDGED}
        )
        assert (await seam.async_read_events(NOW)).complete is expected


async def test_answer_without_events(seam: SeamCloud, sim: Simulator) -> None:
    """An answer that lists nothing is not a quiet day."""
    sim.faults.add("events/list", "json", body={"ok": True}, times=None)
    with pytest.raises(CloudUnreachableError, match="no list of events"):
        await seam.async_read_events(NOW)


BASE: dict[str, Any] = {
    "event_id": "e1",
    "event_type": "lock.unlocked",
    "device_id": "d1",
    "created_at": "2026-11-20T10:20:05Z",
    "occurred_at": "2026-11-20T10:20:00Z",
}


@pytest.mark.parametrize(
    "change",
    [
        {"event_id": None},
        {"occurred_at": None, "created_at": "yesterday"},
        {"device_id": None},
        {"event_type": "action_attempt.lock_door.succeeded"},
        {"event_type": "connect_webview.login_succeeded"},
        {"event_type": "access_code.set_on_device"},
        {"event_type": None},
        {"event_type": ["lock.unlocked"]},
    ],
)
def test_no_news(change: dict[str, Any]) -> None:
    """Events that cannot be told apart, placed or used are left out."""
    assert parse_event({**BASE, **change}) is None


@pytest.mark.parametrize(
    ("change", "method"),
    [
        ({}, None),
        ({"method": "manual"}, "manual"),
        ({"method": "a new one"}, None),
        ({"method": "unknown", "is_via_bluetooth": True}, "bluetooth"),
        ({"method": "unknown", "is_via_nfc": True}, "card"),
    ],
)
def test_methods(change: dict[str, Any], method: str | None) -> None:
    """How a door was opened, as far as Seam tells."""
    event = parse_event({**BASE, **change})
    assert isinstance(event, Activity)
    assert event.method == method


def test_least() -> None:
    """An event without the moment it happened happened when it was made."""
    event = parse_event({**BASE, "occurred_at": None, "reason": "no object"})
    assert isinstance(event, Activity)
    assert event.happened_at == datetime(2026, 11, 20, 10, 20, 5, tzinfo=UTC)
    assert event.reason is None


def test_code_events_have_no_digits() -> None:
    """The digits in a code's event are dropped unread."""
    raw = {**BASE, "event_type": "access_code.set_on_device", "access_code_id": "c1"}
    event = parse_event({**raw, "code": PIN})
    assert event == parse_event(raw)
    assert isinstance(event, CodeEvent)


def test_newest_counts_all() -> None:
    """Also an event without a meaning moves the moment to ask from."""
    other = {**BASE, "event_type": "noise.heard", "created_at": "2026-11-20T11:00:00Z"}
    page = parse_events({"events": [other, BASE, 7, {**BASE, "created_at": None}]})
    assert len(page.events) == 1
    assert page.newest == datetime(2026, 11, 20, 11, tzinfo=UTC)
