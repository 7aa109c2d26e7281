"""Cookies that no sibling host can set, and none that two have set."""

import pytest
from litestar.datastructures import Headers

from gateway.api import cookies

NAME = cookies.SESSION


def read(*lines: str) -> str:
    """Return the session's cookie of a request with these headers."""
    return cookies.value(Headers([(b"cookie", line.encode()) for line in lines]), NAME)


@pytest.mark.parametrize("made", [cookies.session("s"), cookies.attempt("s"), cookies.gone(NAME)])
def test_every_cookie_has_what_its_prefix_demands(made: cookies.Cookie) -> None:
    """Without them a browser drops it, and a sibling host could set it."""
    line = made.to_header(header="")

    assert line.startswith("__Host-motlan")
    assert {"Path=/", "Secure", "HttpOnly", "SameSite=lax"} <= set(line.split("; "))
    assert "Domain" not in line


def test_a_session_ends_with_the_browser_and_an_attempt_sooner() -> None:
    """Only what must last beyond the window says how long."""
    assert "Max-Age" not in cookies.session("s").to_header(header="")
    assert "Max-Age=600" in cookies.attempt("s").to_header(header="")
    assert "Max-Age=0" in cookies.gone(NAME).to_header(header="")


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ((f"{NAME}=abc",), "abc"),
        ((f"a=1; {NAME}=abc; b=2",), "abc"),
        ((f"a=1;{NAME}=abc",), "abc"),
        ((f"{NAME}=a=b",), "a=b"),
        ((), ""),
        (("",), ""),
        ((f"x{NAME}=abc",), ""),
        ((f"{NAME}=abc; {NAME}=def",), ""),
        ((f"{NAME}=abc", f"{NAME}=def"), ""),
        ((f"{NAME}=abc; pad={'x' * 9_000}",), ""),
        ((f"{NAME.lower()}=abc",), ""),
    ],
    ids=[
        "alone",
        "among others",
        "without a space",
        "with a sign in it",
        "none",
        "empty",
        "a longer name",
        "twice",
        "twice in two headers",
        "too much",
        "another case",
    ],
)
def test_one_cookie_counts_and_two_count_as_none(lines: tuple[str, ...], found: str) -> None:
    """Two of one name mean that somebody else has set one."""
    assert found == read(*lines)
