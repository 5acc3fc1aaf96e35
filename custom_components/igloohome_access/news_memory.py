"""What was told already, so that no news is told twice, also over a restart.

Kept in a private file per account: ids of events and of rows of locks' logs, and
what was told of each code. No PIN, no name. Losing the file costs little: what
happened before the account is loaded again is then not told any more.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
import logging
import sys
from typing import Any

from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util, slugify

from .const import DOMAIN

_LOGGER = logging.getLogger(__name__)

STORAGE_VERSION = 1
SAVE_SECONDS = 1.0
"""What is told within this time is written at once."""
NOTE_READING = timedelta(hours=1)
"""How often is written down that nothing was missed, while nothing happens."""

KNOWN_EVENTS = 1500
"""Ids of events that are kept, three full answers of Seam's."""
KEEP_ROWS = timedelta(days=45)
"""How late a row of a lock's log may arrive: most codes are over by then."""
MAX_ROWS = 2000
"""Rows that are known of one log; what is older than these is not told any more."""
KEEP_CODES = timedelta(days=60)
"""How long is known what was told of a code that is in no list any more."""

_ROW_ID = 16
"""Characters of a row's id that are kept: 64 bits tell the rows of a lock apart."""


class NewsMemory:
    """What was told of one account.

    ``begun`` is since when the account is watched: what happened before is no news.
    ``cursor`` is the newest moment of the cloud's list of events so far, ``read_at``
    when that list was read last. All in UTC.
    """

    def __init__(self, hass: HomeAssistant, account_id: str) -> None:
        """Nothing is read yet, and nothing is known."""
        self._store: Store[dict[str, Any]] = Store(
            hass,
            STORAGE_VERSION,
            f"{DOMAIN}.news_{slugify(account_id)}",
            private=True,
            atomic_writes=True,
        )
        self._noted_at: datetime | None = None
        self._dirty = False
        self._start_anew()

    def _start_anew(self) -> None:
        now = dt_util.utcnow()
        # Logs tell whole seconds.
        self.begun = now.replace(microsecond=0)
        self.cursor = self.read_at = now
        self._events: dict[str, None] = {}
        self._rows: dict[str, dict[str, int]] = {}
        self._floors: dict[str, int] = {}
        self._codes: dict[str, tuple[str, ...]] = {}
        self._words: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._seen_on: dict[str, str] = {}

    async def async_load(self) -> None:
        """Read the file; one that cannot be understood is as good as none."""
        try:
            stored = await self._store.async_load()
            if stored is not None:
                self._take(stored)
                return
        except HomeAssistantError, KeyError, TypeError, ValueError, AttributeError:
            _LOGGER.warning("What was told already cannot be read; starting anew")
        self._start_anew()
        self.async_changed()

    def _take(self, stored: dict[str, Any]) -> None:
        self.begun, self.cursor, self.read_at = (
            _moment(stored[key]) for key in ("begun", "cursor", "read_at")
        )
        self._events = dict.fromkeys(map(str, stored["events"]))
        self._rows = {
            device_id: {str(row): int(at) for row, at in rows.items()}
            for device_id, rows in stored["rows"].items()
        }
        self._floors = {key: int(at) for key, at in stored["floors"].items()}
        self._codes, self._seen_on = {}, {}
        for key, known in stored["codes"].items():
            self._note_code(key, tuple(known["told"]), str(known["seen_on"]))

    def _data(self) -> dict[str, Any]:
        self._dirty = False
        return {
            "begun": self.begun.isoformat(),
            "cursor": self.cursor.isoformat(),
            "read_at": self.read_at.isoformat(),
            "events": list(self._events),
            "rows": self._rows,
            "floors": self._floors,
            "codes": {
                key: {"told": told, "seen_on": self._seen_on[key]}
                for key, told in self._codes.items()
            },
        }

    @callback
    def async_changed(self) -> None:
        """Have the file written soon."""
        self._dirty = True
        self._store.async_delay_save(self._data, SAVE_SECONDS)

    async def async_close(self) -> None:
        """Write what is not written yet; another object may have the file then."""
        if self._dirty or self._noted_at != self.read_at:
            await self._store.async_save(self._data())

    async def async_remove(self) -> None:
        """Delete the file."""
        await self._store.async_remove()

    # Events of the account

    def is_new_event(self, event_id: str) -> bool:
        """Return whether an event is met for the first time; it is known from now."""
        if event_id in self._events:
            return False
        self._events[event_id] = None
        while len(self._events) > KNOWN_EVENTS:
            del self._events[next(iter(self._events))]
        return True

    @callback
    def async_note_reading(
        self, cursor: datetime, now: datetime, *, changed: bool
    ) -> None:
        """Note how far the list of events was read, and when."""
        self.cursor, self.read_at = cursor, now
        noted = self._noted_at
        if changed or noted is None or not timedelta() <= now - noted < NOTE_READING:
            self._noted_at = now
            self.async_changed()

    # Rows of locks' logs

    def is_new_row(self, device_id: str, row_id: str, happened_at: datetime) -> bool:
        """Return whether a row is met for the first time; it is known from now."""
        rows = self._rows.setdefault(device_id, {})
        row_id, at = row_id[:_ROW_ID], int(happened_at.timestamp())
        if row_id in rows or at < self._floors.get(device_id, 0):
            return False
        rows[row_id] = at
        return True

    @callback
    def async_note_rows(self, device_id: str, now: datetime) -> None:
        """Forget rows that can not be read again, and write."""
        rows = self._rows.get(device_id, {})
        floor = int((now - KEEP_ROWS).timestamp())
        if len(rows) > MAX_ROWS:
            floor = max(floor, sorted(rows.values())[-MAX_ROWS])
        self._floors[device_id] = max(floor, self._floors.get(device_id, 0))
        self._rows[device_id] = {
            row: at for row, at in rows.items() if at >= self._floors[device_id]
        }
        self.async_changed()

    # Codes

    def told(self, code_id: str) -> frozenset[str] | None:
        """Return what was told of a code, None for one that is not known."""
        known = self._codes.get(code_id)
        return None if known is None else frozenset(known)

    @callback
    def async_tell(self, code_id: str, told: Iterable[str], now: datetime) -> None:
        """Note all that was told of a code that is in a list now."""
        words, today = tuple(sorted(told)), now.date().isoformat()
        if self._codes.get(code_id) != words or self._seen_on[code_id] != today:
            self._note_code(code_id, words, today)
            self.async_changed()

    def _note_code(self, code_id: str, words: tuple[str, ...], day: str) -> None:
        # Thousands of codes have the same few words and days: each is kept once.
        self._codes[code_id] = self._words.setdefault(words, words)
        self._seen_on[code_id] = sys.intern(day)

    @callback
    def async_forget_codes(self, now: datetime) -> None:
        """Forget codes that have not been in a list for long."""
        oldest = (now - KEEP_CODES).date().isoformat()
        for code_id in [key for key, on in self._seen_on.items() if on < oldest]:
            del self._codes[code_id], self._seen_on[code_id]
            self.async_changed()


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a moment needs an offset")
    return moment
