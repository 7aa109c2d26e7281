"""Bound tokens, and tokens on behalf of an official, at the token endpoint."""

import json
from pathlib import Path
from urllib.parse import urlencode

import pytest

from auth import claims
from auth.claims import AccessClaims, Confirmation, actor_of
from auth.client import exchange_form, token_form
from auth.delegation.subjects import Subjects
from auth.forms import ACCESS_TOKEN, FORM, Post
from auth.jose import payload_of
from auth.keys import SigningKeyRing
from auth.principals import Official
from auth.replies import TokenReply
from auth.signon.staff_tokens import StaffToken, StaffTokens
from auth.systems import System
from tests.delegation_builders import (
    HELD_KEY,
    OFFICIAL,
    THUMB,
    FakeOfficials,
    FakeTokens,
    a_proof,
    a_staff_token,
)
from tests.party_builders import (
    CLIENT,
    ISSUER,
    NOON_S,
    OTHER_KEY,
    FakeDesk,
    a_post,
    a_ring,
    a_system,
    a_token,
    an_assertion,
    an_issuer,
)

STRANGER = an_assertion(OTHER_KEY)


@pytest.fixture
def ring(tmp_path: Path) -> SigningKeyRing:
    """Give a ring with one key."""
    return a_ring(tmp_path)


async def asked(ring: SigningKeyRing, post: Post, system: System | None = None) -> TokenReply:
    """Answer one request at noon."""
    return await an_issuer(ring, FakeDesk(system or a_system())).token(post)


def words(reply: TokenReply) -> tuple[int, str, str]:
    """Return what a client switches on."""
    return reply.status, reply.body["error"], reply.body["code"]


THUMB_FORM = b"grant_type=client_credentials&client_id=motcua-xa"


def claims_of(reply: TokenReply) -> AccessClaims:
    """Return what the token says, unverified."""
    return claims.read(payload_of(reply.body["access_token"]))


async def test_a_proof_binds_the_token(ring: SigningKeyRing) -> None:
    """RFC 9449 section 5: the answer says so, and the token names the key."""
    reply = await asked(ring, a_post(an_assertion(), proof=a_proof()))

    assert (200, "DPoP", Confirmation(jkt=HELD_KEY.public["kid"])) == (
        reply.status,
        reply.body["token_type"],
        claims_of(reply).cnf,
    )


async def test_without_a_nonce_the_assertion_stays_good(ring: SigningKeyRing) -> None:
    """A client may answer the challenge without making everything anew."""
    issuer = an_issuer(ring, FakeDesk(a_system()))
    assertion = an_assertion()

    challenged = await issuer.token(a_post(assertion, proof=a_proof(nonce=None)))
    nonce = dict(challenged.headers)["DPoP-Nonce"]
    granted = await issuer.token(a_post(assertion, proof=a_proof(nonce=nonce)))

    assert (400, "use_dpop_nonce", "use_dpop_nonce") == words(challenged)
    assert 200 == granted.status


async def test_a_proof_is_good_for_one_token(ring: SigningKeyRing) -> None:
    """Whoever reads a request on its way gets nothing from it, with another assertion either."""
    issuer = an_issuer(ring, FakeDesk(a_system()))
    proof = a_proof()

    first = await issuer.token(a_post(an_assertion(), proof=proof))
    second = await issuer.token(a_post(an_assertion(jti="a2"), proof=proof))

    assert 200 == first.status
    assert (400, "invalid_dpop_proof", "dpop_proof_replayed") == words(second)


async def test_a_stranger_does_not_learn_the_nonce(ring: SigningKeyRing) -> None:
    """Who it is comes before what it holds."""
    reply = await asked(ring, a_post(STRANGER, proof=a_proof(nonce=None)))

    assert "client_assertion_invalid" == reply.code
    assert "DPoP-Nonce" not in dict(reply.headers)


async def test_a_certificate_proves_and_binds(ring: SigningKeyRing) -> None:
    """RFC 8705 sections 2.2 and 3: no assertion is needed then."""
    post = Post(body=THUMB_FORM, content_type=FORM, certificate=THUMB)

    reply = await asked(ring, post, a_system(certificates=(THUMB,)))

    assert (200, "Bearer", Confirmation(certificate=THUMB)) == (
        reply.status,
        reply.body["token_type"],
        claims_of(reply).cnf,
    )


