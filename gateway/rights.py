"""What a release rests on: named rights with a revision, judged again at the record's commit.

Every right has one row in ``gateway.live_right``, kept by database triggers in the transaction
that changes it.  A release names the rights it rests on; the statement that records it demands
that each is live, unexpired and still at the named revision (promise P3).

A token and an official need no row to be good: they are proven by signature.  Their rights are
named at revision `UNTIL_TAKEN` and stand until a row says that they were taken back.
"""

from msgspec import Struct

UNTIL_TAKEN = 0


class Right(Struct, frozen=True):
    """One right at one revision."""

    key: str
    rev: int


def system_right(client_id: str, rev: int) -> Right:
    """Name the registration of one agency system."""
    return Right(f"system:{client_id}", rev)


def service_right(code: str, rev: int) -> Right:
    """Name one published service version."""
    return Right(f"service:{code}", rev)


def agreement_right(code: str, rev: int) -> Right:
    """Name one version of one agreement."""
    return Right(f"agreement:{code}", rev)


def consent_right(record_id: str, seq: int) -> Right:
    """Name one consent record at its last event."""
    return Right(f"consent:{record_id}", seq)


def representation_right(record_id: str, rev: int) -> Right:
    """Name one representation at its last check."""
    return Right(f"representation:{record_id}", rev)


def token_right(token_id: str) -> Right:
    """Name one access token, which is good unless it was revoked."""
    return Right(f"token:{token_id}", UNTIL_TAKEN)


def official_right(account_id: str) -> Right:
    """Name the account of one official, which is good unless it was disabled or locked."""
    return Right(f"account:{account_id}", UNTIL_TAKEN)
