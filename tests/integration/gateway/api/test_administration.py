"""Administration over HTTP: whose accounts, two people for a role, and the last resort."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from auth.people import Role
from gateway.api import cookies
from gateway.api.accounts import ACCOUNTS
from gateway.api.break_glass import CLOSING, ENTER, LISTED
from gateway.api.reviews import REVIEWS
from gateway.api.roles import GRANTS, ROLES
from gateway.audit.events import Event
from gateway.clock import utc_now
from tests.administration_servers import Administered, Caller, administered
from tests.role_builders import ELSEWHERE, HERE, REASON

WHY = {"reason": REASON}


@pytest.fixture
async def office(database_url: str, tmp_path: Path) -> AsyncGenerator[Administered]:
    """Serve the routes."""
    async with administered(database_url, tmp_path) as served:
        yield served


async def granted(asker: Caller, approver: Caller, account: str, role: Role) -> dict[str, Any]:
    """Let two people grant a role; return what the second was answered."""
    body = {"account": account, "role": role, **WHY}
    asked = await asker.call("POST", GRANTS, body)
    path = f"{GRANTS}/{asked.json()['id']}/decision"
    answer = await approver.call("POST", path, {"approve": True, **WHY})
    return {"status": answer.status_code, **answer.json()}


async def test_two_operators_grant_what_one_cannot(office: Administered) -> None:
    """And it is held at the next request, by a session that was open before."""
    one, _ = await office.signed_on(Role.OPERATOR, number="CB-1")
    two, _ = await office.signed_on(Role.OPERATOR, number="CB-2")
    new, account = await office.signed_on(number="CB-3")
    before = await new.call("GET", ROLES)

    alone = await granted(one, one, account.id, Role.AUDITOR)
    both = await granted(one, two, account.id, Role.AUDITOR)

    assert (403, "permission_missing") == (before.status_code, before.json()["code"])
    assert (403, "second_person_missing") == (alone["status"], alone["code"])
    assert (200, "granted") == (both["status"], both["state"])
    assert 200 == (await new.call("GET", ROLES)).status_code


async def test_a_forbidden_pair_is_refused_with_its_reason_at_hand(office: Administered) -> None:
    """The table says which pair, from which source, and how sure we are of it."""
    one, _ = await office.signed_on(Role.OPERATOR, number="CB-1")
    _, account = await office.signed_on(Role.AUDITOR, number="CB-2")

    body = {"account": account.id, "role": Role.PUBLISHER, **WHY}
    refused = await one.call("POST", GRANTS, body)
    table = (await one.call("GET", ROLES)).json()

    assert (409, "roles_exclude") == (refused.status_code, refused.json()["code"])
    pair = next(
        each
        for each in table["excluded"]
        if {each["one"], each["other"]} == {"auditor", "publisher"}
    )
    assert ("design-8", "D") == (pair["source"], pair["mark"])


async def test_a_revoked_role_is_gone_at_the_next_request(office: Administered) -> None:
    """The session is over with it: whoever may do less signs on anew."""
    one, _ = await office.signed_on(Role.OPERATOR, number="CB-1")
    victim, account = await office.signed_on(Role.AUDITOR, number="CB-2")
    (held,) = (await one.call("GET", f"{GRANTS}?account={account.id}")).json()["items"]

    ended = await one.call("POST", f"{GRANTS}/{held['id']}/revocation", WHY)

    assert ("ended", "revoked") == (ended.json()["state"], ended.json()["cause"])
    answer = await victim.call("GET", ROLES)
    assert (401, "session_ended") == (answer.status_code, answer.json()["code"])


async def test_an_agencys_administrator_sees_one_agency(office: Administered) -> None:
    """Other accounts are as unknown as none, in lists and by their ids."""
    mine, _ = await office.signed_on(Role.AGENCY_ADMINISTRATOR, number="CB-1")
    _, other = await office.signed_on(number="CB-2", agency=ELSEWHERE)

    listed = (await mine.call("GET", ACCOUNTS)).json()["items"]
    statuses = [
        (await mine.call("GET", f"{ACCOUNTS}/{other.id}")).status_code,
        (await mine.call("POST", f"{ACCOUNTS}/{other.id}/disable", WHY)).status_code,
        (await mine.call("POST", f"{ACCOUNTS}/{other.id}/sessions/end", WHY)).status_code,
        (await mine.call("GET", f"{ACCOUNTS}?agency={ELSEWHERE}")).status_code,
    ]

    assert {HERE} == {each["agency"] for each in listed}
    assert [404, 404, 404, 400] == statuses


async def test_an_agencys_administrator_prepares_accounts_of_the_own_agency(
    office: Administered,
) -> None:
    """And asks for officials, and for nothing higher."""
    mine, _ = await office.signed_on(Role.AGENCY_ADMINISTRATOR, number="CB-1")
    new = {"name": "Lê Thử", "staff_number": "CB-7", **WHY}

    made = await mine.call("POST", ACCOUNTS, new)
    elsewhere = await mine.call("POST", ACCOUNTS, new | {"agency": ELSEWHERE})
    again = await mine.call("POST", ACCOUNTS, new)
    bodies = [
        {"account": made.json()["id"], "role": r, **WHY} for r in (Role.OFFICIAL, Role.AUDITOR)
    ]
    asked = [await mine.call("POST", GRANTS, body) for body in bodies]

    assert (201, HERE) == (made.status_code, made.json()["agency"])
    assert [400, 409] == [elsewhere.status_code, again.status_code]
    assert [201, 403] == [each.status_code for each in asked]


async def test_an_agencys_administrator_shuts_out_nobody_who_watches_them(
    office: Administered,
) -> None:
    """An auditor who works at the agency is seen there, and changed by the province."""
    mine, _ = await office.signed_on(Role.AGENCY_ADMINISTRATOR, number="CB-1")
    _, auditor = await office.signed_on(Role.AUDITOR, number="CB-2")
    _, clerk = await office.signed_on(Role.OFFICIAL, number="CB-3")

    seen = await mine.call("GET", f"{ACCOUNTS}/{auditor.id}")
    acts = ("disable", "enable", "unlock", "sessions/end")
    refused = [await mine.call("POST", f"{ACCOUNTS}/{auditor.id}/{act}", WHY) for act in acts]
    allowed = await mine.call("POST", f"{ACCOUNTS}/{clerk.id}/disable", WHY)

    assert [200, 200] == [seen.status_code, allowed.status_code]
    assert [(403, "permission_missing")] * 4 == [
        (each.status_code, each.json()["code"]) for each in refused
    ]


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("name", " "),
        ("name", "Trần\u202eBình"),
        ("staff_number", "CB 1"),
        ("staff_number", "003190000123"),
        ("reason", "QĐ"),
        ("reason", "a\u0000bc"),
    ],
)
async def test_what_is_wrong_with_an_account_is_named_by_its_place(
    office: Administered, member: str, value: str
) -> None:
    """The answer says that errors name the member; without one nobody knows what to mend."""
    one, _ = await office.signed_on(Role.OPERATOR, number="CB-1")
    body = {"name": "Trần Thị Bình", "agency": HERE, "staff_number": "CB-9", **WHY}
    answer = await one.call("POST", ACCOUNTS, body | {member: value})

    assert (400, [f"/{member}"]) == (
        answer.status_code, [each["pointer"] for each in answer.json()["errors"]],
    )  # fmt: skip


async def test_an_account_is_of_an_agency_that_the_catalog_knows(office: Administered) -> None:
    """A mistyped code would wait for a sign-on that never comes."""
    one, _ = await office.signed_on(Role.OPERATOR, number="CB-1")
    new = {"name": "Lê Thử", "staff_number": "CB-7", **WHY}

    answers = [
        await one.call("POST", ACCOUNTS, new | {"agency": agency})
        for agency in ("H99.khong-co", ELSEWHERE)
    ]

    assert [400, 201] == [each.status_code for each in answers]


async def test_another_role_does_not_widen_an_agencys_administrator(office: Administered) -> None:
    """Who sees all findings of the province does not thereby see all accounts."""
    both = (Role.AGENCY_ADMINISTRATOR, Role.PRIVACY_OFFICER)
    mine, _ = await office.signed_on(*both, number="CB-1")
    _, other = await office.signed_on(number="CB-2", agency=ELSEWHERE)

    assert 404 == (await mine.call("GET", f"{ACCOUNTS}/{other.id}")).status_code


async def test_a_disabled_account_is_signed_out_everywhere(office: Administered) -> None:
    """And comes back only by another person's word."""
    one, own = await office.signed_on(Role.OPERATOR, number="CB-1")
    victim, account = await office.signed_on(Role.PUBLISHER, number="CB-2")

    disabled = await one.call("POST", f"{ACCOUNTS}/{account.id}/disable", WHY)
    answer = await victim.call("GET", "/me")
    wrong = await one.call("POST", f"{ACCOUNTS}/{account.id}/unlock", WHY)
    enabled = await one.call("POST", f"{ACCOUNTS}/{account.id}/enable", WHY)

    assert ["disabled", "active"] == [each.json()["state"] for each in (disabled, enabled)]
    assert [401, 400] == [answer.status_code, wrong.status_code]
    assert own.id == disabled.json()["by"]


