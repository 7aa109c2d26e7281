"""What the search tables hold of one leaf; pure, so that a rebuild gives the same bytes.

Nothing is added that the leaf does not say: codes, numbers and pseudonyms, never a value.
"""

import hashlib
from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

BLOCK_BITS = 12  # 4,096 leaf indexes share one row of `search.span`
PART_BITS = 18  # 262,144 share one part of the tables
PSEUDONYM_LETTERS = 32


# As wide as columns, indexes and calendars: what somebody forged past our writers must stop neither
# the search nor whoever reads what it found.
_Small = Annotated[int, Meta(ge=-(1 << 15), lt=1 << 15)]
_Long = Annotated[int, Meta(ge=-(1 << 63), le=(1 << 63) - 1)]
_Instant = Annotated[int, Meta(ge=0, lt=253_370_764_800_000_000)]  # before the year 9999
_Word = Annotated[str, Meta(max_length=200)]


class _Actor(Struct, frozen=True):
    org: _Word | None = None
    client: _Word | None = None
    user: _Word | None = None


class _Subjects(Struct, frozen=True):
    p: tuple[_Word, ...] = ()
    n: _Long | None = None


class _Target(Struct, frozen=True):
    service: _Word | None = None
    dataset: _Word | None = None
    fields: tuple[_Word, ...] = ()
    asked: tuple[_Word, ...] = ()
    sens: _Small | None = None


class _Ground(Struct, frozen=True):
    decision: _Word | None = None
    purpose: _Word | None = None
    proc: _Word | None = None
    law: _Word | None = None
    agreement: _Word | None = None
    consent: _Word | None = None
    policy: _Word | None = None
    dossier: _Word | None = None
    reasons: tuple[_Word, ...] = ()


class _Result(Struct, frozen=True):
    status: _Small | None = None
    match: _Word | None = None
    delivered: _Word | None = None


class _Request(Struct, frozen=True):
    id: UUID | None = None


class _Change(Struct, frozen=True):
    kind: _Word
    id: _Word


class _Noise(Struct, frozen=True):
    code: _Word
    n: int


class _Leaf(Struct, frozen=True):
    """The members of a leaf that are searched for; read without judging them anew."""

    id: UUID
    ts: _Instant
    type: _Word
    op: _Word | None = None
    n: _Long | None = None
    of: UUID | None = None
    actor: _Actor = _Actor()
    subj: _Subjects = _Subjects()
    target: _Target = _Target()
    basis: _Ground = _Ground()
    req: _Request = _Request()
    res: _Result = _Result()
    change: _Change | None = None
    noise: tuple[_Noise, ...] = ()


class Indexed(Struct, frozen=True):
    """One row of `search.ix`; its members are the columns, in their order."""

    leaf_index: int
    ts: int  # microseconds since 1970, as the leaf claims
    type: str
    entry: UUID  # the leaf's own id
    continues: UUID | None  # the leaf that this one continues
    day: date
    writer: str
    seq: int
    op: str | None
    org: str | None
    client: str | None
    official: str | None  # pseudonym
    service: str | None
    dataset: str | None
    purpose: str | None
    proc: str | None
    dossier: str | None  # pseudonym
    law: str | None
    agreement: str | None  # code, without version
    consent: str | None  # id, without version
    policy: str | None  # code of the rule, without version
    decision: str | None
    match: str | None
    delivered: str | None
    status: int | None
    sens: int | None
    n: int | None
    exchange: UUID | None
    change_kind: str | None
    change_id: str | None
    codes: tuple[str, ...]
    fields: tuple[str, ...]
    asked: tuple[str, ...]
    subjects: tuple[str, ...]  # pseudonyms; the one asked for first, its successor second


COLUMNS: tuple[str, ...] = Indexed.__struct_fields__

_leaf = msgspec.json.Decoder(_Leaf)
_row = msgspec.json.Encoder()


def indexed(leaf_index: int, day: date, writer: str, seq: int, entry: bytes) -> Indexed:
    """Return the row of one record.

    Args:
        leaf_index: its place in the tree, from 0.
        day: of its writer, UTC.
        writer: who wrote it.
        seq: its number among the writer's.
        entry: the record as it is stored.

    Raises:
        ValueError: it is no record.
    """
    # No word of ours needs an escape, and a NUL, which no column holds, cannot do without.
    if b"\\" in entry:
        raise ValueError("a record of ours escapes nothing")
    leaf = _leaf.decode(entry)
    actor, target, basis, res, change = leaf.actor, leaf.target, leaf.basis, leaf.res, leaf.change
    # By place: thirty-four names cost half of what decoding does.
    return Indexed(
        leaf_index, leaf.ts, leaf.type, leaf.id, leaf.of, day, writer, seq, leaf.op,
        actor.org, actor.client, actor.user,
        target.service, target.dataset,
        basis.purpose, basis.proc, basis.dossier, basis.law,
        _unversioned(basis.agreement), _unversioned(basis.consent), _unversioned(basis.policy),
        basis.decision, res.match, res.delivered, res.status, target.sens,
        leaf.subj.n if leaf.n is None else leaf.n, leaf.req.id,
        change.kind if change else None, change.id if change else None,
        basis.reasons or (_codes(leaf.noise) if leaf.noise else ()),
        target.fields, target.asked, leaf.subj.p,
    )  # fmt: skip


