"""What was published holds: a restored, swapped or damaged tree is refused with what to do."""

from pathlib import Path

import pytest

from gateway.clock import utc_now
from gateway.sequencing.examination import examine
from gateway.sequencing.guard import Published
from gateway.sequencing.inspection import Log, inspect
from gateway.sequencing.reorigin import left_behind, reorigin
from gateway.sequencing.repository import TreeRepository
from gateway.sequencing.rows import TreeHead
from gateway.sequencing.standing import ADVICE, Halt, Halted
from gateway.sequencing.store import Store
from tests.audit_rows import connected
from tests.tree_rows import (
    ORIGIN,
    a_log,
    a_sequencer,
    append,
    back_to,
    fold_all,
    owner_changes,
    tree_tables,
    violations_of_tree,
)


async def halted(dsn: str, folder: Path, origin: str = ORIGIN) -> Halted:
    """Return why a sequencer that starts now does not sign."""
    of = a_log(folder, origin=origin)
    async with a_sequencer(dsn, of) as sequencer:
        with pytest.raises(Halted) as found:
            await sequencer.open()
    return found.value


async def test_a_database_restored_to_an_older_state_is_refused(
    database_url: str, tmp_path: Path
) -> None:
    """The world has seen a larger tree: a second history under the same name must not begin."""
    of = a_log(tmp_path)
    async with a_sequencer(database_url, of) as sequencer:
        await append(database_url, 300)
        await fold_all(sequencer)
        backup = await tree_tables(database_url)
        await append(database_url, 300)
        await fold_all(sequencer)
    await back_to(database_url, backup)

    found = await halted(database_url, tmp_path)

    assert Halt.RESTORED is found.halt
    assert "302 leaves here, 604 were published" == found.detail


async def test_an_older_state_that_grew_again_is_refused_too(
    database_url: str, tmp_path: Path
) -> None:
    """Another node folded on after the restore: as large as published, and not the same."""
    of = a_log(tmp_path)
    async with a_sequencer(database_url, of) as sequencer:
        await append(database_url, 100)
        await fold_all(sequencer)
        backup = await tree_tables(database_url)
        await append(database_url, 100)
        await fold_all(sequencer)
    await back_to(database_url, backup, but_keep_records=False)
    elsewhere = a_log(tmp_path / "elsewhere")
    async with a_sequencer(database_url, elsewhere) as sequencer:
        await append(database_url, 200)
        await fold_all(sequencer)

    found = await halted(database_url, tmp_path)

    assert Halt.RESTORED is found.halt
    assert "the first 204 leaves are not those published" == found.detail


async def test_the_committed_tree_that_was_not_yet_published_is_published_at_start(
    database_url: str, tmp_path: Path
) -> None:
    """A crash between COMMIT and the guard file loses nothing: the next start makes up for it."""
    of = a_log(tmp_path)
    async with a_sequencer(database_url, of) as sequencer:
        await append(database_url, 3)
        await fold_all(sequencer)
    of.guard.path.unlink()

    async with a_sequencer(database_url, of) as sequencer:
        head = await sequencer.open()

    found = of.guard.read()
    assert found is not None
    assert (5, head.root) == (found.size, found.root)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE audit.tile SET data = set_byte(data, 70, 1) WHERE level = 0 AND n = 1",
        "DELETE FROM audit.tile WHERE level = 1",
        "UPDATE audit.tile SET data = substring(data FROM 1 FOR 32) WHERE level = 0 AND n = 1",
        "UPDATE audit.tree SET root = set_byte(root, 0, 1)",
    ],
    ids=["flipped bit", "missing tile", "short tile", "flipped root"],
)
async def test_a_damaged_tree_is_not_grown(database_url: str, tmp_path: Path, change: str) -> None:
    """A signature over a damaged tree could never be taken back."""
    of = a_log(tmp_path)
    async with a_sequencer(database_url, of) as sequencer:
        await append(database_url, 300)
        await fold_all(sequencer)
    await owner_changes(database_url, change)

    assert Halt.DAMAGED is (await halted(database_url, tmp_path)).halt


