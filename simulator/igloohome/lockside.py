"""What happens at the lock: jobs that arrive, PINs that are typed (§4.1, §7)."""

from datetime import datetime, timedelta

from .state import CustomPin, Device, IssuedPin, Job
from .world import World

_FIRST_USE = timedelta(hours=24)
"""An algoPIN over 24 hours must be used within its first 24 hours (§7)."""
# logType (§5.2); which of the other PIN kinds 21 stands for is a guess.
_WRONG_PIN, _REUSE_OF_PIN, _ONE_TIME_PIN = 16, 19, 20
_PERMANENT_PIN, _FIRST_USE_OF_PIN = 21, 22
_DONE = 0
_REFUSED = 1
"""``opResult.result`` of a lock that says no; the real number is unknown."""


def carry_out(job: Job, at: datetime, world: World) -> bool:
    """Let the lock do a job that reached it; set its opResult, return success."""
    device = job.device
    device.settle(at)
    job.op_result = {"result": _DONE}
    done = True
    match job.job_type:
        case 1:
            device.lock()
        case 2:
            device.unlock(at)
        case 4:
            done = _program(device, job, world)
        case 5:
            done = device.custom_pins.pop(job.data["pin"], None) is not None
        case 9:
            _read_battery(device, job, at, world)
        case 10 if world.switches.status_result == "lock_state":
            job.op_result["lockState"] = "locked" if device.locked else "unlocked"
        case 15:
            device.activity += device.lock_log
            device.lock_log = []
    if not done:
        job.op_result = {"result": _REFUSED}
    return done


def _program(device: Device, job: Job, world: World) -> bool:
    """Put a custom PIN onto the lock unless it is there or the lock is full."""
    data = job.data
    pin = data["pin"]
    pins = device.custom_pins
    if pin in pins or len(pins) >= world.switches.pin_capacity:
        return False
    end = data.get("endDate")
    pins[pin] = CustomPin(
        pin=pin,
        pin_type=data["pinType"],
        access_name=data["accessName"],
        starts_at=datetime.fromisoformat(data["startDate"]),
        ends_at=None if end is None else datetime.fromisoformat(end),
    )
    return True


def _read_battery(device: Device, job: Job, at: datetime, world: World) -> None:
    """Tell the cloud the battery level that is true at the lock."""
    if device.real_battery is not None:
        device.battery_level = device.real_battery
    device.last_sync = at
    if world.switches.battery_result == "field":
        job.op_result["batteryLevel"] = device.battery_level
    elif world.switches.battery_result == "nested":
        job.op_result["battery"] = {"level": device.battery_level}


def enter_pin(device: Device, pin: str, world: World) -> bool:
    """Type a PIN at the keypad now; return whether the door opens.

    The lock notes the attempt in its own log. A keypad opens the lock it is
    linked to.
    """
    now = world.clock.now()
    device.settle(now)
    log_type = None
    if device.keypad:
        log_type = _custom_opens(device, pin, now) or _algopin_opens(device, pin, world)
    if log_type is None:
        device.log("PIN_UNLOCK_FAILED", _WRONG_PIN, now, pin)
    else:
        device.log("PIN_UNLOCK", log_type, now, pin)
        target = device
        if device.type == "Keypad":
            target = next(
                (world.devices[i] for i in device.linked if i in world.devices), device
            )
        target.settle(now)
        target.unlock(now)
    return log_type is not None


def _custom_opens(device: Device, pin: str, now: datetime) -> int | None:
    """Return the logType if a programmed PIN opens now, and note its use."""
    record = device.custom_pins.get(pin)
    if (
        record is None
        or now < record.starts_at
        or (record.ends_at is not None and now >= record.ends_at)
        or (record.pin_type == 1 and record.used_at is not None)
    ):
        return None
    first = record.used_at is None
    record.used_at = record.used_at or now
    if record.pin_type == 1:
        return _ONE_TIME_PIN
    if record.pin_type == 2:
        return _PERMANENT_PIN
    return _FIRST_USE_OF_PIN if first else _REUSE_OF_PIN


def _algopin_opens(device: Device, pin: str, world: World) -> int | None:
    """Return the logType if an algoPIN opens now, and note its use."""
    for record in world.issued.values():
        if record.device == device.device_id and record.pin == pin:
            first = record.used_at is None
            if not _accepts(record, world.clock.now()):
                continue
            if record.kind == "onetime":
                return _ONE_TIME_PIN
            if record.kind == "permanent":
                return _PERMANENT_PIN
            return _FIRST_USE_OF_PIN if first else _REUSE_OF_PIN
    return None


def _accepts(record: IssuedPin, now: datetime) -> bool:
    """Return whether an algoPIN opens now, and note its first use (§7)."""
    if now < record.starts_at:
        return False
    first_use_by: datetime | None = record.starts_at + _FIRST_USE
    if record.kind == "permanent":
        first_use_by = record.created_at + _FIRST_USE
    elif record.ends_at is not None:
        if now >= record.ends_at:
            return False
        if record.ends_at - record.starts_at <= _FIRST_USE:
            first_use_by = None
    if record.used_at is None:
        if first_use_by is not None and now >= first_use_by:
            return False
        record.used_at = now
        return True
    return record.kind != "onetime"
