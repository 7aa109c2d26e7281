"""Judges the signature of a request (RFC 9421) and the digest of its body (RFC 9530).

The library checks one signature against one algorithm.  Which components a signature must cover,
how old it may be, and that the digest is of this very body, is demanded here.
"""

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportPrivateImportUsage=false

import base64
import hashlib
from collections.abc import Sequence
from typing import Any

import http_sf
from http_message_signatures import (
    HTTPMessageSignaturesException,
    HTTPMessageVerifier,
    HTTPSignatureKeyResolver,
    InvalidSignature,
    VerifyResult,
)
from http_message_signatures.algorithms import HTTPSignatureAlgorithm
from http_sf.compat import InnerList
from msgspec import Struct

from auth.errors import PartyError
from auth.jose import VerificationKey, public_jwk
from auth.signatures.evidence import Evidence
from auth.signatures.messages import ALGORITHMS, COVERED, PROOF, REQUEST_TAG, Asking, Keys

LIFE_S = 60  # between making a signature and presenting it (security profile, row S8)
AHEAD_S = 10  # how far the caller's clock may be ahead (FAPI 2.0 section 5.3.2.1)
LONGEST_FIELD = 4_096  # characters of Signature and Signature-Input; ours need about 400


class SignatureMissing(PartyError):
    """The agreement demands signed requests, and this one is not signed."""

    code = "signature_missing"

    def __init__(self) -> None:
        super().__init__("the request carries no signature")


class SignatureWrong(PartyError):
    """The signature proves nothing; *fact* says which check it failed."""

    code = "signature_invalid"

    def __init__(self, fact: str) -> None:
        super().__init__(fact)
        self.fact = fact


class DigestWrong(PartyError):
    """The signature is good, and was made for another body."""

    code = "content_digest_mismatch"

    def __init__(self) -> None:
        super().__init__("Content-Digest is not that of the body")


class Proven(Struct, frozen=True, kw_only=True):
    """A request whose signature holds."""

    evidence: Evidence
    created: int  # Unix seconds

    @property
    def once(self) -> str:
        """Return what must not come twice: the signature itself, as a digest."""
        return hashlib.sha256(self.evidence.signature.encode()).hexdigest()

    @property
    def expires_at(self) -> float:
        """Return until when it could be presented again, Unix seconds."""
        return float(self.created + LIFE_S)


class _Verifier(HTTPMessageVerifier):
    """The library's verifier by our clock, within our bounds."""

    def __init__(
        self,
        now: float,
        signature_algorithm: type[HTTPSignatureAlgorithm],
        key_resolver: HTTPSignatureKeyResolver,
    ) -> None:
        super().__init__(signature_algorithm=signature_algorithm, key_resolver=key_resolver)
        self._now = now

    def validate_created_and_expires(self, sig_input: InnerList, max_age: object = None) -> None:
        """Demand an hour of making, and that it is not over."""
        del max_age
        created, expires = sig_input.params.get("created"), sig_input.params.get("expires")
        if type(created) is not int or (expires is not None and type(expires) is not int):
            raise InvalidSignature("created must be an integer, and so must expires")
        if not self._now - LIFE_S <= created <= self._now + AHEAD_S:
            raise InvalidSignature(f"created must lie within the last {LIFE_S} seconds")
        if expires is not None and expires <= self._now:
            raise InvalidSignature("the signature has expired")


def is_signed(asking: Asking) -> bool:
    """Say whether the request carries a signature of any kind."""
    return "signature-input" in asking.headers or "signature" in asking.headers


def judge(asking: Asking, keys: Sequence[VerificationKey], now: float) -> Proven:
    """Verify that one of *keys* signed this request, whole, just now.

    Args:
        asking: the request; its URL as the caller must have written it.
        keys: the registered public keys of the system that its token speaks for.
        now: Unix seconds.

    Raises:
        SignatureMissing: there is none.
        SignatureWrong: form, coverage, hour, key or signature are not as demanded.
        DigestWrong: the body is not the one that was signed.

    Source: RFC 9421 section 3.2; FAPI 2.0 Message Signing for coverage and tag.
    """
    if not is_signed(asking):
        raise SignatureMissing
    if any(
        len(asking.headers.get(name, "")) > LONGEST_FIELD
        for name in ("signature", "signature-input", "content-digest")
    ):
        raise SignatureWrong(f"a signature field is longer than {LONGEST_FIELD} characters")
    if "content-digest" not in asking.headers:
        raise SignatureWrong("Content-Digest is missing")
    verifier, found = _verified(asking, keys, now)
    try:
        verifier.verify_body(asking, [found], asking.body)
    except HTTPMessageSignaturesException:
        raise DigestWrong from None
    return _proven(asking, found, keys)


def _verified(
    asking: Asking, keys: Sequence[VerificationKey], now: float
) -> tuple[_Verifier, VerifyResult]:
    """Return what was verified, by the algorithm that fits a key; the key decides, not the text."""
    demanded = (*COVERED, PROOF) if PROOF in asking.headers else COVERED
    fact = "no registered key made it"
    for kind, algorithm in ALGORITHMS.items():
        fitting = [key for key in keys if key.native.key_type == kind]
        verifier = _Verifier(now, algorithm, Keys(fitting))
        try:
            (found,) = verifier.verify(
                asking, max_age=None, expect_tag=REQUEST_TAG, require_components=demanded
            )
        except ValueError:
            raise SignatureWrong(f"more than one signature with the tag {REQUEST_TAG}") from None
        except HTTPMessageSignaturesException as wrong:
            fact = _fact(wrong, fact)
        else:
            return verifier, found
    raise SignatureWrong(fact)


# The library's own words may quote the caller's; only these beginnings are handed on, as ours.
_FACTS = (
    ("Required component", "it must cover " + ", ".join(COVERED) + ", and dpop when that is sent"),
    ("created must lie", f"created must lie within the last {LIFE_S} seconds"),
    ("created must be", "created must be an integer, and so must expires"),
    ("the signature has expired", "the signature has expired"),
    ("No signatures found matching", f"no signature has the tag {REQUEST_TAG}"),
    ("Unexpected signature metadata", "it has a parameter that is not known"),
    ("Malformed", "a signature field is malformed"),
    ("Expected", "Signature or Signature-Input is missing"),
    ("Covered header field", "it covers a field that was not sent"),
)


def _fact(wrong: Exception, otherwise: str) -> str:
    text = str(wrong)
    return next((ours for begins, ours in _FACTS if text.startswith(begins)), otherwise)


def _proven(asking: Asking, found: VerifyResult, keys: Sequence[VerificationKey]) -> Proven:
    kid = found.parameters["keyid"]
    key = next(each for each in keys if each.kid == kid)
    lines = [f"{name}: {value}" for name, value in found.covered_components.items()]
    return Proven(
        evidence=Evidence(
            base="\n".join(lines),
            signature=base64.b64encode(_signature(asking, found.label)).decode("ascii"),
            jwk=public_jwk(key),
            label=found.label,
        ),
        created=int(found.parameters["created"]),
    )


def _signature(asking: Asking, label: str) -> bytes:
    """Return the bytes of the signature that was verified; the library does not hand them out."""
    held: Any = http_sf.parse(asking.headers["signature"].encode("ascii"), tltype="dictionary")
    return bytes(held[label][0])
