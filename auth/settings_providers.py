"""Settings of one OpenID provider: who it is, who we are to it, and how to read its claims."""

import re
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Literal, TypeAlias
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, Field, field_validator

from auth.signon.metadata import is_address
from auth.signon.providers import ClaimNames, Provider
from auth.signon.signed_on import Realm

_ACR_LEVELS: dict[str, Literal[1, 2]] = {"urn:motlan:acr:1": 1, "urn:motlan:acr:2": 2}
_LOAS_LEVELS: dict[str, Literal[1, 2]] = {"1": 1, "2": 2}
_TAKEN = frozenset({"step-up", "jwks", "signed-out"})  # words of ours in the same place
_is_code = re.compile(r"[a-z][a-z0-9-]{0,30}").fullmatch


def _free(code: str) -> str:
    if _is_code(code) is None or code in _TAKEN:
        message = "must be 1 to 31 small letters, digits and dashes, and no word of our own"
        raise ValueError(message)
    return code


Code: TypeAlias = Annotated[str, AfterValidator(_free)]  # stands in the path of the callback
Level: TypeAlias = Literal[1, 2]
Name: TypeAlias = Annotated[str, Field(pattern=r"^[!-~]{1,120}$")]
Network: TypeAlias = IPv4Network | IPv6Network


def _issuer(url: str) -> str:
    """Demand what OpenID Discovery 1.0 section 3 allows: no query, and compared to the letter."""
    if not is_address(url) or "?" in url:
        message = "must be https without query; http is for loopback only"
        raise ValueError(message)
    return url


def _origin(url: str) -> str:
    """Demand scheme and host alone: paths of ours are appended, and texts are compared exactly."""
    parts = urlsplit(url)
    if not is_address(url) or url != f"{parts.scheme}://{parts.netloc}":
        message = "must be https://host without path and trailing slash; http is for loopback only"
        raise ValueError(message)
    return url


Origin: TypeAlias = Annotated[str, AfterValidator(_origin)]


class ClaimSettings(BaseModel, frozen=True, extra="forbid"):
    """What the provider calls its claims; the defaults are the national sign-on's."""

    link: Name = ClaimNames().link
    name: Name = ClaimNames().name
    so_dinh_danh: Name = ClaimNames().so_dinh_danh
    kind: Name = ClaimNames().kind
    level: Name = ClaimNames().level
    staff_number: Name = ClaimNames().staff_number
    agency: Name = ClaimNames().agency


class ProviderSettings(BaseModel, frozen=True, extra="forbid"):
    """One provider.  Its own registration of us names our JWK set and the callback's address."""

    issuer: Annotated[str, AfterValidator(_issuer)]
    realm: Realm
    client_id: Name
    title_vi: Annotated[str, Field(min_length=1, max_length=80)]
    title_en: Annotated[str, Field(min_length=1, max_length=80)]
    scopes: tuple[Name, ...] = ("openid",)
    acr_levels: dict[Name, Level] = _ACR_LEVELS  # what acr means here; also what is asked for
    loas_levels: dict[Name, Level] = _LOAS_LEVELS  # what loAs means here
    claims: ClaimSettings = ClaimSettings()
    hosts: frozenset[Name] = frozenset()  # of its addresses, beside the issuer's own
    networks: tuple[Network, ...] = ()  # private ranges it may lie in; else it must be public
    ca_file: Path | None = None  # PEM; None: the system's own trust store
    oldest_s: Annotated[int, Field(ge=60, le=28_800)] = 28_800  # since people proved themselves
    clock_ahead_s: Annotated[int, Field(ge=10, le=60)] = 10  # FAPI 2.0 section 5.3.2.1

    @field_validator("scopes")
    @classmethod
    def _asks_for_an_id_token(cls, scopes: tuple[str, ...]) -> tuple[str, ...]:
        if "openid" not in scopes:
            message = "must name openid"
            raise ValueError(message)
        return scopes

    def provider(self, code: str, origin: str) -> Provider:
        """Return it in values; *origin* is ours, as browsers of its realm see it."""
        return Provider(
            code=code,
            realm=self.realm,
            issuer=self.issuer,
            client_id=self.client_id,
            origin=origin,
            scopes=self.scopes,
            acr_levels=dict(self.acr_levels),
            loas_levels=dict(self.loas_levels),
            names=ClaimNames(**self.claims.model_dump()),
            oldest_s=self.oldest_s,
            ahead_s=self.clock_ahead_s,
            title_vi=self.title_vi,
            title_en=self.title_en,
        )
