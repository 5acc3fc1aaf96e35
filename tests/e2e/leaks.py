"""Look for secrets in everything a Home Assistant shows, keeps and says."""

import asyncio
import base64
from collections.abc import Iterable, Mapping
from contextlib import suppress
import json
from pathlib import Path
import re
from types import TracebackType
from typing import Any, Self

import aiohttp

from devtools.hass_client import HassClient

LEDGER = "igloohome_access.ledger_"
CREDENTIALS = "core.config_entries"


def pin_pattern(pin: str) -> re.Pattern[str]:
    """Return a pattern for the forms of a PIN.

    Plain, spaced by digit or in groups of two to four with any one separator, and all
    of that backwards.
    """
    forms: set[str] = set()
    for digits in (pin, pin[::-1]):
        forms.add(digits)
        for size in (1, 2, 3, 4):
            groups = [digits[i : i + size] for i in range(0, len(digits), size)]
            forms.add(r"[\s._/-]".join(groups))
    return re.compile("|".join(sorted(forms, key=len)))


def key_pattern(key: str) -> re.Pattern[str]:
    """Return a pattern for a key or token: as it is, and in base64."""
    encoded = base64.b64encode(key.encode()).decode().rstrip("=")
    return re.compile(f"{re.escape(key)}|{re.escape(encoded)}")


class LeakScanner:
    """Collects texts by where they come from, and looks for secrets in them."""

    def __init__(self, pins: Iterable[str], keys: Iterable[str]) -> None:
        """Know what must not be found."""
        self.pins = {pin: pin_pattern(pin) for pin in pins}
        self.keys = {key: key_pattern(key) for key in keys}
        self._texts: dict[str, str] = {}

    @property
    def sources(self) -> set[str]:
        """Return where texts were taken from."""
        return set(self._texts)

    def text_of(self, source: str) -> str:
        """Return what was taken from one place."""
        return self._texts.get(source, "")

    def add(self, source: str, content: Any) -> None:
        """Take a text, or data that is turned into one."""
        text = content if isinstance(content, str) else json.dumps(content, default=str)
        self._texts[source] = self._texts.get(source, "") + "\n" + text

    def add_folder(self, folder: Path) -> None:
        """Take every file of a configuration folder, the database included.

        PINs may be in the ledger, credentials with the config entries.
        """
        for path in folder.rglob("*"):
            inside = path.relative_to(folder)
            if (
                path.is_symlink()
                or not path.is_file()
                or "custom_components" in (inside.parts)
            ):
                continue
            # One character a byte, so that nothing is lost in binary files.
            self.add(f"file {inside}", path.read_bytes().decode("latin-1"))

    async def add_home_assistant(self, client: HassClient) -> None:
        """Take everything the interfaces of a running Home Assistant show."""
        self.add("states", await client.states())
        for command in (
            "config/entity_registry/list",
            "config/device_registry/list",
            "repairs/list_issues",
            "get_services",
        ):
            self.add(command, await client.command(command))
        # From codes without a known start to codes without an end.
        span = "start=1999-01-01T00:00:00Z&end=2200-12-31T00:00:00Z"
        for entity_id in await client.states():
            if entity_id.startswith("calendar."):
                path = f"/api/calendars/{entity_id}?{span}"
                self.add("calendars", await client.get(path))
        entries = await client.command("config_entries/get")
        self.add("config entries", entries)
        for entry in entries:
            if entry["domain"] != "igloohome_access" or entry["state"] != "loaded":
                continue
            path = f"/api/diagnostics/config_entry/{entry['entry_id']}"
            self.add("diagnostics", await client.get(path))
            for device in await client.command("config/device_registry/list"):
                if entry["entry_id"] in device["config_entries"]:
                    device_path = f"{path}/device/{device['id']}"
                    self.add("device diagnostics", await client.get(device_path))

    def findings(self) -> list[str]:
        """Return which secret is where; the secrets themselves stay out of it."""
        found: list[str] = []
        for source, text in self._texts.items():
            if LEDGER not in source:
                found += [
                    f"PIN number {number} in {source}"
                    for number, pattern in enumerate(self.pins.values())
                    if pattern.search(text)
                ]
            if CREDENTIALS not in source:
                found += [
                    f"key number {number} in {source}"
                    for number, pattern in enumerate(self.keys.values())
                    if pattern.search(text)
                ]
        return found


class EventListener:
    """Keeps every event of the bus: ``async with EventListener(client) as events``."""

    def __init__(self, client: HassClient) -> None:
        """Prepare to listen as the user of ``client``."""
        self._client = client
        self._task: asyncio.Task[None] | None = None
        self.events: list[Mapping[str, Any]] = []

    async def __aenter__(self) -> Self:
        """Listen from now on."""
        listening = asyncio.Event()
        self._task = asyncio.create_task(self._listen(listening))
        await listening.wait()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop listening."""
        assert self._task is not None
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task

    async def _listen(self, listening: asyncio.Event) -> None:
        token = self._client.browser_tokens()["access_token"]
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(
                f"{self._client.url}/api/websocket", max_msg_size=0
            ) as socket,
        ):
            await socket.receive_json()
            await socket.send_json({"type": "auth", "access_token": token})
            await socket.receive_json()
            await socket.send_json({"id": 1, "type": "subscribe_events"})
            await socket.receive_json()
            listening.set()
            async for message in socket:
                if (content := message.json())["type"] == "event":
                    self.events.append(content)
