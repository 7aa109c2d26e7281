"""The protocol part: what Authlib's flow does with decisions of ours."""

from datetime import UTC, datetime

import msgspec
import pytest

from auth.claims import Confirmation
from auth.client import token_form
from auth.forms import ACCESS_TOKEN, EXCHANGE, FORM, read
from auth.jose import verification_key
from auth.narrowing.agreements import Wanted
from auth.narrowing.details import AgreementDetail
from auth.replies import Declined
from auth.server import (
    ASSERTION,
    CERTIFICATE,
    MACHINE,
    Ask,
    Caller,
    Issued,
    MachineServer,
    Terms,
    terms_of,
)
from auth.systems import System
from tests.party_builders import (
    CLIENT,
    CLIENT_KEY,
    ISSUER,
    LIMITS,
    NOON_S,
    a_system,
    an_assertion,
)

PLAIN = Terms(wanted=Wanted(frozenset({"TT-2026-0001"})), life_s=120)
THUMB = "A" * 43


def an_ask(
    system: System | None, body: bytes, *, certificate: str | None = None, endpoint: str = "token"
) -> Ask:
    """Return a request with its system loaded."""
    form, _ = read(body, FORM)
    return Ask(form=form, system=system, certificate=certificate, now=NOON_S, endpoint=endpoint)


def a_server(made: list[str]) -> MachineServer:
    """Return a server that notes the tokens it makes."""

    def make(system: System, terms: Terms, now: float) -> Issued:
        made.append(f"{system.client_id} {now:.0f} {terms.wanted.scope}")
        return Issued("token", "t1")

    return MachineServer(endpoint=f"{ISSUER}/oauth/token", limits=LIMITS, make=make)


def a_caller(body: bytes = b"") -> Caller:
    """Return a system that has been proven."""
    return a_server([]).authenticate(an_ask(a_system(), body or token_form(an_assertion())))


def test_a_proven_system_is_told_with_its_proof() -> None:
    """The proof is what must be counted before anything is granted."""
    caller = a_caller()

    assert CLIENT == caller.get_client_id()
    assert caller.proof is not None
    assert "a1" == caller.proof.jti


def test_a_token_is_made_once_by_its_terms() -> None:
    """Not before the terms, not twice, and its life is the one that was judged."""
    made: list[str] = []

    reply = a_server(made).grant(a_caller(), PLAIN)

    assert [f"{CLIENT} {NOON_S:.0f} TT-2026-0001"] == made
    assert ("token", "Bearer", 120, "t1", CLIENT) == (
        reply.body["access_token"],
        reply.body["token_type"],
        reply.body["expires_in"],
        reply.token_id,
        reply.client_id,
    )


def test_an_answer_says_how_the_token_is_bound_and_narrowed() -> None:
    """RFC 9449 section 5 and RFC 9396 section 7."""
    detail = AgreementDetail(type="motlan_agreement", identifier="TT-2026-0001")
    terms = msgspec.structs.replace(
        PLAIN,
        bound=Confirmation(jkt=THUMB),
        wanted=Wanted(frozenset({"TT-2026-0001"}), (detail,)),
    )

    body = a_server([]).grant(a_caller(), terms).body

    assert "DPoP" == body["token_type"]
    assert [{"type": "motlan_agreement", "identifier": "TT-2026-0001"}] == body[
        "authorization_details"
    ]


def test_an_exchange_names_the_kind_of_token() -> None:
    """RFC 8693 section 2.2.1; a certificate leaves the type as it is (RFC 8705 section 3)."""
    body = token_form(an_assertion()).replace(b"client_credentials", EXCHANGE.encode())
    terms = msgspec.structs.replace(PLAIN, bound=Confirmation(certificate=THUMB))

    answer = a_server([]).grant(a_caller(body), terms).body

    assert (ACCESS_TOKEN, "Bearer") == (answer["issued_token_type"], answer["token_type"])


def test_an_unknown_grant_makes_nothing() -> None:
    """A signature that nobody needs is a token that somebody may find."""
    made: list[str] = []
    body = token_form(an_assertion()).replace(b"client_credentials", b"password")

    reply = a_server(made).grant(a_caller(body), PLAIN)

    assert (400, "unsupported_grant_type", []) == (reply.status, reply.body["error"], made)


