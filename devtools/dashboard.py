"""Make dashboards with the card on them, over a Home Assistant's WebSocket interface."""

from typing import Any

from .hass_client import HassClient

CARD = {"type": "custom:igloohome-access-card"}

_DEMO = "access-codes"


async def save_dashboard(
    client: HassClient,
    name: str,
    cards: list[dict[str, Any]],
    *,
    in_sidebar: bool = False,
) -> str:
    """Make a dashboard with these cards, or change it, and return its path.

    ``name`` becomes part of the path and needs a hyphen in it; as a title it is shown
    with blanks. Everybody may see the dashboard.
    """
    title = name.replace("-", " ").capitalize()
    if not await _exists(client, name):
        await client.command(
            "lovelace/dashboards/create",
            url_path=name,
            mode="storage",
            title=title,
            icon="mdi:key-chain",
            show_in_sidebar=in_sidebar,
            require_admin=False,
        )
    config = {"views": [{"title": title, "path": "home", "cards": cards}]}
    await client.command("lovelace/config/save", url_path=name, config=config)
    return f"/{name}/home"


async def add_demo_dashboard(client: HassClient) -> None:
    """Give the demo a dashboard with the card, unless it has it already."""
    if not await _exists(client, _DEMO):
        await save_dashboard(client, _DEMO, [CARD], in_sidebar=True)


async def _exists(client: HassClient, name: str) -> bool:
    known = await client.command("lovelace/dashboards/list")
    return name in {dashboard["url_path"] for dashboard in known}
