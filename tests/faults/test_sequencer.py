"""The sequencer dies, doubles, loses its COMMIT or its keys' state: one history, nothing lost."""

import asyncio
import itertools
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.clock import utc_now
from gateway.database import TROUBLES
from gateway.embedded import EmbeddedPostgres
from gateway.sequencing.inspection import Log
from gateway.sequencing.keys import LogKeys
from gateway.sequencing.leading import Leading, Pace
from gateway.sequencing.repository import TreeRepository
from gateway.sequencing.sequencer import Sequencer, Step
from gateway.sequencing.standing import Halt, Halted
from gateway.sequencing.store import Overtaken, Store
from gateway.tlog.checkpoints import Checkpoint, parse_checkpoint
from gateway.tlog.cosignatures import verifier_of
from gateway.tlog.merkle import verify_consistency
from gateway.tlog.notes import NoteInvalid, open_note, parse_vkey
from tests.audit_builders import an_entry
from tests.audit_rows import a_writer, connected, until
from tests.conftest import execute
from tests.pgproxy import PgProxy
from tests.sequencer_child import OVERTAKEN
from tests.tree_rows import ORIGIN, a_log, a_sequencer, append, fold_all, read, violations_of_tree

KILLED = -signal.SIGKILL


async def a_child(dsn: str, folder: Path, step: str = "none", number: int = 1) -> Process:
    """Start a sequencer in a process of its own."""
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.sequencer_child", dsn, str(folder), step, str(number)),
        stdout=PIPE,
    )


async def ended(child: Process) -> int | None:
    """Return how a child ended, its output read; kill it when it does not."""
    try:
        await asyncio.wait_for(child.communicate(), 30)
    except TimeoutError:
        child.kill()
        await child.communicate()
    return child.returncode


async def checkpoints(dsn: str) -> dict[int, bytes]:
    """Return every root that anybody could have fetched."""
    return {row[0]: row[1] for row in await read(dsn, "SELECT size, root FROM audit.checkpoint")}


async def test_a_kill_at_any_step_of_a_round_loses_and_doubles_nothing(
    database_url: str, tmp_path: Path
) -> None:
    """Each checkpoint ever committed stays; the next process goes on from it."""
    of = a_log(tmp_path)
    seen: dict[int, bytes] = {}
    for step, number in itertools.product(Step, (1, 3)):
        await append(database_url, 190, names=(f"gw{number}.0",))
        child = await a_child(database_url, tmp_path, step, number)
        assert KILLED == await ended(child)
        assert [] == await violations_of_tree(database_url, of)
        now = await checkpoints(database_url)
        assert seen.items() <= now.items()
        seen = now

    async with a_sequencer(database_url, of) as sequencer:
        await fold_all(sequencer)
    assert [] == await violations_of_tree(database_url, of)
    stored = await read(database_url, "SELECT count(*) FROM audit.entry")
    folded = await read(database_url, "SELECT size FROM audit.tree")
    assert 192 * len(Step) * 2 == stored[0][0] == folded[0][0]


