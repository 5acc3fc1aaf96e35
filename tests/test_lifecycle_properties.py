"""What holds for every code and every evidence (design.md §5)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings, strategies as st

from custom_components.igloohome_access.lifecycle import (
    counts_as_live,
    ends_at,
    first_use_deadline,
    next_change,
    opens_until,
    status_at,
)
from custom_components.igloohome_access.model import (
    CloudKind,
    CloudNotice,
    Code,
    CodeKind,
    CodeRecord,
    CodeRequest,
    CodeStatus,
    RecordState,
    RemoteCode,
    Window,
)
from custom_components.igloohome_access.rules import plan_code

from .zone_strategies import ZONES, moments

QUICK = settings(max_examples=600, deadline=None, database=None)
HOUR = timedelta(hours=1)
TICK = timedelta(microseconds=1)
BASE = datetime(2026, 11, 20, tzinfo=UTC)

ORDER = [
    {CodeStatus.SCHEDULED},
    {CodeStatus.SETTING, CodeStatus.ACTIVE},
    {CodeStatus.UNCONFIRMED},
    {CodeStatus.EXPIRED},
]
"""What time alone does to a code, in order."""
CONSTANT = {CodeStatus.FAILED, CodeStatus.USED, CodeStatus.REMOVING}
"""What time alone never changes."""
UNTIL_END = {
    CodeStatus.REQUESTED,
    CodeStatus.WAITING_FOR_PIN,
    CodeStatus.SUPERSEDED,
}
"""What time alone only changes to expired."""

WORDS = (
    "set",
    "unset",
    "setting",
    "removing",
    "unknown",
    "creating",
    "deleting",
    "deferring_creation",
    "updating_code",
    "updating_name",
    "being_deleted",
    "failed_to_remove",
    "failed_to_set_on_device",
    "",
)
words = st.sampled_from(WORDS) | st.text(max_size=5)
hours = st.integers(-100, 900).map(lambda number: BASE + number * HOUR)
maybe = st.none() | hours


@st.composite
def codes(draw: st.DrawFn) -> Code:
    """Return any code: our record, a cloud's view, or both, in any words."""
    kind = draw(st.sampled_from(CodeKind))
    start = draw(hours)
    length = draw(st.integers(1, 900)) * HOUR
    endless = draw(st.booleans()) and kind in (CodeKind.PERMANENT, CodeKind.ONLINE)
    end = None if endless else start + length
    deadline = kind.offline and (end is None or length > 24 * HOUR)
    which = draw(st.sampled_from(["record", "remote", "both"]))
    record = CodeRecord(
        code_id="ours",
        device_id="lock",
        target_id="lock",
        name="Plumber",
        kind=kind,
        window=Window(start, end, "UTC"),
        requested_at=BASE,
        state=draw(st.sampled_from(RecordState)),
        first_use_by=start + 24 * HOUR if deadline else None,
        pin=draw(st.none() | st.just("004711815")),
        first_used_at=draw(maybe),
        superseded_at=draw(maybe),
        forgotten_at=draw(maybe),
        vanished_at=draw(maybe),
    )
    remote = RemoteCode(
        cloud_id="theirs",
        device_id="lock",
        kind=kind,
        pin=draw(st.none() | st.just("4711")),
        starts_at=draw(st.none() | st.just(start)),
        ends_at=draw(st.none() | st.just(end)),
        status=draw(st.none() | words),
        one_time=draw(st.booleans()),
        managed=draw(st.booleans()),
        waiting_for_pin=draw(st.booleans()),
        scheduled_on_device=draw(st.booleans()),
        notices=tuple(
            draw(
                st.lists(
                    st.builds(
                        CloudNotice,
                        words,
                        st.just("text"),
                        st.booleans(),
                        st.booleans(),
                    ),
                    max_size=2,
                )
            )
        ),
        pending=tuple(draw(st.lists(words, max_size=2))),
    )
    return Code(
        record=None if which == "remote" else record,
        remote=None if which == "record" else remote,
    )


def rank(status: CodeStatus) -> int:
    """Return how far along a code is."""
    return next(place for place, group in enumerate(ORDER) if status in group)


@QUICK
@given(codes(), st.lists(hours, min_size=2, max_size=8))
def test_time_only_goes_forward(code: Code, nows: list[datetime]) -> None:
    """With the same evidence a status never goes backwards."""
    course = [status_at(code, now) for now in sorted(nows)]
    if course[0] in CONSTANT:
        assert {*course} == {course[0]}
    elif course[0] in UNTIL_END:
        assert {*course} <= {course[0], CodeStatus.EXPIRED}
        over = CodeStatus.EXPIRED in course
        assert not over or course[course.index(CodeStatus.EXPIRED) :] == [
            CodeStatus.EXPIRED
        ] * course.count(CodeStatus.EXPIRED)
    else:
        ranks = [rank(status) for status in course]
        assert ranks == sorted(ranks)
        # Within a rank only evidence decides, not the clock.
        assert len({*course} & {CodeStatus.SETTING, CodeStatus.ACTIVE}) < 2


