"""The token endpoint, with registrations in memory and a clock that stands still."""

import logging
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from auth import systems
from auth.assertions import ASSERTION_TYPE
from auth.client import token_form
from auth.errors import RegistrationsUnavailable
from auth.forms import FORM, Post
from auth.keys import SigningKeyRing
from auth.replies import TokenReply
from auth.systems import Note, System
from auth.tokens import Verifier
from tests.party_builders import (
    AGREEMENTS,
    CLIENT,
    ISSUER,
    NOON,
    NOON_S,
    OTHER_KEY,
    OUR_NOTE,
    FakeDesk,
    a_fresh_assertion,
    a_post,
    a_ring,
    a_system,
    an_assertion,
    an_issuer,
)


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


async def test_a_proven_system_gets_a_token(ring: SigningKeyRing) -> None:
    """RFC 6749 section 5.1, and the token is one that we accept."""
    reply = await asked(ring, a_post(an_assertion()))

    principal = Verifier(ring, issuer=ISSUER, audience=ISSUER).verify(
        reply.body["access_token"], NOON_S
    )
    assert (200, "Bearer", 300) == (
        reply.status,
        reply.body["token_type"],
        reply.body["expires_in"],
    )
    assert (CLIENT, AGREEMENTS, 1, reply.token_id) == (
        principal.client_id,
        principal.scopes,
        principal.system_rev,
        principal.token_id,
    )
    assert ("Cache-Control", "no-store") in reply.headers


async def test_a_sandbox_system_is_marked(ring: SigningKeyRing) -> None:
    """Test traffic never looks like real traffic."""
    reply = await asked(ring, a_post(an_assertion()), a_system(sandbox=True))

    verifier = Verifier(ring, issuer=ISSUER, audience=ISSUER)
    assert verifier.verify(reply.body["access_token"], NOON_S).sandbox


async def test_fewer_agreements_can_be_asked_for(ring: SigningKeyRing) -> None:
    """Least privilege is the client's choice too."""
    reply = await asked(ring, a_post(an_assertion(), scope="TT-2026-0002"))

    assert "TT-2026-0002" == reply.body["scope"]


async def test_our_own_resource_may_be_named(ring: SigningKeyRing) -> None:
    """RFC 8707: naming the only resource there is changes nothing."""
    reply = await asked(ring, a_post(an_assertion(), resource=ISSUER))

    assert 200 == reply.status


STRANGER = an_assertion(OTHER_KEY)


