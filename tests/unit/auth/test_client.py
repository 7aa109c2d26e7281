"""The client's side, as our own demo uses it."""

from urllib.parse import parse_qs

from auth.client import client_assertion, new_client_key, token_form
from auth.documents import read, write
from tests.party_builders import ISSUER, NOON_S, a_registration


def test_two_assertions_are_never_the_same() -> None:
    """Each is good once."""
    key = new_client_key()

    made = {
        client_assertion(key.private, client_id="a", audience=ISSUER, now=NOON_S) for _ in range(3)
    }

    assert 3 == len(made)


def test_what_is_not_asked_for_is_left_out_of_the_form() -> None:
    """An empty scope would be a scope."""
    assert {"grant_type", "client_assertion_type", "client_assertion"} == parse_qs(
        token_form("x").decode()
    ).keys()


def test_a_new_key_is_ready_for_a_registration() -> None:
    """What `motlan demo` writes, `read` accepts."""
    registration = a_registration(jwks=(new_client_key("EdDSA").public,))

    assert (registration,) == read(write((registration,)), "demo.yaml")


def test_a_client_key_in_a_log_shows_its_id_alone() -> None:
    """Values are printed by accident one day."""
    key = new_client_key()

    assert key.private["d"] not in repr(key)
