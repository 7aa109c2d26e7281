"""Sandbox and production: a key of one never serves in the other, and everybody can see which."""

from enum import StrEnum
from types import MappingProxyType

from auth.credentials.rotating import demand_bounds
from auth.errors import KeyRefused
from auth.systems import Registration


class Environment(StrEnum):
    """Where a key may serve."""

    TEST = "test"
    LIVE = "live"


# What the id of a key that we made begins with, and the text of its private part.
PREFIXES = MappingProxyType({each: f"motlan_{each.value}_" for each in Environment})


def environment_of(*, sandbox: bool) -> Environment:
    """Return the environment of a registration."""
    return Environment.TEST if sandbox else Environment.LIVE


def named(kid: str) -> Environment | None:
    """Return the environment that a key's id names; None for one that another program made."""
    return next((each for each, prefix in PREFIXES.items() if kid.startswith(prefix)), None)


def demand_fitting(registration: Registration) -> None:
    """Refuse a registration that could not work, or mixes sandbox and production.

    Raises:
        KeyRefused: a key cannot be used or names the other environment, there are too many, or
            none.
    """
    demand_bounds(registration.credentials())
    registration.keys()  # each must be a key of a kind that we accept
    for jwk in registration.jwks:
        if named(jwk["kid"]) not in {None, environment_of(sandbox=registration.sandbox)}:
            raise KeyRefused(
                "its kid names the other environment: a test key never serves a live system"
            )
