"""When a failing source is left alone, and when it is tried again."""

from adapters.breaker import Breaker, BreakerState


def opened(at: float = 0.0) -> Breaker:
    """Return a breaker of two failures and ten seconds, open since *at*."""
    breaker = Breaker(2, 10.0)
    for _ in range(2):
        permit = breaker.permit(at)
        assert permit is not None
        breaker.failed(permit, at)
    return breaker


def test_failures_in_a_row_open_it() -> None:
    """A source that fails every time is spared further questions."""
    breaker = opened()

    assert BreakerState.OPEN is breaker.state
    assert breaker.permit(9.99) is None


def test_a_success_between_failures_keeps_it_closed() -> None:
    """Single mishaps are everyday life."""
    breaker = Breaker(2, 10.0)
    for _ in range(5):
        breaker.failed(0, 0.0)
        breaker.succeeded(0)

    assert BreakerState.CLOSED is breaker.state


def test_after_the_rest_one_probe_goes_and_no_second() -> None:
    """A recovering source must not be met by everybody at once."""
    breaker = opened()

    assert breaker.permit(10.0) is not None
    assert breaker.permit(10.0) is None
    assert BreakerState.HALF_OPEN is breaker.state


def test_a_probe_that_succeeds_closes_it() -> None:
    """One right answer is enough to ask again."""
    breaker = opened()
    probe = breaker.permit(10.0)
    assert probe is not None

    breaker.succeeded(probe)

    assert BreakerState.CLOSED is breaker.state
    assert breaker.permit(10.0) is not None


def test_a_probe_that_fails_rests_it_again() -> None:
    """The rest begins anew with the failed probe."""
    breaker = opened()
    probe = breaker.permit(10.0)
    assert probe is not None

    breaker.failed(probe, 10.5)

    assert breaker.permit(20.4) is None
    assert breaker.permit(20.5) is not None


def test_an_abandoned_probe_makes_room_for_another() -> None:
    """A caller that goes away must not keep the source shut for ever."""
    breaker = opened()
    probe = breaker.permit(10.0)
    assert probe is not None

    breaker.abandoned(probe)

    assert breaker.permit(10.0) is not None


def test_answers_from_before_the_trouble_change_nothing() -> None:
    """A slow question of an earlier epoch knows nothing of the present one."""
    breaker = Breaker(1, 10.0)
    early = breaker.permit(0.0)
    late = breaker.permit(0.0)
    assert early is not None
    assert late is not None
    breaker.failed(early, 0.0)

    breaker.succeeded(late)
    breaker.failed(late, 5.0)

    assert BreakerState.OPEN is breaker.state
    assert breaker.permit(10.0) is not None
