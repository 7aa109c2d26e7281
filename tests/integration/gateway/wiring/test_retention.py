"""The keeper moves old days out and destroys old keys; every process forgets them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from gateway.audit.keyring import KeyDestroyed, Keyring, Purpose
from gateway.audit.pseudonyms import Scheme
from gateway.retention.epochs import LOOK_S
from gateway.settings import Settings, load
from gateway.wiring import changes, retention
from gateway.wiring.sequencing import keys_of
from gateway.wiring.shared import Shared
from tests.audit_rows import until
from tests.change_builders import changes as recorded
from tests.retention_builders import day, make_days
from tests.tree_rows import ORIGIN

NUMBER = "003099000017"


def the_settings(dsn: str, folder: Path) -> Settings:
    """Return settings whose files are all under *folder*, and whose rounds follow quickly."""
    return load(
        {
            "database": {"url": dsn},
            "audit": {"keys_dir": folder / "pseudonyms"},
            "identity": {"keys_dir": folder / "signing"},
            "tree": {
                "origin": ORIGIN,
                "keys_dir": folder / "keys",
                "guard_file": folder / "guard.json",
            },
            "retention": {
                "archive_dir": folder / "archive",
                "copies": [folder / "copy"],
                "every_s": 1,
                "volume_bytes": 10_000_000_000,
            },
        },
        {},
    )


@pytest.fixture
async def opened(database_url: str, tmp_path: Path) -> AsyncIterator[tuple[Shared, AsyncExitStack]]:
    """Give what the keeper's parts get, with its log open and nothing kept yet."""
    async with AsyncExitStack() as stack:
        made = Shared(the_settings(database_url, tmp_path))
        made.open_database(stack)
        await made.open_log(stack, "node-1.k0")
        yield made, stack


async def test_old_days_leave_by_themselves(
    database_url: str, tmp_path: Path, opened: tuple[Shared, AsyncExitStack]
) -> None:
    """Nobody has to remember it, and the record says that it happened."""
    await make_days(database_url, tmp_path, 300)
    shared, stack = opened
    keys_of(shared.settings)
    await retention.keep(stack, shared)

    async def left() -> bool:
        told = [leaf.type.value for leaf in await recorded(database_url)]
        return 3 == told.count("archive.drop") == told.count("archive.verify")

    await until(left, 30)
    assert (tmp_path / "archive" / str(day(0)) / "manifest.json").is_file()
    assert (tmp_path / "copy" / str(day(0)) / "manifest.json").is_file()


async def test_a_destroyed_key_is_on_record_and_out_of_every_memory(
    database_url: str, tmp_path: Path, opened: tuple[Shared, AsyncExitStack]
) -> None:
    """After five years and the rest of the year nobody can be found by a number any more."""
    shared, stack = opened
    worker = Shared(the_settings(database_url, tmp_path))
    worker.open_database(stack)
    worker.pseudonyms.of(Scheme.CITIZEN, NUMBER, "2019")
    worker.pseudonyms.of(Scheme.OFFICIAL, "can-bo-1", "2019")
    kept = worker.pseudonyms.of(Scheme.CITIZEN, NUMBER, "2026")
    await retention.serve(stack, worker)
    await changes.keep(stack, shared)
    await retention.keep(stack, shared)

    async def forgotten() -> bool:
        told = [leaf.change.id for leaf in await recorded(database_url)
                if leaf.change and leaf.type == "key.destroy"]  # fmt: skip
        return {f"node-1/pseudonyms/{each}-2019" for each in ("citizens", "officials")} == set(told)

    await until(forgotten, 20)
    await asyncio.sleep(2 * LOOK_S)
    for scheme, word in ((Scheme.CITIZEN, NUMBER), (Scheme.OFFICIAL, "can-bo-1")):
        with pytest.raises(KeyDestroyed):
            worker.pseudonyms.of(scheme, word, "2019")
    assert kept == worker.pseudonyms.of(Scheme.CITIZEN, NUMBER, "2026")
    assert Keyring(tmp_path / "pseudonyms").existing(Purpose.CITIZENS, "2026")


async def test_the_volume_is_measured(opened: tuple[Shared, AsyncExitStack]) -> None:
    """An operator sees the disk fill up weeks before it is full."""
    shared, stack = opened
    await retention.keep(stack, shared)
    share = shared.meters.readings["motlan.storage.used.share"]

    async def measured() -> bool:
        found = share()
        return isinstance(found, float) and 0 < found < 1

    await until(measured)
    assert "motlan.storage.days_left" in shared.meters.readings
