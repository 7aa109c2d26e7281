"""Who signed a checkpoint: the log with both kinds of keys, and the witnesses of a policy; pure."""

from collections.abc import Sequence

from msgspec import Struct

from gateway.tlog.checkpoints import Checkpoint
from gateway.tlog.cosignatures import verifier_of
from gateway.tlog.notes import NoteVerifier, open_note, parse_note
from gateway.tlog.policies import Policy
from gateway.tlog.vkeys import Kind, NoteInvalid, VKey, vkey
from gateway.verification.damage import Damage, Part
from gateway.verification.rows import Signed

NAMES = {Kind.ED25519: "Ed25519", Kind.ML_DSA_44: "ML-DSA-44"}


class Verdict(Struct, frozen=True):
    """What the signatures of one checkpoint are worth."""

    damages: tuple[Damage, ...]
    signatures: int  # of the log, that hold
    witnesses: tuple[str, ...] = ()  # whose cosignatures hold, by their names in the policy
    quorum: bool = False


class Signatures:
    """Judges the checkpoints of one log."""

    def __init__(
        self,
        origin: str,
        keys: Sequence[VKey],
        policy: Policy | None,
        ended: Sequence[str] = (),
    ) -> None:
        """Know whom to believe.

        Args:
            origin: the log's name.
            keys: the log's public keys, those of the past included.
            policy: the witnesses; None when nobody watches.
            ended: names that the log had before; the same keys signed under them.
        """
        self._origins = (origin, *ended)
        named = [vkey(name, key.kind, key.public) for name in self._origins for key in keys]
        self._log = [verifier_of(key) for key in named]
        self._kinds = {(key.name, key.key_id): key.kind for key in named}
        self._policy = policy
        watching = policy.witnesses.values() if policy else ()
        self._witnesses: list[NoteVerifier] = [verifier_of(each.key) for each in watching]
        self._called = {(each.key.name, each.key.key_id): each.name for each in watching}

    def judge(self, signed: Signed) -> Verdict:
        """Return what *signed* is worth."""
        expected = [Checkpoint(each, signed.size, signed.root).text() for each in self._origins]
        found: list[Damage] = []
        try:
            if parse_note(signed.note).text not in expected:
                says = f"the note of size {signed.size} speaks of another tree"
                found.append(Damage(Part.CHECKPOINT, says, signed.size))
            kinds = [self._kinds[each] for each in self._held(signed.note, self._log)]
        except NoteInvalid as refused:
            says = f"checkpoint of size {signed.size}: expected {refused}"
            return Verdict((*found, Damage(Part.SIGNATURE, says, signed.size)), 0)
        for kind, name in NAMES.items():
            if kind not in kinds:
                says = f"checkpoint of size {signed.size} has no {name} signature of the log"
                found.append(Damage(Part.SIGNATURE, says, signed.size))
        return self._watched(signed, found, len(kinds))

    def _watched(self, signed: Signed, found: list[Damage], signatures: int) -> Verdict:
        try:
            held = self._held(signed.note, self._witnesses)
        except NoteInvalid as refused:
            if any((s.name, s.key_id) in self._called for s in parse_note(signed.note).signatures):
                says = f"checkpoint of size {signed.size}: expected {refused}"
                found.append(Damage(Part.WITNESS, says, signed.size))
            held = []
        names = tuple(self._called[each] for each in held)
        quorum = self._policy is not None and self._policy.quorum_met(names)
        return Verdict(tuple(found), signatures, names, quorum)

    @staticmethod
    def _held(note: str, verifiers: Sequence[NoteVerifier]) -> list[tuple[str, bytes]]:
        return [(each.name, each.key_id) for each in open_note(note, verifiers).verified]
