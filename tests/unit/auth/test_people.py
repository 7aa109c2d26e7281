"""People's tokens: whom they prove, until when, and which roles go together."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from auth.claims import TOKEN_TYPE as SYSTEMS_TYPE
from auth.errors import TokenExpired, TokenInvalid, TokenMissing
from auth.jose import signed
from auth.keys import SigningKeyRing
from auth.people import ADMINISTERING, TOKEN_TYPE, PeopleVerifier, PersonClaims, Role
from auth.permissions import HOLDERS, Permission, may_any, of_people
from auth.stand_in import ISSUER as PEOPLE_ISSUER
from tests.party_builders import ISSUER, NOON, NOON_S, a_ring

NUMBER = "003190000123"


@pytest.fixture
def ring(tmp_path: Path) -> SigningKeyRing:
    """Give a ring with one key."""
    return a_ring(tmp_path)


def at(seconds: float = NOON_S) -> Callable[[], datetime]:
    """Return a clock that stands still."""
    return lambda: datetime.fromtimestamp(seconds, UTC)


def a_verifier(
    ring: SigningKeyRing, clock: Callable[[], datetime] | None = None, capacity: int = 10
) -> PeopleVerifier:
    """Return the verifier of the people's issuer; at noon unless *clock* says otherwise."""
    return PeopleVerifier(
        ring, issuer=PEOPLE_ISSUER, audience=ISSUER, clock=clock or at(), capacity=capacity
    )


def some_claims(**changes: Any) -> PersonClaims:
    """Return what the token of an auditor says."""
    plain = PersonClaims(
        iss=PEOPLE_ISSUER,
        sub="kt-01",
        aud=ISSUER,
        iat=int(NOON_S),
        exp=int(NOON_S) + 3600,
        jti="one",
        name="Nguyễn Thử",
        roles=(Role.AUDITOR,),
        acr="urn:motlan:acr:demo",
        auth_time=NOON_S,
        agency="H99.01",
    )
    return msgspec.structs.replace(plain, **changes)


def a_token(ring: SigningKeyRing, typ: str = TOKEN_TYPE, **changes: Any) -> str:
    """Return a token that the ring's key has signed."""
    return signed(msgspec.json.encode(some_claims(**changes)), ring.signing(NOON), typ=typ)


def test_a_good_token_says_who_has_signed_on(ring: SigningKeyRing) -> None:
    """Account, agency, roles and strength, each from its claim."""
    person = a_verifier(ring).verify(a_token(ring))

    assert ("kt-01", "H99.01", frozenset({Role.AUDITOR}), "urn:motlan:acr:demo", None) == (
        person.id,
        person.agency,
        person.roles,
        person.acr,
        person.so_dinh_danh,
    )


def test_a_citizens_number_comes_from_the_token_and_is_not_printed(ring: SigningKeyRing) -> None:
    """Whatever logs a person by accident logs an account (promise P6)."""
    token = a_token(ring, roles=(Role.CITIZEN,), so_dinh_danh=NUMBER, agency=None)
    person = a_verifier(ring).verify(token)

    assert person.so_dinh_danh == NUMBER
    assert NUMBER not in repr(person)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"iss": "urn:other"}, id="another issuer"),
        pytest.param({"aud": "https://other.example"}, id="another audience"),
        pytest.param({"typ": SYSTEMS_TYPE}, id="a system's token"),
        pytest.param({"typ": "JWT"}, id="an ordinary JWT"),
        pytest.param({"iat": int(NOON_S) + 61}, id="from the future"),
        pytest.param({"auth_time": NOON_S + 61}, id="signed on in the future"),
        pytest.param({"exp": int(NOON_S) + 8 * 3600 + 1}, id="longer than a working day"),
        pytest.param({"exp": int(NOON_S)}, id="no life at all"),
        pytest.param({"sub": NUMBER}, id="an account that is a number"),
        pytest.param({"sub": "nv-003190000123"}, id="an account with a number in it"),
        pytest.param({"sub": ""}, id="nobody"),
        pytest.param({"roles": (Role.CITIZEN,)}, id="a citizen without number"),
        pytest.param({"so_dinh_danh": NUMBER}, id="an auditor with a number"),
        pytest.param(
            {"roles": (Role.CITIZEN,), "so_dinh_danh": "12"}, id="a number of another form"
        ),
        pytest.param(
            {"roles": (Role.CITIZEN, Role.AUDITOR), "so_dinh_danh": NUMBER}, id="both at once"
        ),
        *(
            pytest.param({"roles": (Role.AUDITOR, role)}, id=f"an auditor and {role}")
            for role in sorted(ADMINISTERING)
        ),
    ],
)
def test_a_token_that_is_not_for_us_is_refused(
    ring: SigningKeyRing, changes: dict[str, Any]
) -> None:
    """Each check by itself, on a token that the issuer's own key signed."""
    typ = changes.pop("typ", TOKEN_TYPE)

    with pytest.raises(TokenInvalid):
        a_verifier(ring).verify(a_token(ring, typ, **changes))


