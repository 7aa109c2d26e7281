"""Auditors' routes, over a real socket and a real database: recorded first, then answered."""

import json
from collections.abc import AsyncGenerator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from auth.people import Role
from gateway.api.audit import SAVED_ROUTE as SAVED
from gateway.audit.events import Event
from gateway.audit.pseudonyms import Scheme
from gateway.clock import utc_now
from gateway.errors import Code
from gateway.search.desk import INQUIRY_ROUTE as INQUIRIES
from gateway.search.desk import RECORD_ROUTE
from gateway.search.desk import SEARCH_ROUTE as SEARCH
from gateway.search.desk import TIMELINE_ROUTE as TIMELINES
from tests.audit_builders import PSEUDONYM, a_deny, an_access
from tests.audit_rows import connected
from tests.audit_servers import Audited, audited
from tests.search_builders import an_access_of

RECORDS = RECORD_ROUTE.removesuffix("/{index}")
NUMBER, OTHER, NEWER = "003190000123", "003190000124", "003190000125"
REASON = "Đơn khiếu nại về việc tra cứu trái phép"


@pytest.fixture
async def office(database_url: str, tmp_path: Path) -> AsyncGenerator[Audited]:
    """Give an audit office at work."""
    async with audited(database_url, tmp_path) as found:
        yield found


def an_inquiry(number: str = NUMBER, **changes: Any) -> dict[str, Any]:
    """Return a search by person."""
    plain = {"identifiers": [{"value": number}], "reason": REASON, "case": "TT-12/2026"}
    return {**plain, **changes}


def indexes(answer: Any) -> list[int]:
    """Return the leaf indexes of an answer."""
    return [each["index"] for each in answer.json()["records"]]


async def test_a_search_is_recorded_and_answered_in_plain_words(office: Audited) -> None:
    """One page, newest first, with counts and how far the search reaches."""
    await office.log.add([an_access(), a_deny(Code.QUOTA), an_access()])
    answer = await office.call("POST", SEARCH, {"query": "event:access", "counts": True})
    body = answer.json()

    assert (200, "no-store") == (answer.status_code, answer.headers["cache-control"])
    assert [2, 0] == indexes(answer)
    assert body["records"][0]["said_vi"].startswith("H31.12 (hệ thống mot-cua-h31) nhận")
    assert {"rows": 2, "whole": True}.items() <= body["counts"].items()
    assert [{"value": "H31.12", "n": 2}] == body["counts"]["agency"]
    assert (3, 3, 0) == tuple(
        body["index"][name] for name in ("searched_to", "tree_size", "behind")
    )
    (leaf,) = office.recorded.leaves
    assert (Event.AUDIT_SEARCH, SEARCH) == (leaf.type, leaf.req.route if leaf.req else None)
    assert leaf.actor is not None
    assert "kt-01" not in str(leaf)


async def test_nothing_is_shown_that_could_not_be_recorded(office: Audited) -> None:
    """No record, no data: it holds for those who read the record too (promise P1)."""
    await office.log.add([an_access()])
    office.recorded.broken = True
    calls = [
        ("POST", SEARCH, {}),
        ("POST", INQUIRIES, an_inquiry()),
        ("POST", TIMELINES, {"agreement": "TT-2026-0001"}),
        ("GET", f"{RECORDS}/0", None),
        ("GET", f"{RECORDS}/0/proof", None),
    ]
    answers = [await office.call(*each) for each in calls]

    assert [(503, "audit_unavailable")] * 5 == [
        (each.status_code, each.json()["code"]) for each in answers
    ]


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.OFFICIAL, Role.AGENCY_ADMINISTRATOR])
async def test_only_auditors_look(office: Audited, role: Role) -> None:
    """Whoever runs the gateway does not read about people."""
    calls = [("POST", SEARCH), ("POST", INQUIRIES), ("GET", f"{RECORDS}/0"), ("GET", SAVED)]
    answers = [await office.call(*each, role=role) for each in calls]

    assert [403] * 4 == [each.status_code for each in answers]
    assert [] == office.recorded.leaves


