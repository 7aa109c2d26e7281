"""The keeper writes what is owed; every process says with which settings it began."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from gateway.audit.keyring import Keyring, Purpose
from gateway.audit.observed import Observed
from gateway.audit.outbox import ROLE
from gateway.audit.pseudonyms import Scheme, epoch_of
from gateway.clock import utc_now
from gateway.settings import Settings, load
from gateway.wiring import changes
from gateway.wiring.rings import keys_seen
from gateway.wiring.shared import Shared
from tests.audit_rows import until
from tests.change_builders import changes as recorded
from tests.change_builders import register_and_suspend
from tests.command_line import answer


def the_settings(dsn: str, folder: Path, **audit: object) -> Settings:
    """Return settings whose files are all under *folder*."""
    return load(
        {
            "database": {"url": dsn},
            "audit": {"keys_dir": folder / "pseudonyms", **audit},
            "identity": {"keys_dir": folder / "signing"},
            "sign_on": {"keys_dir": folder / "sign-on"},
            "tree": {"keys_dir": folder / "log", "guard_file": folder / "guard.json"},
        },
        {},
    )


@pytest.fixture
async def shared(database_url: str, tmp_path: Path) -> AsyncIterator[Shared]:
    """Give what the keeper's parts get, with its log open and this part kept."""
    async with AsyncExitStack() as stack:
        made = Shared(the_settings(database_url, tmp_path))
        made.open_database(stack)
        await made.open_log(stack, "node-1.k0")
        await changes.keep(stack, made)
        yield made


async def test_a_change_is_in_the_record_within_seconds(database_url: str, shared: Shared) -> None:
    """From commit to leaf nobody has to do anything."""
    await register_and_suspend(database_url)

    async def written() -> bool:
        found = [leaf.type.value for leaf in await recorded(database_url)]
        return ["system.register", "system.suspend"] == [t for t in found if t[:3] == "sys"]

    await until(written)
    assert {"motlan.audit.changes.waiting", "motlan.audit.changes.age"} <= set(
        shared.meters.readings
    )


async def test_settings_are_on_record_once_and_again_when_they_differ(
    database_url: str, tmp_path: Path, shared: Shared
) -> None:
    """Workers and keeper of one node share one line, until somebody changes a setting."""
    async with AsyncExitStack() as stack:
        for timeout_s in (2.0, 2.0, 3.0):
            other = Shared(the_settings(database_url, tmp_path, timeout_s=timeout_s))
            other.open_database(stack)
            assert {} == await changes.serve(stack, other)

    async def written() -> bool:
        leaves = [leaf for leaf in await recorded(database_url) if leaf.type == "settings.apply"]
        return 2 == len(leaves)

    await until(written)
    assert "node-1" == shared.settings.audit.node


async def test_a_key_that_was_made_by_hand_is_on_record(database_url: str, shared: Shared) -> None:
    """The first pseudonym makes a key; the watch says so without being told."""
    shared.pseudonyms.person("003099000017")
    observed = Observed(await shared.pool(ROLE))
    assert 1 == await changes.look_at_keys(observed, shared)
    assert 0 == await changes.look_at_keys(observed, shared)

    async def written() -> bool:
        codes = {leaf.change.id for leaf in await recorded(database_url) if leaf.change}
        return "node-1/pseudonyms/consent-all" in codes

    await until(written)


def test_what_is_seen_of_a_ring_changes_when_a_key_is_destroyed(tmp_path: Path) -> None:
    """Destruction shows, rotation shows, and no key material is part of what is compared."""
    settings = the_settings("postgresql://nobody@127.0.0.1:1/none", tmp_path)
    ring = Keyring(tmp_path / "pseudonyms")
    ring.key(Purpose.CITIZENS, "2024")
    before = keys_seen(settings, utc_now())
    ring.destroy(Purpose.CITIZENS, "2024")
    after = keys_seen(settings, utc_now())

    assert ["node-1/pseudonyms/citizens-2024"] == list(before) == list(after)
    assert ["key.create", "key.destroy"] == [
        each["node-1/pseudonyms/citizens-2024"].event for each in (before, after)
    ]
    assert before != after


async def test_a_rotation_by_command_names_who_did_it(
    database_url: str, tmp_path: Path, shared: Shared
) -> None:
    """The intention first, then what became of it, both with the operator's pseudonym."""
    env = {
        "MOTLAN_DATABASE__URL": database_url,
        "MOTLAN_IDENTITY__KEYS_DIR": str(tmp_path / "signing"),
        "MOTLAN_AUDIT__KEYS_DIR": str(tmp_path / "pseudonyms"),
        "MOTLAN_TREE__KEYS_DIR": str(tmp_path / "log"),
    }
    made = await asyncio.to_thread(answer, "keys", "rotate", "--now", "--by", "truc-1", env=env)
    expected = [("key.rotate", "node-1/signing"), ("key.create", f"node-1/signing/{made['kid']}")]
    named = shared.pseudonyms.of(Scheme.OFFICIAL, "truc-1", epoch_of(utc_now()))

    async def written() -> bool:
        leaves = [leaf for leaf in await recorded(database_url) if leaf.actor]
        told = [(leaf.type.value, leaf.change.id) for leaf in leaves if leaf.change]
        return expected == told and {named} == {leaf.actor.user for leaf in leaves if leaf.actor}

    await until(written)
    assert made["recorded"]


async def test_keys_can_be_revoked_while_the_database_is_away(tmp_path: Path) -> None:
    """A stolen key must not go on signing because a disk is full; the answer says so."""
    env = {
        "MOTLAN_DATABASE__URL": "postgresql://nobody@127.0.0.1:1/none",
        "MOTLAN_IDENTITY__KEYS_DIR": str(tmp_path / "signing"),
    }
    made = await asyncio.to_thread(answer, "keys", "rotate", "--now", env=env)
    revoked = await asyncio.to_thread(answer, "keys", "revoke", made["kid"], "--yes", env=env)

    assert (False, False) == (made["recorded"], revoked["recorded"])