def test_unknown_roles_and_garbage_are_refused(ring: SigningKeyRing) -> None:
    """What cannot be read grants nothing."""
    body = msgspec.json.encode({**msgspec.to_builtins(some_claims()), "roles": ["root"]})
    for payload in (body, b"{}", b"[]", b"\xff", b"[" * 5_000):
        with pytest.raises(TokenInvalid):
            a_verifier(ring).verify(signed(payload, ring.signing(NOON), typ=TOKEN_TYPE))
    with pytest.raises(TokenMissing):
        a_verifier(ring).verify("")


def test_a_token_of_another_key_is_refused(ring: SigningKeyRing, tmp_path: Path) -> None:
    """The same words under a stranger's key prove nothing."""
    stranger = a_ring(tmp_path / "stranger")

    with pytest.raises(TokenInvalid):
        a_verifier(ring).verify(a_token(stranger))


@pytest.mark.parametrize("remembered", [False, True])
def test_a_token_ends_at_its_last_second(ring: SigningKeyRing, *, remembered: bool) -> None:
    """Remembering a token does not lengthen its life."""
    now = [NOON_S]
    verifier = a_verifier(ring, lambda: datetime.fromtimestamp(now[0], UTC))
    token = a_token(ring)
    if remembered:
        verifier.verify(token)
    now[0] = NOON_S + 3600

    with pytest.raises(TokenExpired):
        verifier.verify(token)


def test_the_memory_is_bounded_and_forgets_with_the_keys(ring: SigningKeyRing) -> None:
    """A flood of tokens costs no memory; a revoked key ends what it signed."""
    verifier = a_verifier(ring, capacity=3)
    tokens = [a_token(ring, jti=str(n)) for n in range(5)]
    for token in tokens:
        verifier.verify(token)
    assert len(verifier) == 3
    ring.revoke(ring.signing(NOON).kid, NOON)

    with pytest.raises(TokenInvalid):
        verifier.verify(tokens[-1])


def test_an_auditor_holds_nothing_that_an_administrator_holds() -> None:
    """Whoever judges the record changes nothing that it records."""
    writes = {
        permission
        for permission in Permission
        if of_people(permission) and may_any(ADMINISTERING, permission)
    }
    shared = {each for each in writes if may_any(frozenset({Role.AUDITOR}), each)}

    own = {Permission.SESSION_END}  # everybody's own

    assert Permission.RETENTION_READ in shared
    assert own == {each for each in shared if not each.value.endswith(".read")}


def test_permissions_of_people_are_no_systems_and_a_citizen_reads_their_own() -> None:
    """A system's token opens no auditor's route, and a citizen's none but their own."""
    audit = {each for each in Permission if each.value.startswith("audit.")}
    own = {each for each in Permission if Role.CITIZEN in HOLDERS[each] and of_people(each)}

    assert {True} == {of_people(each) for each in audit}
    assert not of_people(Permission.EXCHANGE_ASK)
    sessions = {Permission.SESSION_READ, Permission.SESSION_END}  # everybody's own
    assert {Permission.OWN_READ, Permission.OWN_ASK} == own - sessions
