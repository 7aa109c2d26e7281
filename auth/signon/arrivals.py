"""What counts as one place, of those that people sign on from."""

from ipaddress import IPv6Address, ip_address, ip_network

_HOME, _SITE = 64, 48  # bits: one network (RFC 4291 2.5.4), and what one place is given (RFC 6177)


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
