"""The ring of log keys: who signs when, and who may read the files."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from gateway.sequencing.keyfiles import SUFFIX, LogKeysUnusable, new_pair, read_all, write
from gateway.sequencing.keys import KeyState, KeyUnknown, LogKeys
from gateway.tlog.checkpoints import Checkpoint
from gateway.tlog.cosignatures import verifier_of
from gateway.tlog.notes import open_note, parse_vkey, sign_note
from tests.tree_rows import ORIGIN, plain_root

NOW = datetime.fromisoformat("2026-11-21T08:00:00+00:00")
HOUR = timedelta(hours=1)
_SECOND = timedelta(seconds=1)
TEXT = Checkpoint(ORIGIN, 1, plain_root([bytes(32)])).text()


@pytest.fixture
def ring(tmp_path: Path) -> LogKeys:
    """Give a ring with its first pair, and an overlap of an hour."""
    made = LogKeys(tmp_path / "log", ORIGIN, overlap=HOUR)
    made.ensure(NOW)
    return made


def states(ring: LogKeys, now: datetime) -> list[KeyState]:
    """Return what each pair does at *now*, oldest first."""
    return [line.state for line in ring.lines(now)]


def test_the_first_pair_signs_at_once_and_is_made_once(ring: LogKeys) -> None:
    """A second start must not make a second log."""
    (before,) = ring.lines(NOW)
    ring.ensure(NOW + HOUR)

    assert [before] == ring.lines(NOW)
    assert [KeyState.ACTIVE] == states(ring, NOW)
    assert 2 == len(ring.signers(NOW))


def test_a_rotation_goes_through_next_both_and_retired(ring: LogKeys) -> None:
    """Verifiers learn the new key before it signs, and never meet a note without the old one."""
    ring.rotate(NOW, lead=2 * HOUR)

    assert [KeyState.ACTIVE, KeyState.NEXT] == states(ring, NOW + HOUR)
    assert 2 == len(ring.signers(NOW + HOUR))
    assert [KeyState.ACTIVE, KeyState.ACTIVE] == states(ring, NOW + 2 * HOUR)
    assert 4 == len(ring.signers(NOW + 2 * HOUR))
    assert [KeyState.RETIRED, KeyState.ACTIVE] == states(ring, NOW + 3 * HOUR)
    assert 2 == len(ring.signers(NOW + 3 * HOUR))


def test_a_note_of_any_time_verifies_by_any_key_that_signed_it(ring: LogKeys) -> None:
    """Old checkpoints are evidence; their keys are never forgotten."""
    ring.rotate(NOW, lead=HOUR)
    early = sign_note(TEXT, ring.signers(NOW))
    both = sign_note(TEXT, ring.signers(NOW + HOUR))
    late = sign_note(TEXT, ring.signers(NOW + 3 * HOUR))
    old, new = ring.lines(NOW)

    for note, vkeys in [
        (early, old.vkeys),
        (both, (*old.vkeys, *new.vkeys)),
        (late, new.vkeys),
    ]:
        for vkey in vkeys:
            assert (ORIGIN,) == open_note(note, [verifier_of(parse_vkey(vkey))]).names
        assert len(vkeys) == len(open_note(note, ring.verifiers()).verified)


def test_only_one_pair_waits_at_a_time(ring: LogKeys) -> None:
    """A second rotation before the first took effect is a mistake."""
    ring.rotate(NOW, lead=HOUR)

    with pytest.raises(LogKeysUnusable, match="published already"):
        ring.rotate(NOW, lead=HOUR)


def test_private_halves_are_destroyed_after_retirement(ring: LogKeys, tmp_path: Path) -> None:
    """A stolen backup must not sign the past anew; the public halves stay."""
    first, *_ = ring.lines(NOW)
    ring.rotate(NOW, lead=HOUR)
    ring.rotate(NOW + 3 * HOUR, lead=HOUR)

    old, *_ = ring.lines(NOW + 3 * HOUR)
    assert (first.id, True, first.vkeys) == (old.id, old.destroyed, old.vkeys)
    stored = {pair.id: pair for pair in read_all(tmp_path / "log")}
    assert (b"", b"") == (stored[old.id].ed25519, stored[old.id].ml_dsa_44)


def test_a_pair_that_others_have_seen_ends_at_once(ring: LogKeys) -> None:
    """Rotate at once, then retire: the thief's signatures carry a key that is retired."""
    (stolen,) = ring.lines(NOW)
    with pytest.raises(LogKeysUnusable, match="no other"):
        ring.retire(stolen.id, NOW)
    ring.rotate(NOW, lead=timedelta())

    ended = ring.retire(stolen.id, NOW + timedelta(minutes=1))

    assert (KeyState.RETIRED, True) == (ended.state, ended.destroyed)
    assert 2 == len(ring.signers(NOW + timedelta(minutes=1)))
    with pytest.raises(KeyUnknown):
        ring.retire("nobody", NOW)