UNREADABLE = "unreadable"
_NO_ONE = dict.fromkeys(COLUMNS) | dict.fromkeys(("codes", "fields", "asked", "subjects"), ())


class _People(Struct, frozen=True):
    p: tuple[str, ...] = ()


class _About(Struct, frozen=True):
    """The one member of a record that says about whom it is."""

    subj: _People = _People()


_about = msgspec.json.Decoder(_About)


def people_of(entry: bytes) -> tuple[str, ...]:
    """Return about whom a record is, as pseudonyms, even where the rest of it is none of ours.

    What cannot be a pseudonym is nobody's.  A record about more than 32 people names none.
    """
    try:
        named = _about.decode(entry).subj.p
    except msgspec.DecodeError:
        return ()
    sound = (p for p in named if len(p) == PSEUDONYM_LETTERS and p.isascii() and p.isalnum())
    return tuple(dict.fromkeys(sound))


def unreadable(
    leaf_index: int, day: date, writer: str, seq: int, people: tuple[str, ...] = ()
) -> Indexed:
    """Return the row of a record that is none of ours: its place, and about whom it is."""
    place = {"leaf_index": leaf_index, "day": day, "writer": writer, "seq": seq}
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    said = {"ts": int(midnight.timestamp()) * 1_000_000, "type": UNREADABLE, "entry": UUID(int=0)}
    return Indexed(**{**_NO_ONE, **place, **said, "subjects": people})  # type: ignore[arg-type]


def _unversioned(reference: str | None) -> str | None:
    return None if reference is None else reference.partition("@")[0]


def _codes(noise: tuple[_Noise, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each.code for each in noise))


def widen(spans: dict[int, tuple[int, int]], row: Indexed) -> None:
    """Let *spans*, the instants that each block claims, take in those of *row*."""
    block = row.leaf_index >> BLOCK_BITS
    low, high = spans.get(block, (row.ts, row.ts))
    spans[block] = min(low, row.ts), max(high, row.ts)


def spans(rows: Iterable[Indexed]) -> dict[int, tuple[int, int]]:
    """Return the earliest and latest instant that each block of *rows* claims."""
    found: dict[int, tuple[int, int]] = {}
    for row in rows:
        widen(found, row)
    return found


class Digest:
    """A running SHA-256 over the three tables in canonical form: equal tables, equal digests."""

    def __init__(self) -> None:
        self.rows = 0
        self._ix, self._subject, self._span = hashlib.sha256(), hashlib.sha256(), hashlib.sha256()

    def add(self, rows: Iterable[Indexed]) -> None:
        """Take in the next rows of `search.ix`, in the order of leaf indexes."""
        for row in rows:
            self._ix.update(_row.encode(row) + b"\n")
            self.rows += 1

    def add_subjects(self, rows: Iterable[tuple[str, int]]) -> None:
        """Take in the next rows of `search.subject`, in the order of leaf index and pseudonym."""
        for p, leaf_index in rows:
            self._subject.update(f"{p} {leaf_index}\n".encode())

    def add_spans(self, rows: Iterable[tuple[int, int, int]]) -> None:
        """Take in the rows of `search.span`, in the order of blocks."""
        for block, low, high in rows:
            self._span.update(f"{block} {low} {high}\n".encode())

    def hex(self) -> str:
        """Return the digest of what was taken in."""
        each = (one.digest() for one in (self._ix, self._subject, self._span))
        return hashlib.sha256(b"".join(each)).hexdigest()


def digest_of(rows: Iterable[Indexed]) -> Digest:
    """Return the digest that the tables have when they hold *rows*, and nothing else."""
    digest, found = Digest(), dict[int, tuple[int, int]]()
    for row in rows:
        digest.add((row,))
        digest.add_subjects((p, row.leaf_index) for p in sorted(set(row.subjects)))
        widen(found, row)
    digest.add_spans((block, low, high) for block, (low, high) in sorted(found.items()))
    return digest
