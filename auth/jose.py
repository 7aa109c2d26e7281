"""Signatures: the one list of algorithms, and every use of joserfc."""

import functools
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, cast

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey
from msgspec import Struct

from auth.base64url import decoded
from auth.errors import KeyRefused, SignatureRefused

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from joserfc._rfc7515.model import JWSAlgModel

Algorithm: TypeAlias = Literal["ES256", "EdDSA"]
NativeKey: TypeAlias = ECKey | OKPKey

LONGEST_TEXT = 8192  # characters of a signed text; ours need about 700
LONGEST_KID = 128
REMEMBERED_KEYS = 2048  # public keys that have been read
UNKNOWN_KEY = "no known key made this signature"
_MALFORMED = "it is not a well-formed key"

# FAPI 2.0 section 5.4 and RFC 8725: elliptic curves only.  "Ed25519" is the name that RFC 9864
# gives to what RFC 8037 calls "EdDSA"; clients of both ages are about.
ALGORITHMS: dict[tuple[str, str], frozenset[str]] = {
    ("EC", "P-256"): frozenset({"ES256"}),
    ("OKP", "Ed25519"): frozenset({"EdDSA", "Ed25519"}),
}
ALGORITHM_NAMES = ("ES256", "EdDSA", "Ed25519")

# Header members that try to bring their own key, or to change how the text is read.  Whoever sends
# one is refused rather than ignored (CVE-2026-27962 is a library that believed one).
_REFUSED_MEMBERS = frozenset({"jwk", "jku", "x5u", "x5c", "crit", "b64", "zip", "enc"})
_PUBLIC_MEMBERS = ("kty", "crv", "x", "y")
_PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "k"})


class _Registry(jws.JWSRegistry):
    """Allows our algorithms and no other."""

    def get_alg(self, name: str) -> "JWSAlgModel":
        """Serve the older name of Ed25519 by the newer, which also refuses its sister Ed448."""
        return super().get_alg("Ed25519" if name == "EdDSA" else name)


_ECDSA = ECDSA(SHA256())
_NUMBER_BYTES = 32  # of each half of an ES256 signature
_LARGEST_SIGNED = 0x7F  # of a first byte: a larger one looks negative, and gets a zero before it
_INTEGER = (b"\x02\x20", b"\x02\x21\x00")
_SEQUENCE = {68: b"\x30\x44", 69: b"\x30\x45", 70: b"\x30\x46"}

_REGISTRY = _Registry(algorithms=ALGORITHM_NAMES, strict_check_header=False)


class VerificationKey(Struct, frozen=True):
    """A public key, and the algorithms that it may be used with."""

    kid: str
    algorithms: frozenset[str]
    native: NativeKey
    thumbprint: str  # RFC 7638, SHA-256


class SigningKey(Struct, frozen=True):
    """A private key of ours; never printed, see `__repr__`."""

    kid: str
    algorithm: Algorithm
    native: NativeKey

    def __repr__(self) -> str:
        """Name the key without its content."""
        return f"SigningKey(kid={self.kid!r})"


def verification_key(jwk: Mapping[str, object]) -> VerificationKey:
    """Read a public JWK.

    Raises:
        KeyRefused: it holds a private part, is of another type or curve, is meant for another use,
            or is not a point of its curve.

    Source: RFC 7517, RFC 8037; the algorithms are those of FAPI 2.0 section 5.4.
    """
    if _PRIVATE_MEMBERS & jwk.keys():
        raise KeyRefused("it holds a private part: make a new key and register its public part")
    algorithms = ALGORITHMS.get((str(jwk.get("kty")), str(jwk.get("crv"))))
    if algorithms is None:
        raise KeyRefused("only EC P-256 and OKP Ed25519 keys are accepted")
    if jwk.get("use", "sig") != "sig" or jwk.get("alg", next(iter(algorithms))) not in algorithms:
        raise KeyRefused("the key is meant for another use or algorithm")
    members = tuple((name, jwk[name]) for name in _PUBLIC_MEMBERS if name in jwk)
    if not all(isinstance(value, str) for _, value in members):
        raise KeyRefused(_MALFORMED)
    native, thumbprint = _public(cast("tuple[tuple[str, str], ...]", members))
    kid = jwk.get("kid", thumbprint)
    if not isinstance(kid, str) or not 1 <= len(kid) <= LONGEST_KID:
        raise KeyRefused(f"kid must be text of 1 to {LONGEST_KID} characters")
    return VerificationKey(kid, algorithms, native, thumbprint)


