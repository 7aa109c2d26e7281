"""Asks for exports and hands them out: recorded before anything is made, and before it leaves."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeAlias
from uuid import UUID

import uuid_utils
from msgspec import Struct
from msgspec.structs import replace

from auth.people import Person
from auth.permissions import Permission, may_any
from gateway.audit.acts import Acts, By
from gateway.audit.entry import Entry, Receipt
from gateway.audit.events import Event, Method
from gateway.clock import Clock
from gateway.errors import Code, Refusal
from gateway.exports import queries
from gateway.exports.jobs import Format, Job, State, file_name
from gateway.exports.repository import JobRepository
from gateway.problems import field_error
from gateway.search.desk import understood
from gateway.search.language import TEXTS, Fault, holds_number
from gateway.search.naming import Naming
from gateway.search.query import Qualifier, Query
from gateway.search.schemas import Case, Named, Reason
from gateway.search.sought import Sought, sought

ROUTE = "/v1/audit/exports"
FILE_ROUTE = "/v1/audit/exports/{id}/file"

Append: TypeAlias = Callable[[Entry], Awaitable[Receipt]]
# Pseudonyms in, those of the same people under older and newer numbers out.
Aliases: TypeAlias = Callable[[tuple[str, ...]], Awaitable[tuple[str, ...]]]
Evidence: TypeAlias = Callable[[str], Awaitable[tuple[int, ...] | None]]
Remembers: TypeAlias = Callable[[UUID, str, str], Awaitable[None]]

_NOBODY = ("",)  # a pseudonym that nobody has


class AskExport(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is to be taken out; a person's records need a case and a reason."""

    format: Format
    query: str = ""  # at most 1,000 characters; empty: everything
    identifiers: tuple[Named, ...] = ()
    case: Case | None = None
    reason: Reason | None = None


class Asking:
    """The exports of whoever has signed on."""

    def __init__(
        self,
        jobs: JobRepository,
        *,
        acts: Acts,
        append: Append,
        naming: Naming,
        aliases: Aliases,
        evidence: Evidence,
        remember: Remembers,
        directory: Path,
        clock: Clock,
    ) -> None:
        """Make ready.

        Args:
            jobs: what was asked.
            acts: writes leaves.
            append: makes a leaf durable.
            naming: derives pseudonyms.
            aliases: adds those of the same people.
            evidence: gives the leaves of a finding.
            remember: keeps a reason under a leaf's id and an account.
            directory: where finished files stand.
            clock: the present instant.
        """
        self._jobs = jobs
        self._acts = acts
        self._append = append
        self._naming = naming
        self._aliases = aliases
        self._evidence = evidence
        self._remember = remember
        self._directory = directory
        self._clock = clock

    async def ask(self, person: Person, ask: AskExport, raw: bytes) -> Job:
        """Queue an export, once it is on record who wants what.

        Raises:
            Refusal: QUERY_NOT_UNDERSTOOD, VALIDATION_FAILED, PERMISSION_MISSING, RATE_LIMITED when
                five of theirs are under way, DATABASE_UNAVAILABLE.
            AuditUnavailable: it could not be recorded; nothing is made.
        """
        query = understood(ask.query, self._clock())
        _demand_grounds(person, ask)
        about = tuple(each.pair for each in ask.identifiers)
        leaf = self._acts.leaf(
            Event.AUDIT_EXPORT,
            _by(person),
            route=ROUTE,
            method=Method.POST,
            request=raw,
            subjects=about,
            dossier=ask.case,
        )
        await self._append(Entry(body=leaf))
        if ask.reason is not None:
            await self._remember(UUID(leaf.id), person.id, ask.reason)
        ready = await self._ready(query, ask.identifiers)
        job = Job(
            id=UUID(str(uuid_utils.uuid7())),
            account=person.id,
            format=ask.format,
            query=queries.told(ready),
            sought=queries.kept(ready),
            state=State.QUEUED,
            leaf=leaf.id,
            asked_at=self._clock(),
        )
        queued = await self._jobs.ask(job)
        if queued is None:
            raise Refusal(Code.RATE_LIMITED, retry_after_s=60)
        return queued

    async def one(self, person: Person, job_id: UUID) -> Job:
        """Return one of one's own; raise Refusal NOT_FOUND for all others."""
        found = await self._jobs.one(job_id, person.id)
        if found is None:
            raise Refusal(Code.NOT_FOUND)
        return found

    async def all(self, person: Person, rows: int, after: UUID | None) -> list[Job]:
        """Return one's own, newest first, or those older than *after*; raise as `one`."""
        last = await self.one(person, after) if after else None
        return await self._jobs.of(person.id, rows, last)

    async def take_back(self, person: Person, job_id: UUID) -> None:
        """End one of one's own, and delete its file; raise as `one`."""
        job = await self.one(person, job_id)
        await self._jobs.take_back(job_id, person.id, self._clock())
        await asyncio.to_thread((self._directory / file_name(job)).unlink, missing_ok=True)

    async def file(self, person: Person, job_id: UUID) -> tuple[Job, Path]:
        """Return the finished file, once it is on record that it leaves.

        Raises:
            Refusal: NOT_FOUND, EXPORT_NOT_READY, EXPORT_GONE.
            AuditUnavailable: it could not be recorded; nothing leaves.
        """
        job = await self.one(person, job_id)
        if job.state in {State.QUEUED, State.RUNNING}:
            raise Refusal(Code.EXPORT_NOT_READY, retry_after_s=5)
        path = self._directory / file_name(job)
        if job.state is not State.DONE or not await asyncio.to_thread(path.is_file):
            raise Refusal(Code.EXPORT_GONE)
        leaf = self._acts.leaf(
            Event.AUDIT_EXPORT, _by(person), route=FILE_ROUTE, of=job.leaf, n=job.records
        )
        await self._append(Entry(body=leaf))
        return job, path

    async def _ready(self, query: Query, identifiers: tuple[Named, ...]) -> Sought:
        findings = [value for term in query.of(Qualifier.FINDING) for value in term.values]
        indexes: list[int] = []
        for finding in findings:
            indexes.extend(await self._evidence(finding) or ())
        ready = await asyncio.to_thread(
            sought, query, self._naming.keyed, indexes=tuple(indexes) if findings else None
        )
        if not identifiers:
            return ready
        names: list[str] = []
        for each in identifiers:
            names.extend(await asyncio.to_thread(self._naming.keyed, *each.pair))
        known = await self._aliases(tuple(names)) if names else ()
        return replace(ready, subjects=known or _NOBODY)


def _by(person: Person) -> By:
    return By(id=person.id, agency=person.agency, acr=person.acr)


def _demand_grounds(person: Person, ask: AskExport) -> None:
    """Refuse a person's records without the right, a case and a reason; and numbers in either."""
    if ask.identifiers and not may_any(person.roles, Permission.AUDIT_PERSON):
        raise Refusal(Code.PERMISSION_MISSING)
    for member, text in (("reason", ask.reason), ("case", ask.case)):
        if text is None and not ask.identifiers:
            continue
        fault = Fault.VALUE_MISSING if text is None else Fault.NUMBER
        if text is None or holds_number(text):
            errors = [field_error(f"/{member}", fault, *TEXTS[fault])]
            raise Refusal(Code.VALIDATION_FAILED, errors=errors)
