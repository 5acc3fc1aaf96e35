"""A bridge that does not do its work: tried again, told, helped out by algoPINs."""

from datetime import timedelta

from custom_components.igloohome_access.bookings.actions import (
    AnnouncementKind as Kind,
    DeleteOnlineCode,
    UpdateOnlineCode,
)
from custom_components.igloohome_access.bookings.memory import PropertyMemory
from custom_components.igloohome_access.bookings.model import Reason
from custom_components.igloohome_access.bookings.planner import (
    note_failure,
    request_code,
)
from custom_components.igloohome_access.model import (
    CloudNotice,
    CodeKind,
    RecordState,
    RemoteCode,
)
from custom_components.igloohome_access.work import OnlineWork, WorkStep

from .online_samples import (
    BRIDGED,
    DAY,
    LONGER,
    cancel,
    online_flat,
    windows,
    with_bridge,
    without_bridge,
)
from .samples import HOUR, OTHER, STAY, Flat, at, event, flat, issues


def test_a_change_that_fails() -> None:
    """Tried every hour, the old code stays; twelve hours before, an algoPIN helps."""
    home = online_flat()
    home.read(event("2026-07-11", "2026-07-14"), OTHER)
    tries = 0
    while home.now < at("2026-07-11T02:00"):
        done = home.act(fail="bridge_offline")
        tries += sum(isinstance(one, UpdateOnlineCode) for one in done)
        assert windows(home) == [("online", "07-10 14:30", "07-14 11:30")]
        assert home.state() == "retrying"
        home.now += HOUR
    home.act(fail="bridge_offline")
    assert tries == 113  # every hour for not quite five days
    assert home.kinds() == ["dates_changed_code_kept", "code_delayed"]
    assert home.look().next_at == at("2026-07-11T03:00")
    home.now = at("2026-07-11T03:00")
    done = home.act()
    assert [one.plan.kind for one in issues(done)] == [CodeKind.HOURLY]
    assert isinstance(done[-2], DeleteOnlineCode)
    assert windows(home) == [("hourly", "07-11 14:00", "07-14 12:00")]
    assert home.kinds() == ["code_ready", "first_use_deadline", "code_deleted"]


def test_a_guest_who_is_there_gets_no_other_digits() -> None:
    """A change that fails after check-in is tried until midnight, then given up."""
    home = online_flat()
    home.now = at("2026-07-12T10:00")
    home.read(LONGER, OTHER)
    for _ in range(14):
        assert not issues(home.act(fail="bridge_offline"))
        assert home.state() == "retrying"
        home.now += HOUR
    home.act(fail="bridge_offline")
    assert home.state() == "failed"
    assert home.kinds() == ["dates_changed_code_kept", "code_delayed", "code_failed"]
    assert home.repairs() == [(Kind.CODE_FAILED, "bridge_offline")]


def test_a_new_code_that_fails() -> None:
    """Tried through the bridge every hour, then an algoPIN, tried every hour too."""
    home = flat("2026-07-10T00:10", **BRIDGED)
    home.read(STAY, OTHER)
    kinds = []
    while home.now < at("2026-07-11T00:00"):
        kinds += [
            one.plan.kind.value for one in issues(home.act(fail="bridge_offline"))
        ]
        if home.now < at("2026-07-11T00:00"):
            assert home.state() == "retrying"
        home.now += HOUR
    assert kinds == ["online"] * 3 + ["hourly"] * 21
    home.act()
    assert home.state() == "failed"
    assert home.kinds() == ["code_delayed", "code_failed"]


def _fails_in_the_cloud(home: Flat) -> None:
    """Let the cloud have the newest code, and not get it onto its lock."""
    newest = list(home.records)[-1]
    home.change(newest, state=RecordState.ISSUED)
    home.remotes[newest] = RemoteCode(
        cloud_id=f"seam-{newest}",
        device_id="front",
        kind=CodeKind.ONLINE,
        status="unset",
        notices=(CloudNotice("failed_to_set_on_device", "No"),),
    )
    home.now += HOUR


def _failed_twice() -> Flat:
    """Return a flat for which the cloud has two codes it could not make."""
    home = flat("2026-07-09T12:10", **BRIDGED)
    home.read(STAY, OTHER)
    home.act(state=RecordState.REQUESTED)
    _fails_in_the_cloud(home)
    (issue,) = issues(home.look().actions)
    home.issue(issue, RecordState.REQUESTED)
    _fails_in_the_cloud(home)
    return home


