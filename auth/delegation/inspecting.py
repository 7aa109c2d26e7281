"""Introspection (RFC 7662) and revocation (RFC 7009): a system looks into its own tokens only."""

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

import msgspec

from auth import claims, replies
from auth.claims import TOKEN_TYPE, AccessClaims
from auth.errors import SignatureRefused, TokenInvalid
from auth.identity import Identity
from auth.jose import VerificationKey, verified
from auth.replies import Declined
from auth.systems import System, SystemState

INACTIVE: Mapping[str, Any] = {"active": False}
_TYPES = frozenset({TOKEN_TYPE})


class TokenKeys(Protocol):
    """What is asked of the key ring."""

    def verifying_at(self, kid: str | None, now: float) -> Iterable[VerificationKey]:
        """Return the key of that id when it may verify at *now* (Unix seconds), else nothing."""
        ...


def opened(
    token: str, keys: TokenKeys, identity: Identity, now: float, *, late_s: float = 0
) -> AccessClaims | None:
    """Return what a token of ours says while it lives; None for any other text.

    Args:
        token: as presented.
        keys: of the ring.
        identity: who we are.
        now: Unix seconds.
        late_s: how much longer it counts: on a clock that is behind ours it still lives.
    """
    try:
        payload = verified(token, types=_TYPES, keys=lambda kid: keys.verifying_at(kid, now))
        said = claims.read(payload)
    except (SignatureRefused, TokenInvalid):
        return None
    ours = said.iss == identity.issuer and said.aud in (identity.audience, [identity.audience])
    return said if ours and said.exp + late_s > now else None


def token_of(form: Mapping[str, str]) -> str:
    """Return the token that a request is about; `token_type_hint` changes nothing here.

    Raises:
        Declined: MALFORMED.

    Source: RFC 7009 section 2.1, RFC 7662 section 2.1; a hint may be wrong or unknown.
    """
    if "token" not in form:
        raise Declined(replies.MALFORMED, "token is missing")
    return form["token"]


def is_of(said: AccessClaims, system: System) -> bool:
    """Say whether *system* holds the token, and still stands as it stood when it was issued."""
    return (
        said.client_id == system.client_id
        and said.sys_rev == system.rev
        and system.state is SystemState.ACTIVE
    )


def described(said: AccessClaims) -> Mapping[str, Any]:
    """Return the answer about a token that is good (RFC 7662 section 2.2).

    The official's name stays out: whoever holds the token knows it, and answers end up in logs.
    """
    bound = said.cnf is not None and said.cnf.jkt is not None
    members: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(said))
    if "act" in members:
        members["act"].pop("name", None)
    return {"active": True, "token_type": "DPoP" if bound else "Bearer", **members}
