"""Where people go after signing on."""

from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from auth.signon.refusals import Ending, SignOnRefused
from auth.signon.targets import LONGEST, own_path

HOME = "https://gateway.example/sign-on/staff/callback"


@pytest.mark.parametrize("target", ["/", "/me", "/v1/audit?page=2&q=a%20b#top", "/a/..//b", "/@x"])
def test_a_path_of_ours_is_taken_as_it_is(target: str) -> None:
    """People come back to the very page that they asked for."""
    assert target == own_path(target)


@pytest.mark.parametrize(
    "target",
    [
        *(
            "",
            "me",
            "https://evil.example",
            "//evil.example",
            "/\\evil.example",
            "\\\\evil.example",
        ),
        *("/\t/evil.example", "/\n/evil.example", " /me", "/me ", "javascript:alert(1)", "/a\\b"),
        *("/\x00", "/nguyễn", "/" + "a" * LONGEST),
    ],
)
def test_whatever_could_lead_elsewhere_is_refused(target: str) -> None:
    """An open redirect lends our name to anybody's page."""
    with pytest.raises(SignOnRefused) as refused:
        own_path(target)
    assert Ending.TARGET_REFUSED is refused.value.ending


@given(st.text(st.sampled_from("/\\.:@?#%ehtps\t\n a\x00é"), max_size=12))
@example("/%2F/evil.example")
@example("/.//evil.example")
def test_nothing_that_is_taken_leaves_this_host(target: str) -> None:
    """Whatever mixture of slashes and dots somebody finds."""
    try:
        taken = own_path(target)
    except SignOnRefused:
        return
    where = urlsplit(urljoin(HOME, taken))
    assert ("https", "gateway.example") == (where.scheme, where.netloc)
