"""A new log after a loss: the leaf comes first, and nothing is forgotten."""

from pathlib import Path

import pytest

from gateway.clock import utc_now
from gateway.sequencing.guard import Guard, Published
from gateway.sequencing.reorigin import NothingToLeave, left_behind, reorigin
from gateway.sequencing.rows import TreeHead

OLD = Published("motlan.test/audit/1", 900, bytes(range(32)), utc_now())
HEAD = TreeHead(700, bytes(32), utc_now())


async def head() -> TreeHead:
    """Return the restored tree."""
    return HEAD


def test_a_log_cannot_follow_itself_or_nothing(tmp_path: Path) -> None:
    """The operator names the new log first."""
    guard = Guard(tmp_path / "guard.json")
    with pytest.raises(NothingToLeave):
        left_behind(guard, "motlan.test/audit/2")
    guard.write(OLD)
    with pytest.raises(NothingToLeave, match="another name"):
        left_behind(guard, OLD.origin)

    assert OLD == left_behind(guard, "motlan.test/audit/2")


async def test_each_end_is_remembered_however_often_it_happens(tmp_path: Path) -> None:
    """Three names later the first end is still in the file."""
    guard = Guard(tmp_path / "guard.json")
    guard.write(OLD)
    told: list[int] = []

    async def commit_to(old: Published) -> None:
        told.append(old.size)

    for n in (2, 3):
        origin = f"motlan.test/audit/{n}"
        old = left_behind(guard, origin)
        begun = await reorigin(
            old, origin, guard=guard, head=head, commit_to=commit_to, at=utc_now()
        )
        assert begun == guard.read()

    assert [900, 700] == told
    found = guard.read()
    assert found is not None
    assert [900, 700] == [one.size for one in found.before]


async def test_without_the_leaf_nothing_changes(tmp_path: Path) -> None:
    """A new log that commits to nothing would be the very rewriting that it must not be."""
    guard = Guard(tmp_path / "guard.json")
    guard.write(OLD)

    async def commit_to(_: Published) -> None:
        raise OSError

    with pytest.raises(OSError):  # noqa: PT011 - the test's own
        await reorigin(
            OLD, "motlan.test/audit/2", guard=guard, head=head, commit_to=commit_to, at=utc_now()
        )

    assert OLD == guard.read()
