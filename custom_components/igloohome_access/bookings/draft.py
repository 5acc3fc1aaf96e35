"""The plan of one booking while it is being put together."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime

from .actions import (
    Action,
    Announcement,
    AnnouncementKind as Kind,
    IssueCode,
    MarkSuperseded,
    Repair,
)
from .memory import BookingMemory
from .model import IssuedCode, PropertySettings, Stay
from .windows import is_for


@dataclass(slots=True)
class Draft:
    """What the planning of one booking comes to, while it is being put together."""

    booking: str
    known: BookingMemory
    stay: Stay
    settings: PropertySettings
    now: datetime
    actions: list[Action] = field(default_factory=list)
    issues: list[IssueCode] = field(default_factory=list)
    repairs: list[Repair] = field(default_factory=list)
    next_at: datetime | None = None

    @property
    def due(self) -> datetime:
        """Return when the lead time begins."""
        return self.stay.check_in - self.settings.lead

    def wake(self, moment: datetime) -> None:
        """Ask to be called again at a moment, or before."""
        if self.next_at is None or moment < self.next_at:
            self.next_at = moment

    def for_dates(self, code: IssuedCode) -> bool:
        """Return whether a code is for the dates of the stay."""
        return is_for(code, self.known.dates, self.settings, self.now)

    def tell(self, fact: str, announcement: Announcement) -> None:
        """Announce a fact unless it was announced."""
        if fact not in self.known.told:
            self.known = replace(self.known, told=self.known.told | {fact})
            self.actions.append(
                replace(announcement, booking=self.booking, stay=self.stay)
            )

    def untell(self, *facts: str) -> None:
        """Let facts be announced again, should they come true again."""
        if not self.known.told.isdisjoint(facts):
            self.known = replace(self.known, told=self.known.told.difference(facts))

    def tell_code(
        self, kind: Kind, fact: str, code: IssuedCode, replaced_by: str | None = None
    ) -> None:
        """Announce something about a code, with what it opens."""
        self.tell(
            fact,
            Announcement(
                kind=kind,
                lock_id=code.lock_id,
                purpose=code.tag.purpose,
                code_id=code.code_id,
                opens_from=code.window.starts_at,
                opens_until=code.opens_until,
                first_use_by=code.first_use_by,
                replaced_by=replaced_by,
            ),
        )

    def tell_kept(self, codes: Iterable[IssuedCode]) -> None:
        """Announce that codes stay although they are not for these dates."""
        for code in codes:
            fact = f"kept:{code.code_id}:{self.known.dates.text}"
            self.tell_code(Kind.DATES_CHANGED_CODE_KEPT, fact, code)

    def supersede(self, code: IssuedCode, by: str | None) -> None:
        """Say that a code is superseded and still opens, and mark it."""
        # In this order: what is marked and was not said would never be said.
        self.untell(f"reinstated:{code.code_id}")
        self.tell_code(Kind.SUPERSEDED, f"superseded:{code.code_id}", code, by)
        self.actions.append(MarkSuperseded(code.code_id, by))
