"""Hostile bundles: an archive is judged before it is believed, and never unpacked."""

import io
from collections.abc import Callable
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import pytest

from gateway.exports import manifest
from gateway.exports.archive import Archive
from gateway.exports.manifest import Manifest, Tree
from gateway.tlog.cosignatures import Ed25519Cosigner
from gateway.tlog.merkle import consistency_path
from gateway.tlog.notes import Ed25519Signer
from gateway.tlog.policies import Policy, parse_policy
from gateway.verification.bundles import LARGEST_MEMBER, Checked, NotABundle, check
from gateway.witnessing.requests import AddCheckpoint, encode
from tests.tlog_builders import ORIGIN, SmallLog, ed25519, entries

LOG = SmallLog([b'{"n":%d}' % n for n in range(40)])
SIGNER = Ed25519Signer(f"{ORIGIN}/exports", ed25519(9))
TREE = Tree(ORIGIN, 40, LOG.root().hex())


def written(
    path: Path,
    indexes: tuple[int, ...] = (3, 17),
    more: Callable[[Archive], None] | None = None,
    tree: Tree = TREE,
) -> Path:
    """Write a bundle of a small log, as an export does."""
    proof = tuple(consistency_path(20, 40, LOG.reader))
    with Archive(path) as archive:
        for index in indexes:
            archive.add(f"records/{index}.json", LOG.entries[index])
            archive.add(f"proofs/{index}.tlog-proof", str(LOG.proof(index)))
        archive.add("checkpoint", LOG.cosigned())
        archive.add("checkpoint.old", LOG.cosigned(20))
        archive.add("consistency", encode(AddCheckpoint(20, proof, LOG.cosigned())))
        archive.add("policy", str(LOG.policy()))
        archive.add("keys/exports-1.vkey", f"{SIGNER.vkey}\n")
        if more is not None:
            more(archive)
        listed = Manifest(
            id="1", format="bundle", query="", made_at="", record="", complete=True,
            tree=tree, first_index=3, last_index=17,
            records=len(indexes), searched_below=40, witnessed=True, files=tuple(archive.files),
        )  # fmt: skip
        archive.add(manifest.NAME, manifest.signed(listed, [SIGNER]))
    return path


def judged(path: Path, policy: Policy | None = None) -> Checked:
    """Judge the file at *path*."""
    return check(path, policy, lambda _files: None)


def test_a_bundle_as_it_was_written_is_whole(tmp_path: Path) -> None:
    """The other tests mean something only beside this one."""
    found = judged(written(tmp_path / "x.zip"))

    assert ([], 2, True, ("w1", "w2")) == (
        found.faults, found.proofs, found.signed, found.witnesses,
    )  # fmt: skip


@pytest.mark.parametrize(
    "name",
    ["../../etc/passwd", "/etc/passwd", "records/../x.json", "records/03.json", "run.sh",
     "records/1.json\n", "proofs/-1.tlog-proof"],
)  # fmt: skip
def test_a_name_that_no_export_has_is_refused(tmp_path: Path, name: str) -> None:
    """Nothing is unpacked, and nothing outside is ever read."""
    path = written(tmp_path / "x.zip", more=lambda archive: archive.add(name, b"x"))

    with pytest.raises(NotABundle, match="no export has"):
        judged(path)


def test_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    """One program would judge the first, another would show the second."""
    path = written(tmp_path / "x.zip")
    with pytest.warns(UserWarning, match="Duplicate"), ZipFile(path, "a") as archive:
        archive.writestr("records/3.json", b"{}")

    with pytest.raises(NotABundle, match="one name"):
        judged(path)


def test_a_member_that_swells_is_refused_before_it_fills_the_memory(tmp_path: Path) -> None:
    """A megabyte of zeros fits a kilobyte."""
    path = tmp_path / "x.zip"
    with ZipFile(path, "w", ZIP_DEFLATED) as archive:
        archive.writestr(manifest.NAME, b"\0" * (LARGEST_MEMBER + 1))

    with pytest.raises(NotABundle, match="larger"):
        judged(path)


def test_a_link_in_a_folder_is_not_followed(tmp_path: Path) -> None:
    """A bundle must not show the judge's own files."""
    with ZipFile(written(tmp_path / "x.zip")) as archive:
        archive.extractall(tmp_path / "folder")
    (tmp_path / "folder/policy").unlink()
    (tmp_path / "folder/policy").symlink_to("/etc/hostname")

    with pytest.raises(NotABundle, match="policy is missing"):
        judged(tmp_path / "folder")


