"""Systems administered over a real socket: whose, by whom, against which version."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from auth.client import new_client_key
from auth.credentials.environments import Environment
from auth.credentials.keytexts import new
from auth.jose import public_jwk, signing_key
from gateway.database import engine, transaction
from tests.conftest import in_a_loop
from tests.system_servers import NEW, OURS, THEIRS, Hall, a_body, a_key, hall

DESK = "motcua-xa"
VERSIONS: list[dict[str, str]] = [
    {},
    {"If_Match": '"7"'},
    {"If_Match": 'W/"1"'},
    {"If_Match": "1"},
    {"If_Match": '"1", "2"'},
    {"If_Match": f'"{"9" * 30}"'},
    {"If_Match": '"1"', "If_None_Match": "*"},
    {"If_None_Match": "*"},
]
WHO_MAY_NOT = [
    (None, "GET", "/v1/systems", 401),
    ("official", "GET", "/v1/systems", 403),
    ("auditor", "PUT", f"/v1/systems/{DESK}", 403),
    ("nowhere", "GET", "/v1/systems", 403),
    ("agency", "POST", f"/v1/systems/{DESK}/block", 403),
    ("agency", "POST", "/v1/system-requests/yc-x/decision", 403),
    ("operator", "GET", "/v1/systems/la-ai", 404),
    ("operator", "GET", "/v1/systems/%00", 404),
    ("operator", "GET", "/v1/system-requests/yc-x", 404),
    ("operator", "GET", "/v1/system-requests/%00", 404),
    ("operator", "GET", "/v1/system-requests?cursor=%00", 400),
    ("operator", "GET", "/v1/system-requests?limit=0", 400),
    ("operator", "GET", "/v1/system-requests?status=maybe", 400),
    ("operator", "GET", "/v1/systems?cursor=%00&agency=%00", 400),
]
WRONG: list[tuple[dict[str, Any], str]] = [
    ({"agency": "H99.77"}, "/agency"),
    ({"address_ranges": ["10.0.0.1/8"]}, "/address_ranges"),
    ({"keys": [], "jwks_uri": "http://keys.example/"}, "/jwks_uri"),
    ({"keys": [], "jwks_uri": "https://u:p@keys.example/"}, "/jwks_uri"),
    ({"certificates": [{"x5t_s256": "abc"}]}, "/certificates"),
    ({"keys": [a_key(expires_at="soon")]}, "/keys"),
    ({"keys": []}, "/keys"),
    ({"name_vi": "Một\x00cửa"}, "/name_vi"),
    ({"name_en": " \u202e "}, "/name_en"),
    ({"reason": "số 003190000123"}, "/reason"),
    ({"keys": [a_key() for _ in range(5)]}, "/keys"),
]


@pytest.fixture
def office(database_url: str, tmp_path: Path) -> Iterator[Hall]:
    """Give the served routes of systems."""
    with hall(database_url, tmp_path) as served:
        yield served


def owed(dsn: str) -> list[tuple[str, str, bool]]:
    """Return what was owed a leaf: the event, which system, and whether two people stand there."""

    async def work() -> list[tuple[str, str, bool]]:
        database = engine(dsn, role=None, pool_connections=1)
        query = text(
            "SELECT event, code, approved_by IS NOT NULL FROM audit.change_due "
            "WHERE kind = 'system' ORDER BY id"
        )
        async with transaction(database) as session:
            found = [tuple(row) for row in await session.execute(query)]
        await database.dispose()
        return found  # type: ignore[return-value]

    return in_a_loop(work)


def test_a_sandbox_is_registered_at_once(office: Hall) -> None:
    """Whoever starts needs nobody's signature to try."""
    body = a_body(sandbox=True)

    made = office.put("agency", DESK, body)
    shown = office.ask("agency", "GET", f"/v1/systems/{DESK}")

    assert (200, '"1"') == (made.status_code, made.headers["etag"])
    assert (200, '"1"') == (shown.status_code, shown.headers["etag"])
    assert ("test", "active", 1) == tuple(
        shown.json()["system"][name] for name in ("environment", "state", "version")
    )
    assert "no-store" == shown.headers["cache-control"]


