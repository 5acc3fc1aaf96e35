"""A Home Assistant in this process, and the accounts that are measured in it."""

from collections.abc import AsyncGenerator
from contextlib import ExitStack, asynccontextmanager
from importlib import import_module
import socket
from tempfile import TemporaryDirectory
from typing import Any, override
from unittest.mock import patch

from aiohttp.abc import AbstractResolver, ResolveResult
from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import frame
from homeassistant.loader import DATA_CUSTOM_COMPONENTS
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_test_home_assistant,
)

from custom_components.igloohome_access.const import DOMAIN, OPTION_CODE_SENSORS
from custom_components.igloohome_access.coordinator import Account
from custom_components.igloohome_access.ledger import Ledger
from custom_components.igloohome_access.model import CloudKind, CodeRecord

from .clouds import API_KEY, CLIENT_ID, CLIENT_SECRET, Clouds

BUILT_IN = "igloohome"
"""The domain of Home Assistant's own integration."""

ACCOUNT_ID = "benchmark"


@asynccontextmanager
async def async_home() -> AsyncGenerator[HomeAssistant]:
    """Run a Home Assistant with an empty configuration in a temporary folder."""
    with (
        TemporaryDirectory() as folder,
        # Home Assistant's own resolver opens a port on all interfaces.
        patch(
            "homeassistant.helpers.aiohttp_client._async_make_resolver",
            lambda _hass: NoResolver(),
        ),
        # Only the pace of the reading after the start: nobody else uses the cloud.
        patch("custom_components.igloohome_access.upkeep.INVENTORY_PAUSE", 0),
    ):
        async with async_test_home_assistant(config_dir=folder) as hass:
            # The harness hides custom integrations.
            hass.data.pop(DATA_CUSTOM_COMPONENTS)
            frame.async_setup(hass)
            await hass.config.async_set_time_zone("Europe/Berlin")
            try:
                yield hass
            finally:
                await hass.async_stop(force=True)


class NoResolver(AbstractResolver):
    """Resolves nothing: the simulator has a number, and nobody else is asked."""

    @override
    async def resolve(
        self,
        host: str,
        port: int = 0,
        family: socket.AddressFamily = socket.AF_INET,
    ) -> list[ResolveResult]:
        """Refuse to look up a name."""
        raise OSError(f"the benchmark asks nobody but the simulator, not {host}")

    @override
    async def close(self) -> None:
        """Do nothing."""

    async def real_close(self) -> None:
        """Do nothing; Home Assistant closes its resolver by this name."""


def our_entry(
    clouds: Clouds, kind: CloudKind, *, code_sensors: bool = True
) -> MockConfigEntry:
    """Return an account of igloohome Access that is not set up yet."""
    data: dict[str, Any] = {"cloud": kind.value}
    if kind is CloudKind.SEAM:
        data |= {"api_key": API_KEY, "advanced": clouds.process.seam_addresses}
    else:
        data |= {
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "advanced": clouds.process.igloohome_addresses,
        }
    return MockConfigEntry(
        domain=DOMAIN,
        title="Benchmark",
        unique_id=ACCOUNT_ID,
        data=data,
        options={OPTION_CODE_SENSORS: code_sensors},
    )


def built_in_entry() -> MockConfigEntry:
    """Return an account of the built-in integration that is not set up yet."""
    return MockConfigEntry(
        domain=BUILT_IN,
        data={"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET},
    )


def lead_built_in_to(clouds: Clouds) -> ExitStack:
    """Let the library of the built-in integration talk to the simulator."""
    library = import_module("igloohome_api")
    stack = ExitStack()
    for part, constant in (("Auth", "_OAUTH2_HOST"), ("Api", "_BASE_URL")):
        # The addresses are defaults of parameters, bound when the library was loaded.
        init = getattr(library, part).__init__
        official = getattr(library, constant)
        if official not in init.__defaults__:
            raise RuntimeError(f"igloohome_api.{part} does not use {constant}")
        defaults = tuple(
            clouds.process.url if value == official else value
            for value in init.__defaults__
        )
        stack.enter_context(patch.object(init, "__defaults__", defaults))
    return stack


async def async_write_ledger(hass: HomeAssistant, records: list[CodeRecord]) -> None:
    """Give the account a past: codes that were issued before it is set up."""
    ledger = Ledger(hass, ACCOUNT_ID)
    await ledger.async_load()
    await ledger.async_put(*records)


async def async_set_up(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Add an account, unless it is, and set it up; its entities are there then."""
    if hass.config_entries.async_get_entry(entry.entry_id) is None:
        entry.add_to_hass(hass)
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    if entry.state is not ConfigEntryState.LOADED:
        raise RuntimeError(f"{entry.domain} was not set up: {entry.reason}")


async def async_our_account(
    hass: HomeAssistant, entry: ConfigEntry[Account]
) -> Account:
    """Return a loaded account after everything it does after its start."""
    await hass.async_block_till_done(wait_background_tasks=True)
    return entry.runtime_data


def entity_count(hass: HomeAssistant) -> int:
    """Return how many entities have a state."""
    return len(hass.states.async_entity_ids())
