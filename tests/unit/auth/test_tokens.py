"""Access tokens: whom they prove, until when, and what is remembered."""

from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auth.claims import Confirmation
from auth.errors import TokenExpired, TokenInvalid, TokenMissing
from auth.keys import SigningKeyRing
from auth.tokens import Verifier
from tests.party_builders import CLIENT, ISSUER, NOON, NOON_S, a_ring, a_token


@pytest.fixture
def ring(tmp_path: Path) -> SigningKeyRing:
    """Give a ring with one key."""
    return a_ring(tmp_path)


def a_verifier(ring: SigningKeyRing, *, capacity: int = 100) -> Verifier:
    """Return the verifier of our issuer."""
    return Verifier(ring, issuer=ISSUER, audience=ISSUER, capacity=capacity)


def test_a_good_token_says_who_asks(ring: SigningKeyRing) -> None:
    """System, agency, revision, agreements and end, each from its claim."""
    principal = a_verifier(ring).verify(a_token(ring), NOON_S)

    assert (CLIENT, "H99.30.01", 1, frozenset({"TT-2026-0001"}), NOON_S + 300, False) == (
        principal.client_id,
        principal.agency,
        principal.system_rev,
        principal.scopes,
        principal.expires_at,
        principal.sandbox,
    )


@pytest.mark.parametrize("remembered", [False, True])
def test_a_token_counts_up_to_and_not_including_its_last_second(
    ring: SigningKeyRing, *, remembered: bool
) -> None:
    """RFC 7519 section 4.1.4: on or after `exp` it must not be accepted."""
    verifier, token = a_verifier(ring), a_token(ring)
    if remembered:
        verifier.verify(token, NOON_S)

    verifier.verify(token, NOON_S + 299.9)
    with pytest.raises(TokenExpired):
        verifier.verify(token, NOON_S + 300)


def test_a_token_that_comes_too_late_is_expired_and_not_invalid(ring: SigningKeyRing) -> None:
    """The caller asks for a new one; with an invalid one it would ask the operator."""
    with pytest.raises(TokenExpired):
        a_verifier(ring).verify(a_token(ring), NOON_S + 300)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"iss": "https://other.example"}, id="another issuer"),
        pytest.param({"aud": "https://other.example"}, id="another audience"),
        pytest.param({"aud": []}, id="no audience"),
        pytest.param({"sub": "an-sinh"}, id="another subject"),
        pytest.param({"client_id": "", "sub": ""}, id="nobody"),
        pytest.param({"exp": int(NOON_S) + 301}, id="longer than tokens live"),
        pytest.param({"exp": int(NOON_S) - 1}, id="over before it began"),
        pytest.param({"iat": int(NOON_S) + 61, "exp": int(NOON_S) + 120}, id="from the future"),
        pytest.param({"env": "other"}, id="an unknown environment"),
        pytest.param({"sys_rev": "1"}, id="a revision that is text"),
        pytest.param({"typ": "JWT"}, id="an ordinary JWT"),
        pytest.param({"typ": "person+jwt"}, id="a person's"),
        pytest.param({"cnf": Confirmation()}, id="bound in an unknown way"),
    ],
)
def test_a_token_that_is_not_for_us_is_refused(
    ring: SigningKeyRing, changes: dict[str, object]
) -> None:
    """Each check of RFC 9068 section 4 by itself, on a token that our own key signed."""
    typ = str(changes.pop("typ", "at+jwt"))
    token = a_token(ring, typ=typ, now=NOON, **changes)

    with pytest.raises(TokenInvalid):
        a_verifier(ring).verify(token, NOON_S)


@pytest.mark.parametrize("ahead_s", [-15, 9, 60])
def test_clocks_may_differ_a_little(ring: SigningKeyRing, ahead_s: int) -> None:
    """FAPI 2.0 section 5.3.2.1: 10 s ahead is accepted, over 60 s is not."""
    issued = int(NOON_S) + ahead_s
    token = a_token(ring, iat=issued, exp=issued + 300)

    assert CLIENT == a_verifier(ring).verify(token, NOON_S).client_id


def test_a_token_of_another_ring_is_refused(ring: SigningKeyRing, tmp_path: Path) -> None:
    """The same words under a stranger's key prove nothing."""
    stranger = a_ring(tmp_path / "stranger")

    with pytest.raises(TokenInvalid):
        a_verifier(ring).verify(a_token(stranger), NOON_S)


