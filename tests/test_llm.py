"""The tools for Assist and MCP, really called, by those who may and those who may not.

What a language model would make of them is not tested here; what it is told is.
"""

from datetime import timedelta
from functools import partial
from inspect import signature
import logging
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.auth.const import GROUP_ID_ADMIN, GROUP_ID_READ_ONLY, GROUP_ID_USER
from homeassistant.components import conversation
from homeassistant.components.homeassistant.exposed_entities import async_expose_entity
from homeassistant.config_entries import SOURCE_USER
from homeassistant.core import Context, HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import (
    area_registry as ar,
    chat_session,
    device_registry as dr,
    entity_registry as er,
    llm,
)
from homeassistant.setup import async_setup_component
import probatio
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    MockUser,
    async_capture_events,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.igloohome_access.const import DOMAIN
from custom_components.igloohome_access.llm import MOST_CODES, async_get_tools
from custom_components.igloohome_access.model import CodeKind, CodeStatus
from simulator import Simulator
from simulator.igloohome.scenarios import (
    LOCK_BRIDGED,
    LOCK_RETROFIT,
    LOCK_UNBRIDGED,
    PADLOCK,
)

from .codes import records_of
from .conftest import SetUp
from .flows import TEXTS
from .surface import NOW, act, create, device, entity_id, move_to, registry_id

LIST_LOCKS = f"{DOMAIN}__list_locks"
LIST_CODES = f"{DOMAIN}__list_codes"
CREATE = f"{DOMAIN}__create_code"
READING = {LIST_LOCKS, LIST_CODES}

HOUR = timedelta(hours=1)


def _user(hass: HomeAssistant, group_id: str = GROUP_ID_ADMIN) -> Context:
    """Return the context of what somebody says who is signed in."""
    user = MockUser().add_to_hass(hass)
    user.groups = [
        group for group in hass.auth._store._groups.values() if group.id == group_id
    ]
    assert user.groups
    return Context(user_id=user.id)


def _context(context: Context | None, device_id: str | None = None) -> llm.LLMContext:
    return llm.LLMContext(
        platform="test",
        context=context,
        language="en",
        assistant=conversation.DOMAIN,
        device_id=device_id,
    )


async def _api(
    hass: HomeAssistant, context: Context | None = None, device_id: str | None = None
) -> llm.APIInstance:
    """Return the API as an agent gets it."""
    return await llm.async_get_api(
        hass, llm.LLM_API_ASSIST, _context(context, device_id)
    )


async def _names(hass: HomeAssistant) -> set[str]:
    """Return the tools of ours that an agent is offered."""
    api = await _api(hass)
    return {tool.name for tool in api.tools if tool.integration == DOMAIN}


async def _call(
    hass: HomeAssistant,
    tool: str,
    context: Any = None,
    device_id: Any = None,
    **args: Any,
) -> dict[str, Any]:
    """Call a tool that answers."""
    api = await _api(hass, context, device_id)
    result = await api.async_call_tool(llm.ToolInput(tool_name=tool, tool_args=args))
    assert not result.error, result.data
    return dict(result.data)


async def _refused(
    hass: HomeAssistant,
    tool: str,
    context: Any = None,
    device_id: Any = None,
    **args: Any,
) -> str:
    """Call a tool that does not, and return what it says."""
    api = await _api(hass, context, device_id)
    result = await api.async_call_tool(llm.ToolInput(tool_name=tool, tool_args=args))
    assert result.error
    assert result.data.keys() == {"error"}
    return str(result.data["error"])


def _text(key: str, **told: str) -> str:
    text: str = TEXTS["exceptions"][key]["message"]
    return text.format(**told)


def _expose(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    *locks: str,
    platform: str = "sensor",
    key: str = "live_codes",
) -> None:
    for lock in locks:
        found = entity_id(hass, entry, platform, lock, key)
        assert found is not None
        async_expose_entity(hass, conversation.DOMAIN, found, True)


@pytest.fixture
async def entry(
    hass: HomeAssistant, berlin: None, igloohome_entry: MockConfigEntry, set_up: SetUp
) -> MockConfigEntry:
    """Return a loaded account beside Assist; nothing is exposed yet."""
    assert await async_setup_component(hass, "homeassistant", {})
    assert await async_setup_component(hass, "conversation", {})
    return await set_up(igloohome_entry)


