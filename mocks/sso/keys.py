"""The signing keys of a realm: one signs, others may still be published."""

import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from typing import Any

from joserfc import jws
from joserfc.errors import BadSignatureError
from joserfc.jwk import ECKey

MOST_PUBLISHED = 3
_ES = jws.JWSRegistry(algorithms=["ES256"], strict_check_header=False)


class Keys:
    """ES256 keys, made anew whenever the provider starts."""

    def __init__(self) -> None:
        self._keys = [ECKey.generate_key("P-256")]  # the newest, which signs, is first

    @property
    def kid(self) -> str:
        """Return the id of the key that signs."""
        return self._keys[0].thumbprint()

    def rotate(self, *, overlap: bool) -> str:
        """Sign with a new key from now on; without *overlap* the old ones are gone at once."""
        kept = self._keys[: MOST_PUBLISHED - 1] if overlap else []
        self._keys = [ECKey.generate_key("P-256"), *kept]
        return self.kid

    def published(self) -> dict[str, list[dict[str, Any]]]:
        """Return the JWK set (RFC 7517)."""
        return {"keys": [_public(key) for key in self._keys]}

    def sign(self, claims: Mapping[str, object], typ: str) -> str:
        """Return *claims* as a JWS of the newest key."""
        return self._signed(_json(claims), typ)

    def sign_twice(self, claims: Mapping[str, object], typ: str, again: dict[str, str]) -> str:
        """Return *claims* as a JWS in which the members of *again* stand a second time."""
        return self._signed(_json(claims)[:-1] + b"," + _json(again)[1:], typ)

    def _signed(self, payload: bytes, typ: str) -> str:
        header = {"alg": "ES256", "typ": typ, "kid": self.kid}
        return jws.serialize_compact(header, payload, self._keys[0], registry=_ES)

    def opened(self, text: str) -> bytes:
        """Return the payload of a JWS that one of the published keys has signed.

        Raises:
            JoseError: it is none of ours.
        """
        sealed = jws.extract_compact(text.encode(), registry=_ES)
        if not any(jws.validate_compact(sealed, key, registry=_ES) for key in self._keys):
            raise BadSignatureError
        return sealed.payload

    def unsigned(self, claims: Mapping[str, object], typ: str) -> str:
        """Return *claims* with `alg` none and no signature."""
        header = _json({"alg": "none", "typ": typ, "kid": self.kid})
        return f"{_base64(header)}.{_base64(_json(claims))}."

    def by_shared_secret(self, claims: Mapping[str, object], typ: str) -> str:
        """Return *claims* under HS256, with the text of the public key as the secret."""
        # By hand: joserfc rightly takes no such key.
        header = _json({"alg": "HS256", "typ": typ, "kid": self.kid})
        text = f"{_base64(header)}.{_base64(_json(claims))}"
        secret = self._keys[0].as_pem(private=False)
        return f"{text}.{_base64(hmac.digest(secret, text.encode(), 'sha256'))}"

    def by_stranger(self, claims: Mapping[str, object], typ: str, *, shown: bool) -> str:
        """Return *claims* signed by nobody's key, *shown* in the header or passed off as ours."""
        key = ECKey.generate_key("P-256")
        header: dict[str, Any] = {"alg": "ES256", "typ": typ, "kid": self.kid}
        if shown:
            header |= {"kid": key.thumbprint(), "jwk": _public(key)}
        return jws.serialize_compact(header, _json(claims), key, registry=_ES)


def _public(key: ECKey) -> dict[str, Any]:
    members: Mapping[str, Any] = key.as_dict(private=False)
    return {**members, "kid": key.thumbprint(), "use": "sig", "alg": "ES256"}


def _json(claims: Mapping[str, object]) -> bytes:
    return json.dumps(claims, ensure_ascii=False, separators=(",", ":")).encode()


def _base64(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
