"""The documents that clients configure themselves by: RFC 8414 metadata."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from authlib.oauth2.rfc8414 import AuthorizationServerMetadata

from auth.identity import JWKS_PATH, Identity
from auth.jose import ALGORITHM_NAMES


class _MachineMetadata(AuthorizationServerMetadata):
    """Metadata of a server without an authorization endpoint."""

    def validate_response_types_supported(self) -> None:
        """Let the list be empty: response types are answers of an endpoint that we lack."""


def authorization_server(identity: Identity) -> Mapping[str, Any]:
    """Return our metadata document (RFC 8414 section 2).

    Raises:
        ValueError: the issuer or one of the addresses is not https, and not on loopback either.
    """
    document: dict[str, Any] = {
        "issuer": identity.issuer,
        "token_endpoint": identity.token_endpoint,
        "jwks_uri": identity.issuer + JWKS_PATH,
        "response_types_supported": [],
        "grant_types_supported": ["client_credentials"],
        "token_endpoint_auth_methods_supported": ["private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": list(ALGORITHM_NAMES),
        "ui_locales_supported": ["vi", "en"],
    }
    _MachineMetadata(document).validate()
    return MappingProxyType(document)
