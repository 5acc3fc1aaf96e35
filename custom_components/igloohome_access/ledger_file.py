"""The file of a ledger: how a record is stored, and the Store that writes it."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import compress, count
import logging
from operator import attrgetter, is_not
import sys
from typing import Any, override

from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import Store
from homeassistant.util import slugify
from homeassistant.util.file import WriteError
from homeassistant.util.json import SerializationError
import orjson

from .const import DOMAIN
from .model import CodeKind, CodeOrigin, CodeRecord, RecordState, Window
from .work import OnlineWork, WorkStep

_LOGGER = logging.getLogger(__name__)

STORAGE_VERSION = 1
STORAGE_MINOR_VERSION = 2
"""1.2 added what concerns online codes (``one_time``, ``work``, ``failure_detail``),
and ``booking``."""

RETRY_WRITE_SECONDS = 60
LONGEST_RETRY_WRITE_SECONDS = 15 * 60

type StoredRecord = dict[str, Any]
type StoredLedger = dict[str, list[CodeRecord | StoredRecord]]
"""What is under ``records``: as read from the disk, or as it is to be written."""

_MOMENTS = (
    "first_use_by",
    "issued_at",
    "first_used_at",
    "superseded_at",
    "forgotten_at",
    "vanished_at",
    "failed_at",
)
_WORK_MOMENTS = ("starts_at", "ends_at", "asked_at")


def _text(moment: datetime) -> str:
    # Nearly all are in UTC already, and all records are written with every change.
    return (moment if moment.tzinfo is UTC else moment.astimezone(UTC)).isoformat()


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a moment needs an offset")
    return moment.astimezone(UTC)


def _required(text: str) -> datetime:
    moment = _moment(text)
    if moment is None:
        raise ValueError("a record needs a start and a moment of the request")
    return moment


def _string(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("a text was expected")
    return value


def _shared(value: object) -> str:
    """Return a text that other codes or the cloud's answers repeat, kept once."""
    return sys.intern(_string(value))


def _optional_string(value: object) -> str | None:
    return None if value is None else _string(value)