def test_nothing_is_granted_that_nobody_judged() -> None:
    """The flow cannot be entered in the middle."""
    with pytest.raises(Declined):
        terms_of(a_caller())
    with pytest.raises(Declined):
        terms_of(None)


@pytest.mark.parametrize("system", [None, a_system(client_id="an-sinh")], ids=["none", "another"])
def test_the_system_that_was_loaded_is_the_only_one(system: System | None) -> None:
    """An assertion that names another than was looked up finds nobody."""
    with pytest.raises(Declined) as declined:
        a_server([]).authenticate(an_ask(system, token_form(an_assertion())))

    assert "client_assertion_invalid" == declined.value.refused.code


CERTIFIED = b"grant_type=client_credentials&client_id=motcua-xa"


@pytest.mark.parametrize("endpoint", ["token", "introspection", "revocation"])
def test_a_registered_certificate_proves_its_system(endpoint: str) -> None:
    """RFC 8705 section 2.2, at each of our endpoints."""
    ask = an_ask(a_system(certificates=(THUMB,)), CERTIFIED, certificate=THUMB, endpoint=endpoint)

    caller = a_server([]).authenticate(ask)

    assert (CLIENT, None) == (caller.get_client_id(), caller.proof)


@pytest.mark.parametrize(
    ("certificates", "shown", "body"),
    [
        pytest.param((THUMB,), "B" * 43, CERTIFIED, id="another certificate"),
        pytest.param((THUMB,), None, CERTIFIED, id="no certificate"),
        pytest.param((), THUMB, CERTIFIED, id="none registered"),
        pytest.param((THUMB,), THUMB, CERTIFIED.replace(b"xa", b"xb"), id="another's"),
        pytest.param((THUMB,), THUMB, CERTIFIED[:29], id="nobody named"),
        pytest.param(
            (THUMB,), THUMB, token_form("abc") + b"&client_id=motcua-xa", id="with a bad assertion"
        ),
    ],
)
def test_any_other_certificate_proves_nobody(
    certificates: tuple[str, ...], shown: str | None, body: bytes
) -> None:
    """And a broken assertion is never made good by the connection."""
    ask = an_ask(a_system(certificates=certificates), body, certificate=shown)

    with pytest.raises(Declined):
        a_server([]).authenticate(ask)


def test_a_certificate_whose_time_is_over_proves_nobody() -> None:
    """Its last instant is part of the registration."""
    over = datetime.fromtimestamp(NOON_S, UTC)
    ask = an_ask(a_system(certificates=(THUMB,), ends={THUMB: over}), CERTIFIED, certificate=THUMB)

    with pytest.raises(Declined):
        a_server([]).authenticate(ask)


def test_two_grants_by_two_methods() -> None:
    """Nothing that Authlib could do besides is open."""
    caller = a_caller()

    assert (True, True, False) == tuple(
        caller.check_grant_type(each) for each in (MACHINE, EXCHANGE, "password")
    )
    assert (True, True, False, False) == (
        caller.check_endpoint_auth_method(ASSERTION, "token"),
        caller.check_endpoint_auth_method(CERTIFICATE, "revocation"),
        caller.check_endpoint_auth_method("client_secret_basic", "token"),
        caller.check_endpoint_auth_method(ASSERTION, "device"),
    )


def test_a_stored_key_that_went_bad_is_a_refusal() -> None:
    """Not a crash: somebody may have written past our code."""
    bad = CLIENT_KEY.public | {"x": CLIENT_KEY.public["y"]}
    ask = an_ask(a_system(jwks=(bad,)), token_form(an_assertion()))

    with pytest.raises(Declined) as declined:
        a_server([]).authenticate(ask)

    assert "client_assertion_invalid" == declined.value.refused.code


def test_the_keys_of_these_tests_are_good() -> None:
    """Otherwise the refusals above would prove nothing."""
    assert CLIENT_KEY.public["kid"] == verification_key(CLIENT_KEY.public).kid
