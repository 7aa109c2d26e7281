"""DPoP proofs: one signature over method, address, hour and token (RFC 9449 section 4.3)."""

import functools
import hashlib
import json
from collections.abc import Sequence
from typing import TypeAlias, cast

import msgspec

from auth.base64url import decoded, encoded
from auth.errors import KeyMismatch, KeyRefused, ProofRefused
from auth.jose import ALGORITHM_NAMES, VerificationKey, made_by, verification_key
from auth.possession.addresses import same_address

PROOF_TYPE = "dpop+jwt"
LONGEST_PROOF = 4096  # characters; ours need about 500
LONGEST_JTI = 256
REMEMBERED_KEYS = 2048  # headers whose key has been read; one for each key of a caller
REMEMBERED_DIGESTS = 1024  # of tokens: each comes with many proofs

# Beside these a header may say nothing: a proof that wants to be read in another way is refused.
_HEADER = frozenset({"typ", "alg", "jwk", "kid"})


Members: TypeAlias = dict[str, object]


class Proved(msgspec.Struct, frozen=True, kw_only=True):
    """What a good proof says; it counts once, see `auth.possession.once`."""

    thumbprint: str  # RFC 7638, SHA-256, of the key whose possession it shows
    jti: str
    iat: float  # Unix seconds, by the caller's clock
    nonce: str | None


class _Claims(msgspec.Struct, frozen=True, kw_only=True):
    jti: str
    htm: str
    htu: str
    iat: int | float
    ath: str | None = None
    nonce: str | None = None


class _Shown(msgspec.Struct, frozen=True):
    """The key of a header, and the algorithm it is used with."""

    key: VerificationKey
    algorithm: str


def prove(
    proof: str,
    *,
    method: str,
    url: str,
    now: float,
    token: str | None,
    bound_to: str | None = None,
    ahead_s: float = 10,
    life_s: float = 60,
) -> Proved:
    """Return what *proof* proves about this very request.

    Whether it was used before, and whether its nonce is one of ours, is asked elsewhere.

    Args:
        proof: the value of the one `DPoP` header.
        method: of the request, as it was sent.
        url: of the request, with our external origin; a query does not count.
        now: Unix seconds.
        token: the access token that came with it; None at the token endpoint.
        bound_to: thumbprint that the token names; a proof by another key is refused before its
            signature costs anything.
        ahead_s: how far ahead `iat` may be.
        life_s: how far back `iat` may be.

    Raises:
        KeyMismatch: the proof is by another key than *bound_to*.
        ProofRefused: any other check failed.

    Source: RFC 9449 section 4.3; FAPI 2.0 section 5.3.2.1 for the clock: 10 s ahead are accepted.
    """
    message, header, payload, signature = _parts(proof)
    shown = _shown(header)
    if bound_to is not None and shown.key.thumbprint != bound_to:
        raise KeyMismatch
    claims = _claims(_decoded(payload))
    _judge_request(claims, method, url, token)
    _judge_hour(claims.iat, now, ahead_s, life_s)
    if not made_by(shown.key, shown.algorithm, message.encode("ascii"), _decoded(signature)):
        raise ProofRefused("the signature is not by the key that the proof shows")
    return Proved(
        thumbprint=shown.key.thumbprint, jti=claims.jti, iat=float(claims.iat), nonce=claims.nonce
    )


@functools.lru_cache(REMEMBERED_DIGESTS)
def token_digest(token: str) -> str:
    """Return the `ath` of a token: base64url of its SHA-256 (RFC 9449 section 4.2)."""
    return encoded(hashlib.sha256(token.encode("latin-1")).digest())


def _parts(proof: str) -> tuple[str, str, str, str]:
    """Return what is signed, its header and its payload, and the signature.

    A dot too many is in the payload, and no base64url.
    """
    if len(proof) > LONGEST_PROOF:
        raise ProofRefused(f"longer than {LONGEST_PROOF} characters")
    message, _, signature = proof.rpartition(".")
    header, _, payload = message.partition(".")
    if not payload:
        raise ProofRefused("not one signed text")
    return message, header, payload, signature


