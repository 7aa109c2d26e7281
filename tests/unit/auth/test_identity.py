"""Who we are as an authorization server."""

from auth.identity import JWKS_PATH, METADATA_PATH, TOKEN_PATH
from auth.metadata import authorization_server
from tests.party_builders import ISSUER, an_identity


def test_the_token_endpoint_lies_under_the_issuer() -> None:
    """One address to trust, one to post to."""
    assert f"{ISSUER}/oauth/token" == an_identity().token_endpoint


def test_the_paths_are_those_that_the_documents_name() -> None:
    """RFC 8414 section 3 fixes the one; the others follow from the document it serves."""
    document = authorization_server(an_identity())

    assert "/.well-known/oauth-authorization-server" == METADATA_PATH
    assert (ISSUER + TOKEN_PATH, ISSUER + JWKS_PATH) == (
        document["token_endpoint"],
        document["jwks_uri"],
    )
