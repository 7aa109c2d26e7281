"""What the commands of registrations share: who acts and why, one transaction, one line each."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import click
import msgspec

from auth.credentials.environments import environment_of
from auth.credentials.expiring import EndState, endings, mark_of
from auth.credentials.keysets import KeySet
from auth.credentials.repository import KeySetRepository, UseRepository
from auth.credentials.uses import NEVER, Use, Uses
from auth.repository import SystemRepository
from auth.systems import Note, System, SystemState
from catalog.repository import CatalogRepository
from gateway import database
from gateway.cli.answers import Answer, Failed
from gateway.cli.edge import reachable, settings_with
from gateway.cli.exits import Exit
from gateway.clock import utc_now

Result = TypeVar("Result")
Command = TypeVar("Command", bound=Callable[..., object])
ADMINISTRATOR = None  # the owner of the database: no role of a running gateway may read everything


@dataclass(frozen=True, slots=True)
class Rows:
    """Both owners' rows in one transaction, and what is known beside them."""

    systems: SystemRepository
    catalog: CatalogRepository
    key_sets: KeySetRepository
    uses: Uses


def approved(command: Command) -> Command:
    """Give a command the flag without which no live system is opened further."""
    return click.option("--approved-by", help="Second person, for systems that are live.")(command)


def note_of(by: str | None, reason: str | None, approved_by: str | None = None) -> Note:
    """Return who acts, why and now; raise Failed when one of them says nothing."""
    who, why = (by or "").strip(), (reason or "").strip()
    if not who or not why:
        raise Failed(Exit.REFUSED, "--by and --reason must say something")
    return Note(by=who, reason=why, at=utc_now(), approved_by=(approved_by or "").strip() or None)


def with_database(
    url: str | None, directory: Path | None, work: Callable[[Rows], Awaitable[Result]]
) -> Result:
    """Do *work* in one transaction as the owner of the database."""
    with reachable(settings_with(url, directory)) as dsn:
        return asyncio.run(_in_transaction(dsn, work))


async def _in_transaction(dsn: str, work: Callable[[Rows], Awaitable[Result]]) -> Result:
    opened = database.engine(
        dsn, pool_connections=2, role=ADMINISTRATOR, application_name="motlan system"
    )
    try:
        async with database.transaction(opened) as session:
            beside = KeySetRepository(lambda: database.transaction(opened))
            uses = Uses(UseRepository(lambda: database.transaction(opened)))
            return await work(
                Rows(SystemRepository(session), CatalogRepository(session), beside, uses)
            )
    finally:
        await opened.dispose()


def line(system: System, *, now: datetime | None = None, use: Use = NEVER) -> dict[str, object]:
    """Return one system as a line of a list."""
    said, note = system.registration, system.note
    return {
        "client_id": said.client_id,
        "agency": said.agency,
        "state": system.state.value,
        "environment": "sandbox" if said.sandbox else "live",
        "keys": len(said.jwks),
        "ends": warning(system, now or utc_now()) or "",
        "last_token": _minute(use.token_at),
        "last_exchange": "" if use.exchange_day is None else use.exchange_day.isoformat(),
        "version": system.version,
        "act": system.act.value,
        "by": note.by,
        "approved_by": note.approved_by or "",
        "at": note.at.isoformat(timespec="seconds"),
        "reason": note.reason,
    }


def warning(system: System, now: datetime) -> str | None:
    """Return when the last credential of a system ends, once that is 30 days away or less."""
    found = endings(system.registration, now)
    if system.state is SystemState.BLOCKED or not found:
        return None
    if any(each.state is EndState.GOOD for each in found) or system.registration.jwks_uri:
        return None
    days = max(each.days_left or 0 for each in found)
    mark = mark_of(days)
    return None if mark is None else ("ended" if days == 0 else f"in {days} days")


def facts(
    system: System, *, now: datetime, keys: KeySet | None = None, use: Use = NEVER
) -> dict[str, object]:
    """Return everything that is to be said about a system, without the content of its keys."""
    said = system.registration
    return {
        **line(system, now=now, use=use),
        "name_vi": said.name_vi,
        "name_en": said.name_en,
        "environment": environment_of(sandbox=said.sandbox).value,
        "address_ranges": said.address_ranges,
        "credentials": [msgspec.structs.asdict(each) for each in endings(said, now)],
        "published": None
        if said.jwks_uri is None
        else {
            "url": said.jwks_uri,
            "keys": [] if keys is None else [jwk["kid"] for jwk in keys.good(now)],
            "fetched_at": None if keys is None else keys.fetched_at,
            "fault": None if keys is None else keys.fault,
        },
    }


def moved(system: System, note: Note) -> Answer:
    """Return the answer of an act on one system."""
    changed = system.note == note
    before = "" if changed else ", as it was before"
    text = f"{system.client_id} is {system.state.value}{before}"
    return Answer({**line(system), "changed": changed}, text)


def _minute(at: datetime | None) -> str:
    return "" if at is None else at.isoformat(timespec="minutes")
