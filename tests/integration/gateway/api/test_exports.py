"""Routes of exports, over a real socket and a real database: recorded, made, handed out."""

import hashlib
import io
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from auth.people import Role
from gateway.audit.events import Event
from gateway.exports import manifest
from gateway.exports.lines import read_line
from tests.audit_builders import a_deny, an_access
from tests.audit_rows import connected
from tests.export_servers import Exporting, exporting
from tests.search_builders import an_access_of

EXPORTS = "/v1/audit/exports"
NUMBER = "003190000123"
REASON = "Đơn khiếu nại về việc tra cứu trái phép"


@pytest.fixture
async def office(database_url: str, tmp_path: Path) -> AsyncGenerator[Exporting]:
    """Give exports at work."""
    async with exporting(database_url, tmp_path) as found:
        yield found


async def asked(office: Exporting, **body: Any) -> dict[str, Any]:
    """Ask for an export, let it be made, and return how it stands."""
    answer = await office.call("POST", EXPORTS, {"format": "jsonl", **body})
    assert 202 == answer.status_code, answer.text
    await office.working.once()
    found: dict[str, Any] = (await office.call("GET", answer.headers["location"])).json()
    return found


def records(content: bytes) -> list[int]:
    """Return the indexes of the records in an archive of lines."""
    with ZipFile(io.BytesIO(content)) as archive:
        return [
            read_line(text)[0] for text in archive.read("records.jsonl").splitlines(keepends=True)
        ]


async def test_an_export_is_asked_made_and_fetched(office: Exporting) -> None:
    """The whole way of an auditor, with the digest that the file must have."""
    await office.desk.record([an_access(), a_deny(), a_deny()])
    job = await asked(office, query="decision:deny")
    answer = await office.call("GET", job["file"])

    assert ("done", 2, 5) == (job["state"], job["records"], job["tree_size"])
    assert [3, 2] == records(answer.content)
    assert hashlib.sha256(answer.content).hexdigest() == job["sha256"]
    assert "no-store" == answer.headers["cache-control"]
    assert "application/zip" == answer.headers["content-type"]


async def test_each_step_is_on_record_before_it_is_done(office: Exporting) -> None:
    """No record, no data: it holds for those who take the record out (promise P1)."""
    await office.desk.record([an_access()])
    job = await asked(office)
    await office.call("GET", job["file"])
    made, fetched = office.recorded.leaves
    office.recorded.broken = True
    answers = [
        await office.call("POST", EXPORTS, {"format": "jsonl"}),
        await office.call("GET", job["file"]),
    ]

    assert [Event.AUDIT_EXPORT] * 2 == [made.type, fetched.type]
    assert (made.id, job["record"]) == (fetched.of, made.id)
    assert [(503, "audit_unavailable")] * 2 == [(a.status_code, a.json()["code"]) for a in answers]


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.PRIVACY_OFFICER, Role.AGENCY_ADMINISTRATOR])
async def test_only_auditors_take_records_out(office: Exporting, role: Role) -> None:
    """Whoever runs the gateway does not carry its record home."""
    answer = await office.call("POST", EXPORTS, {"format": "jsonl"}, role=role)

    assert 403 == answer.status_code


async def test_nobody_sees_or_fetches_the_export_of_another(office: Exporting) -> None:
    """A query says what somebody is looking into."""
    await office.desk.record([an_access()])
    job = await asked(office)
    path = f"{EXPORTS}/{job['id']}"
    calls = [("GET", path), ("GET", job["file"]), ("DELETE", path)]
    answers = [await office.call(*each, account="kt-02") for each in calls]
    theirs = await office.call("GET", EXPORTS, account="kt-02")

    assert [404] * 3 == [each.status_code for each in answers]
    assert [] == theirs.json()
    assert 200 == (await office.call("GET", job["file"])).status_code


