"""What an operator reads when something is wrong."""

import pytest

from gateway.sequencing.prefix import Damage
from gateway.sequencing.rows import EntriesGone, TileGone
from gateway.sequencing.standing import ADVICE, DAMAGES, Halt, Halted, Words


@pytest.mark.parametrize("words", [*ADVICE.values(), *DAMAGES.values()])
def test_every_trouble_says_what_to_do_in_two_languages(words: Words) -> None:
    """Somebody reads it at night for the first time."""
    assert len(words.vi) > 60
    assert len(words.en) > 60
    assert words.vi != words.en


def test_no_trouble_is_without_words() -> None:
    """A new one cannot be forgotten."""
    assert set(Halt) == set(ADVICE)
    assert set(Damage) == set(DAMAGES)


def test_errors_say_where() -> None:
    """An index, a tile, a reason: enough to look."""
    assert "12" in str(EntriesGone(12))
    assert "hash tile 7 of level 1" in str(TileGone(1, 7))
    assert "clock: 9 s behind" == str(Halted(Halt.CLOCK, "9 s behind"))
