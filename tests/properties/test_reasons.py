"""Why a booking has no code, in words: never half a sentence, never a key."""

from datetime import timedelta
import json
import re
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from homeassistant.helpers.translation import async_get_translations
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.igloohome_access.clouds.base import (
    BridgeBusyError,
    BridgeOfflineError,
    CloudAuthError,
    CloudError,
    CloudNotFoundError,
    CloudPermissionError,
    CloudRateLimitedError,
    CloudRefusedError,
    CloudUnreachableError,
    DuplicateCodeError,
    LockFullError,
    OutcomeUnknownError,
)
from custom_components.igloohome_access.const import DOMAIN
from custom_components.igloohome_access.errors import cloud_failure, failure
from custom_components.igloohome_access.ledger import LedgerUnwritableError
from custom_components.igloohome_access.online_steps import (
    ChangeUnfinishedError,
    JobExpiredError,
    JobFailedError,
)
from custom_components.igloohome_access.reasons import reason_text
from custom_components.igloohome_access.rules import RuleViolation
from simulator import Simulator
from simulator.igloohome.scenarios import BRIDGE
from tests.conftest import SetUp
from tests.flows import INTEGRATION
from tests.surface import act

from .house import (
    HOUR,
    BookingCalendar,
    add_property,
    book_soon,
    pass_time,
    property_entity,
    property_state,
    settle,
)

pytestmark = pytest.mark.usefixtures("quiet_log")

END = r"[.!?。！？]"
GUEST_CODE = ("sensor", "guest_code")
ERRORS = [
    CloudAuthError(),
    CloudNotFoundError(),
    CloudPermissionError(),
    BridgeOfflineError(),
    BridgeBusyError(),
    DuplicateCodeError(),
    LockFullError(),
    JobFailedError(),
    JobExpiredError(),
    ChangeUnfinishedError(),
    CloudRefusedError("", "code_gone"),
    CloudRefusedError("", "no_bridge"),
    CloudRefusedError(),
    CloudUnreachableError(),
    OutcomeUnknownError(),
]
"""What a cloud may say without saying more."""
LANGUAGES = sorted((INTEGRATION / "translations").glob("*.json"))


async def _reasons(hass: HomeAssistant) -> list[str | None]:
    """Return the reasons of the needs, as the action tells them."""
    found = await act(hass, "get_bookings")
    bookings: Any = found["bookings"]
    return [need["reason"] for one in bookings for need in one["needs"]]


@pytest.mark.parametrize("path", LANGUAGES, ids=lambda path: path.stem)
async def test_every_reason_in_every_language(
    hass: HomeAssistant, house: MockConfigEntry, path: Any
) -> None:
    """Whatever is known: whole sentences, without a dash, a gap or a key."""
    hass.config.language = path.stem
    await async_get_translations(hass, path.stem, "exceptions", [DOMAIN])
    texts = json.loads(path.read_text())["exceptions"]
    unknown = texts["reason_unknown"]["message"]
    for key, text in texts.items():
        names = re.findall(r"{(\w+)}", text["message"])
        given: list[dict[str, str]] = [
            {},
            dict.fromkeys(names, "-"),
            {"detail": "-", **{n: "Ab." for n in names if n != "detail"}},
        ]
        for placeholders in given:
            reason = reason_text(hass, key, placeholders)
            if re.search(END, text["message"]):  # else it is part of an entry of a log
                assert re.search(f"{END}$", reason), (key, reason)
            assert not re.search(r"[{}]|[-–—]$", reason), (key, reason)
            assert key not in reason
        full = reason_text(hass, key, dict.fromkeys(names, "Ab"))
        assert full == re.sub(r"{\w+}", "Ab", text["message"])
    for error in ERRORS:
        key, told = failure(error)
        said = reason_text(hass, key, told)
        assert said != unknown
        assert texts[key]["message"].startswith(said)
        raised = cloud_failure(hass, error)
        assert raised.translation_key == key
        filled = texts[key]["message"].format(**raised.translation_placeholders or {})
        assert filled.endswith(texts["cloud_said_nothing"]["message"])
    assert reason_text(hass, "not_there_any_more", {"detail": "Ab"}) == unknown
    assert reason_text(hass, None) == unknown


