"""Chains: every writer's numbers and links, whatever the order of the tree."""

from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from gateway.audit.chain import Position, link
from gateway.audit.events import Event
from gateway.audit.leaf import Last, Leaf, Life, body
from gateway.verification.chains import Chains
from gateway.verification.rows import Row, Run
from tests.audit_builders import DAY, a_stamp, an_access


def rows_of(writer: str, bodies: list[bytes], first_index: int = 0) -> list[Row]:
    """Return records of one writer as they stand in the database."""
    linked = link(Position(writer=writer, day=DAY), bodies)
    pairs = zip(linked.entries, linked.leaves, strict=True)
    return [
        Row(first_index + seq, DAY, writer, seq, entry, leaf)
        for seq, (entry, leaf) in enumerate(pairs)
    ]


def opening(prior: Last | None) -> bytes:
    """Return the leaf that opens a writer."""
    mark = a_stamp()
    return body(
        Leaf(
            id=mark.id, ts=mark.ts, salt=mark.salt, type=Event.WRITER_OPEN,
            life=Life(node="gw1", prior=prior),
        )
    )  # fmt: skip


def followed(chains: Chains, rows: list[Row]) -> list[str]:
    """Follow *rows* as one run; return what is wrong."""
    first = rows[0]
    found = [chains.run(Run(first.index, DAY, first.writer, first.seq, len(rows)))]
    found += [chains.row(row, row.leaf) for row in rows]
    return [each.says for each in found if each is not None]


def test_a_whole_sequence_is_silent() -> None:
    """Two writers, one after the other."""
    chains = Chains()

    assert [] == followed(chains, rows_of("a", [body(an_access()) for _ in range(5)]))
    assert [] == followed(chains, rows_of("b", [body(an_access()) for _ in range(5)], 5))
    assert (2, 5) == (len(chains), chains.folded("a"))


def test_a_sequence_may_be_cut_in_runs() -> None:
    """A round folds what is there; the next goes on."""
    chains, rows = Chains(), rows_of("a", [body(an_access()) for _ in range(6)])

    assert [] == followed(chains, rows[:2]) + followed(chains, rows[2:])


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (
            lambda row: replace(row, entry=row.entry.replace(b'"seq":2', b'"seq":9')),
            "another place",
        ),
        (
            lambda row: replace(row, entry=row.entry.replace(b'"id":"a"', b'"id":"b"')),
            "another place",
        ),
        (lambda row: replace(row, entry=row.entry.replace(b'"prev":"', b'"prev":"0', 1)), "follow"),
        (lambda row: replace(row, entry=row.entry + b" "), "canonical"),
        (lambda row: replace(row, entry=b"{}"), "no record"),
    ],
    ids=["number", "writer", "link", "white space", "no record"],
)
def test_a_record_that_names_another_place_is_found(spoil, says: str) -> None:  # noqa: ANN001
    """A record cannot be moved, copied or dressed up."""
    rows = rows_of("a", [body(an_access()) for _ in range(4)])
    rows[2] = spoil(rows[2])

    found = followed(Chains(), rows)

    assert 1 == len(found)
    assert says in found[0]


def test_a_writer_of_a_strange_name_is_found() -> None:
    """Whatever somebody wrote into the map, the replay goes on."""
    rows = [replace(row, writer="é") for row in rows_of("a", [body(an_access())])]

    assert ["writer é: number 0 names another place for itself"] == followed(Chains(), rows)


def test_a_number_that_is_left_out_is_found() -> None:
    """The map of the tree may not jump over a record."""
    chains, rows = Chains(), rows_of("a", [body(an_access()) for _ in range(4)])

    assert ["writer a goes on at number 2, 1 follows"] == (
        followed(chains, rows[:1]) + followed(chains, rows[2:])
    )


A, B = [rows_of("a", [body(an_access()) for _ in range(5)]) for _ in range(2)]
AT_4, AT_2, AT_7 = [Last(id="a", leaf=A[at % 5].leaf.hex(), seq=at) for at in (4, 2, 7)]
ENDS = "writer a ends at 4, its successor saw 7"
OTHER = "writer a has another record {} than its successor saw"


def claimed(prior: Last, *before: Row) -> Chains:
    """Return a replay of *before*, and of a writer that says how the one before it ended."""
    chains = Chains()
    if before:
        followed(chains, [*before])
    followed(chains, rows_of("b", [opening(prior)], len(before)))
    return chains


def test_a_successor_that_saw_the_end_leaves_no_doubt() -> None:
    """The ordinary restart costs no question."""
    assert [] == claimed(AT_4, *A).doubts()


@pytest.mark.parametrize(
    ("prior", "before", "held", "says"),
    [
        (AT_7, A, None, ENDS),
        (AT_7, A, AT_7, None),
        (AT_7, A, B[0], OTHER.format(7)),
        (AT_4, (), None, "writer a ends at -1, its successor saw 4"),
        (AT_4, (), AT_4, None),
        (AT_4, B, B[4], OTHER.format(4)),
        (AT_4, B, None, OTHER.format(4)),
        (AT_2, A, AT_2, None),
        (AT_2, B, B[2], OTHER.format(2)),
        (AT_2, A, None, None),
    ],
    ids=[
        "its tail was cut",
        "its tail waits for the tree",
        "its tail was exchanged before it came into the tree",
        "it was cut off whole",
        "it waits as a whole",
        "it ends otherwise",
        "it ends otherwise, and its end was taken away",
        "more came after",
        "more came after something else",
        "more came after, and it left with its day",
    ],
)
def test_a_successor_tells_how_its_predecessor_ended(
    prior: Last, before: Sequence[Row], held: Last | Row | None, says: str | None
) -> None:
    """The last records of a dead writer cannot be cut off or exchanged in silence."""
    chains = claimed(prior, *before)
    leaf = bytes.fromhex(held.leaf) if isinstance(held, Last) else held and held.leaf

    (doubt,) = chains.doubts()
    damage = chains.judge(doubt, leaf)

    assert len(before) == doubt.index
    assert says == (damage and damage.says)


def test_an_opening_that_cannot_be_read_claims_nothing() -> None:
    """One changed byte must be told of, and must not end the replay."""
    (row,) = rows_of("b", [opening(AT_4)])
    chains = Chains()

    assert [] == followed(chains, [replace(row, entry=b"[" + row.entry[1:])])
    assert [] == chains.doubts()


def test_records_that_left_for_the_archive_are_passed_over() -> None:
    """What follows them is linked to the hash that the tree still holds."""
    chains, rows = Chains(), rows_of("a", [body(an_access()) for _ in range(5)])
    gone = Run(0, DAY, "a", 0, 3)
    chains.run(gone)
    chains.passed(gone, rows[2].leaf)

    assert [] == followed(chains, rows[3:])
