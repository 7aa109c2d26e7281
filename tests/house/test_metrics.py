"""Every metric that is listed is fed: a board over a name without a source shows nothing, for ever.

What is listed stands in `gateway.telemetry.meters`; both processes run here as they do anywhere.
"""

import asyncio
import gc
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.keeper import Keeper
from gateway.settings import Settings, load
from gateway.telemetry import Meters, Snapshots, describe_process
from gateway.telemetry.meters import GAUGES
from gateway.wiring.shared import Shared
from gateway.worker import Worker
from tests.house.tree import SHIPPED, modules, page
from tests.tlog_builders import ORIGIN, SmallLog

FEEDS_NOTHING = {"observe", "settle"}  # public methods of Meters that count nothing
LOOKS = 600  # 30 s


def a_policy(folder: Path) -> Path:
    """Write a policy with a witness where nobody listens."""
    log, path = SmallLog([]), folder / "policy"
    lines = [f"log {log.signers[0].vkey}"]
    lines += [f"witness w1 {log.witnesses[0].vkey} http://127.0.0.1:1"]
    path.write_text("\n".join([*lines, "quorum w1", ""]))
    return path


def the_settings(dsn: str, folder: Path) -> Settings:
    """Return settings of a gateway that has witnesses, its files under *folder*."""
    keys = {name: folder / name for name in ("pseudonyms", "signing", "sign-on", "log")}
    return load(
        {
            "database": {"url": dsn, "pool_connections": 3},
            "audit": {"keys_dir": keys["pseudonyms"]},
            "identity": {"keys_dir": keys["signing"]},
            "sign_on": {"keys_dir": keys["sign-on"]},
            "tree": {
                "origin": ORIGIN,
                "keys_dir": keys["log"],
                "guard_file": folder / "guard.json",
            },
            "witnesses": {"policy_file": a_policy(folder)},
            "exports": {"directory": folder / "exports"},
            "retention": {"archive_dir": folder / "archive"},
            "management": {"port": 0},
            "keeper": {"port": 0},
        },
        {},
    )


async def shown(process: Shared) -> set[str]:
    """Return the names that a scrape of *process* reads; in a thread, as scrapes are made."""
    about = describe_process(version="1", node="node-1", environment="demo")
    data = await asyncio.to_thread(Snapshots(process.meters, about, process.clock))
    (scope,) = data.resource_metrics[0].scope_metrics
    return {metric.name for metric in scope.metrics}


@pytest.fixture
def collecting() -> Iterator[None]:
    """Put the collection of cycles back, which processes of ours change for their lives."""
    usual = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*usual)


@pytest.mark.usefixtures("collecting")
async def test_every_gauge_is_observed_by_a_worker_or_the_keeper(
    database_url: str, tmp_path: Path
) -> None:
    """A name that nobody observes is an alert that never comes."""
    settings = the_settings(database_url, tmp_path)
    worker, keeper = Worker(settings), Keeper(settings)
    async with worker.running(), keeper.running():
        found = await shown(worker)
        for _ in range(LOOKS):  # some work begins once this keeper leads
            found |= await shown(keeper)
            if set(GAUGES) <= found:
                break
            await asyncio.sleep(0.05)

    assert set() == set(GAUGES) - found


def test_every_counting_method_is_called_somewhere() -> None:
    """A counter without a caller stays at nought, and looks like good news."""
    public: dict[str, Any] = {
        name: each
        for name, each in inspect.getmembers(Meters, inspect.isfunction)
        if not name.startswith("_")
    }
    sources = [each.source for each in modules(*SHIPPED)]
    unused = [
        name
        for name in public.keys() - FEEDS_NOTHING
        if not any(re.search(rf"\bmeters\.{name}\b", source) for source in sources)
    ]

    assert [] == unused


def test_a_metric_that_operators_are_told_to_watch_is_there() -> None:
    """Who is woken at night looks for the name on the page."""
    meters = Meters()
    listed = {*GAUGES, *meters.counts, *meters.durations}
    named = set(re.findall(r"`((?:motlan|http|db)\.[a-z_.]+)`", page("docs/operations.md")))

    assert "motlan.audit.backlog" in named
    assert set() == named - listed
