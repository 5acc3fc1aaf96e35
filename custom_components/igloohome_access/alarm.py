"""A timer for moments on the wall clock that notices when the clock is set."""

from collections.abc import Callable
from datetime import datetime, timedelta

from homeassistant.core import CALLBACK_TYPE, HassJob, HomeAssistant, callback
from homeassistant.helpers.event import async_call_later
from homeassistant.util import dt as dt_util

LONGEST_SLEEP = timedelta(minutes=1)
"""The timer looks at the wall clock at least this often, because a clock that was
set does not wake a timer."""


class Alarm:
    """Wakes up at a moment, and before it now and then to look at the clock.

    Not a timer of Home Assistant's on the wall clock: that sleeps on when the clock is
    set back.
    """

    def __init__(self, hass: HomeAssistant, wake: Callable[[], None]) -> None:
        """Call ``wake`` whenever it goes off; it has to be set again then."""
        self._hass = hass
        self._wake = wake
        self._job = HassJob(
            self._async_goes_off, "igloohome_access codes", cancel_on_shutdown=True
        )
        self._cancel: CALLBACK_TYPE | None = None
        self.wakes_at: datetime | None = None
        """When it goes off next, in UTC."""

    @callback
    def async_set(self, due: datetime | None) -> None:
        """Go off at ``due`` at the latest; None if nothing is due."""
        if self.wakes_at is not None and (due is None or due >= self.wakes_at):
            return
        self.async_cancel()
        now = dt_util.utcnow()
        delay = LONGEST_SLEEP
        if due is not None:
            delay = min(max(due - now, timedelta()), LONGEST_SLEEP)
        self.wakes_at = now + delay
        self._cancel = async_call_later(self._hass, delay, self._job)

    @callback
    def async_cancel(self) -> None:
        """Go off no more."""
        if self._cancel is not None:
            self._cancel()
        self._cancel = self.wakes_at = None

    @callback
    def _async_goes_off(self, _now: datetime) -> None:
        self._cancel = self.wakes_at = None
        self._wake()