def signing_key(jwk: Mapping[str, object]) -> SigningKey:
    """Read one of our own private JWKs; its id is, or ends with, its RFC 7638 thumbprint.

    Raises:
        KeyRefused: it lacks its private part, or is of another type or curve.
    """
    if "d" not in jwk:
        raise KeyRefused("the private part is missing")
    algorithms = ALGORITHMS.get((str(jwk.get("kty")), str(jwk.get("crv"))))
    if algorithms is None:
        raise KeyRefused("only EC P-256 and OKP Ed25519 keys are used")
    members = (*_PUBLIC_MEMBERS, "d")
    native = _native({name: jwk[name] for name in members if name in jwk})
    thumbprint, said = native.thumbprint(), str(jwk.get("kid", ""))
    kid = said if said.endswith(thumbprint) and len(said) <= LONGEST_KID else thumbprint
    return SigningKey(kid, "ES256" if "ES256" in algorithms else "EdDSA", native)


def new_private_jwk(algorithm: Algorithm) -> dict[str, str]:
    """Make a private key for *algorithm* and return it as a JWK, id included.

    No id of ours begins with a dash: a command line would take it for an option, in the very
    moment in which an operator has a key to revoke.
    """
    native = ECKey.generate_key("P-256") if algorithm == "ES256" else OKPKey.generate_key("Ed25519")
    kid = native.thumbprint()
    if kid.startswith("-"):
        return new_private_jwk(algorithm)
    return {**cast("dict[str, str]", native.as_dict(private=True)), "kid": kid}


def public_jwk(key: SigningKey | VerificationKey) -> dict[str, str]:
    """Return what the world may know of *key*, ready for a JWK set."""
    members = cast("dict[str, str]", key.native.as_dict(private=False))
    algorithm = "ES256" if key.native.key_type == "EC" else "EdDSA"
    kept = {name: members[name] for name in _PUBLIC_MEMBERS if name in members}
    return {**kept, "kid": key.kid, "use": "sig", "alg": algorithm}


def signed(payload: bytes, key: SigningKey, *, typ: str) -> str:
    """Sign *payload* and return the JWS compact serialization (RFC 7515 section 7.1)."""
    header = {"alg": key.algorithm, "typ": typ, "kid": key.kid}
    return jws.serialize_compact(header, payload, key.native, registry=_REGISTRY)


def signed_with_key_shown(payload: bytes, key: SigningKey, *, typ: str) -> str:
    """Sign *payload*, and bring the public key in the header, as proofs do (RFC 9449 section 4.2).

    Who reads it learns that the sender holds the key, and nothing of who the sender is.
    """
    shown = {name: value for name, value in public_jwk(key).items() if name in _PUBLIC_MEMBERS}
    header = {"alg": key.algorithm, "typ": typ, "jwk": shown}
    return jws.serialize_compact(cast("Any", header), payload, key.native, registry=_REGISTRY)


