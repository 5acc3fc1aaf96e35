"""What tests of faults share: a call that fails, and the issue about it."""

from dataclasses import dataclass
from typing import Any, override

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.igloohome_access.clouds.http import HttpPolicy
from custom_components.igloohome_access.const import DOMAIN
from custom_components.igloohome_access.model import CodeKind
from simulator.faults import FaultKind, Faults

from .codes import create, lock_of

_HANGS = (FaultKind.HANG_BEFORE, FaultKind.HANG_AFTER)
_TIMEOUTS = ("read_timeout", "write_timeout")
_PATIENCE = 30.0


@dataclass(frozen=True, kw_only=True)
class WhileHanging(HttpPolicy):
    """Gives up as soon as it says, but only while a rule of ``faults`` does not answer.

    Whatever is answered may take as long as a busy machine needs.
    """

    faults: Faults

    @override
    def __getattribute__(self, name: str) -> Any:
        """Return a setting as it is at this moment."""
        if name in _TIMEOUTS and not any(
            rule.kind in _HANGS and (rule.times is None or rule.hits < rule.times)
            for rule in self.faults.rules
        ):
            return _PATIENCE
        return super().__getattribute__(name)


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
