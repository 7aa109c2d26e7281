"""Errors of identification."""

import pytest

from auth import errors
from auth.errors import PartyError
from gateway.errors import Code

EVERY = [
    each
    for each in vars(errors).values()
    if isinstance(each, type) and issubclass(each, PartyError)
]


@pytest.mark.parametrize("error", EVERY, ids=lambda each: each.__name__)
def test_every_error_has_a_code_of_the_gateway(error: type[PartyError]) -> None:
    """The gateway turns it into a problem without knowing the class."""
    assert Code(error.code) in Code
