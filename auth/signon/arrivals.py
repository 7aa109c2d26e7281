"""From where a browser comes: past our own proxies, and as part of which networks."""

from collections.abc import Sequence
from ipaddress import IPv6Address, ip_address, ip_network

from auth.credentials.places import Place, within

MOST_HOPS = 16  # proxies between a browser and us; what stands before them was written by anybody
_HOME, _SITE = 64, 48  # bits: one network (RFC 4291 2.5.4), and what one place is given (RFC 6177)


class Proxies:
    """Knows which proxies are ours, and believes nobody else about where a browser is.

    Args:
        ranges: their address ranges; each of them appends the address that it saw to
            `X-Forwarded-For`.
    """

    def __init__(self, ranges: Sequence[Place]) -> None:
        self._ranges = tuple(ranges)

    def origin(self, peer: str, forwarded: str) -> str | None:
        """Return the address that our outermost proxy saw; *peer* when no proxy of ours asks.

        Args:
            peer: address of the other end of our connection; empty when nobody knows it.
            forwarded: `X-Forwarded-For`, of several headers all in their order.

        None when a proxy of ours asks and does not say for whom.
        """
        heard = [each.strip() for each in forwarded.rsplit(",", MOST_HOPS)[-MOST_HOPS:]]
        for address in (peer, *reversed(heard)):
            if not _is_address(address):
                return None
            if not self._is_ours(address):
                return address
        return None

    def _is_ours(self, address: str) -> bool:
        return bool(self._ranges) and within(address, self._ranges)


def networks_of(address: str) -> tuple[str, ...]:
    """Return what counts as one behind *address*, the narrowest first.

    An IPv4 address is one, however many people share it.  Of IPv6 whoever has one address has all
    of its network, and may have all of its site: both count.

    Raises:
        ValueError: it is no address.
    """
    found = ip_address(address)
    if not isinstance(found, IPv6Address):
        return (str(found),)
    if found.ipv4_mapped is not None:
        return (str(found.ipv4_mapped),)
    plain = str(IPv6Address(int(found)))  # without its zone, which says nothing here
    return tuple(str(ip_network(f"{plain}/{bits}", strict=False)) for bits in (_HOME, _SITE))


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
