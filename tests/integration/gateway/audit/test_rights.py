"""Rights read on their own, from the register that the commit judges by."""

import asyncpg
import pytest

from gateway.audit.rights import RightsRepository

SET = "SELECT gateway.set_right($1, $2, $3, statement_timestamp() + $4::text::interval)"


@pytest.mark.parametrize(
    ("live", "ends_in", "expected"),
    [
        pytest.param(True, None, True, id="live, without an end"),
        pytest.param(True, "1 hour", True, id="live until later"),
        pytest.param(True, "-1 second", False, id="ended by itself"),
        pytest.param(False, None, False, id="taken away"),
    ],
)
async def test_a_right_counts_while_it_is_live(
    database_url: str, live: bool, ends_in: str | None, expected: bool
) -> None:
    """What was taken away or has ended opens nothing, whoever asks."""
    connection = await asyncpg.connect(database_url, timeout=10)
    try:
        await connection.execute(SET, "agreement:TT-1", 1, live, ends_in)

        found = await RightsRepository(connection).live(["agreement:TT-1", "agreement:unknown"])
    finally:
        await connection.close()

    assert frozenset({"agreement:TT-1"} if expected else ()) == found


async def test_an_older_revision_never_revives_a_right(database_url: str) -> None:
    """A late writer must not undo a withdrawal that a newer revision carried."""
    connection = await asyncpg.connect(database_url, timeout=10)
    try:
        await connection.execute(SET, "consent:c-1", 2, False, None)
        await connection.execute(SET, "consent:c-1", 1, True, None)

        found = await RightsRepository(connection).live(["consent:c-1"])
    finally:
        await connection.close()

    assert frozenset() == found
