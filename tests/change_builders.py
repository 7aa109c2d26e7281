"""Acts that are owed a leaf: one of each, through the owners' own repositories."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from auth import registrations
from auth.repository import SystemRepository
from auth.systems import Note
from catalog.documents import read_folder
from catalog.entries import AgreementState
from catalog.kinds import Kind
from catalog.repository import CatalogRepository, TwoPeople
from gateway import database
from gateway.audit.changes import ChangeLeaves
from gateway.audit.drain import Drain
from gateway.audit.keyring import Keyring
from gateway.audit.leaf import Numbered, parse
from gateway.audit.outbox import ROLE, Outbox
from gateway.audit.pseudonyms import Pseudonyms
from gateway.audit.writer import AuditWriter
from gateway.clock import utc_now
from gateway.consents.repository import ConsentRepository
from tests.audit_rows import a_writer, stored
from tests.catalog_builders import TODAY
from tests.consent_builders import NOTICE, an_act, some_terms
from tests.party_builders import CLIENT, a_registration

SEED = Path(__file__).parents[1] / "deploy" / "seed"
PEOPLE = TwoPeople("can-bo-phat-hanh", "can-bo-duyet")
AGREEMENT = "TT-2026-0001"


async def publish_seed(dsn: str) -> int:
    """Publish the seed's catalog in one commit; return how many versions and moves it made."""
    async with _session(dsn) as session:
        changes = await CatalogRepository(session).apply(read_folder(SEED), PEOPLE, today=TODAY)
        return len(changes.items) + sum(each.state_moves for each in changes.items)


async def suspend_agreement(dsn: str) -> str:
    """Suspend the first agreement there is; return its code."""
    async with _session(dsn) as session:
        catalog = CatalogRepository(session)
        held = await catalog.held()
        code = min(code for kind, code in held if kind is Kind.AGREEMENT)
        await catalog.set_state(
            Kind.AGREEMENT, code, AgreementState.SUSPENDED, reason="thử", by="truc-dem"
        )
        return code


async def register_and_suspend(dsn: str) -> None:
    """Register a system, then suspend it."""
    note = Note(by="quan-tri", reason="thử", at=utc_now(), approved_by="quan-tri-2")
    async with _session(dsn) as session:
        systems = SystemRepository(session)
        await registrations.apply(systems, a_registration(), note)
    async with _session(dsn) as session:
        await registrations.suspend(SystemRepository(session), CLIENT, note)


async def consent_and_withdraw(dsn: str) -> str:
    """Give a consent and take it back, as the application; return the record's id."""
    terms = some_terms()
    async with await database.raw_pool(dsn, "motlan_app", 1) as pool:
        consents = ConsentRepository(pool)
        ends = terms.valid_from + timedelta(days=30)
        await consents.give(terms, an_act(), valid_to=ends, notice=NOTICE)
        await consents.withdraw(terms.id, an_act())
    return terms.id


@asynccontextmanager
async def a_drain(
    dsn: str, ring: Path, *, holder: str = "one", node: str = "gw1.k0", pause_s: float = 0.0
) -> AsyncGenerator[tuple[Drain, AuditWriter]]:
    """Give a drain with a writer and a pool of its own, as the keeper has."""
    async with await database.raw_pool(dsn, ROLE, 2) as pool, a_writer(dsn, node=node) as writer:
        leaves = ChangeLeaves(Pseudonyms(Keyring(ring)))
        yield Drain(Outbox(pool), writer, leaves, holder=holder, pause_s=pause_s), writer


async def drained(dsn: str, ring: Path, **options: Any) -> list[Numbered]:
    """Write everything that is owed; return the leaves of changes, in the order they stand."""
    async with a_drain(dsn, ring, **options) as (drain, _):
        while await drain.round():
            pass
    return await changes(dsn)


async def changes(dsn: str) -> list[Numbered]:
    """Return the leaves that speak of a change, by the instants that they claim."""
    leaves = [parse(row.entry) for row in await stored(dsn)]
    return sorted((leaf for leaf in leaves if leaf.change), key=lambda leaf: leaf.ts)


@asynccontextmanager
async def _session(dsn: str) -> AsyncGenerator[Any]:
    engine = database.engine(dsn, pool_connections=1, role=None, application_name="motlan catalog")
    try:
        async with database.transaction(engine) as session:
            yield session
    finally:
        await engine.dispose()
