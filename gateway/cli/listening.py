"""Binds the address that a command serves at, or says what to choose instead."""

import socket

from gateway.cli.answers import Failed
from gateway.cli.exits import Exit


def listener(host: str, port: int, backlog: int, flag: str) -> socket.socket:
    """Bind an address and listen at it.

    Args:
        host: an IPv4 or IPv6 address, or a name of this machine.
        port: 0 for any that is free.
        backlog: how many connections may wait to be accepted.
        flag: of the command, by which somebody chooses another address.

    Raises:
        Failed: the address is taken, or not ours.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
        bound.listen(backlog)
    except OSError as taken:
        bound.close()
        why = f"cannot listen on {host} port {port}: {taken.strerror}; choose another {flag}"
        raise Failed(Exit.REFUSED, why) from taken
    return bound
