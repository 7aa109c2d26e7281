"""What a provider is asked for."""

from auth.signon.providers import ClaimNames
from auth.signon.signed_on import Realm
from tests.sign_on_builders import PROVIDER, a_provider_value


def test_a_level_is_asked_for_by_the_values_that_reach_it() -> None:
    """The weakest that is enough comes first: nobody proves more than is needed."""
    provider = a_provider_value(acr_levels={"high": 2, "low": 1, "other-high": 2})

    assert ("low", "high", "other-high") == provider.acr_values(1)
    assert ("high", "other-high") == provider.acr_values(2)


def test_each_provider_has_a_callback_of_its_own() -> None:
    """An answer that comes back elsewhere belongs to another provider."""
    assert "http://127.0.0.1:8200/sign-on/staff/callback" == PROVIDER.redirect_uri


def test_more_is_asked_for_only_when_something_is_missing() -> None:
    """Of staff the number of a person is never asked for."""
    assert "SoDinhDanh" in ClaimNames().wanted(Realm.CITIZENS)
    assert "SoDinhDanh" not in ClaimNames().wanted(Realm.STAFF)
