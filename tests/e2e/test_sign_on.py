"""Signing on in a whole province: two workers, two doors, two providers, and people who attack."""

import asyncio
import sys
from collections import Counter
from collections.abc import AsyncGenerator, Iterator
from functools import partial
from urllib.parse import urlencode, urlsplit

import httpx
import pytest

from gateway.api import cookies
from gateway.demo.province import Province
from gateway.demo.sign_on import CITIZENS, STAFF
from tests.browsers import Browser, citizen_browser, provider_of, staff_browser
from tests.conftest import in_a_loop
from tests.province import a_province
from tests.sign_on_servers import prepare
from tests.sso import Provider, answered

OFFICIALS = {"CB-0001": "H99.30.01", "CB-0002": "H99.30.02", "CB-0003": "H99.05"}


@pytest.fixture(scope="module")
def province() -> Iterator[Province]:
    """Give a province at which people sign on, with accounts prepared for three officials."""
    with a_province(sign_on=True) as running:
        for number, agency in OFFICIALS.items():
            in_a_loop(partial(prepare, running.dsn, number, agency))
        yield running


@pytest.fixture
async def sso(province: Province) -> AsyncGenerator[Provider]:
    """Give the providers' doors; whatever a test ordered there is over afterwards."""
    provider = provider_of(province)
    yield provider
    await provider.fault("slow", times=0)
    await provider.set_clock(0)
    await provider.close()


@pytest.fixture
async def official(province: Province) -> AsyncGenerator[Browser]:
    """Give an official's browser."""
    browser = staff_browser(province)
    yield browser
    await browser.close()


@pytest.fixture
async def citizen(province: Province) -> AsyncGenerator[Browser]:
    """Give a citizen's browser."""
    browser = citizen_browser(province)
    yield browser
    await browser.close()


@pytest.fixture
async def attacker(province: Province) -> AsyncGenerator[Browser]:
    """Give another official's browser."""
    browser = staff_browser(province)
    yield browser
    await browser.close()


async def test_people_sign_on_each_at_their_own_door(official: Browser, citizen: Browser) -> None:
    """Officials and citizens have a provider, a listener and a cookie of their own."""
    answers = [await official.sign_on("cb-0001"), await citizen.sign_on("p01")]
    they = [await official.me(), await citizen.me()]

    assert [303, 303] == [answer.status_code for answer in answers]
    assert ["H99.30.01", None] == [each.get("agency") for each in they]
    assert [[], ["citizen"]] == [each["roles"] for each in they]
    assert all(each["account"].startswith("u-") for each in they)


async def test_a_session_is_known_to_every_worker_and_ends_at_all_of_them(
    official: Browser,
) -> None:
    """Sessions live in the database: each request may come to another worker."""
    await official.enter("cb-0001")
    kept = dict(official.cookies)
    before = await asyncio.gather(*(_opened(official.home, "/me", kept) for _ in range(8)))
    await official.ask("POST", "/sign-out")
    after = await asyncio.gather(*(_opened(official.home, "/me", kept) for _ in range(8)))

    assert [200] * 8 == [answer.status_code for answer in before]
    assert ["session_ended"] * 8 == [answer.json()["code"] for answer in after]


async def test_signing_out_leads_through_the_provider_to_a_page_of_ours(
    official: Browser, sso: Provider
) -> None:
    """Neither session is left behind on a shared computer."""
    await official.enter("cb-0002")
    out = await official.ask("POST", "/sign-out")
    back = await official.there.leave(out.headers["location"]) or ""
    page = await official.ask("GET", back.partition("?")[0], headers={"Accept": "text/html"})
    left = [each["persona"] for each in await sso.sessions("staff")]

    assert back.startswith(f"{official.home}/signed-out")
    assert 200 == page.status_code
    assert "cb-0002" not in left


