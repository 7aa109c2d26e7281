"""One day's archive, written a few bundles at a time."""

from pathlib import Path

import pytest

from gateway.audit.events import Event
from gateway.retention.exporting import Exporter, Part, digest_of_manifest
from gateway.retention.manifest import NAME
from gateway.retention.verifying import verify
from gateway.sequencing.repository import TreeRepository
from gateway.sequencing.rows import EntriesGone
from tests.audit_rows import connected
from tests.retention_builders import a_leaving, day, make_days
from tests.tree_rows import ORIGIN, a_log


async def test_two_exports_of_one_stretch_are_the_same(database_url: str, tmp_path: Path) -> None:
    """Whoever doubts an archive makes another and compares the digests."""
    await make_days(database_url, tmp_path, 600)
    part = Part(day=day(0), first=256, end=768, records=346)
    async with connected(database_url) as owner:
        tree = TreeRepository(owner)
        checkpoint = await tree.checkpoint()
        assert checkpoint is not None
        made = [
            await Exporter(tree, ORIGIN, tmp_path / name).export(part, checkpoint)
            for name in ("one", "two")
        ]

    assert digest_of_manifest(made[0]) == digest_of_manifest(made[1])
    assert 512 == verify(made[0], a_log(tmp_path).keys.verifiers()).entries
    assert (made[0] / "tile" / "entries" / "001.gz").is_file()


async def test_an_export_stops_where_records_are_missing(database_url: str, tmp_path: Path) -> None:
    """A hole is never closed over: no manifest, no archive, no drop."""
    await make_days(database_url, tmp_path, 600)
    part = Part(day=day(0), first=0, end=512, records=512)
    async with connected(database_url) as owner:
        await owner.execute(f"DROP TABLE audit.entry_{day(0):%Y%m%d}")
        tree = TreeRepository(owner)
        checkpoint = await tree.checkpoint()
        assert checkpoint is not None
        exporter = Exporter(tree, ORIGIN, tmp_path / "archive")
        with pytest.raises(EntriesGone):
            await exporter.export(part, checkpoint)

    assert not exporter.place(day(0)).exists()


async def test_a_half_written_export_is_finished(database_url: str, tmp_path: Path) -> None:
    """A power cut in the middle of an export costs the rest of it, not the whole."""
    await make_days(database_url, tmp_path, 600)
    async with a_leaving(database_url, tmp_path) as leaving:
        await leaving.step()
    final = tmp_path / "archive" / str(day(0))
    async with connected(database_url) as owner:
        await owner.execute("TRUNCATE audit.archive")
    half = final.with_name(f".{final.name}.part")
    final.rename(half)
    (half / NAME).unlink()
    (half / "tile" / "entries" / "001.gz").unlink()
    kept = (half / "tile" / "entries" / "000.gz").stat().st_ino
    async with a_leaving(database_url, tmp_path) as leaving:
        assert Event.ARCHIVE_VERIFY == await leaving.step()

    assert kept == (final / "tile" / "entries" / "000.gz").stat().st_ino
    assert 768 == verify(final).entries
