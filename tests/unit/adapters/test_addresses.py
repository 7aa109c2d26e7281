"""Where a source may live."""

from ipaddress import ip_address, ip_network

import pytest

from adapters.addresses import Pin, acceptable
from adapters.errors import SourceUnavailable


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "10.1.2.3", "192.168.0.9", "203.162.4.1", "::1", "fd00::1"]
)
def test_a_source_may_live_in_private_networks(address: str) -> None:
    """Sources are in the state's own networks."""
    assert acceptable(ip_address(address), ())


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254",
        "fe80::1",
        "224.0.0.1",
        "0.0.0.0",
        "::",
        "240.0.0.1",
        "::ffff:169.254.169.254",
    ],
)
def test_a_source_lives_at_no_odd_address(address: str) -> None:
    """A name that leads to a metadata service or to everybody is not followed."""
    assert not acceptable(ip_address(address), ())


def test_listed_networks_are_the_only_ones() -> None:
    """An operator who says where a source is means it."""
    networks = (ip_network("10.20.0.0/16"), ip_network("fd00:20::/32"))

    assert acceptable(ip_address("10.20.3.4"), networks)
    assert acceptable(ip_address("fd00:20::9"), networks)
    assert not acceptable(ip_address("127.0.0.1"), networks)


async def test_a_name_that_leads_elsewhere_is_not_dialled() -> None:
    """A rebinding name server gets no connection."""
    pin = Pin("land", "localhost", 80, (ip_network("10.20.0.0/16"),))

    with pytest.raises(SourceUnavailable, match="outside"):
        await pin.addresses()


async def test_a_name_is_resolved_once_until_it_is_forgotten() -> None:
    """The answer of the resolver does not change under a running gateway."""
    pin = Pin("land", "localhost", 80)
    first = await pin.addresses()

    assert first is await pin.addresses()
    pin.forget()
    assert first == await pin.addresses()


async def test_a_name_that_does_not_resolve_is_an_unavailable_source() -> None:
    """One missing name takes down one source."""
    with pytest.raises(SourceUnavailable, match="does not resolve"):
        await Pin("land", "register.invalid", 80).addresses()