async def test_a_citizens_way_out_carries_no_number(citizen: Browser) -> None:
    """The address of a logout is written down by every proxy on its way."""
    await citizen.enter("p03")
    out = await citizen.ask("POST", "/sign-out")

    assert "003098000303" not in out.headers["location"]


async def test_the_provider_ends_sessions_without_the_browser(
    official: Browser, sso: Provider
) -> None:
    """Somebody leaves the office: the gateway learns it at once."""
    await official.enter("cb-0003")
    before = len(await sso.logouts())
    await sso.end_sessions(persona="cb-0003")
    told = (await sso.logouts_of(before + 1))[before:]

    assert {200} == {each["status"] for each in told}
    assert "session_ended" == (await official.me())["code"]


# Attacks.


async def test_an_answer_of_one_provider_opens_nothing_at_the_other(
    official: Browser, citizen: Browser
) -> None:
    """Mix-up: code, state and issuer of one attempt, brought back on the other's way."""
    citizens = await citizen.proven("p01")
    await official.begin()
    moved = f"{official.home}/sign-on/{STAFF}/callback?{urlsplit(citizens).query}"
    answer = await official.ask("GET", moved)

    assert "attempt_unknown" == answer.json()["code"]
    assert not official.session


async def test_an_answer_that_names_another_issuer_is_refused(
    official: Browser, province: Province
) -> None:
    """Mix-up with the right state: only `iss` tells (RFC 9207); the code goes nowhere."""
    given = answered(await official.proven("cb-0001"))
    given["iss"] = province.sign_on.issuer(CITIZENS)
    answer = await official.ask("GET", f"/sign-on/{STAFF}/callback?{urlencode(given)}")

    assert "provider_untrusted" == answer.json()["code"]
    assert not official.session


async def test_an_attempt_at_one_provider_is_none_at_the_other(
    official: Browser, citizen: Browser
) -> None:
    """The attempt's cookie, moved to the other door with that provider's answer."""
    back = await official.proven("cb-0001")
    citizen.cookies = dict(official.cookies)
    moved = f"/sign-on/{CITIZENS}/callback?{urlsplit(back).query}"
    answer = await citizen.ask("GET", moved)

    assert "provider_untrusted" == answer.json()["code"]
    assert not citizen.session


@pytest.mark.parametrize("began", [False, True], ids=["without an attempt", "with one of its own"])
async def test_nobody_is_signed_on_as_somebody_else(
    official: Browser, attacker: Browser, *, began: bool
) -> None:
    """Login CSRF: a link with the attacker's own code, opened in the victim's browser."""
    lure = await attacker.proven("cb-0002")
    if began:
        await official.begin()
    answer = await official.ask("GET", lure)

    assert "attempt_unknown" == answer.json()["code"]
    assert not official.session


async def test_a_stolen_code_does_not_fit_another_attempt(
    official: Browser, attacker: Browser
) -> None:
    """Code injection: the victim's code in the attacker's own attempt lacks its PKCE verifier."""
    stolen = answered(await official.proven("cb-0001"))["code"]
    given = answered(await attacker.proven("cb-0002")) | {"code": stolen}
    answer = await attacker.ask("GET", f"/sign-on/{STAFF}/callback?{urlencode(given)}")

    assert "provider_refused" == answer.json()["code"]
    assert not attacker.session


async def test_the_same_answer_at_two_workers_at_the_same_instant_opens_one_session(
    official: Browser,
) -> None:
    """Replay: an attempt is taken out once, whoever asks first."""
    back = await official.proven("cb-0001")
    attempt = dict(official.cookies)
    answers = await asyncio.gather(*(_opened(official.home, back, attempt) for _ in range(8)))
    codes = Counter(answer.status_code for answer in answers)
    late = await _opened(official.home, back, attempt)

    assert 1 == codes[303], codes
    assert "attempt_unknown" == late.json()["code"]


