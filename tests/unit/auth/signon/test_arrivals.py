"""What counts as one place."""

import pytest

from auth.signon.arrivals import networks_of


@pytest.mark.parametrize(
    ("address", "networks"),
    [
        ("203.0.113.9", ("203.0.113.9",)),
        ("::ffff:203.0.113.9", ("203.0.113.9",)),
        ("2001:db8:1:2:3:4:5:6", ("2001:db8:1:2::/64", "2001:db8:1::/48")),
        ("fe80::1%eth0", ("fe80::/64", "fe80::/48")),
    ],
)
def test_who_has_one_address_of_ipv6_has_its_whole_network(
    address: str, networks: tuple[str, ...]
) -> None:
    """A bound by single addresses would bound nobody: a host takes another one at will."""
    assert networks == networks_of(address)
