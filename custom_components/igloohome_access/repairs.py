"""The click that settles a repair issue: what can be put right from here, at once.

An issue goes when its cause is gone. Where a click has not helped, that is said and the
issue stays.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import suppress
from dataclasses import replace
import logging
from typing import Any, override

from homeassistant.components.repairs import (
    ConfirmRepairFlow,
    RepairsFlow,
    RepairsFlowContext,
    RepairsFlowResult,
    repairs_flow_manager,
)
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util

from .account_issues import (
    DISCONNECTED,
    PERMISSIONS,
    REAUTHORIZE,
    WEBHOOK_REFUSED,
    WEBHOOK_UNREACHABLE,
    async_check_account,
    async_update_push_issue,
)
from .bridge_queue import JobKind
from .clouds.base import CloudError
from .clouds.igloohome import IgloohomeCloud
from .connect_account import ConnectSteps
from .const import DOMAIN, OPTION_PUSH
from .coordinator import AccountConfigEntry
from .device_issues import BRIDGE_FAILING
from .issues import (
    FAILED,
    GONE_ELSEWHERE,
    UNCLEAR,
    UNFINISHED,
    async_update_code_issues,
)
from .ledger import SET_ASIDE, Ledger
from .model import RecordState
from .properties.issues import BOOKING_FAILED
from .readings import async_read, readable_device, readings

_LOGGER = logging.getLogger(__name__)

PATIENCE = 45.0
"""Seconds a person is kept waiting; what takes longer goes on without them."""

type Data = Mapping[str, str | int | float | None]
type Fix = Callable[[HomeAssistant, AccountConfigEntry, Data], Awaitable[bool | None]]
"""Returns False where it did not help although the issue may be gone."""


# What can be done


async def _async_take_off(
    hass: HomeAssistant, entry: AccountConfigEntry, data: Data
) -> None:
    """Take a code off the list that could not be made."""
    book = entry.runtime_data.book
    record = book.ledger.records.get(str(data["code_id"]))
    if record is not None and record.state is RecordState.FAILED:
        await book.async_remove([record.code_id])


async def _async_forget(
    hass: HomeAssistant, entry: AccountConfigEntry, data: Data
) -> None:
    """Take a code off the list that nobody can do anything about."""
    book = entry.runtime_data.book
    record = book.ledger.records.get(str(data["code_id"]))
    if record is not None and not entry.runtime_data.is_under_way(record.code_id):
        await book.async_update(
            replace(record, forgotten_at=record.forgotten_at or dt_util.utcnow())
        )


async def _async_finish_codes(
    hass: HomeAssistant, entry: AccountConfigEntry, data: Data
) -> None:
    """Go on with everything that is unfinished, now rather than later."""
    account = entry.runtime_data

    async def resume() -> None:
        await account.issuer.async_resume()
        await account.online.async_resume(at_once=True)
        async_update_code_issues(hass, entry, account)

    await _async_wait_for(hass, entry, resume())


async def _async_ask_for_permissions(
    hass: HomeAssistant, entry: AccountConfigEntry, data: Data
) -> None:
    """See with a new token what has been added in the portal."""
    account = entry.runtime_data
    assert isinstance(account.cloud, IgloohomeCloud)
    try:
        await account.cloud.async_permissions(fresh=True)
    except CloudError:
        # No token, no news: the issue stays.
        return
    await async_check_account(hass, entry, account)
    await account.coordinator.async_refresh()


async def _async_try_bridge(
    hass: HomeAssistant, entry: AccountConfigEntry, data: Data
) -> None:
    """Ask for something small through a bridge."""
    account = entry.runtime_data
    device = readable_device(account.coordinator.data, str(data["device_id"]))

    if device is None:
        return
    reading = readings(device)[-1]

    async def read() -> None:
        # Why it came to nothing shows in the issue, which stays.
        with suppress(HomeAssistantError):
            await async_read(hass, account, device, reading, JobKind.READING)

    await _async_wait_for(hass, entry, read())


async def _async_issue_booking(
    hass: HomeAssistant, entry: AccountConfigEntry, data: Data
) -> bool:
    """Try once more to make the codes of a booking.

    From now on it is tried every hour again, so the issue goes at first.
    """
    runner = entry.runtime_data.properties.get(str(data["property_id"]))
    booking = str(data["booking"])

    def missing() -> bool:
        return runner is not None and any(
            each.booking == booking and each.status.in_trouble
            for each in runner.bookings
        )

    if runner is not None and missing():
        await _async_wait_for(hass, entry, runner.async_issue_again(booking))
    return not missing()


async def _async_look_again(
    hass: HomeAssistant, entry: AccountConfigEntry, data: Data
) -> None:
    """Register the webhook anew, and watch from now on whether news arrives."""
    async_update_push_issue(hass, entry, url="", refused=None, unreachable=False)
    await hass.config_entries.async_reload(entry.entry_id)


async def _async_do_without_push(
    hass: HomeAssistant, entry: AccountConfigEntry, data: Data
) -> None:
    """Switch push off; what is registered at Seam goes with it."""
    async_update_push_issue(hass, entry, url="", refused=None, unreachable=False)
    hass.config_entries.async_update_entry(
        entry, options={**entry.options, OPTION_PUSH: False}
    )


async def _async_wait_for(
    hass: HomeAssistant, entry: AccountConfigEntry, work: Coroutine[Any, Any, None]
) -> None:
    """Wait for something that goes on when it takes too long, or the flow is closed."""
    task = entry.async_create_background_task(hass, work, "igloohome_access repair")
    await asyncio.wait({task}, timeout=PATIENCE)
    if task.done() and not task.cancelled():
        task.result()


FIXES: Mapping[str, Fix] = {
    FAILED: _async_take_off,
    GONE_ELSEWHERE: _async_forget,
    BRIDGE_FAILING: _async_try_bridge,
    BOOKING_FAILED: _async_issue_booking,
    **dict.fromkeys(UNFINISHED - {UNCLEAR}, _async_finish_codes),
    **dict.fromkeys(PERMISSIONS, _async_ask_for_permissions),
}
"""What happens when a person agrees."""

_ABOUT_PUSH: Mapping[str, Fix] = {
    "again": _async_look_again,
    "without_push": _async_do_without_push,
}
CHOICES: Mapping[str, Mapping[str, Fix]] = {
    UNCLEAR: {"again": _async_finish_codes, "forget": _async_forget},
    WEBHOOK_REFUSED: _ABOUT_PUSH,
    WEBHOOK_UNREACHABLE: _ABOUT_PUSH,
}
"""What a person can choose from."""


# The dialogues


class FixFlow(ConfirmRepairFlow):
    """Do something about an issue, and tell when that has not helped."""

    def __init__(self, entry: AccountConfigEntry | None, key: str, data: Data) -> None:
        """Take the account, what kind of issue it is, and what it is about."""
        super().__init__()
        self._entry = entry
        self._key = key
        self._about = data

    @override
    async def async_step_init(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Ask whether to do it, or what to do."""
        if self._key in FIXES:
            return await self.async_step_confirm()
        issue = ir.async_get(self.hass).async_get_issue(DOMAIN, self.issue_id)
        return self.async_show_menu(
            step_id="init",
            menu_options=list(CHOICES[self._key]),
            description_placeholders=None
            if issue is None
            else issue.translation_placeholders,
        )

    @override
    async def async_step_confirm(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Do it when the person agrees."""
        if user_input is None:
            return await super().async_step_confirm()
        return await self._async_do(FIXES[self._key])

    async def async_step_again(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Try again, now."""
        return await self._async_do(CHOICES[self._key]["again"])

    async def async_step_forget(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Take the code off the list."""
        return await self._async_do(CHOICES[self._key]["forget"])

    async def async_step_without_push(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Do without push."""
        return await self._async_do(CHOICES[self._key]["without_push"])

    async def _async_do(self, fix: Fix) -> RepairsFlowResult:
        entry = self._entry
        if entry is not None and entry.state is not ConfigEntryState.LOADED:
            # An account that was removed is no trouble any more.
            if self.hass.config_entries.async_get_entry(entry.entry_id) is not None:
                return self.async_abort(reason="not_loaded")
        elif entry is not None:
            try:
                helped = await fix(self.hass, entry, self._about)
            except HomeAssistantError as err:
                # The disk, above all; it has its own line in the log.
                _LOGGER.debug("A repair came to nothing: %s", err.translation_key)
                helped = False
            issue = ir.async_get(self.hass).async_get_issue(DOMAIN, self.issue_id)
            if helped is False or issue is not None:
                return self.async_abort(reason="not_fixed")
        return self.async_create_entry(data={})


class FileAsideFlow(ConfirmRepairFlow):
    """Delete a ledger that could not be read."""

    def __init__(self, account_id: str) -> None:
        """Remember whose ledger; the account may be gone."""
        super().__init__()
        self._account_id = account_id

    @override
    async def async_step_confirm(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Delete it when the person agrees."""
        if user_input is not None:
            try:
                await Ledger(self.hass, self._account_id).async_delete_files_aside()
            except OSError:
                return self.async_abort(reason="not_fixed")
        return await super().async_step_confirm(user_input)


class ConnectAccountFlow(
    ConnectSteps[RepairsFlowContext, RepairsFlowResult], ConfirmRepairFlow
):
    """Connect an igloohome account to Seam anew."""

    def __init__(self, entry: AccountConfigEntry | None) -> None:
        """Remember the account with Seam."""
        super().__init__()
        self._entry = entry

    @override
    async def async_step_confirm(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Go on when the person agrees."""
        if user_input is None:
            return await super().async_step_confirm()
        return await self.async_step_connect()

    async def async_step_connected(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Take the issue back, and look again: it returns if it has to."""
        assert self._connecting is not None
        self._connecting.async_finish_later()
        return self.async_create_entry(data={})

    @override
    def _account_to_connect(self) -> AccountConfigEntry | None:
        return self._entry

    @override
    async def _async_go_on(self) -> object:
        manager = repairs_flow_manager(self.hass)
        assert manager is not None
        return await manager.async_configure(self.flow_id)


async def async_create_fix_flow(
    hass: HomeAssistant, issue_id: str, data: dict[str, str | int | float | None] | None
) -> RepairsFlow:
    """Return the flow behind the button of an issue."""
    issue = ir.async_get(hass).async_get_issue(DOMAIN, issue_id)
    assert issue is not None
    assert data is not None
    key = str(issue.translation_key)
    if key == SET_ASIDE:
        return FileAsideFlow(str(data["account_id"]))
    entry = hass.config_entries.async_get_entry(str(data["entry_id"]))
    if key in (DISCONNECTED, REAUTHORIZE):
        return ConnectAccountFlow(entry)
    return FixFlow(entry, key, data)