def test_what_the_cloud_took_and_could_not_make_is_deleted() -> None:
    """Else every hour one more would wait for the bridge to come back."""
    home = flat("2026-07-10T00:10", **BRIDGED)
    home.read(STAY, OTHER)
    deleted = []
    for _ in range(3):
        done = home.act(state=RecordState.REQUESTED)
        deleted += [[one.code_id for one in done if isinstance(one, DeleteOnlineCode)]]
        _fails_in_the_cloud(home)
    assert deleted == [[], ["code1"], ["code2"]]
    (issue,) = issues(home.look().actions)
    assert (issue.attempt, issue.plan.kind) == (4, CodeKind.HOURLY)
    home.act()
    assert home.state() == "ready"
    assert home.kinds() == ["code_delayed", "code_ready", "first_use_deadline"]
    gone = [key for key, (record, _) in home.records.items() if record.vanished_at]
    assert gone == ["code1", "code2", "code3"]
    assert home.act() == []


def test_what_the_cloud_does_not_delete() -> None:
    """Tried every hour, and counted once as a failure however long that takes."""
    home = _failed_twice()
    for attempt in (3, 4, 5):
        done = home.act(fail="bridge_offline")
        assert [one.attempt for one in issues(done)] == [attempt]
        (deletion,) = (one for one in done if isinstance(one, DeleteOnlineCode))
        assert deletion.code_id == "code1"
        assert home.act(fail="bridge_offline") == []
        home.memory = PropertyMemory.of_data(home.memory.as_data())
        home.now += HOUR
    assert home.kinds() == ["code_delayed"]
    (known, *_) = home.memory.bookings.values()
    first_at = {tried.first_at for key, tried in known.attempts.items() if "on" in key}
    assert min(first_at) == at("2026-07-09T12:10")


def test_a_cancelled_stay_is_left_alone_by_that() -> None:
    """What failed does not open; the other codes of the stay are deleted."""
    home = _failed_twice()
    cancel(home)
    assert home.state() == "cancelled"
    assert not any(isinstance(one, DeleteOnlineCode) for one in home.act())


def test_an_algopin_that_helped_out_stays() -> None:
    """The bridge is back: nothing changes until the dates do."""
    home = flat("2026-07-10T14:00", **BRIDGED)
    home.read(STAY, OTHER)
    home.act(fail="bridge_offline")
    home.now += HOUR
    home.act()
    assert [kind for kind, *_ in windows(home)] == ["hourly"]
    home.now += HOUR
    assert home.act() == []
    assert not any(known.attempts for known in home.memory.bookings.values())


def test_too_long_for_an_algopin() -> None:
    """Then only the bridge can do it, and is asked until midnight."""
    home = flat("2026-07-10T14:00", **BRIDGED)
    home.read(event("2026-07-10", "2027-09-20"), OTHER)
    for _ in range(10):
        (issue,) = issues(home.act(fail="bridge_offline"))
        assert issue.plan.kind is CodeKind.ONLINE
        home.now += HOUR
    home.act(fail="bridge_offline")
    assert home.state() == "failed"


def test_cancelled_and_not_deleted() -> None:
    """It is told that it opens; tried every hour as long as it does."""
    home = online_flat()
    cancel(home)
    home.memory = home.memory.of_data(home.memory.as_data())
    for _ in range(5):
        done = home.act(fail="bridge_offline")
        assert sum(isinstance(one, DeleteOnlineCode) for one in done) == 1
        assert home.act(fail="bridge_offline") == []
        assert home.look().next_at == home.now + HOUR
        home.now += HOUR
    assert home.kinds() == ["booking_cancelled_code_still_opens"]
    without_bridge(home)
    assert home.act() == []
    with_bridge(home)
    home.act()
    assert home.kinds() == ["code_deleted"]
    (known, *_) = [k for k in home.memory.bookings.values() if k.cancelled_at]
    assert known.attempts == {}


def test_cancelled_while_the_clock_was_wrong() -> None:
    """An attempt of a moment to come does not put off the next."""
    home = online_flat()
    cancel(home)
    home.now += DAY
    home.act(fail="bridge_offline")
    home.now -= DAY
    done = home.act(fail="bridge_offline")
    assert sum(isinstance(one, DeleteOnlineCode) for one in done) == 1


def test_a_deletion_that_takes_its_time() -> None:
    """While the cloud is at it for the first hour nothing is told."""
    home = online_flat()
    cancel(home)
    home.act(fail="online_code_being_deleted")
    home.kinds()
    home.memory = PropertyMemory.of_data(home.memory.as_data())
    home.change("code1", work=OnlineWork(step=WorkStep.DELETE))
    home.act(fail="online_code_being_deleted")
    home.now += HOUR
    home.act(fail="online_code_being_deleted")
    assert "booking_cancelled_code_still_opens" not in home.kinds()
    home.now += HOUR
    home.change("code1", vanished_at=home.now, work=None)
    home.act()
    assert home.kinds() == ["code_deleted"]


