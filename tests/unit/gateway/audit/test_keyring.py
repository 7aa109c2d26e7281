"""The file ring: one key for all workers, closed to others, gone when destroyed."""

import stat
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from gateway.audit.keyring import (
    KeyDestroyed,
    KeyInfo,
    Keyring,
    KeyringUnsafe,
    KeyState,
    Purpose,
)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Give a place for a ring."""
    return tmp_path / "keys"


def made(directory: Path) -> bytes:
    """Make or read the key, as a worker does."""
    return Keyring(directory).key(Purpose.CITIZENS, "2026")


def test_workers_that_start_together_agree_on_one_key(directory: Path) -> None:
    """Two keys for one year would split every person in two."""
    with ProcessPoolExecutor(4, mp_context=get_context("spawn")) as workers:
        keys = set(workers.map(made, [directory] * 8))

    assert 1 == len(keys)
    assert 32 == len(keys.pop())


def test_files_are_for_the_owner_alone(directory: Path) -> None:
    """Whoever reads the key undoes every pseudonym."""
    made(directory)

    modes = {stat.S_IMODE(path.stat().st_mode) for path in directory.iterdir()}
    assert {0o600} == modes
    assert 0o700 == stat.S_IMODE(directory.stat().st_mode)


def test_a_key_that_others_can_read_is_not_used(directory: Path) -> None:
    """Better no record, hence no data, than a record that anybody can read."""
    made(directory)
    (directory / "citizens-2026.key").chmod(0o640)

    with pytest.raises(KeyringUnsafe, match="chmod 600"):
        made(directory)


def test_a_directory_that_others_can_enter_is_not_used(directory: Path) -> None:
    """The same for the place where new keys are born."""
    directory.mkdir(mode=0o755)

    with pytest.raises(KeyringUnsafe, match="chmod 700"):
        made(directory)


@pytest.mark.parametrize("content", [b"", b"{}", b'{"v":1,"state":"active","key":"AAAA"}'])
def test_a_damaged_key_is_never_replaced(directory: Path, content: bytes) -> None:
    """A new key in its place would hide that the old one is lost."""
    made(directory)
    (directory / "citizens-2026.key").write_bytes(content)

    with pytest.raises(KeyringUnsafe):
        made(directory)


def test_a_destroyed_key_stays_destroyed(directory: Path) -> None:
    """A key made anew under the same name would look as if the year had been kept."""
    ring = Keyring(directory)
    key = made(directory)
    ring.destroy(Purpose.CITIZENS, "2026")

    with pytest.raises(KeyDestroyed):
        made(directory)
    assert key not in (directory / "citizens-2026.key").read_bytes()
    assert ring.existing(Purpose.CITIZENS, "2026") is None
    assert [KeyInfo(Purpose.CITIZENS, "2026", KeyState.DESTROYED)] == ring.keys()


def test_a_key_whose_destruction_was_cut_short_is_destroyed(directory: Path) -> None:
    """The machine stopped once the key was overwritten: every list of every citizen still opens."""
    made(directory)
    file = directory / "citizens-2026.key"
    file.write_bytes(b"\0" * file.stat().st_size)

    with pytest.raises(KeyDestroyed):
        made(directory)
    assert [KeyInfo(Purpose.CITIZENS, "2026", KeyState.DESTROYED)] == Keyring(directory).keys()


def test_a_strange_key_is_told_by_its_name(directory: Path) -> None:
    """Somebody put a copy beside the ring; what goes on for years must not end over it."""
    made(directory)
    (directory / "copy-of-citizens-2026.key").write_bytes(b"")

    with pytest.raises(KeyringUnsafe, match="copy-of-citizens-2026"):
        Keyring(directory).keys()


def test_a_search_makes_no_keys(directory: Path) -> None:
    """Looking at an epoch without records must leave no trace of it."""
    assert Keyring(directory).existing(Purpose.CITIZENS, "2019") is None
    assert [] == Keyring(directory).keys()


def test_what_never_was_cannot_be_destroyed(directory: Path) -> None:
    """A slip of the year is told, not obeyed."""
    with pytest.raises(KeyError):
        Keyring(directory).destroy(Purpose.CITIZENS, "1999")
