"""Signing on through our routes, at a real provider, with a browser that keeps cookies."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest

from auth.people import Role
from gateway.api import cookies
from gateway.audit.events import Decision
from gateway.audit.pseudonyms import Scheme, epoch_of
from gateway.clock import utc_now
from gateway.errors import Code
from tests.people import token_for
from tests.sign_on_builders import ORIGIN, our_registration
from tests.sign_on_servers import Browser, Gate, a_gate, hold, prepare
from tests.sso import a_provider

PAGE = {"Accept": "text/html,application/xhtml+xml"}


@pytest.fixture
async def gate(database_url: str, tmp_path: Path) -> AsyncIterator[Gate]:
    """Give a gateway, and a provider of staff and citizens that knows it."""
    async with (
        a_provider(our_registration()) as sso,
        a_gate(database_url, sso, tmp_path) as made,
    ):
        yield made


async def test_an_official_signs_on_and_out(gate: Gate) -> None:
    """The whole way, there and back; each step is on record."""
    account = await prepare(gate.dsn)
    browser = Browser(gate)

    done = await browser.sign_on("cb-0001", target="/me?tab=1")
    assert (303, "/me?tab=1") == (done.status_code, done.headers["location"])
    me = await browser.me()
    assert (account, "Nguyễn Thị Thu Hà", "H99.30.01", 2, []) == (
        me["account"],
        me["name"],
        me["agency"],
        me["level"],
        me["roles"],
    )
    assert {cookies.SESSION} == browser.cookies.keys()

    out = await browser.ask("POST", "/sign-out")
    assert 303 == out.status_code
    assert out.headers["location"].startswith(gate.sso.issuer("staff"))
    assert {} == browser.cookies
    assert "token_missing" == (await browser.me())["code"]
    assert ["session.open", "session.close"] == gate.words()


async def test_a_sign_on_is_recorded_with_who_and_how_strongly(gate: Gate) -> None:
    """An auditor sees each sign-on of an account, and no name."""
    account = await prepare(gate.dsn)
    browser = Browser(gate)
    await browser.sign_on("cb-0001")
    (leaf,) = gate.recorded.leaves

    session = (await browser.me())["session"]["id"]
    who = gate.pseudonyms.of(Scheme.OFFICIAL, account, epoch_of(utc_now()))
    assert leaf.actor is not None
    assert leaf.change is not None
    assert (who, "H99.30.01", "level-2") == (leaf.actor.user, leaf.actor.org, leaf.actor.acr)
    assert ("session", session) == (leaf.change.kind.value, leaf.change.id)


async def test_a_citizen_signs_on_and_the_database_does_not_know_who(gate: Gate) -> None:
    """The account is the pseudonym of the number; the number lives in the sealed session."""
    browser = Browser(gate)
    await browser.sign_on("p01", provider="citizens")
    me = await browser.me()
    again = Browser(gate)
    await again.sign_on("p01", provider="citizens")

    assert ["citizen"] == me["roles"]
    assert "003190000123" not in str(me)
    assert me["account"] == (await again.me())["account"]
    connection = await asyncpg.connect(gate.dsn, timeout=10)
    tables = await connection.fetch(
        "SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables "
        "WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
    )
    rows = [await connection.fetch(f"SELECT t::text FROM {each['name']} t") for each in tables]
    await connection.close()
    assert me["account"] in str(rows)
    for hidden in ("003190000123", "Nguyễn Thị Ánh", "Nguyen Thi Anh"):
        assert hidden not in str(rows)
        assert hidden.encode().hex() not in str(rows)


@pytest.mark.parametrize(
    ("persona", "provider", "code"),
    [
        pytest.param("cb-0199", "staff", "account_unknown", id="nobody prepared an account"),
        pytest.param("cb-0002", "staff", "account_disabled", id="a disabled account"),
        pytest.param("dn01", "citizens", "account_kind_refused", id="a business"),
    ],
)
async def test_who_is_proven_and_not_let_in_is_told_whom_to_ask(
    gate: Gate, persona: str, provider: str, code: str
) -> None:
    """The refusal is on record with its code, and opens nothing."""
    account = await prepare(gate.dsn, "CB-0002", "H99.30.02")
    await disable(gate.dsn, account)
    browser = Browser(gate)

    answer = await browser.sign_on(persona, provider=provider)

    assert (403, code) == (answer.status_code, answer.json()["code"])
    assert {} == browser.cookies
    (leaf,) = gate.recorded.leaves
    assert "session.refuse" == leaf.type.value
    assert leaf.basis is not None
    assert (Decision.DENY, (Code(code),)) == (leaf.basis.decision, leaf.basis.reasons)


async def disable(dsn: str, account: str) -> None:
    """Disable an account as an administrator's command does."""
    connection = await asyncpg.connect(dsn, timeout=10)
    await connection.execute(
        "UPDATE auth.account SET version = version + 1, act = 'disabled', state = 'disabled', "
        "by = 'cb-admin', reason = 'nghỉ việc' WHERE id = $1",
        account,
    )
    await connection.close()


