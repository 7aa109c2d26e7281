"""Several questions as one story."""

from datetime import date
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from gateway.search.projection import Indexed, unreadable
from gateway.search.repository import Page
from gateway.search.sought import Condition, Sought
from gateway.search.timelines import among, behind, merged, of_agreement

DAY = date(2026, 11, 21)


def row(index: int, **changes: object) -> Indexed:
    """Return a row that says little."""
    return replace(unreadable(index, DAY, "gw1", index), entry=UUID(int=index), **changes)


def answered(indexes: set[int], below: int, limit: int) -> Page:
    """Answer as the repository does: the newest, and where the next page begins."""
    fits = sorted((each for each in indexes if each < below), reverse=True)
    rows = tuple(row(each) for each in fits[:limit])
    return Page(rows, rows[-1].leaf_index if len(rows) == limit else None)


_some = st.sets(st.integers(0, 60), max_size=40)


@given(_some, _some, st.integers(1, 9))
def test_pages_of_a_story_hold_everything_once_in_order(
    first: set[int], second: set[int], limit: int
) -> None:
    """A story that leaves out a page of one question would acquit somebody."""
    below, told = 61, list[int]()
    for _ in range(100):
        page = merged([answered(each, below, limit) for each in (first, second)], limit)
        told.extend(one.leaf_index for one in page.rows)
        if page.below is None:
            break
        below = page.below

    assert sorted(first | second, reverse=True) == told


def test_nothing_is_shown_that_an_unfinished_question_may_still_stand_between() -> None:
    """A question that ran out of time at 40 has not said what is older."""
    late = Page((row(90), row(50)), 40)
    other = Page((row(70), row(30), row(10)), None)

    page = merged([late, other], 10)

    assert ([90, 70, 50], 40) == ([one.leaf_index for one in page.rows], page.below)


def test_changes_of_what_the_rows_rest_on_are_told_among_them() -> None:
    """Who reads that an agreement was used learns that it had just been widened."""
    page = Page((row(90, agreement="TT-1", service="a.b"), row(50, client="mc")), 50)
    asked = behind(page.rows)
    story = among(page, Page((row(95), row(70), row(20)), None))

    assert Sought(conditions=(Condition("change_id", ("TT-1", "a.b", "mc")),)) == asked
    assert [90, 70, 50] == [one.leaf_index for one in story.rows]
    assert behind((row(1),)) is None
    assert among(Page((), None), Page((row(1),), None)) == Page((), None)


def test_an_agreements_story_has_its_use_and_its_changes() -> None:
    """Both are asked for."""
    assert ["agreement", "change_id"] == [
        each.conditions[0].column for each in of_agreement("TT-1")
    ]
