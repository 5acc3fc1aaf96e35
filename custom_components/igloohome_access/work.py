"""What is being done to an online code, as the ledger keeps it.

An online code is made, changed and deleted in steps, some of which take minutes. The
step is on disk before its request leaves, so that a restart at any moment finds what
has to be finished (online_steps.py tells what follows what).
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class WorkStep(StrEnum):
    """One step; all but the first and the last two exist on igloohome only.

    ``ADD``: a new code is put onto the lock. ``ADD_NEW``: new digits are put onto it
    while the old ones still work; ``REMOVE_OLD``: the old ones are taken off.
    ``REMOVE_FIRST``: a code is taken off because its digits stay and its window
    changes; ``ADD_AGAIN``: it is put back, until then it does not work. ``CHANGE``:
    Seam changes the code where it is. ``DELETE``: it is taken off for good.
    """

    ADD = "add"
    ADD_NEW = "add_new"
    REMOVE_OLD = "remove_old"
    REMOVE_FIRST = "remove_first"
    ADD_AGAIN = "add_again"
    CHANGE = "change"
    DELETE = "delete"

    @property
    def adds(self) -> bool:
        """Return whether the step puts digits onto the lock."""
        return self in (WorkStep.ADD, WorkStep.ADD_NEW, WorkStep.ADD_AGAIN)


@dataclass(frozen=True, slots=True, kw_only=True)
class OnlineWork:
    """A step under way, and what the code will be like after the last one.

    ``name``, ``starts_at`` and ``ends_at`` (UTC) are what it will have; without an
    end it has none. ``pin`` is its new digits, for REMOVE_OLD the old ones.
    ``booking`` is the tag of the stay it is for then, where that changes with it.
    ``asked_at`` (UTC) is set before the request leaves and taken back by a definite
    refusal; ``job_id`` is known once a bridge has the job. ``unclear``: a request of
    this step may have been carried out without our knowing.
    """

    step: WorkStep
    pin: str | None = field(default=None, repr=False)
    name: str | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    asked_at: datetime | None = None
    job_id: str | None = None
    unclear: bool = False
    booking: str | None = None
