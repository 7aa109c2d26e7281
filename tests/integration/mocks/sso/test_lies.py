"""Each lie is told, as described, and only as often as ordered."""

import hmac
from base64 import b64decode
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet

from mocks.sso.lies import Lie
from tests.integration.mocks.sso.publishing import receiving
from tests.integration.mocks.sso.reading import claims, header
from tests.integration.mocks.sso.relying import Party
from tests.sso import Provider, answered

Claims = Mapping[str, Any]

IN_CLAIMS: dict[Lie, Callable[[Claims], bool]] = {
    Lie.WRONG_NONCE: lambda told: told["nonce"] != "nonce-1",
    Lie.MISSING_NONCE: lambda told: "nonce" not in told,
    Lie.WRONG_AUDIENCE: lambda told: told["aud"] == "another-client",
    Lie.TWO_AUDIENCES: lambda told: told["aud"] == ["motlan", "another-client"],
    Lie.WRONG_TOKEN_ISSUER: lambda told: told["iss"].startswith("https://elsewhere.invalid"),
    Lie.EXPIRED: lambda told: told["exp"] < told["auth_time"],
    Lie.LOW_LEVEL: lambda told: told["acr"] == "urn:motlan:acr:1",
    Lie.OLD_SIGN_ON: lambda told: told["iat"] - told["auth_time"] >= 86_400,
    Lie.MISSING_CLAIMS: lambda told: not {"sub", "TechID"} & told.keys(),
}
IN_ANSWERS: dict[Lie, Callable[[Claims], bool]] = {
    Lie.WRONG_ISS: lambda told: told["iss"].startswith("https://elsewhere.invalid"),
    Lie.MISSING_ISS: lambda told: "iss" not in told,
    Lie.WRONG_STATE: lambda told: told["state"] != "state-1",
    Lie.MISSING_STATE: lambda told: "state" not in told,
    Lie.DENIED: lambda told: told["error"] == "access_denied",
    Lie.OTHER_CODE: lambda told: set(told["code"]) == {"c"},
}
IN_SEALS = {Lie.UNSIGNED, Lie.SHARED_SECRET, Lie.OTHER_KEY, Lie.KEY_INSIDE, Lie.DUPLICATE_MEMBER}
IN_LOGOUTS: dict[Lie, Callable[[Claims], bool]] = {
    Lie.LOGOUT_WITH_NONCE: lambda told: "nonce" in told,
    Lie.LOGOUT_WITHOUT_EVENT: lambda told: "events" not in told,
    Lie.LOGOUT_WRONG_AUDIENCE: lambda told: told["aud"] == "another-client",
    Lie.LOGOUT_EXPIRED: lambda told: told["exp"] - told["iat"] == 120,
}


async def id_token(party: Party) -> str:
    """Sign somebody on and return the ID token."""
    return (await party.redeem(await party.code("cb-0101"))).json()["id_token"]


async def published(party: Party) -> KeySet:
    """Return the realm's keys."""
    return KeySet([ECKey.import_key(key) for key in (await party.get("jwks")).json()["keys"]])


async def holds(party: Party, token: str) -> bool:
    """Say whether a published key signed *token*, as its header names it."""
    keys = await published(party)
    try:
        sealed = jws.extract_compact(token.encode())
        key = keys.get_by_kid(header(token).get("kid"))
        return jws.validate_compact(sealed, key, algorithms=["ES256"])
    except (JoseError, ValueError):
        return False


@pytest.mark.parametrize("lie", IN_CLAIMS)
async def test_a_lie_in_the_claims(staff: Party, sso: Provider, lie: Lie) -> None:
    """Signed by the right key, and not to be believed."""
    await sso.fault(lie)
    told = await id_token(staff)

    assert IN_CLAIMS[lie](claims(told))
    assert await holds(staff, told)
    assert not IN_CLAIMS[lie](claims(await id_token(staff)))


@pytest.mark.parametrize("lie", IN_ANSWERS)
async def test_a_lie_in_the_answer(staff: Party, sso: Provider, lie: Lie) -> None:
    """What the browser carries can be anybody's."""
    await sso.fault(lie)
    told = [answered(await sso.walk(await staff.begin(), "cb-0101")) for _ in range(2)]

    assert [True, False] == [_shows(IN_ANSWERS[lie], each) for each in told]


def _shows(check: Callable[[Claims], bool], told: Claims) -> bool:
    try:
        return check(told)
    except KeyError:
        return False


@pytest.mark.parametrize("lie", sorted(IN_SEALS - {Lie.DUPLICATE_MEMBER}))
async def test_a_seal_that_is_none(staff: Party, sso: Provider, lie: Lie) -> None:
    """The claims are right; nobody who may say so has said them."""
    await sso.fault(lie)
    told = await id_token(staff)

    assert "CB-0101" == claims(told)["ma_can_bo"]
    assert not await holds(staff, told)
    assert await holds(staff, await id_token(staff))


