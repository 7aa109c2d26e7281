"""Sandbox and production are told apart by a key's id."""

import pytest

from auth.credentials.environments import Environment, demand_fitting, environment_of, named
from auth.errors import KeyRefused
from tests.party_builders import CLIENT_KEY, a_registration


@pytest.mark.parametrize(
    ("kid", "environment"),
    [
        ("motlan_test_abc", Environment.TEST),
        ("motlan_live_abc", Environment.LIVE),
        ("motlan_other_abc", None),
        ("test_abc", None),
        ("MOTLAN_TEST_abc", None),
    ],
)
def test_only_our_own_prefix_names_an_environment(
    kid: str, environment: Environment | None
) -> None:
    """Other programs' ids say nothing to us, whatever they hold."""
    assert environment == named(kid)


@pytest.mark.parametrize(("sandbox", "fits"), [(True, "test"), (False, "live")])
def test_a_key_fits_its_own_environment_alone(*, sandbox: bool, fits: str) -> None:
    """A test key lies in many places; a live system must not open to it."""
    for word in ("test", "live"):
        jwk = {**CLIENT_KEY.public, "kid": f"motlan_{word}_x"}
        registration = a_registration(jwks=(jwk,), sandbox=sandbox)
        if word == fits:
            demand_fitting(registration)
            continue
        with pytest.raises(KeyRefused):
            demand_fitting(registration)

    assert fits == environment_of(sandbox=sandbox).value
