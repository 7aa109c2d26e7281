"""When an official's look at a person is expected: local hours, days of rest, public holidays."""

from datetime import UTC, date, datetime, timedelta

from msgspec import Struct

from gateway.quota.windows import LOCAL

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SUNDAY = 7  # ISO

# Public holidays of fixed date: Bộ luật Lao động 45/2019/QH14, Điều 112.  The lunar ones, and days
# swapped with them, are announced year by year; the operator names them in the settings.
FIXED_HOLIDAYS = ((1, 1), (4, 30), (5, 1), (9, 2))


class Hours(Struct, frozen=True, kw_only=True):
    """What counts as ordinary time; early, late and Saturday service stays ordinary."""

    from_hour: int = 6  # local
    to_hour: int = 21  # local, not included
    holidays: frozenset[date] = frozenset()  # beyond those of fixed date

    def is_off(self, at: datetime) -> bool:
        """Say whether *at* lies at night, on a Sunday or on a public holiday."""
        local = at.astimezone(LOCAL)
        if not self.from_hour <= local.hour < self.to_hour or local.isoweekday() == _SUNDAY:
            return True
        return (local.month, local.day) in FIXED_HOLIDAYS or local.date() in self.holidays


def claimed(microseconds: int) -> datetime:
    """Return the instant that a leaf claims, UTC.

    Raises:
        OverflowError: it lies beyond the year 9999.
    """
    return _EPOCH + timedelta(microseconds=microseconds)


def local_day(at: datetime) -> date:
    """Return the province's local day of *at*."""
    return at.astimezone(LOCAL).date()
