"""What exports rest on: the newest tree that a quorum has seen, and an older one."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from gateway import database
from gateway.exports.grounds import Grounds, Nothing
from gateway.sequencing.repository import TreeRepository
from gateway.tlog.cosignatures import Ed25519Cosigner, cosign
from gateway.tlog.policies import Policy, parse_policy
from tests.audit_rows import connected
from tests.replays import append, fold, keys_of
from tests.tlog_builders import AT_S, ed25519
from tests.tree_rows import a_log

WITNESS = Ed25519Cosigner("w.example", ed25519(3))
COSIGN = """
INSERT INTO audit.cosignature (size, witness, line, at) VALUES ($1, 'w', $2, now())
"""


def watched(folder: Path) -> Policy:
    """Return a policy with one witness."""
    keys = "".join(f"log {key}\n" for key in keys_of(a_log(folder)))
    return parse_policy(f"{keys}witness w {WITNESS.vkey} http://w.example\nquorum w\n".encode())


@asynccontextmanager
async def grounds(dsn: str, folder: Path, policy: Policy | None) -> AsyncGenerator[Grounds]:
    """Give the grounds of the log in *folder*."""
    async with await database.raw_pool(dsn, "motlan_auditor", 1) as pool:
        yield Grounds(TreeRepository(pool), pool, lambda: keys_of(a_log(folder)), policy)


async def witness(dsn: str, size: int) -> None:
    """Let the witness cosign the checkpoint of *size*."""
    async with connected(dsn) as connection:
        note = await connection.fetchval("SELECT note FROM audit.checkpoint WHERE size = $1", size)
        line = cosign(note.partition("\n\n")[0] + "\n", WITNESS, AT_S).line()
        await connection.execute(COSIGN, size, line)


async def test_before_anything_is_signed_there_is_nothing(
    database_url: str, tmp_path: Path
) -> None:
    """An empty proof would look like one."""
    async with grounds(database_url, tmp_path, None) as found:
        with pytest.raises(Nothing):
            await found.newest()


async def test_a_tree_that_was_seen_is_preferred_to_a_newer_one(
    database_url: str, tmp_path: Path
) -> None:
    """What a quorum has seen cannot be taken back."""
    of = a_log(tmp_path)
    for node in ("gw1", "gw2"):
        await append(database_url, 3, node=node)
        await fold(database_url, of)
    async with grounds(database_url, tmp_path, watched(tmp_path)) as found:
        unseen = await found.newest()
        await witness(database_url, 5)
        seen = await found.newest()

    assert (10, False) == (unseen.checkpoint.size, unseen.witnessed)
    assert (5, True) == (seen.checkpoint.size, seen.witnessed)
    assert "http" not in str(seen.policy)
    assert 5 == seen.policy.judge(seen.checkpoint.note).checkpoint.size


async def test_the_older_tree_is_from_before_the_records(database_url: str, tmp_path: Path) -> None:
    """It shows that nothing was slipped in before them."""
    of = a_log(tmp_path)
    for node in ("gw1", "gw2", "gw3"):
        await append(database_url, 3, node=node)
        await fold(database_url, of)
    async with grounds(database_url, tmp_path, None) as found:
        newest = (await found.newest()).checkpoint
        sizes = [(await found.before(index, newest)).size for index in (0, 4, 5, 11, 14)]

    assert [5, 5, 5, 10, 10] == sizes
