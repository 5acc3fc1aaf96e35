"""The plan of one booking while it is being put together."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from ..model import CodeStatus
from .actions import (
    Action,
    Announcement,
    AnnouncementKind as Kind,
    DeleteOnlineCode,
    IssueCode,
    MarkSuperseded,
    Repair,
    UpdateOnlineCode,
)
from .memory import Attempts, BookingMemory
from .model import IssuedCode, PropertySettings, Stay
from .windows import is_for

RETRY_EVERY = timedelta(hours=1)


def deletion_key(code_id: str) -> str:
    """Return what attempts to delete a code are known by in the memory."""
    return f"delete:{code_id}"


@dataclass(slots=True)
class Draft:
    """What the planning of one booking comes to, while it is being put together."""

    booking: str
    known: BookingMemory
    stay: Stay
    settings: PropertySettings
    now: datetime
    actions: list[Action] = field(default_factory=list)
    deletions: list[DeleteOnlineCode] = field(default_factory=list)
    issues: list[IssueCode | UpdateOnlineCode] = field(default_factory=list)
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

    def reaches(self, code: IssuedCode) -> bool:
        """Return whether a code can be changed and deleted from here, now."""
        return code.online and code.lock_id in self.settings.bridged

    def attempts(self, key: str) -> Attempts | None:
        """Return the failures in a row that were noted of one thing.

        One of a moment to come (the clock was set back) does not put off the next.
        """
        attempts = self.known.attempts.get(key)
        if attempts is not None and attempts.last_at > self.now:
            return replace(attempts, last_at=self.now - RETRY_EVERY)
        return attempts

    def tell(self, fact: str, announcement: Announcement) -> None:
        """Announce a fact unless it was announced."""
        if fact not in self.known.told:
            self.known = replace(self.known, told=self.known.told | {fact})
            self.actions.append(
                replace(announcement, booking=self.booking, stay=self.stay)
            )

    def note(self, fact: str) -> None:
        """Remember a fact without announcing it."""
        self.known = replace(self.known, told=self.known.told | {fact})

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
        """Announce that codes stay although they are not for these dates.

        Those that a person asked to have replaced may well be for them.
        """
        for code in codes:
            if code.tag.dates == self.known.dates:
                continue
            fact = f"kept:{code.code_id}:{self.known.dates.text}"
            self.tell_code(Kind.DATES_CHANGED_CODE_KEPT, fact, code)

    def supersede(self, code: IssuedCode, by: str | None) -> None:
        """Say that a code is superseded and still opens, and mark it."""
        # In this order: what is marked and was not said would never be said.
        self.untell(f"reinstated:{code.code_id}")
        self.tell_code(Kind.SUPERSEDED, f"superseded:{code.code_id}", code, by)
        self.actions.append(MarkSuperseded(code.code_id, by))

    def retire(self, code: IssuedCode, by: str | None) -> None:
        """Let a code be none of the stay's any more: delete it, or say that it opens.

        ``by`` is the code that took its place, None if nothing is out yet.
        """
        if self.reaches(code):
            self.delete(code, lambda: self.supersede(code, by))
        else:
            self.supersede(code, by)

    def delete(self, code: IssuedCode, still_opens: Callable[[], None]) -> None:
        """Take a code off its lock, every hour until it is off.

        ``still_opens`` says that it opens until then, once that does not go smoothly.
        """
        if not self.reaches(code):
            still_opens()
            return
        attempts = self.attempts(deletion_key(code.code_id))
        if attempts is not None:
            if attempts.count > 1 or code.status is not CodeStatus.REMOVING:
                still_opens()
            again = attempts.last_at + RETRY_EVERY
            if self.now < again:
                self.wake(again)
                return
        self.deletions.append(
            DeleteOnlineCode(booking=self.booking, code_id=code.code_id, tag=code.tag)
        )
        # Should nobody say what came of it, look again.
        self.wake(self.now + RETRY_EVERY)
