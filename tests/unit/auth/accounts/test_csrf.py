"""Which requests are a page's of ours."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auth.accounts.csrf import Missing, judge

OURS = frozenset({"https://lgsp.h99.example", "https://qt.lgsp.h99.example"})
OWN = "https://lgsp.h99.example"
TOKEN = "t" * 43


def judged(given_token: str | None, origin: str | None, site: str | None) -> Missing | None:
    """Judge one request."""
    return judge(expected=TOKEN, given=given_token, origin=origin, fetch_site=site, own=OURS)


@pytest.mark.parametrize(
    ("origin", "site"),
    [
        pytest.param(OWN, "same-origin", id="a script of ours"),
        pytest.param(OWN, None, id="a browser that says only where from"),
        pytest.param(None, "same-origin", id="a browser that says only which site"),
        pytest.param("null", "same-origin", id="a form of ours, whose origin our policy hides"),
    ],
)
def test_a_page_of_ours_passes_with_the_token(origin: str | None, site: str | None) -> None:
    """Both signs are there."""
    assert judged(TOKEN, origin, site) is None


@pytest.mark.parametrize(
    ("origin", "site"),
    [
        pytest.param("https://evil.example", "cross-site", id="another site"),
        pytest.param("https://evil.example", None, id="another site, old browser"),
        pytest.param("https://cms.h99.example", "same-site", id="a sibling host"),
        pytest.param(OWN, "same-site", id="a sibling that lies about its origin"),
        pytest.param(OWN, "cross-site", id="the two signs differ"),
        pytest.param("http://lgsp.h99.example", None, id="our host in clear"),
        pytest.param("https://lgsp.h99.example:8443", None, id="our host at another port"),
        pytest.param("https://lgsp.h99.example.evil.example", None, id="our name in another's"),
        pytest.param(OWN + "/", None, id="an origin with a path"),
        pytest.param("null", None, id="nobody's origin, old browser"),
        pytest.param("null", "cross-site", id="a sandboxed frame"),
        pytest.param("", "", id="empty headers"),
        pytest.param(None, "none", id="typed by hand"),
        pytest.param(None, None, id="neither sign"),
    ],
)
def test_any_other_page_fails_whatever_token_it_brings(
    origin: str | None, site: str | None
) -> None:
    """A token that leaked does not help another site."""
    assert Missing.ORIGIN is judged(TOKEN, origin, site)


@pytest.mark.parametrize("token", [None, "", "T" * 43, TOKEN[:-1], TOKEN + "t", "ê" * 43])
def test_without_the_sessions_own_token_nothing_passes(token: str | None) -> None:
    """A cookie that travels by itself is not enough."""
    assert Missing.TOKEN is judged(token, OWN, "same-origin")


@given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=20))
def test_no_chance_text_passes(token: str, origin: str, site: str) -> None:
    """Whatever comes is judged, never an error."""
    assert judged(token, origin, site) is not None
