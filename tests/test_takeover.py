"""Moving from Home Assistant's built-in igloohome integration, and running beside it.

Both talk to the simulator over HTTP: the built-in one with its own library.
"""

from collections.abc import Callable, Generator
from contextlib import ExitStack
from dataclasses import replace
from typing import Any
from unittest.mock import patch

from homeassistant.config_entries import (
    SOURCE_IGNORE,
    SOURCE_USER,
    ConfigEntryDisabler,
    ConfigEntryState,
    ConfigFlowResult,
)
from homeassistant.const import SERVICE_UNLOCK, STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import (
    device_registry as dr,
    entity_registry as er,
    issue_registry as ir,
)
from homeassistant.loader import async_get_integration
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.igloohome_access.clouds.igloohome import (
    DEFAULT_API_URL,
    DEFAULT_AUTH_URL,
)
from custom_components.igloohome_access.const import DOMAIN
from custom_components.igloohome_access.model import CloudKind
from custom_components.igloohome_access.takeover import (
    BUILT_IN,
    SHOWN_DEVICES,
    async_built_in_accounts,
)
from simulator import Simulator
from simulator.faults import FaultKind
from simulator.igloohome.state import ALL_SCOPES

from .conftest import SetUp
from .flows import (
    CLIENT_ID,
    CLIENT_SECRET,
    INTEGRATION,
    SECOND_CLIENT_ID,
    SECOND_CLIENT_SECRET,
    TEXTS,
    WRONG_SECRET,
    account_id,
    collapsed,
    igloohome_input,
    start,
    submit,
    suggested,
)

pytestmark = pytest.mark.usefixtures("flow_guard")

TITLE = "Client Credentials"
"""What the built-in integration calls every account."""

OURS = [cloud.value for cloud in CloudKind]

type Advanced = dict[str, dict[str, str]]


@pytest.fixture
def built_in_library(simulator: Simulator) -> Generator[None]:
    """Let the library of the built-in integration talk to the simulator."""
    import igloohome_api  # type: ignore[import-untyped]

    with ExitStack() as stack:
        for part, official in (
            (igloohome_api.Auth, "https://auth.igloohome.co"),
            (igloohome_api.Api, "https://api.igloodeveloper.co"),
        ):
            # The addresses are defaults of parameters, bound when it was loaded.
            init = part.__init__
            assert official in init.__defaults__
            defaults = tuple(
                simulator.url if value == official else value
                for value in init.__defaults__
            )
            stack.enter_context(patch.object(init, "__defaults__", defaults))
        yield


def built_in(
    client_id: str = CLIENT_ID, client_secret: str = CLIENT_SECRET, **more: Any
) -> MockConfigEntry:
    """Return an account of the built-in integration as its own flow makes it."""
    return MockConfigEntry(
        domain=BUILT_IN,
        title=TITLE,
        data={"client_id": client_id, "client_secret": client_secret},
        **more,
    )


def advanced(simulator: Simulator, **more: str) -> Advanced:
    """Return the addresses of the simulator as they are typed."""
    return {"advanced": igloohome_input(simulator, **more)["advanced"]}


async def menu(hass: HomeAssistant) -> ConfigFlowResult:
    """Begin to add an account."""
    shown = await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_USER}
    )
    assert (shown["type"], shown["step_id"]) == (FlowResultType.MENU, "user")
    return shown


async def choose(hass: HomeAssistant) -> ConfigFlowResult:
    """Choose in the menu to take an account over, and return the form."""
    shown = await menu(hass)
    assert shown["menu_options"] == ["take_over", *OURS]
    form = await submit(hass, shown, {"next_step_id": "take_over"})
    assert (form["type"], form["step_id"]) == (FlowResultType.FORM, "take_over")
    return form


def choices(form: ConfigFlowResult) -> dict[str, str]:
    """Return the accounts a form offers, label by entry id; none without a choice."""
    assert form["data_schema"] is not None
    for key, selector in form["data_schema"].schema.items():
        if key == "built_in":
            return {o["value"]: o["label"] for o in selector.config["options"]}
    return {}


