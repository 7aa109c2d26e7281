"""The tree read back: records by index, tiles, proofs and checkpoints."""

from pathlib import Path

import pytest

from gateway import database
from gateway.audit.leaf import leaf_hash, parse
from gateway.sequencing.repository import TreeRepository
from gateway.sequencing.rows import EntriesGone, TileGone
from gateway.tlog.merkle import EMPTY_ROOT, verify_consistency, verify_inclusion
from tests.audit_rows import connected
from tests.tree_rows import a_log, a_sequencer, append, fold_all, owner_changes, plain_root


async def grown(dsn: str, folder: Path, *portions: int) -> None:
    """Fold portions of records of two writers each, so that runs are short and many."""
    async with a_sequencer(dsn, a_log(folder)) as sequencer:
        for records in portions:
            await append(dsn, records, writers=2)
            await fold_all(sequencer)


async def test_an_empty_tree_reads_as_empty(database_url: str) -> None:
    """Followers start before the first record."""
    async with connected(database_url) as connection:
        tree = TreeRepository(connection)
        head = await tree.head()
        assert (0, EMPTY_ROOT) == (head.size, head.root)
        assert [] == await tree.entries(0, 100)
        assert None is await tree.checkpoint()
        assert None is await tree.tile(0, 0, 1)


async def test_records_come_by_index_from_any_place(database_url: str, tmp_path: Path) -> None:
    """A follower may resume anywhere, within a run and across many."""
    await grown(database_url, tmp_path, 7, 30, 1, 120)
    async with connected(database_url) as connection:
        tree = TreeRepository(connection)
        size = (await tree.head()).size
        everything = await tree.entries(0, 10_000)
        assert list(range(size)) == [one.index for one in everything]
        for first, limit in [(0, 1), (5, 20), (17, 64), (size - 3, 50), (size, 10), (size + 9, 1)]:
            assert everything[first : first + limit] == await tree.entries(first, limit)


async def test_a_record_knows_its_place_and_the_place_its_record(
    database_url: str, tmp_path: Path
) -> None:
    """A receipt names writer and number; a proof needs the index."""
    await grown(database_url, tmp_path, 7, 30)
    async with connected(database_url) as connection:
        tree = TreeRepository(connection)
        for one in await tree.entries(0, 1_000):
            assert one.index == await tree.index_of(one.day, one.writer, one.seq)
            assert (one.writer, one.seq) == (parse(one.entry).w.id, parse(one.entry).w.seq)
        last = await tree.entries(0, 1)
        assert None is await tree.index_of(last[0].day, last[0].writer, 9_999)
        assert None is await tree.index_of(last[0].day, "nobody", 0)


