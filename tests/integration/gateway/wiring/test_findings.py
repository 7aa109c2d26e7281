"""Findings from the log to the auditor: counted by the keeper, judged over a real socket."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from litestar import Litestar
from litestar.di import Provide

from auth.people import Role
from auth.stand_in import verifier
from gateway.api.bodies import Limits
from gateway.api.failures import HANDLERS
from gateway.api.people import PERSON
from gateway.audit.leaf import parse
from gateway.clock import utc_now
from gateway.findings.hours import Hours, local_day
from gateway.settings import load
from gateway.settings_record import Findings
from gateway.wiring import findings
from gateway.wiring.shared import Shared
from tests.audit_rows import stored, until
from tests.finding_builders import pseudonym, spread
from tests.folded import WRITER, fold
from tests.people import token_for

BARE = 35  # looks without a dossier: enough without a baseline
ONE = f"?rule=bare&scope=official&actor={pseudonym('an')}"
REASON = {"reason": "Đã đối chiếu với sổ trực của đơn vị."}

REASONS_REFUSED = (
    "quá ngắn",
    "người dân số 003190000123 đã đồng ý",
    "người dân số 003.190.000.123 đã đồng ý",
    "người dân số 003 190 000 123 đã đồng ý",
    "đã xem xét \u202e kỹ lưỡng rồi",
    "x" * 2_001,
)
QUERIES_REFUSED = (
    "limit=0",
    "limit=201",
    "rule=nothing",
    "state=maybe",
    "cursor=1",
    "cursor=2026-11-18.x",
    "actor=003190000123",
    "agency=003190000123",
    "after=yesterday",
)


class Desk:
    """A gateway with the findings alone: its parts and its address."""

    def __init__(self, shared: Shared, client: httpx.AsyncClient) -> None:
        self.shared = shared
        self._client = client

    async def ask(
        self,
        path: str,
        body: dict[str, str] | None = None,
        *,
        role: Role = Role.AUDITOR,
        account: str = "kt-01",
    ) -> httpx.Response:
        """Ask as a person of *role*."""
        token = token_for(self.shared.settings, role=role, account=account)
        headers = {"Authorization": f"Bearer {token}"}
        if body is None:
            return await self._client.get(path, headers=headers)
        return await self._client.post(path, json=body, headers=headers)

    async def listed(self, query: str = "") -> list[dict[str, Any]]:
        """Return what the list shows."""
        answer = await self.ask(f"/v1/findings{query}")
        assert 200 == answer.status_code, answer.text
        return answer.json()["items"]

    async def one(self) -> str:
        """Return the address of the planted finding, once it was found."""

        async def found() -> bool:
            return bool(await self.listed(ONE))

        await until(found)
        (item,) = await self.listed(ONE)
        return f"/v1/findings/{item['id']}"

    async def acts(self) -> list[str]:
        """Return the types of all records that this gateway itself wrote, in order."""
        rows = await stored(self.shared.dsn)
        return [parse(row.entry).type.value for row in rows if row.writer != WRITER]


@pytest.fixture
async def desk(database_url: str, tmp_path: Path) -> AsyncIterator[Desk]:
    """Give a keeper and a worker of findings over a log with two planted officials."""
    quick = {"idle_s": 0.05, "judge_s": 0.05}
    settings = load(
        {
            "database": {"url": database_url},
            "audit": {"keys_dir": tmp_path / "pseudonyms"},
            "identity": {"keys_dir": tmp_path / "signing"},
            "findings": quick,
        },
        {},
    )
    day = local_day(utc_now())
    calls = [
        one.leaf()
        for official in ("an", "binh")
        for one in spread(BARE, day=day, dossier=None, official=official)
    ]
    await fold(database_url, calls, day=day)
    async with AsyncExitStack() as stack:
        shared = Shared(settings)
        shared.open_database(stack)
        await shared.open_log(stack, "node-1.k0")
        await findings.keep(stack, shared)
        provided = await findings.serve(stack, shared)
        people = verifier(settings.identity, utc_now, demo=True)
        given = {**provided, "people": people, "limits": Limits()}
        yield Desk(shared, await stack.enter_async_context(served(given)))


def served(given: dict[str, object]) -> "Served":
    """Return the routes of findings on a free loopback port, with *given* behind them."""
    dependencies = {
        name: Provide(_always(value), sync_to_thread=False) for name, value in given.items()
    }
    return Served(
        Litestar(
            list(findings.HANDLERS),
            dependencies={**PERSON, **dependencies},
            exception_handlers={**HANDLERS},
            openapi_config=None,
            logging_config=None,
        )
    )


def _always(value: object) -> Callable[[], object]:
    return lambda: value


class Served:
    """An application on a socket, in this loop."""

    def __init__(self, application: Litestar) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        config = uvicorn.Config(application, log_config=None, lifespan="off")
        self._server = uvicorn.Server(config)

    async def __aenter__(self) -> httpx.AsyncClient:
        """Serve; give a client."""
        self._task = asyncio.ensure_future(self._server.serve([self._listener]))
        base = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._client = httpx.AsyncClient(base_url=base, trust_env=False, timeout=10)
        return self._client

    async def __aexit__(self, *_: object) -> None:
        """Stop."""
        await self._client.aclose()
        self._server.should_exit = True
        await self._task


async def test_an_auditor_reads_why_and_on_what_a_finding_rests(desk: Desk) -> None:
    """Figures for programs, a sentence for people, records for proof."""
    shown = (await desk.ask(await desk.one())).json()

    finding = shown["finding"]
    assert (pseudonym("an"), "H31.12", BARE) == (
        finding["actor"],
        finding["agency"],
        finding["value"],
    )
    assert "không nêu mã hồ sơ" in finding["explanation_vi"]
    assert "without naming a dossier" in finding["explanation_en"]
    assert list(range(20)) == [one["index"] for one in shown["evidence"]]
    assert f"finding:{finding['id']}" == shown["query"]


async def test_every_look_and_judgement_is_on_record(desk: Desk) -> None:
    """Who judges officials is seen as well; the reason stays out of the log."""
    one = await desk.one()
    before = len(await desk.acts())
    await desk.ask(one)
    judged = (await desk.ask(f"{one}/dismiss", REASON)).json()

    rows = await stored(desk.shared.dsn)
    assert ["audit.search", "finding.dismiss"] == (await desk.acts())[before:]
    leaf = next(parse(r.entry) for r in rows if b"finding.dismiss" in r.entry)
    assert leaf.change is not None
    assert (one.rpartition("/")[2], judged["judgement"]["entry"]) == (leaf.change.id, leaf.id)
    assert "dismissed" == judged["state"]
    assert REASON["reason"] == judged["judgement"]["reason"]
    assert not any("sổ trực".encode() in row.entry for row in rows)


async def test_a_finding_is_judged_once(desk: Desk) -> None:
    """Two auditors cannot both be right; the second sees what the first decided."""
    one = await desk.one()
    answers = await asyncio.gather(
        desk.ask(f"{one}/confirm", REASON),
        desk.ask(f"{one}/dismiss", REASON, account="kt-02"),
    )

    assert [200, 409] == sorted(answer.status_code for answer in answers)
    assert 409 == (await desk.ask(f"{one}/confirm", REASON)).status_code


async def test_a_reason_is_a_sentence_and_holds_nobodys_number(desk: Desk) -> None:
    """It is kept for years and read by many; the refusal does not repeat it."""
    one = await desk.one()
    for reason in REASONS_REFUSED:
        answer = await desk.ask(f"{one}/confirm", {"reason": reason})
        told = answer.json()

        assert (400, "validation_failed") == (answer.status_code, told["code"]), reason
        assert "/reason" == told["errors"][0]["pointer"]
        assert "190" not in str(told["errors"]) + told["detail"]
    assert "finding.confirm" not in await desk.acts()


async def test_who_may_read_may_not_always_judge(desk: Desk) -> None:
    """A privacy officer reads; an operator does neither."""
    one = await desk.one()

    assert 200 == (await desk.ask(one, role=Role.PRIVACY_OFFICER)).status_code
    refused = [
        await desk.ask(f"{one}/confirm", REASON, role=Role.PRIVACY_OFFICER),
        await desk.ask(one, role=Role.OPERATOR),
        await desk.ask("/v1/findings", role=Role.OPERATOR),
    ]
    assert [403] * 3 == [answer.status_code for answer in refused]


async def test_pages_follow_each_other_without_hole_or_overlap(desk: Desk) -> None:
    """Keyset pages stay whole while new findings come."""
    await desk.one()
    whole = await desk.listed()
    paged: list[dict[str, Any]] = []
    query = "?limit=1"
    while True:
        answer = (await desk.ask(f"/v1/findings{query}")).json()
        paged += answer["items"]
        if answer["next_cursor"] is None:
            break
        query = f"?limit=1&cursor={answer['next_cursor']}"

    assert len(whole) > 1
    assert whole == paged


async def test_an_address_is_understood_or_refused(desk: Desk) -> None:
    """A filter that is passed over shows too much."""
    for query in QUERIES_REFUSED:
        answer = await desk.ask(f"/v1/findings?{query}")

        assert (400, "validation_failed") == (answer.status_code, answer.json()["code"]), query


async def test_a_filter_leaves_out_what_does_not_fit(desk: Desk) -> None:
    """Filters narrow, one more each; other rules may speak too, off hours on a Sunday."""
    await desk.one()

    for query in ("state=confirmed", "agency=H31.99", "severity=high", "before=2026-01-01"):
        assert [] == await desk.listed(f"{ONE}&{query}"), query


async def test_nothing_is_shown_or_judged_while_nothing_can_be_recorded(desk: Desk) -> None:
    """Fail closed: no look without a leaf, no judgement without one."""
    one = await desk.one()
    await desk.shared.log.aclose()

    asked = [await desk.ask(one), await desk.ask(f"{one}/confirm", REASON)]
    assert [(503, "audit_unavailable")] * 2 == [(a.status_code, a.json()["code"]) for a in asked]
    pool = await desk.shared.pool("motlan_auditor")
    assert {"open"} == {row[0] for row in await pool.fetch("SELECT state FROM findings.finding")}


async def test_an_unknown_finding_is_nothing(desk: Desk) -> None:
    """Neither a random id nor a word leads anywhere."""
    answers = [
        await desk.ask("/v1/findings/0193a3c2-9c9a-7bd5-8d2a-1b2c3d4e5f60"),
        await desk.ask("/v1/findings/first"),
    ]

    assert [404, 404] == [answer.status_code for answer in answers]


def test_ordinary_time_is_what_the_province_set() -> None:
    """Holidays move from year to year."""
    tet = (local_day(utc_now()),)
    hours = findings.hours_of(Findings(from_hour=7, to_hour=18, holidays=tet))

    assert Hours(from_hour=7, to_hour=18, holidays=frozenset(tet)) == hours
