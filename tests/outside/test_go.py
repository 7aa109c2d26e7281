"""Go's packages for notes and transparency logs, from Debian, judge our log."""

import json
import re
from pathlib import Path

import pytest

from gateway.tlog.merkle import consistency_path, inclusion_path
from gateway.tlog.notes import Ed25519Signer
from tests.outside.judges import Go, Refused, base64
from tests.tlog_builders import ORIGIN, SmallLog, ed25519

SIZES = [1, 2, 3, 5, 255, 256, 257, 511, 512, 513, 700]
# Go's library knows Ed25519: the log's plain signature and the first witness's cosignature.
WRONG_KEY = "wrong.example+00000000+AQ=="


def keys(log: SmallLog) -> list[str]:
    """Return the log's key and its witness's, as text."""
    return [str(log.signers[0].vkey), str(log.witnesses[0].vkey)]


def flip(path: Path, at: int) -> None:
    """Change one bit of a file."""
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize("size", SIZES)
def test_go_replays_the_log_at_every_size(go: Go, log: SmallLog, tmp_path: Path, size: int) -> None:
    """Signature, cosignature, every tile up to the root, every entry."""
    log.write(tmp_path, size)

    assert f"{size} {log.root(size).hex()}" == go.judge("tree", tmp_path, keys(log))


SPOILED = {
    "an entry": ("tile/entries/001", 2, "tile/0/001 differs at 0"),
    "the last entry": ("tile/entries/002.p/188", -1, "tile/0/002.p/188 differs at 187"),
    "a tile": ("tile/0/001", 32, "tile/0/001 differs at 1"),
    "the last tile": ("tile/0/002.p/188", -1, "tile/0/002.p/188 differs at 187"),
    "an upper tile": ("tile/1/000.p/2", 0, "tile/1/000.p/2 differs at 0"),
    "the origin": ("checkpoint", 0, "invalid signature"),
    "the size": ("checkpoint", len(ORIGIN) + 1, "invalid signature"),
    "the root": ("checkpoint", len(ORIGIN) + 8, "invalid signature"),
}


@pytest.mark.parametrize("what", SPOILED)
def test_go_finds_a_changed_bit(go: Go, log: SmallLog, folder: Path, what: str) -> None:
    """A judge that finds nothing wrong with a spoiled log would judge nothing."""
    file, at, said = SPOILED[what]
    flip(folder / file, at)

    with pytest.raises(Refused, match=re.escape(said)):
        go.judge("tree", folder, keys(log))


def test_go_finds_a_missing_and_an_added_entry(go: Go, log: SmallLog, folder: Path) -> None:
    """A bundle holds exactly what its tile hashes."""
    bundle = folder / "tile/entries/000"
    whole = bundle.read_bytes()

    bundle.write_bytes(whole[:-1])
    with pytest.raises(Refused, match="entry 255 is missing"):
        go.judge("tree", folder, keys(log))
    bundle.write_bytes(whole + b"\0\0")
    with pytest.raises(Refused, match="more than entry 255"):
        go.judge("tree", folder, keys(log))


def test_go_reads_a_partial_tile_from_the_full_one(go: Go, log: SmallLog, tmp_path: Path) -> None:
    """A log may drop a partial tile once the full one is there."""
    log.write(tmp_path, 400)
    (tmp_path / "tile/0/001.p/144").unlink()
    log.write(tmp_path / "later")
    (tmp_path / "later/tile/0/001").rename(tmp_path / "tile/0/001")

    assert go.judge("tree", tmp_path, keys(log)).startswith("400 ")


def test_go_refuses_another_key(go: Go, log: SmallLog, folder: Path) -> None:
    """The log's key, and the witness's, must be those the reader brought."""
    other = Ed25519Signer(log.origin, ed25519(9))

    with pytest.raises(Refused, match="no verifiable signatures"):
        go.judge("tree", folder, [other.vkey])
    with pytest.raises(Refused, match="invalid verifier hash"):
        go.judge("tree", folder, [*keys(log), WRONG_KEY])


