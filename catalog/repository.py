"""Entries in, entries out; rows and SQL stay in here.  Nothing here commits."""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, aclosing
from datetime import date
from typing import TypeAlias, cast

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import func, insert, literal, select, true, union_all
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from catalog import tables
from catalog.assembly import assemble, overlay
from catalog.canonical import Stored, restore
from catalog.changes import Action, Change, Changes, Held, compare, objections
from catalog.documents import Document, Documents
from catalog.entries import Agreement, AgreementState, ServiceState
from catalog.errors import (
    CatalogInvalid,
    EntryUnknown,
    Finding,
    SecondPersonMissing,
    TransitionRefused,
)
from catalog.feed import SOME, Fresh
from catalog.kinds import STATES, Entry, Key, Kind, key_of, state_of
from catalog.lint import faults, lapsed, lint, touched
from catalog.snapshot import Snapshot

Connection: TypeAlias = AsyncConnection | AsyncSession
Connect: TypeAlias = Callable[[], AbstractAsyncContextManager[Connection]]

# Who publishes holds this lock to the end of the transaction, so that two people who lint and
# write at once cannot together make a catalog that neither of them saw.
PUBLISHING_LOCK = 6_171_014_926_812_332
# Reading and judging a whole catalog takes longer than a request may; it delays nobody.
_PATIENCE = {"statement_timeout": "60s", "idle_in_transaction_session_timeout": "120s"}


class TwoPeople(Struct, frozen=True):
    """Who publishes and who approves, by their staff ids; never the same person (promise P8).

    Raises:
        SecondPersonMissing: on making one with an empty name, or the same name twice.
    """

    published_by: str
    approved_by: str

    def __post_init__(self) -> None:
        """Refuse one person in both places; the database refuses it again."""
        names = {self.published_by.strip(), self.approved_by.strip()}
        if "" in names or len(names) == 1:
            raise SecondPersonMissing