async def test_kills_under_load_keep_one_history(
    database_url: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Random moments, writers writing meanwhile."""
    of, done = a_log(tmp_path), asyncio.Event()

    async def write() -> None:
        async with a_writer(database_url) as writer:
            while not done.is_set():
                await asyncio.gather(*(writer.append(an_entry()) for _ in range(16)))

    writing = asyncio.get_running_loop().create_task(write())
    rounds = int(str(request.config.getoption("--rounds")))
    for n in range(rounds):
        child = await a_child(database_url, tmp_path)
        assert child.stdout is not None
        for _ in range(1 + n % 3):
            await asyncio.wait_for(child.stdout.readline(), 20)
        await asyncio.sleep(0.013 * (n % 5))
        child.kill()
        await child.communicate()
    done.set()
    await writing
    async with a_sequencer(database_url, of) as sequencer:
        await fold_all(sequencer)

    assert [] == await violations_of_tree(database_url, of)


async def test_of_two_sequencers_without_lease_one_stops_with_its_own_code(
    database_url: str, tmp_path: Path
) -> None:
    """The compare-and-swap decides; the loser has published nothing and says why it stopped."""
    of = a_log(tmp_path)
    children = [await a_child(database_url, tmp_path) for _ in range(2)]
    async with a_writer(database_url) as writer:
        while all(child.returncode is None for child in children):
            await asyncio.gather(*(writer.append(an_entry()) for _ in range(16)))
            await asyncio.sleep(0)

    codes = [child.returncode for child in children]
    assert OVERTAKEN in codes
    for child in children:
        if child.returncode is None:
            child.kill()
        await child.communicate()
    assert [] == await violations_of_tree(database_url, of)


async def test_rivals_in_one_process_interleave_and_stay_one_history(
    database_url: str, tmp_path: Path
) -> None:
    """Hundreds of races for the row: whoever loses reads anew and goes on."""
    of, lost = a_log(tmp_path), 0

    async def fold() -> None:
        nonlocal lost
        async with a_sequencer(database_url, of, round_records=32) as sequencer:
            await sequencer.open()
            while not done.is_set() or await sequencer.round():
                try:
                    await sequencer.round()
                except Overtaken:
                    lost += 1
                    await sequencer.open()

    done = asyncio.Event()
    rivals = [asyncio.get_running_loop().create_task(fold()) for _ in range(3)]
    async with a_writer(database_url) as writer:
        for _ in range(30):
            await asyncio.gather(*(writer.append(an_entry()) for _ in range(16)))
    done.set()
    ends = await asyncio.gather(*rivals, return_exceptions=True)

    assert {Overtaken, type(None)} >= {type(end) for end in ends}
    assert lost > 0
    async with a_sequencer(database_url, of) as sequencer:
        await fold_all(sequencer)
    assert [] == await violations_of_tree(database_url, of)


async def test_an_old_backup_put_back_is_refused_and_the_newest_one_is_taken(
    postgres: EmbeddedPostgres, database_url: str, tmp_path: Path
) -> None:
    """The whole database as it was: nothing in it knows better, the node's own file does."""
    of, backup = a_log(tmp_path), "backup_of_the_tree"
    async with a_sequencer(database_url, of) as sequencer:
        await append(database_url, 100)
        await fold_all(sequencer)
    name = database_url.partition("@/")[2].partition("?")[0]
    await asyncio.to_thread(execute, postgres.dsn(), f"CREATE DATABASE {backup} TEMPLATE {name}")
    try:
        async with a_sequencer(database_url, of) as sequencer:
            await append(database_url, 100)
            await fold_all(sequencer)
        restored = postgres.dsn(backup)
        await append(restored, 300)  # the gateway writes on; the record is never refused
        async with a_sequencer(restored, of) as sequencer:
            with pytest.raises(Halted) as halted:
                await sequencer.round()
        assert Halt.RESTORED is halted.value.halt
        assert {102} == set(await checkpoints(restored))
        async with a_sequencer(database_url, of) as sequencer:
            await append(database_url, 1)
            assert 3 == await fold_all(sequencer)
    finally:
        dropped = f"DROP DATABASE {backup} WITH (FORCE)"
        await asyncio.to_thread(execute, postgres.dsn(user="postgres"), dropped)

    assert [] == await violations_of_tree(database_url, of)


@pytest.mark.parametrize("way", ["cut_at_question", "cut_at_answer"])
async def test_a_lost_commit_is_read_back_and_published(
    database_url: str, wire: tuple[PgProxy, str], tmp_path: Path, way: str
) -> None:
    """Committed or not, the database knows; nothing is signed twice for one size."""
    proxy, dsn = wire
    of = a_log(tmp_path)
    await append(database_url, 20)
    async with a_sequencer(dsn, of) as sequencer:
        await sequencer.open()
        await append(database_url, 20)
        setattr(proxy, way, True)
        with pytest.raises(TROUBLES):
            await fold_for_ever(sequencer)
    async with a_sequencer(dsn, of) as sequencer:
        head = await sequencer.open()
        published = of.guard.read()
        assert (head.size, head.root) == (
            (published.size, published.root) if published else (0, head.root)
        )
        await fold_all(sequencer)

    assert [] == await violations_of_tree(database_url, of)
    assert 44 == (await read(database_url, "SELECT size FROM audit.tree"))[0][0]


async def fold_for_ever(sequencer: Sequencer) -> None:
    """Fold until something ends it."""
    while True:
        await sequencer.round()


@asynccontextmanager
async def leading(dsn: str, of: Log) -> AsyncGenerator[Leading]:
    """Give a sequencer that runs; cancel it at the end."""
    made = Leading(lambda: Store.connect(dsn), of, utc_now, Pace(round_s=0.02), "n1")
    task = asyncio.get_running_loop().create_task(made.run())
    try:
        yield made
    finally:
        task.cancel()
        await asyncio.wait({task})


async def test_cuts_of_the_wire_under_load_are_survived(
    database_url: str, wire: tuple[PgProxy, str], tmp_path: Path
) -> None:
    """Ten cuts at random statements; the loop reconnects, and the merge delay recovers."""
    proxy, dsn = wire
    of = a_log(tmp_path)
    async with leading(dsn, of) as one, a_writer(database_url) as writer:
        for n in range(10):
            await asyncio.gather(*(writer.append(an_entry()) for _ in range(16)))
            await asyncio.sleep(0.05 + 0.01 * n)
            setattr(proxy, ("cut_at_question", "cut_at_answer")[n % 2], True)

        async def caught_up() -> bool:
            rows = await read(database_url, "SELECT count(*) FROM audit.entry")
            return one.standing.size == rows[0][0]

        await until(caught_up)
        assert one.merge_delay_s() < 2.0

    assert [] == await violations_of_tree(database_url, of)


async def test_keys_rotate_under_load_and_no_checkpoint_is_ever_without_a_known_key(
    database_url: str, tmp_path: Path
) -> None:
    """Each verifier that knew the keys of the moment before can follow; old notes verify on."""
    overlap = timedelta(seconds=0.5)
    of = Log(ORIGIN, LogKeys(tmp_path / "keys", ORIGIN, overlap=overlap), a_log(tmp_path).guard)
    notes: list[tuple[str, list[str]]] = []
    async with leading(database_url, of), a_writer(database_url) as writer:
        for _ in range(6):
            known = [vkey for line in of.keys.lines(utc_now()) for vkey in line.vkeys]
            of.keys.rotate(utc_now(), lead=timedelta(seconds=0.2))
            for _ in range(12):
                await writer.append(an_entry())
                await asyncio.sleep(0.1)
                rows = await read(
                    database_url, "SELECT note FROM audit.checkpoint ORDER BY size DESC LIMIT 1"
                )
                if rows and (not notes or rows[0][0] != notes[-1][0]):
                    now = [vkey for line in of.keys.lines(utc_now()) for vkey in line.vkeys]
                    notes.append((rows[0][0], [*known, *now]))

    everything = of.keys.verifiers()
    assert len(notes) > 20
    assert 14 == len(everything)
    counts = [len(open_note(note, everything).verified) for note, _ in notes]
    assert {2, 4} <= set(counts)
    for note, vkeys in notes:
        assert open_note(note, [verifier_of(parse_vkey(each)) for each in dict.fromkeys(vkeys)])
    signed = [parse_checkpoint(open_note(note, everything).text) for note, _ in notes]
    assert [] == [
        pair for pair in itertools.pairwise(signed) if not await _follows(database_url, *pair)
    ]
    first = verifier_of(parse_vkey(of.keys.lines(utc_now())[0].vkeys[0]))
    with pytest.raises(NoteInvalid):
        open_note(notes[-1][0], [first])


async def _follows(dsn: str, old: Checkpoint, new: Checkpoint) -> bool:
    async with connected(dsn) as connection:
        path = await TreeRepository(connection).consistency(old.size, new.size)
    return verify_consistency(old.size, new.size, path, old.root, new.root)
