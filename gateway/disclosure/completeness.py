"""The index of one day: every person of the day and the whole of their records; pure.

A tree (RFC 6962) over members of 64 bytes, sorted by key: the key stands for a pseudonym on that
day, the list for all its records.  Its root is a leaf of the log, so a person can prove that a list
is whole, or that there was none, and sees of the neighbours nothing but two hashes.  A pseudonym is
160 bits under a key, a record carries a salt: neither hash can be guessed back.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from msgspec import Struct

from gateway.tlog import merkle

KEY_TAG = b"motlan/index/key/1\n"
ITEM_TAG = b"motlan/index/item/1\n"
LIST_TAG = b"motlan/index/list/1\n"
MEMBER_BYTES = 64  # key, list
PAGE_LEVEL = 8
PAGE_MEMBERS = 1 << PAGE_LEVEL


class NotSorted(ValueError):
    """Members do not come in strictly rising order of their keys."""


class DayRoot(Struct, frozen=True):
    """What the log states of one day's index: its root over *size* members."""

    day: date  # UTC
    size: int
    root: bytes


class Member(Struct, frozen=True):
    """One leaf of a day's index: 32 bytes for the person, 32 for the list."""

    key: bytes
    list: bytes

    def entry(self) -> bytes:
        """Return the bytes that are hashed as a leaf."""
        return self.key + self.list


class Placed(Struct, frozen=True):
    """A member, its place from 0 on, and the path to the root."""

    place: int
    member: Member
    path: list[bytes]


class Neighbours(Struct, frozen=True):
    """The members between which an absent key would stand; None beyond either end."""

    left: Placed | None
    right: Placed | None


class Page(Struct, frozen=True):
    """256 members in a row, fewer at the end; *root* is that of their own tree."""

    number: int
    root: bytes
    data: bytes  # 64 bytes for each member

    @property
    def first_key(self) -> bytes:
        """Return the key of its first member."""
        return self.data[:32]

    def members(self) -> list[Member]:
        """Return its members in order."""
        return [
            Member(self.data[at : at + 32], self.data[at + 32 : at + MEMBER_BYTES])
            for at in range(0, len(self.data), MEMBER_BYTES)
        ]


def key_of(day: date, pseudonym: str) -> bytes:
    """Return what stands for *pseudonym* on *day*: another value on every day."""
    return hashlib.sha256(KEY_TAG + f"{day.isoformat()}\n{pseudonym}".encode("ascii")).digest()


def item_of(index: int, entry: bytes) -> bytes:
    """Return what stands for one record in a list; the salt inside *entry* keeps it unguessable.

    A sealed record is shown as this hash alone: the list stays provable, the record stays closed.
    """
    return hashlib.sha256(ITEM_TAG + f"{index}\n".encode("ascii") + entry).digest()


def list_of(key: bytes, items: Iterable[bytes]) -> bytes:
    """Return what stands for all records of a person on a day.

    Items are sorted by their own bytes, so that the place of a closed one tells no time of day.
    """
    return hashlib.sha256(LIST_TAG + key + b"".join(sorted(items))).digest()


class Paging:
    """Cuts members into pages as they come, in rising order of their keys."""

    def __init__(self) -> None:
        self.size = 0
        self.roots: list[bytes] = []  # of the pages so far
        self._some: list[bytes] = []
        self._before = b""

    def add(self, member: Member) -> Page | None:
        """Take the next member; return a page when it is full.

        Raises:
            NotSorted: the key does not exceed the one before it.
        """
        if member.key <= self._before:
            raise NotSorted
        self._before = member.key
        self._some.append(member.entry())
        self.size += 1
        return self._cut() if len(self._some) == PAGE_MEMBERS else None

    def rest(self) -> Page | None:
        """Return the last page when it is not a full one; None when there is none."""
        return self._cut() if self._some else None

    def _cut(self) -> Page:
        hashes = (merkle.leaf_hash(entry) for entry in self._some)
        root = merkle.Frontier().extend(hashes).root()
        page = Page(len(self.roots), root, b"".join(self._some))
        self.roots.append(root)
        self._some.clear()
        return page


def paged(members: Iterable[Member]) -> list[Page]:
    """Return all pages of *members*; raise NotSorted as `Paging.add`."""
    paging = Paging()
    cut = [paging.add(member) for member in members]
    return [page for page in (*cut, paging.rest()) if page is not None]


def root_of(pages: Sequence[bytes], last: Page | None, size: int) -> bytes:
    """Return the root of an index of *size* members from the roots of its pages.

    Args:
        pages: the root of each page in order.
        last: the last page; None for an index without members.
        size: the number of members.
    """
    known = {} if last is None else {last.number: last.data}
    return merkle.root_at(size, reader(pages, known))


def reader(pages: Sequence[bytes], known: Mapping[int, bytes]) -> merkle.HashReader:
    """Return what reads hashes of the tree: above pages from their roots, inside from *known*.

    The reader raises KeyError for a page whose members are not known.
    """

    def read(wanted: list[tuple[int, int]]) -> list[bytes]:
        return [_subtree(pages, known, level, number) for level, number in wanted]

    return read


def _subtree(pages: Sequence[bytes], known: Mapping[int, bytes], level: int, number: int) -> bytes:
    if level >= PAGE_LEVEL:
        width = 1 << (level - PAGE_LEVEL)
        return merkle.Frontier().extend(pages[number * width : (number + 1) * width]).root()
    first = number << level
    data, within = known[first >> PAGE_LEVEL], first % PAGE_MEMBERS
    entries = (
        data[at * MEMBER_BYTES : (at + 1) * MEMBER_BYTES]
        for at in range(within, within + (1 << level))
    )
    return merkle.Frontier().extend(merkle.leaf_hash(entry) for entry in entries).root()


def placed(place: int, member: Member, size: int, read: merkle.HashReader) -> Placed:
    """Return *member* with its path; raise ValueError when the index has no such place."""
    return Placed(place, member, merkle.inclusion_path(place, size, read))


def proves_member(of: DayRoot, pseudonym: str, items: Sequence[bytes], found: Placed) -> bool:
    """Tell whether *found* proves that *items* are all records of *pseudonym* on that day.

    Args:
        of: the index, as its leaf in the log states it.
        pseudonym: the person on that day.
        items: `item_of` each record, in any order; at least one.
        found: the member and its path.
    """
    key = key_of(of.day, pseudonym)
    return bool(items) and found.member == Member(key, list_of(key, items)) and _stands(found, of)


def proves_absence(of: DayRoot, pseudonym: str, between: Neighbours) -> bool:
    """Tell whether *between* proves that *pseudonym* has no record on that day; args as above.

    It proves so of a sorted index; that the index is sorted is what auditors see when they build
    it again from the log.
    """
    left, right, key = between.left, between.right, key_of(of.day, pseudonym)
    if left is None and right is None:
        return of.size == 0 and of.root == merkle.EMPTY_ROOT
    if left is not None and not (left.member.key < key and _stands(left, of)):
        return False
    if right is not None and not (key < right.member.key and _stands(right, of)):
        return False
    before = -1 if left is None else left.place
    after = of.size if right is None else right.place
    return after == before + 1


def _stands(found: Placed, of: DayRoot) -> bool:
    leaf = merkle.leaf_hash(found.member.entry())
    return merkle.verify_inclusion(leaf, found.place, of.size, found.path, of.root)
