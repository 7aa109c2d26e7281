"""The ring of signing keys: published before use, used, then good for verifying a while longer."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path

from msgspec import Struct

from auth import keyfiles
from auth.errors import KeyRingUnusable, RotationPending, SigningKeyUnknown
from auth.jose import Algorithm, SigningKey, VerificationKey, new_private_jwk, public_jwk
from auth.keyfiles import KeyFile, RingKey


class KeyState(StrEnum):
    """Where a signing key stands in its life; it follows from the hours alone."""

    NEXT = "next"  # published, not used yet
    ACTIVE = "active"  # signs
    RETIRED = "retired"  # still verifies what it signed
    SPENT = "spent"  # verifies nothing any more; the next rotation destroys it


class KeyLine(Struct, frozen=True, kw_only=True):
    """What an operator sees of one key."""

    kid: str
    algorithm: str
    state: KeyState
    created_at: datetime
    active_from: datetime
    retired_at: datetime | None = None
    verifies_until: datetime | None = None


def life_of(keys: Iterable[RingKey], now: datetime, keep: timedelta) -> tuple[KeyLine, ...]:
    """Say where each key stands at *now*, oldest first.

    The active key is the newest whose hour has come.  Before the hour of the very first key that
    key is active all the same, because workers' clocks differ and there is no other.

    Args:
        keys: the whole ring.
        now: the instant asked about, with a time zone.
        keep: how long a retired key verifies; at least the longest life of a token.
    """
    ordered = sorted(keys, key=lambda each: (each.active_from, each.kid))
    due = [index for index, key in enumerate(ordered) if key.active_from <= now]
    active = due[-1] if due else 0
    retirements = [key.active_from for key in ordered[1 : active + 1]]  # by the successor
    retired = (
        _line(key, KeyState.RETIRED if now < end + keep else KeyState.SPENT, end, end + keep)
        for key, end in zip(ordered, retirements, strict=False)
    )
    serving = (
        _line(key, KeyState.NEXT if index else KeyState.ACTIVE)
        for index, key in enumerate(ordered[active:])
    )
    return (*retired, *serving)


def _line(
    key: RingKey, state: KeyState, end: datetime | None = None, until: datetime | None = None
) -> KeyLine:
    return KeyLine(
        kid=key.kid,
        algorithm=key.signing.algorithm,
        state=state,
        created_at=key.created_at,
        active_from=key.active_from,
        retired_at=end,
        verifies_until=until,
    )


def age_of(line: KeyLine, now: datetime) -> timedelta:
    """Return how long a key has been of use at *now*; nothing before its hour has come."""
    return max(now - line.active_from, timedelta())


def is_overdue(lines: Iterable[KeyLine], now: datetime, most: timedelta) -> bool:
    """Say whether the active key signs for longer than *most*, and none is published to follow."""
    shown = tuple(lines)
    old = any(line.state is KeyState.ACTIVE and age_of(line, now) > most for line in shown)
    return old and all(line.state is not KeyState.NEXT for line in shown)


class SigningKeyRing:
    """The keys of one directory, read again whenever a file appears or goes.

    Several processes may share the directory.  Reading is safe from several threads: what is read
    is replaced whole.
    """

    def __init__(self, directory: Path, *, keep: timedelta, algorithm: Algorithm = "ES256") -> None:
        self._directory = directory
        self._keep = keep
        self._algorithm: Algorithm = algorithm
        self._names: frozenset[str] = frozenset()
        self._keys: dict[str, RingKey] = {}
        self.generation = 0  # grows with every change; whoever caches compares it
        self.fault: str | None = None  # why the newest files were not taken; None when all is well

    def refresh(self) -> None:
        """Read the directory again when its list of files has changed.

        A directory that went bad never replaces keys that work: they stay, and `fault` says why.

        Raises:
            KeyRingUnusable: nothing usable was ever read.
        """
        try:
            names = keyfiles.names(self._directory)
            if names != self._names:
                self._read(names)
            self.fault = None
        except KeyRingUnusable as unusable:
            self.fault = unusable.fact
            if not self._keys:
                raise

    def signing(self, now: datetime) -> SigningKey:
        """Return the key that signs at *now*.

        Raises:
            KeyRingUnusable: there is none.
        """
        self.refresh()
        for line in life_of(self._keys.values(), now, self._keep):
            if line.state is KeyState.ACTIVE:
                return self._keys[line.kid].signing
        raise KeyRingUnusable("there is no signing key: motlan keys rotate makes the first")

    def verifying(self, kid: str | None, now: datetime) -> tuple[VerificationKey, ...]:
        """Return the key of that id when it may still verify at *now*, else nothing."""
        self.refresh()
        if kid is None or kid not in self._keys:
            return ()
        lines = life_of(self._keys.values(), now, self._keep)
        good = any(line.kid == kid and line.state is not KeyState.SPENT for line in lines)
        return (self._keys[kid].verification,) if good else ()

    def verifying_at(self, kid: str | None, now: float) -> tuple[VerificationKey, ...]:
        """Do the same for an instant in Unix seconds, as the request path counts."""
        return self.verifying(kid, datetime.fromtimestamp(now, UTC))

    def lines(self, now: datetime) -> tuple[KeyLine, ...]:
        """Return the life of every key, oldest first."""
        self.refresh()
        return life_of(self._keys.values(), now, self._keep)

    def export_jwks(self, now: datetime) -> dict[str, list[dict[str, str]]]:
        """Return the JWK set (RFC 7517) of every key that may verify now or soon."""
        return {
            "keys": [
                public_jwk(self._keys[line.kid].verification)
                for line in self.lines(now)
                if line.state is not KeyState.SPENT and line.kid in self._keys
            ]
        }

    def ensure(self, now: datetime) -> None:
        """Make the first key when the directory has none; safe when several workers start."""
        with keyfiles.locked(self._directory):
            self.refresh()
            if not self._keys:
                self._add(now, active_from=now)

    def rotate(self, now: datetime, *, lead: timedelta) -> KeyLine:
        """Publish a new key that becomes active after *lead*, and destroy the spent ones.

        Args:
            now: the instant of the order.
            lead: how long the key is published before its first use; longer than anyone caches the
                JWK set.  Zero only in an emergency.

        Raises:
            RotationPending: an earlier rotation has not become active yet.
        """
        with keyfiles.locked(self._directory):
            lines = self.lines(now)
            if any(line.state is KeyState.NEXT for line in lines):
                raise RotationPending("the next key is published already and not active yet")
            for line in lines:
                if line.state is KeyState.SPENT:
                    keyfiles.remove(self._directory, line.kid)
            added = self._add(now, active_from=now + lead)
        return next(line for line in self.lines(now) if line.kid == added.kid)

    def revoke(self, kid: str, now: datetime) -> None:
        """Destroy a key at once: everything that it signed is refused from the next look.

        When it was the active one, a new key takes its place immediately, so that no retired key
        comes back to signing.

        Raises:
            SigningKeyUnknown: no key of that id is in the ring.
        """
        with keyfiles.locked(self._directory):
            states = {line.kid: line.state for line in self.lines(now)}
            if kid not in states:
                raise SigningKeyUnknown("no signing key has that id")
            if states[kid] is KeyState.ACTIVE:
                self._add(now, active_from=now)
            keyfiles.remove(self._directory, kid)
            self.refresh()

    def _add(self, now: datetime, *, active_from: datetime) -> RingKey:
        jwk = new_private_jwk(self._algorithm)
        file = KeyFile(created_at=now, active_from=active_from, jwk=jwk)
        added = keyfiles.write(self._directory, file)
        self.refresh()
        return added

    def _read(self, names: frozenset[str]) -> None:
        if not names and self._keys:
            # Every order of ours leaves a key behind, so this is an accident.
            raise KeyRingUnusable("the directory of signing keys was emptied")
        found = (keyfiles.read(self._directory, name) for name in sorted(names))
        self._keys = {key.kid: key for key in found if key is not None}
        self._names = names
        self.generation += 1