def test_a_live_system_takes_two_people_and_both_stand_in_the_record(
    office: Hall, database_url: str
) -> None:
    """Promise P8: asked for by one, decided by another, and nothing stands before that."""
    asked = office.put("agency", DESK, a_body())
    before = office.ask("agency", "GET", f"/v1/systems/{DESK}")
    request = asked.json()["request"]["id"]
    decided = office.decide("operator", request)
    after = office.ask("auditor", "GET", f"/v1/systems/{DESK}").json()["system"]
    again = office.decide("second", request)

    assert (202, 404, 200) == (asked.status_code, before.status_code, decided.status_code)
    assert ("qt-01", "vh-01") == (after["by"], after["approved_by"])
    assert (409, "move_refused") == (again.status_code, again.json()["code"])
    assert [("system.ask", DESK, False), ("system.register", DESK, True)] == owed(database_url)


def test_nobody_approves_what_they_asked_for(office: Hall) -> None:
    """An operator who asks needs another operator, and a refusal is a decision like any."""
    request = office.put("operator", DESK, a_body()).json()["request"]["id"]

    alone = office.decide("operator", request)
    refused = office.decide("second", request, approve=False)
    shown = office.ask("operator", "GET", f"/v1/system-requests/{request}").json()
    gone = office.ask("operator", "GET", f"/v1/systems/{DESK}")

    assert "second_person_missing" == alone.json()["code"]
    assert (200, "refused", "vh-02") == (refused.status_code, shown["state"], shown["decided_by"])
    assert 404 == gone.status_code


def test_only_whoever_asked_takes_it_back(office: Hall) -> None:
    """A withdrawal by somebody else would be a refusal that nobody signs."""
    request = office.put("agency", DESK, a_body()).json()["request"]["id"]
    path, why = f"/v1/system-requests/{request}/withdrawal", {"reason": "Nhầm khoá"}

    foreign = office.ask("operator", "POST", path, why)
    own = office.ask("agency", "POST", path, why)
    decided = office.decide("operator", request)

    assert ("move_refused", "withdrawn") == (foreign.json()["code"], own.json()["state"])
    assert "move_refused" == decided.json()["code"]


def test_the_same_request_twice_is_one_and_another_one_has_to_wait(office: Hall) -> None:
    """An answer may get lost; two different wishes for one system would not both be read."""
    body = a_body()

    first, second = office.put("agency", DESK, body), office.put("agency", DESK, body)
    other = office.put("agency", DESK, a_body(name_en="Another"))

    assert (202, 202) == (first.status_code, second.status_code)
    assert first.json()["request"]["id"] == second.json()["request"]["id"]
    assert (True, False) == (first.json()["changed"], second.json()["changed"])
    assert (409, "move_refused") == (other.status_code, other.json()["code"])


def test_two_who_decide_at_the_same_instant_decide_once(office: Hall, database_url: str) -> None:
    """One version follows from one request, whoever was quicker."""
    request = office.put("agency", DESK, a_body()).json()["request"]["id"]

    with ThreadPoolExecutor(2) as both:
        answers = list(both.map(lambda who: office.decide(who, request), ("operator", "second")))

    assert [200, 409] == sorted(answer.status_code for answer in answers)
    assert 1 == sum(event == "system.register" for event, _, _ in owed(database_url))


def test_a_request_that_was_overtaken_is_asked_for_anew(office: Hall) -> None:
    """What the second person reads must be what will stand."""
    office.live(DESK)
    late = office.put("agency", DESK, a_body(name_en="Other"), version=1).json()["request"]["id"]
    office.act("agency", DESK, "suspension", 1)

    overtaken = office.decide("operator", late)
    anew = office.put("agency", DESK, a_body(name_en="Other"), version=2)
    old = office.ask("agency", "GET", f"/v1/system-requests/{late}").json()

    assert (409, "version_conflict") == (overtaken.status_code, overtaken.json()["code"])
    assert (202, "superseded") == (anew.status_code, old["state"])


