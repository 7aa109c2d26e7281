"""Secrets of nonces on disk: made once, rotated by whoever comes first, read by all."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from auth.errors import KeyRingUnusable
from auth.possession.nonces import Nonces
from auth.possession.secrets import NonceSecret, NonceSecrets
from tests.possession_builders import NOW

DAY_S = 86_400.0


def a_ring(directory: Path) -> NonceSecrets:
    """Return what one worker has of the directory."""
    return NonceSecrets(directory / "nonces", life_s=600)


def test_the_first_worker_makes_the_secret_and_the_others_read_it(tmp_path: Path) -> None:
    """Eight workers that start at once have one secret between them."""
    with ThreadPoolExecutor(8) as workers:
        made = list(workers.map(lambda _: a_ring(tmp_path).ensure(NOW, every_s=DAY_S), range(8)))

    assert 1 == sum(made)
    assert a_ring(tmp_path)() == a_ring(tmp_path)()
    assert 1 == len(a_ring(tmp_path)())


def test_a_rotation_by_one_worker_is_known_to_the_next_at_once(tmp_path: Path) -> None:
    """No signal, no wait: the list of files is looked at with every use."""
    one, other = a_ring(tmp_path), a_ring(tmp_path)
    one.ensure(NOW, every_s=DAY_S)
    before = Nonces(other).current(NOW)

    one.ensure(NOW + DAY_S, every_s=DAY_S)

    assert 2 == len(other())
    assert other()[0] != other()[1]
    assert Nonces(one).made_at(before) == NOW
    assert Nonces(other).made_at(Nonces(one).current(NOW)) == NOW


def test_a_secret_is_young_until_its_hour(tmp_path: Path) -> None:
    """A look every minute does not make a secret every minute."""
    ring = a_ring(tmp_path)
    ring.ensure(NOW, every_s=DAY_S)

    assert not ring.ensure(NOW + DAY_S - 1, every_s=DAY_S)
    assert 1 == len(ring())


def test_a_spent_secret_is_destroyed(tmp_path: Path) -> None:
    """What no living nonce was made with is of use to a thief alone."""
    ring = a_ring(tmp_path)
    ring.ensure(NOW, every_s=60)
    ring.ensure(NOW + 60, every_s=60)
    both = ring()

    ring.ensure(NOW + 60 + 601, every_s=60)

    assert both[0] in ring()
    assert both[1] not in ring()


def test_two_secrets_of_one_millisecond_stay_apart(tmp_path: Path) -> None:
    """A clock that was set back does not overwrite a secret in use."""
    ring = a_ring(tmp_path)
    ring.ensure(NOW, every_s=60)
    ring.ensure(NOW, every_s=0)

    assert 2 == len(ring())


def test_a_directory_without_a_secret_is_said(tmp_path: Path) -> None:
    """A worker without one would invent nonces that no other knows."""
    with pytest.raises(KeyRingUnusable, match="cannot be read"):
        a_ring(tmp_path)()
    (tmp_path / "nonces").mkdir()
    with pytest.raises(KeyRingUnusable, match="empty"):
        a_ring(tmp_path)()


@pytest.mark.parametrize(
    ("mode", "content", "name"),
    [(0o640, b"1" * 32, "1.nonce"), (0o600, b"1" * 31, "1.nonce"), (0o600, b"1" * 32, "x.nonce")],
    ids=["readable by others", "too short", "no hour"],
)
def test_a_file_that_is_no_secret_of_ours_is_refused(
    tmp_path: Path, mode: int, content: bytes, name: str
) -> None:
    """Somebody put it there, or somebody else has read it."""
    directory = tmp_path / "nonces"
    directory.mkdir(0o700)
    (directory / name).write_bytes(content)
    (directory / name).chmod(mode)

    with pytest.raises(KeyRingUnusable):
        a_ring(tmp_path)()


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    """It could lead to a file that somebody else chose."""
    directory = tmp_path / "nonces"
    directory.mkdir(0o700)
    (tmp_path / "elsewhere").write_bytes(b"1" * 32)
    (directory / "1.nonce").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(KeyRingUnusable):
        a_ring(tmp_path)()


def test_a_secret_is_never_printed() -> None:
    """A log line would hand it to every reader."""
    assert "abc" not in repr(NonceSecret(1, b"abc"))
