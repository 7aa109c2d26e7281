"""Who is asking, once it has been proven."""

from msgspec import Struct


class Official(Struct, frozen=True, kw_only=True):
    """The person who acts through a system; proven by token exchange, never by a header."""

    id: str  # the staff provider's stable subject, never a personal number
    agency: str
    acr: str
    amr: tuple[str, ...] = ()
    name: str | None = None  # whole, as the staff provider claims it; never written down


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
    official: Official | None = None
