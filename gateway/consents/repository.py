"""Loads and stores grants; rows and SQL stay in here."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol, TypeAlias

import asyncpg
from msgspec import Struct

from gateway.consents.errors import ConsentUnknown, MoveRefused, TermsRefused
from gateway.consents.grants import Grant, Representation
from gateway.consents.records import Act, Event, Terms, notice_hash
from gateway.consents.states import ConsentState

# One index scan for the person's few records, one for the last event of each: the cost does not
# grow with the table.  A record without event has no state and grants nothing.
GRANTS = """
SELECT r.id, e.seq, r.principal_ref, r.recipient, r.purpose, r.service, r.elements,
       r.told_sensitive, r.calls_per_day, e.state, r.valid_from, e.valid_to, r.notice_sha256
FROM consents.record r
CROSS JOIN LATERAL (
  SELECT seq, state, valid_to FROM consents.event
  WHERE record_id = r.id ORDER BY seq DESC LIMIT 1) e
WHERE r.principal_ref = $1 AND r.recipient = $2 AND r.purpose = $3 AND r.service = $4
ORDER BY r.valid_from DESC, r.id DESC
LIMIT 100
"""

GIVE = """
WITH told AS (
  INSERT INTO consents.notice (sha256, language, body) VALUES ($11, $12, $13)
  ON CONFLICT ON CONSTRAINT notice_pkey DO NOTHING),
agreed AS (
  INSERT INTO consents.record (id, principal_ref, recipient, purpose, service, elements,
    told_sensitive, valid_from, calls_per_day, data_life_days, notice_sha256, schema_version)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $14)
  RETURNING id)
INSERT INTO consents.event (record_id, seq, state, at, valid_to, entity_ref, entity_role,
  representation_id, method, acr, evidence_sha256, reason)
SELECT id, 1, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24 FROM agreed
"""

LAST = """
SELECT seq, state, valid_to FROM consents.event WHERE record_id = $1 ORDER BY seq DESC LIMIT 1
"""

MOVE = """
INSERT INTO consents.event (record_id, seq, state, at, valid_to, entity_ref, entity_role,
  representation_id, method, acr, evidence_sha256, reason)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
"""

TERMS = """
SELECT id, principal_ref, recipient, purpose, service, elements, told_sensitive, valid_from,
       calls_per_day, data_life_days, notice_sha256, schema_version
FROM consents.record WHERE id = $1
"""

EVENTS = """
SELECT record_id, seq, state, at, valid_to, entity_ref, entity_role, representation_id, method,
       acr, evidence_sha256, reason, prev_hash, hash
