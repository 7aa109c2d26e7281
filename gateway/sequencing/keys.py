"""The keys that sign checkpoints: which of them sign now, which did, which will."""

from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey
from msgspec import Struct
from msgspec.structs import replace

from gateway.sequencing.keyfiles import (
    KeyPair,
    LogKeysUnusable,
    locked,
    new_pair,
    read_all,
    seen,
    write,
)
from gateway.tlog.cosignatures import MlDsa44Signer, verifier_of
from gateway.tlog.notes import Ed25519Signer, NoteVerifier, Signer
from gateway.tlog.vkeys import Kind, VKey, vkey

_TICK = timedelta(microseconds=1)  # no two pairs begin at the same instant


class KeyState(StrEnum):
    """What a pair does at an instant."""

    NEXT = "next"  # published, signs later
    ACTIVE = "active"  # signs; two pairs do while one takes over from the other
    RETIRED = "retired"  # signs no more, still verifies what it signed


class LogKey(Struct, frozen=True, kw_only=True):
    """What may be said aloud about a pair."""

    id: str
    state: KeyState
    created_at: datetime
    active_from: datetime
    retired_from: datetime | None  # None: no successor is known
    vkeys: tuple[str, str]  # C2SP signed-note: Ed25519, ML-DSA-44
    destroyed: bool  # the private halves are gone


class KeyUnknown(Exception):
    """There is no pair of that id."""


class LogKeys:
    """The ring of one log.  File calls block; unchanged files are read once."""

    def __init__(self, directory: Path, origin: str, *, overlap: timedelta) -> None:
        """Know where the files are; nothing is read yet.

        Args:
            directory: readable by its owner alone.
            origin: the log's name, which is the name of each of its keys.
            overlap: how long a pair goes on signing beside its successor.
        """
        self._directory = directory
        self.origin = origin
        self._overlap = overlap
        self._seen: frozenset[tuple[str, int, int]] | None = None
        self._pairs: list[KeyPair] = []
        self._signers: dict[str, tuple[Signer, Signer]] = {}

    def lines(self, now: datetime) -> list[LogKey]:
        """Return every pair, oldest first.

        Raises:
            LogKeysUnusable: the files cannot be trusted.
        """
        return [self._line(pair, now) for pair in self._read()]

    def signers(self, now: datetime) -> list[Signer]:
        """Return who signs at *now*: Ed25519 and ML-DSA-44 of each active pair.

        Raises:
            LogKeysUnusable: no pair is active, or the files cannot be trusted.
        """
        active = [p for p in self._read() if self._state(p, now) is KeyState.ACTIVE and p.ed25519]
        if not active:
            raise LogKeysUnusable(f"no log key is active in {self._directory}")
        return [signer for pair in active for signer in self._signers_of(pair)]

    def verifiers(self) -> list[NoteVerifier]:
        """Return who judges checkpoints of any time, retired keys included; raise as `lines`."""
        return [verifier_of(each) for pair in self._read() for each in self._vkeys(pair)]

    def ensure(self, now: datetime) -> None:
        """Make the first pair when there is none; raise as `lines`."""
        with locked(self._directory):
            if not read_all(self._directory):
                write(self._directory, new_pair(now, now))

    def rotate(self, now: datetime, *, lead: timedelta) -> LogKey:
        """Publish a pair that signs after *lead*, and destroy what was retired by now.

        Raises:
            LogKeysUnusable: a pair is waiting already, or the files cannot be trusted.
        """
        with locked(self._directory):
            known = self._read()
            if any(self._state(pair, now) is KeyState.NEXT for pair in known):
                raise LogKeysUnusable("the next log key is published already; let it take over")
            for pair in known:
                if self._state(pair, now) is KeyState.RETIRED and pair.ed25519:
                    write(self._directory, replace(pair, ed25519=b"", ml_dsa_44=b""))
            begun = [pair.active_from for pair in known if pair.retired_at is None]
            pair = new_pair(now, max([now + lead, *(at + _TICK for at in begun)]))
            write(self._directory, pair)
        return self._line(pair, now)

    def retire(self, key_id: str, now: datetime) -> LogKey:
        """End a pair at once and destroy its private halves: others may have seen them.

        Raises:
            KeyUnknown: there is none of that id.
            LogKeysUnusable: no other pair would sign; rotate first.
        """
        with locked(self._directory):
            known = self._read()
            pair = next((pair for pair in known if pair.id == key_id), None)
            if pair is None:
                raise KeyUnknown(key_id)
            others = [p for p in known if p is not pair]
            if not any(self._state(p, now) is KeyState.ACTIVE and p.ed25519 for p in others):
                raise LogKeysUnusable("no other log key signs: rotate at once, then retire")
            ended = replace(pair, retired_at=now, ed25519=b"", ml_dsa_44=b"")
            write(self._directory, ended)
        return self._line(ended, now)

    def _read(self) -> list[KeyPair]:
        now = seen(self._directory)
        if now != self._seen:
            self._pairs = read_all(self._directory)
            self._signers = {}
            self._seen = now
        return self._pairs

    def _line(self, pair: KeyPair, now: datetime) -> LogKey:
        ed25519, ml_dsa_44 = self._vkeys(pair)
        return LogKey(
            id=pair.id,
            state=self._state(pair, now),
            created_at=pair.created_at,
            active_from=pair.active_from,
            retired_from=self._retired_from(pair),
            vkeys=(str(ed25519), str(ml_dsa_44)),
            destroyed=not pair.ed25519,
        )

    def _state(self, pair: KeyPair, now: datetime) -> KeyState:
        retired = self._retired_from(pair)
        if retired is not None and retired <= now:
            return KeyState.RETIRED
        return KeyState.ACTIVE if pair.active_from <= now else KeyState.NEXT

    def _retired_from(self, pair: KeyPair) -> datetime | None:
        """Return when *pair* ends: at its word, or an overlap after its successor begins."""
        ends = [pair.retired_at] if pair.retired_at else []
        later = [
            other.active_from
            for other in self._pairs
            if (other.active_from, other.created_at) > (pair.active_from, pair.created_at)
            and other.retired_at is None
        ]
        return min([*ends, *(at + self._overlap for at in later)], default=None)

    def _vkeys(self, pair: KeyPair) -> tuple[VKey, VKey]:
        ed25519 = vkey(self.origin, Kind.ED25519, pair.ed25519_public)
        return ed25519, vkey(self.origin, Kind.ML_DSA_44, pair.ml_dsa_44_public)

    def _signers_of(self, pair: KeyPair) -> tuple[Signer, Signer]:
        found = self._signers.get(pair.id)
        if found is None:
            found = self._signers[pair.id] = self._loaded(pair)
        return found

    def _loaded(self, pair: KeyPair) -> tuple[Signer, Signer]:
        try:
            ed25519 = Ed25519PrivateKey.from_private_bytes(pair.ed25519)
            ml_dsa_44 = MLDSA44PrivateKey.from_seed_bytes(pair.ml_dsa_44)
        except (ValueError, UnsupportedAlgorithm) as odd:
            raise LogKeysUnusable(f"the log key {pair.id} cannot be used") from odd
        signers = (Ed25519Signer(self.origin, ed25519), MlDsa44Signer(self.origin, ml_dsa_44))
        if [str(one.vkey) for one in signers] != [str(one) for one in self._vkeys(pair)]:
            raise LogKeysUnusable(f"the halves of the log key {pair.id} do not belong together")
        return signers
