"""The actions for bookings: look at them, and have a code made now.

For administrators, because their answers open doors.
"""

from typing import Any, cast

from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import (
    config_validation as cv,
    device_registry as dr,
    service,
)
from homeassistant.util.json import JsonValueType
import voluptuous as vol

from .answers import code_answer, preview_answer
from .bookings.actions import BookingState, BookingStatus
from .bookings.runner import PropertyRunner
from .const import DOMAIN
from .coordinator import AccountConfigEntry
from .errors import async_get_texts, rule_violation, wrong_input
from .names import async_lock_name, async_registry_id
from .properties.entity import property_identifier
from .reasons import reason_text
from .rules import RuleViolation
from .targets import TargetLock

ATTR_BOOKING = "booking"
ATTR_DRY_RUN = "dry_run"
ATTR_INCLUDE_PINS = "include_pins"
ATTR_PROPERTY = "property"

GET_SCHEMA = vol.Schema(
    {
        vol.Optional(ATTR_PROPERTY): cv.string,
        vol.Optional(ATTR_BOOKING): cv.string,
        vol.Optional(ATTR_INCLUDE_PINS, default=False): cv.boolean,
    }
)
ISSUE_SCHEMA = vol.Schema(
    {
        vol.Required(ATTR_PROPERTY): cv.string,
        vol.Optional(ATTR_BOOKING): cv.string,
        vol.Optional(ATTR_DRY_RUN, default=False): cv.boolean,
    }
)

_READY = BookingStatus.READY

type Property = tuple[AccountConfigEntry, PropertyRunner]


@callback
def async_setup_booking_services(hass: HomeAssistant) -> None:
    """Register the actions."""
    service.async_register_admin_service(
        hass,
        DOMAIN,
        "get_bookings",
        _async_get_bookings,
        GET_SCHEMA,
        SupportsResponse.ONLY,
    )
    service.async_register_admin_service(
        hass,
        DOMAIN,
        "issue_booking_code",
        _async_issue_code,
        ISSUE_SCHEMA,
        SupportsResponse.OPTIONAL,
    )


async def _async_get_bookings(call: ServiceCall) -> ServiceResponse:
    """Return the bookings of a property, or of all, with their codes."""
    wanted = call.data.get(ATTR_BOOKING)
    bookings: list[JsonValueType] = [
        _answer(call.hass, entry, runner, state, pins=call.data[ATTR_INCLUDE_PINS])
        for entry, runner in _properties(call)
        for state in runner.bookings
        if wanted in (None, state.booking)
    ]
    if wanted is not None and not bookings:
        raise wrong_input("booking_not_found", {"booking": wanted})
    return {"bookings": bookings}


async def _async_issue_code(call: ServiceCall) -> ServiceResponse:
    """Make new codes of a booking now, by default of the next arrival."""
    [(entry, runner)] = _properties(call)
    state = _booking(call, runner)
    try:
        plans = runner.preview(state.booking)
    except RuleViolation as err:
        raise rule_violation(err) from err
    if call.data[ATTR_DRY_RUN]:
        texts = await async_get_texts(call.hass)
        name = runner.config.name_of_code(state.stay)
        codes: list[JsonValueType] = [
            preview_answer(lock, name, plan, plan.notices, texts)
            | {"purpose": purpose.value}
            for lock_id, purpose, plan in plans
            if (lock := _lock(call.hass, entry, lock_id)) is not None
        ]
        if not codes:
            reasons = {
                reason_text(
                    call.hass,
                    "lock_not_listed",
                    {
                        "lock": async_lock_name(call.hass, entry, lock_id),
                        "name": name,
                    },
                )
                for lock_id, _, _ in plans
            }
            raise _not_made(runner, reasons)
        return {"codes": codes, "missing": len(plans) - len(codes)}
    now = await async_issue_now(call.hass, runner, state.booking)
    return _answer(call.hass, entry, runner, now, pins=True)


