"""The actions: make codes, look at codes, take codes off.

All are for administrators, because their answers open doors. They are registered
when the integration is loaded, so that automations are valid before an account is.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import config_validation as cv, service
from homeassistant.util import dt as dt_util
from homeassistant.util.json import JsonValueType
import voluptuous as vol

from .answers import (
    Failure,
    code_answer,
    collected_answer,
    forgotten_answer,
    preview_answer,
    requested_code,
    warnings,
)
from .booking_services import async_setup_booking_services
from .clouds.base import CloudAuthError, CloudError, OutcomeUnknownError
from .const import DOMAIN
from .errors import Texts, async_get_texts, cloud_failure, rule_violation, wrong_input
from .lifecycle import ends_at
from .model import CodeKind, CodeRequest, CodeStatus
from .names import async_lock_name, shown_code_name
from .online_services import async_delete_online, async_setup_online_services
from .rules import RuleViolation, check_name, plan_code
from .targets import (
    TargetLock,
    async_target_locks,
    code_in_scope,
    code_not_found,
    codes_in_scope,
)
from .wall_clock import local_text

ATTR_CODE_ID = "code_id"
ATTR_DAYS = "days"
ATTR_DRY_RUN = "dry_run"
ATTR_DURATION = "duration"
ATTR_ENDS_AT = "ends_at"
ATTR_FORGET = "forget"
ATTR_INCLUDE_PINS = "include_pins"
ATTR_NAME = "name"
ATTR_STARTS_AT = "starts_at"
ATTR_STATUS = "status"

SERVICE_DELETE_CODE = "delete_code"
SERVICE_GET_CODES = "get_codes"

_CREATE_FIELDS = {
    vol.Required(ATTR_NAME): cv.string,
    vol.Optional(ATTR_STARTS_AT): cv.datetime,
    vol.Optional(ATTR_DRY_RUN, default=False): cv.boolean,
}

CREATE_SCHEMAS: Mapping[CodeKind, Mapping[Any, Any]] = {
    CodeKind.HOURLY: {
        **_CREATE_FIELDS,
        vol.Optional(ATTR_ENDS_AT): cv.datetime,
        vol.Optional(ATTR_DURATION): cv.positive_time_period,
    },
    CodeKind.DAILY: {
        **_CREATE_FIELDS,
        vol.Optional(ATTR_ENDS_AT): cv.datetime,
        vol.Optional(ATTR_DAYS): cv.positive_int,
    },
    CodeKind.ONE_TIME: _CREATE_FIELDS,
    CodeKind.PERMANENT: _CREATE_FIELDS,
}

GET_SCHEMA = vol.Schema(
    {
        **cv.ENTITY_SERVICE_FIELDS,
        vol.Optional(ATTR_STATUS): vol.All(
            cv.ensure_list, [vol.In([status.value for status in CodeStatus])]
        ),
        vol.Optional(ATTR_CODE_ID): vol.All(cv.ensure_list, [cv.string]),
        vol.Optional(ATTR_INCLUDE_PINS, default=False): cv.boolean,
    }
)


DELETE_SCHEMA = vol.Schema(
    {
        **cv.ENTITY_SERVICE_FIELDS,
        vol.Required(ATTR_CODE_ID): cv.string,
        vol.Optional(ATTR_FORGET, default=False): cv.boolean,
    }
)


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register the actions."""
    for kind, fields in CREATE_SCHEMAS.items():
        service.async_register_admin_service(
            hass,
            DOMAIN,
            f"create_{kind}_code",
            partial(_async_create, kind),
            cv.make_entity_service_schema(dict(fields)),
            SupportsResponse.OPTIONAL,
        )
    service.async_register_admin_service(
        hass,
        DOMAIN,
        SERVICE_DELETE_CODE,
        _async_delete_code,
        DELETE_SCHEMA,
        SupportsResponse.OPTIONAL,
    )
    service.async_register_admin_service(
        hass,
        DOMAIN,
        SERVICE_GET_CODES,
        _async_get_codes,
        GET_SCHEMA,
        SupportsResponse.ONLY,
    )
    async_setup_online_services(hass)
    async_setup_booking_services(hass)


