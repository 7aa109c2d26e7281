"""The last resort: one secret, used once, over soon, judged afterwards; values and rules."""

import secrets
from datetime import datetime, timedelta
from enum import StrEnum

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from msgspec import Struct

DOOR = "break-glass"  # where its secret is guessed
LETTERS = 32  # of 31: 158 random bits, which nobody guesses, also without the lock
GROUP = 4  # characters; it is typed from a screen of another machine
LONGEST_PAUSE_S = 8
PROVIDER = "break-glass"
ISSUER = "urn:motlan:break-glass"
ACR = "urn:motlan:acr:break-glass"
ACCOUNT_NAME = "Quyền khẩn cấp / break-glass"
AGENCY = "motlan"  # of the account that exists for this one emergency

_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # without those that look alike
_HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)  # OWASP, argon2id


class Stage(StrEnum):
    """Where an emergency stands."""

    OPEN = "open"  # nobody has signed on yet
    USED = "used"  # somebody acts with it
    CLOSED = "closed"  # and waits to be judged
    JUDGED = "judged"


class Emergency(Struct, frozen=True, kw_only=True):
    """One opening of the last resort."""

    id: str  # UUIDv7
    account_id: str  # made for it, and disabled when it ends
    opened_by: str
    reason: str
    opened_at: datetime
    ends_at: datetime
    used_at: datetime | None = None
    closed_at: datetime | None = None
    closed_by: str | None = None
    judged_by: str | None = None
    justified: bool | None = None
    judged_at: datetime | None = None
    verdict: str | None = None  # the judge's reason

    def stage(self, now: datetime) -> Stage:
        """Return where it stands at *now*; time closes it, whether or not anybody does."""
        if self.judged_at is not None:
            return Stage.JUDGED
        if self.closed_at is not None or now >= self.ends_at:
            return Stage.CLOSED
        return Stage.OPEN if self.used_at is None else Stage.USED

    def is_overdue(self, now: datetime, within: timedelta) -> bool:
        """Say whether it should have been judged by *now*, *within* so long after its end."""
        return self.judged_at is None and now >= (self.closed_at or self.ends_at) + within


def new_secret() -> str:
    """Return a new secret in groups of four letters and digits."""
    drawn = [secrets.choice(_LETTERS) for _ in range(LETTERS)]
    return "-".join("".join(drawn[at : at + GROUP]) for at in range(0, len(drawn), GROUP))


def hashed(secret: str) -> str:
    """Return what the database keeps of *secret*: argon2id (RFC 9106)."""
    return _HASHER.hash(_bare(secret))


def opens(secret: str, secret_hash: str) -> bool:
    """Say whether *secret* is the one; takes some hundredths of a second, in whichever thread."""
    try:
        return _HASHER.verify(secret_hash, _bare(secret))
    except (VerificationError, InvalidHashError):
        return False


def _bare(secret: str) -> str:
    """Return the letters of *secret*, however they were typed."""
    return "".join(each for each in secret.lower() if each in _LETTERS)
