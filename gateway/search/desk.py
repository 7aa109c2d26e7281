"""The auditor's desk: each look is understood, recorded, and only then answered."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

import msgspec
from msgspec.structs import replace

from auth.people import Person
from catalog.snapshot import Snapshot
from gateway.audit.events import Method
from gateway.audit.leaf import Subjects
from gateway.audit.pseudonyms import Scheme
from gateway.clock import Clock
from gateway.errors import Code, Refusal
from gateway.problems import field_error
from gateway.search import timelines
from gateway.search.follower import row_of
from gateway.search.language import (
    TEXTS,
    Fault,
    QueryRefused,
    holds_number,
    is_pseudonym,
    parsed,
)
from gateway.search.lines import counts, line
from gateway.search.lookups import Lookups, Named
from gateway.search.naming import Naming
from gateway.search.query import Qualifier, Query, written
from gateway.search.repository import Page, SearchRepository
from gateway.search.saved import SavedSearches
from gateway.search.schemas import Ask, Found, IndexNow, Inquiry, Place, Record, TimelineAsk
from gateway.search.sought import Sought, sought
from gateway.sequencing.repository import TreeRepository
from gateway.sequencing.rows import EntriesGone, Sequenced
from gateway.tlog.merkle import leaf_hash
from gateway.tlog.proofs import Proof

SEARCH_ROUTE = "/v1/audit/search"
INQUIRY_ROUTE = "/v1/audit/inquiries"
TIMELINE_ROUTE = "/v1/audit/timelines"
RECORD_ROUTE = "/v1/audit/records/{index}"
PROOF_ROUTE = "/v1/audit/records/{index}/proof"
MOST_EVIDENCE = 1_000  # leaves that one query may name through findings

# The leaves that a finding rests on, None for no such finding.
Evidence: TypeAlias = Callable[[str], Awaitable[tuple[int, ...] | None]]


class Desk:
    """Answers auditors.

    Args:
        repository: of the search tables.
        tree: of the log itself, read as an auditor.
        lookups: writes down who looks.
        naming: derives pseudonyms.
        saved: keeps reasons of inquiries.
        catalog: gives the present snapshot, for names.
        evidence: gives the leaves of a finding.
        clock: the present instant.
    """

    def __init__(
        self,
        *,
        repository: SearchRepository,
        tree: TreeRepository,
        lookups: Lookups,
        naming: Naming,
        saved: SavedSearches,
        catalog: Callable[[], Snapshot],
        evidence: Evidence,
        clock: Clock,
    ) -> None:
        self._repository = repository
        self._tree = tree
        self._lookups = lookups
        self._naming = naming
        self._saved = saved
        self._catalog = catalog
        self._evidence = evidence
        self._clock = clock

    async def search(self, person: Person, ask: Ask, raw: bytes) -> Found:
        """Return the records that fit a query.

        Raises:
            Refusal: QUERY_NOT_UNDERSTOOD with the place, RATE_LIMITED, SEARCH_TOO_WIDE,
                DATABASE_UNAVAILABLE.
            AuditUnavailable: the look could not be recorded.
        """
        query = understood(ask.query, self._clock())
        await self._lookups.record(
            person, SEARCH_ROUTE, asked=raw, about=_officials(query), case=_dossier(query)
        )
        ready = await self._ready(query)
        page = await self._repository.page(ready, below=ask.below, rows=ask.rows)
        found = await self._found(page, query)
        if not ask.counts:
            return found
        sample = await self._repository.sample(ready)
        return replace(found, counts=counts(sample.rows, whole=sample.below is None))

    async def inquire(self, person: Person, inquiry: Inquiry, raw: bytes) -> Found:
        """Return the records about one person; raise as `search`, VALIDATION_FAILED too.

        The numbers are turned into pseudonyms of every epoch and forgotten; older and newer
        numbers of the same person are found through records that name both.
        """
        query = understood(inquiry.query, self._clock())
        about = tuple(each.pair for each in inquiry.identifiers)
        await self._asked_about(
            person, INQUIRY_ROUTE, raw, about, reason=inquiry.reason, case=inquiry.case
        )
        names = await self._names(about)
        ready = replace(await self._ready(query), subjects=names or _NOBODY)
        page = await self._repository.page(ready, below=inquiry.below, rows=inquiry.rows)
        return await self._found(page, query)

    async def timeline(self, person: Person, ask: TimelineAsk, raw: bytes) -> Found:
        """Return the story of one dossier, agreement, official or person; raise as `inquire`."""
        questions = await self._story(person, ask, raw)
        pages = [
            await self._repository.page(each, below=ask.below, rows=ask.rows) for each in questions
        ]
        page = timelines.merged(pages, ask.rows)
        changes = timelines.behind(page.rows)
        if changes is not None:
            newest = page.rows[0].leaf_index + 1
            page = timelines.among(page, await self._repository.page(changes, below=newest))
        return await self._found(page, Query())

    async def record(self, person: Person, index: int) -> Record:
        """Return one record whole; raise Refusal NOT_FOUND when it is not in the log, or left."""
        one = await self._looked_at(person, RECORD_ROUTE, index)
        size = (await self._tree.head()).size
        place = Place(
            index, one.day.isoformat(), one.writer, one.seq, leaf_hash(one.entry).hex(), size
        )
        return Record(
            line=line(row_of(one), self._catalog()),
            leaf=msgspec.Raw(one.entry),
            place=place,
            proof=PROOF_ROUTE.format(index=index),
        )

    async def proof(self, person: Person, index: int) -> Proof:
        """Return the proof that one record stands in the tree, under the newest checkpoint.

        Raises:
            Refusal: NOT_FOUND when no signed checkpoint holds it.
        """
        one = await self._looked_at(person, PROOF_ROUTE, index)
        checkpoint = await self._tree.checkpoint()
        if checkpoint is None or checkpoint.size <= index:
            raise Refusal(Code.NOT_FOUND)
        path = await self._tree.inclusion(index, checkpoint.size)
        return Proof(index, tuple(path), checkpoint.note, one.entry)

    async def index(self) -> IndexNow:
        """Return how far the search reaches."""
        standing, head = await self._repository.standing(), await self._tree.head()
        behind = max(0, head.size - standing.next_index)
        return IndexNow(standing.floor, standing.next_index, head.size, behind, standing.at)

    async def _found(self, page: Page, query: Query) -> Found:
        catalog = self._catalog()
        return Found(
            records=tuple(line(row, catalog) for row in page.rows),
            below=page.below,
            understood=written(query),
            index=await self.index(),
        )

    async def _ready(self, query: Query) -> Sought:
        findings = [value for term in query.of(Qualifier.FINDING) for value in term.values]
        indexes: list[int] = []
        for finding in findings:
            indexes.extend(await self._evidence(finding) or ())
        # A key of a new year is read from a file, once.
        return await asyncio.to_thread(
            sought,
            query,
            self._naming.keyed,
            indexes=tuple(indexes[:MOST_EVIDENCE]) if findings else None,
        )

    async def _names(self, about: Named) -> tuple[str, ...]:
        found: list[str] = []
        for scheme, identifier in about:
            found.extend(await asyncio.to_thread(self._naming.keyed, scheme, identifier))
        return await self._repository.aliases(tuple(found)) if found else ()

    async def _asked_about(
        self, person: Person, route: str, raw: bytes, about: Named, *, reason: str, case: str
    ) -> None:
        """Write down who, then keep why under the leaf's id; without both nothing is shown."""
        for member, text in (("reason", reason), ("case", case)):
            if holds_number(text):
                raise _invalid(f"/{member}", Fault.NUMBER)
        leaf = await self._lookups.record(person, route, asked=raw, about=about, case=case)
        await self._saved.remember_reason(UUID(leaf), person.id, reason)

    async def _story(self, person: Person, ask: TimelineAsk, raw: bytes) -> tuple[Sought, ...]:
        _demand_one(ask)
        if ask.identifiers:
            if ask.reason is None or ask.case is None:
                missing = "/reason" if ask.reason is None else "/case"
                raise _invalid(missing, Fault.VALUE_MISSING)
            about = tuple(each.pair for each in ask.identifiers)
            await self._asked_about(
                person, TIMELINE_ROUTE, raw, about, reason=ask.reason, case=ask.case
            )
            return timelines.of_person(await self._names(about) or _NOBODY)
        if ask.agreement is not None:
            await self._lookups.record(person, TIMELINE_ROUTE, asked=raw, agreement=ask.agreement)
            return timelines.of_agreement(ask.agreement)
        if ask.dossier is not None:
            return timelines.of_dossier(await self._keyed(person, raw, Scheme.DOSSIER, ask.dossier))
        return timelines.of_official(
            await self._keyed(person, raw, Scheme.OFFICIAL, ask.official or "")
        )

    async def _keyed(
        self, person: Person, raw: bytes, scheme: Scheme, value: str
    ) -> tuple[str, ...]:
        """Write down the look at a case or an official; return the pseudonyms."""
        if is_pseudonym(value):
            await self._lookups.record(person, TIMELINE_ROUTE, asked=raw)
            return (value,)
        if holds_number(value):
            member = "dossier" if scheme is Scheme.DOSSIER else "official"
            raise _invalid(f"/{member}", Fault.NUMBER)
        if scheme is Scheme.DOSSIER:
            await self._lookups.record(person, TIMELINE_ROUTE, asked=raw, case=value)
        else:
            await self._lookups.record(person, TIMELINE_ROUTE, asked=raw, about=((scheme, value),))
        return await asyncio.to_thread(self._naming.keyed, scheme, value) or _NOBODY

    async def _looked_at(self, person: Person, route: str, index: int) -> Sequenced:
        """Write down that one record is read, about whom it is too; return the record."""
        try:
            found = await self._tree.entries(index, 1)
        except EntriesGone:
            raise Refusal(Code.NOT_FOUND) from None
        if not found:
            raise Refusal(Code.NOT_FOUND)
        await self._lookups.record(
            person,
            route,
            method=Method.GET,
            asked=str(index).encode(),
            of_record=_subjects(found[0].entry),
        )
        return found[0]