async def test_a_mistake_in_a_query_is_shown_at_its_place(office: Audited) -> None:
    """The number that may stand there is not repeated, and nothing was searched."""
    answer = await office.call("POST", SEARCH, {"query": f"officer:{NUMBER}"})
    body = answer.json()

    assert (400, "query_not_understood") == (answer.status_code, body["code"])
    assert {"pointer": "/query", "code": "number", "at": 8, "length": 12}.items() <= (
        body["errors"][0].items()
    )
    assert NUMBER not in answer.text
    assert [] == office.recorded.leaves


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b'{"query": 1}',
        b'{"rows": 0}',
        b'{"rows": 201}',
        b'{"below": -1}',
        b'{"unknown": 1}',
        b'{"query": "' + b"a" * 20_000 + b'"}',
    ],
)
async def test_a_body_of_another_form_is_refused(office: Audited, body: bytes) -> None:
    """Nothing of it is repeated, and nothing breaks."""
    path = INQUIRIES if not body else SEARCH
    answer = await office.call("POST", path, content=body)

    assert answer.status_code in {400, 413}
    assert [] == office.recorded.leaves


async def test_a_person_is_found_by_number_and_the_number_is_kept_nowhere(
    office: Audited,
) -> None:
    """Over epochs and changed numbers; the leaf says by pseudonym who was looked for."""
    last_year = utc_now() - timedelta(days=366)
    people = ((NUMBER,), (OTHER,), (NUMBER, NEWER), (NEWER,))
    await office.log.add(
        [
            *(an_access_of(office.pseudonyms, *each) for each in people),
            an_access_of(office.pseudonyms, NUMBER, at=last_year),
        ]
    )
    answer = await office.call("POST", INQUIRIES, an_inquiry())

    assert [4, 3, 2, 0] == indexes(answer)
    assert NUMBER not in answer.text
    (leaf,) = office.recorded.leaves
    epoch = str(utc_now().year)
    assert leaf.subj is not None
    assert (office.pseudonyms.of(Scheme.CITIZEN, NUMBER, epoch),) == leaf.subj.p
    assert NUMBER not in str(leaf)
    async with connected(office.log.dsn) as connection:
        rows = await connection.fetch("SELECT id::text, account, reason FROM search.inquiry")
        assert [(leaf.id, "kt-01", REASON)] == [tuple(row) for row in rows]


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"reason": f"Tra cứu số {NUMBER}"}, "/reason"),
        ({"case": f"TT-{NUMBER}"}, "/case"),
        ({"reason": "ngắn"}, "/reason"),
        ({"identifiers": []}, "/identifiers"),
        ({"identifiers": [{"value": "123"}]}, "/identifiers/0/value"),
        ({"identifiers": [{"value": NUMBER, "scheme": "peer"}]}, "/identifiers/0/scheme"),
        ({"query": "foo"}, "/query"),
    ],
)
async def test_an_inquiry_without_reason_case_or_number_is_none(
    office: Audited, changes: dict[str, Any], pointer: str
) -> None:
    """The place is named, the value is not repeated."""
    answer = await office.call("POST", INQUIRIES, an_inquiry(**changes))

    assert (400, pointer) == (answer.status_code, answer.json()["errors"][0]["pointer"])
    assert NUMBER not in answer.text
    assert [] == office.recorded.leaves


async def test_somebody_nobody_asked_about_is_found_nowhere(office: Audited) -> None:
    """A person without records has no records, rather than everybody's."""
    await office.log.add([an_access()])
    answer = await office.call("POST", INQUIRIES, an_inquiry(OTHER))

    assert (200, []) == (answer.status_code, indexes(answer))


async def test_the_story_of_a_dossier_tells_who_looked_at_it(office: Audited) -> None:
    """Accesses and auditors' own searches for it, in one list."""
    epoch, case = str(utc_now().year), "H99.30.01-261121-0001"
    own = office.pseudonyms.of(Scheme.DOSSIER, case, epoch)
    await office.log.add([an_access_of(office.pseudonyms, NUMBER, dossier=own), an_access()])
    await office.call("POST", SEARCH, {"query": f"dossier:{case}"})
    await office.log.add(office.recorded.leaves)
    answer = await office.call("POST", TIMELINES, {"dossier": case})

    assert [("reading", 2), ("access", 0)] == [
        (each["kind"], each["index"]) for each in answer.json()["records"]
    ]
    assert case not in answer.text
    again = await office.call("POST", TIMELINES, {"dossier": own})
    assert answer.json()["records"] == again.json()["records"]


async def test_the_story_of_an_official_tells_who_was_looked_for(office: Audited) -> None:
    """What they did, and who asked about that."""
    epoch = str(utc_now().year)
    own = office.pseudonyms.of(Scheme.OFFICIAL, "cb-77", epoch)
    leaf = an_access()
    assert leaf.actor is not None
    await office.log.add([replace(leaf, actor=replace(leaf.actor, user=own)), an_access()])
    await office.call("POST", SEARCH, {"query": "officer:cb-77"})
    await office.log.add(office.recorded.leaves)
    answer = await office.call("POST", TIMELINES, {"official": "cb-77"})

    assert ["reading", "access"] == [each["kind"] for each in answer.json()["records"]]


