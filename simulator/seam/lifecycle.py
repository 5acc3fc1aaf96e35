"""Moves access codes through their life by the clock, only when asked.

`settle` computes everything that has happened up to a moment, with events at the
moments at which they happened. Life cycle: reference/seam-api.md §9 and §10.
"""

from datetime import datetime, timedelta

from .model import Code, Device, IssuedPin, PendingUpdate, Phase
from .offline import algopin
from .store import Store

PRELOAD = timedelta(hours=72)
"""How long before its start a natively scheduled code is loaded onto the lock."""
JUST_IN_TIME = timedelta(minutes=60)
"""How long before its start any other code is programmed."""

_WAITING = (Phase.DEFERRED, Phase.PROGRAMMING, Phase.SCHEDULED, Phase.SETTING)


def scheduled_at(code: Code) -> datetime:
    """Return when an online code is sent to the lock."""
    if code.starts_at is None:
        return code.created_at
    return code.starts_at - (PRELOAD if code.native else JUST_IN_TIME)


def _programming_done(store: Store, code: Code, device: Device) -> datetime | None:
    """Return when the bridge has worked off a job; None while it cannot."""
    if not device.online:
        return None
    begun = max(code.phase_since, device.online_since)
    return begun + timedelta(seconds=store.switches.programming_seconds)


def _after_programming(code: Code, done: datetime) -> Phase:
    """Return the phase of a code that has reached the lock."""
    if code.native and code.starts_at is not None and done < code.starts_at:
        return Phase.SCHEDULED
    return Phase.SET


def _assignment(store: Store, code: Code) -> tuple[datetime, Phase] | None:
    """Return when an offline code gets its PIN."""
    delay = store.switches.pin_assignment_seconds
    if delay is None:
        return None
    at_once = store.switches.offline_set_on_assignment
    target = Phase.SET if at_once else Phase.SCHEDULED
    return code.created_at + timedelta(seconds=delay), target


def _progress(store: Store, code: Code) -> tuple[datetime, Phase] | None:
    """Return the next step of a code towards `set`, its end left aside."""
    device = store.devices[code.device_id]
    match code.phase:
        case Phase.ASSIGNING:
            return _assignment(store, code)
        case Phase.DEFERRED:
            return max(scheduled_at(code), code.phase_since), Phase.PROGRAMMING
        case Phase.PROGRAMMING:
            if (done := _programming_done(store, code, device)) is None:
                return None
            if device.fail_programming:
                return done, Phase.FAILED
            return done, _after_programming(code, done)
        case Phase.SCHEDULED:
            start = code.starts_at or code.phase_since
            return max(start, code.phase_since), Phase.SETTING
        case Phase.SETTING:
            seconds = store.switches.offline_setting_seconds if code.is_offline else 0
            return code.phase_since + timedelta(seconds=seconds), Phase.SET
        case Phase.REMOVING:
            on_its_own = code.native and not code.deleted
            if not on_its_own and not device.online:
                return None
            begun = code.phase_since
            if not on_its_own:
                begun = max(begun, device.online_since)
            seconds = store.switches.removing_seconds
            return begun + timedelta(seconds=seconds), Phase.GONE
    return None


def _next(store: Store, code: Code) -> tuple[datetime, Phase] | None:
    """Return the next transition of a code, or None when nothing is due."""
    step = _progress(store, code)
    if code.phase in (Phase.REMOVING, Phase.GONE):
        return step
    end = code.effective_end
    if end is None or (step is not None and step[0] < end):
        return step
    on_lock = code.was_programmed and not code.is_offline
    target = Phase.REMOVING if on_lock else Phase.GONE
    return max(end, code.phase_since), target


def settle(store: Store, now: datetime) -> None:
    """Bring every code up to `now`."""
    for code in list(store.codes.values()):
        settle_code(store, code, now)


def settle_code(store: Store, code: Code, now: datetime) -> None:
    """Bring one code up to `now`."""
    if not code.is_managed:
        _settle_unmanaged(store, code, now)
        return
    _finish_updates(store, code, now)
    while (step := _next(store, code)) is not None and step[0] <= now:
        _enter(store, code, step[1], step[0])


def _settle_unmanaged(store: Store, code: Code, now: datetime) -> None:
    """Let an ended code made elsewhere vanish."""
    if code.phase is Phase.GONE or code.ends_at is None or now < code.ends_at:
        return
    code.phase, code.phase_since = Phase.GONE, code.ends_at
    store.code_event("access_code.unmanaged.removed", code, code.ends_at)


