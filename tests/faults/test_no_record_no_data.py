"""Promise P1, end to end: workers and PostgreSQL are killed under load; no data without a record.

`pytest tests/faults/test_no_record_no_data.py --rounds 200` is the long run.
"""

import json
import os
import random
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import pytest

from gateway.audit.keyring import Keyring
from gateway.audit.pseudonyms import Pseudonyms, epoch_of
from gateway.calling.wire import send
from gateway.clock import utc_now
from gateway.demo.processes import answers
from gateway.demo.province import Province
from tests.audit_rows import connected, stored
from tests.conftest import in_a_loop
from tests.history import Asked, History, Row, Seen, over_reported, violations
from tests.load import Ask, Load
from tests.province import (
    ANH,
    HUY,
    MARRIAGE,
    PERMIT,
    a_province,
    children,
    wait_until,
    workers_of,
)

ASKS = [
    Ask("motcua-xa", "dancu.xacthuc", {"subject": ANH, **PERMIT}),
    Ask("motcua-xa", "dancu.tracuu", {"subject": HUY, **PERMIT, "fields": ["thuong_tru"]}),
    Ask("motcua-xa", "dancu.hogiadinh", {"subject": ANH, **MARRIAGE}),  # strict
    Ask("thu-hotich", "hotich.kethon", {"subject": ANH, **MARRIAGE}),
    Ask("thu-dongy", "dancu.tracuu", {"subject": ANH, "purpose": "khach-hang"}),  # refused
]
STRICT = {"CungCapThongTinHoGiaDinh"}  # what the population register calls dancu.hogiadinh
BETWEEN = 15  # answers with data before a kill and after it, at least
ALL_REGISTERS = ("population", "civil")
PORTS = 6  # a port beside the first may belong to somebody's connection
ENDS = "SELECT writer, max(seq) FROM audit.entry GROUP BY writer"
OF_WRITERS = "SELECT writer, seq, entry, leaf FROM audit.entry WHERE writer = ANY($1)"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make each round a test of its own: bounded in time, and named when it fails."""
    if "number" in metafunc.fixturenames:
        rounds = int(metafunc.config.getoption("rounds") or 0)
        metafunc.parametrize("number", range(rounds))


@dataclass
class Book:
    """One province through all rounds, and everything that was seen of it."""

    province: Province
    opening: Any
    chance: random.Random
    seen: list[Seen] = field(default_factory=list[Seen])
    asked: list[Asked] = field(default_factory=list[Asked])
    receipts: list[Any] = field(default_factory=list[Any])
    ends: dict[str, int] = field(default_factory=dict[str, int])
    kills: int = 0

    def rows(self) -> list[Row]:
        """Return the whole record."""
        return in_a_loop(lambda: stored(self.province.dsn))

    def news(self) -> list[Row]:
        """Return the whole sequences of those writers that wrote since the last look."""

        async def read() -> list[Row]:
            async with connected(self.province.dsn) as connection:
                ends = dict(await connection.fetch(ENDS))
                wrote = [writer for writer, seq in ends.items() if self.ends.get(writer) != seq]
                self.ends = ends
                return [Row(*row) for row in await connection.fetch(OF_WRITERS, wrote)]

        return in_a_loop(read)

    def keep(self, seen: list[Seen], asked: list[Asked]) -> None:
        """Remember what callers and registers saw."""
        self.seen += seen
        self.asked += asked
        self.receipts += receipts_in(seen)

    def history(self) -> History:
        """Return everything known of the run so far."""
        return History(self.seen, self.asked, self.rows(), self.receipts)


@pytest.fixture(scope="module")
def book() -> Iterator[Book]:
    """Give a province of this module alone; its processes die often."""
    with a_province() as province:
        pseudonyms = Pseudonyms(Keyring(province.plan.directory / "keys" / "pseudonyms"))
        epoch = epoch_of(utc_now())
        yield Book(province, lambda leaf: pseudonyms.opening(leaf, epoch), random.Random(7))


def receipts_in(seen: list[Seen]) -> list[Any]:
    """Return the receipts that whole answers carried: acknowledged records."""
    return [
        SimpleNamespace(**json.loads(answer.body)["receipt"])
        for answer in seen
        if answer.status == 200 and answer.body.endswith(b"}}")
    ]


def both_ready(province: Province) -> bool:
    """Say whether both workers answer that they are ready, on whichever port they found free."""
    base, _, port = province.management.rpartition(":")
    ports = range(int(port), int(port) + PORTS)
    ready = sum(answers(f"{base}:{each}/health/ready") for each in ports)
    return ready == 2 == len(workers_of(province))


def settle(province: Province) -> None:
    """Wait for both workers; when they do not come, say what the gateway's log says last."""
    try:
        wait_until(lambda: both_ready(province), 60)
    except AssertionError as late:
        raise AssertionError(province.processes.log("gateway").read_text()[-4_000:]) from late


