"""Settings of people: where they sign on, how long a session lasts, and the last resort."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, Field, model_validator

from auth.accounts.sessions import Bounds
from auth.roles.reviews import Pace
from auth.roles.terms import Terms
from auth.settings_providers import Code, Origin, ProviderSettings
from auth.signon.providers import Provider
from auth.signon.signed_on import Realm


class SignOnSettings(BaseModel, frozen=True, extra="forbid"):
    """The OpenID providers that people sign on at, and how we prove ourselves to them."""

    providers: dict[Code, ProviderSettings] = {}  # by a code of your own; it stands in addresses
    origin: Origin | None = None  # citizens' door, as browsers see it; None: identity.issuer
    staff_origin: Origin = "http://127.0.0.1:8200"  # the door of staff, as browsers see it
    keys_dir: Path = Path(".motlan/keys/sign-on")  # one ring: a proof names whom it is for
    algorithm: Literal["ES256", "EdDSA"] = "ES256"
    # A whole office may share an address, and begins to work at one hour.
    per_minute: Annotated[int, Field(ge=10, le=100_000)] = 300  # from one address, all workers

    @model_validator(mode="after")
    def _one_code_for_an_issuer(self) -> Self:
        """An answer is told by its issuer: two codes for one could be mixed up."""
        issuers = [provider.issuer for provider in self.providers.values()]
        if len(set(issuers)) != len(issuers):
            message = "two providers have the same issuer"
            raise ValueError(message)
        return self

    def origin_of(self, realm: Realm, issuer: str) -> str:
        """Return what browsers of *realm* know us as; *issuer* is our own, of the identity."""
        return self.staff_origin if realm is Realm.STAFF else self.origin or issuer

    def provider(self, code: str, issuer: str) -> Provider:
        """Return one provider in values; *issuer* is our own, of the identity."""
        shown = self.providers[code]
        return shown.provider(code, self.origin_of(shown.realm, issuer))


class SessionSettings(BaseModel, frozen=True, extra="forbid"):
    """How long a person stays signed on (TCVN 14423:2026 5.5, second-hand, domain.md 1.8)."""

    idle_s: Annotated[int, Field(ge=60, le=900)] = 900
    administrator_idle_s: Annotated[int, Field(ge=60, le=300)] = 300
    absolute_s: Annotated[int, Field(ge=300, le=28_800)] = 28_800
    per_account: Annotated[int, Field(ge=1, le=20)] = 5  # the oldest ends when there are more

    def bounds(self) -> Bounds:
        """Return how long sessions last, in values."""
        return Bounds(
            idle=timedelta(seconds=self.idle_s),
            administrator_idle=timedelta(seconds=min(self.administrator_idle_s, self.idle_s)),
            absolute=timedelta(seconds=self.absolute_s),
            per_account=self.per_account,
        )


class BreakGlassSettings(BaseModel, frozen=True, extra="forbid"):
    """The local administrator of an emergency; off unless somebody turned it on beforehand."""

    enabled: bool = False
    life_s: Annotated[int, Field(ge=60, le=3_600)] = 900
    judged_within_days: Annotated[int, Field(ge=1, le=30)] = 7  # then it shows as overdue

    def terms(self) -> Terms:
        """Return the terms of the last resort, in values."""
        return Terms(
            enabled=self.enabled,
            life=timedelta(seconds=self.life_s),
            judged_within=timedelta(days=self.judged_within_days),
        )


class RoleSettings(BaseModel, frozen=True, extra="forbid"):
    """How often rights are reviewed, and when an account that nobody uses is disabled.

    Source: TCVN 14423:2026 5.4 and 5.6 (second-hand, domain.md 1.8); the grace is derived.
    """

    review_every_days: Annotated[int, Field(ge=1, le=184)] = 180
    review_within_days: Annotated[int, Field(ge=1, le=90)] = 30
    lapse_after_days: Annotated[int, Field(ge=0, le=90)] = 30  # after the due date
    idle_days: Annotated[int, Field(ge=1, le=45)] = 45

    def pace(self) -> Pace:
        """Return the pace of reviews, in values."""
        return Pace(
            every=timedelta(days=self.review_every_days),
            within=timedelta(days=self.review_within_days),
            grace=timedelta(days=self.lapse_after_days),
        )