async def settle(hass: HomeAssistant) -> None:
    """Let a new account be set up."""
    await hass.async_block_till_done(wait_background_tasks=True)


# Taking over


async def test_take_over(hass: HomeAssistant, simulator: Simulator) -> None:
    """One click copies the credentials, tries them, and leaves the other alone."""
    old = built_in()
    old.add_to_hass(hass)
    before = old.as_dict()
    form = await choose(hass)
    assert form["errors"] == {}
    assert suggested(form) == {"advanced": {}}
    assert collapsed(form)
    assert choices(form) == {}
    told = form["description_placeholders"]
    assert told is not None
    assert told["accounts"] == TITLE
    assert told["moving_url"].endswith("/docs/moving.md")
    assert not simulator.requests.all

    result = await submit(hass, form, advanced(simulator))
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["title"] == "igloohome"
    assert result["data"] == {
        "cloud": CloudKind.IGLOOHOME.value,
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        **advanced(simulator),
    }
    assert result["result"].unique_id == account_id(CLIENT_ID)
    await settle(hass)
    assert result["result"].state is ConfigEntryState.LOADED
    assert old.as_dict() == before
    # What was taken over is not offered again.
    assert (await menu(hass))["menu_options"] == OURS


async def test_official_addresses(hass: HomeAssistant) -> None:
    """Without a change under Advanced igloohome's own addresses are tried."""
    built_in().add_to_hass(hass)
    asked: list[str] = []

    def identify(session: object, data: dict[str, Any]) -> None:
        asked.extend(data["advanced"].values())
        raise RuntimeError

    with patch(
        "custom_components.igloohome_access.config_flow.create_cloud",
        side_effect=identify,
    ):
        form = await submit(hass, await choose(hass), {"advanced": {}})
    assert form["errors"] == {"base": "unknown"}
    assert asked == [DEFAULT_API_URL, DEFAULT_AUTH_URL]


async def test_nothing_there(hass: HomeAssistant, simulator: Simulator) -> None:
    """Without an account to take over there is nothing in the menu about it."""
    assert (await menu(hass))["menu_options"] == OURS
    MockConfigEntry(domain=BUILT_IN, source=SOURCE_IGNORE, data={}).add_to_hass(hass)
    MockConfigEntry(domain=BUILT_IN, data={"client_id": CLIENT_ID}).add_to_hass(hass)
    MockConfigEntry(domain=BUILT_IN, data={"client_secret": " "}).add_to_hass(hass)
    assert (await menu(hass))["menu_options"] == OURS
    # And one that was added by hand is not offered.
    built_in().add_to_hass(hass)
    await submit(hass, await start_beside(hass), igloohome_input(simulator))
    await settle(hass)
    assert (await menu(hass))["menu_options"] == OURS


async def start_beside(hass: HomeAssistant) -> ConfigFlowResult:
    """Add an account by typing although there is one to take over."""
    return await submit(hass, await menu(hass), {"next_step_id": "igloohome"})


@pytest.mark.parametrize(
    "state",
    [
        {"disabled_by": ConfigEntryDisabler.USER},
        {"state": ConfigEntryState.SETUP_ERROR},
    ],
    ids=["disabled", "failing"],
)
async def test_not_running(
    hass: HomeAssistant, simulator: Simulator, state: dict[str, Any]
) -> None:
    """An account is taken over also when the built-in integration does not run it."""
    built_in(f" {CLIENT_ID} ", f"{CLIENT_SECRET}\n", **state).add_to_hass(hass)
    result = await submit(hass, await choose(hass), advanced(simulator))
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["data"]["client_id"] == CLIENT_ID
    assert result["data"]["client_secret"] == CLIENT_SECRET
    await settle(hass)


