"""Refusals of the token endpoint."""

import pytest

from auth import replies
from auth.replies import Refused, refusal
from gateway.errors import Code

EVERY = [each for each in vars(replies).values() if isinstance(each, Refused)]


@pytest.mark.parametrize("refused", EVERY, ids=lambda each: f"{each.error}-{each.code}")
def test_every_refusal_has_a_code_of_the_gateway(refused: Refused) -> None:
    """One vocabulary for callers, also where OAuth prescribes the shape."""
    assert Code(refused.code) in Code


@pytest.mark.parametrize("refused", EVERY, ids=lambda each: f"{each.error}-{each.code}")
def test_every_text_keeps_to_the_letters_of_the_rfc(refused: Refused) -> None:
    """RFC 6749 section 5.2: %x20-21 / %x23-5B / %x5D-7E."""
    text = refusal(refused, fact="a fact").body["error_description"]

    assert all(" " <= each <= "~" and each not in '"\\' for each in text)


def test_only_what_may_pass_says_when_to_try_again() -> None:
    """A client that repeats a wrong key helps nobody."""
    headers = [dict(refusal(each).headers) for each in (replies.UNAVAILABLE, replies.UNPROVEN)]

    assert [True, False] == ["Retry-After" in each for each in headers]
