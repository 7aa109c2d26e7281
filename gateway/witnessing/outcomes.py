"""What came of asking one witness, and what its quorum means for strict services; pure."""

from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct


class Outcome(StrEnum):
    """The closed vocabulary of what one witness did with our newest checkpoint."""

    COSIGNED = "cosigned"
    SILENT = "silent"  # not reached, or no whole answer in time
    LOG_UNKNOWN = "log_unknown"  # 404: it was not told about our log
    KEY_REFUSED = "key_refused"  # 403: it was not told about our signing key
    COSIGNATURE_BAD = "cosignature_bad"  # a 200 without a valid line of the key we trust
    ANSWER_ODD = "answer_odd"  # any other answer
    OVERTAKEN = "overtaken"  # another keeper of ours offered a newer checkpoint meanwhile
    AHEAD = "ahead"  # it has seen a larger tree than we have: ours went back
    FORKED = "forked"  # it has seen another tree than ours


# What a machine cannot heal: somebody must look at once, whatever the quorum says.
ALARMING = frozenset({Outcome.AHEAD, Outcome.FORKED})


class Witnessed(Struct, frozen=True):
    """The newest moment at which a quorum stood behind everything that was in the tree."""

    size: int  # leaves
    at: datetime  # when that checkpoint was the newest, by our clock; UTC


class WitnessLine(Struct, frozen=True, kw_only=True):
    """What is known of one witness."""

    name: str  # its name in the policy
    outcome: Outcome
    size: int  # of the last checkpoint it cosigned, 0 for none
    since: datetime  # of this outcome, unbroken
    asked_at: datetime
    cosigned_at: datetime | None


def unwitnessed(last: Witnessed, now: datetime) -> timedelta:
    """Return for how long no quorum has stood behind the log; never negative."""
    return max(timedelta(), now - last.at)


def strict_allowed(last: Witnessed, now: datetime, limit: timedelta) -> bool:
    """Tell whether strict services may go on: a quorum within *limit*, the bound included.

    Everything else goes on, witnessed or not: witnesses prove history, they do not gate it.
    X-Road stops in the same way when no time stamp could be had for its acceptable failure period.
    """
    return unwitnessed(last, now) <= limit


def alarming(last: Witnessed, now: datetime, after: timedelta) -> bool:
    """Tell whether an operator should know that no quorum was reached for longer than *after*."""
    return unwitnessed(last, now) > after