def test_a_change_names_the_version_that_was_read(office: Hall) -> None:
    """Two administrators who did not see each other's change must not undo it."""
    office.put("agency", DESK, a_body(sandbox=True))
    body = a_body(sandbox=True, name_en="Other")

    codes = [
        (office.ask("agency", "PUT", f"/v1/systems/{DESK}", body, **each)) for each in VERSIONS
    ]

    assert [(428, "precondition_required")] + [(412, "precondition_failed")] * 7 == [
        (each.status_code, each.json()["code"]) for each in codes
    ]


def test_a_change_whose_answer_got_lost_is_not_done_twice(office: Hall) -> None:
    """The same act by the same person against the version before it changes nothing."""
    body = a_body(sandbox=True)
    office.put("agency", DESK, body)
    renamed = body | {"name_en": "Other"}

    first, second = (office.put("agency", DESK, renamed, version=1) for _ in range(2))
    closed, again = (office.act("agency", DESK, "suspension", 2) for _ in range(2))
    somebody = office.act("operator", DESK, "suspension", 2)

    assert [(200, True), (200, False)] == [
        (each.status_code, each.json()["changed"]) for each in (first, second)
    ]
    assert [(200, True), (200, False)] == [
        (each.status_code, each.json()["changed"]) for each in (closed, again)
    ]
    assert "precondition_failed" == somebody.json()["code"]


def test_an_agency_administers_its_own_systems_and_learns_of_no_others(office: Hall) -> None:
    """Not their names, not their requests, not whether an id is taken by looking at it."""
    office.put("other_agency", "cua-ho", a_body(agency=THEIRS, sandbox=True))
    office.put("other_agency", "cua-ho-2", a_body(agency=THEIRS))
    mine = office.put("agency", DESK, a_body(sandbox=True))

    listed = office.ask("agency", "GET", "/v1/systems").json()["items"]
    asked = office.ask("agency", "GET", f"/v1/systems?agency={THEIRS}").json()["items"]
    requests = office.ask("agency", "GET", "/v1/system-requests").json()["items"]
    codes = [
        office.ask("agency", "GET", "/v1/systems/cua-ho"),
        office.act("agency", "cua-ho", "suspension", 1),
        office.act("agency", "cua-ho", "rotation", 1, keys=[a_key()]),
        office.put("agency", "cua-ho", a_body(sandbox=True), version=1),
        office.put("agency", "moi", a_body(agency=THEIRS, sandbox=True)),
        office.put("agency", DESK, a_body(agency=THEIRS, sandbox=True), version=1),
    ]
    everybody = office.ask("operator", "GET", "/v1/systems").json()["items"]

    assert 200 == mine.status_code
    assert [[DESK], [], []] == [
        [each["client_id"] for each in items] for items in (listed, asked, requests)
    ]
    assert [404, 404, 404, 404, 403, 403] == [each.status_code for each in codes]
    assert ["cua-ho", DESK] == [each["client_id"] for each in everybody]


def test_who_may_not_is_told_so(office: Hall) -> None:
    """The table of permissions holds at every route."""
    answers = [
        office.ask(who, method, path, None if method == "GET" else a_body(), **NEW).status_code
        for who, method, path, _ in WHO_MAY_NOT
    ]

    assert [status for *_, status in WHO_MAY_NOT] == answers


def test_one_person_closes_and_it_holds_at_once(office: Hall, database_url: str) -> None:
    """A suspension on a Sunday needs nobody else; opening again does."""
    office.live(DESK)

    closed = office.act("agency", DESK, "suspension", 1)
    opening = office.act("agency", DESK, "resumption", 2)
    blocked = office.act("operator", DESK, "block", 2)
    after = office.act("operator", DESK, "resumption", 3)

    assert (200, "suspended") == (closed.status_code, closed.json()["system"]["state"])
    assert (202, "resume") == (opening.status_code, opening.json()["request"]["wanted"]["act"])
    assert (200, "blocked") == (blocked.status_code, blocked.json()["system"]["state"])
    assert "move_refused" == after.json()["code"]
    assert ["system.suspend", "system.ask", "system.block"] == [
        event for event, _, _ in owed(database_url)
    ][2:]


