"""Why a field stays empty, in words."""

import pytest

from gateway.errors import Code
from gateway.prefill.reasons import Left, reason


@pytest.mark.parametrize("code", [*Left, *Code], ids=str)
def test_every_reason_speaks_two_languages(code: str) -> None:
    """Nobody at a counter reads codes."""
    said = reason(code)

    assert code == said.code
    assert said.vi
    assert said.en
    assert said.vi != said.en


def test_a_reason_that_nobody_wrote_down_still_says_something() -> None:
    """A source may bring a code of its own."""
    said = reason("khoa_so")

    assert "khoa_so" == said.code
    assert said.vi
