"""Proof that a person's list for one day is whole, or that there is none; every list is checked."""

from collections.abc import Sequence
from datetime import date

from msgspec import Struct

from gateway.clock import Clock
from gateway.disclosure import lines, seals
from gateway.disclosure.completeness import (
    PAGE_MEMBERS,
    Member,
    Neighbours,
    Page,
    Placed,
    item_of,
    key_of,
    placed,
    proves_absence,
    proves_member,
    reader,
)
from gateway.disclosure.day_repository import DayIndex, PublishedDays
from gateway.disclosure.errors import IndexDiffers, ProofNotReady, Unknown
from gateway.disclosure.lines import Record
from gateway.disclosure.own import Own, Owner
from gateway.disclosure.seal_repository import SealRepository
from gateway.disclosure.traces import Traces
from gateway.sequencing.repository import TreeRepository


class ItemTold(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One record of the list; a sealed one without its index."""

    hash: str  # hex
    index: int | None = None


class PlacedTold(Struct, frozen=True, kw_only=True):
    """A member of the index with its path, hex."""

    place: int
    key: str
    list: str
    path: tuple[str, ...]  # leaf's sibling first


class Person(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one pseudonym of the person has on the day: a list, or neighbours around nothing."""

    pseudonym: str
    items: tuple[ItemTold, ...] = ()
    member: PlacedTold | None = None
    left: PlacedTold | None = None
    right: PlacedTold | None = None


class DayProof(Struct, frozen=True, kw_only=True):
    """Everything that `docs/completeness.md` needs to judge the list of a day."""

    day: date  # UTC, of the writers
    rev: int
    size: int  # members of the index
    root: str  # hex
    index_leaf: int  # where the log states size and root
    people: tuple[Person, ...]


class _Tree(Struct, frozen=True):
    """What is known of one index while proofs are cut from it."""

    index: DayIndex
    roots: list[bytes]
    pages: dict[int, Page]

    def member(self, place: int) -> Member:
        return self.pages[place // PAGE_MEMBERS].members()[place % PAGE_MEMBERS]

    def placed(self, place: int) -> Placed:
        known = {number: page.data for number, page in self.pages.items()}
        size = self.index.of.size
        return placed(place, self.member(place), size, reader(self.roots, known))


class Days:
    """Proves lists of days; each list that the search finds is held against the index."""

    def __init__(
        self,
        *,
        published: PublishedDays,
        tree: TreeRepository,
        traces: Traces,
        seals: SealRepository,
        own: Own,
        clock: Clock,
    ) -> None:
        self._published = published
        self._tree = tree
        self._traces = traces
        self._seals = seals
        self._own = own
        self._clock = clock

    async def proof(self, owner: Owner, day: date) -> DayProof:
        """Return the proof of *day* for every pseudonym of *owner*.

        Raises:
            Unknown: the log states no index of that day, or the day has left for the archive.
            ProofNotReady: it does, and tree or search have not followed yet.
            IndexDiffers: the list that we find is not the one that the log committed to.
        """
        index, leaf_index = await self._stated(day)
        records = await self._of_day(owner, day)
        now = self._clock()
        closing = await self._seals.live(now)
        hidden = {
            record.place.index
            for record in records
            if seals.sealed(lines.facts(record), closing, now)
        }
        people = [
            await self._person(index, pseudonym, _about(pseudonym, records), hidden)
            for pseudonym in owner.pseudonyms
        ]
        return DayProof(
            day=day,
            rev=index.rev,
            size=index.of.size,
            root=index.of.root.hex(),
            index_leaf=leaf_index,
            people=tuple(people),
        )

    async def stated(self, day: date) -> str:
        """Return the ``.tlog-proof`` of the record that states the root of *day*; raise as above.

        Raises:
            ProofNotReady: no checkpoint covers the record yet.
        """
        _, index = await self._stated(day)
        (place,) = await self._tree.entries(index, 1)
        return await self._own.proof_of(index, place.entry)

    async def _stated(self, day: date) -> tuple[DayIndex, int]:
        index = await self._published.index(day)
        if index is None or index.leaf is None:
            raise Unknown
        leaf = index.leaf
        leaf_index = await self._tree.index_of(leaf.day, leaf.writer, leaf.seq)
        if leaf_index is None:
            raise ProofNotReady
        return index, leaf_index

    async def _of_day(self, owner: Owner, day: date) -> list[Record]:
        span = await self._traces.span_of(day)
        if span is None:
            return []
        (first, end), reached = span, await self._traces.reached()
        if reached.next_index < end:
            raise ProofNotReady  # the search has not followed the whole day yet
        indexes = await self._traces.within(owner.pseudonyms, first, end)
        records = await self._own.reading.records(indexes)
        if first < reached.floor or len(records) < len(indexes):
            raise Unknown  # the day has left for the archive: the operator proves it from there
        return [record for record in records if record.place.day == day]

    async def _person(
        self, index: DayIndex, pseudonym: str, records: Sequence[Record], hidden: set[int]
    ) -> Person:
        key = key_of(index.of.day, pseudonym)
        tree, place = await self._tree_around(index, key)
        items = {
            record.place.index: item_of(record.place.index, record.place.entry)
            for record in records
        }
        if place < index.of.size and tree.member(place).key == key:
            found = tree.placed(place)
            if not proves_member(index.of, pseudonym, list(items.values()), found):
                raise IndexDiffers
            told = [
                ItemTold(hash=item.hex(), index=None if at in hidden else at)
                for at, item in items.items()
            ]
            told.sort(key=lambda each: each.hash)
            return Person(pseudonym=pseudonym, items=tuple(told), member=_told(found))
        left = tree.placed(place - 1) if place else None
        right = tree.placed(place) if place < index.of.size else None
        if items or not proves_absence(index.of, pseudonym, Neighbours(left, right)):
            raise IndexDiffers
        return Person(pseudonym=pseudonym, left=left and _told(left), right=right and _told(right))

    async def _tree_around(self, index: DayIndex, key: bytes) -> tuple[_Tree, int]:
        """Return the pages around *key*, and the place where it stands or would stand."""
        day, rev, size = index.of.day, index.rev, index.of.size
        roots = await self._published.roots(day, rev)
        page = await self._published.page_at(day, rev, key)
        place = 0
        if page is not None:
            before = sum(member.key < key for member in page.members())
            place = page.number * PAGE_MEMBERS + before
        wanted = {min(max(at, 0), size - 1) // PAGE_MEMBERS for at in (place - 1, place, size - 1)}
        pages = await self._published.pages(day, rev, sorted(wanted)) if size else []
        return _Tree(index, roots, {each.number: each for each in pages}), place


def _about(pseudonym: str, records: Sequence[Record]) -> list[Record]:
    return [each for each in records if each.leaf.subj and pseudonym in each.leaf.subj.p]


def _told(found: Placed) -> PlacedTold:
    return PlacedTold(
        place=found.place,
        key=found.member.key.hex(),
        list=found.member.list.hex(),
        path=tuple(each.hex() for each in found.path),
    )
