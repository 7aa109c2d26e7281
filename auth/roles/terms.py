"""The terms of the last resort, as settings give them; pure."""

from datetime import timedelta

from msgspec import Struct


class Terms(Struct, frozen=True, kw_only=True):
    """Whether there is a last resort, how long it lasts, how soon it must be judged."""

    enabled: bool = False
    life: timedelta = timedelta(minutes=15)
    judged_within: timedelta = timedelta(days=7)
