"""Who is asking, once it has been proven."""

from msgspec import Struct

from auth.credentials.places import Place
from auth.narrowing.details import AgreementDetail


class Official(Struct, frozen=True, kw_only=True):
    """The person who acts through a system; proven by token exchange, never by a header."""

    id: str  # the opaque id of the official's account with us, never a personal number
    agency: str
    acr: str
    amr: tuple[str, ...] = ()
    name: str | None = None  # whole, as the staff provider claims it; never written down
    level: int = 1  # 1 or 2: what `acr` means by the settings of the staff provider
    auth_time: float | None = None  # Unix seconds of the sign-on


class Principal(Struct, frozen=True, kw_only=True):
    """One agency system, and the official behind it when there is one."""

    client_id: str
    agency: str
    system_rev: int  # version of the system's registration the token rests on
    scopes: frozenset[str]  # agreement codes the token may use
    token_id: str  # jti
    expires_at: float  # Unix seconds
    sandbox: bool = False
    key_thumbprint: str | None = None  # RFC 7638 of the key a bound token names
    certificate_thumbprint: str | None = None  # `x5t#S256` of the certificate a bound token names
    official: Official | None = None
    details: tuple[AgreementDetail, ...] = ()  # empty: each agreement of `scopes`, whole
    places: tuple[Place, ...] = ()  # where the system may ask from; empty: anywhere

    @property
    def binding(self) -> str | None:
        """Thumbprint of the key, or else of the certificate, that the token is bound to."""
        return self.key_thumbprint or self.certificate_thumbprint

    def narrows(self, agreement: str, service: str, purpose: str) -> bool:
        """Say whether the token keeps a question out that one of its agreements would let in."""
        return bool(self.details) and not any(
            each.covers(agreement, service, purpose) for each in self.details
        )
