"""Whatever logs send, in whatever order: one witness never stands behind two histories."""

import shutil
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from gateway.tlog.checkpoints import parse_checkpoint
from gateway.tlog.notes import parse_note
from gateway.witnessing.decisions import NotCosigned
from gateway.witnessing.identity import Identity, create, load
from gateway.witnessing.store import ClockBack, WitnessStore, origin_hash
from tests.tlog_builders import AT_S, ORIGIN, SmallLog
from tests.witness_builders import NAME, a_fork, a_log, offered

LONGEST = 24
HONEST = a_log(LONGEST)
FORKS = [a_fork(LONGEST, after=after) for after in (0, 1, 7, 8, 15)]
STORIES = [HONEST, *FORKS]
SIZES = st.integers(0, LONGEST)


class Witnessing(RuleBasedStateMachine):
    """Logs that grow, repeat themselves, go back and lie; a witness that restarts."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="motlan-witness-"))
        self.time_s = AT_S
        self.cosigned: list[tuple[int, bytes, int]] = []  # size, root, stated time

    @initialize()
    def begin(self) -> None:
        """Make the witness."""
        self.open(create(self.folder / "w", NAME))

    def open(self, who: Identity) -> None:
        """Serve from the store."""
        self.store = WitnessStore(self.folder / "w", who, lambda: self.time_s)

    @rule(story=st.sampled_from(STORIES), old=SIZES, size=SIZES)
    def offer(self, story: SmallLog, old: int, size: int) -> None:
        """Offer any checkpoint of any story from any size."""
        if old > size:
            return
        try:
            lines = self.store.advance(offered(story, old, size))
        except (NotCosigned, ClockBack):
            return
        stated = {int.from_bytes(each.value[:8], "big") for each in lines}
        assert len(stated) == 1
        self.cosigned.append((size, story.root(size), stated.pop()))

    @rule(story=st.sampled_from(STORIES), size=SIZES)
    def follow(self, story: SmallLog, size: int) -> None:
        """Offer from the size that the witness holds, as a client does after a 409."""
        self.offer(story, self.cosigned[-1][0] if self.cosigned else 0, size)

    @rule(more=st.integers(0, 3))
    def grow(self, more: int) -> None:
        """Go on with the story that was cosigned last, as an honest log does."""
        size, root, _ = self.cosigned[-1] if self.cosigned else (0, HONEST.root(0), 0)
        story = next(each for each in STORIES if each.root(size) == root)
        self.offer(story, size, min(size + more, LONGEST))

    @rule()
    def restart(self) -> None:
        """End and begin again."""
        self.open(load(self.folder / "w"))

    @rule(seconds=st.sampled_from([-20, -6, -5, -2, -1, 1, 30]))
    def clock(self, seconds: int) -> None:
        """Move the clock, sometimes back."""
        self.time_s += seconds

    @invariant()
    def one_history(self) -> None:
        """Every story that holds the newest cosigned tree holds all the earlier ones."""
        if not self.cosigned:
            return
        size, root, _ = self.cosigned[-1]
        told = [story for story in STORIES if story.root(size) == root]
        assert told
        assert all(story.root(s) == r for story in told for s, r, _ in self.cosigned)

    @invariant()
    def neither_sizes_nor_hours_go_back(self) -> None:
        """A later cosignature is never over less, nor earlier."""
        steps = [(size, stated) for size, _, stated in self.cosigned]
        assert steps == sorted(steps)
        assert [stated for _, stated in steps] == sorted(stated for _, stated in steps)

    @invariant()
    def what_is_kept_is_the_newest(self) -> None:
        """The file on the disk is what was answered last."""
        kept = self.store.checkpoint(origin_hash(ORIGIN)) if self.cosigned else None
        if kept is not None:
            found = parse_checkpoint(parse_note(kept).text)
            assert self.cosigned[-1][:2] == (found.size, found.root)

    def teardown(self) -> None:
        """Clear the disk."""
        shutil.rmtree(self.folder)


TestWitnessing = Witnessing.TestCase
TestWitnessing.settings = settings(
    max_examples=40,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
