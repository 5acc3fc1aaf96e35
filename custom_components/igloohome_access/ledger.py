"""The private, write-ahead record of the codes issued from this Home Assistant.

igloohome cannot list algoPINs (reference/igloohome-api.md §2.4), so for such an
account this file is the only record there is. It is written before a request
leaves and again when its answer is known; it is the only place at rest where a
PIN is kept. The file belongs to the account, not to the config entry: removing
the entry keeps it while a code in it can still open a door.
"""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
import logging
from pathlib import Path

from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import (
    ConfigEntryNotReady,
    HomeAssistantError,
    UnsupportedStorageVersionError,
)
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util, slugify
from homeassistant.util.hass_dict import HassKey

from .const import DOMAIN
from .ledger_file import LedgerStore, StoredLedger, record_from_stored
from .model import CodeRecord, RecordState

_LOGGER = logging.getLogger(__name__)

RETENTION_DAYS = 400
"""How long an ended code is remembered, so that last year's stay can be looked up."""

SET_ASIDE = "ledger_set_aside"


class LedgerUnwritableError(HomeAssistantError):
    """The ledger could not be written to disk, so nothing may be requested."""

    def __init__(self) -> None:
        """Name the translated text."""
        super().__init__(translation_domain=DOMAIN, translation_key="ledger_unwritable")


class LedgerTooNewError(HomeAssistantError):
    """The ledger was written by a newer version of the integration."""

    def __init__(self) -> None:
        """Name the translated text."""
        super().__init__(translation_domain=DOMAIN, translation_key="ledger_too_new")


class LedgerUnreadableError(ConfigEntryNotReady):
    """The disk refuses to give the ledger back; what is in it is not known.

    Nothing may be written now, it could replace what cannot be read.
    """

    def __init__(self) -> None:
        """Name the translated text."""
        super().__init__(translation_domain=DOMAIN, translation_key="ledger_unreadable")


_STORES: HassKey[dict[str, LedgerStore]] = HassKey(f"{DOMAIN}_ledger_stores")


