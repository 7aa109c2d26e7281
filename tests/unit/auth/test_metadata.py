"""Metadata of the authorization server."""

import pytest

from auth.metadata import authorization_server
from tests.party_builders import ISSUER, an_identity


def test_the_document_says_where_and_how() -> None:
    """RFC 8414 section 2: a client needs nothing else."""
    document = authorization_server(an_identity())

    assert (ISSUER, f"{ISSUER}/oauth/token", f"{ISSUER}/oauth/jwks", ["private_key_jwt"]) == (
        document["issuer"],
        document["token_endpoint"],
        document["jwks_uri"],
        document["token_endpoint_auth_methods_supported"],
    )


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