def test_a_forged_manifest_is_not_enough(tmp_path: Path) -> None:
    """Whoever rewrites a record can rewrite its digest, not the path to a signed root."""

    def forged(archive: Archive) -> None:
        archive.add("records/5.json", b'{"n":666}')
        archive.add("proofs/5.tlog-proof", str(LOG.proof(5)))

    found = judged(written(tmp_path / "x.zip", indexes=(), more=forged))

    assert ["proofs/5.tlog-proof: expected a path from the entry to the root"] == found.faults[:1]


@pytest.mark.parametrize(
    "tree",
    [
        Tree(f"{ORIGIN}/2", 40, TREE.root),
        Tree(ORIGIN, 41, TREE.root),
        Tree(ORIGIN, 40, "00" * 32),
    ],
    ids=["another log", "another size", "another root"],
)
def test_a_manifest_about_another_tree_is_named(tmp_path: Path, tree: Tree) -> None:
    """Its page is what people read; it must speak of what the checkpoint proves."""
    found = judged(written(tmp_path / "x.zip", tree=tree))

    assert "the manifest speaks of another tree than the checkpoint" in found.faults


def test_a_proof_of_another_index_is_named(tmp_path: Path) -> None:
    """The page shows index 5, the proof holds for 6."""

    def moved(archive: Archive) -> None:
        archive.add("records/5.json", LOG.entries[6])
        archive.add("proofs/5.tlog-proof", str(LOG.proof(6)))

    found = judged(written(tmp_path / "x.zip", indexes=(3,), more=moved))

    assert "proofs/5.tlog-proof proves another index" in found.faults


def test_a_log_that_was_rewritten_between_two_checkpoints_is_named(tmp_path: Path) -> None:
    """The older checkpoint may come from whoever kept it."""
    other = SmallLog(entries(40))
    with ZipFile(written(tmp_path / "x.zip")) as archive:
        archive.extractall(tmp_path / "folder")
    (tmp_path / "folder/checkpoint.old").write_text(other.cosigned(20))

    found = judged(tmp_path / "folder")

    assert "the newer checkpoint does not contain the older one" in found.faults


def test_a_proof_between_two_other_checkpoints_is_named(tmp_path: Path) -> None:
    """It holds, and says nothing about the checkpoint that the records rest on."""
    with ZipFile(written(tmp_path / "x.zip")) as archive:
        archive.extractall(tmp_path / "folder")
    proof = tuple(consistency_path(20, 30, LOG.reader))
    asked = encode(AddCheckpoint(20, proof, LOG.cosigned(30)))
    (tmp_path / "folder/consistency").write_bytes(asked)

    found = judged(tmp_path / "folder")

    assert "the consistency proof speaks of another tree than the checkpoint" in found.faults


def test_a_policy_of_ones_own_that_wants_more_witnesses_is_not_met(tmp_path: Path) -> None:
    """Whoever judges decides how many must have seen it."""
    other = Ed25519Cosigner("w9.example", ed25519(77)).vkey
    mine = parse_policy(f"log {LOG.signers[0].vkey}\nwitness w9 {other}\nquorum w9\n".encode())

    found = judged(written(tmp_path / "x.zip"), mine)

    assert found.own_policy
    assert "the checkpoint: expected a quorum of witnesses" in found.faults


@pytest.mark.parametrize("content", [b"", b"PK", b"\0" * 100, b"no archive at all"])
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    """The wrong file is a mistake of whoever judges, not damage."""
    (tmp_path / "x.zip").write_bytes(content)

    with pytest.raises(NotABundle):
        judged(tmp_path / "x.zip")


@pytest.mark.parametrize("flipped", range(0, 1_000, 13))
def test_a_flipped_bit_of_the_archive_is_never_silent(tmp_path: Path, flipped: int) -> None:
    """Disks rot; whatever comes of it, it is not 'whole' with another content."""
    path = written(tmp_path / "x.zip")
    data = bytearray(path.read_bytes())
    at = len(data) * flipped // 1_000
    data[at] ^= 0x10
    path.write_bytes(data)
    before = _contents(written(tmp_path / "y.zip"))

    try:
        found = judged(path)
    except NotABundle:
        return
    assert not found.whole or before == _contents(path)


def _contents(path: Path) -> dict[str, bytes]:
    with ZipFile(io.BytesIO(path.read_bytes())) as archive:
        return {each.filename: archive.read(each) for each in archive.infolist()}
