"""What tests of the Home Assistant surface do again and again."""

from datetime import UTC, datetime, timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import Context, HomeAssistant, State
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)

from custom_components.igloohome_access.const import DOMAIN

from .flows import TEXTS

type Data = dict[str, Any]

NOW = datetime(2026, 11, 20, 12, 20, 30, tzinfo=UTC)
"""The moment tests with a frozen clock begin at."""


async def poll(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Let the account read its cloud once, as it does by itself every now and then."""
    await entry.runtime_data.coordinator.async_refresh()
    await hass.async_block_till_done()


async def move_to(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, moment: datetime | timedelta
) -> None:
    """Let time pass to a moment or by a while, and the timers go off."""
    if isinstance(moment, timedelta):
        freezer.tick(moment)
    else:
        freezer.move_to(moment)
    async_fire_time_changed(hass)
    await hass.async_block_till_done()


def device(
    hass: HomeAssistant, entry: MockConfigEntry, device_id: str
) -> dr.DeviceEntry | None:
    """Return the device of a cloud's device, None if there is none."""
    return dr.async_get(hass).async_get_device_by_identifier(
        (DOMAIN, f"{entry.unique_id}_{device_id}"), entry.entry_id
    )


def registry_id(hass: HomeAssistant, entry: MockConfigEntry, device_id: str) -> str:
    """Return Home Assistant's id of a cloud's device, which must be there."""
    found = device(hass, entry, device_id)
    assert found is not None
    return found.id


def entity_id(
    hass: HomeAssistant, entry: MockConfigEntry, platform: str, *parts: str
) -> str | None:
    """Return the entity of a device and key, or of a code, None if there is none."""
    unique_id = "_".join((str(entry.unique_id), *parts))
    return er.async_get(hass).async_get_entity_id(platform, DOMAIN, unique_id)


def state(
    hass: HomeAssistant, entry: MockConfigEntry, platform: str, *parts: str
) -> State | None:
    """Return the state of an entity, None if there is no such entity."""
    found = entity_id(hass, entry, platform, *parts)
    return None if found is None else hass.states.get(found)


async def act(
    hass: HomeAssistant,
    action: str,
    data: Data | None = None,
    *,
    response: bool = True,
    context: Context | None = None,
    **more: Any,
) -> Data:
    """Call an action of the integration and return its answer."""
    answer = await hass.services.async_call(
        DOMAIN,
        action,
        {**(data or {}), **more},
        blocking=True,
        context=context,
        return_response=response,
    )
    await hass.async_block_till_done()
    assert (answer is not None) == response
    return dict(answer or {})


async def create(
    hass: HomeAssistant, kind: str, target: str, data: Data | None = None, **more: Any
) -> Data:
    """Make a code on the one lock whose device id is given; return its answer."""
    answer = await act(
        hass,
        f"create_{kind}_code",
        {"device_id": target, "name": "Plumber", **(data or {}), **more},
    )
    (code,) = answer["codes"]
    assert isinstance(code, dict)
    return code


def told(err: HomeAssistantError) -> tuple[str | None, dict[str, str]]:
    """Return the translation key and placeholders of an error of ours."""
    assert err.translation_domain == DOMAIN
    return err.translation_key, dict(err.translation_placeholders or {})


async def codes(hass: HomeAssistant, **data: Any) -> list[Data]:
    """Return the codes an account answers with."""
    found: list[Data] = (await act(hass, "get_codes", data))["codes"]
    return found


async def names(hass: HomeAssistant, **data: Any) -> list[str]:
    """Return the names of the codes an account answers with."""
    return [code["name"] for code in await codes(hass, **data)]


async def refused(
    hass: HomeAssistant, action: str, **data: Any
) -> tuple[str, dict[str, str]]:
    """Return the key and placeholders of the error a call leads to.

    What people read is the whole text, without a placeholder that was left open.
    """
    with pytest.raises(ServiceValidationError) as caught:
        await act(hass, action, data)
    key, placeholders = told(caught.value)
    assert key is not None
    text = TEXTS["exceptions"][key]["message"].format(**placeholders)
    assert str(caught.value) == text.removesuffix(".")
    return key, placeholders
