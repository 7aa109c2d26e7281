"""Officials' tokens, accounts and tokens that were taken back; each argument is a test's matter."""

from datetime import datetime

import msgspec

from auth.claims import AccessClaims
from auth.client import client_assertion, dpop_proof, new_client_key
from auth.delegation.admission import Admission
from auth.delegation.neighbours import Neighbours
from auth.errors import OfficialRefused, RegistrationsUnavailable
from auth.forms import FORM, Post
from auth.jose import signed
from auth.keys import SigningKeyRing
from auth.signon.staff_tokens import StaffToken
from tests.party_builders import (
    CLIENT,
    CLIENT_KEY,
    ISSUER,
    NOON,
    NOON_S,
    FakeDesk,
    a_fresh_assertion,
    a_nonce,
    an_identity,
    an_issuer,
)

TOKEN_ENDPOINT = f"{ISSUER}/oauth/token"
HELD_KEY = new_client_key()
OFFICIAL = "u-abcdefghijklmnop"
THUMB = "A" * 43


def a_staff_token(**changes: object) -> StaffToken:
    """Return what an official's token proves, issued to the commune's one-stop system."""
    plain = StaffToken(
        provider="can-bo",
        issuer="https://sso.example",
        sub="sub-1",
        link="tech-1",
        staff_number="CB-0001",
        agency="H99.30.01",
        name="Lê Văn Ba",
        acr="urn:sso:2",
        level=2,
        amr=("pwd", "otp"),
        auth_time=NOON_S - 600,
        client_id=CLIENT,
        token_id="st-1",
        expires_at=NOON_S + 600,
    )
    return msgspec.structs.replace(plain, **changes)


class FakeTokens:
    """The staff providers: every text is the one token, or the one refusal."""

    def __init__(self, outcome: StaffToken | Exception) -> None:
        self.outcome = outcome
        self.judged: list[str] = []

    async def judge(self, token: str, now: datetime) -> StaffToken:
        """Return the token, or raise."""
        del now
        self.judged.append(token)
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome


class FakeOfficials:
    """The accounts: one official, active or not."""

    def __init__(self, *, active: bool = True) -> None:
        self.active = active

    async def admitted(self, token: StaffToken) -> str:
        """Return the account's id, or raise OfficialRefused."""
        del token
        if not self.active:
            raise OfficialRefused("account_disabled")
        return OFFICIAL

    async def stands(self, account_id: str) -> bool:
        """Say whether it is active."""
        return self.active and account_id == OFFICIAL


class FakeTakenBack:
    """Revoked tokens in memory."""

    def __init__(self) -> None:
        self.revoked: dict[str, float] = {}
        self.fails = False

    async def revoke(self, token_id: str, client_id: str, expires_at: float) -> None:
        """Note it."""
        del client_id
        if self.fails:
            raise RegistrationsUnavailable
        self.revoked[token_id] = expires_at

    async def is_revoked(self, token_id: str) -> bool:
        """Say whether it was noted."""
        return token_id in self.revoked


def a_proof(**changes: object) -> str:
    """Return a proof for the token endpoint, made at noon with a nonce of ours."""
    wanted: dict[str, object] = {
        "method": "POST",
        "url": TOKEN_ENDPOINT,
        "now": NOON_S,
        "nonce": a_nonce(),
    }
    return dpop_proof(HELD_KEY.private, **(wanted | changes))  # type: ignore[arg-type]


def a_question(token: str, *, now: float = NOON_S, **changes: object) -> Post:
    """Return a system's question about *token*, or its wish to take it back."""
    body = (
        b"client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer"
        b"&client_assertion=" + a_fresh_assertion(now=now).encode() + b"&token=" + token.encode()
    )
    return msgspec.structs.replace(Post(body=body, content_type=FORM), **changes)


def another_systems_question(token: str, client_id: str) -> Post:
    """Return the question of another system that holds the same key."""
    assertion = client_assertion(
        CLIENT_KEY.private, client_id=client_id, audience=ISSUER, now=NOON_S
    )
    body = (
        b"client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer"
        b"&client_assertion=" + assertion.encode() + b"&token=" + token.encode()
    )
    return Post(body=body, content_type=FORM)


def an_access_token(ring: SigningKeyRing, claims: AccessClaims) -> str:
    """Return a token of ours that says *claims*."""
    return signed(msgspec.json.encode(claims), ring.signing(NOON), typ="at+jwt")


def an_admission(ring: SigningKeyRing, desk: FakeDesk) -> Admission:
    """Return what proves systems at noon."""
    return an_issuer(ring, desk).admission


def some_neighbours(
    ring: SigningKeyRing,
    desk: FakeDesk,
    taken: FakeTakenBack | None = None,
    officials: FakeOfficials | None = None,
) -> Neighbours:
    """Return introspection and revocation at noon."""
    return Neighbours(
        identity=an_identity(),
        keys=ring,
        admission=an_admission(ring, desk),
        taken=taken or FakeTakenBack(),
        officials=officials or FakeOfficials(),
    )
