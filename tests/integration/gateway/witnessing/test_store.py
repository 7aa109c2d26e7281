"""A witness's memory on a real file system."""

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gateway.tlog.checkpoints import parse_checkpoint
from gateway.tlog.cosignatures import verifier_of
from gateway.tlog.notes import open_note
from gateway.witnessing.decisions import NotCosigned, Why
from gateway.witnessing.files import StoreUnusable
from gateway.witnessing.identity import create, load
from gateway.witnessing.store import MOST_EVIDENCE, ClockBack, WitnessStore, origin_hash
from tests.tlog_builders import AT_S, ORIGIN
from tests.witness_builders import NAME, a_fork, a_log, a_store, offered

LOG = a_log(300)


def size_held(store: WitnessStore) -> int:
    """Return the size that *store* holds for the small log."""
    note = store.checkpoint(origin_hash(ORIGIN))
    return parse_checkpoint(note.partition("\n\n")[0] + "\n").size if note else 0


def test_what_is_kept_is_the_checkpoint_with_both_cosignatures(tmp_path: Path) -> None:
    """An inspector opens the file with any editor, and any program of others verifies it."""
    store, who = a_store(tmp_path / "w")
    store.advance(offered(LOG, 0, 7))
    kept = (tmp_path / "w" / origin_hash(ORIGIN) / "checkpoint").read_text("utf-8")

    assert kept == store.checkpoint(origin_hash(ORIGIN))
    assert {NAME} == set(open_note(kept, [verifier_of(key) for key in who.vkeys]).names)
    assert 2 == len(open_note(kept, [verifier_of(key) for key in who.vkeys]).verified)
    assert LOG.signed(7).splitlines()[:3] == kept.splitlines()[:3]


def test_a_restarted_witness_remembers(tmp_path: Path) -> None:
    """Forgetting is what an equivocating log waits for."""
    a_store(tmp_path / "w")[0].advance(offered(LOG, 0, 7))
    again = WitnessStore(tmp_path / "w", load(tmp_path / "w"), lambda: AT_S)

    with pytest.raises(NotCosigned) as refused:
        again.advance(offered(LOG, 0, 9))

    assert (Why.SIZE_OTHER, 7) == (refused.value.why, refused.value.held)
    assert 2 == len(again.advance(offered(LOG, 7, 9)))


def test_a_refusal_changes_nothing(tmp_path: Path) -> None:
    """What was not cosigned was not seen."""
    store, _ = a_store(tmp_path / "w")
    store.advance(offered(LOG, 0, 10))
    before = store.checkpoint(origin_hash(ORIGIN))

    for old, size in ((10, 15), (10, 10)):
        with pytest.raises(NotCosigned):
            store.advance(offered(a_fork(), old, size))

    assert before == store.checkpoint(origin_hash(ORIGIN))


def test_a_contradiction_is_kept_once_as_evidence(tmp_path: Path) -> None:
    """Two checkpoints of one size, both signed by the log: that is proof before any court."""
    store, _ = a_store(tmp_path / "w")
    store.advance(offered(LOG, 0, 10))

    for _ in range(3):
        with pytest.raises(NotCosigned):
            store.advance(offered(a_fork(), 10, 10))
    kept = list((tmp_path / "w" / origin_hash(ORIGIN) / "contradictions").glob("10-*.note"))

    assert 1 == store.contradictions(ORIGIN) == len(kept)
    assert a_fork().signed(10).startswith(kept[0].read_text("utf-8").partition("\n\n")[0])


def test_evidence_never_fills_a_disk(tmp_path: Path) -> None:
    """A log that lies without end must not silence the witness by it."""
    store, _ = a_store(tmp_path / "w")
    store.advance(offered(LOG, 0, 10))
    lies = a_fork(10 + MOST_EVIDENCE + 20)

    for size in range(11, 11 + MOST_EVIDENCE + 5):
        with pytest.raises(NotCosigned):
            store.advance(offered(lies, 10, size))
    kept = list((tmp_path / "w" / origin_hash(ORIGIN) / "unproven").glob("*.note"))

    assert MOST_EVIDENCE == len(kept)
    assert 2 == len(store.advance(offered(LOG, 10, 11)))