class Ledger:
    """All records of one account, in memory and on disk.

    Of the objects made for an account only the one loaded last may be changed; they
    share the file, so that what the disk refused so far passes from one to the next.
    """

    def __init__(self, hass: HomeAssistant, account_id: str) -> None:
        """Nothing is read yet."""
        self._hass = hass
        self._account_id = account_id
        stores = hass.data.setdefault(_STORES, {})
        if account_id not in stores:
            stores[account_id] = LedgerStore(hass, account_id)
        self._store = stores[account_id]
        self._records: dict[str, CodeRecord] = {}
        self._wanted = 0
        self._written = 0

    @property
    def account_id(self) -> str:
        """Return whose ledger this is."""
        return self._account_id

    @property
    def records(self) -> Mapping[str, CodeRecord]:
        """Return all records by code id."""
        return self._records

    async def async_load(self) -> None:
        """Read the ledger from disk.

        A file that cannot be understood is set aside under another name, with a
        repair issue, and the ledger starts empty. Raises ``LedgerTooNewError``, and
        ``LedgerUnreadableError`` when the disk does not even give the file.
        """
        store = self._store
        async with store.writing:
            while not store.idle.is_set():
                # A write is being repeated; the disk is about to know more.
                await store.idle.wait()
            try:
                stored = await store.async_load()
                records = [] if stored is None else stored["records"]
                self._records = {
                    record.code_id: record
                    for record in map(record_from_stored, records)
                }
            except UnsupportedStorageVersionError as err:
                raise LedgerTooNewError from err
            except HomeAssistantError as err:
                raise LedgerUnreadableError from err
            except KeyError, TypeError, ValueError, AttributeError:
                # The exception may quote the file, PINs included: not logged.
                self._records = {}
                await self._async_set_aside()
            else:
                await self._async_take_back_issue()
            store.latest = self._data
        await self._async_check_zones()

    async def async_reserve(self, record: CodeRecord) -> None:
        """Record a request on disk before it leaves.

        Raises ``LedgerUnwritableError``, and then remembers nothing; nor does it
        when the caller gives up meanwhile.
        """
        self._records[record.code_id] = record
        try:
            written = await asyncio.shield(self._async_write(reserved=record.code_id))
        except asyncio.CancelledError:
            self.async_remove([record.code_id])
            raise
        if not written:
            raise LedgerUnwritableError

    @callback
    def async_put(self, *records: CodeRecord) -> asyncio.Task[bool]:
        """Remember what was learned of codes, and begin to write it.

        Never loses it: when the disk refuses, memory keeps the records and the
        write is tried again. Who waits for the task must shield it.
        """
        for record in records:
            self._records[record.code_id] = record
        return self._async_write()

    @callback
    def async_remove(self, code_ids: Iterable[str]) -> asyncio.Task[bool]:
        """Take records off (a refused request, or codes long past) like async_put."""
        for code_id in code_ids:
            self._records.pop(code_id, None)
        return self._async_write()

    async def async_delete_file(self) -> None:
        """Delete the ledger for good."""
        self._records = {}
        async with self._store.writing:
            await self._store.async_remove()
        ir.async_delete_issue(self._hass, DOMAIN, self._issue_id)

    @callback
    def _async_write(self, *, reserved: str | None = None) -> asyncio.Task[bool]:
        """Begin to write; the task tells whether it was done.

        A task of its own: a write that is given up half way could be overtaken by
        the next one, and the older of the two would end up on the disk.
        """
        self._wanted += 1
        return self._hass.async_create_task(
            self._async_written(self._wanted, reserved), f"{DOMAIN} ledger"
        )

    async def _async_written(self, wanted: int, reserved: str | None) -> bool:
        """Write all records, unless somebody has since these changed.

        A record that was to be ``reserved`` and could not be written is taken off
        before anybody else can write it.
        """
        async with self._store.writing:
            if self._written >= wanted:
                return True
            # While stopping, a Store only promises to write later.
            if reserved is None or not self._hass.is_stopping:
                version = self._wanted
                await self._store.async_save(self._data())
                if not self._store.write_failed:
                    self._written = version
                    return True
            if reserved is not None:
                self._records.pop(reserved, None)
            return False

    def _data(self) -> StoredLedger:
        return {"records": list(self._records.values())}

    # Trouble with the file

    @property
    def _issue_id(self) -> str:
        return f"ledger_set_aside_{slugify(self._account_id)}"

    @property
    def _path(self) -> Path:
        return Path(self._store.path)

    async def _async_set_aside(self) -> None:
        """Keep a file that cannot be understood, under another name."""
        moment = dt_util.utcnow().strftime("%Y%m%dT%H%M%S%fZ")
        aside = self._path.with_name(f"{self._path.name}.unreadable.{moment}")
        try:
            await self._hass.async_add_executor_job(self._path.rename, aside)
        except OSError as err:
            # Going on would replace the file.
            raise LedgerUnreadableError from err
        _LOGGER.error("The ledger of codes could not be read; kept as %s", aside.name)
        ir.async_create_issue(
            self._hass,
            DOMAIN,
            self._issue_id,
            data={"account_id": self._account_id},
            is_fixable=True,
            is_persistent=True,
            severity=ir.IssueSeverity.ERROR,
            translation_key=SET_ASIDE,
            translation_placeholders={"file": aside.name},
        )

    def _files_aside(self) -> list[Path]:
        """Return the files that were set aside; looks at the disk."""
        return list(self._path.parent.glob(f"{self._path.name}.unreadable.*"))

    async def _async_take_back_issue(self) -> None:
        """Take the issue back when the file set aside has been dealt with."""
        if ir.async_get(self._hass).async_get_issue(DOMAIN, self._issue_id) is None:
            return
        if not await self._hass.async_add_executor_job(self._files_aside):
            ir.async_delete_issue(self._hass, DOMAIN, self._issue_id)

    async def async_delete_files_aside(self) -> None:
        """Delete what was set aside, which may hold PINs. Raises OSError."""

        def delete() -> None:
            for path in self._files_aside():
                path.unlink(missing_ok=True)

        await self._hass.async_add_executor_job(delete)

    async def _async_check_zones(self) -> None:
        """Show a window in UTC where its time zone is not known here any more.

        The moments are exact without it, so nothing else is lost.
        """
        names = {record.window.time_zone for record in self._records.values()}
        unknown = {name for name in names if not await _async_is_zone(name)}
        for record in list(self._records.values()):
            if record.window.time_zone in unknown:
                window = replace(record.window, time_zone="UTC")
                self._records[record.code_id] = replace(record, window=window)


async def _async_is_zone(name: str) -> bool:
    try:
        return await dt_util.async_get_time_zone(name) is not None
    except OSError, ValueError:
        # A folder of the time zone database, or no name at all.
        return False


def refused(
    record: CodeRecord, failure: str, now: datetime, detail: str = ""
) -> CodeRecord:
    """Return the record as failed for the reason ``failure`` (translation key).

    ``detail`` is what the cloud said, without secrets.
    """
    return replace(
        record,
        state=RecordState.FAILED,
        failure=failure,
        failure_detail=detail or None,
        failed_at=now,
    )
