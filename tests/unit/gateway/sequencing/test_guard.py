"""The guard file: whole, flushed, private, never ignored."""

import stat
from pathlib import Path

import pytest

from gateway.clock import utc_now
from gateway.sequencing.guard import Guard, GuardUnreadable, Published

OLD = Published("motlan.test/audit/1", 7, bytes(range(32)), utc_now())
NEW = Published("motlan.test/audit/2", 9, bytes(32), utc_now(), (OLD,))


def test_what_was_published_is_read_back(tmp_path: Path) -> None:
    """With the logs that ended before it."""
    guard = Guard(tmp_path / "deep" / "guard.json")
    assert None is guard.read()

    guard.write(OLD)
    guard.write(NEW)

    assert NEW == Guard(guard.path).read()
    assert {"guard.json", ".guard.json.lock"} == {path.name for path in guard.path.parent.iterdir()}
    assert 0o600 == stat.S_IMODE(guard.path.stat().st_mode)


def test_a_slower_process_of_the_same_node_does_not_take_anything_back(tmp_path: Path) -> None:
    """Two keepers on one host share the file; it never says less than before."""
    guard = Guard(tmp_path / "guard.json")
    guard.write(OLD)

    guard.write(Published(OLD.origin, 6, bytes(32), utc_now()))

    assert OLD == guard.read()


@pytest.mark.parametrize("content", ["", "{}", '{"origin":"a","size":"7"}', "\x00" * 200])
def test_a_file_that_says_nothing_is_an_alarm(tmp_path: Path, content: str) -> None:
    """Emptying it must not be enough to begin another history."""
    guard = Guard(tmp_path / "guard.json")
    guard.path.write_text(content)

    with pytest.raises(GuardUnreadable):
        guard.read()


def test_a_directory_in_its_place_is_an_alarm(tmp_path: Path) -> None:
    """As is anything else that cannot be read."""
    (tmp_path / "guard.json").mkdir()

    with pytest.raises(GuardUnreadable):
        Guard(tmp_path / "guard.json").read()


def test_a_write_that_fails_leaves_the_old_word(tmp_path: Path) -> None:
    """A full disk must not take away what is known."""
    guard = Guard(tmp_path / "guard.json")
    guard.write(OLD)
    blocked = Guard(tmp_path / "guard.json" / "below")

    with pytest.raises(OSError, match="guard"):
        blocked.write(NEW)

    assert OLD == guard.read()
