"""When an agency must have answered a person: rules as data, with validity and mark; pure.

Days are those of Việt Nam.  Working days leave out Saturday and Sunday; public holidays are not
counted as free, for their dates are proclaimed year by year: the clock is never later than the law.
"""

from datetime import date, datetime, time, timedelta, timezone

from msgspec import Struct

from catalog.entries import Mark

LOCAL = timezone(timedelta(hours=7))  # Việt Nam knows no summer time
SATURDAY = 6


class Deadline(Struct, frozen=True, kw_only=True):
    """One rule: how long an agency may take, since when, and how sure we are of it."""

    code: str
    working_days: int = 0
    days: int = 0
    instrument: str
    article: str
    text_vi: str
    text_en: str
    mark: Mark
    valid_from: date
    valid_to: date | None = None  # not included


ACKNOWLEDGE = (
    Deadline(
        code="nd356-2025-d5-xac-nhan",
        working_days=2,
        instrument="Nghị định 356/2025/NĐ-CP",
        article="Điều 5",
        text_vi="Xác nhận đã nhận trong 2 ngày làm việc.",
        text_en="Acknowledge within 2 working days.",
        mark=Mark.VERIFIED,
        valid_from=date(2026, 1, 1),
    ),
)
# The decree fixes 10 days for requests to see one's data; that a question about one access is such
# a request is our reading of it, hence the mark.
ANSWER = (
    Deadline(
        code="nd356-2025-d5-tra-loi",
        days=10,
        instrument="Nghị định 356/2025/NĐ-CP",
        article="Điều 5",
        text_vi="Trả lời trong 10 ngày, như với yêu cầu được xem dữ liệu.",
        text_en="Answer within 10 days, as for a request to see one's data.",
        mark=Mark.DERIVED,
        valid_from=date(2026, 1, 1),
    ),
)


def in_force(rules: tuple[Deadline, ...], at: datetime) -> Deadline:
    """Return the rule that is in force at *at*; before the first one, the first.

    Raises:
        LookupError: the last rule has ended and none follows.
    """
    today = at.astimezone(LOCAL).date()
    for rule in reversed(rules):
        if rule.valid_from <= today and (rule.valid_to is None or today < rule.valid_to):
            return rule
    if today < rules[0].valid_from:
        return rules[0]
    raise LookupError(rules[-1].code)


def due(rule: Deadline, asked_at: datetime) -> datetime:
    """Return the end of the last day that *rule* gives, counted from the day after *asked_at*."""
    day = asked_at.astimezone(LOCAL).date() + timedelta(days=rule.days)
    left = rule.working_days
    while left:
        day += timedelta(days=1)
        left -= day.isoweekday() < SATURDAY
    return datetime.combine(day + timedelta(days=1), time(), LOCAL).astimezone(asked_at.tzinfo)
