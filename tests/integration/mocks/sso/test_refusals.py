"""What the stand-in refuses, so that a relying party that forgets something is found out."""

from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from auth.client import new_client_key
from tests.integration.mocks.sso.relying import CALLBACK, Party, wishes
from tests.sso import Provider, a_client, answered


@pytest.mark.parametrize(
    "wish",
    [
        {"code_challenge_method": "plain"},
        {"code_challenge": ""},
        {"code_challenge": "short"},
        {"response_type": "token"},
        {"scope": "profile"},
        {"redirect_uri": f"{CALLBACK}/"},
        {"redirect_uri": f"{CALLBACK}?x=1"},
        {"prompt": "consent"},
        {"max_age": "-1"},
        {"request_uri": "urn:ietf:params:oauth:request_uri:x"},
    ],
    ids=str,
)
async def test_a_pushed_request_must_hold_what_fapi_demands(
    staff: Party, wish: dict[str, str]
) -> None:
    """A stand-in that takes less teaches less."""
    assert 400 == (await staff.push(**wish)).status_code


@pytest.mark.parametrize(
    "changed",
    [
        {"audience": "https://elsewhere.invalid"},
        {"later": -600},
        {"later": 90},
        {"life_s": 3600},
        {"client_id": "somebody-else"},
    ],
    ids=str,
)
async def test_an_assertion_must_prove_this_client_here_and_now(
    staff: Party, changed: dict[str, Any]
) -> None:
    """The provider's half of private_key_jwt (RFC 7523 section 3)."""
    reply = await staff.post("par", {**wishes(client_id=""), **staff.proof(**changed)})

    assert (401, "invalid_client") == (reply.status_code, reply.json()["error"])


async def test_an_assertion_is_good_once(staff: Party) -> None:
    """Whoever finds one in a log finds nothing."""
    proof = staff.proof()
    first, second = [await staff.post("par", {**wishes(), **proof}) for _ in range(2)]

    assert [201, 401] == [first.status_code, second.status_code]


async def test_nobody_gets_in_without_a_key_or_with_another(staff: Party, sso: Provider) -> None:
    """A secret, nothing, or a stranger's key: all the same."""
    stranger = Party(sso, "staff", new_client_key())
    answers = [
        await staff.post("par", wishes()),
        await staff.post("par", {**wishes(), "client_secret": "x"}),
        await staff.post("par", {**wishes(), **stranger.proof()}),
        await staff.post("par", {**wishes(), **staff.proof(), "client_assertion": "x.y.z"}),
    ]
    await stranger.close()

    assert [401] * 4 == [answer.status_code for answer in answers]


@pytest.mark.parametrize(
    "changed",
    [
        {"code_verifier": "w" * 43},
        {"code_verifier": ""},
        {"redirect_uri": "http://127.0.0.1:9/other"},
        {"code": "unknown"},
    ],
    ids=str,
)
async def test_a_code_is_for_whoever_began(staff: Party, changed: dict[str, str]) -> None:
    """A stolen code is worth nothing (RFC 7636)."""
    reply = await staff.redeem(await staff.code("cb-0001"), **changed)

    assert (400, "invalid_grant") == (reply.status_code, reply.json()["error"])


async def test_a_code_used_twice_takes_back_what_came_of_it(staff: Party) -> None:
    """Two hold it, and nobody knows which of them is honest (RFC 6749 section 4.1.2)."""
    code = await staff.code("cb-0001")
    token = (await staff.redeem(code)).json()["access_token"]
    again = await staff.redeem(code)
    said = await staff.get("userinfo", headers={"Authorization": f"Bearer {token}"})

    assert ["invalid_grant", "invalid_token"] == [again.json()["error"], said.json()["error"]]


async def test_a_code_of_another_client_is_no_code(staff: Party, sso: Provider) -> None:
    """Mix-up at the token endpoint."""
    other = Party(sso, "staff")
    await sso.register(a_client(CALLBACK, key=other.key.public), "other")
    form = {"grant_type": "authorization_code", "code": await staff.code("cb-0001")}
    reply = await other.post("token", {**form, **other.proof(client_id="other")})
    await other.close()

    assert "the code is another client's" == reply.json()["error_description"]


