"""The index of a day: what it proves, and what no forger can make it prove."""

import hashlib
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from gateway.disclosure.completeness import (
    PAGE_MEMBERS,
    DayRoot,
    Member,
    Neighbours,
    NotSorted,
    Page,
    Placed,
    item_of,
    key_of,
    list_of,
    paged,
    placed,
    proves_absence,
    proves_member,
    reader,
    root_of,
)
from gateway.tlog.merkle import EMPTY_ROOT, root_at
from tests.tree_rows import plain_root

DAY = date(2026, 11, 20)
LETTERS = "abcdefghijklmnopqrstuvwxyz234567"
pseudonyms = st.text(LETTERS, min_size=32, max_size=32)
items = st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=4, unique=True)
lists = st.dictionaries(pseudonyms, items, max_size=40)


class Day:
    """The index of one day over lists of people, small or large."""

    def __init__(self, people: dict[str, list[bytes]]) -> None:
        members = [
            Member(key, list_of(key, found))
            for key, found in ((key_of(DAY, p), found) for p, found in people.items())
        ]
        self.members = sorted(members, key=lambda each: each.key)
        self.pages = paged(self.members)
        roots = [page.root for page in self.pages]
        last = self.pages[-1] if self.pages else None
        self.root = DayRoot(DAY, len(self.members), root_of(roots, last, len(self.members)))
        self.read = reader(roots, {page.number: page.data for page in self.pages})

    def placed(self, place: int) -> Placed | None:
        """Return the member at *place* with its path; None beyond either end."""
        if not 0 <= place < len(self.members):
            return None
        return placed(place, self.members[place], len(self.members), self.read)

    def of(self, pseudonym: str) -> Placed:
        """Return the member of *pseudonym*."""
        keys = [each.key for each in self.members]
        found = self.placed(keys.index(key_of(DAY, pseudonym)))
        assert found is not None
        return found

    def around(self, pseudonym: str) -> Neighbours:
        """Return the members between which *pseudonym* would stand."""
        place = sum(each.key < key_of(DAY, pseudonym) for each in self.members)
        return Neighbours(self.placed(place - 1), self.placed(place))


@given(people=lists)
def test_every_person_of_the_day_can_prove_the_whole_list(people: dict[str, list[bytes]]) -> None:
    """A citizen who is shown everything must be able to know it."""
    day = Day(people)

    assert all(proves_member(day.root, p, found, day.of(p)) for p, found in people.items())


@given(people=lists, stranger=pseudonyms)
def test_whoever_is_not_in_the_index_can_prove_it(
    people: dict[str, list[bytes]], stranger: str
) -> None:
    """That nobody looked is worth a proof as well."""
    people.pop(stranger, None)
    day = Day(people)

    assert proves_absence(day.root, stranger, day.around(stranger))


@given(people=lists.filter(bool), data=st.data())
def test_a_list_with_a_record_left_out_or_added_proves_nothing(
    people: dict[str, list[bytes]], data: st.DataObject
) -> None:
    """The one lie that the index is there to catch."""
    day = Day(people)
    person = data.draw(st.sampled_from(sorted(people)))
    whole, found = people[person], day.of(person)
    short = whole[:-1]
    longer = [*whole, hashlib.sha256(b"one more").digest()]
    other = [hashlib.sha256(whole[0]).digest(), *whole[1:]]

    assert [False] * 3 == [
        proves_member(day.root, person, told, found) for told in (short, longer, other)
    ]


@given(people=lists.filter(bool), data=st.data())
def test_nobody_in_the_index_can_be_proven_absent(
    people: dict[str, list[bytes]], data: st.DataObject
) -> None:
    """Whatever two members a liar shows, the person's own key is never between them."""
    day = Day(people)
    person = data.draw(st.sampled_from(sorted(people)))
    places = st.integers(-1, len(day.members))
    left, right = day.placed(data.draw(places)), day.placed(data.draw(places))

    assert not proves_absence(day.root, person, Neighbours(left, right))


@given(people=lists.filter(lambda found: len(found) > 1), data=st.data())
def test_one_flipped_bit_anywhere_proves_nothing(
    people: dict[str, list[bytes]], data: st.DataObject
) -> None:
    """Each byte of a proof counts."""
    day = Day(people)
    person = data.draw(st.sampled_from(sorted(people)))
    found, told = day.of(person), people[person]
    at = data.draw(st.integers(0, len(found.path) - 1))
    path = list(found.path)
    path[at] = _flipped(path[at], data)
    member = found.member
    forged = [
        (day.root, replace(found, path=path)),
        (day.root, replace(found, path=found.path[:-1])),
        (day.root, replace(found, path=[*found.path, bytes(32)])),
        (day.root, replace(found, place=(found.place + 1) % len(day.members))),
        (day.root, replace(found, member=Member(_flipped(member.key, data), member.list))),
        (day.root, replace(found, member=Member(member.key, _flipped(member.list, data)))),
        (replace(day.root, root=_flipped(day.root.root, data)), found),
        (replace(day.root, day=DAY + timedelta(days=1)), found),
    ]

    assert [False] * len(forged) == [
        proves_member(root, person, told, proof) for root, proof in forged
    ]