async def test_a_browser_gets_a_page_that_says_what_to_do(gate: Gate) -> None:
    """Vietnamese first, English second, no script, and nothing of what was sent."""
    browser = Browser(gate)
    back = await gate.sso.walk(await browser.begin(), "cb-0199", level=2)

    page = await browser.ask("GET", back, headers=PAGE)

    assert 403 == page.status_code
    assert page.headers["content-type"].startswith("text/html")
    assert page.text.index("Chưa có tài khoản") < page.text.index("No account here is yours")
    assert '<html lang="vi">' in page.text
    assert "<script" not in page.text
    assert "style=" not in page.text
    query = parse_qs(urlsplit(back).query)
    assert not any(value in page.text for values in query.values() for value in values)
    assert 200 == (await browser.ask("GET", "/sign-on/page.css")).status_code


async def test_an_answer_to_another_browsers_attempt_signs_nobody_on(gate: Gate) -> None:
    """Login CSRF: a link with somebody else's answer ends in a refusal, and is no record."""
    await prepare(gate.dsn)
    mine, theirs = Browser(gate), Browser(gate)
    await mine.begin()
    back = await gate.sso.walk(await theirs.begin(), "cb-0001", level=2)

    for browser in (mine, Browser(gate)):
        answer = await browser.ask("GET", back)
        assert (400, "attempt_unknown") == (answer.status_code, answer.json()["code"])
        assert cookies.SESSION not in browser.cookies
    assert [] == gate.words()
    assert ["attempt_unknown", "attempt_unknown"] == gate.strangers
    assert 303 == (await theirs.ask("GET", back)).status_code


async def test_an_answer_is_good_once(gate: Gate) -> None:
    """The address stands in the browser's history."""
    await prepare(gate.dsn)
    browser = Browser(gate)
    back = await gate.sso.walk(await browser.begin(), "cb-0001", level=2)
    attempt = dict(browser.cookies)

    assert 303 == (await browser.ask("GET", back)).status_code
    browser.cookies = attempt
    assert "attempt_unknown" == (await browser.ask("GET", back)).json()["code"]


@pytest.mark.parametrize(
    "target",
    ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:x", "/a\tb", "me"],
)
async def test_a_sign_on_leads_to_a_page_of_ours_and_nowhere_else(gate: Gate, target: str) -> None:
    """An open redirect lends our name to somebody's copy of our page."""
    answer = await Browser(gate).ask("GET", "/sign-on/staff", params={"target": target})

    assert (400, "target_refused") == (answer.status_code, answer.json()["code"])


async def test_an_unknown_provider_is_not_found(gate: Gate) -> None:
    """A provider is one of the settings, or there is none."""
    answer = await Browser(gate).ask("GET", "/sign-on/elsewhere")

    assert (404, "provider_unknown") == (answer.status_code, answer.json()["code"])


async def test_places_to_sign_on_are_listed_with_the_door_that_serves_them(gate: Gate) -> None:
    """A page shows buttons from this list."""
    items = (await Browser(gate).ask("GET", "/sign-on")).json()["items"]

    assert [("staff", f"{ORIGIN}/sign-on/staff"), ("citizens", f"{ORIGIN}/sign-on/citizens")] == [
        (each["realm"], each["url"]) for each in items
    ]


async def test_a_person_is_shown_a_page_of_the_places_to_sign_on_at(gate: Gate) -> None:
    """The link of every refused sign-on leads here, and its reader has a browser."""
    headers = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    shown = await Browser(gate).ask("GET", "/sign-on", headers=headers)

    assert (200, "text/html; charset=utf-8", "vi", "Accept") == (
        shown.status_code, shown.headers["content-type"],
        shown.headers["content-language"], shown.headers["vary"],
    )  # fmt: skip
    assert shown.text.index(f'href="{ORIGIN}/sign-on/citizens"') < shown.text.index(
        f'href="{ORIGIN}/sign-on/staff"'
    )