def _decoded(part: str) -> bytes:
    content = decoded(part)
    if content is None:
        raise ProofRefused("not one signed text")
    return content


@functools.lru_cache(REMEMBERED_KEYS)
def _shown(header: str) -> _Shown:
    """Read a header; it is the same for every proof by one key, so it is read once.

    Raises:
        ProofRefused: wrong type or algorithm, or not one public key of ours to accept.
    """
    found = _by_pairs(_decoded(header))
    if not isinstance(found, dict):
        raise ProofRefused("not a JSON object")
    members = cast("Members", found)
    if members.keys() - _HEADER:
        raise ProofRefused("the header holds a member that is not accepted")
    if members.get("typ") != PROOF_TYPE:
        raise ProofRefused(f"typ is not {PROOF_TYPE}")
    algorithm, jwk = members.get("alg"), members.get("jwk")
    if algorithm not in ALGORITHM_NAMES:
        raise ProofRefused("the algorithm is not accepted")
    if not isinstance(jwk, dict):
        raise ProofRefused("the header shows no key")
    try:
        key = verification_key(cast("Members", jwk))
    except KeyRefused as refused:
        raise ProofRefused(f"the key is not accepted: {refused.fact}") from None
    return _Shown(key, str(algorithm))


def _claims(payload: bytes) -> _Claims:
    try:
        claims = _CLAIMS.decode(payload)
    except msgspec.ValidationError:
        raise ProofRefused("jti, htm, htu and iat are required") from None
    except (ValueError, RecursionError):  # msgspec's and UTF-8's are ValueErrors
        raise ProofRefused(_NOT_JSON) from None
    if not _has_no_room(payload, claims):
        _by_pairs(payload)
    if not 1 <= len(claims.jti) <= LONGEST_JTI:
        raise ProofRefused(f"jti must have 1 to {LONGEST_JTI} characters")
    return claims


def _has_no_room(payload: bytes, claims: _Claims) -> bool:
    """Say whether *payload* is too short for more than these claims, one of them twice included.

    As nearly every client writes it: without spaces, and nothing escaped.  No spelling of these
    members is shorter, so nothing else stands beside them.  Any other proof is read pair by pair,
    which takes longer (RFC 7519 section 4).
    """
    needed = _BARE + len(claims.jti) + len(claims.htm) + len(claims.htu) + len(str(claims.iat))
    if claims.ath is not None:
        needed += _ATH + len(claims.ath)
    if claims.nonce is not None:
        needed += _NONCE + len(claims.nonce)
    # A whole number has one spelling; another one could be shorter than Python's.
    return len(payload) == needed and isinstance(claims.iat, int)


def _by_pairs(raw: bytes) -> object:
    """Read JSON in which no object, at any depth, has a member twice (RFC 7515 section 4)."""
    try:
        return _PAIRS.decode(raw.decode("utf-8"))
    except (ValueError, RecursionError):
        raise ProofRefused(_NOT_JSON) from None


def _once_each(pairs: Sequence[tuple[str, object]]) -> Members:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError
    return members


_NOT_JSON = "not JSON, or a member is there twice"
_CLAIMS = msgspec.json.Decoder(_Claims)
_BARE, _ATH, _NONCE = map(len, ('{"jti":"","htm":"","htu":"","iat":}', '"ath":"",', '"nonce":"",'))
_PAIRS = json.JSONDecoder(object_pairs_hook=_once_each)


def _judge_request(claims: _Claims, method: str, url: str, token: str | None) -> None:
    if claims.htm != method:
        raise ProofRefused("htm is not the method of this request")
    if not same_address(claims.htu, url):
        raise ProofRefused("htu is not the address of this request")
    if token is not None and claims.ath != token_digest(token):
        raise ProofRefused("ath is not the digest of this token")


def _judge_hour(iat: float, now: float, ahead_s: float, life_s: float) -> None:
    if not iat <= now + ahead_s:  # in this form NaN is refused as well
        raise ProofRefused("iat is in the future: check the clock")
    if not iat >= now - life_s:
        raise ProofRefused("iat is too long ago: make a proof for each request")
