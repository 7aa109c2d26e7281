"""People, agencies and seals over a real socket, wired as workers are, on a real database."""

from collections.abc import AsyncGenerator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from litestar import Litestar
from litestar.di import Provide

from auth.people import Role
from auth.stand_in import verifier
from gateway.api.failures import HANDLERS
from gateway.api.people import PERSON
from gateway.audit.events import Event
from gateway.audit.leaf import Leaf, parse
from gateway.clock import utc_now
from gateway.consents.grants import Representation
from gateway.consents.repository import RepresentationRepository
from gateway.settings import Settings, load
from gateway.wiring import disclosure
from gateway.wiring.shared import Shared
from tests.audit_rows import connected, stored
from tests.conftest import in_a_loop
from tests.disclosure_builders import MINE, POLICE, THEIRS, disclosed
from tests.oauth_servers import serving
from tests.people import token_for
from tests.search_builders import an_access_of

CHILD = "003222000090"
REPRESENTATION = "0193f2e0-7c1d-7c3a-9d52-7d1f6a1c0001"
OVER = "0193f2e0-7c1d-7c3a-9d52-7d1f6a1c0002"  # a representation that has ended


class Town:
    """A served gateway, the people who call it, and its log."""

    def __init__(self, url: str, settings: Settings, dsn: str, folder: Path) -> None:
        self.url, self.dsn = url, dsn
        self._settings, self._folder = settings, folder

    def add(self, *numbers: str) -> None:
        """Record an access about each of *numbers*."""

        async def work() -> None:
            async with disclosed(self.dsn, self._folder) as told:
                await told.add(an_access_of(told.pseudonyms, each) for each in numbers)

        in_a_loop(work)

    def ask(self, method: str, path: str, who: str | None, **options: Any) -> httpx.Response:
        """Call one route as *who*: a name of `CALLERS`, or nobody."""
        headers = dict(options.pop("headers", {}))
        if who is not None:
            headers["Authorization"] = f"Bearer {token_for(self._settings, **CALLERS[who])}"
        return httpx.request(method, self.url + path, headers=headers, timeout=10, **options)

    def acts(self) -> list[Leaf]:
        """Return what people did, as the log has it."""
        rows = in_a_loop(lambda: stored(self.dsn))
        leaves = [parse(row.entry) for row in rows]
        kinds = ("own.", "question.", "seal.", "audit.")
        return [leaf for leaf in leaves if leaf.type.value.startswith(kinds)]


CALLERS: dict[str, dict[str, Any]] = {
    "anh": {"role": Role.CITIZEN, "account": "dan-01", "agency": None, "so_dinh_danh": MINE},
    "huy": {"role": Role.CITIZEN, "account": "dan-02", "agency": None, "so_dinh_danh": THEIRS},
    "police": {"role": Role.OFFICIAL, "account": "cb-01", "agency": POLICE},
    "second": {"role": Role.PRIVACY_OFFICER, "account": "cb-02", "agency": POLICE},
    "elsewhere": {"role": Role.PRIVACY_OFFICER, "account": "cb-03", "agency": "H99.99"},
    "both": {
        "role": (Role.OFFICIAL, Role.PRIVACY_OFFICER), "account": "cb-04", "agency": POLICE,
    },
    "desk": {"role": Role.AGENCY_ADMINISTRATOR, "account": "qt-01", "agency": POLICE},
    "other_desk": {"role": Role.AGENCY_ADMINISTRATOR, "account": "qt-02", "agency": "H99.99"},
    "auditor": {"role": Role.AUDITOR, "account": "kt-01", "agency": "H99.01"},
}  # fmt: skip


@pytest.fixture
def town(database_url: str, tmp_path: Path) -> Iterator[Town]:
    """Give a gateway with the routes of disclosure over a catalog without entries."""
    settings = load(
        {
            "database": {"url": database_url, "pool_connections": 3},
            "audit": {"keys_dir": tmp_path / "pseudonyms"},
            "identity": {"keys_dir": tmp_path / "signing"},
        },
        {},
    )
    with serving(application(settings)) as url:
        yield Town(url, settings, database_url, tmp_path)


