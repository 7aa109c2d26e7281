"""What a token of ours says to the system that holds it."""

from pathlib import Path

import pytest

from auth import systems
from auth.claims import Confirmation, actor_of
from auth.delegation.inspecting import described, is_of, opened, token_of
from auth.principals import Official
from auth.replies import Declined
from tests.delegation_builders import OFFICIAL, an_access_token
from tests.party_builders import (
    CLIENT,
    ISSUER,
    NOON_S,
    OUR_NOTE,
    a_ring,
    a_system,
    a_token,
    an_identity,
    some_claims,
)


def test_a_live_token_is_opened(tmp_path: Path) -> None:
    """By the same keys and rules as at the door."""
    ring = a_ring(tmp_path)

    said = opened(a_token(ring), ring, an_identity(), NOON_S)

    assert some_claims() == said


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"exp": int(NOON_S)}, id="over"),
        pytest.param({"iss": "https://other.example"}, id="another issuer"),
        pytest.param({"aud": "https://other.example"}, id="another audience"),
        pytest.param({"aud": [ISSUER, "https://other.example"]}, id="two audiences"),
    ],
)
def test_any_other_token_stays_shut(tmp_path: Path, changes: dict[str, object]) -> None:
    """Nothing is told of what is not good here."""
    ring = a_ring(tmp_path)
    token = an_access_token(ring, some_claims(**changes))

    assert opened(token, ring, an_identity(), NOON_S) is None


@pytest.mark.parametrize("text", ["", "abc", "a.b.c", "." * 9000])
def test_what_is_no_token_stays_shut(tmp_path: Path, text: str) -> None:
    """RFC 7009 section 2.2 and RFC 7662 section 2.2: it is no error."""
    assert opened(text, a_ring(tmp_path), an_identity(), NOON_S) is None


def test_another_type_of_ours_stays_shut(tmp_path: Path) -> None:
    """RFC 8725 section 3.11."""
    ring = a_ring(tmp_path)

    assert opened(a_token(ring, typ="person+jwt"), ring, an_identity(), NOON_S) is None


def test_a_token_stands_with_its_system() -> None:
    """Of the same system, at the same revision, while it is active."""
    system = a_system()
    suspended = systems.suspended(system, OUR_NOTE)

    assert is_of(some_claims(), system)
    assert not is_of(some_claims(sys_rev=2), system)
    assert not is_of(some_claims(client_id="an-sinh"), system)
    assert not is_of(some_claims(), suspended)
    assert not is_of(some_claims(sys_rev=suspended.rev), suspended)


def test_the_answer_is_that_of_the_rfc() -> None:
    """RFC 7662 section 2.2 and RFC 9449 section 6.2; the official's name stays out."""
    official = Official(id=OFFICIAL, agency="H99.30.01", acr="2", name="Lê Văn Ba")
    said = described(some_claims(cnf=Confirmation(jkt="k"), act=actor_of(official)))

    assert (True, "DPoP", CLIENT, "TT-2026-0001", {"jkt": "k"}, OFFICIAL) == (
        said["active"],
        said["token_type"],
        said["client_id"],
        said["scope"],
        said["cnf"],
        said["act"]["sub"],
    )
    assert "Lê Văn Ba" not in str(said)


def test_a_token_of_a_certificate_is_a_bearers() -> None:
    """RFC 8705 section 3 leaves the type as it is."""
    assert "Bearer" == described(some_claims(cnf=Confirmation(certificate="c")))["token_type"]


def test_a_token_must_be_named() -> None:
    """The one parameter that both endpoints demand; a hint alone is none."""
    assert "t" == token_of({"token": "t", "token_type_hint": "refresh_token"})
    with pytest.raises(Declined):
        token_of({"token_type_hint": "access_token"})
