"""An agency system's registration: its versions, its states, and the moves between them.

Two numbers run along.  `version` counts every change.  `rev` counts the changes that must end what
rests on the registration: tokens name the revision they were issued under, and a release is
recorded only while that revision stands (promise P3).  A new key alone leaves `rev` as it is, so
that calls under way go on; a revoked key, a suspension or another agency does not.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import asdict, replace

from auth.errors import SystemBlocked
from auth.jose import VerificationKey, verification_key


class SystemState(StrEnum):
    """Life of a system; every state but ACTIVE refuses."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    BLOCKED = "blocked"  # for good


class Act(StrEnum):
    """What was done to a registration."""

    REGISTERED = "registered"
    AMENDED = "amended"
    KEYS_ROTATED = "keys_rotated"
    KEYS_REVOKED = "keys_revoked"
    SUSPENDED = "suspended"
    RESUMED = "resumed"
    BLOCKED = "blocked"


OPENING = frozenset({Act.REGISTERED, Act.AMENDED, Act.KEYS_ROTATED, Act.RESUMED})


class Credentials(Struct, frozen=True, kw_only=True):
    """By what a system proves that it is itself."""

    jwks: tuple[dict[str, str], ...] = ()
    jwks_uri: str | None = None
    certificates: tuple[str, ...] = ()
    ends: Mapping[str, datetime] = {}

    def names(self) -> tuple[str, ...]:
        """Return the ids of the keys and the thumbprints of the certificates."""
        return (*(jwk["kid"] for jwk in self.jwks), *self.certificates)

    def empty(self) -> bool:
        """Say whether nothing here could prove anything."""
        return not self.names() and self.jwks_uri is None


class Registration(Struct, frozen=True, kw_only=True):
    """What an agency says about one system of its own."""

    client_id: str
    agency: str  # agency code of the catalog
    name_vi: str
    name_en: str
    jwks: tuple[dict[str, str], ...]  # public keys, at most four, each with an id of its own
    sandbox: bool = False
    address_ranges: tuple[str, ...] = ()  # CIDR; empty: from anywhere
    jwks_uri: str | None = None  # where the agency publishes its keys; `jwks` is empty then
    certificates: tuple[str, ...] = ()  # `x5t#S256` of client certificates (RFC 8705 section 3.1)
    # When a credential ends: id of a key, or thumbprint of a certificate, to its last instant.
    ends: Mapping[str, datetime] = {}

    def keys(self, now: float | None = None) -> tuple[VerificationKey, ...]:
        """Return the public keys, ready for use: those that are good at *now* (Unix seconds).

        Without an instant every key counts, also one whose time is over.

        Raises:
            KeyRefused: one of them is not acceptable.
        """
        return tuple(verification_key(jwk) for jwk in self.jwks if self.lasts(jwk["kid"], now))

    def thumbprints(self, now: float) -> frozenset[str]:
        """Return the `x5t#S256` of the certificates that are good at *now* (Unix seconds)."""
        return frozenset(each for each in self.certificates if self.lasts(each, now))

    def credentials(self) -> Credentials:
        """Return the members that prove something."""
        return Credentials(**{name: getattr(self, name) for name in Credentials.__struct_fields__})

    def lasts(self, credential: str, now: float | None) -> bool:
        """Say whether the end of a key id or thumbprint, when it has one, is after *now*."""
        end = self.ends.get(credential)
        return now is None or end is None or now < end.timestamp()


class Note(Struct, frozen=True):
    """Who did something to a registration, why, and when; and who agreed where that is needed."""

    by: str
    reason: str
    at: datetime
    approved_by: str | None = None

    def by_two(self) -> bool:
        """Say whether two people stand behind it."""
        second = (self.approved_by or "").strip().casefold()
        return second not in {"", self.by.strip().casefold()}


class System(Struct, frozen=True, kw_only=True):
    """One version of a registration, as it stood after one act."""

    registration: Registration
    version: int
    rev: int
    state: SystemState
    act: Act
    note: Note

    @property
    def client_id(self) -> str:
        """The OAuth client id."""
        return self.registration.client_id

    def takes_two(self) -> bool:
        """Say whether nobody may make this version alone: one that opens a live system further."""
        return self.act in OPENING and not self.registration.sandbox


def registered(registration: Registration, note: Note) -> System:
    """Return the first version of a registration."""
    return System(
        registration=registration,
        version=1,
        rev=1,
        state=SystemState.ACTIVE,
        act=Act.REGISTERED,
        note=note,
    )


def amended(system: System, wanted: Registration, note: Note) -> System:
    """Return the version that says what *wanted* says; *system* itself when it does already.

    Another agency, another environment or other addresses end running tokens; another name or key
    does not.

    Raises:
        SystemBlocked: the system is blocked.
    """
    known = system.registration
    if wanted == known:
        return system
    only_keys = proving(wanted, known.credentials()) == known
    ends = (known.agency, known.sandbox, known.address_ranges) != (
        wanted.agency,
        wanted.sandbox,
        wanted.address_ranges,
    )
    act = Act.KEYS_ROTATED if only_keys else Act.AMENDED
    return moved(system, act, note, registration=wanted, ends=ends)


def proving(registration: Registration, by: Credentials) -> Registration:
    """Return the registration with other credentials."""
    return replace(registration, **asdict(by))


def suspended(system: System, note: Note) -> System:
    """Return the suspended version; *system* itself when it is suspended already.

    Raises:
        SystemBlocked: the system is blocked.
    """
    if system.state is SystemState.SUSPENDED:
        return system
    return moved(system, Act.SUSPENDED, note, state=SystemState.SUSPENDED, ends=True)


def resumed(system: System, note: Note) -> System:
    """Return the active version; *system* itself when it is active already.

    Tokens from before the suspension stay dead: they name an older revision.

    Raises:
        SystemBlocked: the system is blocked.
    """
    if system.state is SystemState.ACTIVE:
        return system
    return moved(system, Act.RESUMED, note, state=SystemState.ACTIVE, ends=True)


def blocked(system: System, note: Note) -> System:
    """Return the blocked version, the last one; *system* itself when it is blocked already."""
    if system.state is SystemState.BLOCKED:
        return system
    return moved(system, Act.BLOCKED, note, state=SystemState.BLOCKED, ends=True)


def moved(
    system: System,
    act: Act,
    note: Note,
    *,
    ends: bool,
    state: SystemState | None = None,
    registration: Registration | None = None,
) -> System:
    """Return the next version; *ends* says whether running tokens end.

    Raises:
        SystemBlocked: the system is blocked.
    """
    if system.state is SystemState.BLOCKED:
        raise SystemBlocked
    return System(
        registration=registration or system.registration,
        version=system.version + 1,
        rev=system.rev + int(ends),
        state=state or system.state,
        act=act,
        note=note,
    )