class CatalogRepository:
    """The catalog in the transaction that *connection* has open."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def revision(self) -> int:
        """Return the number of the last change, 0 before the first; one row, one page."""
        return (await self._connection.execute(select(tables.head.c.revision))).scalar_one()

    async def since(self, revision: int) -> AsyncGenerator[Fresh]:
        """Yield every entry that changed after *revision*, as of one instant, part by part."""
        await self._connection.execute(
            select(*(func.set_config(name, value, true()) for name, value in _PATIENCE.items()))
        )
        options = {"yield_per": SOME}
        found = await self._connection.stream(_changed(revision), execution_options=options)
        async for rows in found.partitions():
            stored = tuple(
                Stored(kind=Kind(row.kind), document=row.document, rev=row.rev, state=row.state,
                       digest=row.digest)
                for row in rows
            )  # fmt: skip
            yield Fresh(revision=rows[0].revision, stored=stored)

    async def snapshot(self) -> Snapshot:
        """Return everything that stands, retired services and ended agreements included."""
        parts = [part async for part in self.since(0)]
        entries = (restore(each) for part in parts for each in part.stored)
        return assemble(entries, parts[-1].revision if parts else 0)

    async def held(self) -> dict[Key, Held]:
        """Return everything that stands with its version, digest and reason of its state."""
        reasons = await self._reasons()
        found: dict[Key, Held] = {}
        async for part in self.since(0):
            for each in part.stored:
                entry = restore(each)
                key = key_of(entry)
                found[key] = Held(
                    entry=entry, rev=each.rev, digest=each.digest, reason=reasons.get(key)
                )
        return found

    async def diff(self, documents: Documents, *, today: date) -> Changes:
        """Return what `apply` would change, and change nothing.

        Raises:
            CatalogInvalid: as `apply`.
        """
        return _judged(await self.held(), documents, today)

    async def apply(self, documents: Documents, people: TwoPeople, *, today: date) -> Changes:
        """Publish *documents*: those that differ become versions, the others are left alone.

        Args:
            documents: what `catalog.documents.read` returned.
            people: who publishes, and who has approved it.
            today: day in Việt Nam; a changed entry may cite only law in force on it.

        Raises:
            CatalogInvalid: the catalog would not hang together; nothing was written.
        """
        await self._lock()
        changes = _judged(await self.held(), documents, today)
        await self._write_versions(changes, people)
        moved = [_event(each, people) for each in changes.items if each.state_moves]
        if moved:
            await self._connection.execute(insert(tables.state_event), moved)
        return changes

    async def export(self) -> Documents:
        """Return what stands, as documents: applying them again changes nothing."""
        held = await self.held()
        return Documents(
            tuple(Document(entry=each.entry, reason=each.reason) for each in held.values())
        )

    async def set_state(
        self,
        kind: Kind,
        code: str,
        state: AgreementState | ServiceState,
        *,
        reason: str,
        by: str,
        approved_by: str | None = None,
    ) -> bool:
        """Move a service or an agreement to *state*; False when it is there already.

        Suspending, terminating, disabling and retiring may be done alone, wait for nobody who
        publishes, and hold from this commit; `published`, `deprecated` and `active` take a second
        person.

        Raises:
            EntryUnknown: nothing by that code is published.
            SecondPersonMissing: *approved_by* is needed, and missing or the same person.
            TransitionRefused: the agreement is terminated, or the state is of another kind.
            CatalogInvalid: it is opened again, and no longer fits the catalog around it.
        """
        before = await self._state(kind, code)
        if state not in STATES[kind] or (before != state and before == "terminated"):
            raise TransitionRefused(kind, code, before, state)
        if before == state:
            return False
        if state in ("published", "deprecated", "active"):
            if approved_by is None:
                raise SecondPersonMissing
            TwoPeople(by, approved_by)
            await self._lock()
            await self._refuse_misfit(kind, code, state)
        moved = {"kind": kind, "code": code, "state": state, "reason": reason, "decided_by": by,
                 "approved_by": approved_by}  # fmt: skip
        await self._connection.execute(insert(tables.state_event), [moved])
        return True

    async def _lock(self) -> None:
        await self._connection.execute(select(func.pg_advisory_xact_lock(PUBLISHING_LOCK)))

    async def _state(self, kind: Kind, code: str) -> str:
        rows = tables.entry.c
        query = select(rows.state).where(rows.kind == kind, rows.code == code)
        state = (await self._connection.execute(query)).scalar_one_or_none()
        if state is None:
            raise EntryUnknown(kind, code)
        return state

    async def _refuse_misfit(
        self, kind: Kind, code: str, state: AgreementState | ServiceState
    ) -> None:
        held = await self.held()
        found = held[kind, code].entry
        opened = replace(found, state=state)  # pyright: ignore[reportArgumentType]
        around = assemble((each.entry for each in held.values()), 0)
        wrong = faults(lint(overlay(around, [opened], 0), only=[(kind, code)]))
        if wrong:
            raise CatalogInvalid(wrong)

    async def _reasons(self) -> dict[Key, str]:
        rows = tables.state_event.c
        last = (
            select(rows.kind, rows.code, rows.reason)
            .ext(distinct_on(rows.kind, rows.code))
            .order_by(rows.kind, rows.code, rows.id.desc())
        )
        found = (await self._connection.execute(last)).all()
        return {(Kind(row.kind), row.code): row.reason for row in found}

    async def _write_versions(self, changes: Changes, people: TwoPeople) -> None:
        fresh = [each for each in changes.items if each.action is not Action.STATE]
        for kind in Kind:
            mine = [each for each in fresh if each.key[0] is kind]
            if mine:
                table = tables.versions[kind]
                # RETURNING makes SQLAlchemy send many rows in one statement.
                statement = insert(table).returning(table.c.code)
                await self._connection.execute(statement, [_row(each, people) for each in mine])
        agreements = [each.entry for each in fresh if isinstance(each.entry, Agreement)]
        scopes = [row for each in agreements for row in _scope_rows(each)]
        if scopes:
            statement = insert(tables.agreement_scope).returning(tables.agreement_scope.c.code)
            await self._connection.execute(statement, scopes)


class CatalogSource:
    """Where a worker's `SnapshotKeeper` looks; one short transaction for each look."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect

    async def revision(self) -> int:
        """Return the number of the last change."""
        async with self._connect() as connection:
            return await CatalogRepository(connection).revision()

    async def since(self, revision: int) -> AsyncGenerator[Fresh]:
        """Yield every entry that changed after *revision*, part by part, in one transaction."""
        async with (
            self._connect() as connection,
            aclosing(CatalogRepository(connection).since(revision)) as parts,
        ):
            async for part in parts:
                yield part