async def test_a_session_that_was_planted_is_over_after_the_sign_on(gate: Gate) -> None:
    """Fixation: whoever knows the cookie from before holds nothing afterwards."""
    await prepare(gate.dsn)
    await prepare(gate.dsn, "CB-0002", "H99.30.02")
    attacker, victim = Browser(gate), Browser(gate)
    await attacker.sign_on("cb-0002")
    victim.cookies = dict(attacker.cookies)

    await victim.sign_on("cb-0001")

    assert "session_ended" == (await attacker.me())["code"]
    assert victim.cookies != attacker.cookies
    assert "Nguyễn Thị Thu Hà" == (await victim.me())["name"]


async def test_without_a_record_nobody_comes_in(gate: Gate) -> None:
    """No record, no session: also when the disk of the log is full."""
    await prepare(gate.dsn)
    gate.recorded.broken = True
    browser = Browser(gate)

    answer = await browser.sign_on("cb-0001")

    assert (503, "audit_unavailable") == (answer.status_code, answer.json()["code"])
    assert cookies.SESSION not in browser.cookies
    connection = await asyncpg.connect(gate.dsn, timeout=10)
    assert 0 == await connection.fetchval("SELECT count(*) FROM auth.session")
    await connection.close()


async def test_what_demands_strength_is_reached_by_proving_oneself_again(gate: Gate) -> None:
    """RFC 9470: the answer says what is enough; afterwards the old cookie is dead."""
    account = await prepare(gate.dsn)
    await hold(gate.dsn, account, "auditor")
    browser = Browser(gate)
    await browser.sign_on("cb-0001", level=1)
    weak, session = dict(browser.cookies), (await browser.me())["session"]["id"]

    assert 200 == (await browser.ask("GET", "/v1/read")).status_code
    refused = await browser.ask("GET", "/v1/strong")
    assert (401, "step_up_required") == (refused.status_code, refused.json()["code"])
    challenge = refused.headers["www-authenticate"]
    assert 'error="insufficient_user_authentication"' in challenge
    assert 'acr_values="2"' in challenge
    assert 'max_age="300"' in challenge
    assert (2, 300) == (refused.json()["level"], refused.json()["max_age_s"])

    done = await browser.step_up("cb-0001", target="/v1/strong")
    assert "/v1/strong" == done.headers["location"]
    assert 200 == (await browser.ask("GET", "/v1/strong")).status_code
    assert (2, session) == ((await browser.me())["level"], (await browser.me())["session"]["id"])
    browser.cookies = weak
    assert "session_ended" == (await browser.me())["code"]
    assert ["session.open", "session.strengthen"] == gate.words()


async def test_a_step_up_by_somebody_else_strengthens_nobody(gate: Gate) -> None:
    """Whoever proves themselves at another's desk is themselves afterwards."""
    mine = await prepare(gate.dsn)
    theirs = await prepare(gate.dsn, "CB-0002", "H99.30.02")
    browser = Browser(gate)
    await browser.sign_on("cb-0001", level=1)
    before = dict(browser.cookies)

    await browser.step_up("cb-0002")

    assert theirs == (await browser.me())["account"]
    assert mine != theirs
    browser.cookies = before
    assert "session_ended" == (await browser.me())["code"]
    assert ["session.open", "session.open"] == gate.words()


async def test_a_weaker_sign_on_is_a_session_of_its_own(gate: Gate) -> None:
    """Strength is never kept from a proof that somebody else may have made at this browser."""
    await prepare(gate.dsn)
    browser = Browser(gate)
    await browser.sign_on("cb-0001", level=2)
    strong = await browser.me()
    cookie = dict(browser.cookies)
    await browser.sign_on("cb-0001", level=1)
    weak = await browser.me()

    assert (2, 1) == (strong["level"], weak["level"])
    assert strong["session"]["id"] != weak["session"]["id"]
    browser.cookies = cookie
    assert "session_ended" == (await browser.me())["code"]
    assert ["session.open", "session.open"] == gate.words()


async def test_a_role_that_is_taken_away_is_gone_at_the_next_request(gate: Gate) -> None:
    """Roles are read with each request, never remembered in a session."""
    account = await prepare(gate.dsn)
    await hold(gate.dsn, account, "auditor")
    browser = Browser(gate)
    await browser.sign_on("cb-0001")

    assert 200 == (await browser.ask("GET", "/v1/read")).status_code
    await hold(gate.dsn, account, "official")
    assert 403 == (await browser.ask("GET", "/v1/read")).status_code
    await hold(gate.dsn, account, "auditor", agency="H99.30.02")  # in an agency not one's own
    assert 403 == (await browser.ask("GET", "/v1/read")).status_code


