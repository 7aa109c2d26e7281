"""From a leaf to its row: what it says, nothing that it does not."""

from datetime import date
from uuid import UUID

import pytest

from gateway.audit.chain import link
from gateway.audit.events import Changed, Event
from gateway.audit.leaf import Actor, Change, Leaf, Noise, body
from gateway.errors import Code
from gateway.search.projection import (
    BLOCK_BITS,
    COLUMNS,
    UNREADABLE,
    Indexed,
    digest_of,
    indexed,
    spans,
    unreadable,
)
from gateway.search.tables import IX
from tests.audit_builders import PSEUDONYM, a_deny, a_position, a_stamp, an_access

DAY = date(2026, 11, 21)


def row_of(leaf: Leaf, index: int = 7) -> Indexed:
    """Return the row of *leaf* as it would be stored."""
    (entry,) = link(a_position(), [body(leaf)]).entries
    return indexed(index, DAY, "gw1", 3, entry)


def test_an_access_becomes_its_row() -> None:
    """Codes, pseudonyms and numbers of the leaf; versions are left to the leaf itself."""
    leaf = an_access()
    row = row_of(leaf)

    assert (7, leaf.ts, "access", UUID(leaf.id), DAY, "gw1", 3) == (
        row.leaf_index, row.ts, row.type, row.entry, row.day, row.writer, row.seq,
    )  # fmt: skip
    assert ("H31.12", "mot-cua-h31", PSEUDONYM, "dancu.tracuu", "csdl.dancu") == (
        row.org, row.client, row.official, row.service, row.dataset,
    )  # fmt: skip
    assert ("TT-2026-0001", "nd217-2026-d7k3", "allow", "exact", "yes", 200, 2, 1) == (
        row.agreement, row.law, row.decision, row.match, row.delivered, row.status, row.sens, row.n,
    )  # fmt: skip
    assert (("ho_ten",), ("ho_ten", "thuong_tru"), (PSEUDONYM,), ()) == (
        row.fields, row.asked, row.subjects, row.codes,
    )  # fmt: skip


def test_a_refusal_keeps_its_reasons_and_noise_its_codes() -> None:
    """Both are found by `code:`."""
    mark = a_stamp()
    noise = Leaf(
        id=mark.id,
        ts=mark.ts,
        salt=mark.salt,
        type=Event.DENY_AGGREGATE,
        noise=tuple(Noise(code=Code.TOKEN_INVALID, n=n) for n in (2, 3)),
    )

    assert ("quota",) == row_of(a_deny(Code.QUOTA)).codes
    assert ("token_invalid",) == row_of(noise).codes


def test_an_act_is_found_by_what_it_changed() -> None:
    """The story of an agreement tells of its changes."""
    mark = a_stamp()
    act = Leaf(
        id=mark.id,
        ts=mark.ts,
        salt=mark.salt,
        type=Event.CATALOG_PUBLISH,
        actor=Actor(org="H99.01"),
        change=Change(id="TT-2026-0001", kind=Changed.AGREEMENT, rev=3),
        of="12345678-1234-7123-8123-123456789abc",
    )
    row = row_of(act)

    assert ("agreement", "TT-2026-0001") == (row.change_kind, row.change_id)
    assert UUID("12345678-1234-7123-8123-123456789abc") == row.continues


@pytest.mark.parametrize("entry", [b"{}", b"", b"[]", b'{"id":"x","ts":1,"type":"access"}'])
def test_what_is_no_record_is_not_taken_for_one(entry: bytes) -> None:
    """The follower then keeps its place alone."""
    with pytest.raises(ValueError, match=r".*"):
        indexed(0, DAY, "gw1", 0, entry)

    row = unreadable(5, DAY, "gw1", 2)
    assert (5, UNREADABLE, DAY, 2, ()) == (row.leaf_index, row.type, row.day, row.seq, row.subjects)


def test_columns_stand_as_in_the_table() -> None:
    """Rows are copied by place, not by name."""
    assert tuple(column.name for column in IX.columns) == COLUMNS


def test_each_block_claims_its_earliest_and_latest_instant() -> None:
    """A window of time is turned into one of leaf indexes by these."""
    border = 1 << BLOCK_BITS
    rows = [row_of(an_access(), index) for index in (0, border - 1, border)]
    first, second, third = (row.ts for row in rows)

    assert {0: (min(first, second), max(first, second)), 1: (third, third)} == spans(rows)


def test_a_digest_tells_every_difference() -> None:
    """Equal tables have equal digests; one changed word has another."""
    leaf = an_access()
    rows = [row_of(leaf, 0), row_of(leaf, 1)]

    assert digest_of(rows).hex() == digest_of(list(rows)).hex()
    assert digest_of(rows).hex() != digest_of(rows[:1]).hex()
    assert digest_of(rows).hex() != digest_of([rows[0], row_of(a_deny(), 1)]).hex()
    assert digest_of(rows).rows == 2