def application(settings: Settings) -> Litestar:
    """Return an application with this part alone, opened as a worker opens it."""
    given: dict[str, Any] = {
        "clock": utc_now,
        "people": verifier(settings.identity, utc_now, demo=True),
    }

    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncGenerator[None]:
        async with AsyncExitStack() as stack:
            shared = Shared(settings)
            shared.open_database(stack)
            await shared.open_catalog(stack)
            await shared.open_log(stack, "web.0")
            given.update(await disclosure.serve(stack, shared))
            given["seal_targets"] = lambda _kind: {POLICE}
            yield

    def provided(name: str) -> Provide:
        return Provide(lambda: given[name], sync_to_thread=False)

    names = (*given, *disclosure.PROVIDES)
    return Litestar(
        [*disclosure.HANDLERS],
        dependencies={**PERSON, **{name: provided(name) for name in names}},
        exception_handlers={**HANDLERS},
        lifespan=[lifespan],
        openapi_config=None,
        logging_config=None,
    )


def a_seal(**changed: object) -> dict[str, object]:
    """Return the body of a request for a seal over the agency's accesses."""
    now = utc_now()
    return {
        "ground": "dieu-tra-hinh-su",
        "kind": "agency",
        "targets": [POLICE],
        "first": (now - timedelta(days=1)).isoformat(),
        "last": (now + timedelta(days=1)).isoformat(),
        "opens_at": (now + timedelta(days=30)).isoformat(),
        "reason": "Xác minh nguồn tin",
    } | changed


def sealed(town: Town) -> str:
    """Seal the agency's accesses; return the seal's id."""
    asked = town.ask("POST", "/v1/seals", "police", json=a_seal())
    assert 201 == asked.status_code
    body = {"approve": True, "reason": "Đúng căn cứ"}
    of = asked.json()["id"]
    assert 200 == town.ask("POST", f"/v1/seals/{of}/decision", "second", json=body).status_code
    return str(of)


def test_a_person_reads_who_looked_and_the_reading_is_on_record_first(town: Town) -> None:
    """The list is the person's own, and a stolen sign-on leaves a trace."""
    town.add(MINE, THEIRS, MINE)

    answer = town.ask("GET", "/v1/own/accesses?limit=1", "anh")
    rest = town.ask(
        "GET", "/v1/own/accesses", "anh", params={"cursor": answer.json()["next_cursor"]}
    )

    assert (200, "no-store") == (answer.status_code, answer.headers["cache-control"])
    assert [2, 0] == [line["index"] for page in (answer, rest) for line in page.json()["items"]]
    assert [Event.OWN_READ] * 2 == [leaf.type for leaf in town.acts()]
    assert {"/v1/own/accesses"} == {leaf.req.route for leaf in town.acts() if leaf.req}


def test_nobody_fills_the_log_by_reading_it(town: Town) -> None:
    """Each reading is a record; a loop in a page must not become a million of them."""
    found = [town.ask("GET", "/v1/own/accesses", "anh").status_code for _ in range(40)]

    assert 30 <= found.count(200) <= 39
    assert found.count(200) == len(town.acts())
    assert {200, 429} == set(found)
    assert 200 == town.ask("GET", "/v1/own/accesses", "huy").status_code


def test_counts_tell_in_a_sentence_who_looked(town: Town) -> None:
    """What the first page of the citizen's side says."""
    town.add(MINE, MINE)

    found = town.ask("GET", "/v1/own/summary?days=30", "anh").json()

    assert (1, 2, 0) == (found["agencies"], found["accesses"], found["sealed"])
    assert "1 cơ quan đã nhận dữ liệu của bạn 2 lần" in found["sentence_vi"]