_NOBODY = ("",)  # a pseudonym that nobody has: every key of the person's epochs is destroyed


class _About(msgspec.Struct, frozen=True):
    """The one member of a record that says about whom it is."""

    subj: Subjects | None = None


def _subjects(entry: bytes) -> Subjects | None:
    try:
        return msgspec.json.decode(entry, type=_About).subj
    except (msgspec.DecodeError, ValueError):
        return None


def understood(text: str, now: datetime) -> Query:
    """Return the query that *text* is.

    Raises:
        Refusal: QUERY_NOT_UNDERSTOOD with place and reason, never with the text.
    """
    try:
        return parsed(text, now)
    except QueryRefused as refused:
        vi, en = TEXTS[refused.fault]
        error: dict[str, object] = dict(field_error("/query", refused.fault, vi, en))
        error |= {"at": refused.at, "length": refused.length, "hint": refused.hint}
        raise Refusal(Code.QUERY_NOT_UNDERSTOOD, errors=[error]) from None


def _invalid(pointer: str, fault: Fault) -> Refusal:
    return Refusal(Code.VALIDATION_FAILED, errors=[field_error(pointer, fault, *TEXTS[fault])])


def _demand_one(ask: TimelineAsk) -> None:
    named = [ask.dossier, ask.agreement, ask.official, ask.identifiers or None]
    if sum(each is not None for each in named) != 1:
        vi, en = "Nêu đúng một đối tượng.", "Name exactly one thing."
        raise Refusal(Code.VALIDATION_FAILED, errors=[field_error("", "format", vi, en)])


def _officials(query: Query) -> Named:
    values = [v for t in query.of(Qualifier.OFFICER) if not t.negated for v in t.values]
    return tuple((Scheme.OFFICIAL, each) for each in values if not is_pseudonym(each))


def _dossier(query: Query) -> str | None:
    """Return the one dossier that is looked for, so that its story tells of this look."""
    values = [v for t in query.of(Qualifier.DOSSIER) if not t.negated for v in t.values]
    return values[0] if len(values) == 1 and not is_pseudonym(values[0]) else None
