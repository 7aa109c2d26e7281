"""Signing on at the stand-in, as the specifications have it."""

from collections.abc import AsyncGenerator
from urllib.parse import urlencode

import httpx
import pytest
from joserfc import jws
from joserfc.jwk import ECKey, KeySet

from auth.client import ClientKey, new_client_key
from tests.integration.mocks.sso.publishing import served
from tests.integration.mocks.sso.reading import claims, header, schema
from tests.integration.mocks.sso.relying import CALLBACK, VERIFIER, Party, wishes
from tests.sso import Browser, Provider, answered

WHO = {"staff": "cb-0101", "citizens": "p01"}
REALMS = pytest.mark.parametrize("realm", list(WHO))


@pytest.fixture
async def party(realm: str, sso: Provider) -> AsyncGenerator[Party]:
    """Give a relying party of the realm in question."""
    party = Party(sso, realm)
    await party.register()
    yield party
    await party.close()


@REALMS
async def test_what_a_realm_publishes_is_what_the_contract_says(party: Party, realm: str) -> None:
    """Relying parties are built from the contract."""
    del realm
    metadata = (await party.get(".well-known/openid-configuration")).json()
    keys = (await party.get("jwks")).json()

    assert party.issuer == metadata["issuer"]
    assert [] == [*schema("Metadata").iter_errors(metadata)]
    assert [] == [*schema("Keys").iter_errors(keys)]


@REALMS
async def test_a_code_becomes_tokens_that_the_published_key_signed(
    party: Party, realm: str
) -> None:
    """Whoever verifies them has the key set and nothing else."""
    tokens = (await party.redeem(await party.code(WHO[realm]))).json()
    keys = KeySet([ECKey.import_key(key) for key in (await party.get("jwks")).json()["keys"]])

    for name in ("id_token", "access_token"):
        sealed = jws.extract_compact(tokens[name].encode())
        key = keys.get_by_kid(header(tokens[name])["kid"])
        assert jws.validate_compact(sealed, key, algorithms=["ES256"])
    assert ["JWT", "at+jwt"] == [
        header(tokens[name])["typ"] for name in ("id_token", "access_token")
    ]


@REALMS
async def test_tokens_and_userinfo_are_what_the_contract_says(party: Party, realm: str) -> None:
    """Relying parties and the token endpoint are built from the contract."""
    tokens = (await party.redeem(await party.code(WHO[realm]))).json()
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    said = (await party.get("userinfo", headers=bearer)).json()
    token_schema = "IdToken" if realm == "staff" else "Strength"  # citizens: no person in tokens

    assert [] == [*schema("Tokens").iter_errors(tokens)]
    assert [] == [*schema("Person").iter_errors(said)]
    assert [] == [*schema(token_schema).iter_errors(claims(tokens["id_token"]))]
    assert [] == [*schema("AccessToken").iter_errors(claims(tokens["access_token"]))]


async def test_an_official_is_named_by_number_and_agency(staff: Party) -> None:
    """A first sign-on finds the account that an administrator prepared by the number."""
    told = claims((await staff.redeem(await staff.code("cb-0101"))).json()["id_token"])

    assert ("CB-0101", "H99.10", "Đặng Thị Kiểm") == (
        told["ma_can_bo"],
        told["ma_don_vi"],
        told["HoVaTen"],
    )
    assert ("urn:motlan:acr:2", "2", ["pwd", "hwk", "mfa"]) == (
        told["acr"],
        told["loAs"],
        told["amr"],
    )


async def test_a_citizens_number_is_in_userinfo_and_in_no_token(citizens: Party) -> None:
    """Tokens come back as hints in addresses, and addresses are logged everywhere."""
    tokens = (await citizens.redeem(await citizens.code("p01"))).json()
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    said = (await citizens.get("userinfo", headers=bearer)).json()

    assert ("003190000123", "1") == (said["SoDinhDanh"], said["LoaiTaiKhoan"])
    assert "SoDinhDanh" not in claims(tokens["id_token"]) | claims(tokens["access_token"])


async def test_an_officials_token_can_be_made_for_the_gateway(staff: Party) -> None:
    """Token exchange takes a token whose audience is the exchange (RFC 8707)."""
    code = await staff.code("cb-0001", resource="https://gateway.example")
    told = claims((await staff.redeem(code)).json()["access_token"])

    assert ("https://gateway.example", "motlan", "CB-0001", "H99.30.01") == (
        told["aud"],
        told["client_id"],
        told["ma_can_bo"],
        told["ma_don_vi"],
    )
    assert 300 == told["exp"] - told["iat"]


