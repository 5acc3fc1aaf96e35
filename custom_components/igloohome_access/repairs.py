"""The click that settles a repair issue."""

from functools import partial
from typing import override

from homeassistant.components.repairs import (
    ConfirmRepairFlow,
    RepairsFlow,
    RepairsFlowResult,
    repairs_flow_manager,
)
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant, callback

from .connect_account import Connecting
from .coordinator import AccountEntry
from .model import RecordState


class FailedCodeFlow(ConfirmRepairFlow):
    """Take a code that could not be made off the list."""

    def __init__(self, code_id: str, entry: AccountEntry | None) -> None:
        """Remember which code of which account."""
        super().__init__()
        self._code_id = code_id
        self._entry = entry

    @override
    async def async_step_confirm(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Take the code off when the person agrees."""
        if (
            user_input is not None
            and self._entry is not None
            and self._entry.state is ConfigEntryState.LOADED
        ):
            book = self._entry.runtime_data.book
            record = book.ledger.records.get(self._code_id)
            if record is not None and record.state is RecordState.FAILED:
                await book.async_remove([self._code_id])
        return await super().async_step_confirm(user_input)


class ConnectAccountFlow(ConfirmRepairFlow):
    """Connect an igloohome account to Seam anew."""

    def __init__(self, entry: AccountEntry | None) -> None:
        """Remember the account with Seam."""
        super().__init__()
        self._entry = entry
        self._connecting: Connecting | None = None

    @override
    async def async_step_confirm(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Go on when the person agrees."""
        if user_input is None:
            return await super().async_step_confirm()
        return await self.async_step_connect()

    async def async_step_connect(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Let the person sign in to igloohome on a page of Seam's."""
        if self._connecting is None:
            manager = repairs_flow_manager(self.hass)
            assert manager is not None
            if self._entry is None or self._entry.state is not ConfigEntryState.LOADED:
                return self.async_abort(reason="not_loaded")
            self._connecting = Connecting(
                self.hass, self._entry, partial(manager.async_configure, self.flow_id)
            )
            url = await self._connecting.async_begin()
            if url is None:
                return await self.async_step_not_connected()
            return self.async_external_step(step_id="connect", url=url)
        if not self._connecting.settled:
            return self.async_external_step(step_id="connect", url=self._connecting.url)
        return self.async_external_step_done(
            next_step_id="not_connected" if self._connecting.problem else "connected"
        )

    async def async_step_connected(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Take the issue back, and look again: it returns if it has to."""
        assert self._connecting is not None
        self._connecting.async_finish_later()
        return self.async_create_entry(data={})

    async def async_step_not_connected(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Tell why the account was not connected; the issue stays."""
        assert self._connecting is not None
        return self.async_abort(reason=str(self._connecting.problem))

    @override
    @callback
    def async_remove(self) -> None:
        """Stop watching a page when the flow is closed."""
        if self._connecting is not None:
            self._connecting.async_stop()


async def async_create_fix_flow(
    hass: HomeAssistant, issue_id: str, data: dict[str, str | int | float | None] | None
) -> RepairsFlow:
    """Return the flow behind the button of an issue."""
    assert data is not None
    entry = hass.config_entries.async_get_entry(str(data["entry_id"]))
    if "code_id" not in data:
        return ConnectAccountFlow(entry)
    return FailedCodeFlow(str(data["code_id"]), entry)
