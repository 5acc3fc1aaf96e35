"""The bookings as they are asked for while a code is being made."""

import asyncio
from datetime import date, timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.igloohome_access.const import DOMAIN
from custom_components.igloohome_access.model import CodeRecord

from .house import BookingCalendar, pass_time


async def test_while_a_request_is_being_written(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    calendar: BookingCalendar,
    house: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The booking is there, and no code of it before the request is on the disk."""
    ledger = house.runtime_data.book.ledger
    reserve = ledger.async_reserve
    seen: list[Any] = []

    async def ask() -> None:
        answer = await hass.services.async_call(
            DOMAIN, "get_bookings", {}, blocking=True, return_response=True
        )
        seen.append(answer)

    async def slowly(record: CodeRecord) -> None:
        writing = hass.async_create_task(reserve(record))
        await asyncio.sleep(0)
        assert record.code_id in ledger.records
        await ask()
        await writing

    monkeypatch.setattr(ledger, "async_reserve", slowly)
    calendar.book("a@feed", date(2026, 11, 23), date(2026, 11, 26))
    await pass_time(hass, freezer, timedelta(minutes=40))
    await ask()
    found = [
        (booking["status"], [code["status"] for code in booking["codes"]])
        for answer in seen
        for booking in answer["bookings"]
    ]
    assert found == [("issuing", []), ("ready", ["scheduled"])]
