"""Whatever is asked, the answer is a request or a refusal."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mocks.config import Client
from mocks.sso.asking import Asking, asking, parameters
from mocks.sso.refusals import Refused

CLIENT = Client(redirect_uris=("https://a.example/cb",), jwks={"keys": []})
GOOD = {
    "client_id": "a",
    "redirect_uri": "https://a.example/cb",
    "response_type": "code",
    "scope": "openid",
    "code_challenge": "c" * 43,
    "code_challenge_method": "S256",
}


@given(
    st.dictionaries(
        st.sampled_from([*GOOD, "prompt", "max_age", "acr_values", "response_mode"]),
        st.text(max_size=50),
    )
)
def test_nothing_breaks_the_reading(changed: dict[str, str]) -> None:
    """A stand-in that breaks would blame the relying party for its own fault."""
    with suppress(Refused):
        read = asking({**GOOD, **changed}, CLIENT)

        assert isinstance(read, Asking)
        assert "https://a.example/cb" == read.redirect_uri


@pytest.mark.parametrize(
    ("wanted", "level"),
    [
        ("", 1),
        ("urn:motlan:acr:2", 2),
        ("urn:motlan:acr:1 urn:motlan:acr:2", 1),
        ("unknown urn:motlan:acr:2", 2),
        ("unknown", 1),
    ],
)
def test_the_first_level_that_exists_is_offered(wanted: str, level: int) -> None:
    """acr_values stands in order of preference (Core 3.1.2.1)."""
    assert level == asking({**GOOD, "acr_values": wanted}, CLIENT).level


def test_a_name_that_stands_twice_is_refused() -> None:
    """RFC 6749 section 3.1."""
    with pytest.raises(Refused, match="twice"):
        parameters("a=1&b=2&a=1")
