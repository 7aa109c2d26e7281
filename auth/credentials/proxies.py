"""From where a caller comes: past our own proxies, whose word counts, and nobody else's."""

from collections.abc import Sequence
from ipaddress import ip_address

from auth.credentials.places import Place, within

FORWARDED = "x-forwarded-for"  # to which each proxy appends the address that it saw
MOST_HOPS = 16  # proxies between a caller and us; what stands before them was written by anybody


class Proxies:
    """Knows which proxies are ours, and believes nobody else about where a caller is.

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


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
