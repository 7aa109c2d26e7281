"""The demo tells of people that the documentation knows."""

import pytest

from gateway.demo import story
from tests.house.tree import page

PEOPLE = {"Ánh": story.ANH, "Lãm": story.LAM, "Khôi": story.KHOI}


@pytest.mark.parametrize("name", PEOPLE)
def test_a_person_of_the_story_is_a_documented_persona(name: str) -> None:
    """Who repeats the story by hand finds the same person in the registers."""
    person = PEOPLE[name]
    row = f"`{person['so_dinh_danh']}` | {person['ho_ten']} | {person['ngay_sinh']} |"

    assert row in page("docs/personas.md")
