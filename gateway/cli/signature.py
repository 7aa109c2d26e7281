"""`motlan audit signature`: what shows to anybody that an exchange was asked for by its system."""

import asyncio
from datetime import timedelta
from pathlib import Path

import click
import msgspec
from msgspec import Struct

from auth.signatures.evidence import Evidence, holds
from gateway import database
from gateway.audit.detail_repository import DetailRepository
from gateway.audit.details import DetailUnreadable, opened
from gateway.audit.keyring import KeyDestroyed, Keyring
from gateway.audit.leaf import Numbered, parse, salted_digest
from gateway.audit.pseudonyms import Pseudonyms
from gateway.audit.repository import MOST_DAYS, AuditRepository, Stored, Wanted
from gateway.cli.answers import Answer, Failed, answering
from gateway.cli.edge import database_options, reachable, settings_with
from gateway.cli.exits import Exit
from gateway.clock import utc_now

_ROWS = 10  # leaves of one exchange; two or three in practice


class Shown(Struct, frozen=True, kw_only=True):
    """One signed exchange, ready to be judged by somebody else's program."""

    exchange: str
    writer: str
    seq: int
    leaf: str  # leaf hash, hexadecimal
    evidence: Evidence
    committed: bool  # the record commits to this evidence
    holds: bool  # the signature verifies over the base with the key


@click.command()
@click.argument("exchange")
@database_options
@answering
def signature(exchange: str, url: str | None, directory: Path | None) -> Answer:
    """Print the signature under the question of EXCHANGE, of the last 31 days, and its key.

    Whoever has them verifies it with a program of their own.
    """
    settings = settings_with(url, directory)
    pseudonyms = Pseudonyms(Keyring(settings.audit.keys_dir))
    with reachable(settings) as dsn:
        found = asyncio.run(_found(dsn, exchange))
    if found is None:
        raise Failed(Exit.REFUSED, "no signature stands beside the record of this exchange")
    shown = _shown(exchange, found, pseudonyms)
    good = shown.committed and shown.holds
    return Answer(shown, msgspec.json.encode(shown).decode(), Exit.OK if good else Exit.FAULT)


class _Found(Struct, frozen=True):
    stored: Stored
    record: Numbered
    box: bytes
    epoch: str


async def _found(dsn: str, exchange: str) -> _Found | None:
    """Return the leaf that commits to something sealed, and the sealed bytes."""
    pool = await database.raw_pool(dsn, None, 1)
    opened_engine = database.engine(dsn, pool_connections=1, role=None)
    try:
        async with database.transaction(opened_engine) as session:
            end = utc_now()
            since = end - timedelta(days=MOST_DAYS)
            wanted = Wanted(since=since, until=end, exchange=exchange)
            leaves = await AuditRepository(session).search(wanted, _ROWS)
        for stored in leaves:
            record = parse(stored.entry)
            beside = await DetailRepository(pool).find(stored.writer, stored.seq)
            if record.det is not None and beside is not None:
                return _Found(stored, record, *beside)
        return None
    finally:
        await pool.close()
        await opened_engine.dispose()


def _shown(exchange: str, found: _Found, pseudonyms: Pseudonyms) -> Shown:
    try:
        opening = pseudonyms.opening(found.record.id, found.epoch)
        content = opened(opening, found.box)
    except (KeyDestroyed, DetailUnreadable) as gone:
        why = "its key was destroyed" if isinstance(gone, KeyDestroyed) else "it was altered"
        raise Failed(Exit.FAULT, f"the signature cannot be read: {why}") from gone
    evidence = msgspec.json.decode(content, type=Evidence)
    return Shown(
        exchange=exchange,
        writer=found.stored.writer,
        seq=found.stored.seq,
        leaf=found.stored.leaf.hex(),
        evidence=evidence,
        committed=salted_digest(opening, found.box) == found.record.det,
        holds=holds(evidence),
    )
