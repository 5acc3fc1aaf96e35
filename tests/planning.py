"""Plan codes from text, for the tables of the rules."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from custom_components.igloohome_access.model import (
    CloudKind,
    CodeKind,
    CodePlan,
    CodeRequest,
)
from custom_components.igloohome_access.rules import RuleViolation, plan_code, plan_stay
from custom_components.igloohome_access.wall_clock import wire_time

BERLIN = "Europe/Berlin"
NOW = "2026-11-20 14:37:20"


def at(text: str) -> datetime:
    """Return a moment from ISO text, naive where the text has no offset."""
    return datetime.fromisoformat(text)


def clock(text: str, zone: str) -> datetime:
    """Return the moment, in UTC, at which a lock's clock shows a time."""
    moment = at(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=ZoneInfo(zone))
    return moment.astimezone(UTC)


def plan(
    kind: CodeKind,
    zone: str = BERLIN,
    now: str = NOW,
    cloud: CloudKind = CloudKind.IGLOOHOME,
    **fields: Any,
) -> CodePlan:
    """Plan a code; moments are given as text."""
    for name in ("starts_at", "ends_at"):
        if isinstance(fields.get(name), str):
            fields[name] = at(fields[name])
    return plan_code(
        CodeRequest(kind=kind, **fields),
        zone=ZoneInfo(zone),
        now=clock(now, zone),
        cloud=cloud,
    )


def refusal(*args: Any, **fields: Any) -> tuple[str, dict[str, str]]:
    """Return key and placeholders of the violation that planning raises."""
    with pytest.raises(RuleViolation) as caught:
        plan(*args, **fields)
    assert str(caught.value) == caught.value.key
    return caught.value.key, dict(caught.value.placeholders)


def stay(starts_at: str, ends_at: str, zone: str = BERLIN, now: str = NOW) -> CodePlan:
    """Plan a stay; moments are given as text."""
    return plan_stay(
        at(starts_at),
        at(ends_at),
        zone=ZoneInfo(zone),
        now=clock(now, zone),
        cloud=CloudKind.SEAM,
    )


def sent(plan: CodePlan) -> tuple[str, str | None]:
    """Return the window as the clouds get it."""
    zone = ZoneInfo(plan.window.time_zone)
    end = plan.window.ends_at
    return (
        wire_time(plan.window.starts_at, zone),
        None if end is None else wire_time(end, zone),
    )


def told(plan: CodePlan) -> list[tuple[str, dict[str, str]]]:
    """Return the notices without those every code has."""
    return [
        (notice.key, dict(notice.placeholders))
        for notice in plan.notices
        if notice.key not in ("cannot_be_revoked", "must_be_used_within_24_hours")
    ]