def kill_worker(province: Province) -> None:
    """Kill the worker that lives longest: no goodbye, no flush."""
    os.kill(min(workers_of(province)), signal.SIGKILL)


def kill_database(province: Province) -> None:
    """Kill every process of PostgreSQL, then start it again as an operator would."""
    server = province._postgres
    assert server is not None
    pid = server.status().pid
    assert pid is not None
    for one in [pid, *children(pid)]:
        os.kill(one, signal.SIGKILL)
    wait_until(lambda: server.status().pid is None, 5)
    server.stop()
    server.start()


def questions_of(province: Province) -> list[Asked]:
    """Return what the registers were asked since the last look."""
    found: list[Asked] = []
    for name in ALL_REGISTERS:
        url = province.registers[name]
        queries = send(url, "GET", "/__queries").body["queries"]
        found += [Asked(each["exchange_id"], each["operation"] in STRICT) for each in queries]
        send(url, "DELETE", "/__queries")
    return found


def silent_refusals(seen: list[Seen], rows: list[Row]) -> list[str]:
    """Return the refusals of known callers that left no record: a no is an outcome too."""
    recorded = {
        leaf["req"]["id"] for row in rows if (leaf := json.loads(row.entry))["type"] == "deny"
    }
    refused = [each.exchange_id for each in seen if each.status == 403]
    return [each for each in refused if each not in recorded]


def test_a_round_of_killing_breaks_nothing(book: Book, number: int) -> None:
    """Whatever dies and whenever: who saw data is on record, and every question is explained."""
    province = book.province
    settle(province)
    with Load(province, ASKS) as load:
        wait_until(lambda: load.fine() > BETWEEN, 20)
        time.sleep(book.chance.uniform(0.0, 0.4))
        if number % 3 == 2:
            kill_database(province)
        else:
            kill_worker(province)
        book.kills += 1
        before = load.fine()
        wait_until(lambda: load.fine() > before + BETWEEN, 30)  # it heals by itself
    seen = [call.seen for call in load.calls]
    book.keep(seen, questions_of(province))
    rows = book.news()

    assert [] == violations(History(seen, (), rows, receipts_in(seen)), book.opening)
    assert [] == silent_refusals(seen, rows)
    assert {200, 403} <= {each.status for each in seen}


def test_the_whole_run_breaks_nothing(book: Book) -> None:
    """All rounds together, once more; the record may claim a little too much, never too little."""
    history = book.history()
    claimed = over_reported(history.seen, history.rows)
    asked = {each.exchange_id for each in history.asked}
    explained = {json.loads(row.entry).get("req", {}).get("id") for row in history.rows}

    assert [] == violations(history, book.opening)
    assert len(claimed) <= 8 * (book.kills + 1)  # at most what was under way at each end
    assert len(asked - explained) <= 8 * book.kills  # asked, and killed before the record
    assert book.receipts


def test_the_judge_finds_what_is_missing_or_changed(book: Book) -> None:
    """The control: the same history with one record removed, or one answer touched, is guilty."""
    history = book.history()
    told = next(each for each in reversed(history.seen) if each.status == 200)
    without = [
        row for row in history.rows
        if json.loads(row.entry).get("req", {}).get("id") != told.exchange_id
    ]  # fmt: skip
    touched = replace(told, body=told.body.replace(b'"exact"', b'"Exact"', 1))
    recorded = next(
        row for row in history.rows
        if told.exchange_id.encode() in row.entry and b'"d":"' in row.entry.partition(b'"res"')[2]
    )  # fmt: skip
    digest = json.loads(recorded.entry)["res"]["d"].encode()
    forged = replace(recorded, entry=recorded.entry.replace(digest, digest[::-1]))

    removed = violations(replace(history, rows=without), book.opening)
    changed = violations(replace(history, seen=[touched]), book.opening)
    tampered = violations(
        replace(history, rows=[forged if row is recorded else row for row in history.rows]),
        book.opening,
    )

    assert any("access records" in one for one in removed)
    assert any("is missing" in one or "is gone" in one for one in removed)
    assert any("digest" in one for one in changed)
    assert any("leaf hash" in one for one in tampered)
    assert any("digest" in one for one in tampered)
