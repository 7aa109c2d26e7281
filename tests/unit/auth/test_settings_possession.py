"""Settings of proof of possession: nobody is believed by default, and typing errors are told."""

import pytest
from pydantic import ValidationError

from auth.settings_possession import PossessionSettings


def test_nobody_may_hand_a_certificate_over_unless_named() -> None:
    """A header that anybody can write is believed by nobody's default."""
    settings = PossessionSettings()

    assert () == settings.certificate_peers
    assert settings.certificate_secret is None
    assert not settings.demand_nonces


def test_ranges_of_both_families_can_be_named() -> None:
    """As an operator writes them, single addresses too."""
    settings = PossessionSettings(certificate_peers=("10.1.0.0/16", "2001:db8::/32", "127.0.0.1"))

    assert ("10.1.0.0/16", "2001:db8::/32", "127.0.0.1/32") == settings.certificate_peers


@pytest.mark.parametrize(
    "wrong",
    [
        {"certificate_peers": ("everybody",)},
        {"certificate_peers": ("10.1.2.3/16",)},
        {"certificate_secret": "short"},
        {"certificate_secret": "long enough but with spaces"},
        {"certificate_secret": "đủ-dài-mà-có-dấu-đấy"},
        {"nonce_rotation_s": 59},
        {"unknown": 1},
    ],
)
def test_what_cannot_be_meant_stops_the_process(wrong: dict[str, object]) -> None:
    """Before a caller notices."""
    with pytest.raises(ValidationError) as refused:
        PossessionSettings(**wrong)  # type: ignore[arg-type]

    assert "long enough" not in str(refused.value.errors(include_input=False))


def test_the_secret_is_not_printed() -> None:
    """Settings are shown to operators."""
    settings = PossessionSettings(certificate_secret="a-secret-of-the-proxy")  # type: ignore[arg-type]

    assert "a-secret" not in repr(settings)