async def test_the_answer_names_state_and_issuer(staff: Party) -> None:
    """Mix-up is found by the issuer (RFC 9207), login CSRF by the state."""
    where = await staff.provider.walk(await staff.begin(state="of this browser"), "cb-0001")

    assert where.startswith(f"{CALLBACK}?")
    assert ("of this browser", staff.issuer) == (answered(where)["state"], answered(where)["iss"])


async def test_a_person_may_fall_short_of_the_level_asked(staff: Party) -> None:
    """acr_values is a wish; the relying party has to look (Core 3.1.2.1)."""
    told = claims((await staff.redeem(await staff.code("cb-0001", level=1))).json()["id_token"])

    assert ("urn:motlan:acr:1", "1", ["pwd"]) == (told["acr"], told["loAs"], told["amr"])


async def test_a_person_who_refuses_is_sent_back_with_that_word(staff: Party) -> None:
    """Whoever says no must come back to a page, not to a dead end."""
    where = await staff.provider.walk(await staff.begin(), "cb-0001", answer="no")

    assert "access_denied" == answered(where)["error"]


async def test_a_browser_that_is_signed_on_sees_no_second_page(staff: Party, sso: Provider) -> None:
    """Single sign-on is what it is for; the session keeps its id."""
    first = claims((await _signed_on(staff, sso.browser)).json()["id_token"])
    silent = await sso.browser.opened(await staff.begin(prompt="none"))
    again = claims((await staff.redeem(answered(silent)["code"])).json()["id_token"])

    assert (first["sid"], first["auth_time"]) == (again["sid"], again["auth_time"])


@pytest.mark.parametrize(
    "wish", [{"prompt": "login"}, {"max_age": "30"}, {"acr_values": "urn:motlan:acr:2"}]
)
async def test_a_browser_that_is_signed_on_is_asked_again_when_that_is_not_enough(
    staff: Party, sso: Provider, wish: dict[str, str]
) -> None:
    """Step-up rests on it: login means login, too old is too old, level 1 is not level 2."""
    await _signed_on(staff, sso.browser, level=1)
    await sso.set_clock(31)
    where = await sso.browser.walk(await staff.begin(**wish), "cb-0001", level=2)
    told = claims((await staff.redeem(answered(where)["code"])).json()["id_token"])

    assert "2" == told["loAs"]
    assert told["iat"] - told["auth_time"] < 30  # the first proof is older than that


async def test_nobody_signed_on_and_no_page_wanted_is_an_error(staff: Party, sso: Provider) -> None:
    """A relying party that only looks must not show people a page."""
    where = await sso.browser.opened(await staff.begin(prompt="none"))

    assert "login_required" == answered(where)["error"]


async def test_the_page_is_a_form_that_needs_no_script(staff: Party) -> None:
    """Everybody can use it: language, labels, legends, a title, keyboard alone."""
    async with httpx.AsyncClient() as client:
        page = (await client.get(await staff.begin())).text

    assert '<html lang="vi">' in page
    assert "<script" not in page
    assert page.count('type="radio"') == page.count("<label>")
    assert 2 == page.count("<legend>")


async def test_the_citizens_realm_takes_a_request_in_the_address(citizens: Party) -> None:
    """Many providers do not know pushed requests."""
    url = f"{citizens.issuer}/authorize?{urlencode(wishes(login_hint='p03'))}"
    where = await citizens.provider.walk(url, "p03")

    assert 200 == (await citizens.redeem(answered(where)["code"])).status_code


async def test_a_client_may_publish_its_keys(staff: Party) -> None:
    """A relying party rotates its keys; nobody tells the provider."""
    published: list[ClientKey] = [staff.key]
    with served(lambda: {"keys": [key.public for key in published]}) as url:
        await staff.register(jwks_uri=url)
        first = await staff.push()
        staff.key = new_client_key("EdDSA")
        unpublished = await staff.push()
        published.append(staff.key)
        rotated = await staff.push()

    assert [201, 401, 201] == [each.status_code for each in (first, unpublished, rotated)]


async def test_keys_that_nobody_publishes_prove_nothing(staff: Party) -> None:
    """A key set that cannot be read is none."""
    await staff.register(jwks_uri="http://127.0.0.1:9/keys")

    assert 401 == (await staff.push()).status_code


async def _signed_on(party: Party, browser: Browser, level: int = 2) -> httpx.Response:
    where = await browser.walk(await party.begin(), "cb-0001", level=level)
    return await party.redeem(answered(where)["code"], code_verifier=VERIFIER)