@pytest.mark.parametrize(("later", "status"), [(59, 200), (61, 400)])
async def test_a_code_lives_a_minute(
    staff: Party, sso: Provider, later: float, status: int
) -> None:
    """FAPI 2.0 section 5.3.2.1."""
    code = await staff.code("cb-0001")
    await sso.set_clock(later)

    reply = await staff.redeem(code, **staff.proof(later=later))

    assert status == reply.status_code


async def test_a_request_that_was_not_pushed_is_answered_to_nobody(staff: Party) -> None:
    """The staff realm demands pushing; the page says so, and leads nowhere."""
    async with httpx.AsyncClient() as client:
        reply = await client.get(f"{staff.issuer}/authorize?{urlencode(wishes())}")

    assert 400 == reply.status_code
    assert "location" not in reply.headers


async def test_a_pushed_request_is_good_once_and_for_its_client(
    staff: Party, sso: Provider
) -> None:
    """What somebody else pushed opens nothing here."""
    await sso.register(a_client(CALLBACK, key=staff.key.public), "other")
    url = await staff.begin()
    async with httpx.AsyncClient() as client:
        used = [(await client.get(url)).status_code for _ in range(2)]
        foreign = (await staff.begin()).replace("client_id=motlan", "client_id=other")
        strange = (await client.get(foreign)).status_code

    assert ([200, 400], 400) == (used, strange)


@pytest.mark.parametrize("wish", [{"redirect_uri": "https://evil.invalid/"}, {"client_id": "x"}])
async def test_nobody_is_sent_to_an_address_that_is_not_registered(
    citizens: Party, wish: dict[str, str]
) -> None:
    """An open redirector at the provider would carry codes away."""
    async with httpx.AsyncClient() as client:
        reply = await client.get(f"{citizens.issuer}/authorize?{urlencode(wishes(**wish))}")

    assert 400 == reply.status_code
    assert "location" not in reply.headers


async def test_a_wrong_request_to_a_right_address_comes_back_as_an_error(
    citizens: Party,
) -> None:
    """The relying party must learn it, with its state and the issuer."""
    wish = wishes(code_challenge_method="plain")
    async with httpx.AsyncClient() as client:
        reply = await client.get(f"{citizens.issuer}/authorize?{urlencode(wish)}")
    told = answered(reply.headers["location"])

    assert ("invalid_request", "state-1", citizens.issuer) == (
        told["error"],
        told["state"],
        told["iss"],
    )


async def test_a_parameter_that_stands_twice_is_refused(citizens: Party) -> None:
    """Two readers might each believe another one (RFC 6749 section 3.1)."""
    query = urlencode(wishes()) + "&state=second"
    async with httpx.AsyncClient() as client:
        reply = await client.get(f"{citizens.issuer}/authorize?{query}")

    assert 400 == reply.status_code


async def test_a_page_is_answered_once(staff: Party) -> None:
    """The back button must not make a second code."""
    async with httpx.AsyncClient() as client:
        page = (await client.get(await staff.begin())).text
        name = page.partition('name="page" value="')[2].partition('"')[0]
        form = {"page": name, "persona": "cb-0001", "level": "1", "answer": "yes"}
        answers = [await client.post(f"{staff.issuer}/choose", data=form) for _ in range(2)]

    assert [303, 400] == [answer.status_code for answer in answers]


async def test_a_client_of_one_realm_is_unknown_in_the_other(sso: Provider) -> None:
    """Realms are two providers, for mix-up to be tried between them."""
    party = Party(sso, "citizens")
    await sso.register(a_client(CALLBACK, key=party.key.public), realm="staff")
    refused = await party.push()
    await party.close()

    assert 401 == refused.status_code


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/realms/staff/token"),
        ("POST", "/realms/staff/jwks"),
        ("GET", "/realms/tax/jwks"),
        ("GET", "/realms/staff/nothing"),
        ("GET", "/"),
    ],
)
async def test_other_addresses_are_not_found(sso: Provider, method: str, path: str) -> None:
    """A misspelt endpoint must not look like a refusal."""
    async with httpx.AsyncClient(base_url=sso.base) as client:
        assert 404 == (await client.request(method, path)).status_code
