"""What a record commits to and does not show: sealed, and gone with its key."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.audit.details import DetailUnreadable, opened, sealed

OPENING, OTHER = bytes(range(16)), bytes(16)


@given(st.binary(max_size=5_000))
def test_what_was_sealed_opens_with_the_same_opening(content: bytes) -> None:
    """Nothing is added, nothing is lost."""
    assert content == opened(OPENING, sealed(OPENING, content))


def test_sealing_twice_gives_two_boxes() -> None:
    """Equal evidence must not be told by equal bytes."""
    assert sealed(OPENING, b"same") != sealed(OPENING, b"same")


@pytest.mark.parametrize(
    ("opening", "box"),
    [
        pytest.param(OTHER, sealed(OPENING, b"content"), id="another record's opening"),
        pytest.param(OPENING, sealed(OPENING, b"content")[:-1], id="cut"),
        pytest.param(OPENING, b"x" + sealed(OPENING, b"content")[1:], id="altered"),
        pytest.param(OPENING, b"", id="nothing"),
        pytest.param(OPENING, bytes(12), id="a nonce and nothing"),
    ],
)
def test_anything_else_does_not_open(opening: bytes, box: bytes) -> None:
    """A destroyed key and an altered row are the same to whoever reads."""
    with pytest.raises(DetailUnreadable):
        opened(opening, box)
