"""The one clock of the simulator.

Every state change (a bridge job that ends, a PIN that is assigned, a code that
expires) is computed from this clock when a request is served, so that moving
the clock is all it takes to move the simulated world.
"""

from datetime import UTC, datetime, timedelta


class Clock:
    """Follow the computer's time plus an offset, or stand still.

    "The computer's time" is whatever ``datetime.now`` answers, so a test that
    freezes time with freezegun freezes the simulator as well.
    """

    def __init__(self, now: datetime | None = None) -> None:
        """Start at ``now`` (aware), or at the computer's time."""
        self._offset = timedelta()
        self._frozen_at: datetime | None = None
        if now is not None:
            self.set(now)

    def now(self) -> datetime:
        """Return the simulated time as an aware datetime in UTC."""
        if self._frozen_at is not None:
            return self._frozen_at
        return datetime.now(UTC) + self._offset

    @property
    def frozen(self) -> bool:
        """Return whether the clock stands still until it is moved."""
        return self._frozen_at is not None

    def set(self, moment: datetime) -> None:
        """Jump to an aware ``moment``; a frozen clock stays frozen there."""
        if moment.tzinfo is None:
            raise ValueError("the simulator's clock needs a time with an offset")
        moment = moment.astimezone(UTC)
        if self._frozen_at is not None:
            self._frozen_at = moment
        else:
            self._offset = moment - datetime.now(UTC)

    def advance(self, delta: timedelta) -> None:
        """Move forward (or back, with a negative ``delta``)."""
        if self._frozen_at is not None:
            self._frozen_at += delta
        else:
            self._offset += delta

    def freeze(self) -> None:
        """Stand still at the present simulated time."""
        self._frozen_at = self.now()

    def unfreeze(self) -> None:
        """Run on from the time at which the clock stood still."""
        if self._frozen_at is not None:
            self._offset = self._frozen_at - datetime.now(UTC)
            self._frozen_at = None