async def test_everybody_sees_their_sessions_and_ends_them_from_anywhere(gate: Gate) -> None:
    """A session forgotten on another computer can be ended from this one."""
    await prepare(gate.dsn)
    one, two, three = Browser(gate), Browser(gate), Browser(gate)
    for browser in (one, two, three):
        await browser.sign_on("cb-0001")
    items = (await one.ask("GET", "/me/sessions")).json()["items"]
    others = [each["id"] for each in items if not each["current"]]

    assert (3, 2) == (len(items), len(others))
    assert 204 == (await one.ask("DELETE", f"/me/sessions/{others[0]}")).status_code
    assert 404 == (await one.ask("DELETE", f"/me/sessions/{others[0]}")).status_code
    assert (
        204
        == (await one.ask("POST", "/me/sessions/end-all", params={"others": "true"})).status_code
    )
    assert {"session_ended"} == {(await each.me())["code"] for each in (two, three)}
    assert 1 == len((await one.ask("GET", "/me/sessions")).json()["items"])
    assert 204 == (await one.ask("POST", "/me/sessions/end-all")).status_code
    assert {} == one.cookies
    assert 3 == gate.words().count("session.close")


async def test_nobody_ends_the_session_of_somebody_else(gate: Gate) -> None:
    """An id is no key: sessions are looked for among one's own."""
    await prepare(gate.dsn)
    await prepare(gate.dsn, "CB-0002", "H99.30.02")
    one, two = Browser(gate), Browser(gate)
    await one.sign_on("cb-0001")
    await two.sign_on("cb-0002")
    theirs = (await two.me())["session"]["id"]

    assert 404 == (await one.ask("DELETE", f"/me/sessions/{theirs}")).status_code
    assert theirs == (await two.me())["session"]["id"]


async def test_a_provider_that_ends_a_session_ends_ours(gate: Gate) -> None:
    """Back-channel logout: an official who leaves is out everywhere."""
    await gate.sso.register(
        our_registration(backchannel_logout_uri=f"{gate.url}/sign-on/staff/backchannel")
    )
    await prepare(gate.dsn)
    browser = Browser(gate)
    await browser.sign_on("cb-0001")

    await gate.sso.end_sessions(persona="cb-0001")
    async with asyncio.timeout(30):
        while not (told := await gate.sso.logouts()):
            await asyncio.sleep(0.05)

    assert [200] == [each["status"] for each in told]
    assert "session_ended" == (await browser.me())["code"]
    assert ["session.open", "session.close"] == gate.words()


async def test_a_logout_token_that_proves_nothing_ends_nothing(gate: Gate) -> None:
    """Anybody can send to that address; only a provider's signature counts."""
    await prepare(gate.dsn)
    browser = Browser(gate)
    await browser.sign_on("cb-0001")

    for form in ({"logout_token": "e30.e30.e30"}, {}, {"logout_token": ""}):
        answer = await Browser(gate).ask("POST", "/sign-on/staff/backchannel", data=form)
        assert (400, {"error": "invalid_request"}) == (answer.status_code, answer.json())
    assert 200 == (await browser.ask("GET", "/me")).status_code
    assert ["logout_refused"] * 3 == gate.strangers


async def test_a_token_of_the_test_issuer_is_another_door_to_the_same_person(gate: Gate) -> None:
    """Demonstrations and tests need no browser; such a caller has no session to end."""
    token = token_for(gate.identity, role=Role.AUDITOR)
    headers = {"Authorization": f"Bearer {token}"}
    caller = Browser(gate)

    me = (await caller.ask("GET", "/me", headers=headers)).json()
    assert ("kt-01", 2, False) == (me["account"], me["level"], "session" in me)
    assert 200 == (await caller.ask("GET", "/v1/strong", headers=headers)).status_code
    assert 404 == (await caller.ask("POST", "/me/sessions/end-all", headers=headers)).status_code
    assert 404 == (await caller.ask("POST", "/sign-on/step-up", headers=headers)).status_code


async def test_a_provider_that_is_away_says_so_and_keeps_nobody_out(gate: Gate) -> None:
    """Sessions live on, and signing out works, while sign-on itself does not."""
    await prepare(gate.dsn)
    browser = Browser(gate)
    await browser.sign_on("cb-0001")
    await gate.sso.fault("error-500", times=-1)

    begun = await Browser(gate).ask("GET", "/sign-on/staff")
    assert (503, "provider_unavailable") == (begun.status_code, begun.json()["code"])
    assert 200 == (await browser.ask("GET", "/me")).status_code
    assert 303 == (await browser.ask("POST", "/sign-out")).status_code
    assert "token_missing" == (await browser.me())["code"]
