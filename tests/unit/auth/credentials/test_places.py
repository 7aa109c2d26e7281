"""Address ranges: who is inside, in whatever clothes the address comes."""

from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auth.credentials.places import places, within


@pytest.mark.parametrize(
    ("address", "inside"),
    [
        ("10.1.2.3", True),
        ("::ffff:10.1.2.3", True),
        ("10.2.0.1", False),
        ("::ffff:10.2.0.1", False),
        ("2001:db8::1", True),
        ("2001:db9::1", False),
        ("", False),
        (None, False),
        ("unix:", False),
        ("10.1.2", False),
        ("10.1.2.3, 10.2.0.1", False),
        ("010.1.2.3", False),
    ],
)
def test_an_address_is_inside_or_it_is_not(address: str | None, *, inside: bool) -> None:
    """What cannot be read is nowhere: in doubt nobody is let in."""
    assert inside == within(address, places(("10.1.0.0/16", "2001:db8::/32")))


def test_without_ranges_everywhere_is_inside() -> None:
    """An agency that registers none may ask from anywhere, also when nobody knows from where."""
    assert within(None, places(()))


@given(st.ip_addresses(v=4), st.ip_addresses(v=4))
def test_a_range_of_one_address_holds_that_address_alone(
    one: IPv4Address, other: IPv4Address
) -> None:
    """Also when it comes in IPv6 clothes."""
    alone = places((str(one),))

    assert within(str(one), alone)
    assert within(f"::ffff:{one}", alone)
    assert (one == other) == within(str(other), alone)
