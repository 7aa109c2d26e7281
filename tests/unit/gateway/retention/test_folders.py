"""Files that are whole or absent."""

from pathlib import Path

import pytest

from gateway.retention import folders
from gateway.retention.manifest import ArchiveBroken


def test_a_file_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    """No reader finds half a tile, and no draft stays behind."""
    folders.write(tmp_path / "a" / "b", b"one")
    folders.write(tmp_path / "a" / "b", b"two")

    assert ["b"] == [path.name for path in (tmp_path / "a").iterdir()]
    assert b"two" == (tmp_path / "a" / "b").read_bytes()


def test_the_same_content_packs_to_the_same_bytes() -> None:
    """Two exports of one day can be compared with cmp."""
    assert folders.pack(b"x" * 1000) == folders.pack(b"x" * 1000)
    assert b"x" * 1000 == folders.unpack(folders.pack(b"x" * 1000), 1000)
    with pytest.raises(ArchiveBroken):
        folders.unpack(folders.pack(b"x" * 1001), 1000)


def test_a_copy_that_was_cut_is_finished(tmp_path: Path) -> None:
    """A copy over a slow line goes on where it stopped."""
    for name in ("a", "b/c"):
        folders.write(tmp_path / "one" / name, name.encode())
    folders.write(tmp_path / ".two.part" / "a", b"a")
    kept = (tmp_path / ".two.part" / "a").stat().st_ino
    folders.copy(tmp_path / "one", tmp_path / "two")
    folders.copy(tmp_path / "one", tmp_path / "two")

    assert kept == (tmp_path / "two" / "a").stat().st_ino
    assert b"b/c" == (tmp_path / "two" / "b" / "c").read_bytes()
    assert not (tmp_path / ".two.part").exists()


def test_publishing_twice_is_harmless(tmp_path: Path) -> None:
    """After a crash nobody knows whether the name was given already."""
    folders.write(tmp_path / ".x" / "a", b"1")
    folders.publish(tmp_path / ".x", tmp_path / "x")
    folders.publish(tmp_path / ".x", tmp_path / "x")

    assert b"1" == (tmp_path / "x" / "a").read_bytes()
