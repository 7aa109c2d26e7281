"""Settings of providers: what starts, and what does not."""

from typing import Any

import pytest
from pydantic import ValidationError

from auth.settings_people import SignOnSettings
from auth.settings_providers import ProviderSettings
from auth.signon.providers import Provider
from auth.signon.signed_on import Realm

US = "https://gateway.example"
STAFF: dict[str, Any] = {
    "issuer": "https://sso.h99.example/realms/staff",
    "realm": "staff",
    "client_id": "motlan",
    "title_vi": "Cán bộ",
    "title_en": "Officials",
}


def one(**changes: Any) -> Provider:
    """Return the provider that settings with *changes* describe."""
    return SignOnSettings(
        providers={"staff": ProviderSettings.model_validate(STAFF | changes)}
    ).provider("staff", US)


def test_the_defaults_are_those_of_the_national_sign_on() -> None:
    """Whoever connects VNeID writes an issuer and a client, and no claim names."""
    provider = one()

    assert ("TechID", "SoDinhDanh", "ma_can_bo") == (
        provider.names.link,
        provider.names.so_dinh_danh,
        provider.names.staff_number,
    )
    assert (Realm.STAFF, ("openid",), 10) == (provider.realm, provider.scopes, provider.ahead_s)


def test_each_realm_comes_back_to_its_own_door() -> None:
    """Staff administer at another address than agencies and citizens use."""
    shown = SignOnSettings(
        providers={
            "staff": ProviderSettings.model_validate(STAFF),
            "vneid": ProviderSettings.model_validate(
                STAFF | {"realm": "citizens", "issuer": "https://vneid.example"}
            ),
        },
        staff_origin="https://quan-tri.h99.example",
    )

    assert "https://quan-tri.h99.example/sign-on/staff/callback" == (
        shown.provider("staff", US).redirect_uri
    )
    assert f"{US}/sign-on/vneid/callback" == shown.provider("vneid", US).redirect_uri
    elsewhere = shown.model_copy(update={"origin": "https://dan.h99.example"})
    assert "https://dan.h99.example" == elsewhere.origin_of(Realm.CITIZENS, US)


@pytest.mark.parametrize(
    "changes",
    [
        *({"issuer": "http://sso.h99.example"}, {"issuer": "https://sso.h99.example?realm=a"}),
        *({"issuer": "sso"}, {"issuer": "https://a@sso.h99.example"}, {"issuer": "https://x#y"}),
        *({"realm": "guests"}, {"client_id": ""}, {"client_id": "a b"}, {"scopes": ("profile",)}),
        *({"acr_levels": {"urn:x": 3}}, {"loas_levels": {"": 1}}, {"clock_ahead_s": 61}),
        *({"oldest_s": 28_801}, {"networks": ("10.0.0.1/8",)}, {"claims": {"link": ""}}),
        *({"title_vi": ""}, {"secret": "x"}),
    ],
    ids=str,
)
def test_what_would_not_be_safe_does_not_start(changes: dict[str, Any]) -> None:
    """A typing error is found at the start, not by the first official of the morning."""
    with pytest.raises(ValidationError):
        one(**changes)


@pytest.mark.parametrize(
    "code", ["", "Staff", "step-up", "jwks", "signed-out", "a/b", "a" * 32, "1a"]
)
def test_a_code_stands_in_a_path_beside_our_own_words(code: str) -> None:
    """No provider may take the place of a route."""
    with pytest.raises(ValidationError):
        SignOnSettings(providers={code: ProviderSettings.model_validate(STAFF)})


def test_one_issuer_has_one_code() -> None:
    """Answers are told apart by their issuer."""
    with pytest.raises(ValidationError):
        SignOnSettings(
            providers={
                "one": ProviderSettings.model_validate(STAFF),
                "two": ProviderSettings.model_validate(STAFF),
            }
        )


@pytest.mark.parametrize(
    "origin", ["https://a.example/", "http://a.example", "a.example", "https://a/b"]
)
def test_a_door_of_ours_is_an_address_alone(origin: str) -> None:
    """The callback is compared letter by letter at the provider."""
    with pytest.raises(ValidationError):
        SignOnSettings(staff_origin=origin)