async def test_details_reach_the_token_and_the_answer(ring: SigningKeyRing) -> None:
    """RFC 9396 sections 7 and 9.1."""
    detail = {
        "type": "motlan_agreement",
        "identifier": "TT-2026-0001",
        "services": ["residence.verify"],
    }
    form = (
        token_form(an_assertion())
        + b"&"
        + urlencode({"authorization_details": json.dumps([detail])}).encode()
    )

    reply = await asked(ring, Post(body=form, content_type=FORM, certificate=THUMB))

    assert [detail] == reply.body["authorization_details"]
    assert "TT-2026-0001" == reply.body["scope"]
    assert ("residence.verify",) == claims_of(reply).authorization_details[0].services


async def exchanged(
    ring: SigningKeyRing, token: StaffToken | None = None, /, **changes: str
) -> TokenReply:
    """Exchange an official's token at noon."""
    subjects = Subjects(FakeTokens(token or a_staff_token()), FakeOfficials())
    issuer = an_issuer(ring, FakeDesk(a_system()), subjects=subjects)
    form = {"scope": "TT-2026-0001", "resource": ISSUER} | changes
    body = exchange_form(an_assertion(), "st") + b"&" + urlencode(form).encode()
    return await issuer.token(Post(body=body, content_type=FORM, proof=a_proof()))


async def test_an_exchanged_token_is_the_systems_and_names_the_official(
    ring: SigningKeyRing,
) -> None:
    """RFC 8693 section 4.1: the right is the system's, the act the official's."""
    reply = await exchanged(ring)

    said = claims_of(reply)
    assert (200, "DPoP", ACCESS_TOKEN, "TT-2026-0001") == (
        reply.status,
        reply.body["token_type"],
        reply.body["issued_token_type"],
        reply.body["scope"],
    )
    assert "token.exchanged" == reply.event
    assert said.act is not None
    assert (CLIENT, CLIENT, OFFICIAL, "urn:sso:2", 2) == (
        said.sub,
        said.client_id,
        said.act.sub,
        said.act.acr,
        said.act.level,
    )


@pytest.mark.parametrize(
    ("left_s", "life_s"), [(1000, 300), (299.9, 299), (120, 120), (1, 1), (0.9, None)]
)
async def test_an_exchanged_token_never_outlives_the_officials(
    ring: SigningKeyRing, left_s: float, life_s: int | None
) -> None:
    """Who signs out at the provider is out here too, at the latest then."""
    reply = await exchanged(ring, a_staff_token(expires_at=NOON_S + left_s))

    assert life_s == reply.body.get("expires_in")
    assert reply.code == (None if life_s else "subject_token_invalid")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"scope": "TT-2026-0009"}, (400, "invalid_scope", "scope_missing")),
        ({"resource": "https://x.example"}, (400, "invalid_target", "validation_failed")),
        ({"audience": "https://x.example"}, (400, "invalid_target", "validation_failed")),
    ],
)
async def test_an_exchange_widens_nothing(
    ring: SigningKeyRing, changes: dict[str, str], expected: tuple[int, str, str]
) -> None:
    """Neither the agreements nor the audience."""
    assert expected == words(await exchanged(ring, **changes))


async def test_without_a_staff_provider_nothing_is_exchanged(ring: SigningKeyRing) -> None:
    """And the answer says that it is the grant."""
    post = Post(body=exchange_form(an_assertion(), "st"), content_type=FORM, certificate=THUMB)

    assert (400, "unsupported_grant_type", "validation_failed") == words(await asked(ring, post))


async def test_a_token_of_ours_is_not_exchanged_again(ring: SigningKeyRing) -> None:
    """A chain would let whoever holds one acted-for token pass it on."""
    ours = a_token(ring, act=actor_of(Official(id=OFFICIAL, agency="H99.30.01", acr="2")))
    subjects = Subjects(StaffTokens({}, {}, ISSUER), FakeOfficials())
    issuer = an_issuer(ring, FakeDesk(a_system()), subjects=subjects)

    reply = await issuer.token(
        Post(body=exchange_form(an_assertion(), ours), content_type=FORM, proof=a_proof())
    )

    assert (400, "invalid_request", "subject_token_invalid") == words(reply)
