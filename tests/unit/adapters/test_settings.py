"""What a source's settings refuse."""

import pytest
from pydantic import ValidationError

from adapters.settings import SourceSettings, TlsSettings


@pytest.mark.parametrize(
    "base_url",
    [
        pytest.param("file:///etc/passwd", id="no network at all"),
        pytest.param("ftp://register.example", id="another protocol"),
        pytest.param("http://", id="no host"),
        pytest.param("http://2130706433/", id="an address written as one number"),
        pytest.param("http://0x7f.1/", id="an address written in parts of it, in hex"),
        pytest.param("http://127.1/", id="a shortened address"),
        pytest.param("http://user:secret@register.example", id="credentials in the address"),
        pytest.param("http://register.example/?q=1", id="a query"),
        pytest.param("http://register.example/#f", id="a fragment"),
        pytest.param("http://register.example/a b", id="a blank"),
        pytest.param("http://register.example/a\r\nX: y", id="a line break"),
        pytest.param("http://register.example:0", id="no port"),
    ],
)
def test_an_address_that_hides_something_is_refused(base_url: str) -> None:
    """A source's address says plainly where it leads."""
    with pytest.raises(ValidationError):
        SourceSettings(base_url=base_url)


@pytest.mark.parametrize(
    "base_url",
    [
        "http://127.0.0.1:9101",
        "https://dancu.example.vn/lgsp",
        "http://[::1]:80",
        "http://localhost",
    ],
)
def test_a_plain_address_is_taken(base_url: str) -> None:
    """Names, addresses, ports and path prefixes are in order."""
    assert base_url == SourceSettings(base_url=base_url + "/").base_url


def test_the_fast_transport_never_carries_tls_by_mistake() -> None:
    """A source behind https must not be spoken to in the clear."""
    with pytest.raises(ValidationError, match="plain HTTP"):
        SourceSettings(base_url="https://register.example", transport="fast")


def test_secrets_do_not_show() -> None:
    """Settings are printed when something is wrong; secrets must not be."""
    settings = SourceSettings.model_validate(
        {"base_url": "http://127.0.0.1", "credentials": {"token": "hidden-token"}}
    )

    assert "hidden-token" not in repr(settings) + str(settings.model_dump())


def test_a_misspelt_member_is_refused() -> None:
    """A limit that is not read protects nobody."""
    with pytest.raises(ValidationError):
        SourceSettings.model_validate({"base_url": "http://127.0.0.1", "concurency": 5})


def test_a_key_without_its_certificate_is_refused() -> None:
    """Half a client certificate would fail at the first question, not at start."""
    with pytest.raises(ValidationError, match="without its certificate"):
        TlsSettings.model_validate({"key_file": "/key.pem"})
