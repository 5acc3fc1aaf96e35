"""What an account does by itself, and the issues it raises and takes back."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)

from custom_components.igloohome_access.clouds.base import (
    CreatedCode,
    OfflineCodeRequest,
    OutcomeUnknownError,
)
from custom_components.igloohome_access.const import DOMAIN
from custom_components.igloohome_access.issues import async_clear_code_issues
from custom_components.igloohome_access.ledger import RETENTION_DAYS
from custom_components.igloohome_access.model import (
    CloudNotice,
    CodeKind,
    CodeRecord,
    RecordState,
    Window,
)
from custom_components.igloohome_access.upkeep import can_still_open
from simulator import Simulator
from simulator.seam.scenarios import SEAM_LOCK_RETROFIT

from .codes import (
    START,
    account_of,
    assert_nothing_lost,
    create,
    live_pins,
    lock_of,
    record,
    records_of,
    remote,
    requested,
    until,
)
from .conftest import SetUp

pytestmark = pytest.mark.usefixtures("instant_reads")

ALGOPIN = "/algopin/"
CREATE = "/seam/access_codes/create$"
LONG = timedelta(days=RETENTION_DAYS)
SECOND = timedelta(seconds=1)


@pytest.fixture
async def igloohome(
    freezer: FrozenDateTimeFactory, igloohome_entry: MockConfigEntry, set_up: SetUp
) -> MockConfigEntry:
    """Return an igloohome account, set up at START."""
    freezer.move_to(START)
    return await set_up(igloohome_entry)


@pytest.fixture
async def seam(
    freezer: FrozenDateTimeFactory, seam_entry: MockConfigEntry, set_up: SetUp
) -> MockConfigEntry:
    """Return a Seam account, set up at START."""
    freezer.move_to(START)
    return await set_up(seam_entry)


async def pass_time(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, delta: timedelta
) -> None:
    """Let some time pass."""
    freezer.tick(delta)
    async_fire_time_changed(hass)
    await hass.async_block_till_done(wait_background_tasks=True)


async def tidied(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    entry: MockConfigEntry,
    now: datetime,
    *records: CodeRecord,
) -> set[str]:
    """Return which records are left after a round of upkeep at ``now``."""
    book = account_of(entry).book
    for each in records:
        await book.async_update(each)
    freezer.move_to(now)
    with (
        patch.object(account_of(entry).issuer, "async_resume"),
        patch.object(account_of(entry).coordinator, "_async_refresh"),
    ):
        async_fire_time_changed(hass, now + timedelta(minutes=5))
        await hass.async_block_till_done()
    assert set(book.ledger.records) == {c.code_id for c in book if c.record}
    return set(book.ledger.records)


def issues(hass: HomeAssistant) -> dict[str | None, str]:
    """Return the key of every issue about a code, by the name of the code."""
    return {
        str((issue.translation_placeholders or {})["name"]): str(issue.translation_key)
        for (domain, issue_id), issue in ir.async_get(hass).issues.items()
        if domain == DOMAIN and issue_id.startswith("code_")
    }


# Forgetting

END = START + timedelta(hours=2)
ENDLESS = Window(START, None, "UTC")


@pytest.mark.parametrize(
    ("each", "over_at"),
    [
        pytest.param(record(), END, id="ended"),
        pytest.param(
            record(kind=CodeKind.ONE_TIME, window=ENDLESS, first_used_at=START),
            START + timedelta(days=1),
            id="used",
        ),
        pytest.param(
            record(state=RecordState.FAILED, failed_at=START + timedelta(hours=5)),
            START + timedelta(hours=5),
            id="failed after its end",
        ),
        pytest.param(
            record(state=RecordState.FAILED, failed_at=START),
            END,
            id="failed before its end",
        ),
        pytest.param(
            record(
                kind=CodeKind.PERMANENT,
                window=ENDLESS,
                state=RecordState.FAILED,
                failed_at=START,
            ),
            START,
            id="permanent that failed",
        ),
        pytest.param(
            record(kind=CodeKind.ONLINE, window=ENDLESS, vanished_at=START),
            START,
            id="online that was deleted elsewhere",
        ),
        pytest.param(
            record(superseded_at=START, forgotten_at=START), END, id="superseded"
        ),
        pytest.param(
            record(kind=CodeKind.ONE_TIME, window=ENDLESS),
            START + timedelta(days=1),
            id="one-time without an end",
        ),
    ],
)
async def test_forgets_what_is_long_over(
    hass: HomeAssistant,
    igloohome: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    each: CodeRecord,
    over_at: datetime,
) -> None:
    """Keep a code for as long as promised after it was over, and no longer."""
    late = over_at + LONG
    assert await tidied(hass, freezer, igloohome, late, each) == {"code1"}
    assert await tidied(hass, freezer, igloohome, late + SECOND) == set()


@pytest.mark.parametrize(
    "each",
    [
        pytest.param(record(kind=CodeKind.PERMANENT, window=ENDLESS), id="permanent"),
        pytest.param(
            record(
                kind=CodeKind.PERMANENT,
                window=ENDLESS,
                first_use_by=START + timedelta(days=1),
                forgotten_at=START,
            ),
            id="permanent, unconfirmed and forgotten",
        ),
        pytest.param(record(kind=CodeKind.ONLINE, window=ENDLESS), id="online"),
        pytest.param(requested(), id="requested"),
        pytest.param(requested(window=ENDLESS), id="requested without an end"),
        pytest.param(record(window=Window(START, START + 40 * LONG, "UTC")), id="long"),
        pytest.param(
            record(kind=CodeKind.PERMANENT, window=ENDLESS, state=RecordState.FAILED),
            id="failed, nobody knows when",
        ),
    ],
)
async def test_never_forgets_what_may_open(
    hass: HomeAssistant,
    igloohome: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    each: CodeRecord,
) -> None:
    """Keep a code that can still open a door, and one of which nothing is known."""
    now = START + 20 * LONG
    assert await tidied(hass, freezer, igloohome, now, each) == {"code1"}


async def test_never_forgets_what_could_not_be_removed(
    hass: HomeAssistant, seam: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """Keep a code that the cloud failed to take off the lock, whatever its end."""
    stuck = CloudNotice("failed_to_remove_from_device", "Still there")
    book = account_of(seam).book
    await book.async_update(record(kind=CodeKind.ONLINE))
    listed = remote(kind=CodeKind.ONLINE, status="set", notices=(stuck,))
    await book.async_set_remote([listed])
    now = START + 20 * LONG
    assert await tidied(hass, freezer, seam, now) == {"code1"}
    await book.async_set_remote([replace(listed, notices=())])
    assert await tidied(hass, freezer, seam, now) == set()


# Taking up what is unfinished


async def test_takes_up_soon_what_has_become_unclear(
    hass: HomeAssistant,
    igloohome: MockConfigEntry,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Ask again after a minute, then every few minutes, until it is known."""
    simulator.faults.add(ALGOPIN, "drop_before", times=None)
    with pytest.raises(HomeAssistantError):
        await create(hass, igloohome, lock_of(igloohome), name="Guest")
    await hass.async_block_till_done()
    # At once, not with the next round.
    assert issues(hass) == {"Guest": "code_outcome_unknown"}
    simulator.requests.clear()

    def requests() -> int:
        return simulator.requests.count(path=ALGOPIN)

    await pass_time(hass, freezer, timedelta(seconds=60))
    assert requests() == 0
    await pass_time(hass, freezer, timedelta(seconds=6))
    assert requests() == 1
    await pass_time(hass, freezer, timedelta(seconds=66))
    assert requests() == 2
    # When it is older, the regular rounds are enough.
    await pass_time(hass, freezer, timedelta(minutes=6))
    after = requests()
    await pass_time(hass, freezer, timedelta(seconds=66))
    assert requests() == after
    simulator.faults.clear()
    await pass_time(hass, freezer, timedelta(minutes=5))
    assert_nothing_lost(igloohome, simulator)
    assert len(live_pins(simulator)) == 1
    assert issues(hass) == {}


