"""The private, write-ahead record of the codes issued from this Home Assistant.

igloohome cannot list algoPINs (reference/igloohome-api.md §2.4), so for such an
account this file is the only record there is. It is written before a request
leaves and again when its answer is known; it is the only place at rest where a
PIN is kept. The file belongs to the account, not to the config entry: removing
the entry keeps it while a code in it can still open a door.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
import logging
from pathlib import Path
from typing import Any, override

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, UnsupportedStorageVersionError
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util, slugify
from homeassistant.util.file import WriteError
from homeassistant.util.json import SerializationError

from .const import DOMAIN
from .model import CodeKind, CodeOrigin, CodeRecord, RecordState, Window

_LOGGER = logging.getLogger(__name__)

STORAGE_VERSION = 1
STORAGE_MINOR_VERSION = 1

RETRY_WRITE_SECONDS = 60
RETENTION_DAYS = 400
"""How long an ended code is remembered, so that last year's stay can be looked up."""

type StoredRecord = dict[str, Any]

_MOMENTS = (
    "first_use_by",
    "issued_at",
    "first_used_at",
    "superseded_at",
    "forgotten_at",
    "vanished_at",
    "failed_at",
)


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


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat()


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text).astimezone(UTC)


def record_to_stored(record: CodeRecord) -> StoredRecord:
    """Return a record as JSON-able data; moments as ISO text in UTC."""
    return {
        "code_id": record.code_id,
        "device_id": record.device_id,
        "target_id": record.target_id,
        "name": record.name,
        "kind": record.kind.value,
        "starts_at": _text(record.window.starts_at),
        "ends_at": _text(record.window.ends_at),
        "time_zone": record.window.time_zone,
        "requested_at": _text(record.requested_at),
        "state": record.state.value,
        "variance": record.variance,
        "cloud_id": record.cloud_id,
        "pin": record.pin,
        "failure": record.failure,
        "origin": record.origin.value,
        "attempts": record.attempts,
        **{key: _text(getattr(record, key)) for key in _MOMENTS},
    }


def record_from_stored(stored: StoredRecord) -> CodeRecord:
    """Return the record kept in ``stored``.

    Raises KeyError, TypeError or ValueError for anything that is not a record;
    keys of later minor versions are passed over.
    """
    starts_at = _moment(stored["starts_at"])
    requested_at = _moment(stored["requested_at"])
    if starts_at is None or requested_at is None:
        raise ValueError("a record needs a start and a moment of the request")
    return CodeRecord(
        code_id=str(stored["code_id"]),
        device_id=str(stored["device_id"]),
        target_id=str(stored["target_id"]),
        name=str(stored["name"]),
        kind=CodeKind(stored["kind"]),
        window=Window(starts_at, _moment(stored["ends_at"]), str(stored["time_zone"])),
        requested_at=requested_at,
        state=RecordState(stored["state"]),
        variance=stored["variance"],
        cloud_id=stored["cloud_id"],
        pin=stored["pin"],
        failure=stored["failure"],
        origin=CodeOrigin(stored["origin"]),
        attempts=int(stored["attempts"]),
        **{key: _moment(stored[key]) for key in _MOMENTS},
    )


class _LedgerStore(Store[dict[str, list[StoredRecord]]]):
    """A Store that tells whether its last write reached the disk."""

    write_failed = False

    @override
    async def _async_write_data(self, data: dict[str, Any]) -> None:
        # Store logs a failed write and goes on; before a request leaves we
        # have to know.
        try:
            await super()._async_write_data(data)
        except SerializationError, WriteError:
            self.write_failed = True
            raise
        self.write_failed = False

    @override
    async def _async_migrate_func(
        self,
        old_major_version: int,
        old_minor_version: int,
        old_data: dict[str, list[StoredRecord]],
    ) -> dict[str, list[StoredRecord]]:
        # Version 1.1 is the first; a later minor version only adds keys, which
        # record_from_stored passes over.
        return old_data


class Ledger:
    """All records of one account, in memory and on disk."""

    def __init__(self, hass: HomeAssistant, account_id: str) -> None:
        """Name the file after the account, so that it outlives the entry."""
        self._hass = hass
        self._account_id = account_id
        self._store = _LedgerStore(
            hass,
            STORAGE_VERSION,
            f"{DOMAIN}.ledger_{slugify(account_id)}",
            private=True,
            atomic_writes=True,
            minor_version=STORAGE_MINOR_VERSION,
        )
        self._records: dict[str, CodeRecord] = {}

    @property
    def records(self) -> Mapping[str, CodeRecord]:
        """Return all records by code id."""
        return self._records

    async def async_load(self) -> None:
        """Read the ledger from disk.

        A file that cannot be understood is set aside under another name, with a
        repair issue, and the ledger starts empty. Raises ``LedgerTooNewError``.
        """
        try:
            stored = await self._store.async_load()
            records = [] if stored is None else stored["records"]
            self._records = {
                record.code_id: record for record in map(record_from_stored, records)
            }
        except UnsupportedStorageVersionError as err:
            raise LedgerTooNewError from err
        except KeyError, TypeError, ValueError, AttributeError:
            # The exception may quote the file, PINs included: not logged.
            await self._async_set_aside()

    async def _async_set_aside(self) -> None:
        """Keep a file that cannot be understood, under another name."""
        path = Path(self._store.path)
        moment = dt_util.utcnow().strftime("%Y%m%dT%H%M%SZ")
        aside = path.with_name(f"{path.name}.unreadable.{moment}")
        await self._hass.async_add_executor_job(path.rename, aside)
        _LOGGER.error("The ledger of codes could not be read; kept as %s", aside.name)
        ir.async_create_issue(
            self._hass,
            DOMAIN,
            f"ledger_set_aside_{slugify(self._account_id)}",
            is_fixable=False,
            is_persistent=True,
            severity=ir.IssueSeverity.ERROR,
            translation_key="ledger_set_aside",
            translation_placeholders={"file": aside.name},
        )

    async def async_reserve(self, record: CodeRecord) -> None:
        """Record a request on disk before it leaves.

        Raises ``LedgerUnwritableError``, and then remembers nothing.
        """
        if self._hass.is_stopping:
            # While stopping a Store only promises to write later.
            raise LedgerUnwritableError
        self._records[record.code_id] = record
        await self._async_save()
        if self._store.write_failed:
            del self._records[record.code_id]
            raise LedgerUnwritableError

    async def async_update(self, record: CodeRecord) -> None:
        """Record what was learned of a code.

        Never loses it: when the disk refuses, memory keeps the record and the
        write is tried again.
        """
        self._records[record.code_id] = record
        await self._async_save_or_retry()

    async def async_remove(self, code_ids: Iterable[str]) -> None:
        """Take records off: a refused request, or codes long past."""
        for code_id in code_ids:
            self._records.pop(code_id, None)
        await self._async_save_or_retry()

    async def async_delete_file(self) -> None:
        """Delete the ledger for good."""
        self._records = {}
        await self._store.async_remove()

    async def _async_save_or_retry(self) -> None:
        await self._async_save()
        if self._store.write_failed:
            self._store.async_delay_save(self._data, RETRY_WRITE_SECONDS)

    async def _async_save(self) -> None:
        await self._store.async_save(self._data())

    def _data(self) -> dict[str, list[StoredRecord]]:
        return {"records": [record_to_stored(r) for r in self._records.values()]}


def refused(record: CodeRecord, failure: str, now: datetime) -> CodeRecord:
    """Return the record as failed for the reason ``failure`` (translation key)."""
    return replace(record, state=RecordState.FAILED, failure=failure, failed_at=now)
