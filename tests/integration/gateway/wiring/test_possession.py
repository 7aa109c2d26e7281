"""The door as a worker opens it: nonces of shared secrets, one memory, and spent proofs that go."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from time import time
from typing import Any

import pytest

from auth.errors import NonceDemanded, ProofReplayed
from auth.possession.door import Door
from auth.possession.once import Mark
from auth.possession.repository import ProofRepository
from auth.possession.shown import Shown
from auth.principals import Principal
from gateway.api.credentials import Credentials
from gateway.settings import load
from gateway.wiring import possession
from gateway.wiring.shared import Shared
from tests.builders import a_principal
from tests.possession_builders import KEY, TOKEN, URL, a_proof

PATIENCE_S = 30.0


def of_key(token: str, now: float) -> Principal:
    """Believe every token to be bound to the key."""
    del token, now
    return a_principal(key_thumbprint=KEY.thumbprint)


def shared_in(dsn: str, folder: Path, **identity: Any) -> Shared:
    """Return what one worker has; all of them share the folder and the database."""
    keys = folder / "signing"
    return Shared(load({"database": {"url": dsn}, "identity": {"keys_dir": keys, **identity}}, {}))


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    """Close what a test opened."""
    async with AsyncExitStack() as opened:
        yield opened


def a_door(stack: AsyncExitStack, shared: Shared) -> Door:
    """Return the door of one worker."""
    return possession.door(stack, shared, of_key)


def question(**claims: Any) -> Shown:
    """Return a question with a proof of this moment."""
    proof = a_proof(iat=int(time()), **claims)
    return Shown(method="POST", url=URL, dpop=True, proof=proof)


async def test_a_nonce_of_one_worker_is_good_at_the_next_and_its_proof_once(
    database_url: str, tmp_path: Path, stack: AsyncExitStack
) -> None:
    """They ask each other nothing: the secrets and the memory are common."""
    one, other = (
        a_door(stack, shared_in(database_url, tmp_path, demand_nonces=True)) for _ in range(2)
    )
    with pytest.raises(NonceDemanded) as demanded:
        await one.admit(TOKEN, question(), time())
    again = question(nonce=demanded.value.nonce, jti="again")
    proof = again.proof

    assert await other.admit(TOKEN, again, time())
    with pytest.raises(ProofReplayed):
        await one.admit(TOKEN, Shown(method="POST", url=URL, dpop=True, proof=proof), time())


async def test_at_two_workers_at_the_same_instant_exactly_one_wins(
    database_url: str, tmp_path: Path, stack: AsyncExitStack
) -> None:
    """Twenty proofs, each at both; twenty are let in."""
    doors = [a_door(stack, shared_in(database_url, tmp_path)) for _ in range(2)]
    proofs = [question(jti=f"p{number}").proof for number in range(20)]

    outcomes = await asyncio.gather(
        *(
            door.admit(TOKEN, Shown(method="POST", url=URL, dpop=True, proof=proof), time())
            for proof in proofs
            for door in doors
        ),
        return_exceptions=True,
    )

    kinds = [type(each) for each in outcomes]
    assert (20, 20) == (kinds.count(Principal), kinds.count(ProofReplayed))


async def test_nonces_rotate_under_load_and_turn_nobody_away(
    database_url: str, tmp_path: Path, stack: AsyncExitStack
) -> None:
    """A new secret between every two questions; the one before judges on."""
    shared = shared_in(database_url, tmp_path, demand_nonces=True)
    door = a_door(stack, shared)
    for number in range(20):
        nonce = shared.nonces.current(time())
        shared.nonce_secrets.ensure(time(), every_s=0)

        assert await door.admit(TOKEN, question(nonce=nonce, jti=f"n{number}"), time())


async def test_a_worker_forgets_spent_proofs_by_itself(
    database_url: str, tmp_path: Path, stack: AsyncExitStack
) -> None:
    """Nobody has to remember it."""
    shared = shared_in(database_url, tmp_path)
    shared.open_database(stack)
    pool = await shared.pool("motlan_app")
    marks = [Mark(number.to_bytes(32, "big"), time() - 600) for number in range(3)]
    await ProofRepository(pool).claim(marks)

    provided = await possession.serve(stack, shared)

    async with asyncio.timeout(PATIENCE_S):
        while await pool.fetchval("SELECT count(*) FROM auth.used_proof"):
            await asyncio.sleep(0.05)
    assert isinstance(provided["credentials"], Credentials)


def test_a_secret_is_made_once(database_url: str, tmp_path: Path) -> None:
    """The second worker reads what the first one made, beside the signing keys."""
    made = [possession.ensure_secret(shared_in(database_url, tmp_path)) for _ in range(2)]

    assert [True, False] == made
    assert 1 == len(list((tmp_path / "nonces").glob("*.nonce")))
