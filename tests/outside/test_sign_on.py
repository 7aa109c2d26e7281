"""A certified OpenID provider in its FAPI 2.0 mode signs people on at our relying party."""

import asyncio
from collections.abc import AsyncGenerator, Generator
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from msgspec.structs import replace

from auth.client import new_client_key
from auth.jose import new_private_jwk, public_jwk, signing_key
from auth.outbound import Outbound
from auth.signon.conversation import Conversation
from auth.signon.desk import SignOn
from gateway.api import cookies
from gateway.clock import utc_now
from tests.audit_rows import until
from tests.outside.judges import Node
from tests.outside.others_provider import (
    LEVEL_1,
    LEVEL_2,
    OthersProvider,
    Visitor,
    others_provider,
)
from tests.sign_on_builders import (
    LOOPBACK,
    ORIGIN,
    OURS,
    Kept,
    UsedUp,
    a_door,
    a_provider_value,
)
from tests.sign_on_servers import Browser, Gate, a_gate, prepare
from tests.sso import CLIENT_ID, Provider, answered

HA = {
    "sub": "ha",
    "TechID": "tech-ha",
    "HoVaTen": "Nguyễn Thị Thu Hà",
    "ma_can_bo": "CB-0001",
    "ma_don_vi": "H99.30.01",
}

ANH = {
    "sub": "anh",
    "TechID": "tech-anh",
    "HoVaTen": "Nguyễn Thị Ánh",
    "SoDinhDanh": "003190000123",
    "LoaiTaiKhoan": "1",
}
PEOPLE = {"ha": HA, "anh": ANH}


def our_client(**changes: Any) -> dict[str, Any]:
    """Return our registration in the words of RFC 7591."""
    return {
        "client_id": CLIENT_ID,
        "redirect_uris": [f"{ORIGIN}/sign-on/staff/callback"],
        "post_logout_redirect_uris": [f"{ORIGIN}/signed-out"],
        "response_types": ["code"],
        "grant_types": ["authorization_code"],
        "token_endpoint_auth_method": "private_key_jwt",
        "token_endpoint_auth_signing_alg": "ES256",
        "id_token_signed_response_alg": "ES256",
        "dpop_bound_access_tokens": True,
        "require_pushed_authorization_requests": True,
        "scope": "openid",
        "jwks": {"keys": [public_jwk(OURS)]},
        **changes,
    }


@pytest.fixture
def op(node: Node) -> Generator[OthersProvider]:
    """Give the provider, not configured."""
    del node  # skips where Node or its packages are missing
    with others_provider() as provider:
        yield provider


@pytest.fixture
async def gate(op: OthersProvider, database_url: str, tmp_path: Path) -> AsyncGenerator[Gate]:
    """Give our routes of sign-on in front of the provider."""
    async with a_gate(database_url, cast("Provider", op), tmp_path) as made:
        yield made


@pytest.fixture
async def visitor() -> AsyncGenerator[Visitor]:
    """Give a browser at the provider."""
    visitor = Visitor()
    yield visitor
    await visitor.close()


async def signed_on(
    browser: Browser,
    visitor: Visitor,
    persona: str = "ha",
    *,
    provider: str = "staff",
    **answer: str,
) -> httpx.Response:
    """Walk the whole way; return our last answer."""
    back = await visitor.walk(await browser.begin(provider), ORIGIN, persona, **answer)
    done = await browser.ask("GET", back)
    await browser.me()
    return done


async def stepped_up(browser: Browser, visitor: Visitor, **answer: str) -> httpx.Response:
    """Prove oneself again; return our last answer."""
    sent = await browser.ask("POST", "/sign-on/step-up", data={"target": "/me"})
    back = await visitor.walk(sent.headers["location"], ORIGIN, "ha", **answer)
    done = await browser.ask("GET", back)
    await browser.me()
    return done


async def test_an_official_signs_on_through_it(
    op: OthersProvider, gate: Gate, visitor: Visitor
) -> None:
    """Discovery, pushed request, PKCE, issuer, private_key_jwt, proof with nonce: it judges all."""
    account = await prepare(gate.dsn)
    op.configure(our_client(), PEOPLE)
    browser = Browser(gate)

    done = await signed_on(browser, visitor)
    me = await browser.me()

    assert (303, "/me") == (done.status_code, done.headers.get("location")), op.complaints
    assert (account, "H99.30.01", 2) == (me["account"], me["agency"], me["level"])
    assert {cookies.SESSION} == browser.cookies.keys()
    # its proof needs the provider's nonce; the first one, and only that, goes without
    assert ["use_dpop_nonce"] == [each["code"] for each in op.complaints]


