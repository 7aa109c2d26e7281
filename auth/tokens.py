"""Verifies an agency system's access token, once; then remembers it until it expires."""

from collections import OrderedDict
from collections.abc import Iterable
from typing import Protocol

from auth import claims
from auth.claims import LONGEST_LIFE_S, TOKEN_TYPE, AccessClaims
from auth.errors import SignatureRefused, TokenExpired, TokenInvalid, TokenMissing
from auth.jose import VerificationKey, verified
from auth.principals import Principal

_TYPES = frozenset({TOKEN_TYPE})


class TokenKeys(Protocol):
    """What the verifier asks of the key ring."""

    generation: int

    def verifying_at(self, kid: str | None, now: float) -> Iterable[VerificationKey]:
        """Return the key of that id when it may verify at *now* (Unix seconds), else nothing."""
        ...


class Verifier:
    """Turns tokens into principals.

    What has been proven once is remembered until the token expires, in at most *capacity* entries;
    a change of the key ring empties the memory.  Whether the system was suspended meanwhile is
    judged where it counts, at the record's commit; whether the token is its bearer's own, by
    `auth.possession.door`.
    """

    def __init__(
        self,
        keys: TokenKeys,
        *,
        issuer: str,
        audience: str,
        capacity: int = 10_000,
        ahead_s: float = 60,
    ) -> None:
        self._keys = keys
        self._issuer = issuer
        self._audience = audience
        self._capacity = capacity
        self._ahead_s = ahead_s
        self._generation = keys.generation
        # In order of arrival, which is nearly the order of expiry: no token lives over 300 s.
        self._proven: OrderedDict[str, Principal] = OrderedDict()

    def __len__(self) -> int:
        """Return how many tokens are remembered."""
        return len(self._proven)

    def verify(self, token: str, now: float) -> Principal:
        """Return whom *token* speaks for, in the hands of whoever it is bound to.

        Args:
            token: the access token as received; empty when there was none.
            now: Unix seconds.

        Raises:
            TokenMissing: it is empty.
            TokenExpired: it was good, and its time is over.
            TokenInvalid: it proves nothing to us.
        """
        principal = self._proven.get(token)
        if principal is None or self._generation != self._keys.generation:
            principal = self._prove(token, now)
        if principal.expires_at <= now:
            raise TokenExpired
        return principal

    def forget(self) -> None:
        """Verify every token anew from now on."""
        self._proven.clear()

    def _prove(self, token: str, now: float) -> Principal:
        if not token:
            raise TokenMissing
        try:
            payload = verified(
                token, types=_TYPES, keys=lambda kid: self._keys.verifying_at(kid, now)
            )
        except SignatureRefused as refused:
            raise TokenInvalid(refused.fact) from None
        found = claims.read(payload)
        self._judge(found, now)
        principal = claims.principal_of(found)
        self._remember(token, principal, now)
        return principal

    def _judge(self, found: AccessClaims, now: float) -> None:
        """Check the claims (RFC 9068 section 4); the clock rules are FAPI 2.0 section 5.3.2.1."""
        if found.iss != self._issuer:
            raise TokenInvalid("the issuer is another")
        if self._audience not in ([found.aud] if isinstance(found.aud, str) else found.aud):
            raise TokenInvalid("the token is meant for another service")
        if found.iat > now + self._ahead_s:
            raise TokenInvalid("the token was issued in the future")
        if not 0 < found.exp - found.iat <= LONGEST_LIFE_S:
            raise TokenInvalid("the token lives longer than tokens of ours do")
        if not found.client_id or found.sub != found.client_id:
            raise TokenInvalid("the token does not name one system")
        if found.cnf is not None and found.cnf.jkt is None and found.cnf.certificate is None:
            raise TokenInvalid("the token is bound in a way that is not known here")
        if found.exp <= now:
            raise TokenExpired

    def _remember(self, token: str, principal: Principal, now: float) -> None:
        proven = self._proven
        if self._generation != self._keys.generation:
            proven.clear()
            self._generation = self._keys.generation
        while proven and (
            len(proven) >= self._capacity or next(iter(proven.values())).expires_at <= now
        ):
            proven.popitem(last=False)
        proven[token] = principal
