"""What is kept for a while, and who is signed on."""

from mocks.sso.sessions import Once, Sessions
from mocks.sso.staff import staff


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        """Return the present instant."""
        return self.at


def test_a_thing_can_be_taken_once() -> None:
    """Codes, pushed requests and pages rest on it."""
    once: Once[str] = Once(Clock(), 60)
    name = once.put("thing", "urn:")

    assert name.startswith("urn:")
    assert ["thing", None] == [once.take(name), once.take(name)]


def test_a_thing_is_gone_when_its_time_is_over() -> None:
    """At the end of its life it is no longer there."""
    clock = Clock()
    once: Once[str] = Once(clock, 60)
    early, late = once.put("a"), once.put("b")
    clock.at = 59.9
    kept = once.take(early)
    clock.at = 60.0

    assert ("a", None) == (kept, once.take(late))


def test_a_session_is_found_by_cookie_and_by_id() -> None:
    """The browser has one, tokens name the other; neither says the other."""
    sessions = Sessions()
    session = sessions.open(staff()[0], 2, 1000.5)

    assert session == sessions.of_cookie(session.cookie)
    assert [session] == sessions.named(session.sid)
    assert sessions.of_cookie(session.sid) is None
    assert 1000 == session.auth_time

    sessions.end(session)
    assert [] == sessions.everybody()
