"""`motlan system`: registrations of agency systems; each act is a row with who, why and when."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import click
import msgspec
from rich_click import RichGroup

from auth import registrations
from auth.documents import Document, DocumentsRefused, Finding, read_all
from auth.errors import KeyRefused, SecondPersonNeeded, SystemBlocked
from auth.registrations import Applied, Systems
from auth.repository import SystemRepository
from auth.systems import Note, System
from catalog.repository import CatalogRepository
from gateway import database
from gateway.cli.answers import Answer, Failed, answering, table
from gateway.cli.edge import database_options, reachable, settings_with
from gateway.cli.exits import Exit
from gateway.clock import utc_now

Result = TypeVar("Result")
Command = TypeVar("Command", bound=Callable[..., object])
Move = Callable[[Systems, str, Note], Awaitable[System]]
ADMINISTRATOR = None  # the owner of the database: no role of a running gateway may read everything


@dataclass(frozen=True, slots=True)
class _Rows:
    """Both owners' rows, in one transaction."""

    systems: SystemRepository
    catalog: CatalogRepository


def signed(command: Command) -> Command:
    """Give a command the two flags without which no registration changes."""
    by = click.option("--by", required=True, help="Staff id of who does it.")
    reason = click.option("--reason", required=True, help="Why; it is kept with the act.")
    return by(reason(command))


def approved(command: Command) -> Command:
    """Give a command the flag without which no live system is opened further."""
    return click.option("--approved-by", help="Second person, for systems that are live.")(command)


@click.group(cls=RichGroup)
def system() -> None:
    """Register, list, suspend, resume and block the systems of agencies."""


