"""Key files: whole or not there, and nobody else's to read."""

import multiprocessing
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from auth import keyfiles
from auth.errors import KeyRingUnusable
from auth.jose import new_private_jwk
from auth.keyfiles import KeyFile
from auth.keys import SigningKeyRing
from tests.party_builders import NOON, a_ring


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Give the file of the one key of a ring."""
    a_ring(tmp_path)
    return next((tmp_path / "keys").iterdir())


def test_files_and_directory_are_their_owners_alone(file: Path) -> None:
    """A signing key that others can read signs for others."""
    assert (0o600, 0o700) == (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_file_that_others_can_read_is_refused(file: Path, mode: int) -> None:
    """As ssh does: better no start than a shared secret."""
    file.chmod(mode)

    with pytest.raises(KeyRingUnusable, match="chmod 600"):
        keyfiles.read(file.parent, file.name)


def test_a_directory_that_others_can_write_is_refused(file: Path) -> None:
    """Whoever can add a file can sign."""
    file.parent.chmod(0o770)

    with pytest.raises(KeyRingUnusable, match="chmod 700"):
        keyfiles.names(file.parent)


def test_a_link_is_not_followed(file: Path, tmp_path: Path) -> None:
    """A key lies in its directory, or it does not count."""
    elsewhere = tmp_path / "elsewhere"
    file.rename(elsewhere)
    file.symlink_to(elsewhere)

    with pytest.raises(KeyRingUnusable):
        keyfiles.read(file.parent, file.name)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("", id="empty"),
        pytest.param("{}", id="without members"),
        pytest.param('{"jwk": {"kty": "EC"}}', id="half a key"),
        pytest.param("[" * 3000, id="brackets"),
    ],
)
def test_a_file_that_is_no_key_is_refused(file: Path, content: str) -> None:
    """A cut-off copy from a backup, say."""
    file.write_text(content)

    with pytest.raises(KeyRingUnusable):
        keyfiles.read(file.parent, file.name)


def test_a_key_under_another_name_is_refused(file: Path) -> None:
    """The name is the id; two names would make two keys of one."""
    file = file.rename(file.with_name("other.jwk"))

    with pytest.raises(KeyRingUnusable, match="another key"):
        keyfiles.read(file.parent, file.name)


def test_hours_without_a_zone_are_refused(tmp_path: Path) -> None:
    """Seven hours decide here whether a key is active."""
    naive = datetime.fromisoformat("2026-11-20T12:00:00")
    key = KeyFile(created_at=naive, active_from=naive, jwk=new_private_jwk("ES256"))

    with pytest.raises(KeyRingUnusable, match="zone"):
        keyfiles.write(tmp_path, key)


def test_a_file_that_went_meanwhile_is_no_failure(file: Path) -> None:
    """A rotation in another process removes spent keys while we read."""
    file.unlink()

    assert keyfiles.read(file.parent, file.name) is None


def test_what_a_crash_left_is_cleared(file: Path) -> None:
    """A half-written key is never read, and does not lie about for ever."""
    left = file.parent / ".abc.tmp"
    left.touch(mode=0o600)

    with keyfiles.locked(file.parent):
        pass

    assert not left.exists()
    assert frozenset({file.name}) == keyfiles.names(file.parent)


def _ensure(directory: Path) -> None:
    SigningKeyRing(directory, keep=timedelta(seconds=420)).ensure(NOON)


def test_workers_that_start_together_make_one_key(tmp_path: Path) -> None:
    """The lock holds between processes, not only between threads."""
    start = multiprocessing.get_context("spawn")
    workers = [start.Process(target=_ensure, args=(tmp_path / "keys",)) for _ in range(3)]

    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(timeout=60)

    assert [0, 0, 0] == [worker.exitcode for worker in workers]
    assert 1 == len(keyfiles.names(tmp_path / "keys"))
