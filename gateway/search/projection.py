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


# As wide as the columns: a number that somebody forged past our writers must not stop the search.
_Small = Annotated[int, Meta(ge=-(1 << 15), lt=1 << 15)]
_Long = Annotated[int, Meta(ge=-(1 << 63), le=(1 << 63) - 1)]


class _Actor(Struct, frozen=True):
    org: str | None = None
    client: str | None = None
    user: str | None = None


class _Subjects(Struct, frozen=True):
    p: tuple[str, ...] = ()
    n: _Long | None = None


class _Target(Struct, frozen=True):
    service: str | None = None
    dataset: str | None = None
    fields: tuple[str, ...] = ()
    asked: tuple[str, ...] = ()
    sens: _Small | None = None


class _Ground(Struct, frozen=True):
    decision: str | None = None
    purpose: str | None = None
    proc: str | None = None
    law: str | None = None
    agreement: str | None = None
    consent: str | None = None
    policy: str | None = None
    dossier: str | None = None
    reasons: tuple[str, ...] = ()


class _Result(Struct, frozen=True):
    status: _Small | None = None
    match: str | None = None
    delivered: str | None = None


class _Request(Struct, frozen=True):
    id: UUID | None = None


class _Change(Struct, frozen=True):
    kind: str
    id: str


class _Noise(Struct, frozen=True):
    code: str
    n: int


class _Leaf(Struct, frozen=True):
    """The members of a leaf that are searched for; read without judging them anew."""

    id: UUID
    ts: _Long
    type: str
    op: str | None = None
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
        msgspec.DecodeError: it is no record.
    """
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


def unreadable(leaf_index: int, day: date, writer: str, seq: int) -> Indexed:
    """Return the row of a record that is none of ours: its place, and nothing else."""
    place = {"leaf_index": leaf_index, "day": day, "writer": writer, "seq": seq}
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    said = {"ts": int(midnight.timestamp()) * 1_000_000, "type": UNREADABLE, "entry": UUID(int=0)}
    return Indexed(**{**_NO_ONE, **place, **said})  # type: ignore[arg-type]


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