FROM consents.event WHERE record_id = $1 ORDER BY seq
"""

Row: TypeAlias = Mapping[str, Any]  # a driver's row; typed by the functions at the bottom

_TRIES = 5  # two writers on one record: the later one reads again


class Rows(Protocol):
    """What the repository asks of asyncpg; a pool and a connection both have it."""

    async def fetch(self, query: str, *args: object) -> Sequence[Row]:
        """Return all rows."""
        ...

    async def fetchrow(self, query: str, *args: object) -> Row | None:
        """Return the first row, or None."""
        ...

    async def execute(self, query: str, *args: object) -> object:
        """Run one statement."""
        ...


class _New(Struct, frozen=True, kw_only=True):
    """An event before the database has chained it."""

    record_id: str
    seq: int
    state: ConsentState
    valid_to: datetime
    act: Act


class ConsentRepository:
    """Consent records in, grants out.  Each method is one statement: whole, or not at all."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    async def grants_for(
        self, principal_ref: str, recipient: str, purpose: str, service: str
    ) -> list[Grant]:
        """Return the person's records of any state for this use, newest first, at most 100."""
        rows = await self._rows.fetch(GRANTS, principal_ref, recipient, purpose, service)
        return [_grant(row) for row in rows]

    async def give(
        self, terms: Terms, act: Act, *, valid_to: datetime, notice: str, language: str = "vi"
    ) -> None:
        """Store a consent that has just been given, with the text that was shown.

        Raises:
            TermsRefused: the terms are not whole, the hash is not that of *notice*, or the
                representative's own right does not last as long.
        """
        if terms.notice_sha256 != notice_hash(notice):
            raise TermsRefused("notice_sha256_is_of_body")
        try:
            await self._rows.execute(
                GIVE,
                terms.id,
                terms.principal_ref,
                terms.recipient,
                terms.purpose,
                terms.service,
                list(terms.elements),
                list(terms.told_sensitive),
                terms.valid_from,
                terms.calls_per_day,
                terms.data_life_days,
                terms.notice_sha256,
                language,
                notice,
                terms.schema_version,
                ConsentState.GIVEN.value,
                act.at,
                valid_to,
                *_acting(act),
            )
        except asyncpg.IntegrityConstraintViolationError as refused:
            raise TermsRefused(_rule(refused)) from None

    async def withdraw(self, record_id: str, act: Act) -> int:
        """End the grant; from this statement's commit on nothing leaves on it (promise P3).

        Returns:
            The number of the event that ended it; withdrawing twice returns the first.

        Raises:
            ConsentUnknown: no such record.
            MoveRefused: it never was live, or ended otherwise.
        """
        return await self.move(record_id, ConsentState.WITHDRAWN, act)

    async def move(
        self, record_id: str, state: ConsentState, act: Act, *, valid_to: datetime | None = None
    ) -> int:
        """Add the next event; *valid_to* changes only on renewal.  Idempotent for final states.

        Raises:
            ConsentUnknown: no such record.
            MoveRefused: the state before does not allow it.
            TermsRefused: the event is not whole.
        """
        for _ in range(_TRIES):
            last = await self._rows.fetchrow(LAST, record_id)
            if last is None:
                raise ConsentUnknown(record_id)
            if last["state"] == state and state is not ConsentState.RENEWED:
                return int(last["seq"])
            seq = int(last["seq"]) + 1
            ends = valid_to or last["valid_to"]
            new = _New(record_id=record_id, seq=seq, state=state, valid_to=ends, act=act)
            if await self._add(new, before=last["state"]):
                return seq
        raise MoveRefused(record_id, None, state)

    async def history(self, record_id: str) -> tuple[Terms, list[Event]]:
        """Return the terms and every event of one record: what `records.verify` takes.

        Raises:
            ConsentUnknown: no such record.
        """
        terms = await self._rows.fetchrow(TERMS, record_id)
        if terms is None:
            raise ConsentUnknown(record_id)
        rows = await self._rows.fetch(EVENTS, record_id)
        return _terms(terms), [_event(row) for row in rows]

    async def _add(self, event: _New, *, before: str) -> bool:
        """Insert one event; say False when another writer took the number first."""
        try:
            await self._rows.execute(
                MOVE,
                event.record_id,
                event.seq,
                event.state.value,
                event.act.at,
                event.valid_to,
                *_acting(event.act),
            )
        except asyncpg.IntegrityConstraintViolationError as refused:
            if _rule(refused) in ("event_seq_contiguous", "event_pkey"):
                return False
            if _rule(refused) == "event_move_allowed":
                raise MoveRefused(event.record_id, before, event.state) from None
            raise TermsRefused(_rule(refused)) from None
        return True


def _rule(refused: asyncpg.IntegrityConstraintViolationError) -> str | None:
    """Return the name of the constraint; the driver sets it from the server's message."""
    name: str | None = getattr(refused, "constraint_name", None)
    return name


def _acting(act: Act) -> Sequence[str | None]:
    return (
        act.entity_ref,
        act.entity_role,
        act.representation_id,
        act.method,
        act.acr,
        act.evidence_sha256,
        act.reason,
    )


