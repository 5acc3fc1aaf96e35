"""Seam's events, read tolerantly.

Facts: reference/seam-api.md §11. Events carry PINs: that of a code's event is never
looked at, that of a lock's event only helps to find the code that was used.
"""

from datetime import datetime
from typing import Any

from ..model import Activity, ActivityKind
from .answers import UnusableAnswerError
from .base import AccountEvent, CloudEvent, CodeEvent, EventPage
from .parsing import JsonObject, as_id, as_moment, as_object, as_objects, as_pin
from .redaction import safe_word

PAGE_SIZE = 500
"""Events in one answer, Seam's own default (§5)."""

_KINDS = {
    "lock.unlocked": ActivityKind.UNLOCKED,
    "lock.locked": ActivityKind.LOCKED,
    "lock.access_denied": ActivityKind.ACCESS_DENIED,
    "device.low_battery": ActivityKind.LOW_BATTERY,
    "device.tampered": ActivityKind.TAMPERED,
}


def parse_event(raw: JsonObject) -> CloudEvent | None:
    """Return an event, None for one without an id or a moment, or of another kind."""
    event_id, word = as_id(raw.get("event_id")), safe_word(raw.get("event_type"))
    happened_at = as_moment(raw.get("occurred_at")) or as_moment(raw.get("created_at"))
    if event_id is None or happened_at is None:
        return None
    device_id, code_id = as_id(raw.get("device_id")), as_id(raw.get("access_code_id"))
    match word.partition(".")[0]:
        case "lock" | "device" if device_id is not None:
            return Activity(
                activity_id=event_id,
                device_id=device_id,
                kind=_KINDS.get(word, ActivityKind.OTHER),
                happened_at=happened_at,
                method=_method(raw),
                pin=as_pin(raw.get("code")),
                cloud_code_id=code_id,
                reason=safe_word(as_object(raw.get("reason")).get("reason_code"))
                or None,
                word=word,
            )
        case "access_code" if code_id is not None:
            return CodeEvent(
                event_id=event_id,
                cloud_code_id=code_id,
                device_id=device_id,
                type=word,
                happened_at=happened_at,
            )
        case "connected_account":
            return AccountEvent(
                event_id=event_id,
                account_id=as_id(raw.get("connected_account_id")),
                type=word,
                happened_at=happened_at,
            )
    return None


def _method(raw: JsonObject) -> str | None:
    """Return how a door was opened or closed; newer flags tell more than the word."""
    if raw.get("is_via_bluetooth") is True:
        return "bluetooth"
    if raw.get("is_via_nfc") is True:
        return "card"
    return safe_word(raw.get("method")) or None


def parse_events(data: Any) -> EventPage:
    """Return the events of an answer in the order in which they happened, each once."""
    rows = as_object(data).get("events")
    if not isinstance(rows, list):
        raise UnusableAnswerError("The answer has no list of events")
    events: dict[str, CloudEvent] = {}
    created: list[datetime] = []
    for raw in as_objects(rows):
        moment = as_moment(raw.get("created_at"))
        if moment is not None:
            created.append(moment)
        event = parse_event(raw)
        if event is not None:
            events.setdefault(str(raw["event_id"]), event)
    return EventPage(
        events=tuple(sorted(events.values(), key=lambda event: event.happened_at)),
        newest=max(created, default=None),
        complete=len(rows) < PAGE_SIZE,
    )
