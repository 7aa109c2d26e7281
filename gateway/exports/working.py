"""Makes exports one after another, for as long as the keeper lives; deletes those that are over."""

import asyncio
from collections.abc import Awaitable
from contextlib import suppress
from pathlib import Path
from typing import Protocol

import structlog

from gateway.clock import Clock
from gateway.errors import Refusal
from gateway.exports.finding import RecordsGone
from gateway.exports.grounds import Nothing
from gateway.exports.jobs import Finished, Job, file_name
from gateway.exports.making import Live, Unwanted
from gateway.exports.repository import WorkRepository

LOOK_S = 0.5
SWEEP_S = 60.0
ALIVE_S = 5.0  # between two signs of life; after thirty seconds without one, another goes on
AWAY_S = 5.0

_log = structlog.get_logger(__name__)


class Makes(Protocol):
    """Who makes the file of one export."""

    def __call__(self, job: Job, live: Live, /) -> Awaitable[Finished]:
        """Return what came of it."""
        ...


class Working:
    """The loop."""

    def __init__(
        self, jobs: WorkRepository, make: Makes, *, holder: str, directory: Path, clock: Clock
    ) -> None:
        """Make ready.

        Args:
            jobs: what is to be done.
            make: does one of them.
            holder: this process.
            directory: where finished files stand.
            clock: the present instant.
        """
        self._jobs = jobs
        self._make = make
        self._holder = holder
        self._directory = directory
        self._clock = clock
        self._swept_at = float("-inf")  # loop time

    async def run(self) -> None:
        """Work until cancelled; a database that is away is waited for, and logged once."""
        silent = False
        while True:
            try:
                worked = await self.once()
                silent = False
            except (OSError, Refusal) as away:
                if not silent:
                    _log.warning("exports.waiting", error=type(away).__name__)
                silent, worked = True, False
                await asyncio.sleep(AWAY_S)
            if not worked:
                await asyncio.sleep(LOOK_S)

    async def once(self) -> bool:
        """Do one export, when one waits; say whether there was one."""
        now = asyncio.get_running_loop().time()
        if now - self._swept_at > SWEEP_S:
            await self.sweep()
            self._swept_at = now
        job = await self._jobs.take(self._holder)
        if job is None:
            return False
        await _Doing(self._jobs, job, self._holder, self._clock).do(self._make)
        return True

    async def sweep(self) -> None:
        """Delete files whose time is over, and those that nobody needs any more."""
        for job in await self._jobs.over(self._clock()):
            (self._directory / file_name(job)).unlink(missing_ok=True)
            await self._jobs.gone(job.id)
        kept = {str(each) for each in await self._jobs.kept()}
        for path in self._directory.glob("motlan-*"):
            if not any(each in path.name for each in kept):
                path.unlink(missing_ok=True)


class _Doing:
    """One export under way: it gives signs of life, and hears when it is taken back."""

    def __init__(self, jobs: WorkRepository, job: Job, holder: str, clock: Clock) -> None:
        self._jobs = jobs
        self._job = job
        self._holder = holder
        self._clock = clock
        self._records = 0
        self._size = 0
        self._wanted = True

    async def do(self, make: Makes) -> None:
        """Make the file, and say what came of it."""
        alive = asyncio.ensure_future(self._alive())
        try:
            came = await make(self._job, self._seen)
            await self._jobs.live(self._job, self._holder, self._records, self._size)
            await self._jobs.finish(self._job, self._holder, came, self._clock())
            _log.info("export.done", records=came.records, size_bytes=came.size_bytes)
        except Unwanted:
            _log.info("export.unwanted")
        except FAULTS as failed:
            code = code_of(failed)
            _log.warning("export.failed", error=type(failed).__name__, code=code)
            await self._jobs.fail(self._job, self._holder, code, self._clock())
        finally:
            alive.cancel()

    def _seen(self, records: int, tree_size: int) -> bool:
        self._records, self._size = records, tree_size
        return self._wanted

    async def _alive(self) -> None:
        while self._wanted:
            await asyncio.sleep(ALIVE_S)
            with suppress(OSError, Refusal):  # the next one may get through
                self._wanted = await self._jobs.live(
                    self._job, self._holder, self._records, self._size
                )


FAULTS: tuple[type[Exception], ...] = (Nothing, RecordsGone, Refusal, OSError)
CODES: dict[type[Exception], str] = {
    Nothing: "nothing_signed",
    RecordsGone: "records_gone",
    OSError: "storage",
}


def code_of(failed: Exception) -> str:
    """Return the code of what went wrong."""
    if isinstance(failed, Refusal):
        return failed.code.value
    return next((code for kind, code in CODES.items() if isinstance(failed, kind)), "internal")
