"""A caller of the gateway whose proofs and forged tokens are made by hand."""

import hashlib
import hmac
import json
import secrets
from collections.abc import Iterable, Mapping
from datetime import timedelta
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

from auth.claims import TOKEN_TYPE
from auth.jose import payload_of
from auth.jose import signed as signed_by_us
from auth.keys import SigningKeyRing
from gateway.calling.system import System
from gateway.calling.wire import send
from gateway.clock import utc_now
from gateway.demo.province import Province
from tests.possession_builders import GONE, HandKey, b64, signed, some_claims, some_header

PATIENCE_S = 30


class ByHand:
    """A binding to a key whose proofs nothing of ours makes."""

    scheme = "DPoP"

    def __init__(self, key: HandKey) -> None:
        self._key = key
        self.nonce: str | None = None

    def proof(self, method: str, url: str, token: str | None, **changes: Any) -> str:
        """Return a fresh proof, its claims changed."""
        plain: dict[str, Any] = {
            "jti": secrets.token_urlsafe(12),
            "htm": method,
            "htu": url,
            "iat": int(utc_now().timestamp()),
            "ath": GONE if token is None else digest_of(token),
            "nonce": GONE if self.nonce is None else self.nonce,
        }
        return signed(some_header(self._key), some_claims(**(plain | changes)), self._key)

    def headers(self, method: str, url: str, token: str | None) -> dict[str, str]:
        """Return the header of one request."""
        return {"DPoP": self.proof(method, url, token)}

    def learn(self, headers: Mapping[str, str]) -> None:
        """Take the nonce that an answer hands out."""
        self.nonce = headers.get("dpop-nonce", self.nonce)


def digest_of(token: str) -> str:
    """Return the `ath` of *token*."""
    return b64(hashlib.sha256(token.encode()).digest())


def bound_to(province: Province, client_id: str, key: HandKey) -> tuple[str, ByHand]:
    """Return a token of *client_id* that is bound to *key*, and what makes its proofs."""
    binding = ByHand(key)
    token = System(province.gateway, client_id, province.keys[client_id], binding=binding).token()
    return token, binding


def send_lines(
    base: str, path: str, body: bytes, lines: Iterable[tuple[str, str]]
) -> tuple[int, dict[str, str], dict[str, Any]]:
    """Send headers line by line, the same name twice if need be; return the whole answer."""
    connection = HTTPConnection(urlsplit(base).netloc, timeout=PATIENCE_S)
    try:
        connection.putrequest("POST", path)
        for name, value in lines:
            connection.putheader(name, value)
        connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        reply = connection.getresponse()
        headers = {name.lower(): value for name, value in reply.getheaders()}
        return reply.status, headers, json.loads(reply.read())
    finally:
        connection.close()


def published_key(province: Province) -> dict[str, str]:
    """Return the public key that the gateway signs tokens with."""
    return send(province.gateway, "GET", "/oauth/jwks").body["keys"][0]


def claims_of(token: str) -> dict[str, Any]:
    """Return the claims of a token."""
    return json.loads(payload_of(token))


def resigned(province: Province, claims: Mapping[str, Any] | bytes, typ: str = TOKEN_TYPE) -> str:
    """Sign claims with the gateway's own key, as only the gateway can: the lie is in the claims."""
    ring = SigningKeyRing(province.plan.directory / "keys" / "signing", keep=timedelta(minutes=10))
    text = claims if isinstance(claims, bytes) else json.dumps(claims).encode()
    return signed_by_us(text, ring.signing(utc_now()), typ=typ)


def forged(header: Mapping[str, Any] | str, claims: Mapping[str, Any], key: HandKey) -> str:
    """Sign claims with a key of the forger's."""
    return signed(header, claims, key)


def unsigned(header: Mapping[str, Any], claims: Mapping[str, Any]) -> str:
    """Return a token that nobody signed."""
    return ".".join([*(b64(json.dumps(part).encode()) for part in (header, claims)), ""])


def sealed_with(secret: bytes, header: Mapping[str, Any], claims: Mapping[str, Any]) -> str:
    """Return a token under a shared secret."""
    head = ".".join(b64(json.dumps(part).encode()) for part in (header, claims))
    return f"{head}.{b64(hmac.digest(secret, head.encode(), 'sha256'))}"


def questions_of(province: Province) -> int:
    """Return how many questions the registers have heard so far."""
    urls = province.registers.values()
    return sum(len(send(url, "GET", "/__queries").body["queries"]) for url in urls)