@QUICK
@given(codes(), hours)
def test_next_change_is_exact(code: Code, now: datetime) -> None:
    """Nothing changes before it, the status is another from it on."""
    before = status_at(code, now)
    change = next_change(code, now)
    edges = [code.starts_at, first_use_deadline(code), ends_at(code)]
    later = sorted(edge for edge in edges if edge is not None and edge > now)
    if change is not None:
        assert change > now
        assert status_at(code, change - TICK) is before
        assert status_at(code, change) is not before
        later = [edge for edge in later if edge < change]
    for edge in later:
        assert status_at(code, edge) is before
    far = BASE + 10_000 * HOUR
    assert (status_at(code, far) is before) or change is not None
    # Following the changes ends, at the status of the far future.
    steps = 0
    while change is not None:
        before = status_at(code, change)
        change = next_change(code, change)
        steps += 1
    assert steps <= 3
    assert before is status_at(code, far)


@QUICK
@given(codes(), hours)
def test_live_and_open_agree(code: Code, now: datetime) -> None:
    """What ended takes no place and opens nothing; all else may."""
    status = status_at(code, now)
    opening = opens_until(code, now)
    assert counts_as_live(code, now) is not status.ended
    assert (opening is None) is status.ended
    if opening is not None:
        assert opening.until is None or opening.until > now
        certain = {CodeStatus.SCHEDULED, CodeStatus.ACTIVE, CodeStatus.SUPERSEDED}
        assert not opening.certain or status in certain


@QUICK
@given(codes(), hours, hours)
def test_a_use_is_never_bad_news(code: Code, used: datetime, now: datetime) -> None:
    """A late-seen use changes unconfirmed into active, a one-time code into used."""
    if code.record is None:
        return
    unseen = Code(record=replace(code.record, first_used_at=None), remote=code.remote)
    seen = Code(record=replace(code.record, first_used_at=used), remote=code.remote)
    before, after = status_at(unseen, now), status_at(seen, now)
    single = code.kind is CodeKind.ONE_TIME or (
        code.remote is not None and code.remote.one_time
    )
    if code.record.state is RecordState.FAILED:
        assert after is before is CodeStatus.FAILED
    elif single:
        assert after is CodeStatus.USED
    elif before is CodeStatus.UNCONFIRMED:
        assert after is CodeStatus.ACTIVE
    else:
        assert after is before


@QUICK
@given(codes(), hours, words, st.booleans())
def test_no_cloud_talks_an_algopin_away(
    code: Code, now: datetime, word: str, error: bool
) -> None:
    """An offline code with its PIN goes by record and clock, whatever Seam says."""
    if code.record is None or code.remote is None or not code.kind.offline:
        return
    has_pin = replace(code.record, pin="004711815", vanished_at=None)
    told = replace(
        code.remote,
        status=word,
        pending=(word,),
        one_time=False,
        notices=(CloudNotice(word, "text", error),),
    )
    silent = replace(told, status="set", pending=(), notices=())
    assert status_at(Code(record=has_pin, remote=told), now) is status_at(
        Code(record=has_pin, remote=silent), now
    )


@settings(max_examples=200, deadline=None, database=None)
@given(st.data(), st.sampled_from(ZONES))
def test_planned_codes_run_their_course(data: st.DataObject, name: str) -> None:
    """A code by the rules is active at once, has its deadline and its end."""
    zone = ZoneInfo(name)
    now = data.draw(moments(name))
    days = data.draw(st.integers(29, 300))
    request = CodeRequest(kind=CodeKind.DAILY, days=days)
    plan = plan_code(request, zone=zone, now=now, cloud=CloudKind.IGLOOHOME)
    code = Code(
        record=CodeRecord(
            code_id="ours",
            device_id="lock",
            target_id="lock",
            name="Cleaner",
            kind=plan.kind,
            window=plan.window,
            requested_at=now,
            state=RecordState.ISSUED,
            first_use_by=plan.first_use_by,
            pin="004711815",
        )
    )
    course = []
    moment: datetime | None = plan.window.starts_at - TICK
    while moment is not None:
        course.append((moment, status_at(code, moment)))
        moment = next_change(code, moment)
    assert course[1:] == [
        (plan.window.starts_at, CodeStatus.ACTIVE),
        (plan.first_use_by, CodeStatus.UNCONFIRMED),
        (plan.window.ends_at, CodeStatus.EXPIRED),
    ]
    assert course[0][1] is CodeStatus.SCHEDULED
