"""How a batch becomes one statement."""

import pytest

from gateway.audit.appending import MOST_PLAIN, given, named, storing
from gateway.audit.chain import link
from gateway.rights import Right
from tests.audit_builders import a_position


@pytest.mark.parametrize("count", [1, 2, MOST_PLAIN])
def test_a_small_batch_has_a_parameter_for_each_part_of_each_record(count: int) -> None:
    """A place too few or too many would be refused by the server, and the record with it."""
    linked = link(a_position(), [b'{"a":1}'] * count)

    assert len(given(linked)) == 2 * count
    assert f"${5 + 2 * count}::bytea" in storing(count)
    assert f"${6 + 2 * count}::bytea" not in storing(count)


def test_large_batches_share_one_statement() -> None:
    """The server keeps a plan for each statement of a session."""
    linked = link(a_position(), [b'{"a":1}'] * (MOST_PLAIN + 1))

    assert storing(MOST_PLAIN + 1) == storing(MOST_PLAIN + 100)
    assert given(linked) == [linked.entries, linked.leaves]


def test_records_stand_beside_their_leaves() -> None:
    """Mixed up, the database would refuse none of them, and no fold would take them."""
    linked = link(a_position(), [b'{"a":1}', b'{"a":2}'])

    assert given(linked) == [*linked.entries, *linked.leaves]  # the parameters from $6 on
    assert "($3::bigint + 0, $6::bytea, $8::bytea), ($3::bigint + 1, $7::bytea, $9::bytea)" in (
        storing(2)
    )


def test_a_key_is_named_as_it_is() -> None:
    """A quote that ends a key early would name another right."""
    assert named((Right('a"b', 3), Right("c\\d,e", 0))) == (r'{"a\"b","c\\d,e"}', "{3,0}")
    assert named(()) == ("{}", "{}")
