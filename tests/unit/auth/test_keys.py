"""The ring of signing keys: rotation with overlap, revocation, accidents."""

from datetime import timedelta
from pathlib import Path

import pytest

from auth.errors import KeyRingUnusable, RotationPending, SigningKeyUnknown
from auth.jose import signed, verified
from auth.keys import KeyState, SigningKeyRing, age_of, is_overdue
from tests.party_builders import NOON, a_ring

MINUTE = timedelta(minutes=1)
LEAD = timedelta(minutes=10)
KEEP = timedelta(seconds=420)
TYPES = frozenset({"at+jwt"})


def states(ring: SigningKeyRing, after: timedelta) -> list[KeyState]:
    """Return the states of the keys so long after noon, oldest key first."""
    return [line.state for line in ring.lines(NOON + after)]


def test_the_first_key_is_active_at_once(tmp_path: Path) -> None:
    """There is nobody yet who could have cached an older set."""
    ring = a_ring(tmp_path)

    assert [KeyState.ACTIVE] == states(ring, timedelta(0))


def test_a_rotation_publishes_then_uses_then_retires(tmp_path: Path) -> None:
    """Issue: next is published before it is used, retired verifies until the last token is over."""
    ring = a_ring(tmp_path)

    ring.rotate(NOON, lead=LEAD)

    moment = timedelta(microseconds=1)
    assert [KeyState.ACTIVE, KeyState.NEXT] == states(ring, LEAD - moment)
    assert [KeyState.RETIRED, KeyState.ACTIVE] == states(ring, LEAD)
    assert [KeyState.RETIRED, KeyState.ACTIVE] == states(ring, LEAD + KEEP - moment)
    assert [KeyState.SPENT, KeyState.ACTIVE] == states(ring, LEAD + KEEP)


def test_a_key_is_overdue_when_it_signed_for_too_long_and_none_follows(tmp_path: Path) -> None:
    """An operator is asked for a rotation once, and no more when it is under way."""
    ring, year = a_ring(tmp_path), timedelta(days=365)
    ring.ensure(NOON)
    later = NOON + year + timedelta(seconds=1)

    assert [False, False, True] == [
        is_overdue(ring.lines(at), at, year) for at in (NOON, NOON + year, later)
    ]
    ring.rotate(later, lead=timedelta(minutes=10))
    after = later + timedelta(minutes=10)
    assert [False, False] == [is_overdue(ring.lines(at), at, year) for at in (later, after)]


def test_a_key_before_its_hour_has_no_age(tmp_path: Path) -> None:
    """Clocks of two processes differ, and an age is never less than nothing."""
    ring = a_ring(tmp_path)
    ring.ensure(NOON)
    (line,) = ring.lines(NOON)

    assert timedelta() == age_of(line, NOON - timedelta(minutes=1))
    assert timedelta(days=2) == age_of(line, NOON + timedelta(days=2))


def test_the_published_set_holds_all_but_the_spent(tmp_path: Path) -> None:
    """Whoever fetches the set can verify yesterday's and tomorrow's tokens."""
    ring = a_ring(tmp_path)
    ring.rotate(NOON, lead=LEAD)

    published = [len(ring.export_jwks(NOON + each)["keys"]) for each in (MINUTE, LEAD, LEAD + KEEP)]

    assert [2, 2, 1] == published


def test_a_token_verifies_until_its_end_through_a_rotation(tmp_path: Path) -> None:
    """Zero false refusals: the worst token is signed in the last instant of the old key."""
    ring = a_ring(tmp_path)
    ring.rotate(NOON, lead=LEAD)
    last = NOON + LEAD - timedelta(microseconds=1)

    token = signed(b"{}", ring.signing(last), typ="at+jwt")

    end = last + timedelta(seconds=300)
    assert ring.signing(end).kid != ring.signing(last).kid
    assert b"{}" == verified(token, types=TYPES, keys=lambda kid: ring.verifying(kid, end))


def test_a_spent_key_verifies_nothing_and_is_destroyed(tmp_path: Path) -> None:
    """A key that no token needs any more is only a risk."""
    ring = a_ring(tmp_path)
    first = ring.signing(NOON).kid
    ring.rotate(NOON, lead=LEAD)
    later = NOON + LEAD + KEEP

    verifies = ring.verifying(first, later)
    ring.rotate(later, lead=LEAD)

    assert () == verifies
    assert first not in [line.kid for line in ring.lines(later)]
    assert 2 == len(list((tmp_path / "keys").iterdir()))


