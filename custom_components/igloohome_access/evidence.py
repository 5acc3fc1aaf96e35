"""What was last learned about each door: its bolt, and who or what moved it.

Whoever learns something notes it here: an operation that was confirmed, an event of
the cloud, a row of a lock's log. What is older than what is known changes nothing, so
news may come late and in any order. The lock entities listen.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from homeassistant.core import CALLBACK_TYPE, callback
from homeassistant.util import dt as dt_util


@dataclass(frozen=True, slots=True)
class DoorEvidence:
    """What is known of a door since ``at`` (UTC).

    ``locked`` is None where the bolt may be either way. ``by`` is the name of a code,
    a method, or who operated it, for people; never digits.
    """

    locked: bool | None
    by: str | None
    at: datetime


class LockEvidence:
    """The newest evidence of every door of an account, by device id of the lock."""

    def __init__(self) -> None:
        """Nothing is known."""
        self._latest: dict[str, DoorEvidence] = {}
        self._listeners: dict[str, list[Callable[[], None]]] = {}

    def latest(self, device_id: str) -> DoorEvidence | None:
        """Return what was learned last."""
        return self._latest.get(device_id)

    @callback
    def async_note(
        self, device_id: str, locked: bool | None, by: str | None, at: datetime
    ) -> None:
        """Note what happened at a door at ``at``, and tell who listens.

        ``locked`` None: the bolt is not known any more; who moved it last then stays
        unless ``by`` is given. A moment in the future counts as now.
        """
        now = dt_util.utcnow()
        at = min(at, now)
        known = self._latest.get(device_id)
        # What lies ahead was noted before the clock was set back.
        if known is not None and at < known.at <= now:
            return
        if locked is None and by is None and known is not None:
            by = known.by
        self._latest[device_id] = DoorEvidence(locked, by, at)
        self._tell(device_id)

    @callback
    def async_listed(self, before: datetime, asked_at: datetime) -> None:
        """Tell who listens that the cloud was asked for the doors at ``asked_at``.

        To be called when its answer is the one it had given ``before``: as an answer
        it is new for doors of which something was learned in between.
        """
        # A copy, as who hears of it may operate another door at once.
        for device_id, known in list(self._latest.items()):
            if before < known.at <= asked_at:
                self._tell(device_id)

    @callback
    def async_listen(
        self, device_id: str, listener: Callable[[], None]
    ) -> CALLBACK_TYPE:
        """Call a listener when something new is known of a door; return the end."""
        listeners = self._listeners.setdefault(device_id, [])
        listeners.append(listener)

        @callback
        def stop() -> None:
            listeners.remove(listener)

        return stop

    def _tell(self, device_id: str) -> None:
        for listener in list(self._listeners.get(device_id, ())):
            listener()