@pytest.mark.parametrize(
    "path",
    [
        "/v1/own/accesses?limit=0",
        "/v1/own/accesses?limit=101",
        "/v1/own/accesses?limit=x",
        "/v1/own/summary?days=0",
        "/v1/own/summary?days=367",
        "/v1/own/days/yesterday",
        "/v1/own/days/2026-13-01/proof",
        "/v1/own/questions?limit=201",
    ],
)
def test_what_has_not_its_form_is_refused_with_its_place(town: Town, path: str) -> None:
    """A wrong query is the caller's to mend."""
    answer = town.ask("GET", path, "anh")

    assert (400, "validation_failed") == (answer.status_code, answer.json()["code"])


@pytest.mark.parametrize(
    "path",
    [
        "/v1/own/accesses?cursor=AAAA",
        "/v1/own/accesses/1/proof",
        "/v1/own/accesses/99/proof",
        "/v1/own/days/2026-01-01",
        "/v1/own/days/2026-01-01/proof",
    ],
)
def test_what_is_not_there_or_not_ones_own_is_not_found(town: Town, path: str) -> None:
    """Record 1 is another person's: it gets what record 99 gets."""
    town.add(MINE, THEIRS)

    assert 404 == town.ask("GET", path, "anh").status_code


def test_a_proof_waits_for_the_checkpoint(town: Town) -> None:
    """A record that no checkpoint covers has no proof yet; the answer says when to come again."""
    town.add(MINE)

    answer = town.ask("GET", "/v1/own/accesses/0/proof", "anh")

    assert (503, "proof_not_ready") == (answer.status_code, answer.json()["code"])
    assert "5" == answer.headers["retry-after"]


def test_a_representative_reads_for_a_child_by_right_alone(town: Town) -> None:
    """The number stands in the body; without the representation the child is nobody."""
    town.add(CHILD)
    body = {"representation": REPRESENTATION, "so_dinh_danh": CHILD}
    before = town.ask("POST", "/v1/own/represented/accesses", "anh", json=body)

    async def represent(record: str, until: timedelta) -> None:
        async with disclosed(town.dsn, town._folder) as told:
            await RepresentationRepository(told.app).represent(
                Representation(
                    id=record,
                    rev=1,
                    principal_ref=told.pseudonyms.person(CHILD),
                    representative_ref=told.pseudonyms.person(MINE),
                    relation="parent",
                    valid_to=utc_now() + until,
                    child_assent=False,
                ),
                source="ho-tich",
                at=utc_now(),
            )

    in_a_loop(lambda: represent(REPRESENTATION, timedelta(days=30)))
    in_a_loop(lambda: represent(OVER, timedelta(seconds=-1)))
    answer = town.ask("POST", "/v1/own/represented/accesses", "anh", json=body)
    stranger = town.ask("POST", "/v1/own/represented/accesses", "huy", json=body)
    other = town.ask(
        "POST", "/v1/own/represented/accesses", "anh", json=body | {"so_dinh_danh": THEIRS}
    )
    over = town.ask(
        "POST", "/v1/own/represented/accesses", "anh", json=body | {"representation": OVER}
    )

    assert [404, 200, 404, 404, 404] == [
        each.status_code for each in (before, answer, stranger, other, over)
    ]
    (line,) = answer.json()["items"]
    assert "của người bạn đại diện" in line["sentence_vi"]
    assert 1 == len(town.acts())


def test_a_question_travels_to_the_agency_and_back(town: Town) -> None:
    """Asked, acknowledged, answered, closed; each side sees the same."""
    town.add(MINE)
    asked = town.ask("POST", "/v1/own/questions", "anh", json={"access": 0, "text": "Vì sao?"})
    of = asked.json()["id"]
    seen = town.ask("GET", "/v1/agency/questions?waiting=true", "desk").json()["items"]
    town.ask("POST", f"/v1/agency/questions/{of}/acknowledgement", "second")
    body = {"text": "Để giải quyết hồ sơ."}
    answered = town.ask("POST", f"/v1/agency/questions/{of}/answer", "desk", json=body)
    (mine,) = town.ask("GET", "/v1/own/questions", "anh").json()["items"]
    closed = town.ask("POST", f"/v1/own/questions/{of}/close", "anh")

    assert (201, "asked") == (asked.status_code, asked.json()["state"])
    assert {"V", "D"} == {rule["mark"] for rule in asked.json()["rules"]}
    assert [of] == [each["id"] for each in seen]
    assert answered.json() == mine
    assert ("answered", body["text"]) == (mine["state"], mine["answer"])
    assert "closed" == closed.json()["state"]
    assert [
        Event.QUESTION_ASK, Event.QUESTION_ACKNOWLEDGE, Event.QUESTION_ANSWER, Event.QUESTION_CLOSE,
    ] == [leaf.type for leaf in town.acts()]  # fmt: skip