async def test_the_story_of_a_person_needs_a_reason(office: Audited) -> None:
    """It is an inquiry by another name."""
    await office.log.add([an_access_of(office.pseudonyms, NUMBER)])
    bare = await office.call("POST", TIMELINES, {"identifiers": [{"value": NUMBER}]})
    whole = await office.call("POST", TIMELINES, an_inquiry())

    assert (400, "/reason") == (bare.status_code, bare.json()["errors"][0]["pointer"])
    assert [0] == indexes(whole)
    two = await office.call("POST", TIMELINES, {"dossier": "abc", "agreement": "TT-1"})
    assert 400 == two.status_code


async def test_one_record_comes_whole_and_its_reading_is_about_the_same_people(
    office: Audited,
) -> None:
    """The person's own view then shows that it was read."""
    entries = await office.log.add([an_access_of(office.pseudonyms, NUMBER), an_access()])
    answer = await office.call("GET", f"{RECORDS}/0")
    body = answer.json()

    assert json.loads(entries[0]) == body["leaf"]
    assert (0, 0, 2) == tuple(body["place"][name] for name in ("index", "seq", "tree_size"))
    assert f"{RECORDS}/0/proof" == body["proof"]
    (leaf,) = office.recorded.leaves
    assert json.loads(entries[0])["subj"]["p"] == list(leaf.subj.p if leaf.subj else ())


@pytest.mark.parametrize("index", ["5", "-1", "9223372036854775808", "x"])
async def test_a_record_that_is_not_there_is_not_found(office: Audited, index: str) -> None:
    """Nothing was read, so nothing is recorded."""
    await office.log.add([an_access()])
    answer = await office.call("GET", f"{RECORDS}/{index}")

    assert 404 == answer.status_code
    assert [] == office.recorded.leaves


async def test_a_finding_leads_to_the_records_it_rests_on(office: Audited) -> None:
    """And an unknown one to none."""
    await office.log.add([an_access() for _ in range(4)])

    known = await office.call("POST", SEARCH, {"query": "finding:F-01"})
    unknown = await office.call("POST", SEARCH, {"query": "finding:F-02"})
    assert ([2, 0], []) == (indexes(known), indexes(unknown))


async def test_saved_searches_are_ones_own(office: Audited) -> None:
    """By name, without numbers, and nobody else's."""
    kept = await office.call("POST", SAVED, {"name": "Từ chối", "query": "decision:deny"})
    twice = await office.call("POST", SAVED, {"name": "Từ chối", "query": "decision:allow"})
    wrong = await office.call("POST", SAVED, {"name": "x", "query": f"officer:{NUMBER}"})
    numbered = await office.call("POST", SAVED, {"name": NUMBER, "query": "decision:deny"})
    others = await office.call("GET", SAVED, account="kt-02")
    path = f"{SAVED}/{kept.json()['id']}"
    stolen = await office.call("DELETE", path, account="kt-02")
    mine = await office.call("GET", SAVED)
    gone = [await office.call("DELETE", path) for _ in range(2)]

    assert [201, 409, 400, 400, 200, 404, 204, 404] == [
        each.status_code for each in (kept, twice, wrong, numbered, others, stolen, *gone)
    ]
    assert ([], ["decision:deny"]) == (others.json(), [each["query"] for each in mine.json()])
    assert NUMBER not in numbered.text + wrong.text


async def test_who_asks_too_often_waits(database_url: str, tmp_path: Path) -> None:
    """Row 33 of the fault matrix; the refusal is before the log, which a flood cannot fill."""
    async with audited(database_url, tmp_path, per_minute=2) as office:
        answers = [await office.call("POST", SEARCH, {}) for _ in range(3)]
        other = await office.call("POST", SEARCH, {}, account="kt-02")

        assert [200, 200, 429] == [each.status_code for each in answers]
        assert 200 == other.status_code
        assert int(answers[2].headers["retry-after"]) >= 1
        assert 3 == len(office.recorded.leaves)


async def test_a_pseudonym_of_a_record_can_be_asked_for(office: Audited) -> None:
    """From one record to the next, without knowing who it is."""
    await office.log.add([an_access(), a_deny()])
    answer = await office.call("POST", SEARCH, {"query": f"officer:{PSEUDONYM}"})

    assert [0] == indexes(answer)
