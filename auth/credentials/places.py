"""Where a system may ask from: its address ranges, at the token endpoint and at the exchange."""

from functools import lru_cache
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import TypeAlias

Place: TypeAlias = IPv4Network | IPv6Network


def places(ranges: tuple[str, ...]) -> tuple[Place, ...]:
    """Return address ranges ready for use.

    Raises:
        ValueError: one of them is none.
    """
    return tuple(ip_network(each) for each in ranges)


def within(address: str | None, where: tuple[Place, ...]) -> bool:
    """Say whether *address* lies in one of *where*; no range means anywhere.

    An address that is not known lies nowhere.  An IPv4 address in IPv6 clothes is taken for what it
    is (RFC 4291 section 2.5.5.2).
    """
    if not where:
        return True
    found = _read(address or "")
    return found is not None and any(found in each for each in where)


@lru_cache(maxsize=4_096)
def _read(address: str) -> IPv4Address | IPv6Address | None:
    try:
        found = ip_address(address)
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return mapped or found