async def async_issue_now(
    hass: HomeAssistant, runner: PropertyRunner, booking: str
) -> BookingState:
    """Make new codes of a booking, and return how it stands then.

    Raises HomeAssistantError, with the reasons, where not a single one was made.
    """
    await runner.async_issue_again(booking)
    now = next(each for each in runner.bookings if each.booking == booking)
    needs = now.needs.values()
    if now.status.in_trouble and not any(n.status is _READY for n in needs):
        reasons = {
            reason_text(hass, need.reason, need.placeholders)
            for need in needs
            if need.reason is not None
        }
        raise _not_made(runner, reasons)
    return now


def _not_made(runner: PropertyRunner, reasons: set[str]) -> HomeAssistantError:
    """Return what to say when not a single code was made, or would be."""
    return HomeAssistantError(
        translation_domain=DOMAIN,
        translation_key="booking_code_not_made",
        translation_placeholders={
            "property": runner.config.name,
            "reason": " ".join(sorted(reasons)),
        },
    )


def _properties(call: ServiceCall) -> list[Property]:
    """Return the property that is named by its device, or all that are loaded."""
    entries = cast(
        list[AccountConfigEntry], call.hass.config_entries.async_loaded_entries(DOMAIN)
    )
    found = [
        (entry, runner)
        for entry in entries
        for runner in entry.runtime_data.properties.values()
    ]
    wanted = call.data.get(ATTR_PROPERTY)
    if wanted is None:
        return found
    device = dr.async_get(call.hass).async_get(wanted)
    found = [
        (entry, runner)
        for entry, runner in found
        if device is not None
        and property_identifier(str(entry.unique_id), runner.config.property_id)
        in device.identifiers
    ]
    if not found:
        raise wrong_input("not_a_property", {"name": wanted})
    return found


def _booking(call: ServiceCall, runner: PropertyRunner) -> BookingState:
    """Return the booking that is meant: one by its id, or the next arrival."""
    wanted = call.data.get(ATTR_BOOKING)
    if wanted is None:
        if runner.arrival is None:
            raise wrong_input("no_arrival_known", {"property": runner.config.name})
        return runner.arrival
    for state in runner.bookings:
        if state.booking == wanted:
            if state.status is BookingStatus.CANCELLED:
                raise wrong_input("booking_is_cancelled", {"booking": wanted})
            return state
    raise wrong_input("booking_not_found", {"booking": wanted})


def _answer(
    hass: HomeAssistant,
    entry: AccountConfigEntry,
    runner: PropertyRunner,
    state: BookingState,
    *,
    pins: bool,
) -> dict[str, Any]:
    """Return a booking with its codes; times on the clock of the property."""
    account, zone = entry.runtime_data, runner.config.zone
    codes = []
    for issued in runner.codes_of(state.booking):
        code = account.book.get(issued.code_id)
        if code is None:
            continue  # its request is being written to disk, and has not left yet
        codes.append(
            code_answer(hass, account, code, pin=pins)
            | {"purpose": issued.tag.purpose.value}
        )
    return {
        "property": runner.config.name,
        "booking": state.booking,
        "check_in": state.stay.check_in.astimezone(zone).isoformat(),
        "check_out": state.stay.check_out.astimezone(zone).isoformat(),
        "status": state.status.value,
        "missing": state.missing,
        "needs": [
            {
                "lock": async_lock_name(hass, entry, lock_id),
                "purpose": purpose.value,
                "status": need.status.value,
                "code_id": need.code_id,
                "next_attempt": need.next_attempt
                and need.next_attempt.astimezone(zone).isoformat(),
                "reason": need.reason
                and reason_text(hass, need.reason, need.placeholders),
            }
            for (lock_id, purpose), need in state.needs.items()
        ],
        "codes": codes,
    }


def _lock(
    hass: HomeAssistant, entry: AccountConfigEntry, lock_id: str
) -> TargetLock | None:
    """Return a lock as answers name it, None for one that is not listed any more."""
    device = entry.runtime_data.coordinator.data.get(lock_id)
    registry_id = async_registry_id(hass, entry, lock_id)
    if device is None or registry_id is None:
        return None
    return TargetLock(
        entry=entry,
        device=device,
        registry_id=registry_id,
        name=async_lock_name(hass, entry, lock_id),
    )