async def test_a_planted_session_never_becomes_the_victims(
    official: Browser, attacker: Browser
) -> None:
    """Fixation: whatever cookie the browser had, the sign-on opens another session."""
    await attacker.enter("cb-0002")
    planted = attacker.session
    official.cookies[cookies.SESSION] = planted
    await official.enter("cb-0001")
    theirs = await attacker.me()

    assert official.session
    assert planted != official.session
    assert "H99.30.01" == (await official.me())["agency"]
    assert "H99.30.01" != theirs.get("agency") or theirs.get("code") == "session_ended"


async def test_an_invented_session_is_none(official: Browser) -> None:
    """A secret that nobody gave out opens nothing, and is not adopted."""
    official.cookies[cookies.SESSION] = "a" * 43
    before = await official.me()
    await official.enter("cb-0001")

    assert "session_ended" == before["code"]
    assert "a" * 43 != official.session


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example/",
        "\\\\evil.example",
        "/\t/evil.example",
        "/\r\nSet-Cookie: a=b",
        "javascript:alert(1)",
        "http:evil.example",
        " //evil.example",
        "@evil.example",
        "",
    ],
)
async def test_a_sign_on_leads_nowhere_else(official: Browser, target: str) -> None:
    """Open redirect: refused before anybody is sent to a provider, or a path of ours."""
    answer = await official.ask("GET", f"/sign-on/{STAFF}", params={"target": target})

    assert (400, "target_refused") == (answer.status_code, answer.json()["code"])
    assert "set-cookie" not in answer.headers


async def test_a_cookie_of_a_sibling_host_is_not_believed(
    official: Browser, attacker: Browser
) -> None:
    """A sibling can plant a cookie of the same name beside ours: of two, neither counts."""
    await official.enter("cb-0001")
    await attacker.enter("cb-0002")
    both = f"{cookies.SESSION}={attacker.session}; {cookies.SESSION}={official.session}"
    shadow = f"motlan={official.session}; {cookies.SESSION.lower()}={official.session}"
    answers = [
        await official.ask("GET", "/me", headers={"Cookie": each}) for each in (both, shadow)
    ]

    assert ["token_missing"] * 2 == [answer.json()["code"] for answer in answers]


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://sibling.example"},
        {"Origin": "null", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "null", "Sec-Fetch-Site": ""},
        {"Origin": "", "Sec-Fetch-Site": "same-site"},
        {"Origin": "", "Sec-Fetch-Site": "cross-site"},
        {"X-CSRF-Token": ""},
        {"X-CSRF-Token": "x" * 43},
    ],
    ids=str,
)
async def test_another_site_changes_nothing_with_our_cookie(
    official: Browser, headers: dict[str, str]
) -> None:
    """CSRF: the cookie comes along; origin and token do not."""
    await official.enter("cb-0001")
    refused = await official.ask("POST", "/me/sessions/end-all", headers=headers)
    still = await official.me()

    assert (403, "csrf_refused") == (refused.status_code, refused.json()["code"])
    assert "account" in still


async def test_the_token_of_one_session_is_worth_nothing_in_another(
    official: Browser, attacker: Browser
) -> None:
    """A double submit that is not bound to the session would take the attacker's own."""
    await official.enter("cb-0001")
    await attacker.enter("cb-0002")
    refused = await official.ask(
        "POST", "/me/sessions/end-all", headers={"X-CSRF-Token": attacker.csrf}
    )

    assert "csrf_refused" == refused.json()["code"]


# A provider that is wrong, new, or away.


@pytest.mark.parametrize(
    ("lie", "code"),
    [
        ("wrong-state", "attempt_unknown"),
        ("wrong-iss", "provider_untrusted"),
        ("missing-iss", "provider_untrusted"),
        ("wrong-nonce", "provider_untrusted"),
        ("unsigned", "provider_untrusted"),
        ("other-code", "provider_refused"),
    ],
)
async def test_what_protects_people_is_demanded(
    official: Browser, sso: Provider, lie: str, code: str
) -> None:
    """State, issuer, nonce, PKCE, signature: each violated once, and nobody comes in."""
    await sso.fault(lie, realm="staff")
    answer = await official.sign_on("cb-0001")

    assert code == answer.json()["code"]
    assert not official.session


