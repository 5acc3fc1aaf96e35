"""The agenda: moments in order, and no more memory than there are keys."""

from datetime import timedelta

from custom_components.igloohome_access.agenda import Agenda

from .codes import START

HOUR = timedelta(hours=1)


def test_in_order_of_time() -> None:
    """Hand out what is due, once, the earliest first."""
    agenda: Agenda[str] = Agenda()
    agenda.note("late", START + 2 * HOUR)
    agenda.note("early", START + HOUR)
    agenda.note("same", START + HOUR)
    assert agenda.next() == START + HOUR
    assert agenda.take(START) == set()
    assert agenda.take(START + HOUR) == {"early", "same"}
    assert agenda.take(START + HOUR) == set()
    assert agenda.take(START + 9 * HOUR) == {"late"}
    assert agenda.next() is None


def test_changed_moment_counts() -> None:
    """Forget the moment a key had before."""
    agenda: Agenda[str] = Agenda()
    agenda.note("key", START + HOUR)
    agenda.note("key", START + 2 * HOUR)
    assert agenda.take(START + HOUR) == set()
    agenda.note("key", START + HOUR)
    assert agenda.next() == START + HOUR
    assert agenda.take(START + 3 * HOUR) == {"key"}
    agenda.note("key", START + HOUR)
    agenda.note("key", None)
    assert agenda.next() is None


def test_back_to_an_earlier_moment() -> None:
    """Name a key once, although the same moment was noted twice."""
    agenda: Agenda[str] = Agenda()
    agenda.note("key", START + HOUR)
    agenda.note("key", None)
    agenda.note("key", START + HOUR)
    agenda.note("other", START + 2 * HOUR)
    assert agenda.take(START + HOUR) == {"key"}
    assert agenda.next() == START + 2 * HOUR


def test_memory_is_bounded() -> None:
    """Keep one moment per key, however often it changes."""
    agenda: Agenda[str] = Agenda()
    for number in range(1000):
        for key in ("one", "two", "three"):
            agenda.note(key, START + number * HOUR)
    for number in range(1000):
        agenda.note("one", START + HOUR if number % 2 else None)
    assert len(agenda) <= 14
    agenda.clear()
    assert (len(agenda), agenda.next()) == (0, None)
