"""Telling those who listen what has changed, by the id of a code or of a lock.

An account may have thousands of codes, and who looks at all of them for every change
makes the making of codes slow. So listeners are told what a change concerns.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Set as AbstractSet
import logging

from homeassistant.core import CALLBACK_TYPE, callback

from .errors import unforeseen

_LOGGER = logging.getLogger(__name__)

type Listener = Callable[[], None]
type ChangeListener = Callable[[AbstractSet[str]], None]
"""Is told the ids of the codes and of the locks that a change concerns."""


class Listened:
    """Something whose changes can be followed."""

    def __init__(self) -> None:
        """Nobody listens yet."""
        self._listeners: dict[str, list[Listener]] = defaultdict(list)
        self._change_listeners: list[ChangeListener] = []

    @callback
    def async_listen(self, key: str, listener: Listener) -> CALLBACK_TYPE:
        """Call ``listener`` when a code, or any code of a device, changes."""
        self._listeners[key].append(listener)

        def remove() -> None:
            self._listeners[key].remove(listener)
            if not self._listeners[key]:
                del self._listeners[key]

        return remove

    @callback
    def async_listen_all(self, listener: Listener) -> CALLBACK_TYPE:
        """Call ``listener`` after every change, once for all codes it concerns."""
        return self.async_listen_changes(lambda _changed: listener())

    @callback
    def async_listen_changes(self, listener: ChangeListener) -> CALLBACK_TYPE:
        """Call ``listener`` after every change, once, with all that it concerns."""
        self._change_listeners.append(listener)
        return lambda: self._change_listeners.remove(listener)

    @callback
    def _tell(self, changed: AbstractSet[str]) -> None:
        """Tell everybody whom a change concerns; first those who follow them all."""
        _call(self._change_listeners, changed)
        for key in changed:
            _call(self._listeners.get(key, ()))


def _call[*Ts](listeners: Iterable[Callable[[*Ts], None]], *told: *Ts) -> None:
    for listener in list(listeners):
        try:
            listener(*told)
        except Exception as err:  # noqa: BLE001
            # What shows codes must not get in the way of making them.
            _LOGGER.error("A listener to codes failed: %s", unforeseen(err))
