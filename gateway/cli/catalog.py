"""`motlan catalog`: documents in, versions out; nobody publishes alone."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from datetime import date
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

import click
from rich_click import RichGroup

from catalog.changes import Changes
from catalog.documents import Documents, read_folder, write
from catalog.entries import AgreementState, ServiceState
from catalog.errors import CatalogInvalid, Finding
from catalog.kinds import STATES, Kind
from catalog.repository import CatalogRepository, TwoPeople
from catalog.texts import line, pointer, text
from gateway import database
from gateway.cli.answers import Answer, Failed, answering
from gateway.cli.edge import database_options, reachable, settings_with
from gateway.cli.exits import Exit
from gateway.clock import utc_now

Result = TypeVar("Result")
PUBLISHER = None  # the owner of the database: no role of a running gateway may publish
FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
STATE_NAMES: dict[str, ServiceState | AgreementState] = {
    state.value: state for states in (ServiceState, AgreementState) for state in states
}


@click.group(cls=RichGroup)
def catalog() -> None:
    """Check, compare, publish and export what may be asked for."""


@catalog.command()
@click.argument("folder", type=FOLDER)
@database_options
@answering
def lint(folder: Path, url: str | None, directory: Path | None) -> Answer:
    """Say what is wrong in the documents of FOLDER, beside the catalog that stands."""
    return _judging(folder, url, directory, _diff)


@catalog.command()
@click.argument("folder", type=FOLDER)
@database_options
@answering
def diff(folder: Path, url: str | None, directory: Path | None) -> Answer:
    """Say what `apply` would change, and change nothing."""
    return _judging(folder, url, directory, _diff)


@catalog.command()
@click.argument("folder", type=FOLDER)
@click.option("--published-by", required=True, help="Staff id of who publishes.")
@click.option("--approved-by", required=True, help="Staff id of who approved; another person.")
@database_options
@answering
def apply(
    folder: Path, published_by: str, approved_by: str, url: str | None, directory: Path | None
) -> Answer:
    """Publish the documents of FOLDER that differ from what stands."""
    people = TwoPeople(published_by, approved_by)

    async def work(repository: CatalogRepository, documents: Documents) -> Changes:
        return await repository.apply(documents, people, today=_today())

    return _judging(folder, url, directory, work)


@catalog.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@database_options
@answering
def export(folder: Path, url: str | None, directory: Path | None) -> Answer:
    """Write what stands into FOLDER, one file for each kind; applying it again changes nothing."""
    with reachable(settings_with(url, directory)) as dsn:
        streams = write(asyncio.run(_in_transaction(dsn, CatalogRepository.export)))
    folder.mkdir(parents=True, exist_ok=True)
    names = {kind: folder / f"{kind}.yaml" for kind in streams}
    for kind, stream in streams.items():
        names[kind].write_text(stream, encoding="utf-8")
    written = [str(path) for path in names.values()]
    return Answer({"files": written}, "\n".join(written) or "the catalog is empty")


@catalog.command(name="state")
@click.argument("kind", type=click.Choice([each.value for each in STATES]))
@click.argument("code")
@click.argument("state", type=click.Choice([*STATE_NAMES]))
@click.option("--reason", required=True, help="Why; it is kept with the act.")
@click.option("--by", required=True, help="Staff id of who does it.")
@click.option("--approved-by", help="Staff id of another person; opening anything again needs one.")
@database_options
@answering
def move(
    kind: str, code: str, state: str, url: str | None, directory: Path | None, **said: str | None
) -> Answer:
    """Move the service or agreement CODE to STATE, from this commit on in every process.

    Closing may be done alone; opening again takes a second person.
    """
    by, reason = _said(said["by"]), _said(said["reason"])

    async def work(repository: CatalogRepository) -> bool:
        return await repository.set_state(
            Kind(kind),
            code,
            STATE_NAMES[state],
            reason=reason,
            by=by,
            approved_by=said["approved_by"],
        )

    try:
        with reachable(settings_with(url, directory)) as dsn:
            changed = asyncio.run(_in_transaction(dsn, work))
    except CatalogInvalid as invalid:
        return _findings(invalid.findings)
    before = "" if changed else ", as it was before"
    facts = {"kind": kind, "code": code, "state": state, "changed": changed}
    return Answer(facts, f"{kind} {code} is {state}{before}")


def _said(text: str | None) -> str:
    if text is None or not text.strip():
        raise Failed(Exit.REFUSED, "--by and --reason must say something")
    return text.strip()


async def _diff(repository: CatalogRepository, documents: Documents) -> Changes:
    return await repository.diff(documents, today=_today())


def _judging(
    folder: Path,
    url: str | None,
    directory: Path | None,
    work: Callable[[CatalogRepository, Documents], Awaitable[Changes]],
) -> Answer:
    try:
        documents = read_folder(folder)
        with reachable(settings_with(url, directory)) as dsn:
            changes = asyncio.run(_in_transaction(dsn, lambda held: work(held, documents)))
    except CatalogInvalid as invalid:
        return _findings(invalid.findings)
    return _changed(changes)


async def _in_transaction(
    dsn: str, work: Callable[[CatalogRepository], Awaitable[Result]]
) -> Result:
    opened = database.engine(
        dsn, pool_connections=1, role=PUBLISHER, application_name="motlan catalog"
    )
    try:
        async with database.transaction(opened) as session:
            return await work(CatalogRepository(session))
    finally:
        await opened.dispose()


def _changed(changes: Changes) -> Answer:
    facts = {
        "changes": [
            {
                "kind": each.key[0],
                "code": each.key[1],
                "action": each.action,
                "version": each.rev,
                "members": each.members,
            }
            for each in changes.items
        ],
        "unchanged": changes.unchanged,
        "absent": changes.absent,
        "doubts": _told(changes.doubts),
    }
    lines = [f"{e.action}: {e.key[0]} {e.key[1]}, version {e.rev}" for e in changes.items]
    lines += [line(doubt) for doubt in changes.doubts]
    lines.append(f"{len(changes.items)} changed, {changes.unchanged} unchanged")
    return Answer(facts, "\n".join(lines))


def _findings(findings: Iterable[Finding]) -> Answer:
    found = list(findings)
    return Answer({"findings": _told(found)}, "\n".join(map(line, found)), Exit.REFUSED)


def _told(findings: Iterable[Finding]) -> list[dict[str, object]]:
    return [
        {
            "fault": each.fault,
            "kind": each.kind,
            "code": each.code,
            "member": pointer(each.path),
            "place": str(each.place) if each.place else None,
            "vi": text(each)[0],
            "en": text(each)[1],
        }
        for each in findings
    ]


def _today() -> date:
    return utc_now().astimezone(VIETNAM).date()
