"""Metadata of the authorization server."""

import pytest

from auth.metadata import authorization_server, protected_resource
from tests.party_builders import ISSUER, an_identity


def test_the_document_says_where_and_how() -> None:
    """RFC 8414 section 2: a client needs nothing else."""
    document = authorization_server(an_identity())

    assert (
        ISSUER,
        f"{ISSUER}/oauth/token",
        f"{ISSUER}/oauth/introspect",
        f"{ISSUER}/oauth/revoke",
        f"{ISSUER}/oauth/jwks",
        ["private_key_jwt", "self_signed_tls_client_auth"],
    ) == (
        document["issuer"],
        document["token_endpoint"],
        document["introspection_endpoint"],
        document["revocation_endpoint"],
        document["jwks_uri"],
        document["token_endpoint_auth_methods_supported"],
    )


def test_the_document_says_what_a_token_can_be() -> None:
    """RFC 8693, 8705, 9396 and 9449: a library turns each on by what it reads here."""
    document = authorization_server(an_identity())

    assert (
        ["client_credentials", "urn:ietf:params:oauth:grant-type:token-exchange"],
        True,
        ["motlan_agreement"],
        ["ES256", "EdDSA", "Ed25519"],
    ) == (
        document["grant_types_supported"],
        document["tls_client_certificate_bound_access_tokens"],
        document["authorization_details_types_supported"],
        document["dpop_signing_alg_values_supported"],
    )
    assert "mtls_endpoint_aliases" not in document


def test_a_door_for_certificates_is_named_when_there_is_one() -> None:
    """RFC 8705 section 5: the browsers' door need not ask for certificates."""
    document = authorization_server(an_identity(certificate_origin="https://mtls.example"))

    assert {
        "token_endpoint": "https://mtls.example/oauth/token",
        "introspection_endpoint": "https://mtls.example/oauth/introspect",
        "revocation_endpoint": "https://mtls.example/oauth/revoke",
    } == document["mtls_endpoint_aliases"]


def test_the_resource_names_its_server_and_the_server_its_resource() -> None:
    """RFC 9728 section 4: each vouches for the other."""
    identity = an_identity(audience="https://data.example")

    resource, server = protected_resource(identity), authorization_server(identity)

    assert ([ISSUER], "https://data.example") == (
        resource["authorization_servers"],
        resource["resource"],
    )
    assert ["https://data.example"] == server["protected_resources"]


def test_no_symmetric_or_rsa_algorithm_is_offered() -> None:
    """What is offered is what is accepted."""
    document = authorization_server(an_identity())

    assert ["ES256", "EdDSA", "Ed25519"] == document[
        "token_endpoint_auth_signing_alg_values_supported"
    ]


@pytest.mark.parametrize("issuer", ["http://gateway.example", "https://gateway.example?a=1"])
def test_an_issuer_that_nobody_should_trust_does_not_start(issuer: str) -> None:
    """RFC 8414 section 2: https, no query."""
    with pytest.raises(ValueError, match="issuer"):
        authorization_server(an_identity(issuer=issuer))