async def test_sessions_are_ended_by_an_administrator_and_that_is_on_record(
    office: Administered,
) -> None:
    """Before they end: the leaf is durable first."""
    one, _ = await office.signed_on(Role.OPERATOR, number="CB-1")
    victim, account = await office.signed_on(number="CB-2")

    ended = await one.call("POST", f"{ACCOUNTS}/{account.id}/sessions/end", WHY)

    assert {"ended": 1} == ended.json()
    assert [Event.SESSION_CLOSE] == [leaf.type for leaf in office.recorded.leaves]
    assert 401 == (await victim.call("GET", "/me")).status_code
    office.recorded.broken = True
    refused = await one.call("POST", f"{ACCOUNTS}/{account.id}/sessions/end", WHY)
    assert 503 == refused.status_code


async def test_the_lists_go_on_page_by_page(office: Administered) -> None:
    """No account twice, none left out."""
    one, _ = await office.signed_on(Role.OPERATOR, number="CB-0")
    ids = {(await office.hall.an_official(f"CB-{number}")).id for number in range(1, 6)}

    seen: list[str] = []
    cursor = ""
    while True:
        page = (await one.call("GET", f"{ACCOUNTS}?limit=2&cursor={cursor}")).json()
        seen += [each["id"] for each in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = page["next_cursor"]

    assert (6, True) == (len(seen), ids < set(seen))
    assert sorted(seen) == seen
    assert 400 == (await one.call("GET", f"{GRANTS}?limit=0")).status_code


async def test_whoever_signed_on_weakly_or_long_ago_proves_it_again(office: Administered) -> None:
    """Granting takes a step-up that is at most five minutes old."""
    one, _ = await office.signed_on(Role.OPERATOR, number="CB-1")
    await office.hall.fetch("UPDATE auth.session SET level = 1")

    refused = await one.call("POST", GRANTS, {"account": "u", "role": "official", **WHY})
    read = await one.call("GET", ROLES)

    codes = [(each.status_code, each.json()["code"]) for each in (refused, read)]
    assert [(401, "step_up_required")] * 2 == codes


async def test_the_last_resort_administers_and_nothing_else(office: Administered) -> None:
    """It signs on once, every call is on record before its answer, and it reads no log."""
    emergency, secret = await office.hall.emergencies.open(by="CB-9", reason=REASON, now=utc_now())

    entered = await office.post(ENTER, {"secret": secret})
    again = await office.post(ENTER, {"secret": secret})
    caller = await office.caller(entered.cookies[cookies.SESSION])
    listed = await caller.call("GET", ACCOUNTS)
    reviews = await caller.call("GET", REVIEWS)

    assert (200, "used", emergency.id) == (
        entered.status_code, entered.json()["stage"], entered.json()["id"],
    )  # fmt: skip
    assert secret not in entered.text
    assert (401, "break_glass_refused") == (again.status_code, again.json()["code"])
    assert [200, 403] == [listed.status_code, reviews.status_code]
    events = [leaf.type for leaf in office.recorded.leaves]
    assert [Event.BREAKGLASS_ACT] == events
    assert ["break_glass_refused"] == office.strangers


async def test_the_last_resort_does_nothing_that_cannot_be_recorded(office: Administered) -> None:
    """No record, no emergency either."""
    _, secret = await office.hall.emergencies.open(by="CB-9", reason=REASON, now=utc_now())
    entered = await office.post(ENTER, {"secret": secret})
    caller = await office.caller(entered.cookies[cookies.SESSION])
    office.recorded.broken = True

    new = {"name": "Lê Thử", "staff_number": "CB-7", "agency": HERE, **WHY}
    refused = await caller.call("POST", ACCOUNTS, new)

    assert (503, "audit_unavailable") == (refused.status_code, refused.json()["code"])
    rows = await office.hall.fetch("SELECT FROM auth.account WHERE staff_number = 'CB-7'")
    assert [] == rows


async def at_the_last_resort(office: Administered, *, opened_by: str) -> Caller:
    """Return whoever came in by the last resort that *opened_by* opened."""
    _, secret = await office.hall.emergencies.open(by=opened_by, reason=REASON, now=utc_now())
    entered = await office.post(ENTER, {"secret": secret})
    return await office.caller(entered.cookies[cookies.SESSION])


async def test_the_last_resort_asks_for_a_role_and_does_not_approve_it(
    office: Administered,
) -> None:
    """Whoever opened it may be the one who asked: a second person approves, as always."""
    _, account = await office.signed_on(number="CB-3")
    caller = await at_the_last_resort(office, opened_by="CB-9")

    asked = await caller.call("POST", GRANTS, {"account": account.id, "role": "operator", **WHY})
    decision = f"{GRANTS}/{asked.json()['id']}/decision"
    decided = await caller.call("POST", decision, {"approve": True, **WHY})

    assert ("asked", 403) == (asked.json()["state"], decided.status_code)


async def test_whoever_opened_the_last_resort_does_not_approve_what_it_asked_for(
    office: Administered,
) -> None:
    """One person with two accounts is one person; another operator decides."""
    opener, _ = await office.signed_on(Role.OPERATOR, number="CB-9")
    other, _ = await office.signed_on(Role.OPERATOR, number="CB-8")
    _, account = await office.signed_on(number="CB-3")
    caller = await at_the_last_resort(office, opened_by="cb-9")
    asked = await caller.call("POST", GRANTS, {"account": account.id, "role": "auditor", **WHY})

    decision = f"{GRANTS}/{asked.json()['id']}/decision"
    alone = await opener.call("POST", decision, {"approve": True, **WHY})
    before = await office.hall.held(account)
    decided = await other.call("POST", decision, {"approve": True, **WHY})

    assert (403, "second_person_missing") == (alone.status_code, alone.json()["code"])
    assert (set[str](), 200) == (before, decided.status_code)
    assert {"auditor"} == await office.hall.held(account)


async def test_an_emergency_ends_with_its_session_and_is_judged(office: Administered) -> None:
    """By an auditor, who sees it in the list with its day."""
    auditor, _ = await office.signed_on(Role.AUDITOR, number="KT-1")
    _, secret = await office.hall.emergencies.open(by="CB-9", reason=REASON, now=utc_now())
    entered = await office.post(ENTER, {"secret": secret})
    caller = await office.caller(entered.cookies[cookies.SESSION])

    sessions = await office.hall.fetch(
        "SELECT s.ends_at = b.ends_at AS same "
        "FROM auth.session s JOIN auth.break_glass b USING (account_id)"
    )
    closed = await caller.call("POST", CLOSING)
    after = await caller.call("GET", ACCOUNTS)
    (shown,) = (await auditor.call("GET", LISTED)).json()["items"]
    path = f"/v1/break-glass/{shown['id']}/judgement"
    judged = await auditor.call("POST", path, {"justified": False, **WHY})

    assert [True] == [each["same"] for each in sessions]
    assert ["closed", "judged"] == [closed.json()["stage"], judged.json()["stage"]]
    assert 401 == after.status_code
    assert (False, shown["account"]) == (judged.json()["justified"], closed.json()["account"])


async def test_no_other_site_signs_a_browser_on(office: Administered) -> None:
    """A planted session would have somebody work in another's name."""
    _, secret = await office.hall.emergencies.open(by="CB-9", reason=REASON, now=utc_now())
    sites = [{"Origin": "https://sai.example"}, {"Sec-Fetch-Site": "cross-site"}]

    refused = [await office.post(ENTER, {"secret": secret}, **site) for site in sites]
    own = await office.post(ENTER, {"secret": secret}, Origin=office.url)

    assert [403, 403, 200] == [each.status_code for each in (*refused, own)]


async def test_a_guess_is_on_record_and_slows_the_next(office: Administered) -> None:
    """Without the guess itself, which may be a mistyped secret."""
    await office.hall.emergencies.open(by="CB-9", reason=REASON, now=utc_now())

    answers = [await office.post(ENTER, {"secret": "sai-sai-sai"}) for _ in range(2)]

    assert "break_glass_refused" == answers[0].json()["code"]
    assert answers[1].json()["code"] in {"rate_limited", "break_glass_refused"}
    assert {Event.BREAKGLASS_FAIL} == {leaf.type for leaf in office.recorded.leaves}


async def test_attempts_that_open_nothing_whatever_they_say_are_counted_and_no_records(
    office: Administered,
) -> None:
    """Anybody who reaches the door can make them without end; a record stays for good."""
    before = [await office.post(ENTER, {"secret": "sai-sai-sai"}) for _ in range(3)]
    await office.hall.emergencies.open(by="CB-9", reason=REASON, now=utc_now())
    await office.hall.fetch("INSERT INTO auth.guess VALUES ('break-glass', 5, 'now', now())")
    locked = [await office.post(ENTER, {"secret": "sai-sai-sai"}) for _ in range(2)]

    assert ["break_glass_refused"] * 3 == [each.json()["code"] for each in before]
    assert ["break_glass_locked"] * 2 == [each.json()["code"] for each in locked]
    assert [] == office.recorded.leaves
    assert ["break_glass_refused"] * 3 + ["break_glass_locked"] * 2 == office.strangers


async def test_reviews_are_decided_over_http(office: Administered) -> None:
    """Who must be looked through, by when, and a reviewer's word."""
    one, own = await office.signed_on(Role.OPERATOR, number="CB-1")
    two, _ = await office.signed_on(Role.PRIVACY_OFFICER, number="CB-2")
    later = utc_now().replace(year=utc_now().year + 1)
    await office.hall.reviews.round(later)

    (review,) = (await two.call("GET", REVIEWS)).json()["items"]
    items = (await two.call("GET", f"{REVIEWS}/{review['id']}/grants")).json()["items"]
    mine = next(each for each in items if each["account"] == own.id)
    path = f"{REVIEWS}/{review['id']}/grants/{mine['grant']}"
    alone = await one.call("POST", path, {"keep": True, **WHY})
    kept = await two.call("POST", path, {"keep": True, **WHY})

    assert (2, 2, False) == (review["grants"], review["open"], review["overdue"])
    assert (403, "second_person_missing") == (alone.status_code, alone.json()["code"])
    assert (True, False) == (kept.json()["keep"], kept.json()["open"])
