"""A certified relying party judges the stand-in that our own one is tried with.

What it takes is right, and what it refuses is wrong: our tests are neither too easy nor too hard.
"""

from collections.abc import AsyncGenerator
from typing import Any

import pytest

from auth.client import new_client_key
from mocks.sso.lies import Lie
from tests.outside.judges import Node
from tests.outside.others_client import OthersClient, others_client
from tests.sso import CLIENT_ID, Provider, a_client, a_provider

KEY = new_client_key()
CALLBACK, AFTER = "http://127.0.0.1:9/callback", "http://127.0.0.1:9/after"
LEVEL_2 = "urn:motlan:acr:2"


@pytest.fixture
async def sso() -> AsyncGenerator[Provider]:
    """Give the stand-in; the program is registered there."""
    known = a_client(CALLBACK, key=KEY.public, post_logout_redirect_uris=(AFTER,))
    async with a_provider(known) as provider:
        yield provider


@pytest.fixture
async def party(node: Node) -> AsyncGenerator[OthersClient]:
    """Give the program."""
    del node  # skips where Node or its packages are missing
    async with others_client() as client:
        yield client


async def begun(party: OthersClient, sso: Provider, realm: str) -> dict[str, Any]:
    """Begin a sign-on; return where the browser goes, or why not."""
    return await party.ask(
        issuer=sso.issuer(realm),
        client_id=CLIENT_ID,
        jwk=KEY.private,
        redirect_uri=CALLBACK,
        after=AFTER,
        acr=LEVEL_2,
    )


async def finished(party: OthersClient, sso: Provider, realm: str, persona: str) -> dict[str, Any]:
    """Sign *persona* on; return what the program believes, or why it does not."""
    answer = await begun(party, sso, realm)
    if "refused" in answer:
        return answer
    return await party.ask(callback=await sso.walk(answer["url"], persona))


@pytest.mark.parametrize(("realm", "persona"), [("staff", "cb-0101"), ("citizens", "p01")])
async def test_it_signs_people_on(
    party: OthersClient, sso: Provider, realm: str, persona: str
) -> None:
    """Discovery, keys, pushed request, proof, PKCE, issuer, nonce, age, userinfo, logout."""
    told = await finished(party, sso, realm, persona)

    assert "refused" not in told, told
    assert (sso.issuer(realm), LEVEL_2) == (told["claims"]["iss"], told["claims"]["acr"])
    assert told["claims"]["sub"] == told["userinfo"]["sub"]
    assert AFTER == await sso.browser.leave(told["logout"])


# Nobody asked it to look at the level; logout tokens go to a server, which it is not.
SEEN = [lie for lie in Lie if lie is not Lie.LOW_LEVEL and not lie.startswith("logout-")]


async def test_it_refuses_what_our_stand_in_calls_a_lie(party: OthersClient, sso: Provider) -> None:
    """Each by itself; and afterwards it believes again."""
    believed: list[str] = []
    for lie in SEEN:
        await sso.fault(lie, realm="staff")
        told = await finished(party, sso, "staff", "cb-0101")
        if "refused" not in told:
            believed.append(lie)
        await sso.fault(lie, times=0)
    after = await finished(party, sso, "staff", "cb-0101")

    assert [] == believed
    assert "CB-0101" == after["userinfo"]["ma_can_bo"]