def _grant(row: Row) -> Grant:
    return Grant(
        id=row["id"],
        seq=row["seq"],
        principal_ref=row["principal_ref"],
        recipient=row["recipient"],
        purpose=row["purpose"],
        service=row["service"],
        elements=frozenset(row["elements"]),
        state=row["state"],
        valid_from=row["valid_from"],
        valid_to=row["valid_to"],
        notice_sha256=row["notice_sha256"],
        told_sensitive=frozenset(row["told_sensitive"]),
        calls_per_day=row["calls_per_day"],
    )


def _terms(row: Row) -> Terms:
    members = {name: row[name] for name in Terms.__struct_fields__}
    for name in ("elements", "told_sensitive"):
        members[name] = tuple(members[name])
    return Terms(**members)


def _event(row: Row) -> Event:
    return Event(
        record_id=row["record_id"],
        seq=row["seq"],
        state=ConsentState(row["state"]),
        valid_to=row["valid_to"],
        act=Act(**{name: row[name] for name in Act.__struct_fields__}),
        prev_hash=row["prev_hash"],
        hash=row["hash"],
    )


REPRESENTATION = """
SELECT p.id, c.rev, p.principal_ref, p.representative_ref, p.relation, c.valid_to,
       c.child_assent, c.live
FROM consents.representation p
CROSS JOIN LATERAL (
  SELECT rev, live, valid_to, child_assent FROM consents.representation_check
  WHERE representation_id = p.id ORDER BY rev DESC LIMIT 1) c
WHERE p.id = $1
"""

REPRESENT = """
WITH named AS (
  INSERT INTO consents.representation (id, principal_ref, representative_ref, relation)
  VALUES ($1, $2, $3, $4)
  RETURNING id)
INSERT INTO consents.representation_check
  (representation_id, rev, live, valid_to, child_assent, source, checked_at)
SELECT id, 1, true, $5, $6, $7, $8 FROM named
"""

CHECK = """
INSERT INTO consents.representation_check
  (representation_id, rev, live, valid_to, child_assent, source, checked_at)
SELECT p.id, 1, $2, $3, $4, $5, $6 FROM consents.representation p WHERE p.id = $1
RETURNING rev
"""


class RepresentationRepository:
    """Who may act for whom; each check against the source is a row of its own."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    async def representation(self, record_id: str) -> Representation | None:
        """Return the representation at its last check; None when unknown or ended by it.

        Whether `valid_to` has passed is the rule's to judge, which has the instant.
        """
        row = await self._rows.fetchrow(REPRESENTATION, record_id)
        if row is None or not row["live"]:
            return None
        return Representation(
            id=row["id"],
            rev=row["rev"],
            principal_ref=row["principal_ref"],
            representative_ref=row["representative_ref"],
            relation=row["relation"],
            valid_to=row["valid_to"],
            child_assent=row["child_assent"],
        )

    async def represent(self, made: Representation, *, source: str, at: datetime) -> None:
        """Store a representation as *source* (civil status register, court) just confirmed it.

        Raises:
            TermsRefused: the pseudonyms or the relation are not of their form, or the id is taken.
        """
        try:
            await self._rows.execute(
                REPRESENT,
                made.id,
                made.principal_ref,
                made.representative_ref,
                made.relation,
                made.valid_to,
                made.child_assent,
                source,
                at,
            )
        except asyncpg.IntegrityConstraintViolationError as refused:
            raise TermsRefused(_rule(refused)) from None

    async def recheck(self, made: Representation, *, live: bool, source: str, at: datetime) -> int:
        """Store what a later look at the source said of *made*; return the new revision.

        When it is no longer live, the consents that rest on it are invalidated in the same
        transaction; one that the person has renewed since rests on the person.

        Raises:
            ConsentUnknown: no such representation.
        """
        row = await self._rows.fetchrow(
            CHECK, made.id, live, made.valid_to, made.child_assent, source, at
        )
        if row is None:
            raise ConsentUnknown(made.id)
        return int(row["rev"])
