"""Speaking to locks: Home Assistant's own agent and intents, and docs/voice.md."""

import asyncio
import logging
from pathlib import Path
import re
from typing import Any

from homeassistant.components import conversation
from homeassistant.components.homeassistant.exposed_entities import async_expose_entity
from homeassistant.core import Context, HomeAssistant
from homeassistant.helpers import intent
from homeassistant.setup import async_setup_component
from homeassistant.util.yaml import parse_yaml
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    MockUser,
    async_capture_events,
)
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.igloohome_access.model import CodeKind
from simulator import Simulator
from simulator.igloohome.scenarios import BRIDGE

from .codes import records_of
from .conftest import SetUp
from .lock_cases import BOTH, WRITES, shown

DOC = Path(__file__).parent.parent / "docs/voice.md"


@pytest.fixture
async def assist(hass: HomeAssistant) -> None:
    """Let Home Assistant listen."""
    for component in ("homeassistant", "conversation"):
        assert await async_setup_component(hass, component, {})


async def _handle(
    hass: HomeAssistant, intent_type: str, **slots: str
) -> intent.IntentResponse:
    """Handle an intent as an agent does that has understood a sentence."""
    return await intent.async_handle(
        hass,
        "test",
        intent_type,
        {name: {"value": value} for name, value in slots.items()},
        assistant=conversation.DOMAIN,
    )


async def _say(
    hass: HomeAssistant, text: str, context: Context | None = None
) -> intent.IntentResponse:
    """Say a sentence to Home Assistant's own agent."""
    result = await conversation.async_converse(
        hass,
        text=text,
        conversation_id=None,
        context=context or Context(),
        language="en",
        agent_id=conversation.HOME_ASSISTANT_AGENT,
    )
    return result.response


def _speech(response: intent.IntentResponse) -> str:
    text: str = response.speech["plain"]["speech"]
    return text


def _name(hass: HomeAssistant, lock: str) -> str:
    found = hass.states.get(lock)
    assert found is not None
    return found.name


# Locks with a bridge


@BOTH
@pytest.mark.usefixtures("assist", "fast_jobs", "quiet_log")
async def test_intents(hass: HomeAssistant, simulator: Simulator, lock: str) -> None:
    """Home Assistant's intents for "on" lock, those for "off" unlock."""
    async_expose_entity(hass, conversation.DOMAIN, lock, True)
    name = _name(hass, lock)
    for intent_type, state, count in (
        (intent.INTENT_TURN_OFF, "unlocked", 1),
        (intent.INTENT_TURN_ON, "locked", 2),
    ):
        response = await _handle(hass, intent_type, name=name, domain="lock")
        await hass.async_block_till_done()
        assert response.response_type is intent.IntentResponseType.ACTION_DONE
        assert [each.id for each in response.success_results if each.id == lock]
        assert not response.failed_results
        assert shown(hass, lock) == state
        assert simulator.requests.count(path=WRITES, method="POST") == count


@BOTH
@pytest.mark.usefixtures("assist", "fast_jobs", "quiet_log")
async def test_sentences(hass: HomeAssistant, simulator: Simulator, lock: str) -> None:
    """The own agent understands the usual sentences, of what is exposed."""
    name = _name(hass, lock)
    # Not exposed: not known.
    response = await _say(hass, f"unlock the {name}")
    assert response.response_type is intent.IntentResponseType.ERROR
    assert response.error_code is intent.IntentResponseErrorCode.NO_VALID_TARGETS
    assert simulator.requests.count(path=WRITES, method="POST") == 0
    async_expose_entity(hass, conversation.DOMAIN, lock, True)
    for text, state in (
        (f"unlock the {name}", "unlocked"),
        (f"Lock {name.lower()}!", "locked"),
    ):
        response = await _say(hass, text)
        await hass.async_block_till_done()
        assert response.response_type is intent.IntentResponseType.ACTION_DONE
        assert shown(hass, lock) == state
    response = await _say(hass, f"is the {name} locked?")
    assert response.response_type is intent.IntentResponseType.QUERY_ANSWER
    assert _speech(response).startswith("Yes")


@BOTH
@pytest.mark.usefixtures("assist", "fast_jobs", "quiet_log")
async def test_areas(hass: HomeAssistant, lock: str, area_registry: Any) -> None:
    """The locks of a room are locked together."""
    from homeassistant.helpers import device_registry as dr, entity_registry as er

    async_expose_entity(hass, conversation.DOMAIN, lock, True)
    entity = er.async_get(hass).async_get(lock)
    assert entity is not None
    assert entity.device_id is not None
    yard = area_registry.async_create("Yard")
    dr.async_get(hass).async_update_device(entity.device_id, area_id=yard.id)
    response = await _handle(hass, intent.INTENT_TURN_ON, area="Yard", domain="lock")
    await hass.async_block_till_done()
    assert response.response_type is intent.IntentResponseType.ACTION_DONE
    assert shown(hass, lock) == "locked"


@pytest.mark.usefixtures("assist")
async def test_the_answer_comes_before_the_bolt_moves(
    hass: HomeAssistant,
    simulator: Simulator,
    igloohome_entry: MockConfigEntry,
    set_up: SetUp,
    fast_jobs: None,
) -> None:
    """Home Assistant does not wait for a bridge; docs/voice.md says so."""
    await set_up(igloohome_entry)
    lock = "lock.garden_gate"
    async_expose_entity(hass, conversation.DOMAIN, lock, True)
    simulator.faults.add("/jobs/", "delay", delay=2.0, times=1)
    response = await _say(hass, "lock the garden gate")
    assert response.response_type is intent.IntentResponseType.ACTION_DONE
    assert shown(hass, lock) == "locking"
    async with asyncio.timeout(60):
        while shown(hass, lock) != "locked":
            await asyncio.sleep(0.05)