def test_agencies_see_their_own_questions_and_an_auditor_sees_all(town: Town) -> None:
    """An auditor's reading is on record; the person who asked is shown to neither."""
    town.add(MINE)
    town.ask("POST", "/v1/own/questions", "anh", json={"access": 0, "text": "Vì sao?"})
    found = {
        who: town.ask("GET", "/v1/agency/questions", who).json()["items"]
        for who in ("desk", "second", "other_desk", "elsewhere", "auditor")
    }

    assert {"desk": 1, "second": 1, "other_desk": 0, "elsewhere": 0, "auditor": 1} == {
        who: len(items) for who, items in found.items()
    }
    assert not any("asker" in name for name in found["auditor"][0])
    assert [Event.QUESTION_ASK, Event.AUDIT_SEARCH] == [leaf.type for leaf in town.acts()]


def test_a_text_with_a_number_is_refused_and_not_repeated(town: Town) -> None:
    """The refusal says why; the number is in no answer and no record (promise P6)."""
    town.add(MINE)
    answer = town.ask("POST", "/v1/own/questions", "anh", json={"access": 0, "text": f"Số {MINE}?"})

    (error,) = answer.json()["errors"]
    assert (400, "/text", "digits") == (answer.status_code, error["pointer"], error["code"])
    assert MINE not in answer.text
    assert [] == town.acts()


def test_a_seal_takes_two_people_and_shows_as_a_closed_line(town: Town) -> None:
    """From the request to the person's page and back to open."""
    town.add(MINE)
    of = sealed(town)
    (line,) = town.ask("GET", "/v1/own/accesses", "anh").json()["items"]
    proof = town.ask("GET", "/v1/own/accesses/0/proof", "anh")
    numbers = town.ask("GET", "/v1/public/seals", None).json()
    body = {"reason": "Kết thúc điều tra"}
    opened = town.ask("POST", f"/v1/seals/{of}/opening", "second", json=body)
    (again,) = town.ask("GET", "/v1/own/accesses", "anh").json()["items"]

    assert {"kind", "sentence_vi", "sentence_en", "first_day", "last_day", "opens_at"} == set(line)
    assert 404 == proof.status_code
    assert (1, 1, 0) == (numbers["live"], numbers["sealed_records"], numbers["opened"])
    assert ("open", "access") == (opened.json()["state"], again["kind"])


def test_one_person_with_both_roles_still_cannot_seal_alone(town: Town) -> None:
    """Roles are not people."""
    of = town.ask("POST", "/v1/seals", "both", json=a_seal()).json()["id"]
    body = {"approve": True, "reason": "Tự duyệt"}

    answer = town.ask("POST", f"/v1/seals/{of}/decision", "both", json=body)

    assert (403, "second_person_missing") == (answer.status_code, answer.json()["code"])


def test_a_decision_is_made_once(town: Town) -> None:
    """Refused stays refused; the state is told to whoever comes late."""
    of = town.ask("POST", "/v1/seals", "police", json=a_seal()).json()["id"]
    no, yes = ({"approve": each, "reason": "Đã xét"} for each in (False, True))
    first = town.ask("POST", f"/v1/seals/{of}/decision", "second", json=no)
    second = town.ask("POST", f"/v1/seals/{of}/decision", "second", json=yes)

    assert ("refused", 409) == (first.json()["state"], second.status_code)
    assert "move_refused" == second.json()["code"]


