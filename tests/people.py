"""People who have signed on, for tests: tokens of the test issuer."""

from auth.people import Person, Role
from auth.settings import IdentitySettings
from auth.stand_in import stand_in
from gateway.clock import utc_now
from gateway.demo.province import Province
from gateway.settings import Settings

ANH_NUMBER = "003190000123"  # a persona of docs/personas.md


def a_person(
    *roles: Role,
    account: str = "kt-01",
    agency: str | None = "H99.01",
    so_dinh_danh: str | None = None,
) -> Person:
    """Return a person who has signed on just now; a citizen needs a number."""
    return Person(
        id=account,
        name="Nguyễn Thử",
        agency=agency,
        roles=frozenset(roles),
        acr="urn:motlan:acr:demo",
        auth_time=utc_now().timestamp(),
        so_dinh_danh=so_dinh_danh,
    )


def token_for(
    where: Province | Settings | IdentitySettings,
    *,
    role: Role | tuple[Role, ...],
    account: str = "kt-01",
    agency: str | None = "H99.01",
    so_dinh_danh: str | None = None,
    life_s: int = 3600,
) -> str:
    """Return a token that the gateway *where* takes for a person with *role*."""
    roles = role if isinstance(role, tuple) else (role,)
    person = a_person(*roles, account=account, agency=agency, so_dinh_danh=so_dinh_danh)
    return stand_in(_identity(where)).token(person, utc_now(), life_s=life_s)


def _identity(where: Province | Settings | IdentitySettings) -> IdentitySettings:
    if isinstance(where, IdentitySettings):
        return where
    if isinstance(where, Settings):
        return where.identity
    keys_dir = where.plan.directory / "keys" / "signing"
    return IdentitySettings(issuer=where.gateway, keys_dir=keys_dir)