def made_by(key: VerificationKey, algorithm: str, message: bytes, signature: bytes) -> bool:
    """Say whether *key* made *signature* over *message*; never true for another algorithm of it.

    For texts whose header was read, and judged, by the caller.  It asks `cryptography` without
    joserfc in between, which would look up algorithm and key anew for each proof.

    Source: RFC 7518 section 3.4 for ES256, RFC 8037 section 3.1 for EdDSA.
    """
    if algorithm not in key.algorithms:
        return False
    public = key.native.public_key
    try:
        if algorithm == "ES256":
            cast("EllipticCurvePublicKey", public).verify(_der(signature), message, _ECDSA)
        else:
            cast("Ed25519PublicKey", public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def _der(signature: bytes) -> bytes:
    """Return the two numbers of an ES256 signature as `cryptography` reads them (X.690 section 8).

    Nearly all of them by hand, in a quarter of the time; one with leading zeros, of which the
    encoding leaves some out, by its own function.
    """
    r, s = signature[:_NUMBER_BYTES], signature[_NUMBER_BYTES:]
    if len(s) != _NUMBER_BYTES:
        raise InvalidSignature
    if r[0] and s[0]:
        numbers = _INTEGER[r[0] > _LARGEST_SIGNED] + r + _INTEGER[s[0] > _LARGEST_SIGNED] + s
        return _SEQUENCE[len(numbers)] + numbers
    return encode_dss_signature(int.from_bytes(r, "big"), int.from_bytes(s, "big"))


def payload_of(text: str) -> bytes:
    """Return the payload of a signed text that nobody has verified: good for a look-up only.

    Raises:
        SignatureRefused: *text* is not a JWS compact serialization, or is longer than 8,192
            characters.
    """
    return _opened(text).payload


def kid_of(text: str) -> str | None:
    """Return the key id that a signed text names before anybody has verified it, if it names one.

    Raises:
        SignatureRefused: as `payload_of`.
    """
    kid = _opened(text).headers().get("kid")
    return kid if isinstance(kid, str) and len(kid) <= LONGEST_KID else None


def verified(
    text: str,
    *,
    types: frozenset[str],
    keys: Callable[[str | None], Iterable[VerificationKey]],
) -> bytes:
    """Return the payload of *text* once one of our keys for it has proven its signature.

    Args:
        text: a JWS compact serialization of at most 8,192 characters.
        types: accepted values of `typ` in lower case without ``application/``; an empty text stands
            for a header without `typ`.
        keys: given the header's `kid` (or None), the keys that may have signed.  The header names a
            key, and never brings one.

    Raises:
        SignatureRefused: wrong form, algorithm, type or key.

    Source: RFC 7515 section 5.2; RFC 8725 sections 3.1, 3.8, 3.11.
    """
    sealed = _opened(text)
    header = sealed.headers()
    _check_header(header, types)
    for key in keys(header.get("kid")):
        if _fits(text, header["alg"], key):
            return sealed.payload
    raise SignatureRefused(UNKNOWN_KEY)


def _check_header(header: Mapping[str, object], types: frozenset[str]) -> None:
    if header.get("alg") not in ALGORITHM_NAMES:
        raise SignatureRefused("the algorithm is not accepted")
    if _REFUSED_MEMBERS & header.keys():
        raise SignatureRefused("the header holds a member that is not accepted")
    if not isinstance(header.get("kid", ""), str):
        raise SignatureRefused("kid is not text")
    try:
        _REGISTRY.check_header(cast("Any", header))
    except (JoseError, ValueError):
        raise SignatureRefused("a member of the header is of the wrong type") from None
    typ = header.get("typ", "")
    if not isinstance(typ, str) or typ.lower().removeprefix("application/") not in types:
        raise SignatureRefused("the type is not the expected one")


def _fits(text: str, algorithm: str, key: VerificationKey) -> bool:
    """Say whether *key* signed *text*, whose three parts have been read."""
    message, _, signature = text.rpartition(".")
    made = decoded(signature)
    return made is not None and made_by(key, algorithm, message.encode("ascii"), made)


def _opened(text: str) -> jws.CompactSignature:
    if len(text) > LONGEST_TEXT:
        raise SignatureRefused(f"longer than {LONGEST_TEXT} characters")
    try:
        sealed = jws.extract_compact(text.encode("ascii"), registry=_REGISTRY)
    except (JoseError, ValueError, TypeError, AttributeError, RecursionError):
        # Nested brackets, a header that is a list, stray bytes: all the same to us.  Without a
        # cause, because joserfc quotes what it was given.
        raise SignatureRefused("not a signed text") from None
    if not isinstance(cast("Any", sealed.protected), dict):
        raise SignatureRefused("not a signed text")
    return sealed


@functools.lru_cache(REMEMBERED_KEYS)
def _public(members: tuple[tuple[str, str], ...]) -> tuple[NativeKey, str]:
    """Return a public key and its thumbprint: systems bring the same few with every request."""
    native = _native(dict(members))
    return native, native.thumbprint()


def _native(members: Mapping[str, object]) -> NativeKey:
    kind = ECKey if members.get("kty") == "EC" else OKPKey
    try:
        return kind.import_key(cast("Any", dict(members)))
    except (JoseError, ValueError, TypeError, KeyError, AttributeError):
        raise KeyRefused(_MALFORMED) from None
