"""Valid systems, keys, tokens and requests; each argument is what a test is about."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from auth.assertions import Limits
from auth.claims import AccessClaims
from auth.client import ClientKey, client_assertion, new_client_key, token_form
from auth.delegation.binding import Binding
from auth.delegation.subjects import Subjects
from auth.errors import RegistrationConflict, SystemUnknown
from auth.forms import FORM, Post
from auth.identity import Identity
from auth.issuer import Issuer, Parts
from auth.jose import signed, signing_key
from auth.keys import SigningKeyRing
from auth.narrowing.agreements import Reach
from auth.possession.desk import Counts, ProofDesk
from auth.possession.nonces import Nonces
from auth.systems import Note, Registration, System, registered
from tests.bound import THUMBPRINT

NOON = datetime(2026, 11, 20, 5, 0, tzinfo=UTC)  # twelve o'clock in Viet Nam
NOON_S = NOON.timestamp()
CLIENT = "motcua-xa"
ISSUER = "https://gateway.example"
OUR_NOTE = Note(by="quan-tri", reason="test", at=NOON, approved_by="quan-tri-2")
CLIENT_KEY = new_client_key()
OTHER_KEY = new_client_key()
LIMITS = Limits(audiences=(ISSUER, f"{ISSUER}/oauth/token"))
REACH = Reach(
    services=frozenset({"residence.verify", "residence.select"}),
    purposes=frozenset({"giai-quyet-tthc", "thong-ke"}),
)
REACHES = {"TT-2026-0001": REACH, "TT-2026-0002": REACH}
AGREEMENTS = frozenset(REACHES)
NONCES = Nonces(lambda: [b"a secret of these tests"])


def a_registration(**changes: object) -> Registration:
    """Return a registration of the commune's one-stop system."""
    plain = Registration(
        client_id=CLIENT,
        agency="H99.30.01",
        name_vi="Một cửa xã",
        name_en="Commune one-stop",
        jwks=(CLIENT_KEY.public,),
    )
    return msgspec.structs.replace(plain, **changes)


def a_system(**changes: object) -> System:
    """Return its first version; *changes* are those of the registration."""
    return registered(a_registration(**changes), OUR_NOTE)


def an_identity(**changes: object) -> Identity:
    """Return the authorization server of these tests."""
    return msgspec.structs.replace(Identity(issuer=ISSUER, audience=ISSUER), **changes)


def a_ring(directory: Path, *, now: datetime = NOON) -> SigningKeyRing:
    """Return a ring with one active key."""
    ring = SigningKeyRing(directory / "keys", keep=timedelta(seconds=420))
    ring.ensure(now)
    return ring


def some_claims(**changes: object) -> AccessClaims:
    """Return the claims of a good token, issued at noon."""
    plain = AccessClaims(
        iss=ISSUER,
        sub=CLIENT,
        aud=ISSUER,
        exp=int(NOON_S) + 300,
        iat=int(NOON_S),
        jti="t1",
        client_id=CLIENT,
        scope="TT-2026-0001",
        agency="H99.30.01",
        sys_rev=1,
        env="live",
    )
    return msgspec.structs.replace(plain, **changes)


def a_token(
    ring: SigningKeyRing, *, typ: str = "at+jwt", now: datetime = NOON, **changes: object
) -> str:
    """Return a token that *ring* signed."""
    payload = msgspec.json.encode(some_claims(**changes))
    return signed(payload, ring.signing(now), typ=typ)


def an_assertion(key: ClientKey = CLIENT_KEY, *, now: float = NOON_S, **changes: object) -> str:
    """Return a good assertion, made at *now* for a minute; a change to None leaves a claim out."""
    claims = {
        "iss": CLIENT,
        "sub": CLIENT,
        "aud": ISSUER,
        "iat": int(now),
        "exp": int(now) + 60,
        "jti": "a1",
    } | changes
    said = {name: value for name, value in claims.items() if value is not None}
    return signed(msgspec.json.encode(said), signing_key(key.private), typ="JWT")


def a_fresh_assertion(
    *, now: float = NOON_S, audience: str = ISSUER, client_id: str = CLIENT
) -> str:
    """Return an assertion that nobody has seen, as a client makes it."""
    return client_assertion(CLIENT_KEY.private, client_id=client_id, audience=audience, now=now)


def a_post(assertion: str, *, scope: str = "", resource: str = "", **changes: object) -> Post:
    """Return a token request that binds the token to the certificate of the tests."""
    body = token_form(assertion, scope=scope, resource=resource)
    bound = Post(body=body, content_type=FORM, certificate=THUMBPRINT)
    return msgspec.structs.replace(bound, **changes)


class FakeSystems:
    """Registrations in memory."""

    def __init__(self, *known: System) -> None:
        self.versions: list[System] = list(known)

    async def find(self, client_id: str, *, kid: str | None = None) -> System:
        """Return the newest version, or raise SystemUnknown."""
        del kid
        for version in reversed(self.versions):
            if version.client_id == client_id:
                return version
        raise SystemUnknown

    async def append(self, version: System) -> None:
        """Keep the next version, or raise RegistrationConflict."""
        known = [each.version for each in self.versions if each.client_id == version.client_id]
        if version.version != max(known, default=0) + 1:
            raise RegistrationConflict
        self.versions.append(version)


class FakeDesk(FakeSystems):
    """Registrations and used assertions in memory, for one worker."""

    def __init__(self, *known: System, fails: Exception | None = None) -> None:
        super().__init__(*known)
        self.spent: set[tuple[str, str]] = set()
        self.forgotten: list[datetime] = []
        self.uses: dict[str, datetime] = {}
        self.fails = fails

    async def remember(self, client_id: str, jti: str, expires_at: float) -> bool:
        """Say whether it is new."""
        del expires_at
        if self.fails is not None:
            raise self.fails
        new = (client_id, jti) not in self.spent
        self.spent.add((client_id, jti))
        return new

    async def note(self, client_id: str, at: datetime) -> None:
        """Note the use."""
        self.uses[client_id] = at

    async def forget(self, before: datetime) -> int:
        """Note the order."""
        self.forgotten.append(before)
        return 0


class FakeMemory:
    """Used proofs in memory, for one worker."""

    def __init__(self) -> None:
        self.used: set[tuple[str, str]] = set()

    async def claim(
        self, owner: str, jti: str, expires_at: float, born: float | None = None
    ) -> bool:
        """Say whether it is new."""
        del expires_at, born
        new = (owner, jti) not in self.used
        self.used.add((owner, jti))
        return new


class NoOfficials:
    """Accounts of officials, of whom there are none."""

    async def stands(self, account_id: str) -> bool:
        """Say no."""
        del account_id
        return False


def a_nonce(now: float = NOON_S) -> str:
    """Return what a proof at the token endpoint is to carry."""
    return NONCES.current(now)


def a_binding(memory: Counts | None = None) -> Binding:
    """Return what judges to whom a token is bound."""
    return Binding(f"{ISSUER}/oauth/token", ProofDesk(memory or FakeMemory(), NONCES))


def an_issuer(
    ring: SigningKeyRing,
    desk: FakeDesk,
    *,
    clock: Callable[[], datetime] = lambda: NOON,
    subjects: Subjects | None = None,
    **changes: object,
) -> Issuer:
    """Return the token endpoint at noon; *changes* are those of the identity."""
    parts = Parts(
        keys=ring,
        rows=desk,
        uses=desk,
        reaches=lambda _: REACHES,
        binding=a_binding(),
        subjects=subjects,
        clock=clock,
    )
    return Issuer(an_identity(**changes), parts)
