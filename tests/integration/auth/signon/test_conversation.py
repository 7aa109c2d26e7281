"""What we say to a provider, word by word."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from auth.jose import public_jwk, signing_key, verification_key, verified
from auth.outbound import Outbound
from auth.signon.conversation import MOST_UNDER_WAY, Conversation, Tokens
from auth.signon.metadata import Metadata, judge
from auth.signon.refusals import Ending, SignOnRefused
from tests.scripted_provider import Asked, Said, Script, a_script, told
from tests.sign_on_builders import (
    ATTEMPT,
    LOOPBACK,
    NOW,
    ORIGIN,
    OURS,
    a_provider_value,
    an_attempt,
    segments,
)

PUSHED = told({"request_uri": "urn:x:1", "expires_in": 60}, 201)
GIVEN = told({"id_token": "a.b.c", "access_token": "token-1", "token_type": "DPoP"})


@pytest.fixture
async def script() -> AsyncIterator[Script]:
    """Give a provider that binds tokens and takes pushed requests."""
    async with a_script() as made:
        made.publish(dpop_signing_alg_values_supported=["ES256"])
        made.lines |= {"/par": PUSHED, "/token": GIVEN}
        yield made


def conversation(script: Script, timeout_s: float = 5) -> Conversation:
    """Return our side."""
    provider = a_provider_value(issuer=script.base)
    return Conversation(provider, Outbound(networks=LOOPBACK, timeout_s=timeout_s), lambda _: OURS)


def metadata(script: Script) -> Metadata:
    """Return what the provider says about itself."""
    line = script.lines["/.well-known/openid-configuration"]
    assert isinstance(line, Said)
    return judge(line.body, script.base)


async def test_a_pushed_request_holds_everything_and_proves_us(script: Script) -> None:
    """The browser carries a reference, and the provider knows who made it."""
    address = await conversation(script).address(metadata(script), ATTEMPT, NOW)
    form = script.asked[-1].form

    assert {"client_id": ["motlan"], "request_uri": ["urn:x:1"]} == parse_qs(
        urlsplit(address).query
    )
    expected = {
        "response_type": "code",
        "client_id": "motlan",
        "redirect_uri": f"{ORIGIN}/sign-on/staff/callback",
        "scope": "openid",
        "state": ATTEMPT.state,
        "nonce": ATTEMPT.nonce,
        "code_challenge": ATTEMPT.challenge,
        "code_challenge_method": "S256",
        "acr_values": "urn:motlan:acr:1 urn:motlan:acr:2",
        "max_age": "28800",
    }
    assert expected == {name: form[name] for name in form if not name.startswith("client_a")}
    assert ATTEMPT.verifier not in str(form)


async def test_our_proof_is_for_the_issuer_and_for_a_minute(script: Script) -> None:
    """A proof that names a token endpoint can be played to another one."""
    await conversation(script).address(metadata(script), ATTEMPT, NOW)
    assertion = script.asked[-1].form["client_assertion"]
    ours = verification_key(public_jwk(OURS))
    verified(assertion, types=frozenset({"jwt"}), keys=lambda _: [ours])
    header, claims = segments(assertion)

    assert ("ES256", OURS.kid) == (header["alg"], header["kid"])
    assert ("motlan", "motlan", script.base) == (claims["iss"], claims["sub"], claims["aud"])
    assert 60 == claims["exp"] - claims["iat"]
    assert claims["iat"] < NOW.timestamp() < claims["exp"]


async def test_without_pushing_the_browser_carries_the_request(script: Script) -> None:
    """Not every provider offers it."""
    script.publish(pushed_authorization_request_endpoint=None)
    address = await conversation(script).address(
        metadata(script), an_attempt(level=2, max_age=60), NOW
    )
    query = parse_qs(urlsplit(address).query)

    assert (["login"], ["60"], ["urn:motlan:acr:2"]) == (
        query["prompt"],
        query["max_age"],
        query["acr_values"],
    )
    assert [] == script.asked


async def test_a_bound_token_is_asked_for_with_the_provider_s_nonce(script: Script) -> None:
    """The first proof learns the nonce, the second carries it, and each assertion is new."""

    def once_without(asked: Asked) -> Said:
        if segments(asked.headers["dpop"])[1].get("nonce") == "nonce-1":
            return GIVEN
        return told({"error": "use_dpop_nonce"}, 400, ("DPoP-Nonce", "nonce-1"))

    script.lines["/token"] = once_without
    tokens = await conversation(script).tokens(metadata(script), "code-1", ATTEMPT, NOW)
    first, second = (asked for asked in script.asked if asked.path == "/token")

    assert tokens.key is not None
    assert first.form["client_assertion"] != second.form["client_assertion"]
    header, claims = segments(second.headers["dpop"])
    assert ("dpop+jwt", "POST", f"{script.base}/token") == (
        header["typ"],
        claims["htm"],
        claims["htu"],
    )
    assert (ATTEMPT.verifier, "code-1", "authorization_code") == (
        second.form["code_verifier"],
        second.form["code"],
        second.form["grant_type"],
    )


async def test_more_claims_are_asked_for_with_the_bound_token(script: Script) -> None:
    """Whoever steals the token alone learns nothing about the person."""
    script.lines["/userinfo"] = told({"sub": "sub-Ab1", "SoDinhDanh": "003190000123"})
    talk = conversation(script)
    tokens = await talk.tokens(metadata(script), "code-1", ATTEMPT, NOW)
    found = await talk.userinfo(metadata(script), tokens, "sub-Ab1", NOW)
    asked = script.asked[-1]

    assert "003190000123" == found["SoDinhDanh"]
    assert "DPoP token-1" == asked.headers["authorization"]
    assert tokens.key is not None
    proof = segments(asked.headers["dpop"])
    assert {"ath", "htm", "htu", "iat", "jti"} == proof[1].keys()
    assert signing_key(tokens.key.private).kid == tokens.key.public["kid"]


async def test_userinfo_may_want_a_nonce_of_its_own(script: Script) -> None:
    """RFC 9449 section 9: the resource has nonces too."""

    def once_without(asked: Asked) -> Said:
        if segments(asked.headers["dpop"])[1].get("nonce") == "nonce-2":
            return told({"sub": "sub-Ab1"})
        return Said(401, b"", (("DPoP-Nonce", "nonce-2"),))

    script.lines["/userinfo"] = once_without
    talk = conversation(script)
    tokens = await talk.tokens(metadata(script), "code-1", ATTEMPT, NOW)

    assert {"sub": "sub-Ab1"} == await talk.userinfo(metadata(script), tokens, "sub-Ab1", NOW)


WRONG: dict[str, tuple[Said, Ending]] = {
    "another person": (told({"sub": "other"}), Ending.PROVIDER_UNTRUSTED),
    "nobody": (told({}), Ending.PROVIDER_UNTRUSTED),
    "signed, which we did not ask for": (Said(200, b"a.b.c"), Ending.PROVIDER_UNTRUSTED),
    "no": (Said(403), Ending.PROVIDER_REFUSED),
    "a fault": (Said(500), Ending.PROVIDER_UNAVAILABLE),
    "too much": (Said(200, b"x" * 300_000), Ending.PROVIDER_UNAVAILABLE),
}


@pytest.mark.parametrize("case", WRONG)
async def test_userinfo_that_is_wrong_adds_nothing(script: Script, case: str) -> None:
    """Nothing but the comparison of `sub` ties it to the ID token."""
    script.lines["/userinfo"], ending = WRONG[case]
    tokens = Tokens(id_token="a.b.c", access_token="token-1")

    with pytest.raises(SignOnRefused) as refused:
        await conversation(script).userinfo(metadata(script), tokens, "sub-Ab1", NOW)
    assert ending is refused.value.ending


ANSWERS: dict[str, tuple[Said, Ending]] = {
    "refused client": (told({"error": "invalid_client"}, 401), Ending.PROVIDER_REFUSED),
    "refused code": (told({"error": "invalid_grant"}, 400), Ending.PROVIDER_REFUSED),
    "no word": (Said(400, b"<html>"), Ending.PROVIDER_REFUSED),
    "redirect": (Said(302, b"", (("Location", "http://10.0.0.1/"),)), Ending.PROVIDER_REFUSED),
    "busy": (Said(429), Ending.PROVIDER_UNAVAILABLE),
    "fault": (Said(502), Ending.PROVIDER_UNAVAILABLE),
    "no ID token": (told({"access_token": "a"}), Ending.PROVIDER_UNTRUSTED),
    "garbled": (Said(200, b'{"id_token": "a'), Ending.PROVIDER_UNTRUSTED),
    "twice": (Said(200, b'{"id_token": "a", "id_token": "b"}'), Ending.PROVIDER_UNTRUSTED),
    "empty token": (told({"id_token": "a", "access_token": ""}), Ending.PROVIDER_UNTRUSTED),
    "two lines": (told({"id_token": "a", "access_token": "b\nc"}), Ending.PROVIDER_UNTRUSTED),
    "odd token": (told({"id_token": "a", "access_token": "đ"}), Ending.PROVIDER_UNTRUSTED),
}


@pytest.mark.parametrize("case", ANSWERS)
async def test_a_code_that_is_not_exchanged_ends_by_what_was_said(
    script: Script, case: str
) -> None:
    """An operator reads what to put right; the person reads whether to try again."""
    script.lines["/token"], ending = ANSWERS[case]

    with pytest.raises(SignOnRefused) as refused:
        await conversation(script).tokens(metadata(script), "secret-code", ATTEMPT, NOW)
    assert ending is refused.value.ending
    assert "secret-code" not in refused.value.fact


@pytest.mark.parametrize("name", ["", "urn:x\r\nSet-Cookie: a=b", "urn:" + "x" * 2048, "đ"])
async def test_a_pushed_request_has_a_name_that_can_travel(script: Script, name: str) -> None:
    """It becomes part of the address that we send a browser to."""
    script.lines["/par"] = told({"request_uri": name, "expires_in": 60}, 201)

    with pytest.raises(SignOnRefused) as refused:
        await conversation(script).address(metadata(script), ATTEMPT, NOW)
    assert Ending.PROVIDER_UNTRUSTED is refused.value.ending


async def test_without_a_place_to_ask_there_is_nothing_more(script: Script) -> None:
    """Then the ID token has to say it all."""
    script.publish(userinfo_endpoint=None)
    tokens: Any = Tokens(id_token="a.b.c", access_token="token-1")

    assert {} == await conversation(script).userinfo(metadata(script), tokens, "sub-Ab1", NOW)
    assert "Tokens()" == repr(tokens)


async def test_a_silent_provider_does_not_take_every_connection(script: Script) -> None:
    """People at the other provider, and systems, must not notice."""
    script.lines["/token"] = Said(after_s=60)
    talk = conversation(script, timeout_s=2)
    asking = [
        asyncio.ensure_future(talk.tokens(metadata(script), "code-1", ATTEMPT, NOW))
        for _ in range(MOST_UNDER_WAY)
    ]
    await asyncio.sleep(0)  # each has begun, and waits

    with pytest.raises(SignOnRefused) as refused:
        await talk.tokens(metadata(script), "code-1", ATTEMPT, NOW)
    assert "too many wait for it already" == refused.value.fact
    ends = await asyncio.gather(*asking, return_exceptions=True)
    assert {Ending.PROVIDER_UNAVAILABLE} == {
        end.ending for end in ends if isinstance(end, SignOnRefused)
    }
    script.lines["/token"] = GIVEN
    assert "a.b.c" == (await talk.tokens(metadata(script), "c", ATTEMPT, NOW)).id_token
