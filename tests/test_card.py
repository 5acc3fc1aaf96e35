"""The dashboard card: what is served, who may ask what, and the committed bundle.

How the card behaves is tested in ``frontend/test`` (vitest) and in a browser.
"""

from dataclasses import replace
import gzip
import hashlib
import json
from pathlib import Path
import re
from typing import Any
from unittest.mock import patch

from homeassistant.components.frontend import DATA_EXTRA_MODULE_URL
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import (
    ClientSessionGenerator,
    WebSocketGenerator,
)

from custom_components.igloohome_access.card import CARD_FILES, CARD_MODULE, CARD_URL
from custom_components.igloohome_access.const import DOMAIN
from simulator import Simulator
from simulator.igloohome.scenarios import LOCK_BRIDGED, LOCK_UNBRIDGED
from simulator.seam.scenarios import SEAM_LOCK_BRIDGED, SEAM_LOCK_OFFLINE

from .conftest import SetUp
from .flows import INTEGRATION
from .online import on_gate
from .surface import Data, act, codes, refused, registry_id

FRONTEND = INTEGRATION.parent.parent / "frontend"
BUNDLE = CARD_FILES / CARD_MODULE
LARGEST = 25_000
"""Bytes of the compressed bundle: a card must not be felt when a page loads."""

OFFLINE = ["hourly", "daily", "one_time"]


# What is served


def _loaded(hass: HomeAssistant) -> list[str]:
    """Return what every page loads of the card."""
    urls: frozenset[str] = hass.data[DATA_EXTRA_MODULE_URL].urls
    return [url for url in urls if url.startswith(CARD_URL)]


@pytest.mark.parametrize("first", ["frontend", DOMAIN])
async def test_pages_load_it(
    hass: HomeAssistant, hass_client_no_auth: ClientSessionGenerator, first: str
) -> None:
    """The frontend is told once where the card is; the address names its version."""
    for component in (first, *({"frontend", DOMAIN} - {first})):
        assert await async_setup_component(hass, component, {})
    await hass.async_block_till_done()
    (url,) = _loaded(hass)
    assert re.fullmatch(rf"{CARD_URL}/{CARD_MODULE}\?v=[0-9a-f]{{16}}", url)
    client = await hass_client_no_auth()
    answer = await client.get(url)
    assert answer.status == 200
    assert answer.content_type.endswith("javascript")
    assert "max-age" in answer.headers["Cache-Control"]
    assert await answer.text() == BUNDLE.read_text(encoding="utf-8")
    language = await client.get(f"{CARD_URL}/lang/de.json")
    assert (await language.json())["card.new"] == "Neuer Code"


async def test_without_a_frontend(
    hass: HomeAssistant, igloohome: MockConfigEntry, quiet_log: None
) -> None:
    """Nobody has to have a frontend."""
    assert "frontend" not in hass.config.components
    assert DATA_EXTRA_MODULE_URL not in hass.data
    assert await codes(hass) == []


# Which locks there are


async def _ask(hass: HomeAssistant, client: Any) -> Data:
    await client.send_json_auto_id({"type": f"{DOMAIN}/locks"})
    answer: Data = await client.receive_json()
    return answer


async def test_locks(
    hass: HomeAssistant,
    hass_ws_client: WebSocketGenerator,
    igloohome: MockConfigEntry,
    seam: MockConfigEntry,
) -> None:
    """Each lock is listed once, by name, with the kinds of codes it takes."""
    answer = (await _ask(hass, await hass_ws_client(hass)))["result"]
    assert answer["not_loaded"] == []
    assert [lock["name"] for lock in answer["locks"]] == [
        "Apartment 1",
        "Apartment 2",
        "Apartment 3",
        "Apartment 4",
        "Bike Padlock",
        "Front Door",
        "Garden Gate",
        "Guest Room",
        "Key Box",
    ]
    found = {lock["device_id"]: lock for lock in answer["locks"]}
    for entry, device_id, kinds in (
        (igloohome, LOCK_UNBRIDGED, [*OFFLINE, "permanent"]),
        (igloohome, LOCK_BRIDGED, [*OFFLINE, "permanent", "online"]),
        (seam, SEAM_LOCK_OFFLINE, OFFLINE),
    ):
        assert found[registry_id(hass, entry, device_id)]["kinds"] == kinds
    bridged = found[registry_id(hass, seam, SEAM_LOCK_BRIDGED)]
    assert bridged["time_zone"] == "Europe/Berlin"
    assert "online" in bridged["kinds"]
    assert "permanent" not in bridged["kinds"]


