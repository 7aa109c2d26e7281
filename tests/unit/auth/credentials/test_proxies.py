"""From where a caller comes: past our own proxies, whatever anybody writes."""

from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auth.credentials.proxies import MOST_HOPS, Proxies

OURS = Proxies([ip_network("127.0.0.0/8"), ip_network("10.1.0.0/24"), ip_network("::1/128")])


@pytest.mark.parametrize(
    ("peer", "forwarded", "origin"),
    [
        pytest.param("203.0.113.9", "", "203.0.113.9", id="nobody between"),
        pytest.param("203.0.113.9", "198.51.100.1", "203.0.113.9", id="a header of their own"),
        pytest.param("127.0.0.1", "203.0.113.9", "203.0.113.9", id="one proxy"),
        pytest.param("::ffff:127.0.0.1", "203.0.113.9", "203.0.113.9", id="in IPv6 clothes"),
        pytest.param("127.0.0.1", "203.0.113.9, 10.1.0.7", "203.0.113.9", id="two proxies"),
        pytest.param("127.0.0.1", "8.8.8.8,203.0.113.9", "203.0.113.9", id="an address made up"),
        pytest.param("127.0.0.1", "nonsense,203.0.113.9", "203.0.113.9", id="nonsense made up"),
        pytest.param("::1", "2001:db8::7", "2001:db8::7", id="IPv6"),
        pytest.param("127.0.0.1", "", None, id="a proxy that does not say"),
        pytest.param("127.0.0.1", "unknown", None, id="a proxy that says nothing"),
        pytest.param("127.0.0.1", "203.0.113.9:4711", None, id="a port, which we do not read"),
        pytest.param("127.0.0.1", "10.1.0.7", None, id="proxies alone"),
        pytest.param("", "203.0.113.9", None, id="nobody knows the peer"),
    ],
)
def test_only_what_our_proxies_saw_counts(peer: str, forwarded: str, origin: str | None) -> None:
    """Whoever writes the header by hand is neither somebody else nor nobody."""
    assert origin == OURS.origin(peer, forwarded)


def test_where_no_proxy_is_named_the_peer_is_the_caller() -> None:
    """A header that anybody can write would let a flood have an address for each request."""
    assert "127.0.0.1" == Proxies(()).origin("127.0.0.1", "203.0.113.9")


@given(st.text(max_size=60), st.text(max_size=20))
def test_no_text_in_the_header_is_taken_for_an_address(forwarded: str, peer: str) -> None:
    """Browsers and proxies send what they like, and never stop a call by it."""
    origin = OURS.origin(peer, forwarded)

    assert origin is None or ip_address(origin)


def test_a_chain_without_end_is_read_as_far_as_proxies_can_be() -> None:
    """A header may be long: what stands far before the last proxy was written by the caller."""
    assert None is OURS.origin("127.0.0.1", "203.0.113.9," + "10.1.0.7," * MOST_HOPS + "10.1.0.7")
