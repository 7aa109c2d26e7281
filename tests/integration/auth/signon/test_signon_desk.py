"""Signing on at a real provider over real sockets, when it is honest and when it is not."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from auth.signon.desk import Begun, SignOn
from auth.signon.logout import EVENT
from auth.signon.published import Ages
from auth.signon.refusals import Ending, SignOnRefused
from auth.signon.signed_on import Realm, SignedOn
from gateway.clock import utc_now
from tests.scripted_provider import a_script
from tests.sign_on_builders import (
    Kept,
    UsedUp,
    a_desk,
    a_door,
    a_provider_value,
    our_registration,
    sealed,
    signed_on_at,
)
from tests.sso import Provider, a_provider, answered


@pytest.fixture
async def sso() -> AsyncIterator[Provider]:
    """Give a provider that knows us."""
    async with a_provider(our_registration()) as provider:
        yield provider


@pytest.fixture
def desk(sso: Provider) -> SignOn:
    """Give our side of it."""
    return a_desk(sso)


async def finished(desk: SignOn, begun: Begun, back: str) -> SignedOn:
    """Return who signed on."""
    code = urlsplit(back).path.split("/")[2]
    proven, _ = await desk.finish(answered(back), begun.attempt, utc_now(), provider=code)
    return proven


async def how_it_ends(desk: SignOn, begun: Begun, back: str) -> Ending:
    """Return the ending of a sign-on that must fail, after looking at what it says."""
    with pytest.raises(SignOnRefused) as refused:
        await finished(desk, begun, back)
    sent = {value for value in answered(back).values() if len(value) > 8}
    assert not any(value in str(refused.value) for value in sent)
    return refused.value.ending


async def test_an_official_signs_on_with_number_agency_and_strength(
    sso: Provider, desk: SignOn
) -> None:
    """Everything that the account of an official is found by."""
    begun = await desk.begin("staff", target="/me?tab=1", level=2, now=utc_now())
    back = await sso.walk(begun.url, "cb-0001", level=2)
    proven, target = await desk.finish(answered(back), begun.attempt, utc_now(), provider="staff")

    assert "/me?tab=1" == target
    assert (Realm.STAFF, "CB-0001", "H99.30.01") == (
        proven.realm,
        proven.staff_number,
        proven.agency,
    )
    assert ("urn:motlan:acr:2", 2, ("pwd", "hwk", "mfa")) == (proven.acr, proven.level, proven.amr)
    assert proven.link != proven.sub
    assert proven.so_dinh_danh is None


async def test_a_citizen_s_number_comes_from_userinfo_and_stays_out_of_words(
    sso: Provider, desk: SignOn
) -> None:
    """The provider keeps numbers out of ID tokens; we ask, and show them to nobody."""
    proven = await signed_on_at(sso, desk, "p01", provider="citizens", level=1)

    assert re.fullmatch(r"00[357]\d{9}", proven.so_dinh_danh or "")
    assert "1" == proven.kind
    assert not re.search(r"\d{9}", repr(proven))


async def test_the_request_itself_does_not_travel_through_the_browser(desk: SignOn) -> None:
    """Pushed: what is not in an address cannot be changed on the way (RFC 9126)."""
    begun = await desk.begin("staff", target="/me", now=utc_now())

    assert {"client_id", "request_uri"} == parse_qs(urlsplit(begun.url).query).keys()


async def test_an_attempt_is_good_once(sso: Provider, desk: SignOn) -> None:
    """Whoever sees the address of a callback later gains nothing by it."""
    begun = await desk.begin("staff", target="/me", now=utc_now())
    back = await sso.walk(begun.url, "cb-0001")
    await finished(desk, begun, back)

    assert Ending.ATTEMPT_UNKNOWN is await how_it_ends(desk, begun, back)


async def test_another_browser_s_answer_is_not_ours(sso: Provider, desk: SignOn) -> None:
    """Login CSRF: a stranger's answer put into this browser signs nobody on."""
    ours = await desk.begin("staff", target="/me", now=utc_now())
    theirs = await desk.begin("staff", target="/me", now=utc_now())
    back = await sso.walk(theirs.url, "cb-0002")

    assert Ending.ATTEMPT_UNKNOWN is await how_it_ends(desk, ours, back)


