"""Stands in for the sign-on of people, in demonstrations only: a test issuer with its own key.

Production trusts no key of it; its people cannot exist there.
"""

import secrets
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
from msgspec import Struct

from auth.errors import KeyRingUnusable
from auth.jose import VerificationKey, signed
from auth.keys import SigningKeyRing
from auth.people import LONGEST_LIFE_S, TOKEN_TYPE, PeopleVerifier, Person, PersonClaims, read
from auth.settings import IdentitySettings

ISSUER = "urn:motlan:people-for-tests"
FOLDER = "people"  # in identity.keys_dir
# No province has these first digits (domain.md): nobody real can be stood in for.
SYNTHETIC = ("003", "005", "007")


WEAK = ":1"  # how the `acr` of a token ends whose person stands for a weak sign-on


def level_of(acr: str) -> int:
    """Return the level that a test token stands for: 1 when its `acr` ends with ``:1``, else 2."""
    return 1 if acr.endswith(WEAK) else 2


class PersonIsReal(ValueError):
    """A number that a real person could have is never put into a test token."""

    def __init__(self) -> None:
        super().__init__("a test token is for synthetic people only: 12 digits from 003, 005, 007")


class StandIn(Struct, frozen=True):
    """The test issuer: the ring of its key, and the gateway its tokens are for."""

    ring: SigningKeyRing
    audience: str

    def token(self, person: Person, now: datetime, *, life_s: int = 3600) -> str:
        """Return a token that says *person* has signed on at *now*; it lives 60 s to 8 hours.

        Raises:
            PersonIsReal: the number does not have the first digits of synthetic people.
            TokenInvalid: the roles exclude each other, or the account is not a code.
            KeyRingUnusable: the key cannot be read or made.
        """
        number = person.so_dinh_danh
        if number is not None and not number.startswith(SYNTHETIC):
            raise PersonIsReal
        claims = PersonClaims(
            iss=ISSUER,
            sub=person.id,
            aud=self.audience,
            iat=int(now.timestamp()),
            exp=int(now.timestamp()) + min(max(life_s, 60), LONGEST_LIFE_S),
            jti=secrets.token_urlsafe(16),
            name=person.name,
            roles=tuple(sorted(person.roles)),
            acr=person.acr,
            auth_time=person.auth_time,
            agency=person.agency,
            so_dinh_danh=number,
        )
        payload = msgspec.json.encode(claims)
        read(payload)  # what no verifier would take is not signed
        self.ring.ensure(now)
        return signed(payload, self.ring.signing(now), typ=TOKEN_TYPE)


class _Nobody:
    """No key: where no issuer is trusted, nobody can be proven."""

    generation = 0

    def verifying_at(self, kid: str | None, now: float) -> Iterable[VerificationKey]:
        del kid, now
        return ()


class _Quiet:
    """The ring as a verifier wants it: a folder that is not there yet holds no key."""

    def __init__(self, ring: SigningKeyRing) -> None:
        self._ring = ring
        self.generation = ring.generation

    def verifying_at(self, kid: str | None, now: float) -> Iterable[VerificationKey]:
        try:
            return self._ring.verifying_at(kid, now)
        except KeyRingUnusable:
            return ()
        finally:
            self.generation = self._ring.generation


def stand_in(settings: IdentitySettings) -> StandIn:
    """Return the test issuer whose key lies in `identity.keys_dir`/people; nothing is opened."""
    return StandIn(_ring(settings.keys_dir), settings.identity().audience)


def verifier(
    settings: IdentitySettings, clock: Callable[[], datetime], *, demo: bool
) -> PeopleVerifier:
    """Return what proves people.

    Args:
        settings: whose audience, and where the keys are.
        clock: the present instant.
        demo: whether this is a demonstration; elsewhere the test issuer proves nobody.
    """
    return PeopleVerifier(
        _Quiet(_ring(settings.keys_dir)) if demo else _Nobody(),
        issuer=ISSUER,
        audience=settings.identity().audience,
        clock=clock,
        ahead_s=settings.clock_ahead_s,
    )


def _ring(keys_dir: Path) -> SigningKeyRing:
    return SigningKeyRing(keys_dir / FOLDER, keep=timedelta(seconds=LONGEST_LIFE_S + 120))
