"""Which client belongs to the credentials a config entry stores."""

from collections.abc import Mapping
from typing import Any

from aiohttp import ClientSession

from .clouds.base import Cloud
from .clouds.igloohome import IgloohomeCloud
from .clouds.seam import SeamCloud
from .const import (
    CONF_ADVANCED,
    CONF_API_KEY,
    CONF_API_URL,
    CONF_AUTH_URL,
    CONF_CLIENT_ID,
    CONF_CLIENT_SECRET,
    CONF_CLOUD,
    CONF_WORKSPACE_ID,
)
from .model import CloudKind


def create_cloud(session: ClientSession, data: Mapping[str, Any]) -> Cloud:
    """Return the client for what a config flow has stored."""
    advanced = data[CONF_ADVANCED]
    if data[CONF_CLOUD] == CloudKind.SEAM:
        return SeamCloud(
            session,
            data[CONF_API_KEY],
            workspace_id=data.get(CONF_WORKSPACE_ID),
            api_url=advanced[CONF_API_URL],
        )
    return IgloohomeCloud(
        session,
        data[CONF_CLIENT_ID],
        data[CONF_CLIENT_SECRET],
        api_url=advanced[CONF_API_URL],
        auth_url=advanced[CONF_AUTH_URL],
    )
