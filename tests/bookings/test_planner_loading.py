"""Codes that a cloud has taken and is putting onto the lock ahead of their start."""

from dataclasses import replace

from custom_components.igloohome_access.bookings.actions import UpdateOnlineCode
from custom_components.igloohome_access.model import CodeKind, RemoteCode

from .online_samples import BRIDGED, LONGER, live, online_flat, windows
from .samples import HOUR, OTHER, STAY, Flat, at, event, flat, issues


def _newest(home: Flat) -> str:
    return list(home.records)[-1]


def _remote(home: Flat, *pending: str, loaded: bool = False) -> None:
    """Let the cloud say how far it is with the newest code."""
    home.remotes[_newest(home)] = RemoteCode(
        cloud_id=f"seam-{_newest(home)}",
        device_id="front",
        kind=CodeKind.ONLINE,
        pin=home.records[_newest(home)][0].pin,
        status="unset",
        pending=pending,
        scheduled_on_device=loaded,
    )


def _taken(now: str, *pending: str) -> Flat:
    """Return a flat whose cloud took the code of STAY."""
    home = flat(now, **BRIDGED)
    home.read(STAY, OTHER)
    (issue,) = issues(home.look().actions)
    home.issue(issue)
    _remote(home, *pending)
    return home


def test_ready_when_it_is_on_the_lock() -> None:
    """Until then the cloud may find that it cannot make it."""
    home = _taken("2026-07-09T12:10", "creating")
    assert home.act() == []
    assert home.state() == "issuing"
    assert home.kinds() == []
    home.now += HOUR / 2
    _remote(home, loaded=True)
    home.act()
    assert home.state() == "ready"
    assert home.kinds() == ["code_ready"]


def test_what_waits_for_its_time_is_ready() -> None:
    """It is told as soon as the cloud has it, and not again when it is on the lock."""
    home = _taken("2026-07-06T09:10", "deferring_creation")
    home.act()
    assert home.state() == "ready"
    assert home.kinds() == ["code_ready"]
    home.now = at("2026-07-07T15:00")
    _remote(home, "creating")
    home.act()
    assert home.state() == "issuing"
    home.now += HOUR / 2
    _remote(home, loaded=True)
    home.act()
    assert home.state() == "ready"
    assert home.kinds() == []


def test_the_bridge_is_gone() -> None:
    """Twelve hours before the guest comes an algoPIN helps out."""
    home = _taken("2026-07-09T12:10", "creating")
    home.act()
    while home.now < at("2026-07-10T03:00"):
        assert home.act() == []
        assert home.state() == "issuing"
        home.now += HOUR
    assert [one.plan.kind for one in issues(home.act())] == [CodeKind.HOURLY]
    assert home.state() == "ready"
    assert "code_ready" in home.kinds()
    assert [code.kind for code in live(home)] == [CodeKind.ONLINE, CodeKind.HOURLY]


def test_other_dates_meanwhile() -> None:
    """The cloud can change what it has not put onto the lock yet."""
    home = _taken("2026-07-09T12:10", "creating")
    home.act()
    home.read(LONGER, OTHER)
    (change,) = home.act()
    assert isinstance(change, UpdateOnlineCode)
    assert windows(home) == [("online", "07-10 14:30", "07-16 11:30")]
    # Still on its way: the guest is told of what there is, once it is there.
    assert home.state() == "issuing"
    assert home.kinds() == []
    _remote(home, loaded=True)
    home.act()
    assert home.kinds() == ["code_ready"]


def test_a_change_of_what_is_on_the_lock() -> None:
    """Is told as before: the cloud changes what it has."""
    home = online_flat()
    _remote(home, loaded=True)
    home.read(event("2026-07-10", "2026-07-15"), OTHER)
    home.act()
    remote = home.remotes[_newest(home)]
    home.remotes[_newest(home)] = replace(remote, pending=("updating_time_frame",))
    home.act()
    assert home.state() == "ready"
    assert home.kinds() == ["code_changed"]
