"""What a system proves itself by, from one key to the next: overlap, revocation, bounds; pure."""

from datetime import datetime

from msgspec.structs import replace

from auth.errors import CredentialUnknown, KeyRefused
from auth.systems import Act, Credentials, Note, Registration, System, moved, proving

MOST_KEYS = 4  # two serve for a rotation with overlap
MOST_CERTIFICATES = 4


def rotated(system: System, added: Credentials, until: datetime, note: Note) -> System:
    """Return the version with more credentials, whose older ones end at *until* at the latest.

    What has ended before the note's instant makes room.  Saying what stands already is no act:
    *system* itself comes back.

    Raises:
        KeyRefused: too many at once, an id that another key has, or an address that stands beside
            keys.
        SystemBlocked: the system is blocked.
    """
    known = system.registration
    if all(_has(known, each, added) for each in added.names()) and not added.jwks_uri:
        return system
    living = _living(known, note.at)
    relieved = _relieved(living, added)
    ends = {name: end for name, end in living.ends.items() if name not in added.names()}
    ends |= {name: min(until, living.ends.get(name, until)) for name in relieved}
    by = Credentials(
        jwks=(*_others(living.jwks, added.jwks), *added.jwks),
        certificates=tuple(dict.fromkeys((*living.certificates, *added.certificates))),
        jwks_uri=living.jwks_uri if not added.jwks else None,
        ends=ends | dict(added.ends),
    )
    demand_bounds(by)
    return moved(system, Act.KEYS_ROTATED, note, registration=proving(known, by), ends=False)


def revoked(system: System, credential: str, note: Note) -> System:
    """Return the version without one key or certificate; running tokens end.

    Args:
        system: as it stands.
        credential: the key's id, or the certificate's thumbprint.
        note: who, why, when.

    Raises:
        CredentialUnknown: the registration has none of that name.
        KeyRefused: nothing would be left: suspend the system instead.
        SystemBlocked: the system is blocked.
    """
    known = system.registration
    if credential not in known.credentials().names():
        raise CredentialUnknown
    by = Credentials(
        jwks=tuple(jwk for jwk in known.jwks if jwk["kid"] != credential),
        jwks_uri=known.jwks_uri,
        certificates=tuple(each for each in known.certificates if each != credential),
        ends={name: end for name, end in known.ends.items() if name != credential},
    )
    wanted = proving(known, by)
    if _living(wanted, note.at).empty():
        raise KeyRefused("it is the last credential: suspend the system, or rotate first")
    return moved(system, Act.KEYS_REVOKED, note, registration=wanted, ends=True)


def demand_bounds(by: Credentials) -> None:
    """Refuse credentials that cannot stand together.

    Raises:
        KeyRefused: none at all, too many, a name twice, an end of nothing, or keys beside an
            address where keys are published.
    """
    names = by.names()
    if by.empty():
        raise KeyRefused("at least one key, address or certificate must be given")
    if len(by.jwks) > MOST_KEYS or len(by.certificates) > MOST_CERTIFICATES:
        raise KeyRefused(f"at most {MOST_KEYS} keys and {MOST_CERTIFICATES} certificates at once")
    if len(set(names)) < len(names):
        raise KeyRefused("another key of the set has the same kid")
    if by.jwks_uri is not None and by.jwks:
        raise KeyRefused("keys stand here or at an address, not at both")
    if not by.ends.keys() <= set(names):
        raise KeyRefused("an end is named of a key that is not there")


def _relieved(living: Credentials, added: Credentials) -> frozenset[str]:
    """Return what *added* stands in for: keys for keys, certificates for certificates."""
    keys = [jwk["kid"] for jwk in living.jwks] if added.jwks else []
    certificates = living.certificates if added.certificates else ()
    return frozenset((*keys, *certificates)) - frozenset(added.names())


def _living(known: Registration, now: datetime) -> Credentials:
    """Return the credentials that have not ended at *now*."""
    at = now.timestamp()
    jwks = tuple(jwk for jwk in known.jwks if known.lasts(jwk["kid"], at))
    certificates = tuple(each for each in known.certificates if known.lasts(each, at))
    kept = Credentials(jwks=jwks, jwks_uri=known.jwks_uri, certificates=certificates)
    return replace(
        kept, ends={name: known.ends[name] for name in kept.names() if name in known.ends}
    )


def _others(
    jwks: tuple[dict[str, str], ...], added: tuple[dict[str, str], ...]
) -> tuple[dict[str, str], ...]:
    """Return the keys that are not among *added*; another key under one id stays, to be refused."""
    return tuple(jwk for jwk in jwks if jwk not in added)


def _has(known: Registration, name: str, added: Credentials) -> bool:
    """Say whether a credential stands there already, with the end that it is given."""
    key = next((jwk for jwk in added.jwks if jwk["kid"] == name), None)
    stands = key in known.jwks if key is not None else name in known.certificates
    return stands and known.ends.get(name) == added.ends.get(name)
