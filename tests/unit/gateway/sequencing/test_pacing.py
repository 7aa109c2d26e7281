"""How followers of the tree share the machine with exchanges."""

import pytest

from gateway.sequencing.pacing import FAR, LEAST, MOST, RESTS, breath, portion


@pytest.mark.parametrize(
    ("behind", "records"),
    [
        pytest.param(0, LEAST, id="at the end"),
        pytest.param(FAR - 1, LEAST, id="not far yet"),
        pytest.param(FAR, MOST, id="far behind"),
    ],
)
def test_portions_are_small_until_somebody_is_far_behind(behind: int, records: int) -> None:
    """A large portion keeps processor and disk from exchanges; a backlog is worth it."""
    assert records == portion(behind)


def test_near_the_end_a_follower_rests_longer_than_it_worked() -> None:
    """However slow the machine is, three quarters of the time are for others."""
    assert 0.02 * RESTS == breath(0.02, 0)


def test_the_further_behind_the_shorter_the_rest() -> None:
    """What exchanges leave behind in an hour of rush is followed all the same."""
    rests = [breath(0.02, behind) for behind in range(0, 2 * FAR, FAR // 4)]

    assert sorted(rests, reverse=True) == rests
    assert {0.0} == {breath(0.02, FAR), breath(0.02, 10 * FAR)}
