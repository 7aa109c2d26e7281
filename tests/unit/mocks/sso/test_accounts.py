"""Keys that stand for people and say nothing about them."""

from hypothesis import given
from hypothesis import strategies as st

from mocks.sso.accounts import opaque
from mocks.sso.citizens import citizens
from mocks.sso.staff import staff


@given(st.lists(st.text(max_size=20), max_size=3))
def test_a_key_is_letters_alone_and_always_the_same(parts: list[str]) -> None:
    """Nine digits in a row could be read as somebody's number."""
    key = opaque(*parts)

    assert key == opaque(*parts)
    assert 20 == len(key)
    assert key.isascii()
    assert key.isalpha()


def test_no_two_accounts_share_a_key() -> None:
    """Linking rests on it, and the subject is another key than the link."""
    people = [*staff(), *citizens()]
    keys = [key for each in people for key in (each.sub, each.claims["TechID"])]

    assert 2 * len(people) == len(set(keys))
