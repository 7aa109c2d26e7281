"""What a search costs: the first page at a million records, and how fast the follower follows.

Run with ``python -m bench.search [--rows 1000000]``.  Rows are invented with a fixed seed, skewed
as a province's traffic is, and copied in by the follower's own statements; times are those of
whole questions through the repository, in milliseconds.
"""

import argparse
import asyncio
import random
import shutil
import tempfile
import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median, quantiles
from typing import Any
from uuid import UUID

import asyncpg
from msgspec.structs import replace

from gateway import migrating
from gateway.audit.repository import microseconds
from gateway.clock import utc_now
from gateway.embedded import EmbeddedPostgres
from gateway.errors import Refusal
from gateway.search.filling import opened
from gateway.search.language import parsed
from gateway.search.projection import PART_BITS, Indexed, unreadable
from gateway.search.sought import Sought, sought
from tests.audit_builders import a_deny, an_access
from tests.folded import DAY, WRITER, fold
from tests.search_builders import Searched, searched

ROWS, ROUNDS, LEAVES = 1_000_000, 20, 20_000
SPAN = timedelta(days=180)
CHUNK = 8_192
BUDGET_S = 0.25  # as `search.budget_ms` is when nobody sets it
REFUSED = 0.06  # share of the calls
CODES = ("no_agreement", "quota", "no_match", "consent_required", "outside_window")

SIZE = """
SELECT sum(pg_total_relation_size(c.oid)) FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'search' AND c.relkind = 'r'
"""

# What auditors ask; each shape is hard for another reason.
QUESTIONS = {
    "everything": "",
    "one large agency": "agency:H99.00",
    "one small agency": "agency:H99.59",
    "refusals of one agency": "agency:H99.05 decision:deny",
    "two common words that never meet": "service:s.00 procedure:1.000039",
    "a rare code": "code:outside_window",
    "nothing fits": "agency:H00.00",
    "excluded": "-agency:H99.00 -decision:allow -code:no_match",
    "an official": "officer:{official}",
    "a dossier": "dossier:{dossier}",
    "an old window": "after:150d before:149d agency:H99.01",
    "old, and no index helps": "after:150d before:120d match:exact delivered:no",
    "field of few services": "field:f.28 agency:H99.03",
    "an event that never was": "event:seal.open",
}


def pseudonym(kind: str, n: int) -> str:
    """Return 32 characters that stand for number *n*."""
    letters = "abcdefghijklmnopqrstuvwxyz234567"
    mixed = random.Random(f"{kind}{n}")
    return "".join(mixed.choices(letters, k=32))


def rows(count: int, first: int, now: datetime) -> Iterator[Indexed]:
    """Invent *count* rows from leaf index *first* on, as half a year of traffic looks."""
    dice = random.Random(7)
    officials = [pseudonym("official", n) for n in range(800)]
    start, step = microseconds(now - SPAN), SPAN / timedelta(microseconds=1) / count
    for at in range(first, first + count):
        official = officials[min(int(dice.expovariate(1 / 100)), 799)]
        yield row(dice, at, start + int((at - first) * step), official)


