"""Thousands of schedules of writers, two sequencers and every way of dying, in memory.

The sequencer, its judgement of prefixes, its tiles, notes and guard are the real ones; database,
disk and clock are simulated, so that each step between two statements is a place to die at.  A
failure prints the shortest schedule that leads to it, and the seed: `--schedule-seed` repeats it,
`--schedules` asks for more (beyond a minute with ``-o faulthandler_timeout=0``).

What is called published here is what the guard file holds: between a commit and that file a tree
can be read that only the witnesses would miss if the database were put back at that instant.
"""

from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from gateway.sequencing.guard import Published
from gateway.sequencing.sequencer import Step
from gateway.sequencing.standing import Halt, Halted
from gateway.tlog.checkpoints import parse_checkpoint
from gateway.tlog.merkle import consistency_path, verify_consistency
from gateway.tlog.notes import parse_note
from tests.simulated_processes import SimulatedNode, SimulatedSequencer, Time
from tests.simulated_store import Database, Fate, World
from tests.tlog_builders import naive_root, reader_over

STEPS = 60  # of one schedule
QUIET_ROUNDS = 3  # a gap becomes damage when it stays
NODES = st.integers(0, 1)
RARELY = st.integers(0, 9)
LOST = st.sampled_from([Fate.LOST_AFTER, Fate.LOST_BEFORE])


