"""How often a lie is told."""

from mocks.sso.lies import Lie, Lies


def test_a_lie_is_told_as_often_as_ordered() -> None:
    """Twice is twice; the truth comes after."""
    lies = Lies()
    lies.order(Lie.UNSIGNED, 2)

    assert [True, True, False] == [lies.take(Lie.UNSIGNED) for _ in range(3)]
    assert not lies.take(Lie.EXPIRED)


def test_a_lie_without_end_is_stopped_by_an_order() -> None:
    """Minus one lasts; nought stops."""
    lies = Lies()
    lies.order(Lie.EXPIRED, -1)
    lasting = [lies.take(Lie.EXPIRED) for _ in range(50)]
    lies.order(Lie.EXPIRED, 0)

    assert (True, False) == (all(lasting), lies.take(Lie.EXPIRED))


def test_only_the_first_that_is_in_force_is_taken() -> None:
    """A token is sealed in one way; the other lie is told the next time."""
    lies = Lies()
    lies.order(Lie.UNSIGNED, 1)
    lies.order(Lie.OTHER_KEY, 1)
    told = [lies.first(Lie.OTHER_KEY, Lie.UNSIGNED) for _ in range(3)]

    assert [Lie.OTHER_KEY, Lie.UNSIGNED, None] == told
