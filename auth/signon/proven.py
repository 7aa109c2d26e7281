"""From proven claims to a person who has signed on; pure."""

from collections.abc import Mapping

from auth.signon.claims import Said, level_of, methods, said
from auth.signon.id_tokens import IdClaims
from auth.signon.providers import Provider
from auth.signon.refusals import Ending, SignOnRefused
from auth.signon.signed_on import Realm, SignedOn

BUSINESS = "2"  # LoaiTaiKhoan, domain.md 2.6


def proven(
    claims: IdClaims,
    found: Mapping[str, object],
    provider: Provider,
    *,
    wanted: int,
    id_token: str,
) -> SignedOn:
    """Return who signed on.

    Args:
        claims: of the ID token, judged.
        found: every claim of the ID token, and those of userinfo that it lacks.
        provider: whose they are.
        wanted: the level that was asked for.
        id_token: as it came, for the hint of a logout.

    Raises:
        SignOnRefused: ASSURANCE_TOO_LOW; the level that was asked for is not reached.
            CLAIMS_MISSING; the provider does not say who it is.
    """
    words = said(found, provider.names)
    acr, level = level_of(provider, claims.acr, words)
    if level < wanted:
        raise SignOnRefused(Ending.ASSURANCE_TOO_LOW, "signed on less strongly than was asked for")
    staff = provider.realm is Realm.STAFF
    return SignedOn(
        provider=provider.code,
        realm=provider.realm,
        issuer=claims.iss,
        sub=claims.sub,
        link=words.link or claims.sub,
        name=words.name,
        staff_number=words.staff_number if staff else None,
        agency=words.agency if staff else None,
        so_dinh_danh=None if staff else _number(words),
        kind=None if staff else words.kind,
        acr=acr,
        level=level,
        amr=methods(claims.amr),
        auth_time=float(claims.auth_time),
        sid=claims.sid or None,
        id_token=id_token,
    )


def _number(words: Said) -> str | None:
    """Return a citizen's number; a business may have none, and is somebody else's to refuse."""
    if words.so_dinh_danh is None and words.kind != BUSINESS:
        raise SignOnRefused(Ending.CLAIMS_MISSING, "the provider does not say which citizen it is")
    return words.so_dinh_danh
