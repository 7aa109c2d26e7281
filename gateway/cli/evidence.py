"""`motlan audit bundle`: takes records out on this machine, once that is on record."""

import asyncio
import shutil
from pathlib import Path
from uuid import UUID

import click
import msgspec
import uuid_utils

from gateway import database
from gateway.audit.acts import Acts, By
from gateway.audit.entry import Entry
from gateway.audit.events import Event, Method
from gateway.audit.keyring import Keyring
from gateway.audit.pseudonyms import Pseudonyms
from gateway.audit.writer import AuditWriter
from gateway.cli.answers import Answer, Failed, answering
from gateway.cli.edge import database_options, reachable, settings_with
from gateway.cli.exits import Exit
from gateway.cli.owing import acting
from gateway.clock import utc_now
from gateway.errors import AuditUnavailable, Refusal
from gateway.exports import queries
from gateway.exports.finding import RecordsGone
from gateway.exports.grounds import Nothing
from gateway.exports.jobs import Finished, Format, Job, State, file_name
from gateway.search.language import TEXTS, QueryRefused, parsed
from gateway.search.naming import Naming
from gateway.search.repository import SearchRepository
from gateway.search.sought import Sought, sought
from gateway.settings import Settings
from gateway.wiring.exports import READER, making_of

ROUTE = "audit:bundle"


@click.command()
@click.option("--query", default="", help="In the language of the search; empty: everything.")
@click.option(
    "--format",
    "kind",
    type=click.Choice([each.value for each in Format]),
    default=Format.BUNDLE.value,
    show_default=True,
)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True)
@acting
@database_options
@answering
def bundle(
    url: str | None, directory: Path | None, *, query: str, kind: str, out: Path, by: str
) -> Answer:
    """Write records with their proofs to a file that verifies offline; the act is recorded."""
    if out.exists():
        raise Failed(Exit.REFUSED, f"{out} is there already")
    settings = settings_with(url, directory)
    ready = _ready(settings, query)
    with reachable(settings) as dsn:
        try:
            came, job = asyncio.run(_made(dsn, settings, ready, Format(kind), by))
        except AuditUnavailable as away:
            raise Failed(Exit.DATABASE, "it could not be recorded, so nothing was made") from away
        except (Nothing, RecordsGone, Refusal) as failed:
            raise Failed(Exit.REFUSED, _why(failed)) from failed
    shutil.move(settings.exports.directory / file_name(job), out)
    facts = {**msgspec.structs.asdict(came), "file": str(out), "record": job.leaf}
    return Answer(facts, f"{out}: {came.records:,} records, SHA-256 {came.sha256}")


def _ready(settings: Settings, query: str) -> Sought:
    try:
        understood = parsed(query, utc_now())
    except QueryRefused as refused:
        words = TEXTS[refused.fault][1]
        raise Failed(Exit.REFUSED, f"--query, character {refused.at}: {words}") from refused
    ring = Keyring(settings.audit.keys_dir)
    return sought(understood, Naming(ring, Pseudonyms(ring)).keyed)


async def _made(
    dsn: str, settings: Settings, ready: Sought, kind: Format, by: str
) -> tuple[Finished, Job]:
    leaf = await _recorded(dsn, settings, queries.kept(ready), by)
    job = Job(
        id=UUID(str(uuid_utils.uuid7())),
        account=by,
        format=kind,
        query=queries.told(ready),
        sought=queries.kept(ready),
        state=State.RUNNING,
        leaf=leaf,
        asked_at=utc_now(),
    )
    engine = database.engine(dsn, role=READER, application_name="motlan audit bundle")
    pool = await database.raw_pool(dsn, READER, 2)
    try:
        search = SearchRepository(lambda: database.transaction(engine))
        return await making_of(settings, search, pool)(job, lambda _records, _size: True), job
    finally:
        await pool.close()
        await engine.dispose()


async def _recorded(dsn: str, settings: Settings, request: bytes, by: str) -> str:
    """Return the id of the leaf that says who takes records out, once it is durable."""
    acts = Acts(Pseudonyms(Keyring(settings.audit.keys_dir)), utc_now)
    leaf = acts.leaf(
        Event.AUDIT_EXPORT, By(id=by), route=ROUTE, method=Method.COMMAND, request=request
    )
    log = AuditWriter(dsn, node=f"{settings.audit.node}.x", clock=utc_now)
    try:
        await log.start()
        await log.append(Entry(body=leaf))
    finally:
        await log.aclose()
    return leaf.id


def _why(failed: Exception) -> str:
    if isinstance(failed, Refusal):
        return failed.code.value
    return str(failed) or "nothing is signed yet: does a keeper run?"