async def test_locks_of_an_account_that_is_not_loaded(
    hass: HomeAssistant,
    hass_ws_client: WebSocketGenerator,
    igloohome: MockConfigEntry,
    seam: MockConfigEntry,
) -> None:
    """An account of which nothing is known is named."""
    assert await hass.config_entries.async_unload(seam.entry_id)
    answer = (await _ask(hass, await hass_ws_client(hass)))["result"]
    assert answer["not_loaded"] == [seam.title]
    assert "Guest Room" in {lock["name"] for lock in answer["locks"]}
    assert "Apartment 1" not in {lock["name"] for lock in answer["locks"]}


async def test_a_lock_that_takes_online_codes_only(
    hass: HomeAssistant, hass_ws_client: WebSocketGenerator, igloohome: MockConfigEntry
) -> None:
    """Kinds that a lock cannot take are not offered."""
    coordinator = igloohome.runtime_data.coordinator
    coordinator.data = {
        device_id: replace(device, takes_offline_codes=False)
        for device_id, device in coordinator.data.items()
    }
    (lock, *_) = (await _ask(hass, await hass_ws_client(hass)))["result"]["locks"]
    assert lock["kinds"] == ["online"]


async def test_locks_are_for_administrators(
    hass: HomeAssistant,
    hass_ws_client: WebSocketGenerator,
    hass_read_only_access_token: str,
    igloohome: MockConfigEntry,
) -> None:
    """Who may not make codes is not told what could be made."""
    client = await hass_ws_client(hass, hass_read_only_access_token)
    answer = await _ask(hass, client)
    assert not answer["success"]
    assert answer["error"]["code"] == "unauthorized"


# Looking at an online code before it is made


async def test_dry_run_online(
    hass: HomeAssistant, simulator: Simulator, igloohome: MockConfigEntry
) -> None:
    """Looking tells the window and the warnings, and puts nothing onto the lock."""
    await hass.config.async_set_time_zone("Europe/Berlin")
    gate = registry_id(hass, igloohome, LOCK_BRIDGED)
    answer = await act(
        hass,
        "create_online_code",
        device_id=gate,
        name="Cleaner",
        ends_at="2030-06-03 11:20:00",
        one_time=True,
        dry_run=True,
    )
    (code,) = answer["codes"]
    assert (code["code_id"], code["pin"], code["status"]) == (None, None, None)
    assert code["kind"] == "online"
    assert code["ends_at"] == "2030-06-03T11:20:00+02:00"
    assert [warning["key"] for warning in code["warnings"]] == [
        "online_code_opens_once"
    ]
    assert on_gate(simulator) == {}
    assert await codes(hass) == []


async def test_dry_run_online_is_refused(
    hass: HomeAssistant, igloohome: MockConfigEntry
) -> None:
    """Looking finds the same faults as making."""
    gate = registry_id(hass, igloohome, LOCK_BRIDGED)
    room = registry_id(hass, igloohome, LOCK_UNBRIDGED)
    data: Data = {"name": "Cleaner", "dry_run": True}
    key, _ = await refused(hass, "create_online_code", device_id=room, **data)
    assert key == "lock_has_no_bridge"
    both = await act(hass, "create_online_code", device_id=[gate, room], **data)
    assert [code.get("error", {}).get("key") for code in both["codes"]] == [
        None,
        "lock_has_no_bridge",
    ]
    key, _ = await refused(
        hass, "create_online_code", device_id=gate, pin="1234", **data
    )
    assert key == "pin_weak"
    with patch("custom_components.igloohome_access.occupancy.MAX_PINS", 0):
        key, _ = await refused(hass, "create_online_code", device_id=gate, **data)
    assert key == "lock_full"


