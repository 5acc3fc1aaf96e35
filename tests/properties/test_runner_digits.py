"""Which digits a guest gets on locks with a bridge, and where they must not be."""

from dataclasses import replace
from datetime import date
import json
import logging
import re
from typing import Any
from unittest.mock import patch

from homeassistant.const import MATCH_ALL
from homeassistant.core import CoreState, Event, callback
from homeassistant.helpers import issue_registry as ir
import pytest

from custom_components.igloohome_access.bookings.actions import (
    DeleteOnlineCode,
    UpdateOnlineCode,
)
from custom_components.igloohome_access.bookings.model import CodeTag, Reason
from custom_components.igloohome_access.clouds.base import JobState
from custom_components.igloohome_access.diagnostics import (
    async_get_config_entry_diagnostics,
)
from custom_components.igloohome_access.model import CodeKind
from simulator import Simulator
from simulator.igloohome.scenarios import (
    BRIDGE,
    LOCK_BRIDGED as GATE,
    LOCK_RETROFIT as DOOR,
    LOCK_UNBRIDGED as ROOM,
)
from simulator.seam.scenarios import SEAM_LOCK_BRIDGED
from tests.codes import account_of
from tests.surface import act, poll

from .host import OpenHost
from .house import HOUR, kinds
from .online_house import PHONE, PHONE_DIGITS

DRAWN = "custom_components.igloohome_access.bookings.tasks.draw_for"
AIRBNB = "Phone Number (Last 4 Digits): 7318"

pytestmark = pytest.mark.usefixtures("quick_bridge")


@pytest.mark.parametrize(
    ("title", "description", "digits"),
    [
        ("Reserved", f"Guest's phone: {PHONE}", PHONE_DIGITS),
        ("Reserved", AIRBNB, "7318"),
        (f"Muster {PHONE}", "Two adults", PHONE_DIGITS),
        (f"Muster {PHONE}", AIRBNB, "7318"),
        ("Reserved", "Phone Number (Last 4 Digits): 1234", None),
        ("Reserved", "Phone: +49 151 5512 3456", None),
        ("Reserved", "Mrs Muster comes late", None),
        ("Reserved", None, None),
    ],
)
async def test_of_the_phone_number(
    open_host: OpenHost,
    title: str,
    description: str | None,
    digits: str | None,
) -> None:
    """The last six or all there are; by chance where there are none or weak ones."""
    host = await open_host(code_source="phone")
    with patch(DRAWN, return_value="482915"):
        await host.book(description=description, title=title)
    assert [pin for pin, *_ in host.on_lock()] == [digits or "482915"]


async def test_taken_digits(open_host: OpenHost) -> None:
    """Digits that are on the lock already are not given to another guest."""
    host = await open_host(code_source="phone")
    await host.book(description=AIRBNB)
    host.calendar.book(
        "b@feed", date(2026, 11, 26), date(2026, 11, 28), description=AIRBNB
    )
    await host.pass_time(48 * HOUR, HOUR)
    pins = [record.pin for record in host.online_records()]
    assert len(pins) == 2
    assert pins[0] == "7318"
    assert pins[1] is not None
    assert len(pins[1]) == 6


async def test_one_pin_on_all_locks(open_host: OpenHost) -> None:
    """A guest has the same digits on all locks with a bridge, an algoPIN elsewhere."""
    host = await open_host(locks=[GATE, ROOM, DOOR])
    await host.book()
    found = {record.device_id: record for record in host.records()}
    assert found[GATE].kind is found[DOOR].kind is CodeKind.ONLINE
    assert found[GATE].pin == found[DOOR].pin
    assert found[ROOM].kind is CodeKind.HOURLY


async def test_too_few_digits(open_host: OpenHost, simulator: Simulator) -> None:
    """A lock that wants more digits than the number has gets random ones."""
    simulator.seam.patch_device(SEAM_LOCK_BRIDGED, {"supported_code_lengths": [6]})
    host = await open_host("seam", code_source="phone")
    await host.book(description=AIRBNB)
    ((pin, *_),) = host.on_lock()
    assert len(pin) == 6


async def test_a_lock_that_draws_digits(
    open_host: OpenHost,
    simulator: Simulator,
) -> None:
    """Then there is no choice, and what the guest gets is what the lock drew."""
    simulator.seam.patch_device(
        SEAM_LOCK_BRIDGED,
        {"code_constraints": [{"constraint_type": "cannot_specify_pin_code"}]},
    )
    host = await open_host("seam", code_source="phone")
    await host.book(description=AIRBNB)
    ((pin, *_),) = host.on_lock()
    assert [record.pin for record in host.online_records()] == [pin]


async def test_digits_of_a_code_that_failed(open_host: OpenHost) -> None:
    """They may be on the lock after all, so the next attempt has others."""
    host = await open_host(code_source="phone")
    with patch.object(
        account_of(host.entry).cloud,
        "async_get_job",
        side_effect=_failed_job,
    ):
        await host.book(description=AIRBNB)
    (failed,) = host.online_records()
    assert failed.failure == "lock_refused"
    await host.pass_time(2 * HOUR)
    *_, made = host.online_records()
    assert made.pin is not None
    assert made.pin != failed.pin == "7318"


async def _failed_job(job: Any) -> Any:
    return replace(job, state=JobState.FAILED)


