"""The clicks that try again, ask anew or settle something for good.

Over the HTTP interface of the repairs, as the frontend uses it.
"""

from collections.abc import Callable, Coroutine
from datetime import date, timedelta
from pathlib import Path
import shutil
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.repairs import DOMAIN as REPAIRS
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.igloohome_access.codes import CodeBook
from custom_components.igloohome_access.const import DOMAIN
from custom_components.igloohome_access.issues import UNFINISHED
from custom_components.igloohome_access.ledger import LedgerUnwritableError
from custom_components.igloohome_access.model import RecordState, Window
from custom_components.igloohome_access.repairs import CHOICES, FIXES
from simulator import Simulator
from simulator.igloohome.scenarios import BRIDGE, LOCK_BRIDGED, LOCK_UNBRIDGED

from .codes import account_of, requested
from .conftest import IGLOOHOME_UNIQUE_ID, SEAM_WORKSPACE, SetUp
from .flows import TEXTS
from .ledger_disk import write
from .lock_cases import failed
from .online import JOBS, change, issues as code_issues, make, on_gate
from .properties.house import PROPERTY_ID, BookingCalendar, add_calendar, add_property
from .push_world import issues, registered
from .surface import NOW, codes, entity_id, poll
from .test_account_issues import ALWAYS, EVERYTHING, SCOPES

pytestmark = pytest.mark.usefixtures("instant_reads")

REFUSED = {"error": "Unable to contact bridge"}


async def settle(hass: HomeAssistant) -> None:
    """Let everything be done."""
    await hass.async_block_till_done(wait_background_tasks=True)


class Dialogue:
    """What a person sees of an issue, over HTTP."""

    def __init__(self, browser: Any, hass: HomeAssistant, user: MockUser) -> None:
        """Use a client of Home Assistant, as somebody who has just signed in."""
        self._browser = browser
        self._hass = hass
        self._session = next(iter(user.refresh_tokens.values()))

    async def __call__(
        self, issue_id: str, choice: str | None = None, *, menu: list[str] | None = None
    ) -> str:
        """Open an issue and agree, or choose; return how it ends.

        ``done``, or the reason why not.
        """
        issue = ir.async_get(self._hass).async_get_issue(DOMAIN, issue_id)
        assert issue is not None
        assert issue.is_fixable
        texts = TEXTS["issues"][issue.translation_key]["fix_flow"]
        url = "/api/repairs/issues/fix"
        shown = await self._post(url, {"handler": DOMAIN, "issue_id": issue_id})
        text = texts["step"][shown["step_id"]]
        assert text["description"].format(**shown["description_placeholders"])
        if choice is None:
            assert (shown["type"], shown["step_id"]) == ("form", "confirm")
            answer: dict[str, str] = {}
        else:
            assert (shown["type"], shown["step_id"]) == ("menu", "init")
            assert set(shown["menu_options"]) == text["menu_options"].keys()
            answer = {"next_step_id": choice}
        ended = await self._post(f"{url}/{shown['flow_id']}", answer)
        left = ir.async_get(self._hass).async_get_issue(DOMAIN, issue_id)
        if ended["type"] == "create_entry":
            assert left is None
            return "done"
        assert ended["type"] == "abort"
        # A booking is tried every hour again.
        assert left is not None or issue.translation_key == "booking_code_failed"
        assert ended["reason"] in texts["abort"]
        return str(ended["reason"])

    async def _post(self, url: str, data: dict[str, str]) -> Any:
        token = self._hass.auth.async_create_access_token(self._session)
        answer = await self._browser.post(
            url, json=data, headers={"Authorization": f"Bearer {token}"}
        )
        assert answer.status == 200
        return await answer.json()


type Open = Callable[..., Coroutine[Any, Any, Dialogue]]


@pytest.fixture
async def opened(
    hass: HomeAssistant,
    hass_client_no_auth: ClientSessionGenerator,
    hass_admin_user: MockUser,
    hass_access_token: str,
) -> Open:
    """Return what opens the repairs; routes cannot be added after that."""
    assert await async_setup_component(hass, REPAIRS, {})

    async def connect(browser: Any = None) -> Dialogue:
        browser = browser or await hass_client_no_auth()
        return Dialogue(browser, hass, hass_admin_user)

    return connect


