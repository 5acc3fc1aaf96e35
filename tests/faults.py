"""What tests of faults share: a call that fails, and the issue about it."""

from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.igloohome_access.const import DOMAIN
from custom_components.igloohome_access.model import CodeKind

from .codes import create, lock_of


def issue(hass: HomeAssistant) -> str | None:
    """Return what the repair issue about the only code says, if there is one."""
    found = [
        issue
        for (domain, issue_id), issue in ir.async_get(hass).issues.items()
        if domain == DOMAIN and issue_id.startswith("code_")
    ]
    assert len(found) <= 1
    return found[0].translation_key if found else None


async def fails(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    kind: CodeKind = CodeKind.HOURLY,
    **fields: Any,
) -> HomeAssistantError:
    """Make a code, expect that to fail, and return the error."""
    with pytest.raises(HomeAssistantError) as caught:
        await create(hass, entry, lock_of(entry), kind, **fields)
    await hass.async_block_till_done()
    return caught.value
