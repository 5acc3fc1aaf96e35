"""The blueprints about bookings, run by Home Assistant."""

from collections.abc import Generator
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.automation.config import AUTOMATION_BLUEPRINT_SCHEMA
from homeassistant.components.blueprint.models import Blueprint, DomainBlueprints
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.setup import async_setup_component
from homeassistant.util.yaml import load_yaml_dict
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_mock_service,
)

from .house import BookingCalendar, pass_time, property_entity, settle

FOLDER = Path(__file__).parents[2] / "blueprints" / "automation"
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def own_blueprints() -> Generator[None]:
    """Let Home Assistant find the blueprints in the repository."""

    def load(blueprints: DomainBlueprints, path: str) -> Blueprint:
        return Blueprint(
            load_yaml_dict(str(FOLDER / path)),
            expected_domain=blueprints.domain,
            path=path,
            schema=AUTOMATION_BLUEPRINT_SCHEMA,
        )

    with patch.object(DomainBlueprints, "_load_blueprint", load):
        yield


async def _automate(
    hass: HomeAssistant, entry: MockConfigEntry, name: str, key: str, **more: Any
) -> list[ServiceCall]:
    """Set up an automation; return a list that grows with what it sends."""
    sent = async_mock_service(hass, "notify", "guest")
    send = [{"action": "notify.guest", "data": {"message": "{{ text }}"}}]
    inputs = {
        "bookings": [property_entity(hass, entry, "event", "bookings")],
        key: send,
        **more,
    }
    assert await async_setup_component(
        hass,
        "automation",
        {
            "automation": {
                "alias": "Test",
                "use_blueprint": {
                    "path": f"igloohome_access/{name}.yaml",
                    "input": inputs,
                },
            }
        },
    )
    await settle(hass)
    assert hass.states.get("automation.test") is not None
    return sent


async def test_sending_the_code(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    calendar: BookingCalendar,
    house: MockConfigEntry,
) -> None:
    """The guest gets the PIN, once for each code, and not again after a restart."""
    sent = await _automate(hass, house, "send_booking_code", "send")
    calendar.book("a@feed", date(2026, 11, 23), date(2026, 11, 26))
    calendar.book("b@feed", date(2026, 11, 24), date(2026, 11, 26))
    await pass_time(hass, freezer, 40 * MINUTE)
    records = list(house.runtime_data.book.ledger.records.values())
    assert len(records) == 2
    texts = [call.data["message"] for call in sent]
    assert len(texts) == 2
    for record, text in zip(records, texts, strict=True):
        assert f" is {record.pin}. It works from " in text
    assert "from 2026-11-23 14:00 until 2026-11-26 12:00." in texts[0]
    assert texts[0].endswith("for the first time before 2026-11-24 14:00.")
    await hass.config_entries.async_reload(house.entry_id)
    await pass_time(hass, freezer, HOUR)
    assert len(sent) == 2
    for state in hass.states.async_all():
        assert str(records[0].pin) not in str(state.as_dict())


@pytest.mark.parametrize("replaced_too", [True, False])
async def test_a_code_that_still_opens(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    calendar: BookingCalendar,
    house: MockConfigEntry,
    replaced_too: bool,
) -> None:
    """The host is told of a code that is not wanted any more and still opens."""
    sent = await _automate(
        hass,
        house,
        "cancelled_booking_still_opens",
        "tell",
        replaced_too=replaced_too,
    )
    calendar.book("a@feed", date(2026, 11, 23), date(2026, 11, 26))
    calendar.book("b@feed", date(2027, 11, 23), date(2027, 11, 26))
    await pass_time(hass, freezer, 40 * MINUTE)
    calendar.book("a@feed", date(2026, 11, 23), date(2026, 11, 27))
    await pass_time(hass, freezer, 40 * MINUTE)
    assert [call.data["message"] for call in sent] == [
        "The code of the booking from 2026-11-23 to 2026-11-27 was replaced, but the "
        "old one opens Guest Room until 2026-11-26 12:00. It cannot be revoked."
    ][: int(replaced_too)]
    sent.clear()
    del calendar.events["a@feed"]
    await pass_time(hass, freezer, 2 * HOUR)
    (call,) = sent
    assert call.data["message"] == (
        "The booking from 2026-11-23 to 2026-11-27 was cancelled, but its code opens "
        "Guest Room until 2026-11-27 12:00. It cannot be revoked."
    )
