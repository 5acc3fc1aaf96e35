"""The window of a stay's code, and whether a code that is out still is for a stay.

An online code opens for the very minutes of the stay and its margins, however long it
is; an offline code for whole hours, within the limits of its kinds. Nothing is rounded or limited here; that is the business of ``rules``. A change of
dates is a real one only if another code would come out of it.
"""

from datetime import datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from ..model import CloudKind, CodeKind, CodePlan, CodeRequest, Window
from ..online_rules import plan_online
from ..rules import FIRST_USE_WITHIN, RuleViolation, plan_code, plan_stay
from .model import IssuedCode, PropertySettings, Purpose, Stay, StayDates
from .presence import bounds
from .stays import stay_of

type _Fitting = tuple[CodeKind, Window]

LONGER = timedelta(hours=1)
"""Rounding adds less than this to a window; more is told."""


def wanted(
    stay: Stay, purpose: Purpose, settings: PropertySettings
) -> tuple[datetime, datetime]:
    """Return from when until when a code is wanted, before any rounding.

    A backup code is for the arrival: one use within 24 hours, during the stay.
    """
    start, end = bounds(stay, settings)
    if purpose is Purpose.BACKUP:
        end = min(end, start + FIRST_USE_WITHIN)
    return start, end


def plan_window(
    start: datetime,
    end: datetime,
    purpose: Purpose,
    settings: PropertySettings,
    zone: ZoneInfo,
    now: datetime,
    *,
    online: bool = False,
) -> CodePlan:
    """Return the code to issue at ``now``, in the lock's ``zone``.

    Raises RuleViolation where no kind of code fits.
    """
    return _plan(start, end, purpose, settings.cloud, zone, max(start, now), online)


@lru_cache(maxsize=4096)
def _plan(
    start: datetime,
    end: datetime,
    purpose: Purpose,
    cloud: CloudKind,
    zone: ZoneInfo,
    now: datetime,
    online: bool,
) -> CodePlan:
    """Return the code to issue at ``now``, which is not before the start.

    Before the start the moment does not matter; so the same few codes are asked for
    again and again, and remembered.
    """
    if online:
        request = CodeRequest(kind=CodeKind.ONLINE, starts_at=start, ends_at=end)
        return plan_online(request, zone=zone, now=now, cloud=cloud)
    if purpose is Purpose.STAY:
        return plan_stay(start, end, zone=zone, now=now, cloud=cloud)
    request = CodeRequest(kind=CodeKind.ONE_TIME, starts_at=now)
    return plan_code(request, zone=zone, now=now, cloud=cloud)


def code_plan(
    dates: StayDates,
    purpose: Purpose,
    settings: PropertySettings,
    zone: ZoneInfo,
    now: datetime,
    *,
    online: bool,
) -> CodePlan:
    """Return the code of a stay that is not over, to be issued at ``now``.

    Raises RuleViolation where no kind of code fits, also to the whole stay: whether a
    code can be had must not depend on how late somebody is.
    """
    start, end = wanted(stay_of(dates, settings), purpose, settings)
    plan = plan_window(start, end, purpose, settings, zone, start, online=online)
    if start < now:
        plan = plan_window(start, end, purpose, settings, zone, now, online=online)
    return plan


def is_for(
    code: IssuedCode, dates: StayDates, settings: PropertySettings, now: datetime
) -> bool:
    """Return whether a code is as good for these dates as a new one would be.

    It is if it was issued for them (whatever the settings are by now: a guest was
    told what the code does), if rounding swallows the difference, or if it has the
    very window, also that of the algoPIN which would replace an online code without its
    bridge. What has begun has begun: a start that is past on both sides does not count.
    """
    made_for, purpose = code.tag.dates, code.tag.purpose
    if made_for == dates:
        return True
    zone = ZoneInfo(code.window.time_zone)
    start, end = wanted(stay_of(dates, settings), purpose, settings)

    def fitting(
        start: datetime, end: datetime, *, online: bool = code.online
    ) -> _Fitting | None:
        try:
            plan = plan_window(
                start, end, purpose, settings, zone, start, online=online
            )
        except RuleViolation:
            return None
        return plan.kind, plan.window

    new = fitting(start, end)
    if new is None:
        return False
    if new == fitting(*wanted(stay_of(made_for, settings), purpose, settings)):
        return True
    begun = code.window.starts_at
    if max(begun, start) <= now and begun < end:
        start, new = begun, fitting(begun, end)
    if code.online and code.lock_id not in settings.bridged:
        by_algopin = fitting(start, end, online=False)
        if by_algopin is not None and by_algopin[1] == code.window:
            return True
    return new == (code.kind, code.window)
