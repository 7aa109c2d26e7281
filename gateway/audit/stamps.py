"""What makes each leaf unique: an id, an instant, a salt."""

import os
from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta

import uuid_utils

from gateway.audit.leaf import Stamp
from gateway.clock import Clock

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def stamp(at: datetime) -> Stamp:
    """Mark a new leaf with the instant *at*, an id of its own and 16 random bytes."""
    salt = urlsafe_b64encode(os.urandom(16))[:22].decode("ascii")
    return Stamp(str(uuid_utils.uuid7()), microseconds(at), salt)


def stamp_now(clock: Clock) -> Stamp:
    """Mark a new leaf with the present instant."""
    return stamp(clock())


def instant(mark: Stamp) -> datetime:
    """Return the instant that a leaf with *mark* claims, UTC."""
    return _EPOCH + mark.ts * _MICROSECOND


def microseconds(at: datetime) -> int:
    """Return *at* as leaves claim it: microseconds since 1970."""
    return (at - _EPOCH) // _MICROSECOND
