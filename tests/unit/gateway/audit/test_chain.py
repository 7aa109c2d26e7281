"""Numbers and links of one writer."""

import json

from hypothesis import given
from hypothesis import strategies as st

from gateway.audit.chain import GENESIS, link
from gateway.audit.leaf import body, leaf_hash
from tests.audit_builders import a_position, an_access
from tests.history import Row, broken_chains

BODIES = [body(an_access()) for _ in range(6)]


@given(st.lists(st.integers(0, 3), max_size=4))
def test_batches_of_any_size_make_one_chain(sizes: list[int]) -> None:
    """Where one commit ends and the next begins leaves no trace in the sequence."""
    position, rows = a_position(), []
    for size in sizes:
        linked = link(position, BODIES[:size])
        rows += [
            Row(position.writer, position.seq + place, entry, leaf)
            for place, (entry, leaf) in enumerate(zip(linked.entries, linked.leaves, strict=True))
        ]
        position = linked.after

    assert [] == broken_chains(rows)
    assert len(rows) == position.seq


def test_the_first_record_names_nothing_before_it() -> None:
    """64 zeros: no leaf has that hash."""
    linked = link(a_position(), BODIES[:1])

    assert GENESIS == json.loads(linked.entries[0])["w"]["prev"]


def test_the_hash_is_that_of_the_stored_bytes() -> None:
    """The sequencer recomputes it before it signs."""
    linked = link(a_position(), BODIES[:2])

    assert [leaf_hash(entry) for entry in linked.entries] == linked.leaves


def test_the_same_records_at_the_same_place_are_the_same_bytes() -> None:
    """Recovery stores the same bytes again, never others under the same number."""
    assert link(a_position(), BODIES).entries == link(a_position(), BODIES).entries
