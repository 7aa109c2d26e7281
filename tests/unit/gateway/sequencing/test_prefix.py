"""Which records may join the tree: property tests over whole and damaged sequences."""

from datetime import date
from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from gateway.audit.chain import link
from gateway.audit.leaf import body
from gateway.sequencing.prefix import GENESIS, Cursor, Damage, Row, accept
from tests.audit_builders import a_position, an_access

BODY = body(an_access())
WRITER = a_position().writer
START = Cursor(WRITER, date(2026, 11, 21))


def rows(count: int) -> list[Row]:
    """Return a whole sequence from its beginning."""
    linked = link(a_position(), [BODY] * count)
    return list(zip(range(count), linked.entries, linked.leaves, strict=True))


@given(st.integers(0, 12), st.lists(st.integers(0, 5), max_size=6))
def test_any_cut_into_portions_gives_the_same_leaves(count: int, cuts: list[int]) -> None:
    """A round takes what is there; where one round ends must not matter."""
    whole = rows(count)
    cursor, leaves = START, list[bytes]()
    for size in [*cuts, count]:
        prefix = accept(cursor, whole[cursor.next_seq : cursor.next_seq + size])
        assert prefix.damage is None
        cursor, leaves = prefix.after, leaves + prefix.leaves

    assert [row[2] for row in whole] == leaves
    assert (count, leaves[-1] if leaves else GENESIS) == (cursor.next_seq, cursor.last_leaf)


@given(st.integers(1, 8), st.data())
def test_one_changed_byte_anywhere_ends_the_prefix_before_it(
    count: int, data: st.DataObject
) -> None:
    """No bit of a record can be flipped without being caught, the stored hash included."""
    whole = rows(count)
    at = data.draw(st.integers(0, count - 1))
    seq, entry, leaf = whole[at]
    place = data.draw(st.integers(0, len(entry) + len(leaf) - 1))
    changed = bytearray(entry + leaf)
    changed[place] ^= data.draw(st.integers(1, 255))
    whole[at] = (seq, bytes(changed[: len(entry)]), bytes(changed[len(entry) :]))

    prefix = accept(START, whole)

    assert (at, Damage.HASH) == (len(prefix.leaves), prefix.damage)
    assert at == prefix.after.next_seq


@given(st.integers(1, 8), st.data())
def test_a_missing_number_ends_the_prefix(count: int, data: st.DataObject) -> None:
    """Later records wait: their place in the tree would otherwise hide the hole."""
    whole = rows(count + 1)
    at = data.draw(st.integers(0, count - 1))
    del whole[at]

    prefix = accept(START, whole)

    assert (at, Damage.GAP) == (len(prefix.leaves), prefix.damage)


@given(st.integers(2, 8), st.data())
def test_a_rewritten_record_with_a_fitting_hash_breaks_the_link_after_it(
    count: int, data: st.DataObject
) -> None:
    """Whoever recomputes one hash must recompute all that follow."""
    whole = rows(count)
    at = data.draw(st.integers(0, count - 2))
    seq, entry, _ = whole[at]
    forged = entry.replace(b'"mot-cua-h31"', b'"mot-cua-h99"')
    whole[at] = (seq, forged, sha256(b"\x00" + forged).digest())

    prefix = accept(START, whole)

    assert (at + 1, Damage.LINK) == (len(prefix.leaves), prefix.damage)


def test_a_record_of_another_writer_or_another_number_is_refused() -> None:
    """A valid record in the wrong place is no valid record."""
    _, entry, leaf = rows(1)[0]

    elsewhere = Cursor("gw2.0.261121.abcdefghijkm", START.day)
    assert Damage.LINK is accept(elsewhere, [(0, entry, leaf)]).damage
    later = Cursor(WRITER, START.day, 1, leaf)
    assert Damage.LINK is accept(later, [(1, entry, leaf)]).damage


def test_words_that_only_look_like_the_end_of_a_record_are_refused() -> None:
    """The place must be the record's own last member, not a text inside it."""
    tail = b'"w":{"id":"%b","prev":"%b","seq":0}}' % (WRITER.encode(), b"0" * 64)
    entry = b'{"x":{' + tail + b"}"

    prefix = accept(START, [(0, entry, sha256(b"\x00" + entry).digest())])

    assert Damage.LINK is prefix.damage