async def test_a_code_of_another_attempt_does_not_fit(sso: Provider, desk: SignOn) -> None:
    """Code injection: PKCE holds a code to the browser that asked for it."""
    ours = await desk.begin("staff", target="/me", now=utc_now())
    theirs = await desk.begin("staff", target="/me", now=utc_now())
    mine = answered(await sso.walk(ours.url, "cb-0001"))
    stolen = answered(await sso.walk(theirs.url, "cb-0002"))["code"]

    with pytest.raises(SignOnRefused) as refused:
        await desk.finish({**mine, "code": stolen}, ours.attempt, utc_now(), provider="staff")
    assert Ending.PROVIDER_REFUSED is refused.value.ending


async def test_an_answer_on_another_provider_s_way_is_refused(sso: Provider, desk: SignOn) -> None:
    """Mix-up: each provider has its own callback, and an attempt knows whose it is."""
    begun = await desk.begin("staff", target="/me", now=utc_now())
    back = await sso.walk(begun.url, "cb-0001")

    with pytest.raises(SignOnRefused) as refused:
        await desk.finish(answered(back), begun.attempt, utc_now(), provider="citizens")
    assert Ending.PROVIDER_UNTRUSTED is refused.value.ending


LIES = {
    "wrong-iss": Ending.PROVIDER_UNTRUSTED,
    "missing-iss": Ending.PROVIDER_UNTRUSTED,
    "wrong-state": Ending.ATTEMPT_UNKNOWN,
    "missing-state": Ending.ATTEMPT_UNKNOWN,
    "access-denied": Ending.SIGN_ON_CANCELLED,
    "other-code": Ending.PROVIDER_REFUSED,
    "wrong-nonce": Ending.PROVIDER_UNTRUSTED,
    "missing-nonce": Ending.PROVIDER_UNTRUSTED,
    "wrong-audience": Ending.PROVIDER_UNTRUSTED,
    "two-audiences": Ending.PROVIDER_UNTRUSTED,
    "wrong-token-issuer": Ending.PROVIDER_UNTRUSTED,
    "expired": Ending.PROVIDER_UNTRUSTED,
    "unsigned": Ending.PROVIDER_UNTRUSTED,
    "shared-secret": Ending.PROVIDER_UNTRUSTED,
    "other-key": Ending.PROVIDER_UNTRUSTED,
    "key-inside": Ending.PROVIDER_UNTRUSTED,
    "low-level": Ending.ASSURANCE_TOO_LOW,
    "old-sign-on": Ending.ASSURANCE_TOO_LOW,
    "missing-claims": Ending.PROVIDER_UNTRUSTED,
    "duplicate-member": Ending.PROVIDER_UNTRUSTED,
    "other-userinfo": Ending.PROVIDER_UNTRUSTED,
}


@pytest.mark.parametrize("lie", LIES)
async def test_a_lie_signs_nobody_on(sso: Provider, desk: SignOn, lie: str) -> None:
    """Every way in which an answer can be wrong has its ending, and none of them lets in."""
    realm = "citizens" if lie == "other-userinfo" else "staff"
    persona = "p01" if realm == "citizens" else "cb-0001"
    begun = await desk.begin(realm, target="/me", level=2, now=utc_now())
    await sso.fault(lie, times=-1, realm=realm)
    back = await sso.walk(begun.url, persona, level=2)

    assert LIES[lie] is await how_it_ends(desk, begun, back)


BEGINNINGS = {
    "wrong-discovery-issuer": Ending.PROVIDER_UNTRUSTED,
    "foreign-endpoint": Ending.PROVIDER_UNTRUSTED,
    "push-refused": Ending.PROVIDER_REFUSED,
}


