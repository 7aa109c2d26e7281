"""The officials' realm against the seed of the catalog."""

import re
from pathlib import Path

from mocks.sso.staff import POSTS, staff

SEED = Path("deploy/seed/agencies.yaml").read_text(encoding="utf-8")


def test_everybody_works_at_an_agency_of_the_seed() -> None:
    """A code that the catalog does not know ends in a refusal nobody understands."""
    known = set(re.findall(r"^code: \"?([^\s\"]+)", SEED, re.MULTILINE))

    assert {post.agency for post in POSTS} <= known


def test_numbers_are_unique_and_in_order() -> None:
    """The page offers them by number."""
    numbers = [post.number for post in POSTS]

    assert numbers == sorted(set(numbers))


def test_no_role_is_claimed() -> None:
    """Roles come from the gateway's own database alone."""
    assert {"HoVaTen", "TechID", "ma_can_bo", "ma_don_vi"} == {
        name for each in staff() for name in each.claims
    }
