"""One OpenID provider as the settings describe it, in values."""

from collections.abc import Mapping

from msgspec import Struct

from auth.signon.signed_on import Realm

CALLBACK = "/sign-on/{provider}/callback"  # registered at the provider, with our origin before it


class ClaimNames(Struct, frozen=True, kw_only=True):
    """What a provider calls the things it claims about a person.

    Source: domain.md 2.6, verified there for the national sign-on; the last two are the staff
    realm's own.
    """

    link: str = "TechID"
    name: str = "HoVaTen"
    so_dinh_danh: str = "SoDinhDanh"
    kind: str = "LoaiTaiKhoan"
    level: str = "loAs"
    staff_number: str = "ma_can_bo"
    agency: str = "ma_don_vi"

    def wanted(self, realm: Realm) -> tuple[str, ...]:
        """Return the claims without which the provider's userinfo is asked too."""
        if realm is Realm.STAFF:
            return (self.link, self.name, self.staff_number, self.agency)
        return (self.link, self.name, self.so_dinh_danh, self.kind)


class Provider(Struct, frozen=True, kw_only=True):
    """One provider, and who we are to it."""

    code: str
    realm: Realm
    issuer: str  # compared exactly, wherever it appears
    client_id: str
    origin: str  # ours, as browsers of this realm see it
    scopes: tuple[str, ...] = ("openid",)
    acr_levels: Mapping[str, int]  # what the claim acr means here: 1 or 2
    loas_levels: Mapping[str, int]  # what the claim loAs means here
    names: ClaimNames = ClaimNames()
    oldest_s: int = 28_800  # how long ago the person may have proven himself, when nobody asks less
    ahead_s: float = 10  # how far its clock may be ahead of ours
    title_vi: str
    title_en: str

    @property
    def redirect_uri(self) -> str:
        """Where the browser comes back to; one for each provider, so that answers cannot mix."""
        return self.origin + CALLBACK.format(provider=self.code)

    def acr_values(self, level: int) -> tuple[str, ...]:
        """Return what to ask for so that *level* is reached, the weakest first."""
        enough = ((reached, acr) for acr, reached in self.acr_levels.items() if reached >= level)
        return tuple(acr for _, acr in sorted(enough))

    def level(self, acr: str | None, loas: str | None) -> int | None:
        """Return the level that the two claims prove together; the weaker one counts.

        Returns:
            0 for a value that the settings do not know, None when neither is claimed.
        """
        found = [
            table.get(value, 0)
            for table, value in ((self.acr_levels, acr), (self.loas_levels, loas))
            if value is not None
        ]
        return min(found, default=None)
