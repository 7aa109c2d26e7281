"""A witness's memory: for each log the newest checkpoint it cosigned, as files people can read.

Each log has a folder named by the SHA-256 of its origin, as the monitoring paths of C2SP witnesses
and mirrors have it.  The file ``checkpoint`` in it is the log's own note with our cosignatures, and
a file is believed only while our signature on it holds.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path

from gateway.tlog.checkpoints import parse_checkpoint
from gateway.tlog.cosignatures import cosign, stated_time, verifier_of
from gateway.tlog.notes import NoteInvalid, OpenedNote, Signature, add_signatures, open_note
from gateway.witnessing.decisions import Head, NotCosigned, Offered, Why, judge
from gateway.witnessing.files import StoreUnusable, locked, make_directory, read, write
from gateway.witnessing.identity import Identity

CHECKPOINT = "checkpoint"
# What a log signed against what it had signed before, by what it shows: another root for a size is
# proof of misbehaviour by itself; what came without a valid proof may be anybody's bad copy.
EVIDENCE = {Why.ROOT_OTHER: "contradictions", Why.PROOF_WRONG: "unproven"}
MOST_EVIDENCE = 64  # files of either kind for one log: enough to prove, too little to fill a disk
CLOCK_SLACK_S = 5  # a clock may be put back by so much


class ClockBack(Exception):
    """Our clock stands before what we have signed: a later tree must not bear an earlier time."""


class WitnessStore:
    """Cosigns, and remembers before anybody hears of it.  File calls block; use a thread."""

    def __init__(self, directory: Path, identity: Identity, time_s: Callable[[], int]) -> None:
        """Keep the memory of *identity* in *directory*.

        Args:
            directory: made by `gateway.witnessing.identity.create`.
            identity: whose name and keys sign.
            time_s: the present, POSIX seconds.
        """
        self._directory = directory
        self._identity = identity
        self._time_s = time_s
        self._ours = [verifier_of(key) for key in identity.vkeys]
        self._kinds = {key.key_id: key.kind for key in identity.vkeys}

    def advance(self, offered: Offered) -> list[Signature]:
        """Return our cosignatures over an offered checkpoint, which then is the newest.

        Reading, judging and writing are one step: nobody else moves this log meanwhile.

        Raises:
            NotCosigned: it does not follow from what we hold; nothing was changed.
            ClockBack: our clock was put back; nothing was changed.
            StoreUnusable: what we hold is damaged, or was not written by us.
            OSError: the disk did not take it.
        """
        folder = self._folder(offered.checkpoint.origin)
        make_directory(folder)
        with locked(folder):
            try:
                judge(offered, self._head(folder))
            except NotCosigned as refused:
                if refused.why in EVIDENCE:
                    _keep(folder / EVIDENCE[refused.why], offered)
                raise
            lines = self._cosigned(offered, self._now(folder))
            signed = (*offered.opened.verified, *lines)
            write(folder / CHECKPOINT, _note(offered.opened.text, signed))
        return lines

    def checkpoint(self, origin_hash: str) -> str | None:
        """Return the newest cosigned checkpoint of a log, by the hash of its origin in hex.

        Raises:
            StoreUnusable: what we hold is damaged, or was not written by us.
        """
        folder = self._directory / origin_hash
        return None if self._opened(folder) is None else read(folder / CHECKPOINT)

    def contradictions(self, origin: str) -> int:
        """Return how many checkpoints prove that a log equivocated; each is a file."""
        return len(list((self._folder(origin) / EVIDENCE[Why.ROOT_OTHER]).glob("*.note")))

    def _folder(self, origin: str) -> Path:
        return self._directory / origin_hash(origin)

    def _head(self, folder: Path) -> Head:
        opened = self._opened(folder)
        if opened is None:
            return Head()
        held = parse_checkpoint(opened.text)
        return Head(held.size, held.root)

    def _opened(self, folder: Path) -> OpenedNote | None:
        text = read(folder / CHECKPOINT)
        if text is None:
            return None
        try:
            opened = open_note(text, self._ours)
            parse_checkpoint(opened.text)
        except NoteInvalid:
            raise StoreUnusable(
                f"{folder / CHECKPOINT} is not as this witness wrote it; nothing is cosigned for "
                f"that log until a new witness takes its place"
            ) from None
        return opened

    def _now(self, folder: Path) -> int:
        """Return the time to state: never before the last one.

        Raises:
            ClockBack: the clock stands further back than clocks are put back.
        """
        opened, now = self._opened(folder), self._time_s()
        last = max(map(self._stated, opened.verified)) if opened else 0
        if now < last - CLOCK_SLACK_S:
            raise ClockBack(f"the clock stands {last - now} s before the last cosignature")
        return max(now, last)

    def _stated(self, ours: Signature) -> int:
        return stated_time(ours.value, self._kinds[ours.key_id])

    def _cosigned(self, offered: Offered, now: int) -> list[Signature]:
        return [cosign(offered.opened.text, each, now) for each in self._identity.cosigners]


def origin_hash(origin: str) -> str:
    """Return the name of a log's folder, and of its place in the monitoring paths."""
    return hashlib.sha256(origin.encode("utf-8")).hexdigest()


def _note(text: str, signatures: tuple[Signature, ...]) -> str:
    return add_signatures(text + "\n", signatures)


def _keep(folder: Path, offered: Offered) -> None:
    """Keep what the log signed, in a file named after its tree: a repetition adds nothing."""
    note = _note(offered.opened.text, offered.opened.verified)
    name = f"{offered.checkpoint.size}-{offered.checkpoint.root.hex()[:16]}.note"
    make_directory(folder)
    if not (folder / name).exists() and len(list(folder.glob("*.note"))) < MOST_EVIDENCE:
        write(folder / name, note)
