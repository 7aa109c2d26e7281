"""Keys and proofs made by hand, with `cryptography` alone: nothing here asks our own signer."""

import base64
import hashlib
import json
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from msgspec import Struct

NOW = 1_795_000_000.0
URL = "https://lgsp.example/v1/data/dancu.xacthuc"
TOKEN = "a.token.text"
GONE = object()  # in place of a member: the member is left out


class HandKey(Struct, frozen=True):
    """A key pair of a caller, and how it signs."""

    private: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
    jwk: dict[str, str]

    @property
    def alg(self) -> str:
        """The name of its algorithm."""
        return "ES256" if self.jwk["kty"] == "EC" else "EdDSA"

    @property
    def thumbprint(self) -> str:
        """RFC 7638 section 3: the members in order, without spaces."""
        text = json.dumps(self.jwk, sort_keys=True, separators=(",", ":"))
        return b64(hashlib.sha256(text.encode()).digest())

    def sign(self, message: bytes) -> bytes:
        """Return the raw signature (RFC 7518 section 3.4, RFC 8037 section 3.1)."""
        if isinstance(self.private, ed25519.Ed25519PrivateKey):
            return self.private.sign(message)
        r, s = decode_dss_signature(self.private.sign(message, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def b64(content: bytes) -> str:
    """Return base64url without padding."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def an_es256_key() -> HandKey:
    """Make a key on P-256."""
    private = ec.generate_private_key(ec.SECP256R1())
    point = private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    jwk = {"crv": "P-256", "kty": "EC", "x": b64(point[1:33]), "y": b64(point[33:])}
    return HandKey(private, jwk)


def an_eddsa_key() -> HandKey:
    """Make a key on Ed25519."""
    private = ed25519.Ed25519PrivateKey.generate()
    point = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return HandKey(private, {"crv": "Ed25519", "kty": "OKP", "x": b64(point)})


KEY, OTHER = an_es256_key(), an_es256_key()


def some_header(key: HandKey = KEY, **changes: Any) -> dict[str, Any]:
    """Return the header of a good proof, changed."""
    return _changed({"typ": "dpop+jwt", "alg": key.alg, "jwk": key.jwk}, changes)


def some_claims(**changes: Any) -> dict[str, Any]:
    """Return the claims of a good proof, changed."""
    ath = b64(hashlib.sha256(TOKEN.encode()).digest())
    plain = {"jti": "proof-1", "htm": "POST", "htu": URL, "iat": int(NOW), "ath": ath}
    return _changed(plain, changes)


def signed(header: Mapping[str, Any] | str, claims: Mapping[str, Any] | str, key: HandKey) -> str:
    """Return a proof of exactly this header and these claims; text is taken as it is."""
    message = ".".join(b64(_text(part).encode()) for part in (header, claims))
    return f"{message}.{b64(key.sign(message.encode()))}"


def a_proof(key: HandKey = KEY, **changes: Any) -> str:
    """Return a good proof, its claims changed."""
    return signed(some_header(key), some_claims(**changes), key)


def _text(part: Mapping[str, Any] | str) -> str:
    return part if isinstance(part, str) else json.dumps(part)


def _changed(plain: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in (plain | changes).items() if value is not GONE}
