"""The actions for codes that go through a bridge: make, change, delete, pull a spare.

Registered with the others (services.py). The digits in a call or an answer are never
part of an error.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
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
import voluptuous as vol

from .answers import (
    Failure,
    code_answer,
    collected_answer,
    deleted_answer,
    forgotten_answer,
    preview_answer,
    requested_code,
    warnings,
)
from .clouds.base import CloudAuthError, CloudError, OutcomeUnknownError
from .const import DOMAIN
from .coordinator import Account, AccountConfigEntry
from .errors import Texts, async_get_texts, cloud_failure, rule_violation, wrong_input
from .issuing import Issued
from .model import Code, CodeKind, CodeRequest, CodeStatus, Device, Notice
from .names import async_lock_name, shown_code_name
from .online import OnlineRequest, Problem
from .online_rules import plan_change, plan_online
from .reasons import said_nothing
from .recognition import record_of
from .rules import RuleViolation, check_name
from .targets import TargetLock, async_target_locks, code_in_scope

ATTR_CODE_ID = "code_id"
ATTR_DRY_RUN = "dry_run"
ATTR_ENDS_AT = "ends_at"
ATTR_FORGET = "forget"
ATTR_NAME = "name"
ATTR_ONE_TIME = "one_time"
ATTR_PIN = "pin"
ATTR_STARTS_AT = "starts_at"

_MAKER_GONE = "account_disconnected"


def _digits(value: Any) -> str:
    """Return the digits of a PIN as they were written.

    A number is refused: YAML drops or misreads a leading zero.
    """
    if isinstance(value, str):
        return value
    raise vol.Invalid(
        'write the PIN in quotes, such as "048213"; one from a template needs a blank '
        'between two digits, such as "0 48213"'
    )


_WINDOW_AND_PIN = {
    vol.Optional(ATTR_PIN): _digits,
    vol.Optional(ATTR_STARTS_AT): cv.datetime,
    vol.Optional(ATTR_ENDS_AT): cv.datetime,
}
CREATE_SCHEMA = cv.make_entity_service_schema(
    {
        vol.Required(ATTR_NAME): cv.string,
        **_WINDOW_AND_PIN,
        vol.Optional(ATTR_ONE_TIME, default=False): cv.boolean,
        vol.Optional(ATTR_DRY_RUN, default=False): cv.boolean,
    }
)
UPDATE_SCHEMA = vol.Schema(
    {
        **cv.ENTITY_SERVICE_FIELDS,
        vol.Required(ATTR_CODE_ID): cv.string,
        vol.Optional(ATTR_NAME): cv.string,
        **_WINDOW_AND_PIN,
    }
)
PULL_SCHEMA = vol.Schema(
    {**cv.ENTITY_SERVICE_FIELDS, vol.Required(ATTR_CODE_ID): cv.string}
)


@callback
def async_setup_online_services(hass: HomeAssistant) -> None:
    """Register the actions."""
    for name, action, schema in (
        ("create_online_code", _async_create, CREATE_SCHEMA),
        ("update_online_code", _async_update, UPDATE_SCHEMA),
        ("pull_backup_code", _async_pull, PULL_SCHEMA),
    ):
        service.async_register_admin_service(
            hass, DOMAIN, name, action, schema, SupportsResponse.OPTIONAL
        )


async def _async_create(call: ServiceCall) -> ServiceResponse:
    """Make one code on every lock of the target."""
    locks = async_target_locks(call.hass, call)
    name = _checked_name(call)
    texts = await async_get_texts(call.hass)
    # One moment for all locks, so that their codes have the same window.
    now = dt_util.utcnow()
    planned = [_planned(lock, call, now) for lock in locks]
    results: list[dict[str, Any] | Failure] = [
        Failure(lock, lock.entry.runtime_data, request)
        if isinstance(request, HomeAssistantError)
        else _preview(lock, request, name, call.data.get(ATTR_PIN), texts)
        for lock, request in zip(locks, planned, strict=True)
    ]
    if call.data[ATTR_DRY_RUN]:
        return collected_answer(call, results, CodeKind.ONLINE, name, texts)
    by_account: dict[str, list[int]] = {}
    for index, lock in enumerate(locks):
        if isinstance(planned[index], OnlineRequest):
            by_account.setdefault(lock.entry.entry_id, []).append(index)

    async def create(indices: Sequence[int]) -> None:
        requests = [p for i in indices if isinstance(p := planned[i], OnlineRequest)]
        # Kept: the account may be unloaded meanwhile.
        account = locks[indices[0]].entry.runtime_data
        pin = call.data.get(ATTR_PIN)
        outcomes: Sequence[Issued | Problem]
        try:
            outcomes = await account.online.async_create(requests, name, pin)
        except HomeAssistantError as err:
            outcomes = [err] * len(requests)
        for index, request, outcome in zip(indices, requests, outcomes, strict=True):
            results[index] = _result(
                call.hass, locks[index], account, request, name, outcome, texts
            )

    await asyncio.gather(*map(create, by_account.values()))
    return collected_answer(call, results, CodeKind.ONLINE, name, texts)


def _preview(
    lock: TargetLock, request: OnlineRequest, name: str, pin: str | None, texts: Texts
) -> dict[str, Any] | Failure:
    """Return what a code would be on a lock, or which rule it breaks."""
    account = lock.entry.runtime_data
    try:
        notices = account.online.preview(request, pin)
    except RuleViolation as err:
        return Failure(lock, account, rule_violation(err))
    return preview_answer(lock, name, request.plan, tuple(notices), texts)


def _checked_name(call: ServiceCall) -> str:
    try:
        return check_name(call.data[ATTR_NAME])
    except RuleViolation as err:
        raise rule_violation(err) from err


def _planned(
    lock: TargetLock, call: ServiceCall, now: datetime
) -> OnlineRequest | HomeAssistantError:
    """Return what is wanted on a lock, or why it cannot be."""
    account, device = lock.entry.runtime_data, lock.device
    one_time: bool = call.data[ATTR_ONE_TIME]
    try:
        _check_reachable(device, lock.name)
        plan = plan_online(
            _request(call),
            zone=account.coordinator.zone(device),
            now=now,
            cloud=account.cloud.kind,
            one_time=one_time,
        )
    except RuleViolation as err:
        return rule_violation(err)
    except HomeAssistantError as err:
        return err
    return OnlineRequest(device=device, plan=plan, one_time=one_time)


def _request(call: ServiceCall) -> CodeRequest:
    return CodeRequest(
        kind=CodeKind.ONLINE,
        starts_at=call.data.get(ATTR_STARTS_AT),
        ends_at=call.data.get(ATTR_ENDS_AT),
    )


def _check_reachable(device: Device, name: str) -> None:
    """Raise HomeAssistantError where no code can get onto a lock."""
    if not device.takes_online_codes:
        raise wrong_input("lock_has_no_bridge", {"name": name})
    if any(note.error and note.code == _MAKER_GONE for note in device.notices):
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key="maker_account_disconnected",
            translation_placeholders={"name": name},
        )


def _result(
    hass: HomeAssistant,
    lock: TargetLock,
    account: Account,
    request: OnlineRequest,
    name: str,
    outcome: Issued | Problem,
    texts: Texts,
) -> dict[str, Any] | Failure:
    """Return a lock's part of the answer."""
    if not isinstance(outcome, Issued):
        requested = None
        if isinstance(outcome, OutcomeUnknownError):
            requested = requested_code(
                account, lock.device.device_id, request.plan, name
            )
        return Failure(lock, account, _error(hass, lock.entry, outcome), requested)
    code = account.book.get(outcome.record.code_id)
    assert code is not None
    return code_answer(hass, account, code, pin=True) | {
        "warnings": warnings(outcome.notices, texts)
    }


