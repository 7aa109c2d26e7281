"""Which programs may sign people on, and how they prove who they are."""

from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import msgspec
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from msgspec import Struct

from mocks.config import Client
from mocks.sso.refusals import Refused

if TYPE_CHECKING:
    from joserfc._rfc7515.model import JWSAlgModel

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"  # RFC 7523
ALGORITHMS = ("ES256", "EdDSA", "Ed25519")
LONGEST_LIFE_S = 300
AHEAD_S = 60  # FAPI 2.0 section 5.3.2.1: up to 10 s is taken, beyond 60 s refused


class _Registry(jws.JWSRegistry):
    """Allows elliptic curves alone."""

    def get_alg(self, name: str) -> "JWSAlgModel":
        """Serve the older name of Ed25519 by the newer (RFC 9864)."""
        return super().get_alg("Ed25519" if name == "EdDSA" else name)


_REGISTRY = _Registry(algorithms=ALGORITHMS, strict_check_header=False)


class Assertion(Struct, frozen=True, kw_only=True):
    """The claims of a client assertion; times are Unix seconds."""

    iss: str
    sub: str
    aud: str | tuple[str, ...]
    exp: float
    jti: str
    iat: float = 0
    nbf: float = 0


class Clients:
    """A realm's registered programs, and the assertions that were used up."""

    def __init__(self, registered: Mapping[str, Client]) -> None:
        self._registered = dict(registered)
        self._fetched: dict[str, KeySet] = {}
        self._used: dict[tuple[str, str], float] = {}

    def register(self, client_id: str, client: Client) -> None:
        """Take *client* in, or put it in the place of what was registered as *client_id*."""
        self._registered[client_id] = client
        self._fetched.pop(client_id, None)

    def find(self, client_id: str) -> Client:
        """Return one that the realm knows; Refused otherwise."""
        client = self._registered.get(client_id)
        if client is None:
            raise Refused("invalid_client", "no such client in this realm", 401)
        return client

    def authenticate(
        self, form: Mapping[str, str], *, audiences: tuple[str, ...], now: float
    ) -> str:
        """Return the id of the client whose assertion stands in *form* (RFC 7523 section 3).

        Raises:
            Refused: none, or one that proves nothing; the description says which check failed.
        """
        if form.get("client_assertion_type") != ASSERTION or not form.get("client_assertion"):
            raise Refused("invalid_client", "private_key_jwt is the only way in", 401)
        claims = self._opened(form["client_assertion"])
        if form.get("client_id", claims.sub) != claims.sub:
            raise Refused("invalid_client", "client_id is another", 401)
        self._judge(claims, audiences, now)
        return claims.sub

    def _opened(self, assertion: str) -> Assertion:
        try:
            sealed = jws.extract_compact(assertion.encode("ascii"), registry=_REGISTRY)
            claims = msgspec.json.decode(sealed.payload, type=Assertion)
            client = self.find(claims.sub)
            key = self._keys(claims.sub, client).get_by_kid(str(sealed.headers()["kid"]))
            if not jws.validate_compact(sealed, key, registry=_REGISTRY):
                raise Refused("invalid_client", "the signature is not the client's", 401)
        except (JoseError, ValueError, KeyError, TypeError):
            raise Refused("invalid_client", "the assertion cannot be verified", 401) from None
        return claims

    def _keys(self, client_id: str, client: Client) -> KeySet:
        if client.jwks is not None:
            return _key_set(client.jwks)
        return self._fetched.get(client_id, KeySet([]))

    def to_fetch(self, form: Mapping[str, str]) -> tuple[str, str] | None:
        """Return client and address when the assertion in *form* names a key not known yet."""
        try:
            sealed = jws.extract_compact(
                form.get("client_assertion", "").encode("ascii"), registry=_REGISTRY
            )
            client_id = msgspec.json.decode(sealed.payload, type=Assertion).sub
            kid = sealed.headers().get("kid")
        except (JoseError, ValueError):
            return None
        client = self._registered.get(client_id)
        known = self._fetched.get(client_id, KeySet([]))
        if client is None or client.jwks_uri is None or kid in {key.kid for key in known}:
            return None
        return client_id, client.jwks_uri

    def take_keys(self, client_id: str, published: bytes) -> None:
        """Remember what a client publishes at its jwks_uri; what is no JWK set is left alone."""
        with suppress(JoseError, ValueError, KeyError, TypeError):
            self._fetched[client_id] = _key_set(msgspec.json.decode(published))

    def _judge(self, claims: Assertion, audiences: tuple[str, ...], now: float) -> None:
        named = {claims.aud} if isinstance(claims.aud, str) else set(claims.aud)
        if claims.iss != claims.sub or not named & set(audiences):
            raise Refused("invalid_client", "issuer or audience is another", 401)
        begun = max(claims.iat, claims.nbf) <= now + AHEAD_S
        if not begun or not now < claims.exp <= now + LONGEST_LIFE_S + AHEAD_S:
            raise Refused("invalid_client", "the assertion is not of this time", 401)
        self._used = {key: end for key, end in self._used.items() if end > now}
        if (claims.sub, claims.jti) in self._used:
            raise Refused("invalid_client", "the assertion was used before", 401)
        self._used[claims.sub, claims.jti] = claims.exp


def _key_set(jwks: Mapping[str, Any]) -> KeySet:
    # Without alg: a key may call itself by the older name of Ed25519 (RFC 9864).
    published: Any = {
        "keys": [{name: key[name] for name in key if name != "alg"} for key in jwks["keys"]]
    }
    return KeySet.import_key_set(published)
