"""Spellings of one address, and addresses that only look alike."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auth.possession.addresses import normalised, same_address

REAL = "https://lgsp.example/v1/data/dancu.xacthuc"


@pytest.mark.parametrize(
    "claimed",
    [
        REAL,
        "HTTPS://LGSP.Example/v1/data/dancu.xacthuc",
        "https://lgsp.example:443/v1/data/dancu.xacthuc",
        "https://lgsp.example/v1/data/dancu.xacthuc?a=1",
        "https://lgsp.example/v1/data/dancu.xacthuc#b",
        "https://lgsp.example/v1/data/dancu%2Exacthuc",
        "https://lgsp.example/v1/./data/x/../dancu.xacthuc",
    ],
)
def test_another_spelling_is_the_same_address(claimed: str) -> None:
    """RFC 3986 sections 6.2.2 and 6.2.3, which RFC 9449 section 4.3 asks for."""
    assert same_address(claimed, REAL)


@pytest.mark.parametrize(
    "claimed",
    [
        "",
        "/v1/data/dancu.xacthuc",
        "//lgsp.example/v1/data/dancu.xacthuc",
        "http://lgsp.example/v1/data/dancu.xacthuc",
        "https://lgsp.example:8443/v1/data/dancu.xacthuc",
        "https://lgsp.example:0443x/v1/data/dancu.xacthuc",
        "https://lgsp.example:99999/v1/data/dancu.xacthuc",
        "https://lgsp.example./v1/data/dancu.xacthuc",
        "https://user@lgsp.example/v1/data/dancu.xacthuc",
        "https://lgsp.example@evil.example/v1/data/dancu.xacthuc",
        "https://lgsp.example/V1/data/dancu.xacthuc",
        "https://lgsp.example/v1/data/dancu.xacthuc/",
        "https://lgsp.example/v1/data%2Fdancu.xacthuc",
        "https://lgsp.example/v1/data/dancu.xacthuc%00",
        "https://lgsp.example\\v1\\data\\dancu.xacthuc",
        "https://lgsp.example/v1/data/dancu.xacthuc\n",
        " https://lgsp.example/v1/data/dancu.xacthuc",
        "https://[lgsp.example/v1/data/dancu.xacthuc",
        "ftp://lgsp.example/v1/data/dancu.xacthuc",
        "https://lgsp.example/v1/data/dancu.xacthuc" + "?" * 3000,
    ],
)
def test_another_address_is_another_address(claimed: str) -> None:
    """A proof for one place is no proof for the next."""
    assert not same_address(claimed, REAL)


def test_an_address_without_a_path_has_the_root() -> None:
    """RFC 3986 section 6.2.3."""
    assert "https://lgsp.example/" == normalised("https://lgsp.example")
    assert "http://[::1]:8100/" == normalised("http://[::1]:8100/a/..")


def test_what_cannot_be_read_is_the_same_as_nothing() -> None:
    """Two unreadable addresses are not one address."""
    assert not same_address("https://[x", "https://[y")


@given(st.text(max_size=80))
def test_reading_twice_changes_nothing(text: str) -> None:
    """One spelling is one spelling."""
    once = normalised("https://lgsp.example/" + text)

    assert once is None or once == normalised(once)
