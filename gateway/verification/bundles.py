"""An export on its own: every digest, signature and path, with nothing but the file; offline.

An archive is hostile until it is judged: members are named before they are read, and bounded.
"""

import hashlib
import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, Protocol
from zipfile import BadZipFile, ZipFile

from msgspec import Struct

from gateway.exports import guide, manifest, page
from gateway.exports.lines import LineDamaged, read_line
from gateway.exports.making import CHECKPOINT, CONSISTENCY, LINES, OLD_CHECKPOINT, POLICY, SHEET
from gateway.exports.manifest import Manifest, ManifestInvalid, key_name
from gateway.tlog.checkpoints import parse_checkpoint
from gateway.tlog.cosignatures import verifier_of
from gateway.tlog.merkle import verify_consistency
from gateway.tlog.notes import NoteVerifier, open_note
from gateway.tlog.policies import Policy, PolicyInvalid, parse_policy
from gateway.tlog.proofs import SUFFIX, ProofInvalid, parse_proof, verify_proof
from gateway.tlog.vkeys import NoteInvalid, VKey, parse_vkey
from gateway.witnessing.requests import RequestMalformed, decode

LARGEST_MEMBER = 8 << 20  # bytes, of what is read whole
LARGEST_STREAM = 64 << 30  # bytes, of what is read in pieces
LONGEST_LINE = 200_000
CHUNK_BYTES = 1 << 20

# What the library raises for bytes that are no archive, or not the one that was written.
ROTTEN: tuple[type[Exception], ...] = (
    BadZipFile,
    EOFError,
    NotImplementedError,
    RuntimeError,
    UnicodeDecodeError,
    zlib.error,
)

_MEMBER = re.compile(
    r"records/(0|[1-9]\d{0,18})\.json|proofs/(0|[1-9]\d{0,18})\.tlog-proof"
    r"|keys/(?:log|exports)-\d{1,4}\.vkey"
)
_WHOLE = {CHECKPOINT, OLD_CHECKPOINT, CONSISTENCY, POLICY, guide.NAME, manifest.NAME}
_PIECES = {LINES, SHEET, page.NAME}


class NotABundle(Exception):
    """What was given is no export; says why."""


class Checked(Struct):
    """What was judged, and what is wrong with it."""

    records: int = 0  # whose hash, or path to the root, was recomputed
    proofs: int = 0
    files: int = 0
    origin: str = ""
    size: int = 0
    root: bytes = b""
    witnesses: tuple[str, ...] = ()
    own_policy: bool = False  # whoever checks brought the keys; else the bundle's own were used
    signed: bool = False  # the manifest is signed by a key that came along
    faults: list[str] = []

    @property
    def whole(self) -> bool:
        """Say whether nothing is wrong."""
        return not self.faults


class Files(Protocol):
    """The members of an export, wherever they lie."""

    def names(self) -> list[str]:
        """Return their names."""
        ...

    def open(self, name: str) -> IO[bytes]:
        """Open one."""
        ...


