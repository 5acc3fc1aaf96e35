"""Subscribe to booking feeds and add properties, over a Home Assistant's interfaces."""

from typing import Any

from .hass_client import HassClient
from .hass_config import INTEGRATION
from .processes import ProcessError

_SUBENTRIES = "/api/config/config_entries/subentries/flow"


async def subscribe(client: HassClient, name: str, url: str) -> str:
    """Add Home Assistant's own remote calendar for a feed; return its entity id.

    A calendar of that name that is there already stays as it is.
    """
    answer = await client.add_entry(
        "remote_calendar", {"calendar_name": name, "url": url, "verify_ssl": False}
    )
    if (
        answer["type"] != "create_entry"
        and answer.get("reason") != "already_configured"
    ):
        raise ProcessError(f"no calendar for {url}: {answer.get('errors') or answer}")
    (entry_id,) = [
        entry["entry_id"]
        for entry in await client.entries("remote_calendar")
        if entry["title"] == name
    ]
    registry = await client.command("config/entity_registry/list")
    (entity_id,) = [
        entity["entity_id"]
        for entity in registry
        if entity["config_entry_id"] == entry_id
    ]
    return str(entity_id)


async def add_property(
    client: HassClient, account_id: str, locks: list[str], **fields: Any
) -> None:
    """Go through the form of a property of an account (the id of its config entry).

    ``locks`` are names. What ``fields`` does not say stays as the form suggests. A
    property whose calendar is taken already is left alone.
    """
    form = await client.post(_SUBENTRIES, {"handler": [account_id, "property"]})
    if form["type"] != "form":
        raise ProcessError(f"no form for a property: {form.get('reason')}")
    values = {
        field["name"]: field["default"]
        for field in form["data_schema"]
        if field.get("default") is not None
    }
    (choice,) = [each for each in form["data_schema"] if each["name"] == "locks"]
    ids = {
        option["label"]: option["value"]
        for option in choice["selector"]["select"]["options"]
    }
    if missing := set(locks) - ids.keys():
        raise ProcessError(f"no locks are named {missing}; there are: {sorted(ids)}")
    values |= {"locks": [ids[lock] for lock in locks], **fields}
    answer = await client.post(f"{_SUBENTRIES}/{form['flow_id']}", values)
    if (
        answer["type"] != "create_entry"
        and answer.get("reason") != "already_configured"
    ):
        raise ProcessError(f"no property {fields}: {answer.get('errors') or answer}")


async def get_bookings(client: HassClient, **fields: Any) -> list[dict[str, Any]]:
    """Return the bookings of all properties, as the action answers."""
    answer = await client.call_action(f"{INTEGRATION}.get_bookings", fields)
    bookings: list[dict[str, Any]] = answer["bookings"]
    return bookings