def test_every_fix_has_its_issue() -> None:
    """What is fixed here is an issue with a dialogue, whose choices all have names."""
    fixable = {k for k, texts in TEXTS["issues"].items() if "fix_flow" in texts}
    connecting = {"account_disconnected", "account_needs_authorization"}
    assert fixable == {*FIXES, *CHOICES, *connecting, "ledger_set_aside"}
    for key in FIXES:
        flow = TEXTS["issues"][key]["fix_flow"]
        assert flow["step"].keys() == {"confirm"}
        assert flow["abort"].keys() == {"not_fixed", "not_loaded"}
    for key, choices in CHOICES.items():
        flow = TEXTS["issues"][key]["fix_flow"]
        assert flow["step"].keys() == {"init"}
        assert flow["step"]["init"]["menu_options"].keys() == choices.keys()
        assert flow["abort"].keys() == {"not_fixed", "not_loaded"}
    assert TEXTS["issues"]["ledger_set_aside"]["fix_flow"]["abort"].keys() == {
        "not_fixed"
    }
    assert FIXES.keys() | CHOICES.keys() >= UNFINISHED


# Codes whose outcome is not known

UNCLEAR = f"code_{IGLOOHOME_UNIQUE_ID}_code1"


@pytest.fixture
async def unclear(
    hass: HomeAssistant,
    berlin: None,
    simulator: Simulator,
    igloohome_entry: MockConfigEntry,
    set_up: SetUp,
) -> MockConfigEntry:
    """Return an account with a code whose request was not answered."""
    simulator.faults.add("/algopin/", "status", status=503, times=None)
    entry = await set_up(igloohome_entry)
    start = NOW.replace(minute=0, second=0)
    window = Window(start, start + timedelta(hours=2), "Europe/Berlin")
    record = requested(
        device_id=LOCK_UNBRIDGED, target_id=LOCK_UNBRIDGED, window=window
    )
    await account_of(entry).book.async_update(record)
    await settle(hass)
    return entry


async def test_ask_again(
    simulator: Simulator,
    unclear: MockConfigEntry,
    opened: Open,
) -> None:
    """A code is asked for at once; if that does not help, it is said."""
    click = await opened()
    assert await click(UNCLEAR, "again") == "not_fixed"
    simulator.faults.clear()
    assert await click(UNCLEAR, "again") == "done"
    records = account_of(unclear).book.ledger.records
    assert records["code1"].state is RecordState.ISSUED


async def test_forget(
    hass: HomeAssistant,
    unclear: MockConfigEntry,
    opened: Open,
) -> None:
    """A code nobody needs any more is taken off the list."""
    click = await opened()
    with patch.object(type(account_of(unclear)), "is_under_way", return_value=True):
        assert await click(UNCLEAR, "forget") == "not_fixed"
    assert await click(UNCLEAR, "forget") == "done"
    record = account_of(unclear).book.ledger.records["code1"]
    assert record.forgotten_at is not None
    assert await codes(hass) == []


@pytest.mark.parametrize("end", ["unloaded", "removed"])
async def test_no_account(
    hass: HomeAssistant,
    unclear: MockConfigEntry,
    opened: Open,
    end: str,
) -> None:
    """Without the account nothing is done; one that was removed is no trouble."""
    click = await opened()
    issue = ir.async_get(hass).async_get_issue(DOMAIN, UNCLEAR)
    assert issue is not None
    if end == "unloaded":
        await hass.config_entries.async_unload(unclear.entry_id)
        assert await click(UNCLEAR, "again") == "not_loaded"
        return
    unload = hass.config_entries.async_remove

    async def remove_meanwhile(url: str, data: dict[str, str]) -> Any:
        if "next_step_id" in data:
            await unload(unclear.entry_id)
        return await post(url, data)

    post = click._post
    with patch.object(click, "_post", remove_meanwhile):
        assert await click(UNCLEAR, "again") == "done"


# Online codes that are not finished