@pytest.mark.parametrize("lie", BEGINNINGS)
async def test_no_browser_is_sent_to_a_provider_that_lies_about_itself(
    sso: Provider, desk: SignOn, lie: str
) -> None:
    """What is wrong before the browser leaves is said before it leaves."""
    await sso.fault(lie, times=-1, realm="staff")

    with pytest.raises(SignOnRefused) as refused:
        await desk.begin("staff", target="/me", now=utc_now())
    assert BEGINNINGS[lie] is refused.value.ending


async def test_a_step_up_asks_the_person_anew(sso: Provider, desk: SignOn) -> None:
    """Somebody who left the desk must not have his consent given by the next one."""
    first = await desk.begin("staff", target="/me", now=utc_now())
    await sso.browser.walk(first.url, "cb-0001", level=2)
    again = await desk.begin("staff", target="/me", now=utc_now())
    silent = await sso.browser.opened(again.url)
    step_up = await desk.begin("staff", target="/me", level=2, max_age=300, now=utc_now())
    page = await sso.browser.walk(step_up.url, "cb-0001", level=2)

    assert 2 == (await finished(desk, again, silent)).level
    proven = await finished(desk, step_up, page)
    assert utc_now().timestamp() - proven.auth_time < 300


async def test_new_keys_at_the_provider_are_found_without_the_old_ones(
    sso: Provider, desk: SignOn
) -> None:
    """A key that was thrown away in a hurry must not stop the morning's sign-ons."""
    await signed_on_at(sso, desk, "cb-0001")
    await sso.rotate(overlap=False)

    many = [signed_on_at(sso, desk, f"cb-000{number}") for number in range(1, 7)]
    assert 6 == len({proven.staff_number for proven in await asyncio.gather(*many)})


async def test_a_provider_that_is_away_is_named_at_once_and_comes_back(sso: Provider) -> None:
    """A person reads within seconds that it is not our fault, nor his."""
    desk = a_desk(sso, ages=Ages(retry_s=0))
    loop = asyncio.get_running_loop()
    await sso.fault("silent", times=-1)
    started = loop.time()

    with pytest.raises(SignOnRefused) as refused:
        await desk.begin("staff", target="/me", now=utc_now())
    assert Ending.PROVIDER_UNAVAILABLE is refused.value.ending
    assert loop.time() - started < 30

    await sso.fault("silent", times=0)
    assert "CB-0001" == (await signed_on_at(sso, desk, "cb-0001")).staff_number


@pytest.mark.parametrize("ahead", [-15, 9], ids=["15 s behind", "9 s ahead"])
async def test_clocks_may_differ_a_little(sso: Provider, desk: SignOn, ahead: float) -> None:
    """FAPI 2.0: ten seconds are a clock that nobody looks after."""
    await sso.set_clock(ahead)

    assert "CB-0001" == (await signed_on_at(sso, desk, "cb-0001")).staff_number


async def test_a_token_from_the_future_signs_nobody_on(sso: Provider, desk: SignOn) -> None:
    """A minute is not a clock: somebody made the token for later."""
    begun = await desk.begin("staff", target="/me", now=utc_now())
    back = await sso.walk(begun.url, "cb-0001")
    ours = utc_now() - timedelta(seconds=29)

    with pytest.raises(SignOnRefused) as refused:
        await desk.finish(answered(back), begun.attempt, ours, provider="staff")
    assert Ending.PROVIDER_UNTRUSTED is refused.value.ending
    assert "future" in refused.value.fact