def _error(
    hass: HomeAssistant, entry: AccountConfigEntry, problem: Problem
) -> HomeAssistantError:
    """Return the exception for what went wrong; refused credentials are asked for."""
    if isinstance(problem, RuleViolation):
        return rule_violation(problem)
    if isinstance(problem, CloudError):
        if isinstance(problem, CloudAuthError):
            entry.async_start_reauth(hass)
        return cloud_failure(hass, problem)
    return problem


async def _async_update(call: ServiceCall) -> ServiceResponse:
    """Change name, digits or window of an online code."""
    hass = call.hass
    entry, code = code_in_scope(call, call.data[ATTR_CODE_ID])
    account = entry.runtime_data
    told = {
        "name": shown_code_name(code),
        "lock": async_lock_name(hass, entry, account.book.device_id(code.code_id)),
    }
    if {ATTR_NAME, ATTR_PIN, ATTR_STARTS_AT, ATTR_ENDS_AT}.isdisjoint(call.data):
        raise wrong_input("nothing_to_change", told)
    if code.kind.offline:
        raise wrong_input("offline_code_not_changeable", told)
    if _is_makers(code):
        raise wrong_input("code_of_makers_app", told)
    if account.book.status(code.code_id).ended:
        raise wrong_input("ended_code_not_changeable", told)
    device_id = account.book.device_id(code.code_id)
    device = account.coordinator.data.get(device_id)
    if device is None:
        raise wrong_input("lock_not_listed", told)
    _check_reachable(device, told["lock"])
    name = _checked_name(call) if ATTR_NAME in call.data else None
    zone = account.coordinator.zone_of_code(code, device_id)
    now = dt_util.utcnow()
    old = record_of(code, zone.key, now).window
    try:
        window, notices = plan_change(
            old, _request(call), zone=zone, now=now, cloud=account.cloud.kind
        )
        changed = await account.online.async_update(
            code, device, name=name, pin=call.data.get(ATTR_PIN), window=window
        )
    except (CloudError, RuleViolation) as err:
        raise _error(hass, entry, err) from err
    texts = await async_get_texts(hass)
    return _code_response(
        hass, account, code.code_id, (*notices, *changed.notices), texts
    )