class SimulatedLog(RuleBasedStateMachine):
    """Two hosts that write, two processes that fold, one database."""

    def __init__(self) -> None:
        """Start everybody."""
        super().__init__()
        self.world, self.time = World(), Time()
        self.nodes = [SimulatedNode(name, self.world, self.time) for name in ("gw1", "gw2")]
        self.folding = [SimulatedSequencer(self.world, self.time) for _ in range(2)]
        self.world.on_published = self.published
        self.backup = self.world.database.backup()
        self.newest: Database | None = None  # set aside while a backup is in place
        self.trees: dict[tuple[int, bytes], list[bytes]] = {}
        self.seen: list[Published] = []  # by anybody outside
        self.history: list[bytes] = []  # leaves under the largest of them

    @rule(node=NODES, count=st.integers(1, 20))
    def write(self, node: int, count: int) -> None:
        """End what was under way, bring records, commit them."""
        self.nodes[node].commit(Fate.DONE)
        self.nodes[node].offer(count)
        self.nodes[node].commit(Fate.DONE)

    @rule(node=NODES, count=st.integers(1, 6), fate=LOST)
    def lose_the_answer_to_a_writer(self, node: int, count: int, fate: Fate) -> None:
        """Commit or not, and nobody knows."""
        self.nodes[node].offer(count)
        self.nodes[node].commit(fate)

    @rule(node=NODES)
    def kill_a_writer(self, node: int) -> None:
        """Die with a batch under way; the next writer opens."""
        self.nodes[node].kill()

    @rule(node=NODES)
    def close_a_writer(self, node: int) -> None:
        """End in order; the next writer opens."""
        self.nodes[node].close()

    @rule(node=NODES)
    def commit_what_the_dead_left(self, node: int) -> None:
        """The server finishes a COMMIT whose client is gone."""
        self.nodes[node].land()

    @rule(which=NODES, steps=st.integers(1, 25))
    def fold(self, which: int, steps: int) -> None:
        """Let one sequencer go on, while the other stands in the middle of something."""
        for _ in range(steps):
            self.folding[which].step()
            self.judge()
            self.judge_halt(self.folding[which].halted)

    @rule(which=NODES)
    def fold_to_the_end(self, which: int) -> None:
        """Let one sequencer end its round."""
        while not self.folding[which].step():
            self.judge()
        self.judge()
        self.judge_halt(self.folding[which].halted)

    @rule(which=NODES)
    def kill_a_sequencer(self, which: int) -> None:
        """Die between two statements."""
        self.folding[which].kill()

    @rule(which=NODES, at=st.sampled_from(Step))
    def kill_a_sequencer_at(self, which: int, at: Step) -> None:
        """Die at a step that no statement marks."""
        self.folding[which].die_at = at

    @rule(which=NODES, fate=LOST)
    def lose_a_commit(self, which: int, fate: Fate) -> None:
        """Cut the connection around the next COMMIT of a round."""
        self.folding[which].lose_commit(fate)

    @rule(seconds=st.sampled_from([1, 6, 61, -3, -30]))
    def move_the_clock(self, seconds: int) -> None:
        """Wait, or set the clock back."""
        self.time.move(seconds)

    @rule(node=NODES, back=RARELY, delete=st.booleans())
    def spoil_a_record(self, node: int, back: int, delete: bool) -> None:
        """A superuser reaches a durable record before it is in the tree."""
        database = self.world.database
        folded = {writer: cursor.next_seq for writer, cursor in database.cursors.items()}
        within = [
            (writer, seq)
            for writer, seq, _ in self.nodes[node].acknowledged
            if folded.get(writer, 0) <= seq < database.spoiled.get(writer, seq + 1)
        ]
        if back < len(within):
            database.spoil(*within[-1 - back], delete=delete)

    @rule(chance=RARELY)
    def begin_a_day(self, chance: int) -> None:
        """No writer outlives its UTC day, and no COMMIT of yesterday is under way."""
        if chance > 0:
            return
        self.time.move(int(timedelta(days=1).total_seconds()))
        for node in self.nodes:
            node.late = []
            node.open()

    @rule()
    def back_up(self) -> None:
        """Copy the database."""
        self.backup = self.world.database.backup()

    @rule(chance=RARELY)
    def restore(self, chance: int) -> None:
        """Put the copy in place; every connection dies."""
        if chance == 0:
            self.newest = self.newest or self.world.database
            self.put_in_place(self.backup.backup())

    @rule()
    def restore_the_newest(self) -> None:
        """Do as the halted sequencer advises: put the newest state back."""
        if self.newest is not None:
            self.put_in_place(self.newest)
            self.newest = None

    def put_in_place(self, database: Database) -> None:
        """Start the server on another state of its disk."""
        self.world.database = database
        for node in self.nodes:
            node.restored()
        for one in self.folding:
            one.kill()

    def judge(self) -> None:
        """Hold the committed tree against its definition (I3, I4)."""
        database = self.world.database
        head = database.tree.head
        if (head.size, head.root) in self.trees or head.size == 0:
            return
        leaves = [leaf for _, _, leaf in database.leaves]
        note = database.checkpoints[head.size].note
        signed = parse_checkpoint(parse_note(note).text)
        assert (len(leaves), naive_root(leaves)) == (head.size, head.root)
        assert (signed.size, signed.root) == (head.size, head.root)
        self.trees[head.size, head.root] = leaves
        numbers: dict[str, int] = {}
        for writer, seq, _ in database.leaves:  # whole prefixes, each record once
            assert numbers.get(writer, 0) == seq
            numbers[writer] = seq + 1

    def judge_halt(self, halted: Halted | None) -> None:
        """Nobody stops for nothing: only a lost tree, or a clock that went back."""
        if halted is not None and halted.halt is not Halt.CLOCK:
            assert halted.halt is Halt.RESTORED
            assert self.world.database.tree.head.size < len(self.history)

    def published(self, seen: Published) -> None:
        """Hold what is shown outside against all that was shown before (I3)."""
        self.judge()
        leaves = self.trees[seen.size, seen.root]
        shorter, longer = sorted((leaves, self.history), key=len)
        assert longer[: len(shorter)] == shorter, "two histories under one name"
        self.history = longer
        self.seen.append(seen)

    def teardown(self) -> None:
        """Let everything come to rest: each record is in the tree, once (I2, I4)."""
        for node in self.nodes:
            node.commit(Fate.DONE)
        for one in self.folding:
            one.kill()
        last = SimulatedSequencer(self.world, self.time)
        idle = 0
        while idle < QUIET_ROUNDS:
            self.time.move(60)
            last.finish()
            idle = 0 if last.folded else idle + 1
        self.judge()
        self.judge_consistency()
        self.judge_halt(last.halted)
        if last.halted is None:
            self.judge_completeness(last)

    def judge_completeness(self, last: SimulatedSequencer) -> None:
        """Nothing acknowledged is missing, nothing was left out, taken twice or taken damaged."""
        database = self.world.database
        folded = set(database.leaves)
        upto = {writer: cursor.next_seq for writer, cursor in database.cursors.items()}
        stuck = {
            writer
            for writer, rows in database.entries.items()
            if any(seq >= upto.get(writer, 0) for seq, _, _ in rows)
        }
        stopped = {one.writer for one in last.sequencer.standing.stopped}
        acknowledged = {
            one
            for node in self.nodes
            for one in node.acknowledged
            if one[1] < database.spoiled.get(one[0], one[1] + 1)
        }

        assert acknowledged <= database.sound() <= folded
        assert folded <= {(*place, leaf) for place, leaf in database.truth.items()}
        assert len(folded) == database.tree.head.size
        assert stuck <= stopped <= set(database.spoiled)

    def judge_consistency(self) -> None:
        """Prove each published checkpoint from the one before it, as a witness would."""
        read = reader_over(self.history)
        ordered = sorted({(one.size, one.root) for one in self.seen})
        for (old, old_root), (new, new_root) in pairwise(ordered):
            path = consistency_path(old, new, read)
            assert verify_consistency(old, new, path, old_root, new_root)


def test_no_schedule_breaks_the_log(request: pytest.FixtureRequest) -> None:
    """The crash argument of the log, searched for a hole by a machine."""
    number: int = request.config.option.schedule_seed
    schedules: int = request.config.option.schedules
    request.node.add_report_section("call", "seed", f"--schedule-seed {number}")
    explored = settings(
        max_examples=schedules,
        stateful_step_count=STEPS,
        database=None,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        phases=[Phase.generate, Phase.shrink],
    )

    run_state_machine_as_test(seed(number)(SimulatedLog), settings=explored)
    assert schedules > 0
