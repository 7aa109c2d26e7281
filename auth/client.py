"""The other side: what a system does to prove itself; for our own commands, demo and tests."""

import hashlib
import secrets
from urllib.parse import urlencode, urlsplit, urlunsplit

import msgspec

from auth.assertions import ASSERTION_TYPE
from auth.base64url import encoded
from auth.jose import (
    Algorithm,
    new_private_jwk,
    public_jwk,
    signed,
    signed_with_key_shown,
    signing_key,
)

EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"  # RFC 8693 section 2.1
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105 - RFC 8693 section 3
PROOF_TYPE = "dpop+jwt"  # RFC 9449 section 4.2


class ClientKey(msgspec.Struct, frozen=True, kw_only=True):
    """A system's key pair: one half is registered, the other never leaves the system."""

    private: dict[str, str]
    public: dict[str, str]

    def __repr__(self) -> str:
        return f"ClientKey(kid={self.public['kid']!r})"


def new_client_key(algorithm: Algorithm = "ES256") -> ClientKey:
    """Make a key pair for a system."""
    private = new_private_jwk(algorithm)
    return ClientKey(private=private, public=public_jwk(signing_key(private)))


def private_pem(private: dict[str, str]) -> bytes:
    """Return a private JWK as openssl reads it: PKCS #8, PEM, not encrypted."""
    return signing_key(private).native.as_pem(private=True)


def client_assertion(
    private: dict[str, str], *, client_id: str, audience: str, now: float, life_s: int = 60
) -> str:
    """Sign an assertion that is good once, for *life_s* seconds (RFC 7523 section 2.2).

    Args:
        private: the system's private JWK.
        client_id: the system.
        audience: issuer of the authorization server, as its metadata gives it.
        now: Unix seconds.
        life_s: at most 300.
    """
    claims = {
        "iss": client_id,
        "sub": client_id,
        "aud": audience,
        "iat": int(now),
        "exp": int(now) + life_s,
        "jti": secrets.token_urlsafe(16),
    }
    return signed(msgspec.json.encode(claims), signing_key(private), typ="JWT")


def dpop_proof(
    private: dict[str, str],
    *,
    method: str,
    url: str,
    now: float,
    token: str | None = None,
    nonce: str | None = None,
) -> str:
    """Prove the possession of a key for one request (RFC 9449 section 4.2); good once.

    Args:
        private: the private JWK that the token is bound to, or shall be.
        method: of the request, in capitals.
        url: of the request; query and fragment stay out of the proof.
        now: Unix seconds.
        token: the access token that goes with the request; None at the token endpoint.
        nonce: what the server handed over last, when it did.
    """
    claims: dict[str, object] = {
        "jti": secrets.token_urlsafe(16),
        "htm": method,
        "htu": urlunsplit(urlsplit(url)._replace(query="", fragment="")),
        "iat": int(now),
    }
    if token is not None:
        claims["ath"] = _digest(token)
    if nonce is not None:
        claims["nonce"] = nonce
    return signed_with_key_shown(msgspec.json.encode(claims), signing_key(private), typ=PROOF_TYPE)


def _digest(token: str) -> str:
    return encoded(hashlib.sha256(token.encode("ascii")).digest())


def token_form(assertion: str, *, scope: str = "", resource: str = "") -> bytes:
    """Return the body of a token request, to be sent as ``application/x-www-form-urlencoded``."""
    return _form(
        grant_type="client_credentials",
        client_assertion_type=ASSERTION_TYPE,
        client_assertion=assertion,
        scope=scope,
        resource=resource,
    )


def exchange_form(
    assertion: str, subject_token: str, *, scope: str = "", subject_type: str = ACCESS_TOKEN
) -> bytes:
    """Return the body that asks for a token on behalf of an official (RFC 8693 section 2.1).

    Args:
        assertion: the system's.
        subject_token: what the staff provider gave the system when the official signed on there.
        scope: agreement codes; empty for all.
        subject_type: kind of *subject_token*.
    """
    return _form(
        grant_type=EXCHANGE,
        client_assertion_type=ASSERTION_TYPE,
        client_assertion=assertion,
        subject_token=subject_token,
        subject_token_type=subject_type,
        scope=scope,
    )


def _form(**members: str) -> bytes:
    """Return a form without the members that are empty."""
    return urlencode({name: value for name, value in members.items() if value}).encode()