def test_a_retired_successor_does_not_end_the_one_before_it(ring: LogKeys) -> None:
    """A new pair that was seen by others goes; the old one signs on."""
    line = ring.rotate(NOW, lead=timedelta())
    ring.retire(line.id, NOW)

    assert [KeyState.ACTIVE, KeyState.RETIRED] == states(ring, NOW + 9 * HOUR)


def test_another_process_rotates_and_this_one_notices(ring: LogKeys, tmp_path: Path) -> None:
    """The command runs beside the keeper."""
    assert 2 == len(ring.signers(NOW))
    LogKeys(tmp_path / "log", ORIGIN, overlap=HOUR).rotate(NOW, lead=timedelta())

    assert 4 == len(ring.signers(NOW + _SECOND))


def test_files_that_others_may_read_are_refused(ring: LogKeys, tmp_path: Path) -> None:
    """Everywhere, and so in production: a key that others could copy proves nothing."""
    (path,) = (tmp_path / "log").glob(f"*{SUFFIX}")
    path.chmod(0o640)
    with pytest.raises(LogKeysUnusable, match="chmod 600"):
        ring.signers(NOW)

    path.chmod(0o600)
    (tmp_path / "log").chmod(0o750)
    with pytest.raises(LogKeysUnusable, match="chmod 700"):
        read_all(tmp_path / "log")


@pytest.mark.parametrize("content", [b"", b"{}", b'{"v":1}', b"\xff" * 100])
def test_a_damaged_file_is_refused_and_not_shown(tmp_path: Path, content: bytes) -> None:
    """No key material and no guess in the message."""
    folder = tmp_path / "log"
    folder.mkdir(mode=0o700)
    (folder / f"abc{SUFFIX}").write_bytes(content)
    (folder / f"abc{SUFFIX}").chmod(0o600)

    with pytest.raises(LogKeysUnusable, match="is damaged"):
        read_all(folder)


def test_a_file_under_another_name_and_a_swapped_half_are_refused(tmp_path: Path) -> None:
    """A file that somebody copied or stitched together is not ours."""
    folder = tmp_path / "log"
    folder.mkdir(mode=0o700)
    one, two = new_pair(NOW, NOW), new_pair(NOW, NOW)
    write(folder, one)
    ring = LogKeys(folder, ORIGIN, overlap=HOUR)
    stitched = type(one)(
        **{name: getattr(one, name) for name in one.__struct_fields__ if name != "ed25519"},
        ed25519=two.ed25519,
    )
    write(folder, stitched)
    with pytest.raises(LogKeysUnusable, match="belong together"):
        ring.signers(NOW)

    (folder / f"{one.id}{SUFFIX}").rename(folder / f"{two.id}{SUFFIX}")
    with pytest.raises(LogKeysUnusable, match="not a key file of ours"):
        read_all(folder)


def test_a_ring_without_files_signs_nothing(tmp_path: Path) -> None:
    """And makes no key by being asked."""
    ring = LogKeys(tmp_path / "none", ORIGIN, overlap=HOUR)

    assert [] == ring.lines(NOW)
    with pytest.raises(LogKeysUnusable, match="no log key is active"):
        ring.signers(NOW)
    assert not (tmp_path / "none").exists()
