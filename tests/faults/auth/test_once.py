"""PostgreSQL is killed while proofs are used: no proof is good a second time."""

import asyncio
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from time import time

import asyncpg
import pytest
from msgspec import Struct

from auth.errors import MemoryUnavailable, MemoryYoung
from auth.possession.once import Once
from auth.possession.repository import ProofRepository
from gateway.database import Pool, raw_pool
from gateway.embedded import EmbeddedPostgres
from tests.embedded_places import a_server
from tests.faults.test_audit_database import kill, restart

AHEAD_S = 10  # what a proof's hour may be ahead of ours
ENOUGH = 300
PATIENCE_S = 60.0


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedPostgres]:
    """Give a PostgreSQL of these tests alone, with every migration applied."""
    with a_server() as made:
        yield made


class Used(Struct, frozen=True):
    """A proof that somebody was let in with."""

    jti: str
    expires_at: float
    born: float


def kill_one_backend(server: EmbeddedPostgres) -> None:
    """Kill one process of the server: the others end, and it recovers without a restart."""
    pid = server.status().pid
    assert pid is not None
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    backends = [
        int(child)
        for child in children
        if b"motlan_app" in (words := Path(f"/proc/{child}/cmdline").read_bytes())
        or b"[local]" in words
    ]
    os.kill(backends[0], signal.SIGKILL)


async def recovered(server: EmbeddedPostgres) -> None:
    """Wait until the server answers again, started anew when it was killed whole."""
    if server.status().pid is None:
        await restart(server)
    async with asyncio.timeout(PATIENCE_S):
        while True:
            try:
                connection = await asyncpg.connect(server.dsn(), timeout=5)
                await connection.close()
            except (OSError, asyncpg.PostgresError):
                await asyncio.sleep(0.1)
            else:
                return


async def a_pool(server: EmbeddedPostgres) -> Pool:
    """Return connections that are patient: the machine may be busy."""
    return await raw_pool(server.dsn(), "motlan_app", 1, patience_s=30)


async def use_until(
    server: EmbeddedPostgres, stop: asyncio.Event, accepted: list[Used], name: str
) -> None:
    """Use one proof after the other, by a clock that is as far ahead as is accepted."""
    pool = await a_pool(server)
    uses, number = Once(ProofRepository(pool)), 0
    while not stop.is_set():
        number += 1
        iat = time() + AHEAD_S
        proof = Used(f"{name}-{number}", iat + 60, iat - AHEAD_S)
        try:
            if await uses.claim("key", proof.jti, proof.expires_at, proof.born):
                accepted.append(proof)
        except MemoryUnavailable:
            await asyncio.sleep(0.02)
    await pool.close()


@pytest.mark.parametrize("crash", [kill, kill_one_backend], ids=["whole server", "one backend"])
async def test_no_proof_that_let_somebody_in_lets_anybody_in_after_a_crash(
    server: EmbeddedPostgres, crash: Callable[[EmbeddedPostgres], None]
) -> None:
    """The memory is lost with the crash, and the loss is seen: its proofs are refused, unknown."""
    accepted: list[Used] = []
    stop = asyncio.Event()
    users = [asyncio.ensure_future(use_until(server, stop, accepted, name)) for name in "abcd"]
    async with asyncio.timeout(PATIENCE_S):
        while len(accepted) < ENOUGH:
            await asyncio.sleep(0.01)
    crash(server)
    stop.set()
    await asyncio.gather(*users)
    await recovered(server)

    async with await a_pool(server) as pool:
        after = Once(ProofRepository(pool))
        outcomes = await asyncio.gather(
            *(after.claim("key", each.jti, each.expires_at, each.born) for each in accepted),
            return_exceptions=True,
        )
        assert ENOUGH <= len(outcomes)
        assert {MemoryYoung} == {type(each) for each in outcomes}

        async with asyncio.timeout(PATIENCE_S):  # and whatever was made since is good again
            while not await _is_good(after, time()):
                await asyncio.sleep(0.1)


async def test_an_orderly_restart_forgets_nothing(server: EmbeddedPostgres) -> None:
    """A planned restart turns no caller away, and lets no replay in."""
    async with await a_pool(server) as pool:
        uses = Once(ProofRepository(pool))
        async with asyncio.timeout(PATIENCE_S):
            while not await _is_good(uses, made_at := time()):
                await asyncio.sleep(0.1)
    await asyncio.to_thread(server.stop)
    await asyncio.to_thread(server.start)

    async with await a_pool(server) as pool:
        assert not await _is_good(Once(ProofRepository(pool)), made_at)
        assert await _is_good(Once(ProofRepository(pool)), time())


async def _is_good(uses: Once, made_at: float) -> bool:
    try:
        return await uses.claim("key", f"after-{made_at}", made_at + 60, made_at)
    except MemoryYoung:
        return False
