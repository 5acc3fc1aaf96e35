"""Whether each bridge of igloohome's answers, learned from the jobs given to it.

Its list of devices does not tell (reference/igloohome-api.md §2.2); a job that is
refused because the bridge is offline does, and so does one that was done, and the
webhook where there is one (§6).
"""

from collections.abc import Callable
from dataclasses import dataclass

from homeassistant.core import CALLBACK_TYPE, callback

from .clouds.base import BridgeOfflineError, CloudError, Job, JobState

FAILURES = 3
"""Jobs in a row that came to nothing before a person is told."""


@dataclass(slots=True)
class _Contact:
    online: bool | None = None
    failures: int = 0


class BridgeContact:
    """What the last jobs told about each bridge, by its device id."""

    def __init__(self) -> None:
        """Nothing is known."""
        self._known: dict[str, _Contact] = {}
        self._listeners: list[Callable[[], None]] = []

    def online(self, bridge_id: str) -> bool | None:
        """Return whether a bridge is connected, None where nobody knows yet."""
        known = self._known.get(bridge_id)
        return None if known is None else known.online

    def failing(self, bridge_id: str) -> bool:
        """Return whether the last several jobs all came to nothing."""
        known = self._known.get(bridge_id)
        return known is not None and known.failures >= FAILURES

    @callback
    def async_note_error(self, bridge_id: str | None, err: CloudError) -> None:
        """Note that a job was refused; only one reason tells of the bridge."""
        if isinstance(err, BridgeOfflineError) and bridge_id is not None:
            self._note(bridge_id, online=False, failed=True)

    @callback
    def async_note_job(self, bridge_id: str | None, job: Job) -> None:
        """Note how a job ended.

        A lock that says no has been asked by a bridge that works. After a job that
        expired, either the bridge or the lock may be out of reach.
        """
        if bridge_id is None:
            return
        failed = job.state is JobState.EXPIRED
        online = self.online(bridge_id) if failed else True
        self._note(bridge_id, online=online, failed=failed)

    @callback
    def async_note_connection(self, bridge_id: str, *, online: bool) -> None:
        """Note that the cloud itself told of a bridge, as its webhook does (§6).

        A connection that is lost is no failure yet: it may be back in a moment. One
        that is back has yet to show that it gets through.
        """
        known = self._known.setdefault(bridge_id, _Contact())
        known.online = online
        if online:
            known.failures = 0
        self._tell()

    def _note(self, bridge_id: str, *, online: bool | None, failed: bool) -> None:
        known = self._known.setdefault(bridge_id, _Contact())
        known.online = online
        known.failures = known.failures + 1 if failed else 0
        self._tell()

    def _tell(self) -> None:
        for listener in list(self._listeners):
            listener()

    @callback
    def async_listen(self, listener: Callable[[], None]) -> CALLBACK_TYPE:
        """Call a listener when something was learned; return how to end that."""
        self._listeners.append(listener)

        @callback
        def stop() -> None:
            self._listeners.remove(listener)

        return stop
