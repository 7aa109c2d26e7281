"""The documents that clients configure themselves by: RFC 8414 and RFC 9728 metadata."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from authlib.oauth2.rfc8414 import AuthorizationServerMetadata

from auth.identity import (
    INTROSPECTION_PATH,
    JWKS_PATH,
    REVOCATION_PATH,
    TOKEN_PATH,
    Identity,
)
from auth.jose import ALGORITHM_NAMES
from auth.narrowing import details
from auth.server import GRANTS, METHODS

# Which of our addresses also stand behind the door that asks for client certificates.
_ENDPOINTS = {
    "token_endpoint": TOKEN_PATH,
    "introspection_endpoint": INTROSPECTION_PATH,
    "revocation_endpoint": REVOCATION_PATH,
}


class _MachineMetadata(AuthorizationServerMetadata):
    """Metadata of a server without an authorization endpoint."""

    def validate_response_types_supported(self) -> None:
        """Let the list be empty: response types are answers of an endpoint that we lack."""


def authorization_server(identity: Identity) -> Mapping[str, Any]:
    """Return our metadata document.

    Raises:
        ValueError: the issuer or one of the addresses is not https, and not on loopback either.

    Source: RFC 8414 section 2; RFC 8705 sections 3.3 and 5, RFC 9396 section 10, RFC 9449
    section 5.1.
    """
    document: dict[str, Any] = {
        "issuer": identity.issuer,
        **_addresses(identity.issuer),
        "jwks_uri": identity.issuer + JWKS_PATH,
        "response_types_supported": [],
        "grant_types_supported": list(GRANTS),
        **_credentials(),
        "tls_client_certificate_bound_access_tokens": True,
        "dpop_signing_alg_values_supported": list(ALGORITHM_NAMES),
        "authorization_details_types_supported": [details.TYPE],
        "protected_resources": [identity.audience],  # RFC 9728 section 4
        "ui_locales_supported": ["vi", "en"],
    }
    if identity.certificate_origin is not None:
        document["mtls_endpoint_aliases"] = _addresses(identity.certificate_origin)
    _MachineMetadata(document).validate()
    return MappingProxyType(document)


def protected_resource(identity: Identity) -> Mapping[str, Any]:
    """Return the metadata of the exchange as a resource (RFC 9728 section 2)."""
    return MappingProxyType(
        {
            "resource": identity.audience,
            "authorization_servers": [identity.issuer],
            "jwks_uri": identity.issuer + JWKS_PATH,
            "bearer_methods_supported": ["header"],
            "tls_client_certificate_bound_access_tokens": True,
            "dpop_signing_alg_values_supported": list(ALGORITHM_NAMES),
            "dpop_bound_access_tokens_required": False,  # a certificate will do as well
            "authorization_details_types_supported": [details.TYPE],
        }
    )


def _addresses(origin: str) -> dict[str, str]:
    return {name: origin + path for name, path in _ENDPOINTS.items()}


def _credentials() -> dict[str, list[str]]:
    """Return how clients prove themselves, at each endpoint alike."""
    algorithms: list[str] = list(ALGORITHM_NAMES)
    return {
        **{f"{name}_auth_methods_supported": list(METHODS) for name in _ENDPOINTS},
        **{f"{name}_auth_signing_alg_values_supported": algorithms for name in _ENDPOINTS},
    }
