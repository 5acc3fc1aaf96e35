"""The digits of online codes are in the ledger and in answers, nowhere else."""

import json
import logging
import re
from typing import Any

from homeassistant.const import EVENT_CALL_SERVICE, MATCH_ALL
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers import (
    device_registry as dr,
    entity_registry as er,
    issue_registry as ir,
)
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.igloohome_access.diagnostics import (
    async_get_config_entry_diagnostics,
)
from simulator import Simulator

from .codes import account_of
from .online import (
    JOBS,
    UPDATE,
    bridges_idle,
    change,
    delete,
    fails,
    make,
    restart,
    resume,
)

PINS = ("482913", "715204", "360258")


async def test_digits_stay_secret(
    hass: HomeAssistant,
    simulator: Simulator,
    entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Through a whole life with faults, in debug logs, states, events and files."""
    caplog.set_level(logging.DEBUG)
    simulator.igloohome.switches.pin_job_seconds = 0.02
    seen: list[str] = []

    @callback
    def note(event: Event[Any]) -> None:
        # Home Assistant itself tells the input of every action (docs/privacy.md).
        if event.event_type != EVENT_CALL_SERVICE:
            seen.append(repr(event) + repr(event.data))

    hass.bus.async_listen(MATCH_ALL, note)
    code = await make(hass, entry, pin=PINS[0])
    assert code["pin"] == PINS[0]
    await change(hass, code, pin=PINS[1], name="Guest")
    refusal = {"error": f"No, not {PINS[2]}"}
    for path in (JOBS, UPDATE):
        simulator.faults.add(path, "status", status=400, body=refusal)
        simulator.faults.add(path, "drop_after", times=None)
    for key in ("cloud_refused", "change_outcome_unknown"):
        assert (
            await fails(
                hass, "update_online_code", code_id=code["code_id"], pin=PINS[2]
            )
            == key
        )
    seen.append(json.dumps(await async_get_config_entry_diagnostics(hass, entry)))
    seen.append(repr(account_of(entry).book.get(code["code_id"])))
    seen += [repr(issue) for issue in ir.async_get(hass).issues.values()]
    simulator.faults.clear()
    await bridges_idle(simulator)
    await restart(hass, entry)
    await resume(hass, entry)
    assert account_of(entry).book.ledger.records[code["code_id"]].pin == PINS[2]
    seen += [str(state.as_dict()) for state in hass.states.async_all()]
    seen += [repr(each) for each in er.async_get(hass).entities.values()]
    seen += [
        repr(each)
        for each in dr.async_entries_for_config_entry(
            dr.async_get(hass), entry.entry_id
        )
    ]
    await delete(hass, code)
    # The harness logs what a Store reads and writes.
    seen += [
        record.getMessage() for record in caplog.records if "pytest" not in record.name
    ]
    for pin in PINS:
        # Not inside the random ids of Home Assistant's registries, and not as the
        # fraction of the second of a moment.
        alone = re.compile(rf"(?<![0-9a-fA-F])(?<![0-9]\.){pin}(?![0-9a-fA-F])")
        assert not [text for text in seen if alone.search(text)]
