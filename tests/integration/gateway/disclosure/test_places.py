"""Records at scattered places, against the tree's own way of reading."""

from random import Random

from gateway.disclosure.places import PlaceRepository
from gateway.sequencing.repository import TreeRepository
from tests.audit_builders import an_access
from tests.audit_rows import connected
from tests.disclosure_builders import DAY, Disclosed


async def test_scattered_records_are_those_of_the_tree(told: Disclosed) -> None:
    """Over days, writers and runs: the same bytes at the same index, in the order asked for."""
    for ago in (2, 1, 2, 0):
        await told.add((an_access() for _ in range(9)), day=told.clock.today - ago * DAY)
    async with connected(told.dsn) as connection:
        places, tree = PlaceRepository(connection), TreeRepository(connection)
        whole = await tree.entries(0, 100)
        wanted = Random(7).sample(range(36), 20)

        assert [whole[at] for at in wanted] == await places.at(wanted)
        assert [] == await places.at([])
        assert [whole[35]] == await places.at([99, 35, -1])