def _enter(store: Store, code: Code, phase: Phase, at: datetime) -> None:
    """Put a code into a phase and record what that means."""
    before = code.phase
    code.phase, code.phase_since = phase, at
    if before is Phase.ASSIGNING and phase is not Phase.GONE:
        _assign_pin(store, code, at)
    if before is Phase.PROGRAMMING and phase in (Phase.SCHEDULED, Phase.SET):
        code.was_programmed = True
    match phase:
        case Phase.SCHEDULED if not code.is_offline:
            store.code_event(
                "access_code.scheduled_on_device", code, at, code=code.code
            )
        case Phase.SET:
            code.was_programmed = True
            store.code_event("access_code.set_on_device", code, at, code=code.code)
        case Phase.FAILED:
            _report_failure(store, code, at)
        case Phase.GONE:
            record_gone(store, code, at)


def _assign_pin(store: Store, code: Code, at: datetime) -> None:
    """Give an offline code the PIN of its window."""
    window = code.offline_window
    if window is None:
        raise RuntimeError(f"offline code {code.access_code_id} without a window")
    code.code = algopin(window)
    store.issue(
        IssuedPin(
            pin=code.code,
            access_code_id=code.access_code_id,
            device_id=code.device_id,
            origin="assigned",
            at=at,
            kind=window.kind,
            starts_at=window.starts_at,
            ends_at=window.ends_at,
            variance=window.variance,
        )
    )
    change = {"property": "code", "from": None, "to": code.code}
    for event_type in store.switches.pin_assigned_events:
        match event_type:
            case "access_code.changed":
                store.code_event(event_type, code, at, changed_properties=[change])
            case "access_code.code_changed":
                store.code_event(
                    event_type,
                    code,
                    at,
                    **{"from": {"code": None}, "to": {"code": code.code}},
                    description="The code was assigned.",
                )
            case _:
                store.code_event(event_type, code, at, code=code.code)


def _report_failure(store: Store, code: Code, at: datetime) -> None:
    """Show that the bridge could not put a code on the lock."""
    code.errors.append(
        {
            "error_code": "failed_to_set_on_device",
            "message": "The access code could not be set on the device.",
            "is_access_code_error": True,
            "created_at": store.time(at),
        }
    )
    trouble = store.trouble(store.devices[code.device_id], code)
    store.code_event("access_code.failed_to_set_on_device", code, at, **trouble)


def record_gone(store: Store, code: Code, at: datetime) -> None:
    """Record the events of a code that left Seam.

    A code that was never on the lock emits no removed_from_device (§9).
    """
    if code.was_programmed:
        store.code_event("access_code.removed_from_device", code, at)
    store.code_event("access_code.deleted", code, at, code=code.code)


def request_removal(store: Store, code: Code, now: datetime) -> None:
    """Delete a code: at once, or through the bridge when it is on the lock."""
    code.deleted = True
    code.updates.clear()
    on_lock = code.was_programmed or code.phase is Phase.PROGRAMMING
    if code.is_offline or not on_lock:
        _enter(store, code, Phase.GONE, now)
    elif code.phase is not Phase.REMOVING:
        code.phase, code.phase_since = Phase.REMOVING, now
    settle_code(store, code, now)


def reschedule(store: Store, code: Code, now: datetime) -> None:
    """Put an online code into the phase its changed window asks for."""
    if code.starts_at is not None and scheduled_at(code) > now:
        code.phase = Phase.DEFERRED
    elif code.was_programmed:
        code.phase = Phase.SCHEDULED
    elif code.phase in _WAITING or code.phase is Phase.FAILED:
        code.phase = Phase.PROGRAMMING
    code.phase_since = now
    settle_code(store, code, now)


def _finish_updates(store: Store, code: Code, now: datetime) -> None:
    """Drop the changes that have reached the lock by `now`."""
    device = store.devices[code.device_id]
    if not device.online or not code.updates:
        return
    delay = timedelta(seconds=store.switches.programming_seconds)
    waiting: list[PendingUpdate] = []
    for update in code.updates:
        done = max(update.requested_at, device.online_since) + delay
        if done > now:
            waiting.append(update)
            continue
        changes = [
            {"property": name, "from": update.before[name], "to": value}
            for name, value in update.after.items()
        ]
        store.code_event("access_code.changed", code, done, changed_properties=changes)
    code.updates[:] = waiting
