"""Who has signed on at a provider, as the provider proves it: no account and no role yet."""

from enum import StrEnum

from msgspec import Struct


class Realm(StrEnum):
    """Whose people a provider signs on."""

    STAFF = "staff"
    CITIZENS = "citizens"


class SignedOn(Struct, frozen=True, kw_only=True):
    """What one sign-on has proven; `repr` shows nothing that is the person's own.

    Source: the claims are those of domain.md 2.6 (verified there), and the staff realm's own.
    """

    provider: str  # code in the settings
    realm: Realm
    issuer: str
    sub: str
    link: str  # stable key of the person at the provider: TechID when claimed, else sub
    name: str | None = None
    staff_number: str | None = None  # ma_can_bo: finds the account that an administrator prepared
    agency: str | None = None  # ma_don_vi, a code of the catalog
    so_dinh_danh: str | None = None  # citizens only, 12 digits
    kind: str | None = None  # LoaiTaiKhoan: "1" a citizen, "2" a business
    acr: str
    level: int  # 1 or 2, as the provider's settings read its acr and loAs
    amr: tuple[str, ...] = ()
    auth_time: float  # Unix seconds
    sid: str | None = None  # the session at the provider, for its back-channel logout
    id_token: str  # the hint of a logout; as good as a name, so it is sealed where it is kept

    def __repr__(self) -> str:
        """Name the provider and the strength, and nobody."""
        return f"SignedOn(provider={self.provider!r}, level={self.level})"


class LoggedOut(Struct, frozen=True, kw_only=True):
    """Whose session ended at the provider: one session, or every session of one person."""

    provider: str
    issuer: str
    sub: str | None = None
    sid: str | None = None

    def __repr__(self) -> str:
        """Name the provider, and nobody."""
        return f"LoggedOut(provider={self.provider!r})"