@pytest.fixture
async def old_pin_left(
    hass: HomeAssistant,
    simulator: Simulator,
    igloohome_entry: MockConfigEntry,
    set_up: SetUp,
) -> str:
    """Return the issue about a bridge that left before the old digits were deleted."""
    simulator.igloohome.switches.pin_job_seconds = 0.02
    await set_up(igloohome_entry)
    code = await make(hass, igloohome_entry, pin="4711")
    simulator.faults.add(JOBS, "status", skip=1, status=406, body=REFUSED, times=None)
    await change(hass, code, pin="8041")
    assert code_issues(hass) == ["code_old_pin_left"]
    return f"code_{igloohome_entry.unique_id}_{code['code_id']}"


async def test_bridge_is_back(
    simulator: Simulator,
    igloohome_entry: MockConfigEntry,
    old_pin_left: str,
    opened: Open,
) -> None:
    """What was left to rest is done at once when a person says so."""
    click = await opened()
    with patch("custom_components.igloohome_access.online_runner.RETRY_AFTER", 3600):
        assert await click(old_pin_left) == "not_fixed"
        # It would rest for an hour now; but the bridge has its power back.
        simulator.faults.clear()
        await account_of(igloohome_entry).online.async_resume()
        assert sorted(on_gate(simulator)) == ["4711", "8041"]
        assert await click(old_pin_left) == "done"
    assert list(on_gate(simulator)) == ["8041"]


async def test_takes_too_long(
    hass: HomeAssistant, simulator: Simulator, old_pin_left: str, opened: Open
) -> None:
    """Nobody is kept waiting for a slow bridge; it goes on without them."""
    simulator.faults.clear()
    click = await opened()
    with patch("custom_components.igloohome_access.repairs.PATIENCE", 0):
        assert await click(old_pin_left) == "not_fixed"
    await settle(hass)
    assert list(on_gate(simulator)) == ["8041"]
    assert code_issues(hass) == []


async def test_gone_elsewhere(
    hass: HomeAssistant,
    simulator: Simulator,
    seam_entry: MockConfigEntry,
    set_up: SetUp,
    opened: Open,
) -> None:
    """A code that somebody deleted elsewhere is taken off the list."""
    simulator.seam.switches.rate_limits = False
    await set_up(seam_entry)
    code = await make(hass, seam_entry, ends_at="2030-06-03 11:20:00")
    (listed,) = simulator.seam.store.codes.values()
    simulator.seam.remove_code(listed.access_code_id)
    with patch(
        "custom_components.igloohome_access.recognition.LISTING_LAG", timedelta()
    ):
        await poll(hass, seam_entry)
        await poll(hass, seam_entry)
    assert code_issues(hass) == ["code_gone_elsewhere"]
    click = await opened()
    assert await click(f"code_{SEAM_WORKSPACE}_{code['code_id']}") == "done"
    assert await codes(hass) == []


async def test_full_disk(
    unclear: MockConfigEntry,
    opened: Open,
) -> None:
    """What cannot be written down is not done, and that is said."""
    click = await opened()
    with patch.object(CodeBook, "async_update", side_effect=LedgerUnwritableError):
        assert await click(UNCLEAR, "forget") == "not_fixed"
    record = account_of(unclear).book.ledger.records["code1"]
    assert record.forgotten_at is None


async def test_code_gone(
    hass: HomeAssistant, igloohome_entry: MockConfigEntry, set_up: SetUp
) -> None:
    """What is not in the list any more is neither taken off nor forgotten."""
    await set_up(igloohome_entry)
    for key in ("code_failed", "code_gone_elsewhere"):
        await FIXES[key](hass, igloohome_entry, {"code_id": "nothing"})
    assert not account_of(igloohome_entry).book.ledger.records


# Permissions