async def test_the_shared_secret_is_the_text_of_the_public_key(staff: Party, sso: Provider) -> None:
    """A verifier that lets the header choose the algorithm is fooled by exactly this."""
    await sso.fault(Lie.SHARED_SECRET)
    told = await id_token(staff)
    public = (await published(staff)).get_by_kid(header(told)["kid"])
    assert isinstance(public, ECKey)
    text, _, seal = told.rpartition(".")
    digest = hmac.digest(public.as_pem(private=False), text.encode(), "sha256")

    assert "HS256" == header(told)["alg"]
    assert digest == b64decode(seal + "==", altchars=b"-_")


async def test_the_key_inside_is_the_one_that_signed(staff: Party, sso: Provider) -> None:
    """A verifier that takes the key from the token is fooled by exactly this."""
    await sso.fault(Lie.KEY_INSIDE)
    told = await id_token(staff)
    key = ECKey.import_key(header(told)["jwk"])

    assert jws.validate_compact(jws.extract_compact(told.encode()), key, algorithms=["ES256"])


async def test_a_member_stands_twice(staff: Party, sso: Provider) -> None:
    """Two readers would believe another `sub` each."""
    await sso.fault(Lie.DUPLICATE_MEMBER)
    told = await id_token(staff)
    text = b64decode(told.split(".")[1] + "==", altchars=b"-_").decode()

    assert 2 == text.count('"sub":')
    assert await holds(staff, told)


async def test_lies_of_the_metadata(staff: Party, sso: Provider) -> None:
    """Another issuer's document, and a token endpoint on another host."""
    await sso.fault(Lie.WRONG_DISCOVERY_ISSUER)
    await sso.fault(Lie.FOREIGN_ENDPOINT)
    told, again = [(await staff.get(".well-known/openid-configuration")).json() for _ in range(2)]

    assert staff.issuer == again["issuer"] != told["issuer"]
    assert told["token_endpoint"].startswith("https://elsewhere.invalid/")
    assert f"{staff.issuer}/token" == again["token_endpoint"]


async def test_the_other_lies(staff: Party, sso: Provider) -> None:
    """A push refused, no keys, userinfo about somebody else."""
    access = (await staff.redeem(await staff.code("cb-0101"))).json()["access_token"]
    bearer = {"Authorization": f"Bearer {access}"}
    for lie in (Lie.PUSH_REFUSED, Lie.EMPTY_KEYS, Lie.OTHER_USERINFO):
        await sso.fault(lie)

    assert [400, 201] == [(await staff.push()).status_code for _ in range(2)]
    assert [0, 1] == [len((await staff.get("jwks")).json()["keys"]) for _ in range(2)]
    said = [(await staff.get("userinfo", headers=bearer)).json()["sub"] for _ in range(2)]
    assert ["somebody-else", claims(access)["sub"]] == said


@pytest.mark.parametrize("lie", IN_LOGOUTS)
async def test_a_lie_in_a_logout_token(staff: Party, sso: Provider, lie: Lie) -> None:
    """A stranger who can end sessions can lock people out."""
    with receiving() as (url, tokens):
        await staff.register(backchannel_logout_uri=url)
        await staff.code("cb-0101")
        await sso.fault(lie)
        await sso.end_sessions()
        await sso.logouts_of(1)

    assert IN_LOGOUTS[lie](claims(tokens[0]))


async def test_an_unsigned_logout_token(staff: Party, sso: Provider) -> None:
    """The oldest trick."""
    with receiving() as (url, tokens):
        await staff.register(backchannel_logout_uri=url)
        await staff.code("cb-0101")
        await sso.fault(Lie.LOGOUT_UNSIGNED)
        await sso.end_sessions()
        await sso.logouts_of(1)

    assert "none" == header(tokens[0])["alg"]


def test_every_lie_is_tried_here() -> None:
    """One that nobody tells proves nothing about whoever believes it."""
    tried = {*IN_CLAIMS, *IN_ANSWERS, *IN_SEALS, *IN_LOGOUTS, Lie.LOGOUT_UNSIGNED}
    tried |= {Lie.WRONG_DISCOVERY_ISSUER, Lie.FOREIGN_ENDPOINT}
    tried |= {Lie.PUSH_REFUSED, Lie.EMPTY_KEYS, Lie.OTHER_USERINFO}

    assert set(Lie) == tried


async def test_a_lie_can_last_and_be_stopped_in_one_realm_alone(
    staff: Party, citizens: Party, sso: Provider
) -> None:
    """Tests order what they need and leave nothing behind."""
    await staff.register()
    await sso.fault(Lie.EMPTY_KEYS, times=-1, realm="staff")
    lasting = [len((await staff.get("jwks")).json()["keys"]) for _ in range(3)]
    elsewhere = len((await citizens.get("jwks")).json()["keys"])
    await sso.fault(Lie.EMPTY_KEYS, times=0)

    assert ([0, 0, 0], 1) == (lasting, elsewhere)
    assert 1 == len((await staff.get("jwks")).json()["keys"])
