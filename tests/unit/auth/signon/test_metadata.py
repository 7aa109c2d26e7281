"""What a provider says about itself."""

from typing import Any

import pytest

from auth.signon.metadata import Metadata, is_address, judge
from auth.signon.refusals import Ending, SignOnRefused
from tests.sign_on_builders import ISSUER, encoded, metadata_members


def judged(**changes: Any) -> Metadata:
    """Judge good metadata with changes."""
    return judge(encoded(metadata_members(**changes)), ISSUER)


def test_a_good_provider_is_taken_with_what_it_offers() -> None:
    """What is offered is used: pushed requests, the issuer in answers, bound tokens."""
    found = judged(dpop_signing_alg_values_supported=["ES256"])

    assert f"{ISSUER}/par" == found.pushed_authorization_request_endpoint
    assert found.authorization_response_iss_parameter_supported
    assert found.binds_tokens
    assert not judged(dpop_signing_alg_values_supported=["RS256"]).binds_tokens


@pytest.mark.parametrize(
    "changes",
    [
        *({"issuer": ISSUER + "/"}, {"issuer": "https://other.example"}, {"issuer": None}),
        *({"token_endpoint": None}, {"jwks_uri": None}, {"authorization_endpoint": None}),
        *({"token_endpoint": "http://sso.h99.example/token"}, {"jwks_uri": "file:///etc/passwd"}),
        *({"jwks_uri": "https://169.254.169.254/"}, {"end_session_endpoint": "javascript:1"}),
        *(
            {"authorization_endpoint": "https://user@sso.h99.example/"},
            {"userinfo_endpoint": "//x"},
        ),
        *({"token_endpoint": "https://elsewhere.invalid/token"}, {"token_endpoint": 7}),
        {"authorization_endpoint": f"{ISSUER}/a b"},
        *({"response_types_supported": ["token"]}, {"code_challenge_methods_supported": ["plain"]}),
        *({"code_challenge_methods_supported": None}, {"grant_types_supported": ["implicit"]}),
        *({"id_token_signing_alg_values_supported": ["RS256", "HS256", "none"]},),
        {"token_endpoint_auth_methods_supported": ["client_secret_basic"]},
        {"token_endpoint_auth_signing_alg_values_supported": ["RS256"]},
        {
            "require_pushed_authorization_requests": True,
            "pushed_authorization_request_endpoint": None,
        },
    ],
    ids=str,
)
def test_a_provider_that_is_not_safe_is_not_used(changes: dict[str, Any]) -> None:
    """It is better said before a browser goes there than after it came back."""
    with pytest.raises(SignOnRefused) as refused:
        judged(**changes)
    assert Ending.PROVIDER_UNTRUSTED is refused.value.ending


def test_other_hosts_have_to_be_named() -> None:
    """Codes and proofs go where an operator has said that they may."""
    members = metadata_members(token_endpoint="https://token.h99.example/t")

    found = judge(encoded(members), ISSUER, frozenset({"token.h99.example"}))
    assert "https://token.h99.example/t" == found.token_endpoint


@pytest.mark.parametrize("document", [b"", b"[]", b"<html>", b'{"issuer": 1}'])
def test_what_is_not_metadata_is_said(document: bytes) -> None:
    """A captive portal answers everything with a page."""
    with pytest.raises(SignOnRefused):
        judge(document, ISSUER)


@pytest.mark.parametrize(
    ("address", "good"),
    [
        *(("https://a.example/b?c=d", True), ("http://127.0.0.1:80/x", True)),
        *(("http://[::1]/", True), ("http://localhost:1/", True), ("https://a.example#f", False)),
        *(("http://a.example", False), ("https://", False), ("https://a.example:x/", False)),
        *(
            ("https://a.example\\b", False),
            ("https://đ.example", False),
            ("ftp://a.example", False),
        ),
        *(("https://a.example/" + "x" * 2048, False), ("https://[::1", False), ("", False)),
        ("http://localhost.evil.example", False),
    ],
)
def test_an_address_is_one_of_the_web(address: str, *, good: bool) -> None:
    """Http is for this host; nothing hides a user, a fragment or a second host in it."""
    assert good is is_address(address)