@pytest.mark.parametrize(
    ("post", "expected"),
    [
        pytest.param(
            a_post(STRANGER), (401, "invalid_client", "client_assertion_invalid"), id="another key"
        ),
        pytest.param(
            a_post(an_assertion(iss="la-ai", sub="la-ai")),
            (401, "invalid_client", "client_assertion_invalid"),
            id="nobody we know",
        ),
        pytest.param(
            a_post("abc"), (401, "invalid_client", "client_assertion_invalid"), id="no assertion"
        ),
        pytest.param(
            Post(body=b"grant_type=client_credentials", content_type=FORM),
            (401, "invalid_client", "client_assertion_invalid"),
            id="nothing at all",
        ),
        pytest.param(
            Post(
                body=b"grant_type=client_credentials&client_id=motcua-xa&client_secret=x",
                content_type=FORM,
            ),
            (401, "invalid_client", "client_assertion_invalid"),
            id="a secret",
        ),
        pytest.param(
            Post(body=token_form(an_assertion()) + b"&client_secret=x", content_type=FORM),
            (400, "invalid_request", "validation_failed"),
            id="two credentials",
        ),
        pytest.param(
            a_post(an_assertion(), authorization="Basic eDp5"),
            (400, "invalid_request", "validation_failed"),
            id="a header as well",
        ),
        pytest.param(
            Post(body=token_form(an_assertion()) + b"&client_id=an-sinh", content_type=FORM),
            (401, "invalid_client", "client_assertion_invalid"),
            id="two client ids",
        ),
        pytest.param(
            Post(
                body=token_form(an_assertion()).replace(b"jwt-bearer", b"saml2-bearer"),
                content_type=FORM,
            ),
            (401, "invalid_client", "client_assertion_invalid"),
            id="another kind of assertion",
        ),
        pytest.param(
            Post(
                body=token_form(an_assertion()).replace(b"client_credentials", b"password"),
                content_type=FORM,
            ),
            (400, "unsupported_grant_type", "validation_failed"),
            id="another grant",
        ),
        pytest.param(
            Post(
                body=token_form(an_assertion()).replace(b"grant_type", b"grant"),
                content_type=FORM,
            ),
            (400, "invalid_request", "validation_failed"),
            id="no grant",
        ),
        pytest.param(
            a_post(an_assertion(), content_type="application/json"),
            (400, "invalid_request", "validation_failed"),
            id="no form",
        ),
        pytest.param(
            a_post(an_assertion(), scope="TT-2026-0001 TT-2026-0009"),
            (400, "invalid_scope", "scope_missing"),
            id="an agreement that is not theirs",
        ),
        pytest.param(
            a_post(an_assertion(), resource="https://other.example"),
            (400, "invalid_target", "validation_failed"),
            id="another resource",
        ),
    ],
)
async def test_a_refusal_is_one_of_a_closed_list(
    ring: SigningKeyRing, post: Post, expected: tuple[int, str, str]
) -> None:
    """RFC 6749 section 5.2 for libraries, our code for people."""
    reply = await asked(ring, post)

    assert expected == words(reply)
    assert "access_token" not in reply.body
    assert ("Cache-Control", "no-store") in reply.headers


async def test_basic_credentials_hear_a_challenge_and_nobody_else(ring: SigningKeyRing) -> None:
    """RFC 6749 section 5.2; certified clients take a challenge for the error itself."""
    plain = Post(body=b"grant_type=client_credentials", content_type=FORM)

    basic = await asked(ring, Post(body=plain.body, content_type=FORM, authorization="Basic eDp5"))
    other = await asked(ring, plain)

    assert "WWW-Authenticate" in dict(basic.headers)
    assert "WWW-Authenticate" not in dict(other.headers)


async def test_an_unknown_client_hears_what_a_wrong_key_hears(ring: SigningKeyRing) -> None:
    """Nobody learns from us which systems exist."""
    unknown = await asked(ring, a_post(an_assertion(OTHER_KEY, iss="la-ai", sub="la-ai")))
    wrong = await asked(ring, a_post(STRANGER))

    assert unknown.body == wrong.body
    assert (None, None) == (unknown.client_id, wrong.client_id)


async def test_an_assertion_is_good_once(ring: SigningKeyRing) -> None:
    """Invariant I10."""
    issuer = an_issuer(ring, FakeDesk(a_system()))
    post = a_post(an_assertion())

    first, second = await issuer.token(post), await issuer.token(post)

    assert 200 == first.status
    assert (401, "invalid_client", "client_assertion_replayed") == words(second)


async def test_a_refused_request_uses_its_assertion_up(ring: SigningKeyRing) -> None:
    """Proven is proven: otherwise a thief could try scopes with it."""
    issuer = an_issuer(ring, FakeDesk(a_system()))
    assertion = an_assertion()

    refused = await issuer.token(a_post(assertion, scope="TT-2026-0009"))
    again = await issuer.token(a_post(assertion))

    assert ("scope_missing", "client_assertion_replayed") == (refused.code, again.code)


async def test_an_assertion_of_somebody_else_uses_nothing_up(ring: SigningKeyRing) -> None:
    """Otherwise a stranger who guesses an id could burn it."""
    desk = FakeDesk(a_system())

    await an_issuer(ring, desk).token(a_post(STRANGER))

    assert set() == desk.spent


