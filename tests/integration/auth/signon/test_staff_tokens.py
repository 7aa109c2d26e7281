"""An official's access token, judged for token exchange."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from auth.errors import PartyError, TokenExpired, TokenInvalid, TokenMissing
from auth.jose import new_private_jwk, signing_key
from auth.outbound import Outbound
from auth.signon.published import Published
from auth.signon.refusals import Ending, SignOnRefused
from auth.signon.signed_on import Realm
from auth.signon.staff_tokens import StaffTokens
from tests.scripted_provider import Script, a_script
from tests.sign_on_builders import LOOPBACK, NOW, a_provider_value, sealed

US = "https://gateway.example"
SECONDS = int(NOW.timestamp())


@pytest.fixture
async def script() -> AsyncIterator[Script]:
    """Give a staff provider."""
    async with a_script() as made:
        made.publish()
        yield made


def judges(script: Script, realm: Realm = Realm.STAFF) -> StaffTokens:
    """Return what judges the tokens of one provider."""
    published = Published(script.base, Outbound(networks=LOOPBACK))
    provider = a_provider_value(issuer=script.base, realm=realm)
    return StaffTokens({"staff": provider}, {"staff": published}, US)


def members(script: Script, **changes: Any) -> dict[str, Any]:
    """Return the claims of a good token; a change to None leaves a claim out."""
    good = {
        "iss": script.base,
        "sub": "sub-Ab1",
        "aud": US,
        "client_id": "h99-05-permits",
        "iat": SECONDS,
        "exp": SECONDS + 300,
        "auth_time": SECONDS - 60,
        "jti": "token-1",
        "acr": "urn:motlan:acr:2",
        "loAs": "2",
        "amr": ["pwd", "hwk"],
        "TechID": "tech-77",
        "name": "Trần Thị Bình",
        "ma_can_bo": "CB-0001",
        "ma_don_vi": "H99.05",
    }
    return {name: value for name, value in (good | changes).items() if value is not None}


async def test_a_token_proves_which_official_of_which_agency(script: Script) -> None:
    """And how strongly the official signed on, and to which application it was given."""
    token = sealed(members(script, cnf={"jkt": "thumb"}), typ="at+jwt")
    found = await judges(script).judge(token, NOW)

    assert ("tech-77", "CB-0001", "H99.05", "Trần Thị Bình") == (
        found.link,
        found.staff_number,
        found.agency,
        found.name,
    )
    assert (2, "h99-05-permits", "thumb", SECONDS + 300) == (
        found.level,
        found.client_id,
        found.key_thumbprint,
        found.expires_at,
    )
    assert "StaffToken(provider='staff', level=2)" == repr(found)


@pytest.mark.parametrize(
    "changes",
    [
        *({"iss": "https://other.example"}, {"iss": None}, {"aud": "https://other.example"}),
        *({"aud": [US, "https://other.example"]}, {"aud": None}, {"client_id": None}),
        *({"iat": SECONDS + 11, "exp": SECONDS + 300}, {"nbf": SECONDS + 11}),
        *({"exp": SECONDS + 28_801}, {"auth_time": SECONDS + 11}, {"auth_time": -1}),
        *({"auth_time": None}, {"sub": ""}, {"sub": "\ud800"}, {"ma_can_bo": "003190000123"}),
        *({"acr": None, "loAs": None}, {"acr": "urn:x:other"}, {"cnf": "text"}, {"exp": 10**400}),
    ],
    ids=str,
)
async def test_one_wrong_claim_is_enough(script: Script, changes: dict[str, Any]) -> None:
    """Whoever could bend one could act as any official."""
    with pytest.raises(TokenInvalid):
        await judges(script).judge(sealed(members(script, **changes), typ="at+jwt"), NOW)


async def test_a_token_s_end_is_its_end(script: Script) -> None:
    """To the second."""
    with pytest.raises(TokenExpired):
        await judges(script).judge(
            sealed(members(script, iat=SECONDS - 300, exp=SECONDS), typ="at+jwt"), NOW
        )
    with pytest.raises(TokenMissing):
        await judges(script).judge("", NOW)


async def test_only_access_tokens_signed_by_the_provider_count(script: Script) -> None:
    """An ID token shows who somebody is to an application, and lends that application nothing."""
    stranger = signing_key(new_private_jwk("ES256"))
    good = members(script)
    hostile = [
        *(sealed(good), sealed(good, typ="logout+jwt"), sealed(good, typ="at+jwt", key=stranger)),
        *("a.b.c", sealed(good, typ="at+jwt")[:-3], "x" * 9000),
    ]

    for token in hostile:
        with pytest.raises(TokenInvalid):
            await judges(script).judge(token, NOW)


async def test_citizens_act_through_no_system(script: Script) -> None:
    """Their provider's tokens are no officials' tokens, however well signed."""
    with pytest.raises(TokenInvalid):
        await judges(script, Realm.CITIZENS).judge(sealed(members(script), typ="at+jwt"), NOW)
    assert [] == script.asked


async def test_a_provider_that_is_away_is_told_apart_from_a_bad_token(script: Script) -> None:
    """The system may try again; its token may be good."""
    script.lines.clear()

    with pytest.raises(SignOnRefused) as refused:
        await judges(script).judge(sealed(members(script), typ="at+jwt"), NOW)
    assert Ending.PROVIDER_UNAVAILABLE is refused.value.ending
    assert isinstance(refused.value, PartyError)