@pytest.mark.parametrize(
    ("changed", "pointer"),
    [
        ({"ground": "khac"}, "/ground"),
        ({"targets": ["H00"]}, "/targets"),
        ({"opens_at": "2036-01-01T00:00:00Z"}, "/longest"),
        ({"first": "2026-01-01"}, "/first"),
        ({"kind": "everything"}, "/kind"),
        ({"reason": f"về {MINE}"}, "/text"),
    ],
)
def test_a_seal_outside_its_limits_is_refused_with_its_place(
    town: Town, changed: dict[str, object], pointer: str
) -> None:
    """What is wrong is named; what was sent is not repeated."""
    answer = town.ask("POST", "/v1/seals", "police", json=a_seal(**changed))

    assert 400 == answer.status_code
    assert [pointer] == [error["pointer"] for error in answer.json()["errors"]]
    assert MINE not in answer.text
    assert [] == town.acts()


def test_seals_are_listed_for_their_agency_and_for_auditors(town: Town) -> None:
    """Another agency's investigation is none of theirs."""
    sealed(town)
    found = {
        who: len(town.ask("GET", "/v1/seals", who).json()["items"])
        for who in ("second", "elsewhere", "auditor")
    }

    assert {"second": 1, "elsewhere": 0, "auditor": 1} == found


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/v1/own/accesses", {"anh"}),
        ("GET", "/v1/own/summary", {"anh"}),
        ("POST", "/v1/own/questions", {"anh"}),
        ("GET", "/v1/agency/questions", {"desk", "second", "auditor"}),
        ("POST", "/v1/agency/questions/x/answer", {"desk", "second"}),
        ("POST", "/v1/seals", {"police"}),
        ("POST", "/v1/seals/x/decision", {"second"}),
        ("GET", "/v1/seals", {"second", "auditor"}),
    ],
)
def test_each_route_is_for_its_roles_alone(
    town: Town, method: str, path: str, allowed: set[str]
) -> None:
    """A role that may not is told so before anything else happens; nobody is nobody."""
    callers = ("anh", "police", "second", "desk", "auditor")
    found = {who for who in callers if town.ask(method, path, who).status_code != 403}

    assert allowed == found
    assert 401 == town.ask(method, path, None).status_code


def test_grounds_are_public_with_their_marks(town: Town) -> None:
    """What a seal may rest on is no secret; how sure we are is not hidden either."""
    found = town.ask("GET", "/v1/seals/grounds", None).json()

    assert {"K"} == {ground["mark"] for ground in found}
    assert {"D"} == {ground["longest_mark"] for ground in found}


def test_no_persons_number_is_anywhere_after_all_of_it(town: Town) -> None:
    """Promise P6: neither in a table nor in an answer, whatever was asked."""
    town.add(MINE)
    seal = a_seal(kind="person", targets=[MINE])
    answers = [
        town.ask("GET", "/v1/own/accesses", "anh"),
        town.ask("POST", "/v1/seals", "police", json=seal),
        town.ask("POST", "/v1/own/questions", "anh", json={"access": 0, "text": "Vì sao?"}),
        town.ask("GET", "/v1/agency/questions", "desk"),
        town.ask("GET", "/v1/seals", "auditor"),
    ]
    tables = in_a_loop(lambda: rows_of_disclosure(town.dsn))

    assert [True] * 5 == [each.is_success for each in answers]
    assert [False] * 5 == [MINE in each.text for each in answers]
    assert MINE not in tables
    assert "dan-01" not in tables


async def rows_of_disclosure(dsn: str) -> str:
    """Return everything that the tables of disclosure hold."""
    names = ("seal", "seal_decision", "question", "question_step", "day_item")
    async with connected(dsn) as connection:
        rows = [
            row[0]
            for name in names
            for row in await connection.fetch(f"SELECT t::text FROM disclosure.{name} t")
        ]
    return "\n".join(rows)