@pytest.fixture
async def allowed(hass: HomeAssistant, entry: MockConfigEntry) -> MockConfigEntry:
    """Return an account that lets Assist make codes, with two exposed locks."""
    hass.config_entries.async_update_entry(entry, options={"assist_create": True})
    await hass.async_block_till_done()
    _expose(hass, entry, LOCK_UNBRIDGED, PADLOCK)
    return entry


# What is offered


async def test_nothing_exposed(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Assist hears of no lock that nobody exposed to it."""
    assert await _names(hass) == set()
    found = entity_id(hass, entry, "sensor", LOCK_UNBRIDGED, "battery")
    assert found is not None
    async_expose_entity(hass, conversation.DOMAIN, found, True)
    assert await _names(hass) == set()


@pytest.mark.parametrize(
    ("platform", "key"),
    [("lock", "lock"), ("calendar", "codes"), ("sensor", "live_codes")],
)
async def test_exposed(
    hass: HomeAssistant, entry: MockConfigEntry, platform: str, key: str
) -> None:
    """A lock is spoken of by any entity that shows it or its codes."""
    _expose(hass, entry, LOCK_BRIDGED, platform=platform, key=key)
    assert await _names(hass) == READING
    (lock,) = (await _call(hass, LIST_LOCKS))["locks"]
    assert lock["name"] == "Garden Gate"
    # Another assistant was told nothing.
    other = llm.LLMContext("test", None, "en", "cloud.alexa", None)
    assert async_get_tools(hass, other, llm.LLM_API_ASSIST) is None
    # And the keys of the house are not for managing Home Assistant.
    assert async_get_tools(hass, _context(None), "homeassistant") is None


async def test_not_loaded(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """An account that is not loaded offers nothing, and fails nobody."""
    _expose(hass, entry, LOCK_UNBRIDGED)
    api = await _api(hass)
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert await _names(hass) == set()
    result = await api.async_call_tool(llm.ToolInput(LIST_LOCKS, {}))
    assert result.data == {"error": _text("assist_no_lock", name="-", locks="")}


async def test_tools_are_well_formed(
    hass: HomeAssistant, allowed: MockConfigEntry, caplog: pytest.LogCaptureFixture
) -> None:
    """Tools say what they do, in a form that models and MCP clients can read."""
    api = await _api(hass)
    tools = {tool.name: tool for tool in api.tools if tool.integration == DOMAIN}
    assert tools.keys() == {*READING, CREATE}
    assert "Locks have access codes." in api.api_prompt
    for name, tool in tools.items():
        assert tool.title
        assert tool.description
        assert tool.annotations.read_only is (name in READING)
        assert not tool.annotations.destructive
        # As the MCP server and the agents do it.
        schema = probatio.to_openapi(
            tool.parameters,
            custom_serializer=api.custom_serializer,
            openapi_version="3.1.0",
        )
        properties = schema["properties"]
        assert {"lock", "area"} <= properties.keys()
        assert all(each["type"] for each in properties.values())
    assert properties["kind"]["enum"] == ["one_time", "hourly"]
    assert properties["hours"]["maximum"] == 672
    assert schema["required"] == ["kind", "name"]
    assert not [r for r in caplog.records if "Detected that custom" in r.getMessage()]


# Locks


async def test_list_locks(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Locks are told with their area and what is known of them."""
    areas, devices = ar.async_get(hass), dr.async_get(hass)
    hall = areas.async_create("Hall", aliases={"Entrance"})
    yard = areas.async_create("Yard")
    devices.async_update_device(
        registry_id(hass, entry, LOCK_RETROFIT), area_id=hall.id
    )
    devices.async_update_device(
        registry_id(hass, entry, PADLOCK), name_by_user="Bicycle"
    )
    _expose(hass, entry, LOCK_RETROFIT, LOCK_UNBRIDGED, PADLOCK)
    # An entity can be in another area than its device.
    changed: tuple[tuple[str, str, dict[str, Any]], ...] = (
        ("lock", "lock", {"aliases": ["Back way"]}),
        ("calendar", "codes", {"area_id": yard.id}),
    )
    for platform, key, changes in changed:
        gate = entity_id(hass, entry, platform, LOCK_BRIDGED, key)
        assert gate is not None
        er.async_get(hass).async_update_entity(gate, **changes)
        _expose(hass, entry, LOCK_BRIDGED, platform=platform, key=key)
    await create(
        hass, "one_time", registry_id(hass, entry, LOCK_UNBRIDGED), name="Courier"
    )
    told = (await _call(hass, LIST_LOCKS))["locks"]
    assert [lock["name"] for lock in told] == [
        "Bicycle",
        "Front Door",
        "Garden Gate",
        "Guest Room",
    ]
    assert told[3] == {
        "name": "Guest Room",
        "area": None,
        "live_codes": 1,
        "battery_percent": device_battery(hass, entry, LOCK_UNBRIDGED),
        "can_be_locked_and_unlocked_from_afar": False,
    }
    assert told[1]["can_be_locked_and_unlocked_from_afar"] is True
    assert [lock["area"] for lock in told] == [None, "Hall", "Yard", None]

    async def meant(**which: str) -> list[str]:
        locks = (await _call(hass, LIST_LOCKS, **which))["locks"]
        return [lock["name"] for lock in locks]

    assert await meant(lock=" guest room ") == ["Guest Room"]
    assert await meant(lock="BICYCLE") == ["Bicycle"]
    assert await meant(lock="back way") == ["Garden Gate"]
    assert await meant(area="entrance") == ["Front Door"]
    assert await meant(lock="hall") == ["Front Door"]
    assert await meant(lock="Garden Gate", area="yard") == ["Garden Gate"]
    everything = "Bicycle, Front Door (Hall), Garden Gate (Yard), Guest Room"
    for which, name in (
        ({"lock": "Cellar"}, "Cellar"),
        ({"lock": "Key Box"}, "Key Box"),  # not exposed
        ({"lock": "Front Door", "area": "Yard"}, "Front Door, Yard"),
    ):
        assert await _refused(hass, LIST_LOCKS, **which) == _text(
            "assist_no_lock", name=name, locks=everything
        )


def device_battery(hass: HomeAssistant, entry: MockConfigEntry, lock: str) -> int:
    """Return the battery level of a lock."""
    assert device(hass, entry, lock) is not None
    level = entry.runtime_data.coordinator.data[lock].battery_level
    assert isinstance(level, int)
    return level


# Codes


async def test_list_codes(
    hass: HomeAssistant, entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """Codes are told with kind, window and status in words, never with the PIN."""
    _expose(hass, entry, LOCK_UNBRIDGED)
    lock = registry_id(hass, entry, LOCK_UNBRIDGED)
    soon = await create(
        hass,
        "hourly",
        lock,
        name="Anna",
        starts_at="2026-11-21 15:00:00",
        duration={"hours": 30},
    )
    now = await create(hass, "hourly", lock, name="Plumber", duration={"hours": 1})
    gone = await create(hass, "one_time", lock, name="Secret")
    hidden = await create(
        hass, "one_time", registry_id(hass, entry, PADLOCK), name="Elsewhere"
    )
    await act(hass, "delete_code", code_id=gone["code_id"], forget=True)
    told = await _call(hass, LIST_CODES, lock="Guest Room")
    assert told["not_shown"] == 0
    assert told["codes"] == [
        {
            "name": "Plumber",
            "lock": "Guest Room",
            "kind": "Hourly",
            "status": "Active",
            "starts_at": "2026-11-20T13:00:00+01:00",
            "ends_at": "2026-11-20T15:00:00+01:00",
            "first_use_by": None,
        },
        {
            "name": "Anna",
            "lock": "Guest Room",
            "kind": "Hourly",
            "status": "Scheduled",
            "starts_at": "2026-11-21T15:00:00+01:00",
            "ends_at": "2026-11-22T21:00:00+01:00",
            "first_use_by": "2026-11-22T15:00:00+01:00",
        },
    ]
    await move_to(hass, freezer, NOW + 4 * HOUR)
    live = (await _call(hass, LIST_CODES))["codes"]
    assert [code["name"] for code in live] == ["Anna"]
    everything = (await _call(hass, LIST_CODES, include_ended=True))["codes"]
    assert [code["status"] for code in everything] == ["Expired", "Scheduled"]
    for code in (soon, now, gone, hidden):
        assert code["pin"] not in str(told) + str(everything)


async def test_many_codes(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """An answer stays as long as a model can read."""
    _expose(hass, entry, LOCK_UNBRIDGED)
    lock = registry_id(hass, entry, LOCK_UNBRIDGED)
    for number in range(MOST_CODES + 2):
        await act(
            hass,
            "create_hourly_code",
            device_id=lock,
            name=f"Code {number}",
            duration={"hours": 1 + number},
        )
    told = await _call(hass, LIST_CODES)
    assert len(told["codes"]) == MOST_CODES
    assert told["not_shown"] == 2


# Making a code


async def test_off_by_default(
    hass: HomeAssistant,
    simulator: Simulator,
    entry: MockConfigEntry,
    igloohome_entry: MockConfigEntry,
) -> None:
    """Nobody makes codes through Assist before an administrator wants that."""
    _expose(hass, entry, LOCK_UNBRIDGED)
    assert await _names(hass) == READING
    hass.config_entries.async_update_entry(entry, options={"assist_create": True})
    await hass.async_block_till_done()
    assert await _names(hass) == {*READING, CREATE}
    api = await _api(hass, _user(hass))
    hass.config_entries.async_update_entry(entry, options={"assist_create": False})
    await hass.async_block_till_done()
    # Also for a conversation that was begun before.
    result = await api.async_call_tool(
        llm.ToolInput(CREATE, {"kind": "one_time", "name": "Courier"})
    )
    assert result.data == {
        "error": _text("assist_create_off", lock="Guest Room", account="igloohome")
    }
    assert not records_of(entry)


async def test_create(hass: HomeAssistant, allowed: MockConfigEntry) -> None:
    """An administrator is told the PIN, the window, and what to know of it."""
    context = _user(hass)
    calls = async_capture_events(hass, "call_service")
    told = await _call(
        hass,
        CREATE,
        context,
        lock="guest room",
        kind="hourly",
        name="Anna",
        starts_at="2026-11-21T15:30:00",
        hours=30,
    )
    (record,) = records_of(allowed)
    assert record.name == "Anna"
    assert record.kind is CodeKind.HOURLY
    warnings = told.pop("warnings")
    assert told == {
        "name": "Anna",
        "lock": "Guest Room",
        "kind": "Hourly",
        "status": "Scheduled",
        "starts_at": "2026-11-21T15:00:00+01:00",
        "ends_at": "2026-11-22T22:00:00+01:00",
        "first_use_by": "2026-11-22T15:00:00+01:00",
        "pin": record.pin,
    }
    assert any("cannot be changed or taken back" in text for text in warnings)
    (call,) = calls
    assert call.context is context
    assert str(record.pin) not in str(call.data)


async def test_create_one_time(hass: HomeAssistant, allowed: MockConfigEntry) -> None:
    """A one-time code needs nothing but a lock and a name; an end it cannot have."""
    context = _user(hass)
    told = await _call(
        hass, CREATE, context, lock="Bike Padlock", kind="one_time", name="Courier"
    )
    (record,) = records_of(allowed)
    assert told["pin"] == record.pin
    assert told["kind"] == "One-time"
    for more in ({"hours": 2}, {"ends_at": "2026-11-20T18:00:00"}):
        assert await _refused(
            hass,
            CREATE,
            context,
            lock="Guest Room",
            kind="one_time",
            name="Courier",
            **more,
        ) == _text("assist_one_time_has_no_end")
    assert len(records_of(allowed)) == 1


@pytest.mark.parametrize("who", [GROUP_ID_USER, GROUP_ID_READ_ONLY, None, "nobody"])
async def test_only_administrators_create(
    hass: HomeAssistant,
    simulator: Simulator,
    allowed: MockConfigEntry,
    who: str | None,
) -> None:
    """Others are told why not, and no request leaves; looking is for everybody."""
    context = None
    if who is not None:
        gone = Context(user_id="gone")
        context = gone if who == "nobody" else _user(hass, who)
    simulator.requests.clear()
    for each in (context, Context()):
        assert await _refused(
            hass, CREATE, each, lock="Guest Room", kind="one_time", name="Courier"
        ) == _text("assist_admin_only")
    assert simulator.requests.count() == 0
    assert not records_of(allowed)
    assert len((await _call(hass, LIST_LOCKS, context))["locks"]) == 2
    assert (await _call(hass, LIST_CODES, context))["codes"] == []


async def test_which_lock(hass: HomeAssistant, allowed: MockConfigEntry) -> None:
    """Of several locks none is guessed, but the one in the room is meant."""
    context = _user(hass)
    areas, devices = ar.async_get(hass), dr.async_get(hass)
    wanted = {"kind": "one_time", "name": "Courier"}
    both = "Bike Padlock, Guest Room"
    assert await _refused(hass, CREATE, context, **wanted) == _text(
        "assist_which_lock", locks=both
    )
    assert await _refused(hass, CREATE, context, lock="Cellar", **wanted) == _text(
        "assist_no_lock", name="Cellar", locks=both
    )
    yard = areas.async_create("Yard")
    loudspeaker = devices.async_get_or_create(
        config_entry_id=allowed.entry_id,
        identifiers={("test", "loudspeaker")},
        name="Loudspeaker",
    ).id
    for in_yard, answered in (((), False), ((PADLOCK,), False), ((PADLOCK,), True)):
        if answered:
            devices.async_update_device(loudspeaker, area_id=yard.id)
        for lock in in_yard:
            devices.async_update_device(
                registry_id(hass, allowed, lock), area_id=yard.id
            )
        if answered:
            told = await _call(hass, CREATE, context, loudspeaker, **wanted)
            assert told["lock"] == "Bike Padlock"
        else:
            await _refused(hass, CREATE, context, loudspeaker, **wanted)
    # Two in the room, and a device that is gone.
    devices.async_update_device(
        registry_id(hass, allowed, LOCK_UNBRIDGED), area_id=yard.id
    )
    told_locks = "Bike Padlock (Yard), Guest Room (Yard)"
    for device_id in (loudspeaker, "gone"):
        assert await _refused(hass, CREATE, context, device_id, **wanted) == _text(
            "assist_which_lock", locks=told_locks
        )


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ({"kind": "permanent"}, "This cannot be understood: "),
        ({"kind": "hourly", "hours": 0}, "This cannot be understood: "),
        ({"kind": "hourly", "hours": 673}, "This cannot be understood: "),
        ({"kind": "hourly", "pin": "1234"}, "This cannot be understood: "),
        (
            {"kind": "one_time", "starts_at": "next Friday"},
            "This cannot be understood: ",
        ),
        ({"kind": "hourly"}, _text("end_missing")),
        (
            {"kind": "hourly", "hours": 2, "ends_at": "2026-11-20T18:00:00"},
            _text("end_given_twice"),
        ),
        (
            {"kind": "hourly", "ends_at": "2026-11-20T10:00:00"},
            "The end (2026-11-20 10:00",
        ),
        ({"kind": "one_time", "name": " "}, _text("name_empty")),
    ],
)
async def test_what_cannot_be(
    hass: HomeAssistant,
    simulator: Simulator,
    allowed: MockConfigEntry,
    args: dict[str, Any],
    said: str,
) -> None:
    """What makes no sense is refused in words, and nothing is asked for."""
    simulator.requests.clear()
    given = {"lock": "Guest Room", "name": "Courier", **args}
    told = await _refused(hass, CREATE, _user(hass), **given)
    assert told.startswith(said)
    assert "{" not in told
    assert simulator.requests.count(path="/algopin/") == 0


async def test_the_cloud_refuses(
    hass: HomeAssistant, simulator: Simulator, allowed: MockConfigEntry
) -> None:
    """What the cloud says is told like everywhere else."""
    simulator.faults.add(
        path_regex="/algopin/",
        kind="status",
        status=400,
        body={"error": "lock is in maintenance"},
    )
    told = await _refused(
        hass, CREATE, _user(hass), lock="Guest Room", kind="one_time", name="Courier"
    )
    assert told == _text("cloud_refused", detail="lock is in maintenance")


async def test_the_account_decides(
    hass: HomeAssistant,
    simulator: Simulator,
    allowed: MockConfigEntry,
    seam_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """A lock of an account that does not allow it gets no code."""
    seam = await set_up(seam_entry)
    lock = next(
        device_id
        for device_id, each in seam.runtime_data.coordinator.data.items()
        if each.takes_offline_codes and each.lock_id is None
    )
    name = seam.runtime_data.coordinator.data[lock].name
    _expose(hass, seam, lock)
    assert await _refused(
        hass, CREATE, _user(hass), lock=name, kind="one_time", name="Courier"
    ) == _text("assist_create_off", lock=name, account=seam.title)
    assert not records_of(seam)


# In a conversation, and from outside


async def test_a_conversation_leaves_no_pin_in_the_log(
    hass: HomeAssistant, allowed: MockConfigEntry, caplog: pytest.LogCaptureFixture
) -> None:
    """With debug logs: the answer of the tool goes to the model and nowhere else."""
    caplog.set_level(logging.DEBUG)
    asked = conversation.ConversationInput(
        text="A code for the courier, please",
        context=_user(hass),
        conversation_id=None,
        device_id=None,
        satellite_id=None,
        language="en",
        agent_id="conversation.test",
    )
    begin: Any = chat_session.async_get_chat_session
    if "context" in signature(begin).parameters:  # not in Home Assistant 2026.10
        begin = partial(begin, context=asked.context)
    with (
        begin(hass) as session,
        conversation.async_get_chat_log(hass, session, asked) as log,
    ):
        await log.async_provide_llm_data(
            asked.as_llm_context("test"), user_llm_hass_api=llm.LLM_API_ASSIST
        )
        wanted = llm.ToolInput(
            CREATE, {"lock": "Guest Room", "kind": "one_time", "name": "Courier"}
        )
        answers = [
            answer
            async for answer in log.async_add_assistant_content(
                conversation.AssistantContent(
                    agent_id="conversation.test", content=None, tool_calls=[wanted]
                )
            )
        ]
    (record,) = records_of(allowed)
    (answer,) = answers
    data: Any = answer.as_dict()
    assert str(record.pin) in str(data)
    assert record.pin is not None
    messages = [r.getMessage() for r in caplog.get_records("call")]
    assert any("SecretResult(...)" in text for text in messages)
    assert not [text for text in messages if record.pin in text]


async def test_mcp(
    hass: HomeAssistant,
    allowed: MockConfigEntry,
    hass_client: ClientSessionGenerator,
    hass_admin_user: MockUser,
) -> None:
    """A program that is connected through MCP gets the same tools."""
    form = await hass.config_entries.flow.async_init(
        "mcp_server", context={"source": SOURCE_USER}
    )
    result = await hass.config_entries.flow.async_configure(
        form["flow_id"], {"llm_hass_api": ["assist"]}
    )
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    hass.config_entries.async_update_entry(
        result["result"],
        data={
            **result["result"].data,
            "all_llm_apis": False,
            "llm_hass_api": ["assist"],
            "require_admin": False,
        },
    )
    client = await hass_client()

    async def ask(method: str, **params: Any) -> dict[str, Any]:
        response = await client.post(
            "/api/mcp",
            json={"jsonrpc": "2.0", "id": 1, "method": method, "params": params},
            headers={"accept": "application/json"},
        )
        answer: dict[str, Any] = (await response.json())["result"]
        return answer

    tools = {tool["name"]: tool for tool in (await ask("tools/list"))["tools"]}
    assert {*READING, CREATE} <= tools.keys()
    assert tools[LIST_CODES]["annotations"]["readOnlyHint"] is True
    assert tools[CREATE]["inputSchema"]["required"] == ["kind", "name"]
    made = await ask(
        "tools/call",
        name=CREATE,
        arguments={"lock": "Guest Room", "kind": "one_time", "name": "Courier"},
    )
    (record,) = records_of(allowed)
    assert not made.get("isError")
    assert str(record.pin) in made["content"][0]["text"]
    listed = await ask("tools/call", name=LIST_CODES, arguments={})
    assert "Courier" in listed["content"][0]["text"]
    assert str(record.pin) not in str(listed)
    # Who is not an administrator may look and no more.
    hass_admin_user.groups = [
        group
        for group in hass.auth._store._groups.values()
        if group.id == GROUP_ID_USER
    ]
    hass_admin_user.invalidate_cache()
    made = await ask(
        "tools/call",
        name=CREATE,
        arguments={"lock": "Guest Room", "kind": "one_time", "name": "Courier"},
    )
    assert made["isError"] is True
    assert _text("assist_admin_only") in made["content"][0]["text"]
    assert len(records_of(allowed)) == 1


def test_every_status_and_kind_has_words() -> None:
    """What a model is told of a code is in the words of the sensor."""
    texts = TEXTS["entity"]["sensor"]["code_status"]
    assert texts["state"].keys() == {status.value for status in CodeStatus}
    kinds = texts["state_attributes"]["kind"]["state"]
    assert kinds.keys() == {kind.value for kind in CodeKind}
