"""Menus that our texts send people to are called there as Home Assistant calls them."""

from functools import cache
import json
from pathlib import Path
import re
from typing import Any

import hass_frontend
import pytest

from .flows import INTEGRATION, TEXTS

ROOT = INTEGRATION.parent.parent
CARD = json.loads((ROOT / "frontend/src/lang/en.json").read_text(encoding="utf-8"))
LANGUAGES = sorted(path.stem for path in (INTEGRATION / "translations").glob("*.json"))
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]

MENUS = {
    # In English: where its name is among the texts of the frontend.
    "Settings": "panel.config",
    "Devices & services": "ui.panel.config.dashboard.devices.main",
    "Network": "ui.panel.config.network.caption",
    "System": "ui.panel.config.dashboard.system.main",
}

#: What is pressed on the way from a dashboard to a card on it, one after the other.
TO_A_CARD = (
    "ui.panel.config.lovelace.dashboards.detail.edit_dashboard",
    "ui.panel.lovelace.editor.edit_card.add",
    "ui.panel.lovelace.editor.cardpicker.by_card",
)


@cache
def _frontend(language: str) -> dict[str, str]:
    """Return the texts of Home Assistant's frontend that are about settings."""
    folder = Path(hass_frontend.where()) / "static/translations"
    found: dict[str, str] = {}
    for part in (folder, folder / "config", folder / "lovelace"):
        # A name is followed by a digest: en-0123….json, beside en-GB-0123….json.
        (path,) = (
            path
            for path in part.glob(f"{language}-*.json")
            if re.fullmatch(rf"{language}-[0-9a-f]{{32}}", path.stem)
        )
        found |= json.loads(path.read_text(encoding="utf-8"))
    return found


def _flat(texts: Any, path: str = "") -> dict[str, str]:
    if isinstance(texts, str):
        return {path: texts}
    return {
        name: text
        for key, value in texts.items()
        for name, text in _flat(value, f"{path}.{key}").items()
    }


def _way(text: str) -> list[str]:
    """Return the menus a text leads through, in English."""
    found = re.search(rf"Settings(?: > (?:{'|'.join(MENUS)}))+", text)
    return found[0].split(" > ") if found else []


@pytest.mark.parametrize("language", LANGUAGES)
def test_languages(language: str) -> None:
    """Every language has the names its speakers see, one after the other."""
    names = _frontend(language)
    own = (INTEGRATION / f"translations/{language}.json").read_text(encoding="utf-8")
    card = CARD
    if language != "en":
        path = ROOT / f"frontend/public/lang/{language}.json"
        card = json.loads(path.read_text(encoding="utf-8"))
    ways = 0
    for english, translated in ((TEXTS, json.loads(own)), (CARD, card)):
        there = _flat(translated)
        for key, text in _flat(english).items():
            assert text.count("Settings > ") <= 1, key
            way = [re.escape(names[MENUS[name]]) for name in _way(text)]
            if way:
                ways += 1
                assert re.search(r"\W+>\W+".join(way), there[key]), (key, there[key])
    assert ways > 4


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_documents(page: Path) -> None:
    """The documents name menus that are there, of Home Assistant or of ours."""
    known = {*_frontend("en").values(), *_flat(TEXTS).values(), "the three dots"}
    known |= {"igloohome Access", "igloohome"}
    # In 2026.11 only, which is said where they are named.
    known |= {"Marketplace", "Action history"}
    text = page.read_text(encoding="utf-8")
    for way in re.findall(r"\*(Settings\s>\s[^*]+)\*", text):
        for name in re.split(r"\s>(?:\s|$)", way):
            shown = " ".join(name.split())
            if shown == "entities":  # It is shown with their number.
                continue
            assert not shown or shown in known, f"{page.name}: {shown}"


@pytest.mark.parametrize("page", ["README.md", "docs/card.md"])
def test_way_to_the_card(page: str) -> None:
    """The picker of cards does not begin with cards, so every step is named."""
    names = [f"*{_frontend('en')[key]}" for key in TO_A_CARD]
    names += [f"**{CARD['card.name']}**", f"*{_frontend('en')['ui.common.save']}*"]
    text = " ".join((ROOT / page).read_text(encoding="utf-8").split())
    assert re.search(".{1,60}?".join(map(re.escape, names)), text)