@pytest.mark.parametrize("act", [systems.suspended, systems.blocked])
async def test_a_suspended_system_gets_no_token(
    ring: SigningKeyRing, act: Callable[[System, Note], System]
) -> None:
    """And hears so only after proving who it is."""
    system = act(a_system(), OUR_NOTE)

    proven = await asked(ring, a_post(an_assertion()), system)
    stranger = await asked(ring, a_post(STRANGER), system)

    assert (400, "unauthorized_client", "application_suspended") == words(proven)
    assert "client_assertion_invalid" == stranger.code


@pytest.mark.parametrize(
    ("address", "status"),
    [("10.1.2.3", 200), ("::ffff:10.1.2.3", 200), ("10.2.0.1", 400), ("unix", 400), (None, 400)],
)
async def test_addresses_are_kept_when_they_are_registered(
    ring: SigningKeyRing, address: str | None, status: int
) -> None:
    """An address that is not known is not a registered one."""
    system = a_system(address_ranges=("10.1.0.0/16",))

    reply = await asked(ring, a_post(an_assertion(), address=address), system)

    assert status == reply.status


@pytest.mark.parametrize("fails", [RegistrationsUnavailable(), TimeoutError()])
async def test_without_the_database_nobody_gets_a_token(
    ring: SigningKeyRing, fails: Exception
) -> None:
    """Fail closed: not remembered is not first."""
    issuer = an_issuer(ring, FakeDesk(a_system(), fails=fails))

    reply = await issuer.token(a_post(an_assertion()))

    assert (503, "temporarily_unavailable", "database_unavailable") == words(reply)


async def test_without_a_key_nobody_gets_a_token(tmp_path: Path) -> None:
    """And the answer says that it is our fault."""
    ring = SigningKeyRing(tmp_path / "nothing", keep=timedelta(seconds=420))

    reply = await asked(ring, a_post(an_assertion()))

    assert (503, "temporarily_unavailable", "internal") == words(reply)


async def test_old_assertions_are_cleaned_once_a_minute(ring: SigningKeyRing) -> None:
    """Not at every request, and only what no clock would still accept."""
    desk = FakeDesk(a_system())
    instants = iter([NOON + timedelta(seconds=each // 4) for each in range(400)])
    issuer = an_issuer(ring, desk, clock=lambda: next(instants))

    for second in range(0, 70, 10):
        await issuer.token(a_post(a_fresh_assertion(now=NOON_S + second % 5)))

    assert 1 == len(desk.forgotten)
    assert desk.forgotten[0] < NOON - timedelta(minutes=59)


async def test_neither_token_nor_assertion_reaches_a_log(
    ring: SigningKeyRing, caplog: pytest.LogCaptureFixture
) -> None:
    """Invariant I8; Authlib would write the token at debug level."""
    caplog.set_level(logging.DEBUG)
    assertion = an_assertion()

    reply = await asked(ring, a_post(assertion))

    assert 200 == reply.status
    for secret in (reply.body["access_token"], assertion):
        assert secret not in caplog.text
        assert secret not in repr(reply)


@pytest.mark.parametrize("place", ["grant_type", "scope", "resource", "client_id", "kid", "jti"])
async def test_a_refusal_repeats_no_word_of_the_caller(ring: SigningKeyRing, place: str) -> None:
    """Promise P6: whoever puts a person's number there does not find it in our answer or log."""
    number = "003190000123"
    assertion = STRANGER if place == "kid" else an_assertion(jti=number)
    body = token_form(assertion) + f"&{place}={number}".encode()

    reply = await asked(ring, Post(body=body, content_type=FORM))

    assert number not in str(reply.body)
    assert number not in repr(reply)


def test_the_assertion_type_is_that_of_the_rfc() -> None:
    """RFC 7523 section 2.2."""
    assert "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" == ASSERTION_TYPE