def test_two_rotations_in_a_row_are_one_too_many(tmp_path: Path) -> None:
    """Two operators pressing the button at once must not skip the hour of publication."""
    ring = a_ring(tmp_path)
    ring.rotate(NOON, lead=LEAD)

    with pytest.raises(RotationPending):
        ring.rotate(NOON + MINUTE, lead=LEAD)


def test_another_process_sees_the_rotation(tmp_path: Path) -> None:
    """The command rotates; the workers notice by looking, without a signal."""
    ring = a_ring(tmp_path)
    worker = SigningKeyRing(tmp_path / "keys", keep=KEEP)
    worker.refresh()
    before = worker.generation

    added = ring.rotate(NOON, lead=LEAD)

    assert added.kid == worker.signing(NOON + LEAD).kid
    assert before < worker.generation


def test_looking_again_reads_nothing_when_nothing_changed(tmp_path: Path) -> None:
    """Whoever caches by generation keeps its cache."""
    ring = a_ring(tmp_path)
    before = ring.generation

    ring.refresh()
    ring.signing(NOON)

    assert before == ring.generation


def test_a_revoked_key_is_gone_and_none_comes_back(tmp_path: Path) -> None:
    """The key before it was retired for a reason; it must not sign again."""
    ring = a_ring(tmp_path)
    retired = ring.signing(NOON).kid
    ring.rotate(NOON, lead=MINUTE)
    now = NOON + MINUTE
    stolen = ring.signing(now).kid

    ring.revoke(stolen, now)

    assert () == ring.verifying(stolen, now)
    assert ring.signing(now).kid not in {stolen, retired}


def test_revoking_a_key_that_is_not_there_is_said(tmp_path: Path) -> None:
    """An operator in a hurry mistypes; silence would look like success."""
    with pytest.raises(SigningKeyUnknown):
        a_ring(tmp_path).revoke("nothing", NOON)


def test_before_its_hour_the_only_key_signs(tmp_path: Path) -> None:
    """A worker whose clock is behind the one that made the key still works."""
    ring = a_ring(tmp_path)

    assert ring.signing(NOON).kid == ring.signing(NOON - MINUTE).kid


def test_a_ring_without_keys_says_what_to_do(tmp_path: Path) -> None:
    """Nothing is made up at the first request."""
    (tmp_path / "keys").mkdir(mode=0o700)
    ring = SigningKeyRing(tmp_path / "keys", keep=KEEP)

    with pytest.raises(KeyRingUnusable, match="rotate"):
        ring.signing(NOON)


def test_ensuring_twice_makes_one_key(tmp_path: Path) -> None:
    """Every worker ensures at its start."""
    ring = a_ring(tmp_path)
    SigningKeyRing(tmp_path / "keys", keep=KEEP).ensure(NOON + MINUTE)

    assert 1 == len(ring.lines(NOON + MINUTE))


@pytest.mark.parametrize("accident", ["emptied", "removed", "garbled", "opened"])
def test_a_directory_that_went_bad_does_not_stop_a_running_ring(
    tmp_path: Path, accident: str
) -> None:
    """Invariant I13: a bad file never replaces keys that work, and somebody hears of it."""
    ring = a_ring(tmp_path)
    key = ring.signing(NOON).kid
    directory = tmp_path / "keys"
    file = next(directory.iterdir())
    if accident in {"emptied", "removed"}:
        file.unlink()
    if accident == "removed":
        directory.rmdir()
    if accident in {"garbled", "opened"}:
        copy = directory / "other.jwk"
        copy.write_text("{" if accident == "garbled" else file.read_text())
        copy.chmod(0o600 if accident == "garbled" else 0o644)

    still = ring.signing(NOON).kid

    assert key == still
    assert ring.fault is not None


def test_a_ring_that_was_mended_says_so(tmp_path: Path) -> None:
    """A fault is a state, not a stain."""
    ring = a_ring(tmp_path)
    bad = tmp_path / "keys" / "other.jwk"
    bad.touch(mode=0o600)
    ring.refresh()
    noticed = ring.fault

    bad.unlink()
    ring.refresh()

    assert noticed is not None
    assert ring.fault is None


def test_eddsa_can_be_chosen_and_both_kinds_live_side_by_side(tmp_path: Path) -> None:
    """The algorithm changes by a rotation like any other."""
    a_ring(tmp_path)
    ring = SigningKeyRing(tmp_path / "keys", keep=KEEP, algorithm="EdDSA")

    ring.rotate(NOON, lead=LEAD)

    assert ["ES256", "EdDSA"] == [line.algorithm for line in ring.lines(NOON)]