async def test_several(hass: HomeAssistant, simulator: Simulator) -> None:
    """Of several accounts one is chosen, known by its devices; then the next."""
    first, second = built_in(), built_in(SECOND_CLIENT_ID, SECOND_CLIENT_SECRET)
    nameless = built_in("third-client-id"), built_in("fourth-client-id")
    for old in (first, second, *nameless):
        old.add_to_hass(hass)
    registry = dr.async_get(hass)
    for number in range(SHOWN_DEVICES + 1):
        registry.async_get_or_create(
            config_entry_id=first.entry_id,
            identifiers={(BUILT_IN, f"IGB{number}")},
            name=f"Door {number}",
        )
    renamed = registry.async_get_or_create(
        config_entry_id=second.entry_id, identifiers={(BUILT_IN, "IGM")}, name="Lock"
    )
    registry.async_update_device(renamed.id, name_by_user="Cabin")

    form = await choose(hass)
    assert choices(form) == {
        first.entry_id: f"{TITLE} (Door 0, Door 1, Door 2, Door 3, …)",
        second.entry_id: f"{TITLE} (Cabin)",
        nameless[0].entry_id: TITLE,
        nameless[1].entry_id: f"{TITLE} 2",
    }
    result = await submit(
        hass, form, {"built_in": second.entry_id, **advanced(simulator)}
    )
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["result"].unique_id == account_id(SECOND_CLIENT_ID)
    await settle(hass)
    remaining = {first.entry_id, *(each.entry_id for each in nameless)}
    assert choices(await choose(hass)).keys() == remaining


async def test_changed_meanwhile(hass: HomeAssistant, simulator: Simulator) -> None:
    """Nothing is taken over but what was shown, whatever happens meanwhile."""
    first, second = built_in(), built_in(SECOND_CLIENT_ID, SECOND_CLIENT_SECRET)
    first.add_to_hass(hass)
    form = await choose(hass)
    second.add_to_hass(hass)
    # There was one, now there are two: which one was not asked yet.
    form = await submit(hass, form, advanced(simulator))
    assert form["step_id"] == "take_over"
    assert choices(form).keys() == {first.entry_id, second.entry_id}
    # The one that is chosen goes: the other is not taken instead.
    await hass.config_entries.async_remove(first.entry_id)
    form = await submit(hass, form, {"built_in": first.entry_id, **advanced(simulator)})
    assert form["step_id"] == "take_over"
    assert choices(form) == {}
    assert not simulator.requests.all
    # The last one goes as well.
    await hass.config_entries.async_remove(second.entry_id)
    result = await submit(hass, form, advanced(simulator))
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "nothing_to_take_over"


async def test_added_meanwhile(hass: HomeAssistant, simulator: Simulator) -> None:
    """The account is not added twice when two do it at once."""
    built_in().add_to_hass(hass)
    built_in("third-client-id").add_to_hass(hass)
    form = await choose(hass)
    (wanted, _) = choices(form)
    ours = await start_beside(hass)
    await submit(hass, ours, igloohome_input(simulator))
    await settle(hass)
    form = await submit(hass, form, {"built_in": wanted, **advanced(simulator)})
    # Only the other one is left to be taken over.
    assert form["step_id"] == "take_over"
    assert choices(form) == {}
    assert len(hass.config_entries.async_entries(DOMAIN)) == 1


# What may be wrong with it


async def recovers(
    hass: HomeAssistant, simulator: Simulator, form: ConfigFlowResult, error: str
) -> None:
    """Check a form with an error, and that it works when the cause is gone."""
    assert (form["type"], form["step_id"]) == (FlowResultType.FORM, "take_over")
    assert form["errors"] == {"base": error}
    assert collapsed(form) == (error != "unsafe_address")
    assert not hass.config_entries.async_entries(DOMAIN)
    simulator.faults.clear()
    result = await submit(hass, form, advanced(simulator))
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await settle(hass)


