"""What makes each leaf unique: an id, an instant, a salt."""

import os
from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta

import uuid_utils

from gateway.audit.leaf import Stamp
from gateway.clock import Clock

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SALTS_AT_ONCE = 256


class Salts:
    """Random salts, drawn from the system many at a time; each is given out once.

    Workers are started, never forked, so no two processes hold the same ones.
    """

    def __init__(self) -> None:
        self._drawn: list[str] = []

    def next(self) -> str:
        """Return 16 random bytes as unpadded base64url."""
        if not self._drawn:
            noise = os.urandom(16 * _SALTS_AT_ONCE)
            self._drawn = [
                urlsafe_b64encode(noise[place : place + 16])[:22].decode("ascii")
                for place in range(0, len(noise), 16)
            ]
        return self._drawn.pop()


_salt = Salts().next


def stamp(at: datetime) -> Stamp:
    """Mark a new leaf with the instant *at*, an id of its own and 16 random bytes."""
    return Stamp(str(uuid_utils.uuid7()), microseconds(at), _salt())


def stamp_now(clock: Clock) -> Stamp:
    """Mark a new leaf with the present instant."""
    return stamp(clock())


def instant(mark: Stamp) -> datetime:
    """Return the instant that a leaf with *mark* claims, UTC."""
    return _EPOCH + timedelta(microseconds=mark.ts)


def microseconds(at: datetime) -> int:
    """Return *at* as leaves claim it: microseconds since 1970."""
    since = at - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
