"""Settings of people: where they sign on, how long a session lasts, and the last resort."""

from typing import Annotated

from pydantic import BaseModel, Field


class SignOnSettings(BaseModel, frozen=True, extra="forbid"):
    """The OpenID providers that people sign on at."""


class SessionSettings(BaseModel, frozen=True, extra="forbid"):
    """How long a person stays signed on (TCVN 14423:2026 5.5, second-hand, domain.md 1.8)."""

    idle_s: Annotated[int, Field(ge=60, le=900)] = 900
    administrator_idle_s: Annotated[int, Field(ge=60, le=300)] = 300
    absolute_s: Annotated[int, Field(ge=300, le=28_800)] = 28_800
    per_account: Annotated[int, Field(ge=1, le=20)] = 5


class BreakGlassSettings(BaseModel, frozen=True, extra="forbid"):
    """The local administrator of an emergency; off unless somebody turned it on beforehand."""

    enabled: bool = False
    life_s: Annotated[int, Field(ge=60, le=3_600)] = 900
