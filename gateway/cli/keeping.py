"""The keeper process, which `serve` starts beside its workers."""

import asyncio
import os
import signal

import structlog
import uvloop

from gateway.cli.slices import run_in_short_slices
from gateway.cli.workers import STARTUP_FAILED
from gateway.keeper import Keeper
from gateway.settings import Settings, load
from gateway.telemetry import configure_logs

_log = structlog.get_logger(__name__)


def main(arguments: list[str]) -> int:
    """Keep until told to stop, or until the parent is gone.

    Args:
        arguments: the descriptor of the pipe whose end means that the parent is gone.

    Returns:
        0 after keeping, 3 when the keeper did not come up.
    """
    settings = load()
    configure_logs(settings.telemetry.log_level)
    return 0 if keep(settings, int(arguments[0])) else STARTUP_FAILED


def keep(settings: Settings, lifeline: int | None = None) -> bool:
    """Keep until SIGTERM, SIGINT, or the end of *lifeline*; False when it did not come up."""
    _step_back(settings.keeper.nice)
    run_in_short_slices()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_kept(Keeper(settings), lifeline))


def _step_back(nice: int) -> None:
    """Run after others want to, unless whoever started us asked for even less; threads follow."""
    already = os.getpriority(os.PRIO_PROCESS, 0)
    os.setpriority(os.PRIO_PROCESS, 0, max(nice, already))


async def _kept(keeper: Keeper, lifeline: int | None) -> bool:
    loop, asked = asyncio.get_running_loop(), asyncio.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, asked.set)
    if lifeline is not None:
        _watch(loop, lifeline, asked)
    came_up = False
    try:
        async with keeper.running():
            came_up = True
            await asked.wait()
    except Exception as failure:  # noqa: BLE001 - whatever it is, the next try may do better
        _log.error("keeper.failed", error=type(failure).__name__)
    return came_up


def _watch(loop: asyncio.AbstractEventLoop, lifeline: int, asked: asyncio.Event) -> None:
    def ended() -> None:
        loop.remove_reader(lifeline)
        asked.set()

    loop.add_reader(lifeline, ended)