def _is_makers(code: Code) -> bool:
    """Return whether a code is one Seam only sees (reference/seam-api.md §7.3)."""
    return code.record is None and code.remote is not None and not code.remote.managed


def _code_response(
    hass: HomeAssistant,
    account: Account,
    code_id: str,
    notices: tuple[Notice, ...],
    texts: Texts,
) -> ServiceResponse:
    code = account.book.get(code_id)
    assert code is not None
    answer = code_answer(hass, account, code, pin=True)
    return {"codes": [answer | {"warnings": warnings(notices, texts)}]}


async def async_delete_online(
    call: ServiceCall, entry: AccountConfigEntry, code: Code
) -> ServiceResponse:
    """Delete an online code.

    With ``forget`` one that cannot be deleted is taken off the list all the same.
    """
    hass, account = call.hass, entry.runtime_data
    told = {
        "name": shown_code_name(code),
        "lock": async_lock_name(hass, entry, account.book.device_id(code.code_id)),
    }
    if _is_makers(code):
        raise wrong_input("code_of_makers_app", told)
    forget: bool = call.data[ATTR_FORGET]
    texts = await async_get_texts(hass)
    device_id = account.book.device_id(code.code_id)
    status = account.book.status(code.code_id)
    # What Seam could not put onto the lock it may put there later on, as long as it
    # has the code.
    at_seam = status is CodeStatus.FAILED and code.remote is not None
    if status.ended and not at_seam:
        if not forget or code.record is None:
            raise wrong_input("code_is_over", told)
    else:
        zone = account.coordinator.zone_of_code(code, device_id)
        try:
            gone = await account.online.async_delete(code, zone.key)
        except (CloudError, RuleViolation, HomeAssistantError) as err:
            code = account.book.get(code.code_id) or code
            busy = account.is_under_way(code.code_id)
            if not forget or code.record is None or busy:
                raise _error(hass, entry, err) from err
        else:
            return deleted_answer(code, gone=gone, told=told, texts=texts)
    assert code.record is not None
    await account.book.async_update(
        replace(code.record, forgotten_at=code.record.forgotten_at or dt_util.utcnow())
    )
    return forgotten_answer(hass, account, code, texts)


async def _async_pull(call: ServiceCall) -> ServiceResponse:
    """Take a spare code that is on the lock already for an online code (Seam)."""
    hass = call.hass
    entry, code = code_in_scope(call, call.data[ATTR_CODE_ID])
    account = entry.runtime_data
    told = {
        "name": shown_code_name(code),
        "lock": async_lock_name(hass, entry, account.book.device_id(code.code_id)),
    }
    remote = code.remote
    if code.kind.offline or remote is None:
        raise wrong_input("code_has_no_backup", told)
    if not remote.backup_available and remote.pulled_backup_id is None:
        raise wrong_input("no_backup_left", told)
    try:
        pulled = await account.online.async_pull_backup(remote.cloud_id)
    except OutcomeUnknownError as err:
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key="backup_outcome_unknown",
            translation_placeholders={"detail": err.detail or said_nothing(hass)},
        ) from err
    except CloudError as err:
        raise _error(hass, entry, err) from err
    texts = await async_get_texts(hass)
    return _code_response(hass, account, pulled.code_id, (), texts)