async def test_a_persons_records_need_case_and_reason_and_keep_no_number(
    office: Exporting, database_url: str
) -> None:
    """The number is turned into pseudonyms and forgotten (promise P6)."""
    about = an_access_of(office.pseudonyms, NUMBER)
    await office.desk.record([an_access(), about, an_access()])
    body = {"identifiers": [{"value": NUMBER}], "case": "TT-12/2026", "reason": REASON}
    refused = await office.call(
        "POST", EXPORTS, {"format": "jsonl", "identifiers": [{"value": NUMBER}]}
    )
    told = [
        await office.call("POST", EXPORTS, {"format": "jsonl", **body, member: f"về {NUMBER}"})
        for member in ("case", "reason")
    ]
    job = await asked(office, **body)
    file = (await office.call("GET", job["file"])).content
    async with connected(database_url) as connection:
        rows = await connection.fetch("SELECT j::text FROM exports.job j")

    assert [400] * 3 == [each.status_code for each in (refused, *told)]
    assert [2] == records(file)
    assert NUMBER not in str(rows) + str(office.recorded.leaves) + str(job)
    assert "subj" in str(office.recorded.leaves[0])


async def test_a_case_number_in_a_query_is_kept_as_a_pseudonym(
    office: Exporting, database_url: str
) -> None:
    """A dossier points to a person; the export's own description must not."""
    await office.desk.record([an_access()])
    job = await asked(office, query='dossier:"H99-0042"')
    async with connected(database_url) as connection:
        rows = await connection.fetch("SELECT j::text FROM exports.job j")

    assert "H99-0042" not in str(rows) + str(job)


async def test_what_is_not_understood_is_said_with_its_place(office: Exporting) -> None:
    """The same language as the search, and the same words about mistakes."""
    answer = await office.call("POST", EXPORTS, {"format": "jsonl", "query": "agncy:H31"})

    assert (400, "query_not_understood") == (answer.status_code, answer.json()["code"])


async def test_five_under_way_are_enough(office: Exporting) -> None:
    """One auditor must not keep the keeper from all others."""
    answers = [await office.call("POST", EXPORTS, {"format": "jsonl"}) for _ in range(6)]

    assert [202] * 5 + [429] == [each.status_code for each in answers]


async def test_what_is_taken_back_or_over_is_gone(office: Exporting) -> None:
    """A file that nobody needs is a file that somebody may find."""
    await office.desk.record([an_access()])
    early = (await office.call("POST", EXPORTS, {"format": "jsonl"})).json()
    not_yet = await office.call("GET", f"{EXPORTS}/{early['id']}/file")
    await office.working.once()
    await office.call("DELETE", f"{EXPORTS}/{early['id']}")
    after = await office.call("GET", f"{EXPORTS}/{early['id']}/file")

    assert (409, "export_not_ready") == (not_yet.status_code, not_yet.json()["code"])
    assert (410, "export_gone") == (after.status_code, after.json()["code"])
    assert [] == list(office.desk.directory.iterdir())


async def test_the_list_is_paged_newest_first(office: Exporting) -> None:
    """A year of exports does not fit one page."""
    made = [(await office.call("POST", EXPORTS, {"format": "xlsx"})).json()["id"] for _ in range(3)]
    first = (await office.call("GET", f"{EXPORTS}?rows=2")).json()
    rest = (await office.call("GET", f"{EXPORTS}?rows=2&after={first[-1]['id']}")).json()

    assert made[::-1] == [each["id"] for each in first + rest]


async def test_an_export_of_nothing_fails_with_a_word(office: Exporting) -> None:
    """Before the first checkpoint there is nothing that could be proved."""
    job = await asked(office)

    assert ("failed", "nothing_signed") == (job["state"], job["fault"])


async def test_the_evidence_of_a_finding_is_taken_along(office: Exporting) -> None:
    """A finding is confirmed on records that others can check."""
    await office.desk.record([an_access() for _ in range(4)])
    job = await asked(office, query="finding:F-01")
    file = await office.call("GET", job["file"])
    with ZipFile(io.BytesIO(file.content)) as archive:
        listed = manifest.unbelieved(archive.read(manifest.NAME).decode())

    assert [3, 1] == records(file.content)
    assert "2 leaves" == listed.query