async def test_refused(hass: HomeAssistant, simulator: Simulator) -> None:
    """Credentials that no longer work are told, with what can be done instead."""
    old = built_in(client_secret=WRONG_SECRET)
    old.add_to_hass(hass)
    form = await submit(hass, await choose(hass), advanced(simulator))
    assert form["errors"] == {"base": "take_over_refused"}
    # Somebody puts it right in the built-in integration.
    hass.config_entries.async_update_entry(
        old, data={"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    )
    await recovers(hass, simulator, form, "take_over_refused")


async def test_may_not_list(hass: HomeAssistant, simulator: Simulator) -> None:
    """An API client that may not list devices is told apart."""
    old = built_in("nodevices-client-id", "nodevices-client-secret")
    old.add_to_hass(hass)
    form = await submit(hass, await choose(hass), advanced(simulator))
    assert form["errors"] == {"base": "missing_permission"}
    assert not hass.config_entries.async_entries(DOMAIN)
    # The permission is added in the portal.
    clients = simulator.igloohome._world.clients
    clients["nodevices-client-id"] = replace(
        clients["nodevices-client-id"], scopes=ALL_SCOPES
    )
    await recovers(hass, simulator, form, "missing_permission")


async def test_outage(hass: HomeAssistant, simulator: Simulator) -> None:
    """An outage is no matter of the credentials."""
    built_in().add_to_hass(hass)
    simulator.faults.add("/oauth2/token", FaultKind.STATUS, status=503, times=None)
    form = await submit(hass, await choose(hass), advanced(simulator))
    await recovers(hass, simulator, form, "cannot_connect")


async def test_unsafe_address(hass: HomeAssistant, simulator: Simulator) -> None:
    """The credentials never leave for an address that could be overheard."""
    built_in().add_to_hass(hass)
    typed = advanced(simulator, api_url="http://192.168.1.5:8080")
    form = await submit(hass, await choose(hass), typed)
    assert not simulator.requests.all
    assert suggested(form) == typed
    await recovers(hass, simulator, form, "unsafe_address")


async def test_limited(hass: HomeAssistant, simulator: Simulator) -> None:
    """What the API client may not do is said before, and by a repair after."""
    built_in("limited-client-id", "limited-client-secret").add_to_hass(hass)
    form = await submit(hass, await choose(hass), advanced(simulator))
    assert (form["type"], form["step_id"]) == (FlowResultType.FORM, "take_over_limited")
    told = form["description_placeholders"]
    assert told is not None
    permissions = "algopin-hourly, algopin-daily, algopin-onetime, algopin-permanent"
    assert told["permissions"] == permissions
    assert not hass.config_entries.async_entries(DOMAIN)

    result = await submit(hass, form, {})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["data"]["client_id"] == "limited-client-id"
    await settle(hass)
    keys = {
        issue.translation_key: issue.translation_placeholders
        for issue in ir.async_get(hass).issues.values()
        if issue.domain == DOMAIN
    }
    found = keys["permission_missing_offline_codes"]
    assert found is not None
    assert found["permissions"] == permissions


def test_texts_tell_apart() -> None:
    """What is said about the account names the place where it can be put right.

    And the page about moving uses the words that a person sees.
    """
    page = " ".join((INTEGRATION.parent.parent / "docs/moving.md").read_text().split())
    assert TEXTS["config"]["step"]["user"]["menu_options"]["take_over"] in page
    refused = TEXTS["config"]["error"]["take_over_refused"]
    assert refused.partition(".")[0] in page
    steps = TEXTS["config"]["step"]
    assert "{permissions}" in steps["take_over_limited"]["description"]
    assert "side by side" in steps["take_over"]["description"]
    assert "igloohome" in TEXTS["config"]["error"]["take_over_refused"]


# Side by side


async def test_side_by_side(
    hass: HomeAssistant, simulator: Simulator, built_in_library: None, set_up: SetUp
) -> None:
    """Both run with the same locks, and share neither a device nor an entity."""
    assert (await async_get_integration(hass, BUILT_IN)).is_built_in
    old = await set_up(built_in())
    assert old.state is ConfigEntryState.LOADED
    result = await submit(hass, await choose(hass), advanced(simulator))
    new = result["result"]
    await settle(hass)
    assert new.state is ConfigEntryState.LOADED

    def of(
        entry_id: str, entries: Callable[[Any, str], list[Any]], registry: Any
    ) -> list[Any]:
        found = entries(registry, entry_id)
        assert found
        return found

    devices, entities = dr.async_get(hass), er.async_get(hass)
    old_devices, new_devices = (
        of(entry.entry_id, dr.async_entries_for_config_entry, devices)
        for entry in (old, new)
    )
    assert not {d.id for d in old_devices} & {d.id for d in new_devices}
    for device in old_devices:
        assert {domain for domain, _ in device.identifiers} == {BUILT_IN}
        assert device.config_entry_id == old.entry_id
    for device in new_devices:
        assert {domain for domain, _ in device.identifiers} == {DOMAIN}
        assert device.config_entry_id == new.entry_id
        # It is connections that would join devices of different integrations.
        assert not device.connections
    # They are the same locks all the same, and that is what a person sees.
    assert {d.name for d in old_devices} <= {d.name for d in new_devices}

    old_entities, new_entities = (
        of(entry.entry_id, er.async_entries_for_config_entry, entities)
        for entry in (old, new)
    )
    assert {e.platform for e in old_entities} == {BUILT_IN}
    assert {e.platform for e in new_entities} == {DOMAIN}
    assert not {e.device_id for e in old_entities} & {e.device_id for e in new_entities}

    # Ours operates the door, the other does not notice.
    def lock_of(found: list[Any]) -> str:
        return next(
            str(entity.entity_id) for entity in found if entity.domain == "lock"
        )

    simulator.igloohome.switches.lock_job_seconds = 0.02
    before = hass.states.get(lock_of(old_entities))
    await hass.services.async_call(
        "lock", SERVICE_UNLOCK, {"entity_id": lock_of(new_entities)}, blocking=True
    )
    await settle(hass)
    assert hass.states.get(lock_of(old_entities)) == before
    assert before is not None
    assert before.state == STATE_UNKNOWN

    # The old one is removed; what is new stays as it is.
    await hass.config_entries.async_remove(old.entry_id)
    await settle(hass)
    assert new.state is ConfigEntryState.LOADED
    left = dr.async_entries_for_config_entry(devices, new.entry_id)
    assert {d.id for d in left} == {d.id for d in new_devices}


async def test_ours_first(
    hass: HomeAssistant, simulator: Simulator, built_in_library: None, set_up: SetUp
) -> None:
    """The order does not matter, and removing ours leaves the built-in one alone."""
    await submit(hass, await start(hass, "igloohome"), igloohome_input(simulator))
    (new,) = hass.config_entries.async_entries(DOMAIN)
    await settle(hass)
    old = await set_up(built_in())
    assert (old.state, new.state) == (ConfigEntryState.LOADED,) * 2
    registry = dr.async_get(hass)
    devices = {d.id for d in dr.async_entries_for_config_entry(registry, old.entry_id)}
    assert devices
    await hass.config_entries.async_remove(new.entry_id)
    await settle(hass)
    assert devices == {
        d.id for d in dr.async_entries_for_config_entry(registry, old.entry_id)
    }
    assert old.state is ConfigEntryState.LOADED


async def test_no_secret_in_repr(hass: HomeAssistant) -> None:
    """An account that could be taken over does not tell its secret by accident."""
    built_in().add_to_hass(hass)
    accounts = async_built_in_accounts(hass)
    assert [each.client_secret for each in accounts.values()] == [CLIENT_SECRET]
    assert TITLE in repr(accounts)
    assert CLIENT_SECRET not in repr(accounts)
    assert CLIENT_ID not in repr(accounts)