def test_an_assertion_is_no_token(ring: SigningKeyRing) -> None:
    """RFC 8725 section 3.11: one kind of JWT never passes for another."""
    token = a_token(ring, typ="client-authentication+jwt")

    with pytest.raises(TokenInvalid):
        a_verifier(ring).verify(token, NOON_S)


@pytest.mark.parametrize(
    ("binding", "thumbprints"),
    [
        (Confirmation(jkt="key"), ("key", None)),
        (Confirmation(certificate="certificate"), (None, "certificate")),
        (Confirmation(jkt="key", certificate="certificate"), ("key", "certificate")),
        (None, (None, None)),
    ],
)
def test_a_principal_says_what_its_token_is_bound_to(
    ring: SigningKeyRing, binding: Confirmation | None, thumbprints: tuple[str | None, str | None]
) -> None:
    """The door demands exactly this of whoever brings the token, remembered or not."""
    verifier, token = a_verifier(ring), a_token(ring, cnf=binding)

    for _ in range(2):
        found = verifier.verify(token, NOON_S)
        assert thumbprints == (found.key_thumbprint, found.certificate_thumbprint)


def test_the_memory_is_bounded_in_number(ring: SigningKeyRing) -> None:
    """A caller who asks for a token per call fills no memory of ours."""
    verifier = a_verifier(ring, capacity=3)

    for number in range(5):
        verifier.verify(a_token(ring, jti=str(number)), NOON_S)

    assert 3 == len(verifier)


def test_the_memory_is_bounded_in_time(ring: SigningKeyRing) -> None:
    """What has expired leaves when the next one comes."""
    verifier = a_verifier(ring)
    for number in range(5):
        verifier.verify(a_token(ring, jti=str(number)), NOON_S)

    late = int(NOON_S) + 300
    verifier.verify(a_token(ring, iat=late, exp=late + 300), late)

    assert 1 == len(verifier)


def test_a_remembered_token_costs_no_signature_check(ring: SigningKeyRing) -> None:
    """design.md section 9: about a microsecond; the best of ten on a busy machine."""
    verifier, token = a_verifier(ring), a_token(ring)
    verifier.verify(token, NOON_S)

    def spent() -> float:
        began = perf_counter()
        for _ in range(10_000):
            verifier.verify(token, NOON_S)
        return perf_counter() - began

    assert min(spent() for _ in range(10)) < 0.1


def test_a_revoked_key_ends_remembered_tokens(ring: SigningKeyRing) -> None:
    """The memory is no way around a revocation: it empties when the ring changes."""
    verifier, token = a_verifier(ring), a_token(ring)
    verifier.verify(token, NOON_S)

    ring.revoke(ring.signing(NOON).kid, NOON)

    with pytest.raises(TokenInvalid):
        verifier.verify(token, NOON_S)


def test_a_rotation_refuses_nobody(ring: SigningKeyRing) -> None:
    """Fault 22: rotate as fast as one can, and every token in flight stays good."""
    verifier = a_verifier(ring)
    now, live = NOON, list[str]()

    for step in range(15):
        now = NOON + timedelta(seconds=2 * step)
        ring.rotate(now, lead=timedelta(seconds=1))
        issued = int(now.timestamp())
        live.append(a_token(ring, now=now, iat=issued, exp=issued + 300, jti=str(step)))
        for token in live:
            verifier.verify(token, now.timestamp())

    assert 15 == len(verifier)


def test_forgetting_verifies_anew(ring: SigningKeyRing) -> None:
    """For an operator who wants to be sure."""
    verifier, token = a_verifier(ring), a_token(ring)
    verifier.verify(token, NOON_S)

    verifier.forget()

    assert 0 == len(verifier)
    assert CLIENT == verifier.verify(token, NOON_S).client_id


def test_no_token_is_missing_and_not_invalid(ring: SigningKeyRing) -> None:
    """The caller forgot a header, and hears just that."""
    with pytest.raises(TokenMissing):
        a_verifier(ring).verify("", NOON_S)


@given(text=st.text(min_size=1, max_size=200))
def test_no_text_raises_anything_but_a_refusal(text: str) -> None:
    """Whatever comes over the wire, the answer is ours."""
    with TemporaryDirectory() as directory, pytest.raises(TokenInvalid):
        a_verifier(a_ring(Path(directory))).verify(text, NOON_S)