def test_another_one_cannot_be_deleted() -> None:
    """Then it is superseded, which is said, until it is off the lock."""
    home = online_flat()
    booking = home.look().bookings[0].booking
    home.memory = request_code(home.memory, booking, home.codes())
    (issue,) = issues(home.look().actions)
    home.memory = home.look().memory
    home.issue(issue)
    home.act(fail="bridge_offline")
    assert home.kinds() == ["code_ready", "superseded_still_opens"]
    assert [code.superseded for code in home.codes()] == [True, False]
    home.now += HOUR
    home.act()
    assert home.kinds() == ["code_deleted"]


def test_another_one_is_being_deleted() -> None:
    """The cloud took the order and is not done: said after an hour."""
    home = online_flat()
    booking = home.look().bookings[0].booking
    home.memory = request_code(home.memory, booking, home.codes())
    (issue,) = issues(home.look().actions)
    home.issue(issue)
    home.change("code1", work=OnlineWork(step=WorkStep.DELETE))
    plan = home.look()
    # Somebody else deletes it: nothing to do about that.
    assert not any(isinstance(one, DeleteOnlineCode) for one in plan.actions)
    home.change("code1", work=None)
    home.act(fail="online_code_being_deleted")
    home.kinds()
    home.change("code1", superseded_at=None, work=OnlineWork(step=WorkStep.DELETE))
    home.now += HOUR
    done = home.act(fail="online_code_being_deleted")
    assert sum(isinstance(one, DeleteOnlineCode) for one in done) == 1


def test_a_change_that_hangs() -> None:
    """The code is off its lock: an algoPIN helps out when the guest is near."""
    home = online_flat()
    home.change(
        "code1", work=OnlineWork(step=WorkStep.REMOVE_FIRST, starts_at=home.now)
    )
    assert home.act() == []
    assert home.state() == "issuing"
    home.now += 3 * HOUR
    assert home.act() == []
    assert home.look().next_at == at("2026-07-10T03:00")
    home.now = at("2026-07-10T03:00")
    assert [one.plan.kind for one in issues(home.act())] == [CodeKind.HOURLY]
    assert home.kinds() == ["code_ready", "first_use_deadline"]
    # It is back on its lock after all.
    home.change("code1", work=None)
    home.act()
    assert [kind for kind, *_ in windows(home)] == ["hourly"]
    assert home.kinds() == ["code_deleted"]


def test_a_change_that_just_began() -> None:
    """It gets an hour, also while the guest is at the door; and after a restart."""
    home = online_flat("2026-07-10T14:10")
    home.change("code1", work=OnlineWork(step=WorkStep.CHANGE))
    home.act()
    home.memory = PropertyMemory.of_data(home.memory.as_data())
    home.now += timedelta(minutes=59)
    assert home.act() == []
    home.now += timedelta(minutes=1)
    assert [one.plan.kind for one in issues(home.act())] == [CodeKind.HOURLY]


def test_a_new_code_that_hangs() -> None:
    """Of unclear outcome, and a failure was noted: no need to wait for an hour."""
    home = flat("2026-07-10T14:10", **BRIDGED)
    home.read(STAY, OTHER)
    (issue,) = issues(home.look().actions)
    home.issue(issue, RecordState.REQUESTED)
    home.act(fail="outcome_unknown")
    assert home.state() == "issuing"
    home.memory = note_failure(home.memory, issue, Reason("outcome_unknown"), home.now)
    assert [one.plan.kind for one in issues(home.act())] == [CodeKind.HOURLY]


def test_hanging_and_too_long_for_an_algopin() -> None:
    """Nothing can help out, so it is waited for."""
    home = flat("2026-07-10T14:10", **BRIDGED)
    home.read(event("2026-07-10", "2027-09-20"), OTHER)
    (issue,) = issues(home.look().actions)
    home.issue(issue, RecordState.REQUESTED)
    home.act()
    home.now += 2 * HOUR
    assert issues(home.act()) == []
    assert home.state() == "issuing"
    home.now += 10 * HOUR
    assert home.state() == "failed"


def test_a_code_the_cloud_could_not_make() -> None:
    """Counts as a failure of the bridge, not of algoPINs."""
    home = flat("2026-07-10T02:10", **BRIDGED)
    home.read(STAY, OTHER)
    home.act(state=RecordState.FAILED)
    assert home.state() == "retrying"
    home.now += HOUR
    assert [one.plan.kind for one in issues(home.act())] == [CodeKind.HOURLY]