@pytest.mark.parametrize(("ahead", "signed_on"), [(-15, True), (9, True), (45, False), (61, False)])
async def test_clocks_may_differ_by_a_little(
    official: Browser, sso: Provider, ahead: float, *, signed_on: bool
) -> None:
    """FAPI 2.0 section 5.3.2.1: ten seconds ahead is taken, a minute is not."""
    back = await official.proven("cb-0001")
    await sso.set_clock(ahead)
    answer = await official.ask("GET", back)

    assert signed_on == bool(official.session), answer.text


async def test_keys_rotate_under_load_and_nobody_notices(province: Province, sso: Provider) -> None:
    """With overlap every sign-on goes through, at whichever worker it arrives."""
    first = asyncio.Event()

    async def some() -> list[int]:
        browser = staff_browser(province)
        statuses: list[int] = []
        for _ in range(4):
            statuses.append((await browser.sign_on("cb-0001")).status_code)
            first.set()
        await browser.close()
        return statuses

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(some()) for _ in range(4)]
        await first.wait()
        await sso.rotate(overlap=True, realm="staff")

    assert [[303] * 4] * 4 == [task.result() for task in tasks]


async def test_a_key_that_is_gone_at_once_lets_the_next_person_in(
    official: Browser, sso: Provider
) -> None:
    """The provider's key was stolen: it signs with another, and the old one counts no more."""
    await official.enter("cb-0001")
    await sso.rotate(overlap=False, realm="staff")
    answers = [(await official.sign_on("cb-0001")).status_code for _ in range(4)]

    assert [303] * 4 == answers


async def test_sessions_live_while_the_provider_is_dead(official: Browser, sso: Provider) -> None:
    """Who is in stays in and can leave; who comes is told to try again later."""
    await official.enter("cb-0001")
    await sso.fault("half-closed", times=-1)
    inside = await official.me()
    comes = await official.ask("GET", f"/sign-on/{STAFF}")
    out = await official.ask("POST", "/sign-out")
    await sso.fault("half-closed", times=0)
    async with asyncio.timeout(30):  # a provider that was away is asked again after some seconds
        while (await official.ask("GET", f"/sign-on/{STAFF}")).status_code != 303:
            await asyncio.sleep(0.2)

    assert "account" in inside
    assert (503, "provider_unavailable") == (comes.status_code, comes.json()["code"])
    assert 303 == out.status_code
    assert 303 == (await official.sign_on("cb-0001")).status_code


async def _opened(home: str, address: str, kept: dict[str, str]) -> httpx.Response:
    """Open *address* in a browser with the cookies *kept*, on a connection of its own."""
    browser = Browser(home, STAFF)
    browser.cookies = dict(kept)
    answer = await browser.ask("GET", address)
    await browser.close()
    return answer


# Last, because the gateway stops for it.


async def test_sessions_survive_the_gateway(province: Province, official: Browser) -> None:
    """A new version is installed at noon, and nobody has to sign on again."""
    await official.enter("cb-0001")
    await asyncio.to_thread(_restarted, province)
    me = await official.me()
    out = await official.ask("POST", "/sign-out")

    assert "H99.30.01" == me.get("agency"), me
    assert 303 == out.status_code


def _restarted(province: Province) -> None:
    """Let the gateway end as an operator does, and start it again where it was."""
    processes = province.processes
    (gateway,) = (each for each in processes._running if each[0] == "gateway")
    gateway[1].terminate()
    gateway[1].wait(60)
    processes._running.remove(gateway)
    processes.start("gateway", [sys.executable, "-m", "gateway", "serve"], province.environment())
    ready = f"{province.management}/health/ready"
    processes.await_answer("gateway", ready, within_s=60)