def row(dice: random.Random, at: int, ts: int, official: str) -> Indexed:
    """Invent one row: few agencies ask much, and each asks few services."""
    agency = min(int(dice.expovariate(1 / 8)), 59)
    service = (agency + min(int(dice.expovariate(1 / 3)), 29)) % 30
    refused = dice.random() < REFUSED
    said = {
        "leaf_index": at,
        "ts": ts,
        "entry": UUID(int=at),
        "type": "deny" if refused else "access",
        "org": f"H99.{agency:02d}",
        "client": f"mc-{agency:02d}-{dice.randrange(2)}",
        "official": official,
        "service": f"s.{service:02d}",
        "dataset": f"d.{service // 5}",
        "purpose": "giai-quyet-tthc",
        "proc": f"1.{service + dice.randrange(10):06d}",
        "dossier": pseudonym("dossier", at // 3),
        "law": f"law-{service % 7}",
        "agreement": f"TT-{agency:02d}-{service:02d}",
        "decision": "deny" if refused else "allow",
        "match": None if refused else "exact",
        "delivered": "no" if refused else "yes",
        "status": 403 if refused else 200,
        "exchange": UUID(int=at + (1 << 70)),
        "codes": (CODES[min(int(dice.expovariate(1)), 4)],) if refused else (),
        "fields": () if refused else tuple(f"f.{service + n:02d}" for n in range(6)),
        "asked": tuple(f"f.{service + n:02d}" for n in range(8)),
        "subjects": (pseudonym("subject", dice.randrange(300_000)),),
    }
    return replace(unreadable(at, DAY, WRITER, at), op="read", policy="row-1", **said)


def a_folder() -> Path:
    """Make a folder that PostgreSQL's own account passes through."""
    folder = Path(tempfile.mkdtemp(prefix="motlan-bench-search-"))
    folder.chmod(0o711)
    return folder


@asynccontextmanager
async def a_database() -> AsyncGenerator[str]:
    """Give a migrated database of its own; remove it afterwards."""
    folder = a_folder()
    server = EmbeddedPostgres(folder / "postgres")
    try:
        dsn = await asyncio.to_thread(server.start)
        await migrating.upgrade(dsn)
        yield dsn
    finally:
        await asyncio.to_thread(server.stop)
        shutil.rmtree(folder)


async def fill(dsn: str, count: int, now: datetime) -> float:
    """Copy *count* rows in; return rows a second, the inventing left out."""
    filling = await opened(dsn)
    copying = 0.0
    made = rows(count, 0, now)
    at = 0
    while at < count:
        size = min(CHUNK, count - at, (((at >> PART_BITS) + 1) << PART_BITS) - at)
        batch = [next(made) for _ in range(size)]
        began = time.perf_counter()
        async with filling.transaction():
            place = await filling.place()
            assert place is not None
            await filling.add(batch, place)
        copying += time.perf_counter() - began
        at += size
    await filling.aclose()
    connection = await asyncpg.connect(dsn)
    await connection.execute("VACUUM (ANALYZE) search.ix")
    await connection.execute("VACUUM (ANALYZE) search.subject")
    await connection.close()
    return count / copying


async def timed(log: Searched, asked: Sought, rounds: int) -> tuple[list[float], str]:
    """Ask for the first page again and again; return milliseconds and what came."""
    spent: list[float] = []
    said = ""
    for _ in range(rounds):
        began = time.perf_counter()
        try:
            page = await log.repository.page(asked, rows=50)
            more = "whole" if page.below is None else "more"
            said = f"{len(page.rows)} rows, {more}"
        except Refusal as refused:
            said = refused.code.value
        spent.append((time.perf_counter() - began) * 1000)
    return spent, said


async def ask(dsn: str, count: int, rounds: int, now: datetime) -> list[dict[str, Any]]:
    """Return what the first page of each question costs."""
    middle = pseudonym("dossier", count // 6)
    named = {"official": pseudonym("official", 700), "dossier": middle}
    person = Sought(subjects=tuple(pseudonym("subject", n) for n in (5, 6, 7)))
    async with searched(dsn, budget_s=BUDGET_S) as log:
        asked = {
            name: sought(parsed(text.format(**named), now), lambda _, value: (value,))
            for name, text in QUESTIONS.items()
        }
        asked["a person, three pseudonyms"] = person
        asked["a person in one window"] = replace(person, after=now - timedelta(days=30))
        answered = {name: await timed(log, one, rounds) for name, one in asked.items()}
        answered["counts of one large agency"] = await counted(log, asked["one large agency"])
    every = [each for spent, _ in answered.values() for each in spent]
    rows = [(name, spent, said) for name, (spent, said) in answered.items()]
    return [
        {
            "question": name,
            "p50 ms": round(median(spent), 1),
            "p99 ms": round(quantiles(spent, n=100)[98], 1),
            "first ms": round(spent[0], 1),
            "answer": said,
        }
        for name, spent, said in [*rows, ("all of them", every, "")]
    ]


async def counted(log: Searched, asked: Sought) -> tuple[list[float], str]:
    """Fetch what counts rest on, twice; return milliseconds and how many rows."""
    spent: list[float] = []
    found = 0
    for _ in range(2):
        began = time.perf_counter()
        found = len((await log.repository.sample(asked)).rows)
        spent.append((time.perf_counter() - began) * 1000)
    return spent, f"{found:,} rows"


async def follow(dsn: str, leaves: int) -> tuple[float, float]:
    """Return how many real records a second are followed, and how many rows a digest takes in."""
    for _ in range(leaves // 5_000):
        await fold(dsn, [an_access() if n % 15 else a_deny() for n in range(5_000)])
    async with searched(dsn) as log:
        began = time.perf_counter()
        copied = await log.follow()
        took = time.perf_counter() - began
        began = time.perf_counter()
        await log.repository.digest()
        return copied / took, copied / (time.perf_counter() - began)


async def measure(count: int, rounds: int) -> dict[str, Any]:
    """Return all figures."""
    now = utc_now().astimezone(UTC)
    async with a_database() as dsn:
        followed, digested = await follow(dsn, LEAVES)
    async with a_database() as dsn:
        copied = await fill(dsn, count, now)
        questions = await ask(dsn, count, rounds, now)
        connection = await asyncpg.connect(dsn)
        size = int(await connection.fetchval(SIZE))
        await connection.close()
    return {
        "records in the search": float(count),
        "records followed a second": followed,
        "rows copied a second, indexes included": copied,
        "rows digested a second": digested,
        "bytes a record, indexes included": size / count,
        "questions": questions,
    }


def text(found: dict[str, Any]) -> str:
    """Return the figures for people, as Markdown."""
    lines = ["| Search | Value |", "|---|--:|"]
    lines += [f"| {name} | {each:,.0f} |" for name, each in found.items() if name != "questions"]
    names = list(found["questions"][0])
    lines += ["", f"| {' | '.join(names)} |", "|---" + "|--:" * (len(names) - 2) + "|---|"]
    lines += [f"| {' | '.join(str(row[n]) for n in names)} |" for row in found["questions"]]
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.search", description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    given = parser.parse_args()
    print(text(asyncio.run(measure(given.rows, given.rounds))))


if __name__ == "__main__":
    main()