@pytest.mark.usefixtures("assist", "fast_jobs")
async def test_a_bridge_that_is_away(
    hass: HomeAssistant,
    simulator: Simulator,
    igloohome_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """What fails at once is said, and no state is made up."""
    await set_up(igloohome_entry)
    lock = "lock.garden_gate"
    async_expose_entity(hass, conversation.DOMAIN, lock, True)
    before = shown(hass, lock)
    simulator.igloohome.devices[BRIDGE].online = False
    response = await _say(hass, "unlock the garden gate")
    await hass.async_block_till_done()
    assert response.response_type is intent.IntentResponseType.ERROR
    assert response.error_code is intent.IntentResponseErrorCode.FAILED_TO_HANDLE
    assert shown(hass, lock) == before


# The automation of the documentation


def _automation() -> dict[str, Any]:
    """Return the automation of docs/voice.md, word for word."""
    (block,) = re.findall(r"```yaml\n(.*?)```", DOC.read_text(), re.DOTALL)
    found: Any = parse_yaml(block)
    assert found["triggers"][0]["trigger"] == "conversation"
    return {"automation": [found]}


@pytest.fixture
async def home(
    hass: HomeAssistant,
    berlin: None,
    assist: None,
    igloohome_entry: MockConfigEntry,
    set_up: SetUp,
) -> MockConfigEntry:
    """Return an account, beside the automation of the documentation."""
    await set_up(igloohome_entry)
    assert await async_setup_component(hass, "automation", _automation())
    await hass.async_block_till_done()
    assert hass.states.is_state("automation.a_one_time_code_by_voice", "on")
    return igloohome_entry


def _person(hass: HomeAssistant) -> Context:
    """Return what Anna says, who is no administrator."""
    user = MockUser().add_to_hass(hass)
    assert not user.is_admin
    hass.states.async_set("person.anna", "home", {"user_id": user.id})
    return Context(user_id=user.id)


@pytest.mark.parametrize(
    ("text", "lock"),
    [
        ("Make a one time code for the guest room", "Guest Room"),
        ("give me a one time code for Garden Gate.", "Garden Gate"),
        ("create a code for the guest room that works once", "Guest Room"),
    ],
)
@pytest.mark.usefixtures("quiet_log")
async def test_a_code_by_voice(
    hass: HomeAssistant,
    home: MockConfigEntry,
    hass_ws_client: WebSocketGenerator,
    caplog: pytest.LogCaptureFixture,
    text: str,
    lock: str,
) -> None:
    """The sentence makes one code; the answer has its PIN, and nothing else has."""
    caplog.set_level(logging.DEBUG)
    events = async_capture_events(hass, "*")
    response = await _say(hass, text, _person(hass))
    await hass.async_block_till_done()
    (record,) = records_of(home)
    assert record.kind is CodeKind.ONE_TIME
    assert record.name == "By voice, 2026-11-20 13:20"
    assert record.pin is not None
    assert _speech(response) == (
        f"The code for the {lock} is {' '.join(record.pin)}. "
        "It opens once, until 13:00 on Saturday."
    )
    everything = str([event.as_dict() for event in events])
    assert "create_one_time_code" in everything
    client = await hass_ws_client(hass)
    await client.send_json_auto_id(
        {
            "type": "trace/list",
            "domain": "automation",
        }
    )
    assert (await client.receive_json())["result"] == []
    everything += str([state.as_dict() for state in hass.states.async_all()])
    for form in (record.pin, " ".join(record.pin)):
        assert form not in everything
        # At debug level the conversation logs what is said; docs/privacy.md says so.
        assert {
            (each.levelname, each.name.rpartition(".")[0])
            for each in caplog.get_records("call")
            if form in each.getMessage()
        } <= {("DEBUG", "homeassistant.components.conversation")}


@pytest.mark.usefixtures("quiet_log")
async def test_who_may_not(
    hass: HomeAssistant, simulator: Simulator, home: MockConfigEntry
) -> None:
    """A loudspeaker, a stranger, and a person without a user get no code."""
    _person(hass)
    stranger = MockUser().add_to_hass(hass)
    for context in (Context(), Context(user_id=stranger.id)):
        response = await _say(hass, "make a one time code for the guest room", context)
        assert _speech(response) == "You may not make codes."
    hass.states.async_set("person.anna", "home", {})
    response = await _say(hass, "make a one time code for the guest room")
    assert _speech(response) == "You may not make codes."
    assert not records_of(home)
    assert simulator.requests.count(path="/algopin/") == 0


@pytest.mark.usefixtures("quiet_log")
async def test_a_lock_nobody_knows(hass: HomeAssistant, home: MockConfigEntry) -> None:
    """What is no lock is said, with those that are."""
    response = await _say(hass, "make a one time code for the cellar", _person(hass))
    assert _speech(response) == (
        "I do not know the lock cellar. I know guest room, garden gate."
    )
    assert not records_of(home)


async def test_the_cloud_refuses(
    hass: HomeAssistant, simulator: Simulator, home: MockConfigEntry
) -> None:
    """A failure is said, not swallowed."""
    simulator.faults.add("/algopin/", "status", status=400, times=None)
    response = await _say(
        hass, "make a one time code for the guest room", _person(hass)
    )
    assert _speech(response) == (
        "No code was made. The log of Home Assistant says why."
    )
