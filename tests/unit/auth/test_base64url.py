"""Base64url: one text for each content, and no second spelling."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auth.base64url import decoded, encoded


@given(st.binary(max_size=80))
def test_what_was_written_is_read_again(content: bytes) -> None:
    """Of any length."""
    assert content == decoded(encoded(content))


@pytest.mark.parametrize("text", ["A", "AB==", "A+/_", "AB", "A B", "AAA\n", "ạ", "AAAA="])
def test_another_spelling_is_refused(text: str) -> None:
    """Padding, spare bits, spaces and the other alphabet would be second names of one thing."""
    assert decoded(text) is None


@given(st.text(alphabet="ABQgw048aez-_+/= \nạ", max_size=12))
def test_what_can_be_read_has_this_one_spelling(text: str) -> None:
    """Otherwise two texts would pass for two proofs of one signature."""
    content = decoded(text)

    assert content is None or text == encoded(content)


def test_the_example_of_the_standard() -> None:
    """RFC 7515 appendix C."""
    assert "A-z_4ME" == encoded(bytes([3, 236, 255, 224, 193]))