def _changed(revision: int):  # noqa: ANN202 - a type that only SQLAlchemy can name
    """Return one statement over all kinds: one statement sees one instant."""
    reached = select(tables.head.c.revision).scalar_subquery().label("revision")
    stands = tables.entry.c
    return union_all(
        *(
            select(
                literal(kind.value).label("kind"), table.c.rev, table.c.digest, table.c.document,
                stands.state, reached,
            )
            .join(tables.entry, (stands.code == table.c.code) & (stands.rev == table.c.rev))
            .where(stands.kind == kind.value, stands.revision > revision)
            for kind, table in tables.versions.items()
        )
    )  # fmt: skip


def _judged(held: dict[Key, Held], documents: Documents, today: date) -> Changes:
    """Return the changes with their doubts, once nothing forbids them.

    Raises:
        CatalogInvalid: something does; every finding has the line it comes from.
    """
    changes = compare(held, documents)
    keys = [each.key for each in changes.items]
    around = assemble((each.entry for each in held.values()), 0)
    candidate = overlay(around, changes.entries, 0)
    found = [*objections(changes, held), *lint(candidate, touched(candidate, keys))]
    for finding in lapsed(candidate, today):
        mine = (finding.kind, finding.code) in keys
        found.append(finding if mine else replace(finding, severe=False))
    placed = tuple(_placed(each, documents.by_key()) for each in found)
    if faults(placed):
        raise CatalogInvalid(placed)
    return replace(changes, doubts=placed)


def _placed(finding: Finding, documents: dict[Key, Document]) -> Finding:
    if finding.kind is None:
        return finding
    document = documents.get((finding.kind, finding.code))
    return finding if document is None else replace(finding, place=document.place(finding.path))


def _row(change: Change, people: TwoPeople) -> dict[str, object]:
    kind, code = change.key
    given: dict[str, object] = {
        "code": code,
        "rev": change.rev,
        "digest": change.digest,
        "document": change.document,
        "published_by": people.published_by,
        "approved_by": people.approved_by,
    }
    columns = (column.name for column in tables.versions[kind].columns)
    return {name: given[name] if name in given else _column(change.entry, name) for name in columns}


def _column(entry: Entry, name: str) -> object:
    held: object = getattr(entry, name)
    return sorted(cast("frozenset[str]", held)) if isinstance(held, frozenset) else held


def _scope_rows(agreement: Agreement) -> Sequence[dict[str, object]]:
    return [
        {
            "code": agreement.code,
            "rev": agreement.rev,
            "id": scope.id,
            "service": scope.service,
            "elements": sorted(scope.elements),
            "purposes": sorted(scope.purposes),
            "calls_per_day": scope.calls_per_day,
            "calls_per_minute": scope.calls_per_minute,
            "persons_per_day": scope.persons_per_day,
        }
        for scope in agreement.scopes
    ]


def _event(change: Change, people: TwoPeople) -> dict[str, object]:
    kind, code = change.key
    return {
        "kind": kind,
        "code": code,
        "state": state_of(change.entry),
        "reason": change.reason,
        "decided_by": people.published_by,
        "approved_by": people.approved_by,
    }