async def test_whoever_is_signed_on_there_comes_through_and_proves_more_when_asked(
    op: OthersProvider, gate: Gate, visitor: Visitor
) -> None:
    """A step-up asks anew, whatever session the provider has; too little is refused."""
    await prepare(gate.dsn)
    op.configure(our_client(), PEOPLE)
    browser = Browser(gate)
    await signed_on(browser, visitor, acr=LEVEL_1)
    before = await browser.me()
    too_little = await stepped_up(browser, visitor, acr=LEVEL_1)
    still = await browser.me()
    enough = await stepped_up(browser, visitor)
    after = await browser.me()

    assert (1, 1, 2) == (before["level"], still["level"], after["level"])
    assert "assurance_too_low" == too_little.json()["code"]
    assert 303 == enough.status_code, op.complaints


async def test_whoever_refuses_there_is_nobody_here(
    op: OthersProvider, gate: Gate, visitor: Visitor
) -> None:
    """The provider's own words for no are understood."""
    op.configure(our_client(), PEOPLE)
    browser = Browser(gate)

    refused = await signed_on(browser, visitor, answer="no")

    assert "sign_on_cancelled" == refused.json()["code"]
    assert {} == browser.cookies


async def test_a_key_that_is_not_registered_gets_nobody_in(op: OthersProvider, gate: Gate) -> None:
    """The proof of who we are is looked at, and our refusal says what an operator must do."""
    op.configure(our_client(jwks={"keys": [new_client_key().public]}), PEOPLE)
    refused = await Browser(gate).ask("GET", "/sign-on/staff")

    async def heard() -> bool:
        return bool(op.complaints)

    assert "provider_refused" == refused.json()["code"]
    await until(heard)  # its words come through a pipe, later than its answer
    assert ["invalid_client"] == [each["code"] for each in op.complaints]


async def test_signing_out_here_signs_out_there(
    op: OthersProvider, gate: Gate, visitor: Visitor
) -> None:
    """The next sign-on asks again; the browser comes back to a page of ours."""
    await prepare(gate.dsn)
    op.configure(our_client(), PEOPLE)
    browser = Browser(gate)
    await signed_on(browser, visitor)

    out = await browser.ask("POST", "/sign-out")
    back = await visitor.leave(out.headers["location"])

    assert back.startswith(f"{ORIGIN}/signed-out")
    assert "token_missing" == (await browser.me())["code"]
    assert await visitor.is_asked(await browser.begin(), ORIGIN)


@pytest.mark.parametrize("named", [True, False], ids=["by its session", "by the person alone"])
async def test_signing_out_there_ends_the_session_here(
    op: OthersProvider, gate: Gate, visitor: Visitor, *, named: bool
) -> None:
    """Its logout token is the real thing (Back-Channel Logout 1.0), and is believed."""
    await prepare(gate.dsn)
    told = f"{gate.url}/sign-on/staff/backchannel"
    op.configure(
        our_client(backchannel_logout_uri=told, backchannel_logout_session_required=named), PEOPLE
    )
    browser = Browser(gate)
    await signed_on(browser, visitor)
    await visitor.leave(f"{op.url}/session/end")
    async with asyncio.timeout(30):
        while not op.events("backchannel.success"):
            assert not op.events("backchannel.error"), op.complaints
            await asyncio.sleep(0.05)

    assert "session_ended" == (await browser.me())["code"]
    assert ["session.open", "session.close"] == gate.words()


async def test_a_citizen_is_known_by_what_userinfo_says(
    op: OthersProvider, gate: Gate, visitor: Visitor
) -> None:
    """Its ID tokens say little; userinfo is asked with a bound token, and the number is there."""
    back = f"{ORIGIN}/sign-on/citizens/callback"
    op.configure(our_client(redirect_uris=[back]), PEOPLE)
    browser = Browser(gate)

    done = await signed_on(browser, visitor, "anh", provider="citizens")
    me = await browser.me()

    assert 303 == done.status_code, op.complaints
    assert (["citizen"], "Nguyễn Thị Ánh") == (me["roles"], me["name"])


async def test_our_other_algorithm_proves_us_as_well(op: OthersProvider, visitor: Visitor) -> None:
    """A gateway may be set to EdDSA; and what the provider proves is kept as it said it."""
    ours = signing_key(new_private_jwk("EdDSA"))
    registered = {"jwks": {"keys": [public_jwk(ours)]}, "token_endpoint_auth_signing_alg": "EdDSA"}
    op.configure(our_client(**registered), PEOPLE)
    provider = a_provider_value(issuer=op.url)
    conversation = Conversation(provider, Outbound(networks=LOOPBACK, timeout_s=10), lambda _: ours)
    desk = SignOn({"staff": replace(a_door(provider), conversation=conversation)}, Kept(), UsedUp())

    begun = await desk.begin("staff", target="/me", level=2, now=utc_now())
    back = await visitor.walk(begun.url, ORIGIN, "ha")
    proven, _ = await desk.finish(answered(back), begun.attempt, utc_now(), provider="staff")

    assert ("ha", "tech-ha", "CB-0001", 2) == (
        proven.sub,
        proven.link,
        proven.staff_number,
        proven.level,
    )
    assert LEVEL_2 == proven.acr
    assert abs(proven.auth_time - utc_now().timestamp()) < 60
