"""Settings of identity: what starts, and what does not."""

import pytest
from pydantic import ValidationError

from auth.settings import IdentitySettings


@pytest.mark.parametrize(
    "issuer",
    ["https://gateway.example", "https://gateway.example:8443", "http://127.0.0.1:8100"],
)
def test_an_address_alone_is_an_issuer(issuer: str) -> None:
    """Tokens are compared letter by letter, so there is one way to write it."""
    assert issuer == IdentitySettings(issuer=issuer).identity().issuer


@pytest.mark.parametrize(
    "issuer",
    [
        pytest.param("http://gateway.example", id="not https"),
        pytest.param("https://gateway.example/", id="a trailing slash"),
        pytest.param("https://gateway.example/tenant", id="a path"),
        pytest.param("https://gateway.example?x=1", id="a query"),
        pytest.param("https://gateway.example#x", id="a fragment"),
        pytest.param("https://me:secret@gateway.example", id="a password"),
        pytest.param("gateway.example", id="no scheme"),
        pytest.param("", id="nothing"),
    ],
)
def test_anything_else_is_not(issuer: str) -> None:
    """Better no start than tokens that nobody can compare."""
    with pytest.raises(ValidationError):
        IdentitySettings(issuer=issuer)


def test_the_audience_is_the_issuer_unless_said() -> None:
    """Gateway and issuer are one program."""
    settings = IdentitySettings(issuer="https://a.example")

    assert "https://a.example" == settings.identity().audience


@pytest.mark.parametrize(
    "member",
    [
        {"token_life_s": 301},
        {"assertion_life_s": 61},
        {"clock_ahead_s": 9},
        {"clock_ahead_s": 61},
        {"algorithm": "RS256"},
        {"rotation_lead_s": 299},
        {"unknown": 1},
    ],
)
def test_the_profile_cannot_be_widened(member: dict[str, object]) -> None:
    """300 s for a token, 60 s for a clock: the bounds are in the types."""
    with pytest.raises(ValidationError):
        IdentitySettings.model_validate(member)


def test_a_retired_key_outlives_its_last_token() -> None:
    """The overlap follows from the settings, so nobody can set it too short."""
    settings = IdentitySettings(token_life_s=300, clock_ahead_s=60)

    assert 300 < settings.keep().total_seconds()


def test_a_door_for_certificates_has_an_origin_of_its_own() -> None:
    """Assertions may name its token endpoint, too (RFC 8705 section 5)."""
    settings = IdentitySettings(
        issuer="https://a.example", certificate_origin="https://mtls.a.example"
    )

    assert (
        "https://a.example",
        "https://a.example/oauth/token",
        "https://mtls.a.example/oauth/token",
    ) == settings.identity().assertion_audiences
    with pytest.raises(ValidationError):
        IdentitySettings(certificate_origin="http://mtls.a.example")