class Folder:
    """An export that somebody has unpacked."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def names(self) -> list[str]:
        """Return the names below the folder; links are not followed."""
        found = (each for each in self._path.rglob("*") if each.is_file() and not each.is_symlink())
        return sorted(each.relative_to(self._path).as_posix() for each in found)

    def open(self, name: str) -> IO[bytes]:
        """Open a file below the folder."""
        return (self._path / name).open("rb")


class Packed:
    """An export as it was handed out."""

    def __init__(self, archive: ZipFile) -> None:
        self._archive = archive

    def names(self) -> list[str]:
        """Return the names of the members."""
        return sorted(each.filename for each in self._archive.infolist() if not each.is_dir())

    def open(self, name: str) -> IO[bytes]:
        """Open a member."""
        return self._archive.open(name)


def check(path: Path, policy: Policy | None, progress: Callable[[int], None]) -> Checked:
    """Judge the export at *path*, a folder or an archive.

    Args:
        path: as it was handed out, or unpacked.
        policy: the keys that whoever checks believes; None for those that came along, which prove
            no more than that the export fits itself.
        progress: told how many files were judged.

    Raises:
        NotABundle: it is no export.
        OSError: it cannot be read.
    """
    if path.is_dir():
        return _Check(Folder(path), policy, progress).run()
    try:
        with ZipFile(path) as archive:
            return _Check(Packed(archive), policy, progress).run()
    except ROTTEN:
        raise NotABundle("no archive, or a damaged one") from None


class _Check:
    """One export under judgement."""

    def __init__(
        self, files: Files, policy: Policy | None, progress: Callable[[int], None]
    ) -> None:
        self._files = files
        self._names = files.names()
        self._progress = progress
        self._done = Checked(own_policy=policy is not None, faults=[])
        self._policy = policy

    def run(self) -> Checked:
        for name in self._names:
            if name not in _WHOLE | _PIECES and _MEMBER.fullmatch(name) is None:
                raise NotABundle("it holds a file that no export has")
        if len(set(self._names)) != len(self._names):
            raise NotABundle("it holds two files of one name")
        listed, policy = self._manifest(), self._policy or self._own_policy()
        self._digests(listed)
        self._checkpoint(listed, policy)
        self._consistency(policy)
        self._proofs(policy)
        self._lines()
        if listed.format in {"jsonl", "bundle"} and self._done.records != listed.records:
            self._fault(
                f"{self._done.records} records are here, the manifest says {listed.records}"
            )
        return self._done

    def _manifest(self) -> Manifest:
        note = self._text(manifest.NAME)
        try:
            listed = manifest.unbelieved(note)
            signers = [
                verifier_of(key) for key in self._keys("exports")
                if key.name == key_name(listed.tree.origin)
            ]  # fmt: skip
            manifest.opened(note, signers)
            self._done.signed = True
        except ManifestInvalid as invalid:
            if "form" in str(invalid):
                raise NotABundle(str(invalid)) from None
            self._fault(str(invalid))
            return manifest.unbelieved(note)
        return listed

    def _own_policy(self) -> Policy:
        try:
            return parse_policy(self._bytes(POLICY))
        except PolicyInvalid as invalid:
            raise NotABundle(f"the policy that came along: {invalid}") from None

    def _digests(self, listed: Manifest) -> None:
        known = {each.name: each for each in listed.files}
        for name in self._names:
            if name == manifest.NAME:
                continue
            found = known.pop(name, None)
            if found is None:
                self._fault(f"{name} is not on the manifest")
                continue
            digest = hashlib.sha256()
            for chunk in self._chunks(name):
                digest.update(chunk)
            if digest.hexdigest() != found.sha256:
                self._fault(f"{name} is not what the manifest says")
            self._done.files += 1
            self._progress(self._done.files)
        for name in known:
            self._fault(f"{name} is missing")

    def _checkpoint(self, listed: Manifest, policy: Policy) -> None:
        try:
            judged = policy.judge(self._text(CHECKPOINT))
        except NoteInvalid as refused:
            self._fault(f"the checkpoint: expected {refused}")
            return
        tree = judged.checkpoint
        self._done.origin, self._done.size, self._done.root = tree.origin, tree.size, tree.root
        self._done.witnesses = judged.witnesses
        told = (listed.tree.origin, listed.tree.size, listed.tree.root)
        if told != (tree.origin, tree.size, tree.root.hex()):
            self._fault("the manifest speaks of another tree than the checkpoint")

    def _consistency(self, policy: Policy) -> None:
        """Judge that nothing left the log between the two checkpoints."""
        if CONSISTENCY not in self._names:
            return
        logs: Sequence[NoteVerifier] = [verifier_of(each.key) for each in policy.logs]
        try:
            asked = decode(self._bytes(CONSISTENCY))
            old = parse_checkpoint(open_note(self._text(OLD_CHECKPOINT), logs).text)
            new = parse_checkpoint(open_note(asked.note, logs).text)
        except (NoteInvalid, RequestMalformed) as refused:
            self._fault(f"the consistency proof: expected {refused}")
            return
        ours = (self._done.origin, self._done.size, self._done.root)
        if (new.origin, new.size, new.root) != ours or old.origin != new.origin:
            self._fault("the consistency proof speaks of another tree than the checkpoint")
        proof = list(asked.proof)
        if asked.old != old.size or not verify_consistency(
            old.size, new.size, proof, old.root, new.root
        ):
            self._fault("the newer checkpoint does not contain the older one")

    def _proofs(self, policy: Policy) -> None:
        records = {name for name in self._names if name.startswith("records/")}
        for name in sorted(each for each in self._names if each.startswith("proofs/")):
            index = name.removeprefix("proofs/").removesuffix(SUFFIX)
            record = f"records/{index}.json"
            if record not in records:
                self._fault(f"{record} is missing")
                continue
            records.discard(record)
            try:
                proof = parse_proof(self._text(name))
                verify_proof(proof, self._bytes(record), policy)
            except ProofInvalid as invalid:
                self._fault(f"{name}: expected {invalid}")
                continue
            if proof.index != int(index):
                self._fault(f"{name} proves another index")
            self._done.proofs += 1
            self._done.records += 1
        for record in sorted(records):
            self._fault(f"{record} has no proof")

    def _lines(self) -> None:
        if LINES not in self._names:
            return
        with self._files.open(LINES) as file:
            while text := file.readline(LONGEST_LINE):
                try:
                    read_line(text)
                except LineDamaged as damaged:
                    self._fault(f"{LINES}, line {self._done.records + 1}: {damaged}")
                self._done.records += 1

    def _keys(self, kind: str) -> list[VKey]:
        names = (name for name in self._names if name.startswith(f"keys/{kind}-"))
        try:
            return [parse_vkey(self._text(name).strip()) for name in names]
        except NoteInvalid as refused:
            raise ManifestInvalid(f"a key that came along: expected {refused}") from None

    def _text(self, name: str) -> str:
        try:
            return self._bytes(name).decode("utf-8")
        except UnicodeDecodeError:
            raise NotABundle(f"{name} is no text") from None

    def _bytes(self, name: str) -> bytes:
        if name not in self._names:
            raise NotABundle(f"{name} is missing")
        with self._files.open(name) as file:
            data = file.read(LARGEST_MEMBER + 1)
        if len(data) > LARGEST_MEMBER:
            raise NotABundle(f"{name} is larger than it can be")
        return data

    def _chunks(self, name: str) -> Iterator[bytes]:
        left = LARGEST_STREAM if name in _PIECES else LARGEST_MEMBER
        with self._files.open(name) as file:
            while chunk := file.read(CHUNK_BYTES):
                left -= len(chunk)
                if left < 0:
                    raise NotABundle(f"{name} is larger than it can be")
                yield chunk

    def _fault(self, says: str) -> None:
        self._done.faults.append(says)
