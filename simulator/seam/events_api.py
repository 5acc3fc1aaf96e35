"""Routes: events and webhook registrations (reference/seam-api.md §8 and §11).

Delivery is the business of deliveries.py.
"""

from datetime import datetime

from .endpoint import DELETE, POST, PUT, READ, Call, Endpoint
from .errors import SeamError, invalid_input, not_found
from .event_types import EVENT_TYPES
from .model import JsonObject, Webhook
from .params import Param


def _own_events(call: Call) -> list[JsonObject]:
    """Return the events of the call's workspace in the order they happened."""
    events = [e for e in call.store.events if e["workspace_id"] == call.workspace_id]
    return sorted(events, key=lambda event: datetime.fromisoformat(event["created_at"]))


def _span(call: Call) -> tuple[datetime | None, datetime | None]:
    """Return the exclusive bounds of an events/list request."""
    since, between = call.params.get("since"), call.params.get("between")
    if between is not None:
        if len(between) != 2:
            raise invalid_input("between needs two timestamps", between="Invalid")
        return between[0], between[1]
    if since is None and "event_ids" not in call.params:
        raise invalid_input("Either since, between or event_ids is required")
    return since, None


def _list_events(call: Call) -> JsonObject:
    """Answer the events of a time span, filtered."""
    params = call.params
    after, before = _span(call)
    wanted: dict[str, set[str]] = {}
    for name in ("event_type", "device_id", "access_code_id", "connected_account_id"):
        if name in params:
            wanted[name] = {params[name]}
        if f"{name}s" in params:
            wanted[name] = wanted.get(name, set()) | set(params[f"{name}s"])
    if "event_ids" in params:
        wanted["event_id"] = set(params["event_ids"])

    def matches(event: JsonObject) -> bool:
        at = datetime.fromisoformat(event["created_at"])
        return (
            (after is None or at > after)
            and (before is None or at < before)
            and all(event.get(name) in values for name, values in wanted.items())
        )

    events = [event for event in _own_events(call) if matches(event)]
    if call.store.switches.events_newest_first:
        events.reverse()
    if call.store.switches.events_repeated:
        events = [event for event in events for _ in range(2)]
    offset = int(params.get("unstable_offset", 0))
    limit = int(params.get("limit", call.store.switches.events_page))
    return {"events": events[offset : offset + limit]}


def _get_event(call: Call) -> JsonObject:
    """Answer one event by id, or the newest of a type or device."""
    if not call.params:
        raise invalid_input("event_id, event_type or device_id is required")
    for event in reversed(_own_events(call)):
        if all(event.get(name) == value for name, value in call.params.items()):
            return {"event": event}
    raise not_found("event_not_found", "Event not found")


def _check_event_types(event_types: list[str]) -> list[str]:
    """Return the types or raise a 400 invalid_event_types."""
    if unknown := [t for t in event_types if t != "*" and t not in EVENT_TYPES]:
        raise SeamError(
            400, "invalid_event_types", f"Unknown event types: {', '.join(unknown)}"
        )
    return event_types


def _webhook(call: Call) -> Webhook:
    """Return the webhook a request names or raise a 404."""
    webhook = call.store.webhooks.get(call.params["webhook_id"])
    if webhook is None or webhook.workspace_id != call.workspace_id:
        raise not_found("webhook_not_found", "Webhook not found")
    return webhook


def _show_webhook(webhook: Webhook, *, secret: bool = True) -> JsonObject:
    """Return the answer object of a webhook (§7.5)."""
    shown: JsonObject = {
        "webhook_id": webhook.webhook_id,
        "url": webhook.url,
        "event_types": list(webhook.event_types),
    }
    return shown | ({"secret": webhook.secret} if secret else {})


def _create_webhook(call: Call) -> JsonObject:
    """Register a webhook."""
    webhook = Webhook(
        webhook_id=call.store.new_id(),
        workspace_id=call.workspace_id,
        url=call.params["url"],
        event_types=_check_event_types(call.params.get("event_types", ["*"])),
        secret=call.store.new_secret(),
    )
    told = call.store.switches.webhook_secret_created
    if told == "odd":
        webhook.secret = "whsec_this is no base64"
    call.store.webhooks[webhook.webhook_id] = webhook
    return {"webhook": _show_webhook(webhook, secret=told != "absent")}


def _get_webhook(call: Call) -> JsonObject:
    """Answer one webhook."""
    return {"webhook": _show_webhook(_webhook(call))}


def _list_webhooks(call: Call) -> JsonObject:
    """Answer the webhooks of the workspace."""
    webhooks = call.store.webhooks.values()
    own = [hook for hook in webhooks if hook.workspace_id == call.workspace_id]
    secret = call.store.switches.webhook_secrets_listed
    return {"webhooks": [_show_webhook(webhook, secret=secret) for webhook in own]}


def _update_webhook(call: Call) -> JsonObject:
    """Change the event types of a webhook."""
    webhook = _webhook(call)
    webhook.event_types = _check_event_types(call.params["event_types"])
    return {}


def _delete_webhook(call: Call) -> JsonObject:
    """Remove a webhook."""
    del call.store.webhooks[_webhook(call).webhook_id]
    return {}


_TYPE = Param(choices=EVENT_TYPES)
_ONE_WEBHOOK = {"webhook_id": Param(required=True)}

ENDPOINTS = (
    Endpoint(
        "/events/list",
        READ,
        _list_events,
        {
            "since": Param("datetime"),
            "between": Param("datetimes"),
            "event_ids": Param("uuids"),
            "event_type": _TYPE,
            "event_types": Param("strings", choices=EVENT_TYPES),
            "device_id": Param("uuid"),
            "device_ids": Param("uuids"),
            "access_code_id": Param("uuid"),
            "access_code_ids": Param("uuids"),
            "connected_account_id": Param("uuid"),
            "limit": Param("number", minimum=1),
            "unstable_offset": Param("number", minimum=0),
        },
    ),
    Endpoint(
        "/events/get",
        READ,
        _get_event,
        {
            "event_id": Param("uuid"),
            "event_type": _TYPE,
            "device_id": Param("uuid"),
        },
    ),
    Endpoint(
        "/webhooks/create",
        POST,
        _create_webhook,
        {"url": Param(required=True, uri=True), "event_types": Param("strings")},
    ),
    Endpoint("/webhooks/get", READ, _get_webhook, _ONE_WEBHOOK),
    Endpoint("/webhooks/list", READ, _list_webhooks),
    Endpoint(
        "/webhooks/update",
        PUT,
        _update_webhook,
        {**_ONE_WEBHOOK, "event_types": Param("strings", required=True)},
    ),
    Endpoint("/webhooks/delete", DELETE, _delete_webhook, _ONE_WEBHOOK),
)