async def test_dry_run_online_of_an_offline_lock(
    hass: HomeAssistant,
    simulator: Simulator,
    seam_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """Who looks is told that the code has to wait for the bridge."""
    simulator.seam.patch_device(SEAM_LOCK_BRIDGED, {"online": False})
    seam = await set_up(seam_entry)
    answer = await act(
        hass,
        "create_online_code",
        device_id=registry_id(hass, seam, SEAM_LOCK_BRIDGED),
        name="Cleaner",
        dry_run=True,
    )
    (code,) = answer["codes"]
    assert [warning["key"] for warning in code["warnings"]] == ["lock_is_offline"]
    assert simulator.seam.dump()["codes"] == []


# The bundle


def _source_hash() -> str:
    """Return the hash of the sources as frontend/vite.config.ts makes it."""
    found = hashlib.sha256()
    source = FRONTEND / "src"
    paths = {
        path.relative_to(source).as_posix(): path
        for path in source.rglob("*")
        if path.suffix in (".ts", ".json")
    }
    for name in sorted(paths):
        found.update(name.encode())
        found.update(paths[name].read_bytes())
    found.update((FRONTEND / "package-lock.json").read_bytes())
    return found.hexdigest()[:16]


def test_bundle_is_built_from_the_sources() -> None:
    """Whoever changes the card builds it: ``npm run build`` in frontend/."""
    first = BUNDLE.read_text(encoding="utf-8").split("\n", 1)[0]
    assert f"sources {_source_hash()} " in first


def test_bundle_waits_for_the_page() -> None:
    """Nothing is defined before Home Assistant's own registry of elements is there."""
    second = BUNDLE.read_text(encoding="utf-8").split("\n", 2)[1]
    assert second.startswith("await customElements.whenDefined(`home-assistant`);")


def test_bundle_is_small() -> None:
    """The card is not felt when a page loads."""
    assert len(gzip.compress(BUNDLE.read_bytes(), 9)) <= LARGEST


def test_bundle_asks_nobody_else() -> None:
    """The only address in the bundle is that of the docs, for the card picker."""
    text = BUNDLE.read_text(encoding="utf-8")
    assert set(re.findall(r"\w+://[^\s\"'`)]+", text)) == {
        "https://github.com/igloohome-access/igloohome-access/blob/main/docs/card.md"
    }
    assert "localStorage" not in text
    assert "sessionStorage" not in text
    assert "sourceMappingURL" not in text


def test_languages_are_those_of_the_sources() -> None:
    """The language files are committed as they were written, and nothing else is."""
    source = FRONTEND / "public/lang"
    served = CARD_FILES / "lang"
    assert {path.name for path in CARD_FILES.iterdir()} == {CARD_MODULE, "lang"}
    assert _texts(served) == _texts(source)
    english = json.loads((FRONTEND / "src/lang/en.json").read_text(encoding="utf-8"))
    for name, text in _texts(served).items():
        strings = json.loads(text)
        assert list(strings) == list(english), name
        for key, value in strings.items():
            assert _holes(value) == _holes(english[key]), (name, key)


def _texts(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}


def _holes(text: str) -> list[str]:
    return sorted(re.findall(r"\{\w+\}", text))


def test_packages_have_no_addresses() -> None:
    """Where packages come from is the business of whoever installs them."""
    lock = json.loads((FRONTEND / "package-lock.json").read_text(encoding="utf-8"))
    assert all("resolved" not in package for package in lock["packages"].values())
    manifest = json.loads((FRONTEND / "package.json").read_text(encoding="utf-8"))
    wanted = {**manifest["dependencies"], **manifest["devDependencies"]}
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in wanted.values())