async def test_no_issue_while_all_is_well(
    hass: HomeAssistant, igloohome: MockConfigEntry, simulator: Simulator
) -> None:
    """Raise no issue for a request that is simply under way."""
    changes: list[Any] = []
    hass.bus.async_listen(ir.EVENT_REPAIRS_ISSUE_REGISTRY_UPDATED, changes.append)
    simulator.faults.add(ALGOPIN, "delay", delay=0)
    await create(hass, igloohome, lock_of(igloohome))
    simulator.faults.add(ALGOPIN, "status", status=400)
    with pytest.raises(HomeAssistantError):
        await create(hass, igloohome, lock_of(igloohome))
    await hass.async_block_till_done()
    assert changes == []


async def test_nothing_goes_on_after_unloading(
    hass: HomeAssistant,
    igloohome: MockConfigEntry,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Ask for nothing and report nothing once the account is unloaded."""
    simulator.faults.add(ALGOPIN, "drop_before", times=None)
    with pytest.raises(HomeAssistantError):
        await create(hass, igloohome, lock_of(igloohome), name="Guest")
    await hass.async_block_till_done()
    account = account_of(igloohome)
    await hass.config_entries.async_unload(igloohome.entry_id)
    assert issues(hass) == {"Guest": "code_outcome_unknown"}
    assert igloohome.unique_id is not None
    async_clear_code_issues(hass, igloohome.unique_id)
    simulator.requests.clear()
    await pass_time(hass, freezer, timedelta(minutes=30))
    await account.issuer.async_resume()
    assert simulator.requests.all == []
    assert issues(hass) == {}


async def test_round_that_outlives_the_account(
    hass: HomeAssistant,
    igloohome: MockConfigEntry,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Report nothing from a round that is still going on when the account goes."""
    simulator.faults.add(ALGOPIN, "drop_before", times=None)
    with pytest.raises(HomeAssistantError):
        await create(hass, igloohome, lock_of(igloohome), name="Guest")
    account, answer = account_of(igloohome), asyncio.Event()

    async def slowly(request: OfflineCodeRequest) -> CreatedCode:
        await answer.wait()
        raise OutcomeUnknownError

    with patch.object(account.cloud, "async_create_offline_code", slowly):
        freezer.tick(timedelta(minutes=5))
        async_fire_time_changed(hass)
        (code_id,) = account.book.ledger.records
        assert account.issuer.is_under_way(code_id)
        removing = hass.async_create_task(
            hass.config_entries.async_remove(igloohome.entry_id)
        )
        await until(account.issuer._closing.is_set)
        answer.set()
        await removing
    await hass.async_block_till_done()
    assert igloohome.state is ConfigEntryState.NOT_LOADED
    assert issues(hass) == {}


async def test_restart_with_open_requests(
    hass: HomeAssistant,
    seam: MockConfigEntry,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Adopt, make, refuse or give up after a restart what was requested before it."""
    simulator.seam.switches.pin_assignment_seconds = 0
    account, lock = account_of(seam), lock_of(seam)
    simulator.faults.add(CREATE, "drop_after")
    simulator.faults.add("/seam/access_codes/list$", "status", status=400, times=None)
    with pytest.raises(HomeAssistantError):
        await create(hass, seam, lock, name="Was made")
    simulator.faults.clear()
    simulator.seam.patch_device(
        SEAM_LOCK_RETROFIT, {"flags": {"can_program_offline_access_codes": False}}
    )
    now, window = START, records_of(seam)[0].window
    cases: dict[str, dict[str, Any]] = {
        "Was not made": {},
        "Is refused": {"target_id": SEAM_LOCK_RETROFIT},
        "Is too late": {"window": Window(now - SECOND * 7200, now, "UTC")},
    }
    for number, (name, changes) in enumerate(cases.items()):
        values = {"window": window, "device_id": lock, "target_id": lock, **changes}
        earlier = now - timedelta(minutes=10)
        await account.book.async_update(
            requested(f"code{number}", name=name, requested_at=earlier, **values)
        )
    await hass.config_entries.async_reload(seam.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    states = {r.name: (r.state, r.failure) for r in records_of(seam)}
    # The list of the lock shows the first one at once; the others were old enough.
    assert states == {
        "Was made": (RecordState.ISSUED, None),
        "Was not made": (RecordState.ISSUED, None),
        "Is refused": (RecordState.FAILED, "cloud_refused"),
        "Is too late": (RecordState.FAILED, "window_passed"),
    }
    assert issues(hass) == {"Is refused": "code_failed", "Is too late": "code_failed"}
    assert_nothing_lost(seam, simulator)


async def test_lock_that_cannot_be_read_after_the_start(
    hass: HomeAssistant,
    seam_entry: MockConfigEntry,
    set_up: SetUp,
    simulator: Simulator,
) -> None:
    """Read the other locks when the codes of one cannot be read."""
    rule = simulator.faults.add("/access_codes/list", "status", status=400)
    await set_up(seam_entry)
    assert seam_entry.state is ConfigEntryState.LOADED
    assert rule.hits == 1
    assert simulator.requests.count(path="/access_codes/list$") == 4


# The account goes and comes back


async def test_removed_and_added_again(
    hass: HomeAssistant,
    igloohome: MockConfigEntry,
    set_up: SetUp,
    simulator: Simulator,
    hass_storage: dict[str, Any],
) -> None:
    """Keep the list while a code in it can open a door, and take it up again."""
    code = await create(hass, igloohome, lock_of(igloohome))
    await hass.config_entries.async_remove(igloohome.entry_id)
    assert [key for key in hass_storage if ".ledger_" in key]
    again = MockConfigEntry(
        domain=DOMAIN, unique_id=igloohome.unique_id, data=dict(igloohome.data)
    )
    await set_up(again)
    assert [r.code_id for r in records_of(again)] == [code["code_id"]]
    assert_nothing_lost(again, simulator)


async def test_removed_with_nothing_left(
    hass: HomeAssistant,
    igloohome: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    hass_storage: dict[str, Any],
) -> None:
    """Delete the list with the account when no code in it can open a door."""
    await create(hass, igloohome, lock_of(igloohome))
    freezer.tick(timedelta(hours=3))
    await hass.config_entries.async_remove(igloohome.entry_id)
    assert not [key for key in hass_storage if ".ledger_" in key]


def test_can_still_open(freezer: FrozenDateTimeFactory) -> None:
    """Tell from the record alone, as it lies on the disk."""
    freezer.move_to(START + timedelta(hours=1))
    assert can_still_open(record())
    assert can_still_open(requested())
    assert can_still_open(record(kind=CodeKind.PERMANENT, window=ENDLESS))
    assert not can_still_open(record(state=RecordState.FAILED))
    freezer.move_to(END)
    assert not can_still_open(record())
