"""Instants as people write them: a day, a minute, or how long ago; local time unless said."""

import re
from datetime import datetime, timedelta

from gateway.quota.windows import LOCAL

_whole = re.compile(
    r"(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2})?)(Z|[+-]\d{2}:\d{2})?)?", re.ASCII
).fullmatch
_ago = re.compile(r"(\d{1,3})([hd])", re.ASCII).fullmatch
_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1)}


class NotAnInstant(ValueError):
    """A text names no instant; the text is not repeated."""


def instant(text: str, now: datetime) -> datetime:
    """Return the instant that *text* names, with a time zone.

    Args:
        text: ``2026-11-21``, ``2026-11-21T08:30``, the same with ``Z`` or ``+07:00``, ``7d`` or
            ``24h`` for so long before *now*.  A day begins at midnight in Viet Nam.
        now: with a time zone.

    Raises:
        NotAnInstant: it is none of these, or there is no such day.
    """
    ago = _ago(text)
    if ago is not None:
        return now - int(ago[1]) * _UNITS[ago[2]]
    whole = _whole(text)
    if whole is None:
        raise NotAnInstant("not an instant")
    day, hour, zone = whole.groups()
    try:
        at = datetime.fromisoformat(f"{day}T{hour or '00:00'}{zone or ''}")
        at = at if at.tzinfo is not None else at.replace(tzinfo=LOCAL)
        return at.astimezone(now.tzinfo)
    except (ValueError, OverflowError):
        raise NotAnInstant("there is no such instant") from None
