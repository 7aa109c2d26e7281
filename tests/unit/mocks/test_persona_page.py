"""The page that shows the cast."""

from pathlib import Path

from mocks.persona_page import page
from mocks.personas import personas

PAGE = Path(__file__).parents[3] / "docs" / "personas.md"


def test_the_page_is_what_the_code_says() -> None:
    """Callers copy numbers from the page."""
    assert PAGE.read_text() == page()


def test_every_persona_has_a_row() -> None:
    """A persona nobody reads about is a trap."""
    assert all(f"| {one.id} | `{one.person.number}` |" in page() for one in personas())
