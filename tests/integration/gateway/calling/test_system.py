"""A system at a gateway that asks for nonces, over real sockets."""

import base64
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

import pytest

from auth.client import ClientKey, new_client_key
from gateway.calling.system import RENEW_BEFORE_S, System, TokenRefused
from gateway.calling.wire import Unanswered, send
from tests.callees import (
    FINE,
    NONCE_AT_THE_ENDPOINT,
    NONCE_PLEASE,
    NOON_S,
    Desk,
    Reply,
    a_token,
    serving,
)

KEY = new_client_key()


def a_system(gateway: str, *, clock: Callable[[], float] = lambda: NOON_S, **more: Any) -> System:
    """Return a caller whose tokens are bound to its key."""
    return System(gateway, "motcua-xa", KEY, clock=clock, **more)


def said_in(proof: str) -> dict[str, Any]:
    """Return the claims of *proof*."""
    middle = proof.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))


def test_a_question_goes_out_with_its_token_and_a_proof_of_this_very_request() -> None:
    """Method and address are in the proof, so that it fits no other request."""
    desk = Desk([a_token()], [FINE])
    with serving(desk) as gateway:
        answer = a_system(gateway).ask("dancu.xacthuc", {"subject": {}})

        ((headers, _),) = desk.sent("/v1/data/dancu.xacthuc")
        proof = said_in(headers["DPoP"])
        assert ("ok", {"khop": True}) == (answer.code, answer.body["record"])
        assert "DPoP t-1" == headers["Authorization"]
        assert ("POST", f"{gateway}/v1/data/dancu.xacthuc") == (proof["htm"], proof["htu"])
        assert "ath" in proof


def test_a_nonce_is_taken_once_and_remembered() -> None:
    """Two refusals cost one repetition each; afterwards nothing is sent twice."""
    desk = Desk([NONCE_AT_THE_ENDPOINT, a_token()], [NONCE_PLEASE, FINE])
    with serving(desk) as gateway:
        system = a_system(gateway)
        first = system.ask("dancu.xacthuc", {})
        second = system.ask("dancu.xacthuc", {})

    asked = [said_in(headers["DPoP"]) for headers, _ in desk.sent("/v1/data/dancu.xacthuc")]
    assert ("ok", "ok") == (first.code, second.code)
    assert ["n-8", "n-9", "n-9"] == [each["nonce"] for each in asked]
    assert 2 == len(desk.sent("/oauth/token"))


def test_a_gateway_that_never_takes_its_own_nonce_is_asked_twice_only() -> None:
    """Otherwise two broken sides would talk to each other until one of them dies."""
    desk = Desk([a_token()], [NONCE_PLEASE])
    with serving(desk) as gateway:
        answer = a_system(gateway).ask("dancu.xacthuc", {})

    assert "dpop_nonce_required" == answer.code
    assert 2 == len(desk.sent("/v1/data/dancu.xacthuc"))


def test_a_token_is_kept_until_shortly_before_its_end() -> None:
    """Each new one costs the gateway a row and two signatures."""
    now = [NOON_S]
    desk = Desk([a_token("t-1"), a_token("t-2")], [FINE])
    with serving(desk) as gateway:
        system = a_system(gateway, clock=lambda: now[0])
        kept = [system.token(), system.token()]
        now[0] += 300 - RENEW_BEFORE_S + 1
        kept.append(system.token())
        system.forget()
        system.token()

    assert ["t-1", "t-1", "t-2"] == kept
    assert 3 == len(desk.sent("/oauth/token"))


def test_a_system_behind_an_official_asks_for_a_token_of_both() -> None:
    """The official's token goes to the token endpoint alone, never along with a question."""
    desk = Desk([a_token()], [FINE])
    with serving(desk) as gateway:
        a_system(gateway, official=lambda: "id-token-of-binh").ask("dancu.tracuu", {})

    ((_, form),) = desk.sent("/oauth/token")
    ((headers, body),) = desk.sent("/v1/data/dancu.tracuu")
    assert ["id-token-of-binh"] == parse_qs(form)["subject_token"]
    assert "id-token-of-binh" not in body + str(headers)


def test_a_refused_token_says_why() -> None:
    """The person at the keyboard has to know which side to mend."""
    refusal: Reply = (401, {}, {"error": "invalid_client", "code": "client_unknown"})
    with serving(Desk([refusal], [FINE])) as gateway, pytest.raises(TokenRefused) as refused:
        a_system(gateway).ask("dancu.xacthuc", {})

    assert "client_unknown" == str(refused.value)
    assert "invalid_client" == refused.value.answer.body["error"]


def test_a_token_that_is_not_bound_is_not_used() -> None:
    """Whoever stands between might have taken the proof away, to use the token as well."""
    plain: Reply = (200, {}, {"access_token": "t", "token_type": "Bearer", "expires_in": 300})
    desk = Desk([plain], [FINE])
    with serving(desk) as gateway, pytest.raises(TokenRefused):
        a_system(gateway).ask("dancu.xacthuc", {})

    assert [] == desk.sent("/v1/data/dancu.xacthuc")


def test_the_issuers_name_is_in_the_proof_when_the_gateway_is_reached_otherwise() -> None:
    """Behind a proxy the address that a caller dials is not the one that is proven for."""
    desk = Desk([a_token()], [FINE])
    with serving(desk) as gateway:
        a_system(gateway, issuer="https://motlan.example").ask("dancu.xacthuc", {})

    ((headers, _),) = desk.sent("/v1/data/dancu.xacthuc")
    assert "https://motlan.example/v1/data/dancu.xacthuc" == said_in(headers["DPoP"])["htu"]


@pytest.mark.parametrize("content", [b"<html>", b"\xff\xfe", b'{"a":'], ids=repr)
def test_what_is_no_answer_of_a_gateway_is_told_apart(content: bytes) -> None:
    """A proxy's page of HTML is no problem document, and its text is not repeated."""
    with serving(Desk([a_token()], [(200, {}, content)])) as gateway:
        with pytest.raises(Unanswered) as unanswered:
            send(gateway, "POST", "/v1/data/x")

        assert gateway in str(unanswered.value)
        assert "html" not in str(unanswered.value)


def test_nobody_there_is_told_apart() -> None:
    """The port was free a moment ago, so nobody listens."""
    with serving(Desk([a_token()], [FINE])) as gateway:
        pass
    with pytest.raises(Unanswered):
        send(gateway, "POST", "/v1/data/x")


def test_the_default_key_is_never_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """A system is printed by accident one day."""
    key: ClientKey = new_client_key()
    print(System("http://127.0.0.1:1", "motcua-xa", key))  # noqa: T201

    assert key.private["d"] not in capsys.readouterr().out