async def test_permission_added(
    hass: HomeAssistant,
    simulator: Simulator,
    igloohome_entry: MockConfigEntry,
    set_up: SetUp,
    opened: Open,
) -> None:
    """A permission that was added in the portal counts at once, without a reload."""
    with patch(SCOPES, return_value=ALWAYS):
        await set_up(igloohome_entry)
        click = await opened()
        reported = [issue.issue_id for issue in issues(hass, "permission")]
        assert len(reported) == 6
        assert await click(reported[0]) == "not_fixed"
    simulator.faults.add("/oauth2/token", "status", status=503, times=None)
    assert await click(reported[0]) == "not_fixed"
    simulator.faults.clear()
    before = account_of(igloohome_entry)
    with patch(SCOPES, return_value=EVERYTHING | ALWAYS):
        assert await click(reported[0]) == "done"
    assert issues(hass, "permission") == []
    assert account_of(igloohome_entry) is before
    # And what it permits is there: the lock behind the bridge can be operated.
    await settle(hass)
    lock = entity_id(hass, igloohome_entry, "lock", LOCK_BRIDGED, "lock")
    assert lock is not None


# Bridges


async def test_try_the_bridge(
    hass: HomeAssistant,
    simulator: Simulator,
    fast_jobs: None,
    igloohome_entry: MockConfigEntry,
    set_up: SetUp,
    opened: Open,
) -> None:
    """A bridge that has its power back is tried at once."""
    simulator.igloohome.switches.query_job_seconds = 0.02
    await set_up(igloohome_entry)
    lock = entity_id(hass, igloohome_entry, "lock", LOCK_BRIDGED, "lock")
    assert lock is not None
    simulator.igloohome.patch_device(BRIDGE, {"online": False})
    for _ in range(3):
        await failed(hass, "unlock", lock)
    issue_id = f"device_{IGLOOHOME_UNIQUE_ID}:{BRIDGE}"
    click = await opened()
    assert await click(issue_id) == "not_fixed"
    simulator.igloohome.patch_device(BRIDGE, {"online": True})
    assert await click(issue_id) == "done"