def test_go_refuses_a_swapped_cosignature(go: Go, log: SmallLog, folder: Path) -> None:
    """A witness's line from an older checkpoint does not vouch for this one."""
    older = log.cosigned(699).split("\n")[6]
    lines = (folder / "checkpoint").read_text().split("\n")
    assert lines[6].split(" ")[1] == older.split(" ")[1]
    lines[6] = older
    (folder / "checkpoint").write_text("\n".join(lines))

    with pytest.raises(Refused, match="invalid signature"):
        go.judge("tree", folder, keys(log))


def test_go_finds_a_log_that_was_rewritten_whole(go: Go, log: SmallLog, folder: Path) -> None:
    """Entries and tiles agree with each other, but not with what was signed."""
    signed = (folder / "checkpoint").read_text()
    SmallLog([b"other", *log.entries[1:]]).write(folder)
    (folder / "checkpoint").write_text(signed)

    with pytest.raises(Refused, match="do not make the root"):
        go.judge("tree", folder, keys(log))


def test_go_misses_an_absent_witness(go: Go, log: SmallLog, folder: Path) -> None:
    """A checkpoint that only the log signed is not enough."""
    (folder / "checkpoint").write_text(log.signed())

    with pytest.raises(Refused, match="has not signed"):
        go.judge("tree", folder, keys(log))


@pytest.mark.parametrize("index", [0, 255, 256, 511, 512, 699])
def test_go_believes_a_proof(go: Go, log: SmallLog, tmp_path: Path, index: int) -> None:
    """The file a citizen gets."""
    file = tmp_path / "x.tlog-proof"
    file.write_text(str(log.proof(index)))

    assert log.entries[index].decode() == go.judge("proof", file, keys(log))


@pytest.mark.parametrize(
    ("line", "with_"),
    [(1, "extra ZW50cnkgMA=="), (2, "index 256"), (3, base64(bytes(32)))],
    ids=["entry", "index", "path"],
)
def test_go_does_not_believe_a_changed_proof(
    go: Go, log: SmallLog, tmp_path: Path, line: int, with_: str
) -> None:
    """Another entry, another place, another path."""
    file = tmp_path / "x.tlog-proof"
    lines = str(log.proof(257)).split("\n")
    assert lines[line] != with_
    lines[line] = with_
    file.write_text("\n".join(lines))

    with pytest.raises(Refused, match="invalid"):
        go.judge("proof", file, keys(log))


def test_go_agrees_on_every_small_inclusion(go: Go, log: SmallLog, tmp_path: Path) -> None:
    """Odd sizes have odd paths; a moved index must not pass."""
    file = tmp_path / "question.json"
    for size in (1, 2, 3, 6, 7, 300):
        index = size * 2 // 3
        path = inclusion_path(index, size, log.reader)
        asked = {"entry": base64(log.entries[index]), "index": index, "size": size}
        asked |= {"path": [*map(base64, path)], "root": base64(log.root(size))}
        file.write_text(json.dumps(asked))
        assert "holds" == go.judge("inclusion", file)
        file.write_text(json.dumps(asked | {"index": index + 1}))
        with pytest.raises(Refused):
            go.judge("inclusion", file)


@pytest.mark.parametrize("old", [1, 2, 255, 256, 257, 512, 699, 700])
def test_go_agrees_that_the_log_only_grew(go: Go, log: SmallLog, tmp_path: Path, old: int) -> None:
    """The proof between two checkpoints, and none from a rewritten one."""
    file = tmp_path / "question.json"
    asked = {"old_size": old, "size": 700, "root": base64(log.root(700))}
    asked |= {"path": [*map(base64, consistency_path(old, 700, log.reader))]}
    file.write_text(json.dumps(asked | {"old_root": base64(log.root(old))}))
    assert "holds" == go.judge("consistency", file)

    file.write_text(json.dumps(asked | {"old_root": base64(log.leaves[0][::-1])}))
    with pytest.raises(Refused):
        go.judge("consistency", file)