async def _async_create(kind: CodeKind, call: ServiceCall) -> ServiceResponse:
    """Make a code of ``kind`` on every lock of the target."""
    locks = async_target_locks(call.hass, call)
    try:
        name = check_name(call.data[ATTR_NAME])
    except RuleViolation as err:
        raise rule_violation(err) from err
    request = CodeRequest(
        kind=kind,
        starts_at=call.data.get(ATTR_STARTS_AT),
        ends_at=call.data.get(ATTR_ENDS_AT),
        duration=call.data.get(ATTR_DURATION),
        days=call.data.get(ATTR_DAYS),
    )
    texts = await async_get_texts(call.hass)
    # One moment for all locks, so that their codes have the same window.
    now = dt_util.utcnow()
    results = await asyncio.gather(
        *(
            _async_create_on(
                call.hass, lock, request, name, now, texts, call.data[ATTR_DRY_RUN]
            )
            for lock in locks
        )
    )
    return collected_answer(call, results, kind, name, texts)


async def _async_create_on(
    hass: HomeAssistant,
    lock: TargetLock,
    request: CodeRequest,
    name: str,
    now: datetime,
    texts: Texts,
    dry_run: bool,
) -> dict[str, Any] | Failure:
    """Make a code on one lock and return its part of the answer."""
    account = lock.entry.runtime_data
    try:
        if not lock.device.takes_offline_codes:
            raise wrong_input("lock_takes_no_offline_codes", {"name": lock.name})
        plan = plan_code(
            request,
            zone=account.coordinator.zone(lock.device),
            now=now,
            cloud=account.cloud.kind,
        )
        if dry_run:
            return preview_answer(
                lock, name, plan, account.issuer.preview(lock.device, plan), texts
            )
        issued = await account.issuer.async_issue(lock.device, plan, name)
    except RuleViolation as err:
        return Failure(lock, account, rule_violation(err))
    except CloudAuthError as err:
        lock.entry.async_start_reauth(hass)
        return Failure(lock, account, cloud_failure(hass, err))
    except OutcomeUnknownError as err:
        requested = requested_code(account, lock.device.device_id, plan, name)
        return Failure(lock, account, cloud_failure(hass, err), requested)
    except CloudError as err:
        return Failure(lock, account, cloud_failure(hass, err))
    except HomeAssistantError as err:
        return Failure(lock, account, err)
    code = account.book.get(issued.record.code_id)
    assert code is not None
    return code_answer(hass, account, code, pin=True) | {
        "warnings": warnings(issued.notices, texts)
    }


async def _async_delete_code(call: ServiceCall) -> ServiceResponse:
    """Delete an online code; take an offline code, which opens on, off the list."""
    entry, code = code_in_scope(call, call.data[ATTR_CODE_ID])
    code_id = code.code_id
    account = entry.runtime_data
    device_id = account.book.device_id(code_id)
    told = {
        "name": shown_code_name(code),
        "lock": async_lock_name(call.hass, entry, device_id),
    }
    if not code.kind.offline:
        return await async_delete_online(call, entry, code)
    if not call.data[ATTR_FORGET]:
        if account.book.status(code_id).ended:
            raise wrong_input("code_is_over", told)
        if (end := ends_at(code)) is None:
            raise wrong_input("permanent_code_not_deletable", told)
        told["ends_at"] = local_text(
            end, account.coordinator.zone_of_code(code, device_id)
        )
        raise wrong_input("offline_code_not_deletable", told)
    if code.record is None:
        raise wrong_input("foreign_code_not_forgettable", told)
    if account.is_under_way(code_id):
        raise wrong_input("code_under_way", told)
    if code.record.forgotten_at is None:
        await account.book.async_update(
            replace(code.record, forgotten_at=dt_util.utcnow())
        )
    texts = await async_get_texts(call.hass)
    return forgotten_answer(call.hass, account, code, texts)


async def _async_get_codes(call: ServiceCall) -> ServiceResponse:
    """Return the codes of the locks in the target, or of all accounts.

    Codes that were taken off the list are only shown to who asks for them by id.
    """
    wanted_status = call.data.get(ATTR_STATUS)
    wanted_ids = call.data.get(ATTR_CODE_ID)
    missing = set(wanted_ids or ())
    answers: list[JsonValueType] = []
    for entry, code in codes_in_scope(call):
        missing.discard(code.code_id)
        forgotten = code.record is not None and code.record.forgotten_at is not None
        wanted = not forgotten if wanted_ids is None else code.code_id in wanted_ids
        account = entry.runtime_data
        status = account.book.status(code.code_id)
        if wanted and (wanted_status is None or status in wanted_status):
            answers.append(
                code_answer(call.hass, account, code, pin=call.data[ATTR_INCLUDE_PINS])
            )
    if missing:
        raise code_not_found(call, missing)
    return {"codes": answers}