async def test_a_language_that_is_not_loaded_yet(
    hass: HomeAssistant, house: MockConfigEntry
) -> None:
    """Then there is no text, rather than a key."""
    path = "custom_components.igloohome_access.reasons"
    with patch(f"{path}.async_get_cached_translations", return_value={}):
        assert reason_text(hass, "cloud_refused", {"detail": "No"}) == ""


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (
            CloudRefusedError("Door ajar"),
            "The cloud refused this; nothing was done. It said: Door ajar",
        ),
        (CloudRefusedError(""), "The cloud refused this; nothing was done."),
        (
            CloudPermissionError("No"),
            "The credentials lack a permission. Add it to the API client and reload "
            "the account. The cloud said: No",
        ),
        (
            CloudPermissionError("", "algopin-daily"),
            "The credentials lack the permission algopin-daily. Add it to the API "
            "client and reload the account.",
        ),
        (
            CloudRateLimitedError(retry_after=90),
            "The cloud asks to wait; nothing was done. Try again in 90 seconds.",
        ),
        (
            RuleViolation("lock_full", count="199", limit="199"),
            "199 PINs are in use on this lock; it holds 199. Wait until some have "
            "ended, or delete some at the lock with the igloohome app.",
        ),
        (HomeAssistantError("odd"), "The cloud refused this; nothing was done."),
        (
            HomeAssistantError(
                translation_domain="homeassistant", translation_key="odd_key"
            ),
            "The cloud refused this; nothing was done.",
        ),
    ],
)
async def test_what_is_said(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    calendar: BookingCalendar,
    house: MockConfigEntry,
    error: CloudError | RuleViolation | HomeAssistantError,
    reason: str,
) -> None:
    """With what the cloud said, also after a restart; without it no half sentence."""
    with patch.object(house.runtime_data.issuer, "async_issue", side_effect=error):
        await book_soon(hass, freezer, calendar)
        assert await _reasons(hass) == [reason]
        with pytest.raises(HomeAssistantError) as caught:
            await act(
                hass,
                "issue_booking_code",
                property=_property_device(hass, house),
            )
    assert (caught.value.translation_placeholders or {})["reason"] == reason
    with patch(
        "custom_components.igloohome_access.issuing.Issuer.async_issue",
        side_effect=error,
    ):
        await hass.config_entries.async_reload(house.entry_id)
        await settle(hass)
        assert await _reasons(hass) == [reason]


async def test_the_ledger_cannot_be_written(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    calendar: BookingCalendar,
    house: MockConfigEntry,
) -> None:
    """A text of ours without anything to fill in."""
    error = LedgerUnwritableError()
    with patch.object(house.runtime_data.issuer, "async_issue", side_effect=error):
        await book_soon(hass, freezer, calendar)
    [reason] = await _reasons(hass)
    assert reason is not None
    assert reason.endswith(".")
    assert "ledger_unwritable" not in reason


@pytest.mark.parametrize(
    ("lock", "key", "reason"),
    [
        (
            "gone",
            "lock_not_listed",
            "gone, the lock of the code Beach house 2026-11-23, is not in the account "
            "any more.",
        ),
        (
            BRIDGE,
            "lock_takes_no_offline_codes",
            "Hall Bridge takes no offline codes. Choose another lock, or pair its "
            "keypad.",
        ),
    ],
)
async def test_a_lock_without_codes(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    calendar: BookingCalendar,
    igloohome_entry: MockConfigEntry,
    set_up: SetUp,
    lock: str,
    key: str,
    reason: str,
) -> None:
    """That it went away or takes no codes is the reason; lock and code are named."""
    igloohome_entry.add_to_hass(hass)
    add_property(hass, igloohome_entry, locks=[lock])
    await set_up(igloohome_entry)
    await book_soon(hass, freezer, calendar)
    assert await _reasons(hass) == [reason]
    state = property_state(hass, igloohome_entry, "sensor", "next_arrival_code")
    assert (state.state, state.attributes["reason"]) == ("retrying", key)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"message": "Pick PIN 7319 046 52"}, " It said: Pick PIN ***"),
        ({}, " It said: HTTP 400"),
    ],
)
async def test_the_repair_issue(
    hass: HomeAssistant,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
    calendar: BookingCalendar,
    house: MockConfigEntry,
    hass_storage: dict[str, Any],
    body: dict[str, str],
    said: str,
) -> None:
    """It says what the cloud said, without digits that could be a PIN."""
    simulator.faults.add("/algopin/", "status", status=400, times=None, body=body)
    await book_soon(hass, freezer, calendar)
    await pass_time(hass, freezer, 84 * HOUR, timedelta(minutes=30))
    [issue] = [
        one
        for one in ir.async_get(hass).issues.values()
        if one.translation_key == "booking_code_failed"
    ]
    assert issue.translation_placeholders is not None
    assert issue.translation_placeholders["reason"] == (
        f"The cloud refused this; nothing was done.{said}"
    )
    stored = json.dumps(hass_storage[f"{DOMAIN}.bookings_{house.unique_id}"])
    assert "7319" not in stored
    assert said.removeprefix(" It said: ") in stored


def _property_device(hass: HomeAssistant, entry: MockConfigEntry) -> str:
    """Return Home Assistant's id of the property."""
    found = er.async_get(hass).async_get(property_entity(hass, entry, *GUEST_CODE))
    assert found is not None
    assert found.device_id is not None
    return found.device_id