async def test_phone_numbers_after_a_restart(open_host: OpenHost) -> None:
    """They are in no file, so a code that is due waits for the first read."""
    host = await open_host(code_source="phone")
    await host.book((28, 29), description=AIRBNB)
    assert host.on_lock() == []
    await host.hass.config_entries.async_unload(host.entry.entry_id)
    host.freezer.move_to("2026-11-25 12:00:00+00:00")
    host.hass.set_state(CoreState.starting)
    await host.hass.config_entries.async_setup(host.entry.entry_id)
    await host.settle()
    assert host.runner.last_read_ok is None
    assert host.records() == []
    host.hass.set_state(CoreState.running)
    host.hass.bus.async_fire("homeassistant_started")
    await host.settle()
    assert [pin for pin, *_ in host.on_lock()] == ["7318"]


async def test_a_bridge_comes_and_goes(open_host: OpenHost) -> None:
    """Without it: an algoPIN for new dates, and the other is said to open still."""
    host = await open_host()
    await host.book()
    told = host.listen()
    bridge = host.simulator.igloohome.devices[BRIDGE]
    linked = list(bridge.linked)
    bridge.linked[:] = [each for each in linked if each != GATE]
    await poll(host.hass, host.entry)
    await host.book((23, 27))
    assert kinds(told) == ["code_ready", "first_use_deadline", "superseded_still_opens"]
    assert len(host.on_lock()) == 1
    bridge.linked[:] = linked
    await poll(host.hass, host.entry)
    await host.pass_time(HOUR)
    assert kinds(told)[3:] == ["code_deleted"]
    assert host.on_lock() == []
    assert [each.kind for each in host.records()] == [
        CodeKind.ONLINE,
        CodeKind.HOURLY,
    ]


async def test_what_was_taken_off_meanwhile(open_host: OpenHost) -> None:
    """A task for a code or a lock that is gone does nothing."""
    host = await open_host()
    await host.book()
    (record,) = host.records()
    assert record.booking is not None
    tag = CodeTag.of_text(record.booking)
    runner = host.runner
    (state, *_) = runner.bookings
    change = UpdateOnlineCode(
        booking=tag.booking,
        stay=state.stay,
        lock_id="gone",
        purpose=tag.purpose,
        code_id=record.code_id,
        window=record.window,
        tag=tag,
    )
    assert await runner._tasks.async_try(change) == Reason(
        "lock_not_listed", {"lock": "gone", "name": "Beach house 2026-11-23"}
    )
    assert (
        await runner._tasks.async_try(replace(change, lock_id=GATE, code_id="gone"))
        is None
    )
    delete = DeleteOnlineCode(booking=tag.booking, code_id="gone", tag=tag)
    assert await runner._tasks.async_try(delete) is None
    with patch.object(
        account_of(host.entry).online, "async_delete", return_value=False
    ):
        told = await runner._tasks.async_try(replace(delete, code_id=record.code_id))
    assert told == Reason(
        "online_code_being_deleted",
        {"name": "Beach house 2026-11-23", "lock": "Garden Gate"},
    )
    assert host.records() == [record]


@pytest.mark.parametrize("cloud", ["igloohome", "seam"])
async def test_phone_numbers_stay_secret(
    open_host: OpenHost,
    hass_storage: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
    cloud: str,
) -> None:
    """Through failures, a change, a restart and a deletion: in no log, event or file.

    The last digits become the PIN, which is in the ledger and nowhere else.
    """
    caplog.set_level(logging.DEBUG)
    seen: list[str] = []

    @callback
    def note(event: Event[Any]) -> None:
        seen.append(repr(event) + repr(event.data))

    host = await open_host(cloud, code_source="phone")
    host.hass.bus.async_listen(MATCH_ALL, note)
    paths = r"/jobs/bridges/|/seam/access_codes/(create|update|delete)"
    host.simulator.faults.add(paths, "status", status=400, times=None)
    await host.book(description=f"Phone: {PHONE}")
    seen.append(
        json.dumps(await async_get_config_entry_diagnostics(host.hass, host.entry))
    )
    seen += [repr(issue) for issue in ir.async_get(host.hass).issues.values()]
    host.simulator.faults.clear()
    await host.pass_time(HOUR)
    assert [pin for pin, *_ in host.on_lock()] == [PHONE_DIGITS]
    await host.book((23, 27), description=f"Phone: {PHONE}")
    await host.restart()
    seen.append(json.dumps(await act(host.hass, "get_bookings")))
    runner = host.runner
    seen += [repr(vars(runner)["_memory"]), repr(runner.bookings), repr(runner.config)]
    seen += [repr(host.records()), repr(account_of(host.entry).book.get("x"))]
    del host.calendar.events["a@feed"]
    await host.pass_time(3 * HOUR)
    assert host.on_lock() == []
    seen.append(
        json.dumps(await async_get_config_entry_diagnostics(host.hass, host.entry))
    )
    seen += [str(state.as_dict()) for state in host.hass.states.async_all()]
    seen += [
        record.getMessage() for record in caplog.records if "pytest" not in record.name
    ]
    files = {key: json.dumps(kept) for key, kept in hass_storage.items()}
    (ledger,) = (key for key in files if "ledger" in key)
    assert PHONE_DIGITS in files[ledger]
    digits = re.sub("[^0-9]", "", PHONE)
    for secret in (PHONE, digits, digits[-7:], "1515559"):
        assert secret not in str(files)
    seen += [text for key, text in files.items() if key != ledger]
    alone = re.compile(rf"(?<![0-9a-fA-F]){PHONE_DIGITS}(?![0-9a-fA-F])")
    for text in seen:
        assert not alone.search(text)
        assert PHONE not in text
        assert digits[-7:] not in text
