"""The click that settles a repair issue."""

from typing import override

from homeassistant.components.repairs import (
    ConfirmRepairFlow,
    RepairsFlow,
    RepairsFlowResult,
)
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant

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


async def async_create_fix_flow(
    hass: HomeAssistant, issue_id: str, data: dict[str, str | int | float | None] | None
) -> RepairsFlow:
    """Return the flow behind the button of an issue."""
    assert data is not None
    entry = hass.config_entries.async_get_entry(str(data["entry_id"]))
    return FailedCodeFlow(str(data["code_id"]), entry)