@system.command()
@click.argument("path", type=click.Path(exists=True, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Say what would change, and change nothing.")
@approved
@signed
@database_options
@answering
def apply(
    path: Path, url: str | None, directory: Path | None, *, dry_run: bool, **said: str | None
) -> Answer:
    """Make registrations say what the file or folder PATH says; all of it, or nothing."""
    note = _note(**said)
    try:
        documents = read_all(_texts(path))

        async def work(rows: _Rows) -> list[Applied]:
            return await _apply(rows, documents, note, dry_run=dry_run)

        done = _with_database(url, directory, work)
    except DocumentsRefused as refused:
        return _refused(refused.findings)
    return _applied(done, dry_run=dry_run)


@system.command(name="list")
@database_options
@answering
def list_systems(url: str | None, directory: Path | None) -> Answer:
    """List the systems as they stand, by client id."""

    async def work(rows: _Rows) -> tuple[System, ...]:
        return await rows.systems.listed()

    lines = [_line(each) for each in _with_database(url, directory, work)]
    return Answer(lines, table(lines) or "no system is registered")


@system.command()
@click.argument("client_id")
@signed
@database_options
@answering
def suspend(
    client_id: str, by: str, reason: str, url: str | None, directory: Path | None
) -> Answer:
    """Release nothing more to CLIENT_ID, from this commit on; `resume` takes it back."""
    return _moved(registrations.suspend, client_id, _note(by, reason), url, directory)


@system.command()
@click.argument("client_id")
@approved
@signed
@database_options
@answering
def resume(client_id: str, url: str | None, directory: Path | None, **said: str | None) -> Answer:
    """Let CLIENT_ID work again, with new tokens; tokens from before stay dead."""
    return _moved(registrations.resume, client_id, _note(**said), url, directory)


@system.command()
@click.argument("client_id")
@click.option("--yes", is_flag=True, help="Nobody can take it back: I know.")
@signed
@database_options
@answering
def block(
    client_id: str, by: str, reason: str, url: str | None, directory: Path | None, *, yes: bool
) -> Answer:
    """Block CLIENT_ID for good; the agency needs another client id afterwards."""
    if not yes:
        raise Failed(Exit.REFUSED, "a blocked system stays blocked for good; add --yes")
    return _moved(registrations.block, client_id, _note(by, reason), url, directory)


class _Trial:
    """Registrations that remember what would be stored, and store nothing."""

    def __init__(self, rows: Systems) -> None:
        self._rows = rows

    async def find(self, client_id: str) -> System:
        return await self._rows.find(client_id)

    async def append(self, version: System) -> None:
        del version


def _note(by: str | None, reason: str | None, approved_by: str | None = None) -> Note:
    who, why = (by or "").strip(), (reason or "").strip()
    if not who or not why:
        raise Failed(Exit.REFUSED, "--by and --reason must say something")
    return Note(by=who, reason=why, at=utc_now(), approved_by=(approved_by or "").strip() or None)


def _texts(path: Path) -> dict[str, str]:
    """Return the files that *path* means; one that is not UTF-8 is a mistake like any other."""
    files = sorted(path.glob("*.yaml")) if path.is_dir() else [path]
    if not files:
        raise Failed(Exit.REFUSED, f"{path} holds no *.yaml file")
    try:
        return {str(file): file.read_bytes().decode() for file in files}
    except UnicodeDecodeError:
        raise Failed(Exit.REFUSED, f"a file of {path} is not UTF-8") from None


async def _apply(
    rows: _Rows, documents: Iterable[Document], note: Note, *, dry_run: bool
) -> list[Applied]:
    """Apply every document in the one transaction of *rows*.

    Raises:
        DocumentsRefused: an agency is not in the published catalog, or a system is blocked.
    """
    agencies = (await rows.catalog.snapshot()).agencies
    systems: Systems = _Trial(rows.systems) if dry_run else rows.systems
    done: list[Applied] = []
    wrong: list[Finding] = []
    for each in documents:
        if each.registration.agency not in agencies:
            fact = "the published catalog has no agency of this code"
            wrong.append(each.finding("agency", "agency_unknown", fact))
            continue
        try:
            done.append(await registrations.apply(systems, each.registration, note))
        except SystemBlocked as blocked:
            wrong.append(each.finding("client_id", "system_blocked", str(blocked)))
        except SecondPersonNeeded as alone:
            wrong.append(each.finding("client_id", "second_person_missing", str(alone)))
        except KeyRefused as refused:
            wrong.append(each.finding("jwks", "key_refused", refused.fact))
    if wrong:
        raise DocumentsRefused(tuple(wrong))
    return done


def _moved(
    move: Move, client_id: str, note: Note, url: str | None, directory: Path | None
) -> Answer:
    async def work(rows: _Rows) -> System:
        return await move(rows.systems, client_id, note)

    moved = _with_database(url, directory, work)
    changed = moved.note == note
    before = "" if changed else ", as it was before"
    return Answer(
        {**_line(moved), "changed": changed}, f"{client_id} is {moved.state.value}{before}"
    )


def _with_database(
    url: str | None, directory: Path | None, work: Callable[[_Rows], Awaitable[Result]]
) -> Result:
    with reachable(settings_with(url, directory)) as dsn:
        return asyncio.run(_in_transaction(dsn, work))


async def _in_transaction(dsn: str, work: Callable[[_Rows], Awaitable[Result]]) -> Result:
    opened = database.engine(
        dsn, pool_connections=1, role=ADMINISTRATOR, application_name="motlan system"
    )
    try:
        async with database.transaction(opened) as session:
            return await work(_Rows(SystemRepository(session), CatalogRepository(session)))
    finally:
        await opened.dispose()


def _line(system: System) -> dict[str, object]:
    said = system.registration
    return {
        "client_id": said.client_id,
        "agency": said.agency,
        "state": system.state.value,
        "environment": "sandbox" if said.sandbox else "live",
        "keys": len(said.jwks),
        "version": system.version,
        "act": system.act.value,
        "by": system.note.by,
        "at": system.note.at.isoformat(timespec="seconds"),
        "reason": system.note.reason,
    }


def _applied(done: Iterable[Applied], *, dry_run: bool) -> Answer:
    changed = [each.system for each in done if each.changed]
    unchanged = sum(not each.changed for each in done)
    facts = {
        "changes": [_line(each) for each in changed], "unchanged": unchanged, "dry_run": dry_run,
    }  # fmt: skip
    would = "would be " if dry_run else ""
    lines = [f"{would}{e.act.value}: {e.client_id}, version {e.version}" for e in changed]
    lines.append(f"{len(changed)} {would}changed, {unchanged} unchanged")
    return Answer(facts, "\n".join(lines))


def _refused(findings: Iterable[Finding]) -> Answer:
    found = list(findings)
    facts = {"findings": [msgspec.structs.asdict(each) for each in found]}
    return Answer(facts, "\n".join(map(str, found)), Exit.REFUSED)
