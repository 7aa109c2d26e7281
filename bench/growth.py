"""Whether an exchange costs the same when catalog, agreements and consents grow."""

import asyncio
import re
import time
from collections.abc import Mapping
from typing import Any
from urllib.request import urlopen

import asyncpg
from msgspec.structs import replace

from bench.load import Load, Peer, saturated
from bench.servers import Bench
from catalog.documents import Document, Documents, read_folder
from catalog.entries import Agreement, AgreementCode, ServiceCode, ServiceVersion, SystemId
from catalog.repository import CatalogRepository, TwoPeople
from gateway import database
from gateway.calling.system import System
from gateway.clock import utc_now
from gateway.demo.fronting import Certificate, self_made
from gateway.demo.province import APPROVER, PUBLISHER, SEED_FOLDER
from gateway.demo.records import Books
from gateway.demo.story import BANK, KHOI

SMALL = (100, 1_000, 10_000)  # services, agreements, consents
LARGE = (10_000, 100_000, 1_000_000)
SEED_AGREEMENT = "TT-2026-0021"  # the bank's look-up by consent
FILL_RECORDS = """
INSERT INTO consents.record (id, principal_ref, recipient, purpose, service, elements,
  told_sensitive, valid_from, data_life_days, notice_sha256, schema_version, digest)
SELECT '00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'),
  translate(lpad(md5(n::text), 32, 'a'), '0189', 'wxyz'), $3, 'khach-hang', 'dancu.tracuu',
  '{ho_ten}', '{}', now(), 90, (SELECT sha256 FROM consents.notice LIMIT 1), 'motlan-consent-1',
  sha256(n::text::bytea)
FROM generate_series($1::bigint, $2::bigint) AS n
"""
FILL_EVENTS = """
INSERT INTO consents.event (record_id, seq, state, at, valid_to, entity_ref, entity_role, method,
  prev_hash, hash)
SELECT id, 1, 'given', now(), now() + interval '30 days', principal_ref, 'subject', 'vneid',
  digest, digest
FROM consents.record WHERE id LIKE '00000000-0000-7000-8000-%'
  AND NOT EXISTS (SELECT FROM consents.event e WHERE e.record_id = record.id)
"""
FILL_RIGHTS = """
INSERT INTO gateway.live_right (key, rev, live, valid_to)
SELECT 'consent:' || id, 1, true, now() + interval '30 days' FROM consents.record
ON CONFLICT DO NOTHING
"""


def measure_growth(bench: Bench, seconds: int) -> list[dict[str, float]]:
    """Return one row for each size, and the larger one as a ratio of the smaller.

    A row has the CPU of a call by law, and of a call by consent.
    """
    books = Books(bench.dsn, bench.province.plan.directory / "keys")
    books.give(KHOI["so_dinh_danh"], BANK, "dancu.tracuu", ("ho_ten", "thuong_tru"))
    question = {"subject": KHOI, "purpose": "khach-hang", "fields": ["ho_ten", "thuong_tru"]}
    gateway = bench.province.gateway
    key = bench.province.keys["nganhang-demo"]
    binding = Certificate(self_made("bench", utc_now()))
    bank = System(gateway, "nganhang-demo", key, binding=binding)
    law = bench.peers[0]
    rows: list[dict[str, float]] = []
    for services, agreements, consents in (SMALL, LARGE):
        asyncio.run(_fill(bench, services, agreements, consents))
        _await_catalog(bench)
        token = bank.headers("POST", "")
        consent = Peer("bank", f"{gateway}/v1/data/dancu.tracuu", law.pids, question, token)
        for peer in (law, consent):
            saturated(peer, Load(1, 32))  # warm up
        rows.append(
            {
                "services": services,
                "agreements": agreements,
                "consents": consents,
                "by law, CPU µs": round(saturated(law, Load(seconds, 32)).cpu_us, 1),
                "by consent, CPU µs": round(saturated(consent, Load(seconds, 32)).cpu_us, 1),
                "worker MiB": round(bench.worker_mib()),
            }
        )
    return [*rows, _ratio(rows[0], rows[-1])]


def _ratio(small: Mapping[str, float], large: Mapping[str, float]) -> dict[str, float]:
    return {name: round(value / small[name], 2) for name, value in large.items()}


async def _fill(bench: Bench, services: int, agreements: int, consents: int) -> None:
    engine = database.engine(bench.dsn, role=None)
    try:
        async with database.transaction(engine) as session:
            repository = CatalogRepository(session)
            documents = _grown(services, agreements)
            people = TwoPeople(PUBLISHER, APPROVER)
            await repository.apply(documents, people, today=utc_now().date())
    finally:
        await engine.dispose()
    connection: Any = await asyncpg.connect(bench.superuser_dsn)
    try:
        await _fill_consents(connection, consents)
    finally:
        await connection.close()


async def _fill_consents(connection: Any, wanted: int) -> None:  # noqa: ANN401 - the driver
    """Have *wanted* consents; triggers rest meanwhile, or a million chains would be made."""
    held = await connection.fetchval("SELECT count(*) FROM consents.record")
    await connection.execute("SET session_replication_role = replica")
    await connection.execute(FILL_RECORDS, held + 1, wanted, BANK, timeout=600)
    await connection.execute(FILL_EVENTS, timeout=600)
    await connection.execute(FILL_RIGHTS, timeout=600)
    await connection.execute("SET session_replication_role = origin")
    await connection.execute("ANALYZE")


def _grown(services: int, agreements: int) -> Documents:
    """Return the bank's agreement without quotas, and copies of a service and of it."""
    entries = [each.entry for each in read_folder(SEED_FOLDER).items]
    served = {each.code: each for each in entries if isinstance(each, ServiceVersion)}
    signed = {each.code: each for each in entries if isinstance(each, Agreement)}
    service, agreement = served[ServiceCode("datdai.thua")], signed[AgreementCode(SEED_AGREEMENT)]
    open_scopes = tuple(
        replace(scope, calls_per_day=None, calls_per_minute=None, persons_per_day=None)
        for scope in agreement.scopes
    )
    grown: list[Agreement | ServiceVersion] = [replace(agreement, scopes=open_scopes)]
    copies = [ServiceCode(f"bench.s{n}") for n in range(services)]
    grown += [replace(service, code=code) for code in copies]
    grown += [
        replace(
            agreement,
            code=AgreementCode(f"BENCH-{n}"),
            systems=frozenset({SystemId(f"bench-{n % 1000}")}),
            scopes=open_scopes,
        )
        for n in range(agreements)
    ]
    return Documents(tuple(Document(entry=entry) for entry in grown))


def _await_catalog(bench: Bench) -> None:
    """Wait until the worker has the newest catalog."""

    async def head() -> int:
        engine = database.engine(bench.dsn, role=None)
        try:
            async with database.transaction(engine) as session:
                return await CatalogRepository(session).revision()
        finally:
            await engine.dispose()

    wanted, until = asyncio.run(head()), time.monotonic() + 120
    while time.monotonic() < until:
        page = urlopen(f"{bench.province.management}/metrics", timeout=10).read().decode()
        found = re.search(r"^motlan_catalog_revision\S* ([\d.e+]+)", page, re.MULTILINE)
        if found and int(float(found[1])) >= wanted:
            return
        time.sleep(0.5)
    raise TimeoutError("the worker did not take the catalog in")