async def test_every_path_leads_to_the_root(database_url: str, tmp_path: Path) -> None:
    """Inclusion at the newest size and at older ones, judged without our tiles."""
    await grown(database_url, tmp_path, 3, 130, 140)
    async with connected(database_url) as connection:
        tree = TreeRepository(connection)
        head = await tree.head()
        leaves = [leaf_hash(one.entry) for one in await tree.entries(0, head.size)]
        for size in (1, 2, 255, 256, 257, head.size - 1, head.size):
            root = plain_root(leaves[:size])
            assert root == await tree.root(size)
            for index in {0, size // 2, size - 1}:
                path = await tree.inclusion(index, size)
                assert verify_inclusion(leaves[index], index, size, path, root)


async def test_each_tree_begins_with_each_older_one(database_url: str, tmp_path: Path) -> None:
    """Consistency between any two sizes, also from within a writer's run."""
    await grown(database_url, tmp_path, 3, 130, 140)
    async with connected(database_url) as connection:
        tree = TreeRepository(connection)
        size = (await tree.head()).size
        sizes = (1, 9, 255, 256, 300, size)
        for old, new in ((a, b) for a in sizes for b in sizes if a <= b):
            path = await tree.consistency(old, new)
            roots = await tree.root(old), await tree.root(new)
            assert verify_consistency(old, new, path, *roots)


async def test_a_tile_is_given_only_as_wide_as_the_tree_is(
    database_url: str, tmp_path: Path
) -> None:
    """A partial tile is a prefix of the later one; nothing beyond the tree is invented."""
    await grown(database_url, tmp_path, 150)
    async with connected(database_url) as connection:
        tree = TreeRepository(connection)
        size = (await tree.head()).size
        leaves = [leaf_hash(one.entry) for one in await tree.entries(0, size)]
        assert 304 == size
        assert b"".join(leaves[:256]) == await tree.tile(0, 0, 256)
        assert b"".join(leaves[:5]) == await tree.tile(0, 0, 5)
        assert b"".join(leaves[256:]) == await tree.tile(0, 1, 48)
        assert plain_root(leaves[:256]) == await tree.tile(1, 0, 1)
        for level, n, width in [(0, 1, 49), (0, 1, 256), (0, 2, 1), (1, 0, 2), (2, 0, 1)]:
            assert None is await tree.tile(level, n, width)


async def test_a_damaged_tile_gives_no_proof(database_url: str, tmp_path: Path) -> None:
    """A proof from a broken tile would accuse an honest log."""
    await grown(database_url, tmp_path, 150)
    await owner_changes(
        database_url, "UPDATE audit.tile SET data = substring(data FROM 1 FOR 64) WHERE n = 1"
    )
    async with connected(database_url) as connection:
        with pytest.raises(TileGone) as gone:
            await TreeRepository(connection).inclusion(290, 304)

    assert (0, 1) == (gone.value.level, gone.value.n)


async def test_records_of_a_day_that_has_left_are_missed_aloud(
    database_url: str, tmp_path: Path
) -> None:
    """A follower must not mistake an archived day for an empty one."""
    await grown(database_url, tmp_path, 5, 5)
    await owner_changes(database_url, "DELETE FROM audit.entry WHERE seq = 3")
    async with connected(database_url) as connection:
        tree = TreeRepository(connection)
        with pytest.raises(EntriesGone) as gone:
            await tree.entries(0, 100)
        assert 3 == len(await tree.entries(0, gone.value.index))


async def test_cosignatures_stand_below_the_logs_own_signatures(
    database_url: str, tmp_path: Path
) -> None:
    """A verifier gets one note with everything that is known of it."""
    await grown(database_url, tmp_path, 1)
    async with connected(database_url) as connection:
        await connection.execute(
            "INSERT INTO audit.cosignature SELECT size, 'w2', E'\u2014 w2 BBBB\n', now() "
            "FROM audit.tree UNION ALL "
            "SELECT size, 'w1', E'\u2014 w1 AAAA\n', now() - interval '1 s' FROM audit.tree"
        )
        tree = TreeRepository(connection)
        found = await tree.checkpoint()
        assert found is not None
        assert found == await tree.checkpoint(found.size)
        assert None is await tree.checkpoint(found.size + 1)

    assert found.note.endswith("\u2014 w1 AAAA\n\u2014 w2 BBBB\n")
    assert 4 == found.note.partition("\n\n")[2].count("\n")


@pytest.mark.parametrize("role", ["motlan_auditor", "motlan_follower", "motlan_sequencer"])
async def test_readers_of_the_record_may_read_the_tree(
    database_url: str, tmp_path: Path, role: str
) -> None:
    """Each role gets what it needs and no more: these read everything."""
    await grown(database_url, tmp_path, 3)
    async with await database.raw_pool(database_url, role, 1) as pool:
        tree = TreeRepository(pool)
        assert 10 == len(await tree.entries(0, 100))
        assert await tree.checkpoint()


async def test_what_serves_the_public_cannot_read_records(
    database_url: str, tmp_path: Path
) -> None:
    """Hashes and checkpoints are public; the role behind those paths sees nothing else."""
    await grown(database_url, tmp_path, 3)
    async with await database.raw_pool(database_url, "motlan_app", 1) as pool:
        tree = TreeRepository(pool)
        assert 32 == len(await tree.tile(0, 0, 1) or b"")
        with pytest.raises(Exception, match="permission denied"):
            await tree.entries(0, 1)