async def test_a_logout_at_the_provider_is_heard_once(sso: Provider, desk: SignOn) -> None:
    """A captured logout token must not end the sessions of tomorrow."""
    heard: list[str] = []

    async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(re.findall(rb"(?i)content-length: (\d+)", head)[0])
        heard.append(parse_qs((await reader.readexactly(length)).decode())["logout_token"][0])
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(hear, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        await sso.register(
            our_registration(backchannel_logout_uri=f"http://127.0.0.1:{port}/backchannel")
        )
        proven = await signed_on_at(sso, desk, "cb-0001")
        await sso.end_sessions(realm="staff")
        await sso.logouts_of(1)
    with pytest.raises(SignOnRefused) as elsewhere:
        await desk.backchannel(heard[0], utc_now(), provider="citizens")
    told = await desk.backchannel(heard[0], utc_now(), provider="staff")

    assert Ending.LOGOUT_REFUSED is elsewhere.value.ending
    assert ("staff", proven.issuer, proven.sub, proven.sid) == (
        told.provider,
        told.issuer,
        told.sub,
        told.sid,
    )
    with pytest.raises(SignOnRefused) as replayed:
        await desk.backchannel(heard[0], utc_now(), provider="staff")
    assert Ending.LOGOUT_REFUSED is replayed.value.ending


@pytest.mark.parametrize("typ", ["JWT", "at+jwt", ""])
async def test_no_other_kind_of_token_passes_for_a_logout(typ: str) -> None:
    """RFC 8725 section 3.11: what a provider signs for another use ends nobody's session here."""
    async with a_script() as script:
        script.publish()
        provider = a_provider_value(issuer=script.base)
        desk, now = SignOn({provider.code: a_door(provider)}, Kept(), UsedUp()), utc_now()
        claims = {
            "iss": script.base,
            "aud": provider.client_id,
            "iat": int(now.timestamp()),
            "exp": int(now.timestamp()) + 120,
            "jti": "logout-1",
            "events": {EVENT: {}},
            "sub": "sub-Ab1",
        }

        with pytest.raises(SignOnRefused) as refused:
            await desk.backchannel(sealed(claims, typ=typ), now, provider=provider.code)
        right = sealed(claims, typ="logout+jwt")
        told = await desk.backchannel(right, now, provider=provider.code)

        assert Ending.LOGOUT_REFUSED is refused.value.ending
        assert "sub-Ab1" == told.sub


async def test_whoever_leaves_us_can_leave_the_provider_too(sso: Provider, desk: SignOn) -> None:
    """On a shared computer the next person must not be signed on by one click."""
    proven = await signed_on_at(sso, desk, "cb-0001")
    url = await desk.logout_url("staff", proven.id_token, "/sign-on/signed-out", utc_now())

    assert url is not None
    back = await sso.browser.leave(url)
    assert back is not None
    assert "http://127.0.0.1:8200/sign-on/signed-out" == back.partition("?")[0]


async def test_an_attempt_does_not_outlive_its_ten_minutes(sso: Provider, desk: SignOn) -> None:
    """What a keeper of attempts forgets, the numbers in the attempt would still tell."""
    begun = await desk.begin("staff", target="/me", now=utc_now())
    back = await sso.walk(begun.url, "cb-0001")

    with pytest.raises(SignOnRefused) as refused:
        await desk.finish(
            answered(back), begun.attempt, utc_now() + timedelta(minutes=11), provider="staff"
        )
    assert Ending.ATTEMPT_UNKNOWN is refused.value.ending


async def test_nothing_of_a_browser_s_query_is_asked_of_the_provider_before_it_is_judged(
    sso: Provider, desk: SignOn
) -> None:
    """A callback that anybody can call must not make us call anybody."""
    with pytest.raises(SignOnRefused) as refused:
        await desk.finish({"code": "x", "state": "y"}, "", utc_now(), provider="staff")
    assert Ending.ATTEMPT_UNKNOWN is refused.value.ending
    with pytest.raises(SignOnRefused) as unknown:
        await desk.finish({}, "", utc_now(), provider="nobody")
    assert Ending.PROVIDER_UNKNOWN is unknown.value.ending
    with pytest.raises(SignOnRefused) as elsewhere:
        await desk.begin("staff", target="//elsewhere.example", now=utc_now())
    assert Ending.TARGET_REFUSED is elsewhere.value.ending
    async with httpx.AsyncClient(trust_env=False) as client:
        assert 200 == (await client.get(f"{sso.issuer('staff')}/jwks")).status_code
