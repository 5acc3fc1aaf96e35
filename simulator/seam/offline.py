"""igloohome's offline codes as Seam offers them: windows, slots and PINs.

Rules: reference/seam-api.md §10.2. Wall-clock rules are applied in the lock's time
zone, else in a zone given by a switch; which zone the real cloud uses is not documented.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, tzinfo
import hashlib
import hmac
from typing import Literal
from zoneinfo import ZoneInfo

from .errors import SeamError, ValidationErrors
from .model import ONE_TIME_DURATION, Device, OfflineWindow
from .switches import SeamSwitches

type Kind = Literal["hourly", "daily", "one_time"]

HOURLY_MAX = 672
DAILY_MIN, DAILY_MAX = 29, 367
CODES_PER_SLOT: dict[Kind, int] = {"hourly": 3, "daily": 3, "one_time": 5}
_PIN_DIGITS = 9
_LOCK_KEY = b"the simulated lock's secret key"


class SlotsExhaustedError(Exception):
    """Every code that may share the window's slot is out already."""


def algopin(window: OfflineWindow) -> str:
    """Return the nine digits of a window: same input, same PIN."""
    text = "|".join(
        (
            window.device_id,
            window.kind,
            window.starts_at.astimezone(UTC).isoformat(),
            window.ends_at.astimezone(UTC).isoformat(),
            str(window.variance),
        )
    )
    digest = hmac.new(_LOCK_KEY, text.encode(), hashlib.sha256).digest()
    number = int.from_bytes(digest[:8]) % 10**_PIN_DIGITS
    return f"{number:0{_PIN_DIGITS}}"


def zone_of(device: Device, switches: SeamSwitches) -> tzinfo:
    """Return the zone in which a lock's wall-clock rules hold."""
    return ZoneInfo(device.time_zone or switches.default_time_zone)


def _refusal(switches: SeamSwitches, message: str) -> SeamError:
    """Return the 400 for an offline request that breaks a rule."""
    errors: ValidationErrors | None = None
    if switches.offline_error_type == "invalid_input":
        errors = {"_errors": [message]}
    return SeamError(
        400, switches.offline_error_type, message, validation_errors=errors
    )


def _floor_hour(moment: datetime, zone: tzinfo) -> datetime:
    """Return the whole wall-clock hour at or before a moment, in UTC."""
    local = moment.astimezone(zone)
    past = timedelta(
        minutes=local.minute, seconds=local.second, microseconds=local.microsecond
    )
    return moment.astimezone(UTC) - past


def _ceil_hour(moment: datetime, zone: tzinfo) -> datetime:
    """Return the whole wall-clock hour at or after a moment, in UTC."""
    floor = _floor_hour(moment, zone)
    return floor if floor == moment else floor + timedelta(hours=1)


def _matching_end(start: datetime, end: datetime, zone: tzinfo) -> tuple[datetime, int]:
    """Return the first moment from `end` on at the start's wall-clock time, and days.

    Days are calendar days, so a daylight-saving change does not matter.
    """
    local_start = start.astimezone(zone)
    days = (end.astimezone(zone).date() - local_start.date()).days
    candidate = (local_start + timedelta(days=days)).astimezone(UTC)
    if candidate < end:
        days += 1
        candidate = (local_start + timedelta(days=days)).astimezone(UTC)
    return candidate, days


def _fit(
    start: datetime, end: datetime, zone: tzinfo, rounding: timedelta
) -> tuple[Kind, datetime, datetime] | str:
    """Return kind and rounded window of an hourly or daily request, or the problem."""
    rounded_start = _floor_hour(start, zone)
    rounded_end = _ceil_hour(end, zone)
    hours = (rounded_end - rounded_start) / timedelta(hours=1)
    if hours <= HOURLY_MAX:
        return "hourly", rounded_start, rounded_end
    matching, days = _matching_end(rounded_start, end, zone)
    # Rounding up does not turn a shorter request into a daily code.
    full_days = days if matching == end else days - 1
    if full_days < DAILY_MIN:
        return (
            f"The time frame must be at most {HOURLY_MAX} hours or at least "
            f"{DAILY_MIN} days"
        )
    if days > DAILY_MAX:
        return f"The time frame must be at most {DAILY_MAX} days"
    if max(matching - end, start - rounded_start) > rounding:
        return (
            "The start and end times of the time frame must match, and the rounding "
            "needed for that exceeds max_time_rounding"
        )
    return "daily", rounded_start, matching


def _slot(
    kind: Kind, start: datetime, end: datetime, zone: tzinfo, switches: SeamSwitches
) -> str:
    """Return what codes must share to count against one limit."""
    if switches.slot_scope == "window":
        return f"{kind}|{start.isoformat()}|{end.isoformat()}"
    local = start.astimezone(zone)
    if kind == "daily" or (kind == "one_time" and switches.one_time_slot == "date"):
        return f"{kind}|{local.date().isoformat()}"
    return f"{kind}|{start.isoformat()}"


def offline_window(
    device: Device,
    *,
    starts_at: datetime | None,
    ends_at: datetime | None,
    one_time: bool,
    rounding: str,
    now: datetime,
    out: Iterable[OfflineWindow],
    switches: SeamSwitches,
) -> OfflineWindow:
    """Return the window a new offline code gets.

    `out` are the windows of the PINs the lock still accepts. Raise a 400 when a rule
    is broken, SlotsExhaustedError when the slot is full.
    """
    zone = zone_of(device, switches)
    if starts_at is None:
        raise _refusal(switches, "starts_at is required for offline access codes")
    if ends_at is None:
        if not one_time or switches.one_time_needs_end:
            raise _refusal(switches, "ends_at is required for offline access codes")
        ends_at = starts_at + ONE_TIME_DURATION
    if ends_at <= starts_at:
        raise _refusal(switches, "ends_at must be after starts_at")
    if ends_at <= now:
        raise _refusal(switches, "ends_at must be in the future")
    earliest = _floor_hour(now, zone) if switches.offline_start_in_current_hour else now
    if starts_at < earliest:
        raise _refusal(switches, "starts_at must be in the future")
    kind: Kind
    if one_time:
        kind = "one_time"
        start = _floor_hour(starts_at, zone)
        end = start + ONE_TIME_DURATION
        if abs(ends_at - starts_at - ONE_TIME_DURATION) > timedelta(hours=1):
            raise _refusal(switches, "A one-time code is valid for 24 hours")
    else:
        allowed = (
            timedelta(days=1) if rounding in ("1d", "1day") else timedelta(hours=1)
        )
        fitted = _fit(starts_at, ends_at, zone, allowed)
        if isinstance(fitted, str):
            raise _refusal(switches, fitted)
        kind, start, end = fitted
    slot = _slot(kind, start, end, zone, switches)
    taken = {other.variance for other in out if other.slot == slot}
    free = [n for n in range(1, CODES_PER_SLOT[kind] + 1) if n not in taken]
    if not free:
        raise SlotsExhaustedError
    return OfflineWindow(device.device_id, kind, start, end, slot, free[0])