async def test_another_name_needs_a_persons_word(database_url: str, tmp_path: Path) -> None:
    """Changing a setting must not be enough to leave a published history behind."""
    of = a_log(tmp_path)
    async with a_sequencer(database_url, of) as sequencer:
        await append(database_url, 3)
        await fold_all(sequencer)

    found = await halted(database_url, tmp_path, origin="motlan.test/audit/2")

    assert Halt.ORIGIN is found.halt


async def test_a_damaged_guard_file_is_not_taken_for_a_fresh_node(
    database_url: str, tmp_path: Path
) -> None:
    """Otherwise emptying one file would be enough to rewrite history."""
    of = a_log(tmp_path)
    of.guard.path.write_text("{}")

    assert Halt.GUARD is (await halted(database_url, tmp_path)).halt
    assert of.guard.path.read_text() == "{}"


async def loses_its_newest_half(dsn: str, of: Log) -> None:
    """Publish 64 records, and restore a backup of the first 32."""
    async with a_sequencer(dsn, of) as sequencer:
        await append(dsn, 30)
        await fold_all(sequencer)
        backup = await tree_tables(dsn)
        await append(dsn, 30)
        await fold_all(sequencer)
    await back_to(dsn, backup)


async def test_a_new_log_follows_a_lost_one_and_names_where_it_ended(
    database_url: str, tmp_path: Path
) -> None:
    """After a loss the operator can go on, in the open: the old end is on record."""
    await loses_its_newest_half(database_url, a_log(tmp_path))
    of = a_log(tmp_path, origin="motlan.test/audit/2")
    told: list[tuple[str, int]] = []

    async def commit_to(old: Published) -> None:
        told.append((old.origin, old.size))
        await append(database_url, 1)

    async def head() -> TreeHead:
        async with connected(database_url) as connection:
            return await TreeRepository(connection).head()

    old = left_behind(of.guard, of.origin)
    begun = await reorigin(
        old, of.origin, guard=of.guard, head=head, commit_to=commit_to, at=utc_now()
    )
    async with a_sequencer(database_url, of) as sequencer:
        await fold_all(sequencer)

    assert [("motlan.test/audit/1", 64)] == told
    assert (32, [64]) == (begun.size, [one.size for one in begun.before])
    found = of.guard.read()
    assert found is not None
    assert ("motlan.test/audit/2", begun.before) == (found.origin, found.before)
    assert [] == await violations_of_tree(database_url, of, since=32)


async def test_examining_changes_nothing_and_says_what_is_wrong(
    database_url: str, tmp_path: Path
) -> None:
    """The operator sees what the sequencer saw, with what to do, in two languages."""
    of = a_log(tmp_path)
    async with a_sequencer(database_url, of) as sequencer:
        await append(database_url, 20, names=("good",))
        await fold_all(sequencer)
        await append(database_url, 20, names=("bad",))
    await owner_changes(
        database_url, "DELETE FROM audit.entry WHERE writer LIKE 'bad.%' AND seq = 4"
    )
    of.guard.write(Published(of.origin, 999, bytes(32), utc_now()))
    store = await Store.connect(database_url)
    before = await tree_tables(database_url)

    found = await examine(store, of, utc_now)

    await store.close()
    assert (22, 22, 999) == (found.size, found.backlog, found.published)
    assert [4] == [one.seq for one in found.stopped]
    assert (Halt.RESTORED, ADVICE[Halt.RESTORED]) == (found.halt, found.advice)
    assert not found.is_well
    assert before == await tree_tables(database_url)


async def test_a_tree_in_order_is_well(database_url: str, tmp_path: Path) -> None:
    """Green means that the sequencer would sign now."""
    of = a_log(tmp_path)
    async with a_sequencer(database_url, of) as sequencer:
        await append(database_url, 20)
        await fold_all(sequencer)
    store = await Store.connect(database_url)

    found = await examine(store, of, utc_now)
    seen = await inspect(store, of)

    await store.close()
    assert found.is_well
    assert (22, 0, 22, 2) == (found.size, found.backlog, found.published, len(found.signing))
    assert found.root == seen.edge.root.hex()