def test_an_empty_day_proves_that_nobody_was_looked_at() -> None:
    """The empty tree has one root, and any other with no neighbours is a lie."""
    empty = DayRoot(DAY, 0, EMPTY_ROOT)

    assert proves_absence(empty, "a" * 32, Neighbours(None, None))
    assert not proves_absence(replace(empty, size=1), "a" * 32, Neighbours(None, None))
    assert not proves_absence(replace(empty, root=bytes(32)), "a" * 32, Neighbours(None, None))


def test_absence_needs_members_that_stand_side_by_side() -> None:
    """Two true members with a third between them prove nothing about that third."""
    day = Day({letter * 32: [bytes([at]) * 32] for at, letter in enumerate("abcdefgh")})
    person = next(p for p in (letter * 32 for letter in "abcdefgh") if 0 < day.of(p).place < 7)
    place = day.of(person).place

    assert not proves_absence(
        day.root, person, Neighbours(day.placed(place - 1), day.placed(place + 1))
    )


@settings(max_examples=10, deadline=None)
@given(size=st.sampled_from([1, 255, 256, 257, 511, 512, 513, 1_000, 1_100]), data=st.data())
def test_pages_and_the_plain_tree_have_one_root(size: int, data: st.DataObject) -> None:
    """An auditor who builds the tree without pages must come to the same root."""
    day = Day({_name(at): [bytes(32)] for at in range(size)})
    leaves = [hashlib.sha256(b"\x00" + each.entry()).digest() for each in day.members]
    person = _name(data.draw(st.integers(0, size - 1)))
    stranger = _name(size + 7)

    assert plain_root(leaves) == day.root.root
    assert proves_member(day.root, person, [bytes(32)], day.of(person))
    assert proves_absence(day.root, stranger, day.around(stranger))
    assert [PAGE_MEMBERS] * (size // PAGE_MEMBERS) == [
        len(page.members()) for page in day.pages[: size // PAGE_MEMBERS]
    ]


def test_members_out_of_order_or_twice_make_no_index() -> None:
    """Only a sorted index can prove that somebody is not in it."""
    low, high = Member(b"\x01" * 32, bytes(32)), Member(b"\x02" * 32, bytes(32))

    for wrong in ([high, low], [low, low]):
        with pytest.raises(NotSorted):
            paged(wrong)


def test_the_same_person_has_another_key_on_another_day() -> None:
    """Neighbours of two days must not be told apart by whoever collects proofs."""
    days = (DAY, DAY + timedelta(days=1))

    assert 2 == len({key_of(day, "a" * 32) for day in days})


def test_the_order_of_records_does_not_show_in_a_list() -> None:
    """The place of a closed record between open ones would tell its hour."""
    key, found = key_of(DAY, "a" * 32), [item_of(at, b"{}") for at in range(3)]

    assert list_of(key, found) == list_of(key, found[::-1])


def test_the_same_bytes_at_another_place_are_another_record() -> None:
    """A record may not be shown twice instead of two records."""
    assert item_of(1, b"{}") != item_of(2, b"{}")


def test_hashes_have_the_published_form() -> None:
    """Programs of strangers build them from docs/completeness.md alone."""
    key = hashlib.sha256(b"motlan/index/key/1\n2026-11-20\n" + b"a" * 32).digest()
    item = hashlib.sha256(b"motlan/index/item/1\n7\n{}").digest()

    assert key == key_of(DAY, "a" * 32)
    assert item == item_of(7, b"{}")
    assert hashlib.sha256(b"motlan/index/list/1\n" + key + item).digest() == list_of(key, [item])


def test_a_page_knows_its_first_key() -> None:
    """The key finds the page."""
    page = Page(0, bytes(32), b"\x05" * 32 + bytes(32))

    assert b"\x05" * 32 == page.first_key
    assert root_at(0, reader([], {})) == EMPTY_ROOT


def _name(at: int) -> str:
    return "".join(LETTERS[at >> (5 * place) & 31] for place in range(32))


def _flipped(data: bytes, draw: st.DataObject) -> bytes:
    at, bit = draw.draw(st.integers(0, len(data) - 1)), draw.draw(st.integers(0, 7))
    return data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :]
