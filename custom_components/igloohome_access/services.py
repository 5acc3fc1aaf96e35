"""The actions: make codes, look at codes.

All are for administrators, because their answers open doors. They are registered
when the integration is loaded, so that automations are valid before an account is.
"""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any, cast

from homeassistant.config_entries import ConfigEntryState
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
    failed_answer,
    message,
    preview_answer,
    warnings,
)
from .clouds.base import CloudAuthError, CloudError, OutcomeUnknownError
from .const import DOMAIN
from .coordinator import AccountEntry
from .errors import Texts, async_get_texts, cloud_failure, rule_violation, wrong_input
from .model import CodeKind, CodeRequest, CodeStatus
from .rules import RuleViolation, check_name, plan_code
from .targets import TargetLock, async_target_locks

ATTR_CODE_ID = "code_id"
ATTR_DAYS = "days"
ATTR_DRY_RUN = "dry_run"
ATTR_DURATION = "duration"
ATTR_ENDS_AT = "ends_at"
ATTR_INCLUDE_PINS = "include_pins"
ATTR_NAME = "name"
ATTR_STARTS_AT = "starts_at"
ATTR_STATUS = "status"

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
        SERVICE_GET_CODES,
        _async_get_codes,
        GET_SCHEMA,
        SupportsResponse.ONLY,
    )


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
    failures = [result for result in results if isinstance(result, Failure)]
    if len(failures) == len(results):
        worst = next((f for f in failures if f.unclear), failures[0])
        raise worst.error
    if failures and not call.return_response:
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key="some_locks_failed",
            translation_placeholders={
                "locks": ", ".join(f.lock.name for f in failures),
                "reason": message(failures[0].error, texts),
            },
        ) from failures[0].error
    return {
        "codes": [
            failed_answer(result, kind, name, texts)
            if isinstance(result, Failure)
            else result
            for result in results
        ]
    }


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
        return Failure(lock, rule_violation(err))
    except CloudAuthError as err:
        lock.entry.async_start_reauth(hass)
        return Failure(lock, cloud_failure(err))
    except CloudError as err:
        return Failure(
            lock, cloud_failure(err), unclear=isinstance(err, OutcomeUnknownError)
        )
    except HomeAssistantError as err:
        return Failure(lock, err)
    code = account.book.get(issued.record.code_id)
    assert code is not None
    return code_answer(hass, lock.entry, code, pin=True) | {
        "warnings": warnings(issued.notices, texts)
    }


async def _async_get_codes(call: ServiceCall) -> ServiceResponse:
    """Return the codes of the locks in the target, or of all accounts."""
    wanted_status = call.data.get(ATTR_STATUS)
    wanted_ids = call.data.get(ATTR_CODE_ID)
    has_target = any(key in call.data for key in cv.ENTITY_SERVICE_FIELDS)
    locks = async_target_locks(call.hass, call) if has_target else None
    answers: list[JsonValueType] = []
    found: set[str] = set()
    for entry in call.hass.config_entries.async_entries(DOMAIN):
        if entry.state is not ConfigEntryState.LOADED:
            continue
        entry = cast(AccountEntry, entry)
        book = entry.runtime_data.book
        for code in book:
            if locks is not None and not any(
                lock.entry is entry
                and lock.device.device_id == book.device_id(code.code_id)
                for lock in locks
            ):
                continue
            if wanted_ids is not None and code.code_id not in wanted_ids:
                continue
            if wanted_status is not None and book.status(code.code_id) not in (
                wanted_status
            ):
                continue
            found.add(code.code_id)
            answers.append(
                code_answer(call.hass, entry, code, pin=call.data[ATTR_INCLUDE_PINS])
            )
    if missing := [code_id for code_id in wanted_ids or () if code_id not in found]:
        raise wrong_input("code_not_found", {"code_id": ", ".join(missing)})
    return {"codes": answers}