def test_a_rotation_overlaps_and_a_revocation_takes_away(office: Hall) -> None:
    """Old and new key both count for a while; a lost one does not, and the last one stays."""
    first, second = new_client_key().public, new_client_key().public
    office.put("agency", DESK, a_body(sandbox=True, keys=[{"jwk": first}]))

    rotated = office.act("agency", DESK, "rotation", 1, keys=[{"jwk": second}], overlap_s=3600)
    revoked = office.act("agency", DESK, "revocation", 2, credential=first["kid"])
    unknown = office.act("agency", DESK, "revocation", 3, credential=first["kid"])
    last = office.act("agency", DESK, "revocation", 3, credential=second["kid"])

    keys = {each["id"]: each for each in rotated.json()["system"]["credentials"]}
    assert ("ending", 1) == (keys[first["kid"]]["state"], keys[first["kid"]]["days_left"])
    assert "expires_at" not in keys[second["kid"]]
    assert [second["kid"]] == [each["id"] for each in revoked.json()["system"]["credentials"]]
    assert (404, "not_found") == (unknown.status_code, unknown.json()["code"])
    assert (400, "/keys") == (last.status_code, last.json()["errors"][0]["pointer"])


def test_what_is_wrong_is_named_with_its_place(office: Hall) -> None:
    """One answer names the member; nothing of what stood there comes back."""
    answers = [office.put("operator", DESK, a_body(**changes)) for changes, _ in WRONG]

    assert [(400, pointer) for _, pointer in WRONG] == [
        (each.status_code, each.json()["errors"][0]["pointer"]) for each in answers
    ]


def test_a_private_key_that_somebody_sends_comes_back_in_no_answer(office: Hall) -> None:
    """It is refused and has to be made anew; it is in no error, so it is in no log of theirs."""
    private = new_client_key().private

    answer = office.put("operator", DESK, a_body(keys=[{"jwk": private}]))

    assert (400, "/keys") == (answer.status_code, answer.json()["errors"][0]["pointer"])
    assert private["d"] not in answer.text


def test_a_test_key_never_serves_a_live_system(office: Hall) -> None:
    """By the id that our own keys have, and by memory for keys that other programs made."""
    test_key = public_jwk(signing_key(new(Environment.TEST)))
    bare = new_client_key().public
    office.put("agency", "thu", a_body(sandbox=True, keys=[{"jwk": bare}]))

    named = office.put("agency", DESK, a_body(keys=[{"jwk": test_key}]))
    asked = office.put("agency", DESK, a_body(keys=[{"jwk": bare}]))
    decided = office.decide("operator", asked.json()["request"]["id"])
    good = office.put("agency", "thu-2", a_body(sandbox=True, keys=[{"jwk": test_key}]))

    assert (400, 400, 200) == (named.status_code, decided.status_code, good.status_code)
    assert OURS == good.json()["system"]["agency"]


def test_pages_follow_one_another(office: Hall) -> None:
    """Keyset paging: nothing twice, nothing missed."""
    for name in ("a-1", "a-2", "a-3"):
        office.put("agency", f"thu-{name}", a_body(sandbox=True))
        office.put("agency", f"that-{name}", a_body())

    pages = []
    for path in ("/v1/systems", "/v1/system-requests"):
        first = office.ask("agency", "GET", f"{path}?limit=2").json()
        rest = office.ask("agency", "GET", f"{path}?limit=2&cursor={first['next_cursor']}").json()
        pages.append([each["client_id"] for each in (*first["items"], *rest["items"])])
        assert rest["next_cursor"] is None

    assert [["thu-a-1", "thu-a-2", "thu-a-3"], ["that-a-3", "that-a-2", "that-a-1"]] == pages