async def test_bridge_cannot_be_tried(
    hass: HomeAssistant,
    simulator: Simulator,
    fast_jobs: None,
    igloohome_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """Where nothing may be read through a bridge, no click is offered."""
    reading = {
        "get-battery-level-bridge-proxied-job",
        "get-device-status-bridge-proxied-job",
    }
    with patch(SCOPES, return_value=(EVERYTHING | ALWAYS) - reading):
        await set_up(igloohome_entry)
        lock = entity_id(hass, igloohome_entry, "lock", LOCK_BRIDGED, "lock")
        assert lock is not None
        simulator.igloohome.patch_device(BRIDGE, {"online": False})
        for _ in range(3):
            await failed(hass, "unlock", lock)
        issue_id = f"device_{IGLOOHOME_UNIQUE_ID}:{BRIDGE}"
        issue = ir.async_get(hass).async_get_issue(DOMAIN, issue_id)
        assert issue is not None
        assert not issue.is_fixable
        # It was offered, and the permission was taken away meanwhile.
        before = len(simulator.requests.all)
        await FIXES["bridge_is_failing"](hass, igloohome_entry, {"device_id": BRIDGE})
        assert len(simulator.requests.all) == before


# Bookings


@pytest.fixture
async def calendar(hass: HomeAssistant, berlin: None) -> BookingCalendar:
    """Return a calendar."""
    return await add_calendar(hass)


async def test_booking_code(
    hass: HomeAssistant,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
    calendar: BookingCalendar,
    igloohome_entry: MockConfigEntry,
    set_up: SetUp,
    opened: Open,
) -> None:
    """The code of a guest for whom none could be made is made with a click."""
    calendar.book("a@feed", date(2026, 11, 20), date(2026, 11, 22))
    simulator.faults.add("/algopin/", "status", status=400, times=None)
    await set_up(igloohome_entry)
    add_property(hass, igloohome_entry)
    await settle(hass)
    prefix = f"property_{igloohome_entry.unique_id}_{PROPERTY_ID}_"

    def reported() -> list[str]:
        return [i for d, i in ir.async_get(hass).issues if i.startswith(prefix)]

    # Past midnight of the day of arrival: given up.
    freezer.tick(timedelta(hours=12))
    await hass.config_entries.async_reload(igloohome_entry.entry_id)
    await settle(hass)
    (issue_id,) = reported()
    click = await opened()
    assert await click(issue_id) == "not_fixed"
    assert reported() == []
    # It failed again for good, at the end of the day.
    freezer.tick(timedelta(hours=24))
    await hass.config_entries.async_reload(igloohome_entry.entry_id)
    await settle(hass)
    assert reported() == [issue_id]
    simulator.faults.clear()
    assert await click(issue_id) == "done"
    records = account_of(igloohome_entry).book.ledger.records.values()
    assert [r.state for r in records if r.pin is not None] == [RecordState.ISSUED]
    # A property or booking that is gone meanwhile needs no code.
    for about in (
        {"property_id": "gone", "booking": "a"},
        {"property_id": PROPERTY_ID, "booking": "gone"},
    ):
        before = len(simulator.requests.all)
        await FIXES["booking_code_failed"](hass, igloohome_entry, about)
        assert len(simulator.requests.all) == before


# Push


async def refused(
    simulator: Simulator, entry: MockConfigEntry, set_up: SetUp, hass: HomeAssistant
) -> str:
    """Return the issue about an address that Seam does not take."""
    simulator.faults.add(
        path_regex="/webhooks/create",
        kind="status",
        status=400,
        body={"error": {"type": "invalid_input", "message": "url must be public"}},
        times=None,
    )
    await set_up(entry)
    (issue,) = issues(hass, "webhook")
    assert issue.translation_key == "webhook_refused"
    return issue.issue_id


async def test_register_again(
    hass: HomeAssistant,
    simulator: Simulator,
    seam_entry: MockConfigEntry,
    set_up: SetUp,
    opened: Open,
    world: Any,
) -> None:
    """The webhook is registered anew; the issue comes back if it is refused again."""
    issue_id = await refused(simulator, seam_entry, set_up, hass)
    click = await opened(world)
    assert await click(issue_id, "again") in ("done", "not_fixed")
    await settle(hass)
    assert [issue.issue_id for issue in issues(hass, "webhook")] == [issue_id]
    simulator.faults.clear()
    assert await click(issue_id, "again") == "done"
    await settle(hass)
    assert issues(hass, "webhook") == []
    assert len(registered(simulator)) == 1


async def test_do_without_push(
    hass: HomeAssistant,
    simulator: Simulator,
    seam_entry: MockConfigEntry,
    set_up: SetUp,
    opened: Open,
    world: Any,
) -> None:
    """Push is switched off, and nothing is registered any more."""
    issue_id = await refused(simulator, seam_entry, set_up, hass)
    click = await opened(world)
    assert await click(issue_id, "without_push") == "done"
    await settle(hass)
    assert seam_entry.options == {"push": False}
    simulator.faults.clear()
    await hass.config_entries.async_reload(seam_entry.entry_id)
    await settle(hass)
    assert issues(hass, "webhook") == []
    assert registered(simulator) == []


# The ledger


@pytest.fixture
def hass_config_dir(tmp_path: Path) -> str:
    """Give every test a configuration folder of its own."""
    return str(tmp_path)


async def test_delete_damaged_ledger(
    hass: HomeAssistant,
    on_disk: Path,
    igloohome_entry: MockConfigEntry,
    set_up: SetUp,
    opened: Open,
) -> None:
    """The damaged file, which may have PINs in it, is deleted for good."""
    on_disk.mkdir(exist_ok=True)
    key = f"{DOMAIN}.ledger_{IGLOOHOME_UNIQUE_ID}"
    file = on_disk / key
    write(file, {"records": None})
    other = on_disk / f"{key}2.unreadable.20261120"
    shutil.copy(file, other)
    await set_up(igloohome_entry)
    assert len(list(on_disk.glob(f"{key}.unreadable.*"))) == 1
    issue_id = f"ledger_set_aside_{IGLOOHOME_UNIQUE_ID}"
    click = await opened()
    with patch.object(Path, "unlink", side_effect=PermissionError):
        assert await click(issue_id) == "not_fixed"
    assert len(list(on_disk.glob(f"{key}.unreadable.*"))) == 1
    assert await click(issue_id) == "done"
    assert list(on_disk.glob(f"{key}.unreadable.*")) == []
    assert other.exists()
