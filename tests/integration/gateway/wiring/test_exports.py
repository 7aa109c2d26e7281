"""Exports as the keeper wires them: settings in, files and a stream out."""

from contextlib import AsyncExitStack
from pathlib import Path

from gateway import database
from gateway.exports.jobs import Format, State
from gateway.exports.repository import JobRepository
from gateway.settings import load
from gateway.verification.bundles import check
from gateway.wiring import exports
from gateway.wiring.shared import Shared
from tests.audit_builders import a_deny
from tests.audit_rows import until
from tests.export_builders import Receiver, listening
from tests.export_desk import a_desk, a_job
from tests.tree_rows import ORIGIN


def settings_for(dsn: str, folder: Path, port: int):  # noqa: ANN201
    """Return settings of a keeper with a watcher."""
    return load(
        {
            "database": {"url": dsn},
            "tree": {"origin": ORIGIN, "keys_dir": folder / "keys"},
            "exports": {
                "directory": folder / "made",
                "keys_dir": folder / "export-keys-2",
                "stream": {"syslog": {"host": "127.0.0.1", "port": port, "secured": False}},
            },
        },
        environ={},
    )


async def test_a_keeper_makes_exports_and_feeds_watchers(database_url: str, tmp_path: Path) -> None:
    """What settings say is what runs."""
    async with a_desk(database_url, tmp_path) as desk, listening(Receiver()) as receiver:
        await desk.record([a_deny() for _ in range(5)])
        async with await database.raw_pool(database_url, "motlan_auditor", 1) as pool:
            jobs = JobRepository(pool)
            job = await jobs.ask(a_job(Format.BUNDLE))
            assert job is not None
            async with AsyncExitStack() as stack:
                shared = Shared(settings_for(database_url, tmp_path, receiver.port))
                shared.open_database(stack)
                await exports.keep(stack, shared)

                async def done() -> bool:
                    found = await jobs.one(job.id, job.account)
                    return found is not None and found.state is State.DONE

                await until(done, within_s=20)
                await until(lambda: _heard(receiver, 7), within_s=20)
                behind = shared.meters.readings["motlan.audit.stream.behind"]()
            files = list((tmp_path / "made").iterdir())

    assert {"syslog": 0} == behind
    assert check(files[0], None, lambda _n: None).whole


async def _heard(receiver: Receiver, count: int) -> bool:
    return len(receiver.messages) >= count
