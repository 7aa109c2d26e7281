"""Writers and sequencers that run step by step, and die where they are told to."""

from asyncio import AbstractEventLoop, events
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

from gateway.audit.chain import Linked, Position, link
from gateway.audit.events import Event
from gateway.audit.leaf import Last, Leaf, Life, body
from gateway.sequencing.inspection import Log
from gateway.sequencing.keys import LogKeys
from gateway.sequencing.sequencer import Sequencer, Step
from gateway.sequencing.standing import Halted
from gateway.sequencing.store import Diverged, Overtaken
from gateway.sequencing.watch import Watch
from gateway.tlog.notes import Ed25519Signer, Signer
from tests.simulated_store import (
    Fate,
    SimulatedGuard,
    SimulatedLoop,
    SimulatedStore,
    World,
    WriterRow,
)
from tests.tlog_builders import ORIGIN, ed25519

START = datetime(2026, 11, 21, 8, tzinfo=UTC)
ROUND_RECORDS = 7  # fewer than a writer offers in a few batches
_SIGNER = Ed25519Signer(ORIGIN, ed25519(1))
_ID = "01939f00-0000-7000-8000-000000000000"


class Time:
    """The clock that everybody reads; it moves only when it is told to."""

    def __init__(self) -> None:
        """Begin in the morning."""
        self.now = START
        self.loop = SimulatedLoop()

    def read(self) -> datetime:
        """Return the instant."""
        return self.now

    def move(self, seconds: int) -> None:
        """Set the wall clock on, or back; the monotonic one never goes back."""
        self.now += timedelta(seconds=seconds)
        self.loop.seconds += max(seconds, 0)


class _Killed(BaseException):
    """The process is gone in the middle of a round."""


class _OneKey(LogKeys):
    """A ring whose one key always signs."""

    def signers(self, now: datetime) -> list[Signer]:
        """Return it."""
        del now
        return [_SIGNER]


class SimulatedSequencer:
    """One process that folds, started again whenever it has died."""

    def __init__(self, world: World, time: Time) -> None:
        """Do nothing yet."""
        self._world, self._time = world, time
        self._log = Log(
            ORIGIN,
            _OneKey(Path("nowhere"), ORIGIN, overlap=timedelta(0)),
            SimulatedGuard(world),
        )
        self.halted: Halted | None = None  # in the last step
        self.folded: int | None = None  # records of the last whole round
        self.die_at: Step | None = None
        self.start()

    def start(self) -> None:
        """Begin with a new connection and nothing in memory."""
        self._store = SimulatedStore(self._world)
        self.sequencer = Sequencer(
            self._store,
            self._log,
            self._time.read,
            watch=Watch(),
            round_records=ROUND_RECORDS,
            passed=self._passed,
        )
        self._round: Coroutine[Any, Any, int] | None = None

    def kill(self) -> None:
        """Die where it stands."""
        if self._round is not None:
            self._round.close()
        self.start()

    def lose_commit(self, fate: Fate) -> None:
        """Let the next COMMIT end so."""
        self._store.fate = fate

    def step(self) -> bool:
        """Run to the next point; tell whether a round ended there, well or not."""
        if self._round is None:
            self._round = self.sequencer.round()
        self.folded = self.halted = None
        # Whoever writes an event loop may call this; ours has two methods and no thread.
        events._set_running_loop(cast("AbstractEventLoop", self._time.loop))
        try:
            self._round.send(None)
        except StopIteration as ended:
            self._round, self.folded = None, ended.value
        except Halted as halted:
            self.halted = halted
            self.start()
        except (Overtaken, Diverged, ConnectionError, _Killed):
            self.start()
        finally:
            events._set_running_loop(None)
        return self._round is None

    def finish(self) -> None:
        """Run to the end of a round."""
        while not self.step():
            pass

    def _passed(self, step: Step) -> None:
        if step is self.die_at:
            self.die_at = None
            raise _Killed


class SimulatedNode:
    """One host: its living writer, and those before it."""

    def __init__(self, name: str, world: World, time: Time) -> None:
        """Start the first writer."""
        self._name, self._world, self._time = name, world, time
        self._born = 0
        self.acknowledged: list[tuple[str, int, bytes]] = []
        self.late: list[Linked] = []  # batches of the dead that the server may still commit
        self.open()

    def open(self) -> None:
        """Start a writer, whose first record names the one before it."""
        database = self._world.database
        self._born += 1
        writer = f"{self._name}.{self._born}"
        prior = next((p for p in self._priors() if p), None)
        database.writers[writer] = WriterRow(self._time.now.date(), self._name, self._born)
        life = Leaf(
            id=_ID, ts=0, salt="A" * 22, type=Event.WRITER_OPEN,
            life=Life(node=self._name, prior=prior),
        )  # fmt: skip
        self._position = Position(writer=writer, day=self._time.now.date())
        self._pending: Linked | None = link(self._position, [body(life)])
        self._unknown = False

    def offer(self, count: int) -> None:
        """Bring *count* records, unless some are under way."""
        if self._pending is None:
            first = self._position.seq
            records = [b'{"n":%d}' % (first + n) for n in range(count)]
            self._pending = link(self._position, records)

    def commit(self, fate: Fate) -> None:
        """Commit what is under way; after a lost COMMIT, look first and offer the same bytes."""
        batch = self._pending
        if batch is None:
            return
        known = fate is Fate.DONE
        if fate is not Fate.LOST_BEFORE and not self._is_stored(batch):
            self._insert(batch)
        if known:
            if not self._unknown:  # whoever asked was refused when the answer was lost
                self.acknowledged += _placed(batch)
            self._position, self._pending = batch.after, None
        self._unknown = not known

    def kill(self) -> None:
        """Die; the server may still commit what it was given."""
        if self._pending is not None and not self._is_stored(self._pending):
            self.late.append(self._pending)
        self.open()

    def close(self) -> None:
        """Write the last record, state its number, and open anew."""
        if self._pending is None:
            self._insert(link(self._position, [b'{"close":1}']))
            self._world.database.writers[self._position.writer].closed_seq = self._position.seq
            self.open()

    def land(self) -> None:
        """Let the server commit a dead writer's batch."""
        if self.late:
            batch = self.late.pop()
            if not self._is_stored(batch):
                self._insert(batch)

    def restored(self) -> None:
        """Die with a database that was put back; what it does not hold is lost."""
        held = self._world.database.entries
        self.acknowledged = [
            one for one in self.acknowledged if any(r[0] == one[1] for r in held.get(one[0], []))
        ]
        self.late = []
        self.open()

    def _insert(self, batch: Linked) -> None:
        placed = zip(_placed(batch), batch.entries, strict=True)
        rows = [(seq, entry, leaf) for (_, seq, leaf), entry in placed]
        self._world.database.insert(batch.first.writer, rows)

    def _is_stored(self, batch: Linked) -> bool:
        rows = self._world.database.entries.get(batch.first.writer, [])
        return any(row[0] == batch.first.seq for row in rows)

    def _priors(self) -> list[Last | None]:
        found: list[Last | None] = []
        for born in range(self._born - 1, 0, -1):
            writer = f"{self._name}.{born}"
            rows = self._world.database.entries.get(writer, [])
            found.append(Last(id=writer, seq=rows[-1][0], leaf=rows[-1][2].hex()) if rows else None)
        return found


def _placed(batch: Linked) -> list[tuple[str, int, bytes]]:
    first = batch.first
    return [(first.writer, first.seq + n, leaf) for n, leaf in enumerate(batch.leaves)]
