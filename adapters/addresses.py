"""Where a source's name leads: resolved once, kept, and judged before it is dialled."""

import asyncio
import socket
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

import structlog

from adapters.errors import SourceUnavailable

_log = structlog.get_logger()


def acceptable(
    address: IPv4Address | IPv6Address, networks: tuple[IPv4Network | IPv6Network, ...]
) -> bool:
    """Tell whether a source may live at *address*.

    Loopback and private addresses are in order: sources are in the state's own networks.  With
    *networks* given, only those; without, never link-local (cloud metadata), multicast,
    unspecified or reserved ones, nor IPv4 addresses dressed up as IPv6.
    """
    if networks:
        return any(address in network for network in networks if network.version == address.version)
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return False
    odd = address.is_link_local or address.is_multicast or address.is_unspecified
    return not odd and (address.is_loopback or not address.is_reserved)


class Pin:
    """The addresses behind one host name; asked of the resolver once, and again after a failure."""

    __slots__ = ("_host", "_networks", "_pinned", "_port", "_seen", "_source")

    def __init__(
        self,
        source: str,
        host: str,
        port: int,
        networks: tuple[IPv4Network | IPv6Network, ...] = (),
    ) -> None:
        self._source = source
        self._host = host
        self._port = port
        self._networks = networks
        self._pinned: tuple[str, ...] = ()
        self._seen: tuple[str, ...] = ()

    async def addresses(self) -> tuple[str, ...]:
        """Return the pinned addresses, resolving when there are none.

        Raises:
            SourceUnavailable: the name does not resolve, or leads only where no source may live.
        """
        if not self._pinned:
            self._pinned = await self._resolve()
            if self._seen and self._seen != self._pinned:
                _log.info("source address changed", source=self._source)
            self._seen = self._pinned
        return self._pinned

    def forget(self) -> None:
        """Resolve anew next time: nobody answered at the pinned addresses."""
        self._pinned = ()

    async def _resolve(self) -> tuple[str, ...]:
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM)
        except OSError as unknown:
            raise SourceUnavailable(self._source, "name does not resolve") from unknown
        names = dict.fromkeys(str(entry[4][0]) for entry in found)
        allowed = tuple(
            name for name in names if acceptable(ip_address(name.partition("%")[0]), self._networks)
        )
        if not allowed:
            raise SourceUnavailable(self._source, "address outside the source's networks")
        return allowed
