"""HTTP messages as the signature library wants to see them, and the two algorithms that count."""

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportPrivateImportUsage=false

from collections.abc import Iterable, Mapping

from http_message_signatures import HTTPSignatureKeyResolver
from http_message_signatures.algorithms import (
    ECDSA_P256_SHA256,
    ED25519,
    HTTPSignatureAlgorithm,
)
from msgspec import Struct

from auth.jose import SigningKey, VerificationKey

REQUEST_TAG = "fapi-2-request"  # FAPI 2.0 Message Signing, section 5.6.1
RESPONSE_TAG = "fapi-2-response"
# What a request's signature covers, at the least (FAPI 2.0 Message Signing, section 5.6.1).
COVERED = ("@method", "@target-uri", "authorization", "content-digest")
PROOF = "dpop"  # covered, too, by a caller that proves its key this way

# RFC 9421 sections 3.3.4 and 3.3.6: what our two kinds of keys sign with.
ALGORITHMS: Mapping[str, type[HTTPSignatureAlgorithm]] = {
    "EC": ECDSA_P256_SHA256,
    "OKP": ED25519,
}


class Asking(Struct, frozen=True, kw_only=True):
    """A request as it came: what a signature may cover, and the body that its digest covers."""

    method: str
    url: str  # absolute, as the caller must have written it: our external origin and the path
    headers: dict[str, str]  # names in lower case
    body: bytes = b""


class Answering(Struct, frozen=True, kw_only=True):
    """An answer that is about to be signed, and what it answers."""

    status_code: int
    headers: dict[str, str]
    request: Asking


class Keys(HTTPSignatureKeyResolver):
    """Finds keys by the id that a signature names; never by anything that it brings."""

    def __init__(
        self, known: Iterable[VerificationKey] = (), signing: SigningKey | None = None
    ) -> None:
        self._known = {key.kid: key for key in known}
        self._signing = signing

    def resolve_public_key(self, key_id: str) -> object:
        """Return the public key of that id, None when it is nobody's."""
        key = self._known.get(key_id)
        return None if key is None else key.native.public_key

    def resolve_private_key(self, key_id: str) -> object:
        """Return our own key; the id is the one we have just given."""
        del key_id
        if self._signing is None:
            raise LookupError("no key to sign with")
        return self._signing.native.private_key
