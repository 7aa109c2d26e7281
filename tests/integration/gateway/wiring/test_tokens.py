"""Sign-on for systems as a worker wires it, and what the keeper forgets beside it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from auth.delegation.repository import RevokedTokens
from auth.errors import TokenInvalid
from auth.jose import kid_of
from auth.keys import SigningKeyRing
from auth.principals import Principal
from auth.tokens import Verifier
from gateway.clock import utc_now
from gateway.database import transaction
from gateway.settings import load
from gateway.wiring import possession, sign_on, tokens
from gateway.wiring.every import PARTS
from gateway.wiring.shared import Shared
from tests.party_builders import CLIENT, a_token

LONGEST_S = 30


STAFF = {
    "issuer": "http://127.0.0.1:1/realms/staff",
    "realm": "staff",
    "client_id": "motlan",
    "title_vi": "Đăng nhập",
    "title_en": "Sign on",
    "networks": ["127.0.0.0/8"],
}


def shared_in(dsn: str, folder: Path, providers: dict[str, Any]) -> Shared:
    """Return the parts of a process."""
    return Shared(
        load(
            {
                "database": {"url": dsn, "pool_connections": 3},
                "audit": {"keys_dir": folder / "pseudonyms"},
                "identity": {"keys_dir": folder / "signing"},
                "sign_on": {
                    "keys_dir": folder / "sign-on",
                    "origin": "http://127.0.0.1:8100",
                    "providers": providers,
                },
            },
            {},
        )
    )


@pytest.fixture
async def shared(database_url: str, tmp_path: Path) -> AsyncIterator[Shared]:
    """Give the parts of a process at which nobody signs on."""
    async with AsyncExitStack() as stack:
        made = shared_in(database_url, tmp_path, {})
        made.open_database(stack)
        yield made


def of_nobody(token: str, now: float) -> Principal:
    """Believe no token."""
    del token, now
    raise TokenInvalid("of nobody")


async def test_the_keeper_forgets_what_could_not_live_any_more(shared: Shared) -> None:
    """Also when nobody revokes anything again; what could still live somewhere stays."""
    taken = RevokedTokens(lambda: transaction(shared.engine))
    now = utc_now().timestamp()
    for token_id, expires_at in (("long-over", now - 7200), ("over", now - 60), ("new", now + 60)):
        await taken.revoke(token_id, CLIENT, expires_at)

    async with AsyncExitStack() as stack, asyncio.timeout(LONGEST_S):
        await tokens.keep(stack, shared)
        while await taken.is_revoked("long-over"):
            await asyncio.sleep(0.05)

    assert [True, True] == [await taken.is_revoked(each) for each in ("over", "new")]


async def test_a_worker_gives_its_routes_all_that_they_ask_for(shared: Shared) -> None:
    """By the names they ask with; without a staff provider nothing is exchanged."""
    async with AsyncExitStack() as stack:
        possession.door(stack, shared, of_nobody)
        given = await tokens.serve(stack, shared)

    assert set(tokens.PROVIDES) == given.keys()


async def test_officials_tokens_are_judged_by_what_sign_on_opened(
    database_url: str, tmp_path: Path
) -> None:
    """One worker asks a provider for its keys once: this part opens no way there of its own."""
    shared = shared_in(database_url, tmp_path, {"staff": STAFF})
    async with AsyncExitStack() as stack:
        shared.open_database(stack)
        possession.door(stack, shared, of_nobody)
        with pytest.raises(KeyError, match="staff_tokens"):
            await tokens.serve(stack, shared)
        shared.provided |= await sign_on.serve(stack, shared)
        given = await tokens.serve(stack, shared)

    assert set(tokens.PROVIDES) == given.keys()


async def test_a_revoked_key_is_known_to_a_worker_that_only_remembers(shared: Shared) -> None:
    """Whoever copied the key has tokens by it that were verified before, and asks with no other."""
    ours, ring, now = shared.identity, shared.signing, utc_now()
    ring.ensure(now)
    verifier = Verifier(ring, issuer=ours.issuer, audience=ours.audience)
    iat = int(now.timestamp())
    token = a_token(ring, now=now, iss=ours.issuer, aud=ours.audience, iat=iat, exp=iat + 300)
    verifier.verify(token, now.timestamp())

    async with AsyncExitStack() as stack, asyncio.timeout(LONGEST_S):
        possession.door(stack, shared, verifier.verify)
        await tokens.serve(stack, shared)
        command = shared.settings.identity.ring()
        command.revoke(command.signing(now).kid, utc_now())
        while is_good(verifier, token, now.timestamp()):
            await asyncio.sleep(0.05)

    assert () == ring.verifying(kid_of(token), now)


async def test_the_age_of_our_own_keys_is_on_a_board(database_url: str, tmp_path: Path) -> None:
    """An alarm asks for a rotation where nobody runs a command; a ring without a key has no age."""
    shared = shared_in(database_url, tmp_path, {"staff": STAFF})
    shared.signing.ensure(utc_now() - timedelta(days=400))
    async with AsyncExitStack() as stack:
        shared.open_database(stack)
        possession.door(stack, shared, of_nobody)
        shared.provided |= await sign_on.serve(stack, shared)
        await tokens.serve(stack, shared)
        read: Any = shared.meters.readings["motlan.keys.age"]
        days = {ring: int(age_s // 86_400) for ring, age_s in read().items()}

    assert {"signing": 400, "sign-on": 0} == days
    assert {} == tokens.ages({"none": SigningKeyRing(tmp_path, keep=timedelta())}, utc_now())


def is_good(verifier: Verifier, token: str, now: float) -> bool:
    """Say whether a worker believes a token."""
    try:
        verifier.verify(token, now)
    except TokenInvalid:
        return False
    return True


def test_sign_on_opens_before_the_tokens_that_lean_on_it() -> None:
    """The order of the parts is the order in which they may use each other."""
    names = [part.__name__ for part in PARTS if isinstance(part, ModuleType)]

    assert names.index(sign_on.__name__) < names.index(tokens.__name__)
