"""The protocol part: what Authlib's flow does with decisions of ours."""

import pytest

from auth.assertions import Limits
from auth.client import token_form
from auth.forms import FORM, read
from auth.jose import verification_key
from auth.server import GRANT, METHOD, Ask, Caller, Issued, MachineServer
from auth.systems import System
from tests.party_builders import (
    AGREEMENTS,
    CLIENT,
    CLIENT_KEY,
    ISSUER,
    LIMITS,
    NOON_S,
    a_system,
    an_assertion,
)


def an_ask(system: System | None, body: bytes, agreements: frozenset[str] = AGREEMENTS) -> Ask:
    """Return a request with its system loaded."""
    form, resources = read(body, FORM)
    return Ask(
        form=form,
        resources=resources,
        address=None,
        system=system,
        agreements=agreements,
        now=NOON_S,
    )


def a_server(made: list[str]) -> MachineServer:
    """Return a server that notes the scopes it makes tokens for."""

    def make(system: System, scope: str, now: float) -> Issued:
        made.append(f"{system.client_id} {now:.0f} {scope}")
        return Issued("token", "t1")

    return MachineServer(
        endpoint=f"{ISSUER}/oauth/token", audience=ISSUER, limits=LIMITS, life_s=120, make=make
    )


def test_a_token_is_made_once_for_a_proven_system() -> None:
    """Not before the proof, not twice, and its life is the one that was set."""
    made: list[str] = []

    reply, proof = a_server(made).answer(an_ask(a_system(), token_form(an_assertion())))

    assert [f"{CLIENT} {NOON_S:.0f} TT-2026-0001 TT-2026-0002"] == made
    assert ("token", 120, "t1") == (
        reply.body["access_token"],
        reply.body["expires_in"],
        reply.token_id,
    )
    assert proof is not None
    assert "a1" == proof.jti


def test_no_token_is_made_for_a_refusal() -> None:
    """A signature that nobody needs is a token that somebody may find."""
    made: list[str] = []
    server = a_server(made)

    for system, scope in ((None, ""), (a_system(sandbox=True), "TT-2026-0009")):
        server.answer(an_ask(system, token_form(an_assertion(), scope=scope)))

    assert [] == made


def test_a_proof_is_handed_back_even_when_the_answer_is_no() -> None:
    """So that the assertion is used up."""
    ask = an_ask(a_system(), token_form(an_assertion(), scope="TT-2026-0009"))

    reply, proof = a_server([]).answer(ask)

    assert "scope_missing" == reply.code
    assert proof is not None


def test_the_system_that_was_loaded_is_the_only_one() -> None:
    """An assertion that names another than was looked up finds nobody."""
    ask = an_ask(a_system(client_id="an-sinh"), token_form(an_assertion()))

    reply, proof = a_server([]).answer(ask)

    assert ("client_assertion_invalid", None) == (reply.code, proof)


@pytest.mark.parametrize(
    ("agreements", "scope", "allowed"),
    [
        pytest.param(AGREEMENTS, None, "TT-2026-0001 TT-2026-0002", id="none named: all"),
        pytest.param(AGREEMENTS, " TT-2026-0002 ", "TT-2026-0002", id="one"),
        pytest.param(AGREEMENTS, "TT-2026-0003", None, id="another's"),
        pytest.param(frozenset[str](), None, "", id="no agreement yet"),
        pytest.param(frozenset[str](), "TT-2026-0001", None, id="none left"),
    ],
)
def test_the_scope_is_what_was_asked_for_inside_what_is_allowed(
    agreements: frozenset[str], scope: str | None, allowed: str | None
) -> None:
    """RFC 6749 section 3.3.  Without an agreement a token says so; the exchange explains it."""
    system = a_system()
    caller = Caller(an_ask(system, b"", agreements), system, Limits(audiences=()))

    assert allowed == caller.get_allowed_scope(scope)


def test_one_grant_by_one_method() -> None:
    """Nothing that Authlib could do besides is open."""
    system = a_system()
    caller = Caller(an_ask(system, b""), system, LIMITS)

    assert (True, False) == (caller.check_grant_type(GRANT), caller.check_grant_type("password"))
    assert (True, False, False) == (
        caller.check_endpoint_auth_method(METHOD, "token"),
        caller.check_endpoint_auth_method("client_secret_basic", "token"),
        caller.check_endpoint_auth_method(METHOD, "revocation"),
    )


def test_a_stored_key_that_went_bad_is_a_refusal() -> None:
    """Not a crash: somebody may have written past our code."""
    bad = CLIENT_KEY.public | {"x": CLIENT_KEY.public["y"]}
    ask = an_ask(a_system(jwks=(bad,)), token_form(an_assertion()))

    reply, _ = a_server([]).answer(ask)

    assert "client_assertion_invalid" == reply.code


def test_the_keys_of_these_tests_are_good() -> None:
    """Otherwise the refusals above would prove nothing."""
    assert CLIENT_KEY.public["kid"] == verification_key(CLIENT_KEY.public).kid