def _number(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError("a whole number was expected")
    return value


_moments_of = attrgetter(*_MOMENTS)


def record_to_stored(record: CodeRecord) -> StoredRecord:
    """Return a record as JSON-able data; moments as ISO text in UTC."""
    window = record.window
    stored: StoredRecord = {
        "code_id": record.code_id,
        "device_id": record.device_id,
        "target_id": record.target_id,
        "name": record.name,
        "kind": str(record.kind),
        "starts_at": _text(window.starts_at),
        "ends_at": None if window.ends_at is None else _text(window.ends_at),
        "time_zone": window.time_zone,
        "requested_at": _text(record.requested_at),
        "state": str(record.state),
        "variance": record.variance,
        "cloud_id": record.cloud_id,
        "pin": record.pin,
    }
    # What is not there is not written: that is most of it, for every record, and each
    # is kept in memory as it is written.
    if record.failure is not None:
        stored["failure"] = record.failure
    if record.origin is not CodeOrigin.ACTION:
        stored["origin"] = str(record.origin)
    if record.attempts:
        stored["attempts"] = record.attempts
    for key, moment in zip(_MOMENTS, _moments_of(record), strict=True):
        if moment is not None:
            stored[key] = _text(moment)
    if record.one_time:
        stored["one_time"] = True
    if record.failure_detail is not None:
        stored["failure_detail"] = record.failure_detail
    if record.work is not None:
        stored["work"] = _work_to_stored(record.work)
    if record.booking is not None:
        stored["booking"] = record.booking
    return stored


def _work_to_stored(work: OnlineWork) -> StoredRecord:
    stored: StoredRecord = {
        "step": str(work.step),
        "pin": work.pin,
        "name": work.name,
        "job_id": work.job_id,
        "unclear": work.unclear,
    }
    for key in _WORK_MOMENTS:
        moment = getattr(work, key)
        stored[key] = None if moment is None else _text(moment)
    if work.booking is not None:
        stored["booking"] = work.booking
    return stored


def _work_from_stored(stored: StoredRecord) -> OnlineWork:
    return OnlineWork(
        step=WorkStep(stored["step"]),
        pin=_optional_string(stored["pin"]),
        name=_optional_string(stored["name"]),
        job_id=_optional_string(stored["job_id"]),
        unclear=stored["unclear"] is True,
        booking=_optional_string(stored.get("booking")),
        **{key: _moment(stored[key]) for key in _WORK_MOMENTS},
    )


def record_from_stored(stored: CodeRecord | StoredRecord) -> CodeRecord:
    """Return the record kept in ``stored``, or itself where it was not written yet.

    Raises KeyError, TypeError, ValueError or AttributeError for anything that is not
    a record. What every record has from the start must be there; what later minor
    versions added is passed over, and what an earlier one did not have yet is empty.
    """
    if isinstance(stored, CodeRecord):
        return stored
    variance, cloud_id = stored.get("variance"), stored.get("cloud_id")
    pin = stored.get("pin")
    work = stored.get("work")
    return CodeRecord(
        code_id=_string(stored["code_id"]),
        device_id=_shared(stored["device_id"]),
        target_id=_shared(stored["target_id"]),
        name=_shared(stored["name"]),
        kind=CodeKind(stored["kind"]),
        window=Window(
            _required(stored["starts_at"]),
            # Required although it may be null: a lost end would turn the code into
            # one that never ends.
            _moment(stored["ends_at"]),
            _shared(stored["time_zone"]),
        ),
        requested_at=_required(stored["requested_at"]),
        state=RecordState(stored["state"]),
        variance=None if variance is None else _number(variance),
        cloud_id=None if cloud_id is None else _shared(cloud_id),
        pin=None if pin is None else _shared(pin),
        failure=_optional_string(stored.get("failure")),
        origin=CodeOrigin(stored.get("origin", CodeOrigin.ACTION)),
        attempts=_number(stored.get("attempts", 0)),
        one_time=stored.get("one_time") is True,
        failure_detail=_optional_string(stored.get("failure_detail")),
        work=None if work is None else _work_from_stored(work),
        booking=_optional_string(stored.get("booking")),
        **{key: _moment(stored.get(key)) for key in _MOMENTS},
    )


def _json(record: CodeRecord | StoredRecord) -> orjson.Fragment | StoredRecord:
    """Return a record as it is written."""
    if isinstance(record, CodeRecord):
        return orjson.Fragment(orjson.dumps(record_to_stored(record)))
    return record


class LedgerStore(Store[StoredLedger]):
    """The one Store of a ledger file; knows whether a write reached the disk.

    ``writing`` is held by whoever reads or writes the file, ``idle`` is not set
    while a write is repeated. ``latest`` is what it is repeated with, as soon as a
    ledger has been loaded.
    """

    def __init__(self, hass: HomeAssistant, account_id: str) -> None:
        """Name the file after the account, so that it outlives the entry."""
        super().__init__(
            hass,
            STORAGE_VERSION,
            f"{DOMAIN}.ledger_{slugify(account_id)}",
            private=True,
            atomic_writes=True,
            minor_version=STORAGE_MINOR_VERSION,
        )
        self.writing = asyncio.Lock()
        self.idle = asyncio.Event()
        self.idle.set()
        self.write_failed = False
        self.latest: Callable[[], StoredLedger] | None = None
        self._records: list[CodeRecord | StoredRecord] = []
        self._encoded: list[orjson.Fragment | StoredRecord] = []
        self._pause = RETRY_WRITE_SECONDS

    @override
    async def _async_write_data(self, data: dict[str, Any]) -> None:
        # Store logs a failed write and goes on. Before a request leaves we have to
        # know, and after it the write has to be repeated.
        if "data_func" in data:
            data["data"] = data.pop("data_func")()
        stored: StoredLedger = data["data"]
        self.idle.clear()
        try:
            await super()._async_write_data(
                data | {"data": stored | {"records": self._encode(stored["records"])}}
            )
        except (SerializationError, WriteError, OSError) as err:
            if not self.write_failed:
                # The exception may quote what was to be written: not logged.
                _LOGGER.error(
                    "The ledger of codes could not be written (%s); it is kept in "
                    "memory and written as soon as the disk allows",
                    type(err).__name__,
                )
                self._pause = RETRY_WRITE_SECONDS
            self.write_failed = True
            self.async_delay_save(
                lambda: stored if self.latest is None else self.latest(), self._pause
            )
            self._pause = min(2 * self._pause, LONGEST_RETRY_WRITE_SECONDS)
        else:
            self.write_failed = False
        finally:
            self.idle.set()

    def _encode(
        self, records: Sequence[CodeRecord | StoredRecord]
    ) -> list[orjson.Fragment | StoredRecord]:
        """Return records as JSON; one that has not changed is not encoded again."""
        before, encoded = self._records, self._encoded
        if len(records) < len(before):
            # Some were taken off. An id can be of no other while they are held here.
            known = dict(zip(map(id, before), encoded, strict=True))
            encoded = [known.get(id(record)) or _json(record) for record in records]
        else:
            # Hardly any differs from the one in its place the last time.
            differs = map(is_not, records, before, strict=False)
            for number in compress(count(), differs):
                encoded[number] = _json(records[number])
            encoded = [*encoded, *map(_json, records[len(before) :])]
        self._records, self._encoded = list(records), encoded
        return encoded

    @override
    async def _async_migrate_func(
        self,
        old_major_version: int,
        old_minor_version: int,
        old_data: StoredLedger,
    ) -> StoredLedger:
        # Version 1.1 is the first. A later minor version only adds keys, which
        # record_from_stored passes over; here is the place to turn an older major
        # version into this one, step by step.
        if old_major_version < STORAGE_VERSION:
            raise ValueError("there was no such version")
        return old_data
