"""The forms that ask for credentials, and what is made of what a person typed."""

from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any

from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import (
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
import voluptuous as vol
from yarl import URL

from .clouds.igloohome import (
    DEFAULT_API_URL as IGLOOHOME_API_URL,
    DEFAULT_AUTH_URL as IGLOOHOME_AUTH_URL,
)
from .clouds.seam import DEFAULT_API_URL as SEAM_API_URL
from .const import (
    CONF_ADVANCED,
    CONF_API_KEY,
    CONF_API_URL,
    CONF_AUTH_URL,
    CONF_CLIENT_ID,
    CONF_CLIENT_SECRET,
)
from .model import CloudKind

_URL = TextSelector(TextSelectorConfig(type=TextSelectorType.URL))
_SECRET = TextSelector(
    TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="off")
)
_SECRETS = (CONF_API_KEY, CONF_CLIENT_SECRET)

_CREDENTIALS: Mapping[CloudKind, Mapping[vol.Marker, Any]] = {
    CloudKind.IGLOOHOME: {
        vol.Required(CONF_CLIENT_ID): TextSelector(
            TextSelectorConfig(autocomplete="off")
        ),
        vol.Required(CONF_CLIENT_SECRET): _SECRET,
    },
    CloudKind.SEAM: {vol.Required(CONF_API_KEY): _SECRET},
}
_ADDRESSES: Mapping[CloudKind, Mapping[vol.Marker, Any]] = {
    CloudKind.IGLOOHOME: {
        vol.Required(CONF_API_URL, default=IGLOOHOME_API_URL): _URL,
        vol.Required(CONF_AUTH_URL, default=IGLOOHOME_AUTH_URL): _URL,
    },
    CloudKind.SEAM: {vol.Required(CONF_API_URL, default=SEAM_API_URL): _URL},
}


def account_schema(cloud: CloudKind, *, collapsed: bool) -> vol.Schema:
    """Return the form with everything that connects an account."""
    return vol.Schema(
        {**_CREDENTIALS[cloud], **addresses_section(cloud, collapsed=collapsed)}
    )


def addresses_section(
    cloud: CloudKind, *, collapsed: bool
) -> Mapping[vol.Marker, section]:
    """Return the part of a form with the addresses of a cloud."""
    addresses = section(vol.Schema(_ADDRESSES[cloud]), {"collapsed": collapsed})
    return {vol.Required(CONF_ADVANCED): addresses}


def secret_schema(cloud: CloudKind) -> vol.Schema:
    """Return the form with only what a cloud may have refused."""
    return vol.Schema(
        {key: val for key, val in _CREDENTIALS[cloud].items() if key in _SECRETS}
    )


def is_safe_address(text: str) -> bool:
    """Return whether credentials may be sent there: https, or this machine.

    A user name, a query or a fragment would get between the address and the paths
    that are appended to it.
    """
    try:
        url = URL(text)
    except ValueError:
        return False
    if not url.host or url.user or url.password or url.query_string or url.fragment:
        return False
    if url.scheme == "https":
        return True
    if url.scheme != "http":
        return False
    if url.host == "localhost":
        return True
    try:
        return ip_address(url.host).is_loopback
    except ValueError:
        return False


def stripped(user_input: Mapping[str, Any]) -> dict[str, Any]:
    """Return the input without the blanks that come along when pasting."""
    return {
        key: stripped(value) if isinstance(value, Mapping) else value.strip()
        for key, value in user_input.items()
    }


def without_secrets(typed: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return what may be shown again."""
    return {k: v for k, v in (typed or {}).items() if k not in _SECRETS}
