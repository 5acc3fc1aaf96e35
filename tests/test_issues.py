"""Repair issues about codes: raised in words, and taken back."""

from dataclasses import replace
from datetime import timedelta

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr, issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.igloohome_access import issuing, upkeep
from custom_components.igloohome_access.const import DOMAIN
from custom_components.igloohome_access.model import RecordState, Window
from simulator import Simulator

from .codes import (
    START,
    account_of,
    assert_nothing_lost,
    create,
    lock_of,
    record,
    requested,
    settle,
)
from .conftest import SetUp
from .flows import TEXTS
from .surface import registry_id

pytestmark = pytest.mark.usefixtures("instant_reads")

ALGOPIN = "/algopin/"


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


END = START + timedelta(hours=2)
ENDLESS = Window(START, None, "UTC")


def issues(hass: HomeAssistant) -> dict[str | None, str]:
    """Return the key of every issue about a code, by the name of the code."""
    return {
        str((issue.translation_placeholders or {})["name"]): str(issue.translation_key)
        for (domain, issue_id), issue in ir.async_get(hass).issues.items()
        if domain == DOMAIN and issue_id.startswith("code_")
    }


async def test_issue_texts(
    hass: HomeAssistant, igloohome: MockConfigEntry, simulator: Simulator
) -> None:
    """Say in words which code, which lock and why; a key is no reason."""
    book = account_of(igloohome).book
    lock = lock_of(igloohome)
    dr.async_get(hass).async_update_device(
        registry_id(hass, igloohome, lock), name_by_user="Side gate"
    )
    failed = record(device_id=lock, state=RecordState.FAILED, failed_at=START, pin=None)
    window = Window(START, END, "Asia/Kolkata")
    for code_id, key in (("a", "window_passed"), ("b", "cloud_refused"), ("c", "odd")):
        await book.async_update(
            replace(failed, code_id=code_id, name=code_id, failure=key, window=window)
        )
    await book.async_update(
        replace(failed, code_id="d", name="d", device_id="gone", failure=None)
    )
    for code_id, key, detail in (
        ("e", "cloud_refused", "Door ajar"),
        ("f", "cloud_permission_missing", "No"),
    ):
        await book.async_update(
            replace(
                failed,
                code_id=code_id,
                name=code_id,
                failure=key,
                failure_detail=detail,
            )
        )
    texts = TEXTS["exceptions"]
    found = {
        issue.translation_placeholders["name"]: issue.translation_placeholders
        for issue in ir.async_get(hass).issues.values()
        if issue.translation_key == "code_failed" and issue.translation_placeholders
    }
    assert {name: placeholders["reason"] for name, placeholders in found.items()} == {
        "a": texts["window_passed"]["message"],
        "b": "The cloud refused this; nothing was done.",
        "c": "The reason is not known.",
        "d": "The reason is not known.",
        "e": "The cloud refused this; nothing was done. It said: Door ajar",
        "f": "The reason is not known.",
    }
    assert found["a"]["starts_at"] == "2026-11-20 15:30"
    assert found["a"]["lock"] == "Side gate"
    assert found["d"]["lock"] == "gone"


async def test_issues_of_two_accounts(
    hass: HomeAssistant,
    igloohome: MockConfigEntry,
    set_up: SetUp,
    simulator: Simulator,
) -> None:
    """Touch only the issues of one's own account, however alike the names are."""
    assert igloohome.unique_id is not None
    longer = MockConfigEntry(
        domain=DOMAIN,
        unique_id=f"{igloohome.unique_id}_2",
        data=dict(igloohome.data)
        | {"client_id": "second-client-id", "client_secret": "second-client-secret"},
    )
    await set_up(longer)
    failed = record(state=RecordState.FAILED, failed_at=START, pin=None)
    await account_of(igloohome).book.async_update(replace(failed, name="First"))
    await account_of(longer).book.async_update(replace(failed, name="Second"))
    assert set(issues(hass)) == {"First", "Second"}
    await account_of(igloohome).book.async_remove(["code1"])
    assert set(issues(hass)) == {"Second"}
    await hass.config_entries.async_remove(igloohome.entry_id)
    assert set(issues(hass)) == {"Second"}
    await hass.config_entries.async_remove(longer.entry_id)
    assert issues(hass) == {}


async def test_no_issue_for_what_was_taken_off(
    hass: HomeAssistant, igloohome: MockConfigEntry
) -> None:
    """Leave people alone with a code they have taken off the list."""
    book = account_of(igloohome).book
    await book.async_update(requested(window=ENDLESS))
    assert len(issues(hass)) == 1
    await book.async_update(requested(window=ENDLESS, forgotten_at=START))
    assert issues(hass) == {}


def test_constants_fit() -> None:
    """Look again when a request must have come to its end, and not before."""
    assert upkeep.SOON > issuing.SETTLING
    assert upkeep.INTERVAL > upkeep.SOON


async def test_settled_by_hand(
    hass: HomeAssistant, igloohome: MockConfigEntry, simulator: Simulator
) -> None:
    """Take an issue back in the moment a request is finished."""
    simulator.faults.add(ALGOPIN, "truncated", times=3)
    with pytest.raises(HomeAssistantError):
        await create(hass, igloohome, lock_of(igloohome), name="Guest")
    await hass.async_block_till_done()
    assert issues(hass) == {"Guest": "code_outcome_unknown"}
    await settle(hass, igloohome)
    assert issues(hass) == {}
    assert_nothing_lost(igloohome, simulator)