def test_of_many_at_once_exactly_one_moves_a_log_on(tmp_path: Path) -> None:
    """Judging and writing are one step, or a log could be rolled back between them."""
    store, _ = a_store(tmp_path / "w")
    store.advance(offered(LOG, 0, 10))

    def attempt(size: int) -> bool:
        try:
            store.advance(offered(LOG, 10, size))
        except NotCosigned:
            return False
        return True

    with ThreadPoolExecutor(16) as threads:
        moved = list(threads.map(attempt, range(11, 75)))

    assert 1 == sum(moved)
    assert 11 + moved.index(True) == size_held(store)


def test_a_changed_file_is_not_believed(tmp_path: Path) -> None:
    """Whoever edits the memory must not thereby make the witness sign."""
    store, _ = a_store(tmp_path / "w")
    store.advance(offered(LOG, 0, 10))
    path = tmp_path / "w" / origin_hash(ORIGIN) / "checkpoint"
    path.write_text(a_fork().signed(5), "utf-8")

    with pytest.raises(StoreUnusable, match="not as this witness wrote it"):
        store.advance(offered(a_fork(), 5, 8))
    with pytest.raises(StoreUnusable):
        store.checkpoint(origin_hash(ORIGIN))


@pytest.mark.parametrize(("back_s", "stated"), [(3, AT_S), (5, AT_S)])
def test_a_clock_put_back_a_little_states_the_last_time(
    tmp_path: Path, back_s: int, stated: int
) -> None:
    """Clocks are corrected by seconds every day."""
    store, who = a_store(tmp_path / "w")
    store.advance(offered(LOG, 0, 10))
    later = WitnessStore(tmp_path / "w", who, lambda: AT_S - back_s)

    lines = later.advance(offered(LOG, 10, 11))

    assert [stated, stated] == [int.from_bytes(each.value[:8], "big") for each in lines]


def test_a_clock_put_back_far_signs_nothing(tmp_path: Path) -> None:
    """A larger tree at an earlier time contradicts what was signed before."""
    store, who = a_store(tmp_path / "w")
    store.advance(offered(LOG, 0, 10))

    with pytest.raises(ClockBack):
        WitnessStore(tmp_path / "w", who, lambda: AT_S - 6).advance(offered(LOG, 10, 11))

    assert 10 == size_held(store)


def test_keys_are_made_once_and_for_their_owner(tmp_path: Path) -> None:
    """A second making would give one name two memories."""
    who = create(tmp_path / "w", NAME)
    mode = stat.S_IMODE((tmp_path / "w" / "witness.json").stat().st_mode)

    assert 0o600 == mode
    assert who.vkeys == load(tmp_path / "w").vkeys
    with pytest.raises(StoreUnusable, match="already"):
        create(tmp_path / "w", NAME)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\nb", "x" * 256])
def test_a_name_that_no_line_can_hold_is_refused(tmp_path: Path, name: str) -> None:
    """The name stands in every signature line."""
    with pytest.raises(StoreUnusable):
        create(tmp_path / "w", name)

    assert not (tmp_path / "w").exists()


def test_keys_that_others_may_read_are_not_used(tmp_path: Path) -> None:
    """A witness's key is worth what its secrecy is worth."""
    create(tmp_path / "w", NAME)
    (tmp_path / "w" / "witness.json").chmod(0o640)

    with pytest.raises(StoreUnusable, match="chmod 600"):
        load(tmp_path / "w")


@pytest.mark.parametrize(
    "content", ["", "{}", '{"v":1,"name":"a","ed25519":"AA==","ml_dsa_44":""}']
)
def test_a_damaged_key_file_is_named(tmp_path: Path, content: str) -> None:
    """An operator reads which file, not a stack of calls."""
    create(tmp_path / "w", NAME)
    (tmp_path / "w" / "witness.json").write_text(content)

    with pytest.raises(StoreUnusable, match="damaged"):
        load(tmp_path / "w")


def test_a_folder_without_a_witness_says_what_to_do(tmp_path: Path) -> None:
    """A lost store is a lost witness: it does not begin again in silence."""
    with pytest.raises(StoreUnusable, match="keygen"):
        load(tmp_path)


def test_a_full_disk_leaves_the_old_memory_whole(tmp_path: Path) -> None:
    """A write that fails must not be half a memory."""
    store, _ = a_store(tmp_path / "w")
    store.advance(offered(LOG, 0, 10))
    folder = tmp_path / "w" / origin_hash(ORIGIN)
    (folder / f".checkpoint.{os.getpid()}.new").mkdir()  # the draft cannot be made

    with pytest.raises(OSError, match="directory"):
        store.advance(offered(LOG, 10, 11))

    assert 10 == size_held(store)
