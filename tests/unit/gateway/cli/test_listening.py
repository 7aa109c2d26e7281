"""Binding the address of a command: any free port, and a reason when there is none."""

import socket

import pytest

from gateway.cli.answers import Failed
from gateway.cli.exits import Exit
from gateway.cli.listening import listener


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_an_address_of_either_family_is_listened_at(host: str) -> None:
    """Port 0 becomes one that others can reach."""
    if host == "::1" and not socket.has_dualstack_ipv6():
        pytest.skip("this machine has no IPv6")
    with listener(host, 0, 5, "--port") as bound:
        port = bound.getsockname()[1]
        with socket.create_connection((host, port), timeout=5) as caller:
            reached = caller.getpeername()[1]

    assert port == reached


def test_a_taken_address_names_the_flag_that_chooses_another() -> None:
    """Whoever starts a second gateway by mistake learns what to change."""
    with listener("127.0.0.1", 0, 5, "--port") as bound:
        port = bound.getsockname()[1]
        with pytest.raises(Failed, match=rf"port {port}.* another --admin-port") as failed:
            listener("127.0.0.1", port, 5, "--admin-port")

    assert Exit.REFUSED is failed.value.code


def test_an_address_of_another_machine_is_refused() -> None:
    """Before anything is started, not at the first call."""
    with pytest.raises(Failed, match="--listen"):
        listener("192.0.2.1", 0, 5, "--listen")
