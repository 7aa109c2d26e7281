"""Signed requests as callers make them, right and wrong."""

from msgspec.structs import replace

from auth.client import ClientKey
from auth.jose import SigningKey, signing_key
from auth.signatures.messages import Asking
from auth.signatures.signing import signed_request
from tests.party_builders import CLIENT_KEY, NOON_S

BODY = b'{"subject":{"so_dinh_danh":"003190000123"},"purpose":"giai-quyet-tthc"}'
URL = "https://cong.example/v1/data/dancu.tracuu"


def key_of(pair: ClientKey = CLIENT_KEY) -> SigningKey:
    """Return the private half, ready to sign."""
    return signing_key(pair.private)


def an_asking(**members: object) -> Asking:
    """Return a request that carries a bound token and its proof, and no signature yet."""
    asking = Asking(
        method="POST",
        url=URL,
        headers={"authorization": "DPoP at", "dpop": "proof", "accept": "application/json"},
        body=BODY,
    )
    return replace(asking, **members)


def a_signed(
    asking: Asking | None = None, *, key: SigningKey | None = None, at: float = NOON_S
) -> Asking:
    """Return *asking* with its signature."""
    asked = an_asking() if asking is None else asking
    return with_headers(asked, signed_request(asked, key or key_of(), at))


def with_headers(asking: Asking, changes: dict[str, str]) -> Asking:
    """Return *asking* with some headers in the place of others."""
    return replace(asking, headers=asking.headers | changes)
