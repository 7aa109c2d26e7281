"""The story of `make demo ONCE=1`, told to the end over real processes."""

import io

from rich.console import Console

from gateway.demo.province import Province
from gateway.demo.story import Story
from gateway.demo.telling import Teller


def test_the_story_goes_as_told(province: Province) -> None:
    """What a visitor sees first must be true: every scene ends as it says."""
    teller = Teller(Console(file=io.StringIO(), width=100))

    Story(province, teller).run()

    assert [] == teller.failures


def test_the_story_names_nobody_by_number(province: Province) -> None:
    """A screen is seen by others: the story prints no identity number (P6)."""
    screen = io.StringIO()

    Story(province, Teller(Console(file=screen, width=100))).look_up_by_law()

    assert "1. " in screen.getvalue()
    assert "003190000123" not in screen.getvalue()
