"""What is left of a signed request: enough for anybody to verify it, later and without us."""

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false

import base64

import msgspec
from cryptography.exceptions import InvalidSignature
from http_message_signatures.exceptions import HTTPMessageSignaturesException
from msgspec import Struct

from auth.errors import KeyRefused
from auth.jose import verification_key
from auth.signatures.messages import ALGORITHMS


class Evidence(Struct, frozen=True, kw_only=True):
    """Whoever has it verifies *signature* over *base* with *jwk*.

    The content-digest inside *base* is that of the body.
    """

    base: str  # the signature base, RFC 9421 section 2.5; ASCII
    signature: str  # base64
    jwk: dict[str, str]
    label: str

    def encoded(self) -> bytes:
        """Return it as JSON: what a record commits to."""
        return msgspec.json.encode(self, order="sorted")


def holds(evidence: Evidence) -> bool:
    """Say whether the signature is that of the key over the base."""
    try:
        native = verification_key(evidence.jwk).native
        algorithm = ALGORITHMS[native.key_type](public_key=native.public_key)
        signature = base64.b64decode(evidence.signature, validate=True)
        algorithm.verify(signature, evidence.base.encode("ascii"))
    except (KeyRefused, InvalidSignature, HTTPMessageSignaturesException, ValueError):
        return False
    return True
