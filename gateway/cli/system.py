"""`motlan system`: registrations of agency systems; each act is a row with who, why and when."""

from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path

import click
import msgspec
from rich_click import RichGroup

from auth import registrations
from auth.credentials.uses import Use
from auth.documents import Document, DocumentsRefused, Finding, read_all
from auth.errors import KeyRefused, SecondPersonNeeded, SystemBlocked, SystemUnknown
from auth.registrations import Applied, Systems
from auth.systems import Note, System
from gateway.cli.answers import Answer, Failed, answering, table
from gateway.cli.edge import database_options, signed
from gateway.cli.exits import Exit
from gateway.cli.registering import (
    Rows,
    approved,
    facts,
    line,
    moved,
    note_of,
    with_database,
)
from gateway.cli.system_keys import keygen, revoke_key, rotate
from gateway.clock import utc_now

Move = Callable[[Systems, str, Note], Awaitable[System]]


@click.group(cls=RichGroup)
def system() -> None:
    """Register, list, suspend, resume and block the systems of agencies, and make their keys."""


for command in (keygen, rotate, revoke_key):
    system.add_command(command)


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
    note = note_of(**said)
    try:
        documents = read_all(_texts(path))

        async def work(rows: Rows) -> list[Applied]:
            return await _apply(rows, documents, note, dry_run=dry_run)

        done = with_database(url, directory, work)
    except DocumentsRefused as refused:
        return _refused(refused.findings)
    return _applied(done, dry_run=dry_run)


@system.command(name="list")
@database_options
@answering
def list_systems(url: str | None, directory: Path | None) -> Answer:
    """List the systems as they stand, by client id: what ends soon, and when each was used."""

    async def work(rows: Rows) -> tuple[tuple[System, ...], dict[str, Use]]:
        found = await rows.systems.listed()
        return found, await rows.uses.of(tuple(each.client_id for each in found))

    found, uses = with_database(url, directory, work)
    now = utc_now()
    lines = [line(each, now=now, use=uses[each.client_id]) for each in found]
    return Answer(lines, table(lines) or "no system is registered")


@system.command()
@click.argument("client_id")
@database_options
@answering
def show(client_id: str, url: str | None, directory: Path | None) -> Answer:
    """Show CLIENT_ID: its keys and certificates with their ends, its use, and its history."""

    async def work(rows: Rows) -> tuple[dict[str, object], list[dict[str, object]]]:
        history = await rows.systems.history(client_id)
        if not history:
            raise SystemUnknown
        use = (await rows.uses.of((client_id,)))[client_id]
        keys = await rows.key_sets.known(client_id)
        shown = facts(history[-1], now=utc_now(), keys=keys, use=use)
        return shown, [line(each) for each in history]

    return _shown(*with_database(url, directory, work))


@system.command()
@click.argument("client_id")
@signed
@database_options
@answering
def suspend(
    client_id: str, by: str, reason: str, url: str | None, directory: Path | None
) -> Answer:
    """Release nothing more to CLIENT_ID, from this commit on; `resume` takes it back."""
    return _move(registrations.suspend, client_id, note_of(by, reason), url, directory)


@system.command()
@click.argument("client_id")
@approved
@signed
@database_options
@answering
def resume(client_id: str, url: str | None, directory: Path | None, **said: str | None) -> Answer:
    """Let CLIENT_ID work again, with new tokens; tokens from before stay dead."""
    return _move(registrations.resume, client_id, note_of(**said), url, directory)


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
    return _move(registrations.block, client_id, note_of(by, reason), url, directory)


class _Trial:
    """Registrations that remember what would be stored, and store nothing."""

    def __init__(self, rows: Systems) -> None:
        self._rows = rows

    async def find(self, client_id: str) -> System:
        return await self._rows.find(client_id)

    async def append(self, version: System) -> None:
        del version


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
    rows: Rows, documents: Iterable[Document], note: Note, *, dry_run: bool
) -> list[Applied]:
    """Apply every document in the one transaction of *rows*.

    Raises:
        DocumentsRefused: an agency is not in the published catalog, a system is blocked, a key has
            served the other environment, or a live system lacks its second person.
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
        except KeyRefused as refused:  # the database refused it: nothing more can be tried
            wrong.append(each.finding("jwks", "key_refused", refused.fact))
            break
    if wrong:
        raise DocumentsRefused(tuple(wrong))
    return done


def _move(
    move: Move, client_id: str, note: Note, url: str | None, directory: Path | None
) -> Answer:
    async def work(rows: Rows) -> System:
        return await move(rows.systems, client_id, note)

    return moved(with_database(url, directory, work), note)


def _shown(shown: dict[str, object], history: list[dict[str, object]]) -> Answer:
    """Return a system in lines: its members, then each version."""
    lines = [f"{name}: {value}" for name, value in shown.items()]
    return Answer(
        {**shown, "history": history}, "\n".join([*lines, "", "history:", table(history)])
    )


def _applied(done: Iterable[Applied], *, dry_run: bool) -> Answer:
    changed = [each.system for each in done if each.changed]
    unchanged = sum(not each.changed for each in done)
    said = {
        "changes": [line(each) for each in changed], "unchanged": unchanged, "dry_run": dry_run,
    }  # fmt: skip
    would = "would be " if dry_run else ""
    lines = [f"{would}{e.act.value}: {e.client_id}, version {e.version}" for e in changed]
    lines.append(f"{len(changed)} {would}changed, {unchanged} unchanged")
    return Answer(said, "\n".join(lines))


def _refused(findings: Iterable[Finding]) -> Answer:
    found = list(findings)
    said = {"findings": [msgspec.structs.asdict(each) for each in found]}
    return Answer(said, "\n".join(map(str, found)), Exit.REFUSED)
