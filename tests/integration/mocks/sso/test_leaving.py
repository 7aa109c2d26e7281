"""How sessions end at the stand-in, and who is told."""

from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from tests.integration.mocks.sso.publishing import receiving
from tests.integration.mocks.sso.reading import claims, header, schema
from tests.integration.mocks.sso.relying import AFTER, Party
from tests.sso import Browser, Provider, answered


async def tokens_of(party: Party, browser: Browser, persona: str = "cb-0001") -> dict[str, Any]:
    """Sign *persona* on in *browser* and return the tokens."""
    where = await browser.walk(await party.begin(), persona)
    return (await party.redeem(answered(where)["code"])).json()


def leaving(party: Party, **query: str) -> str:
    """Return the address of the provider's logout."""
    return f"{party.issuer}/logout?{urlencode(query)}"


async def test_a_hint_ends_the_session_and_leads_back(staff: Party, sso: Provider) -> None:
    """RP-Initiated Logout 1.0: the browser comes back with the state it took along."""
    tokens = await tokens_of(staff, sso.browser)
    hint = {"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": AFTER, "state": "s"}

    assert f"{AFTER}?state=s" == await sso.browser.leave(leaving(staff, **hint))
    assert [] == await sso.sessions("staff")


async def test_the_hint_can_be_posted(staff: Party, sso: Provider) -> None:
    """An address is logged everywhere; a body is not."""
    tokens = await tokens_of(staff, sso.browser)
    async with httpx.AsyncClient() as client:
        reply = await client.post(
            f"{staff.issuer}/logout", data={"id_token_hint": tokens["id_token"]}
        )

    assert 200 == reply.status_code
    assert [] == await sso.sessions("staff")


async def test_a_session_id_is_hint_enough(staff: Party, sso: Provider) -> None:
    """Whoever keeps tokens out of addresses names the session by its id."""
    told = claims((await tokens_of(staff, sso.browser))["id_token"])
    query = {"logout_hint": told["sid"], "client_id": "motlan", "post_logout_redirect_uri": AFTER}

    assert AFTER == await sso.browser.leave(leaving(staff, **query))
    assert [] == await sso.sessions("staff")


async def test_without_a_hint_the_person_is_asked(staff: Party, sso: Provider) -> None:
    """A stranger's link must not log people out."""
    await tokens_of(staff, sso.browser)
    async with httpx.AsyncClient() as stranger:
        page = await stranger.get(leaving(staff))
    open_before = len(await sso.sessions("staff"))
    await sso.browser.leave(leaving(staff))

    assert 'name="confirmed"' in page.text
    assert (1, []) == (open_before, await sso.sessions("staff"))


@pytest.mark.parametrize(
    "query",
    [
        {"id_token_hint": "x.y.z"},
        {"client_id": "motlan", "post_logout_redirect_uri": f"{AFTER}/"},
        {"post_logout_redirect_uri": AFTER},
    ],
    ids=str,
)
async def test_a_logout_that_proves_nothing_leads_nowhere(
    staff: Party, query: dict[str, str]
) -> None:
    """An open redirector at logout serves phishing as well as one at sign-on."""
    async with httpx.AsyncClient() as client:
        reply = await client.get(leaving(staff, **query))

    assert 400 == reply.status_code
    assert "location" not in reply.headers


async def test_every_client_of_the_session_is_told(staff: Party, sso: Provider) -> None:
    """Back-channel logout: the session of the relying party ends without its browser."""
    with receiving() as (url, tokens):
        await staff.register(backchannel_logout_uri=url)
        told = claims((await tokens_of(staff, sso.browser))["id_token"])
        await sso.browser.leave(leaving(staff, logout_hint=told["sid"]))
        await sso.logouts_of(1)

    said = claims(tokens[0])
    assert "logout+jwt" == header(tokens[0])["typ"]
    assert [] == [*schema("LogoutToken").iter_errors(said)]
    assert (told["sid"], told["sub"], "motlan") == (said["sid"], said["sub"], said["aud"])


@pytest.mark.parametrize("status", [200, 400])
async def test_what_a_client_answers_is_remembered(
    staff: Party, sso: Provider, status: int
) -> None:
    """A test waits for it; an operator looks it up."""
    with receiving(status) as (url, _):
        await staff.register(backchannel_logout_uri=url)
        await tokens_of(staff, sso.browser)
        assert 1 == await sso.end_sessions()
        assert [{"client_id": "motlan", "status": status}] == await sso.logouts_of(1)


async def test_a_client_that_is_away_costs_nobody_anything(staff: Party, sso: Provider) -> None:
    """The session ends all the same."""
    await staff.register(backchannel_logout_uri="http://127.0.0.1:9/logout")
    await tokens_of(staff, sso.browser)
    await sso.end_sessions()

    assert [{"client_id": "motlan", "status": 0}] == await sso.logouts_of(1)


async def test_the_administration_ends_the_sessions_of_one_person(
    staff: Party, sso: Provider
) -> None:
    """Somebody leaves the office: his sessions end, his colleague's do not."""
    colleague = Browser()
    await tokens_of(staff, sso.browser, "cb-0001")
    await tokens_of(staff, colleague, "cb-0002")
    await colleague.close()

    assert 1 == await sso.end_sessions(persona="cb-0001")
    assert ["cb-0002"] == [each["persona"] for each in await sso.sessions("staff")]


async def test_signing_on_as_somebody_else_ends_the_session_before(
    staff: Party, sso: Provider
) -> None:
    """One browser, one person."""
    await tokens_of(staff, sso.browser, "cb-0001")
    await sso.browser.walk(await staff.begin(prompt="login"), "cb-0002")

    assert ["cb-0002"] == [each["persona"] for each in await sso.sessions("staff")]
