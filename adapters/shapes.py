"""The shapes every connector hands out: names, dates, people, records in the catalog's words."""

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta, timezone

from msgspec import Struct

from adapters.client import QuestionRefused
from adapters.errors import SourceSchemaMismatch
from adapters.protocol import Json, Match, PartialDate, Query, Record

ICT = timezone(timedelta(hours=7))  # Indochina Time; the registers' day begins here
NOT_ON_RECORD = "not_on_record"  # the source knows the person and lacks the value
NOT_OFFERED = "not_offered"  # this connector cannot ask for the field in this service

_YEAR_DIGITS, _MONTH_DIGITS, _DAY_DIGITS = 4, 6, 8
_DATE_PARTS = 3


class Told(Struct, frozen=True, kw_only=True):
    """What a source said, before the fields asked are picked out of it."""

    known: Mapping[str, Json]  # None: the source has no value
    as_of: datetime
    match: Match = Match.EXACT
    upstream_id: str | None = None
    reasons: Mapping[str, str] = {}  # why a value is None, when it is not simply missing
    current_so_dinh_danh: str | None = None
    subject_is: str = "adult"


def record(query: Query, told: Told) -> Record:
    """Return the fields that were asked, and a reason for each that is not there."""
    known, fields = told.known, query.fields
    values = {name: value for name in fields if (value := known.get(name)) is not None}
    return Record(
        values=values,
        as_of=told.as_of,
        match=told.match,
        upstream_id=told.upstream_id,
        unavailable=_missing(fields.difference(values), told) if len(values) < len(fields) else {},
        current_so_dinh_danh=told.current_so_dinh_danh,
        subject_is=told.subject_is,
    )


def _missing(names: frozenset[str], told: Told) -> dict[str, str]:
    """Return why each of *names* has no value."""
    return {
        name: told.reasons.get(name, NOT_ON_RECORD if name in told.known else NOT_OFFERED)
        for name in names
    }


def folded(name: str) -> str:
    """Return *name* as registers compare names: unmarked, without blanks, upper case, Đ as D."""
    marks = unicodedata.normalize("NFD", name.upper().replace("Đ", "D"))
    return "".join(each for each in marks if not unicodedata.combining(each) and not each.isspace())


def nfc(text: str) -> str:
    """Return *text* composed (NFC), blanks single and none at the ends."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def text_or_none(text: str | None) -> str | None:
    """Return *text* composed, or None when it is missing or blank."""
    return (nfc(text) or None) if text is not None else None


def digits_of(source: str, day: str | PartialDate) -> str:
    """Return a birth date as yyyyMMdd, yyyyMM or yyyy, whatever is known of it.

    Raises:
        QuestionRefused: no such day, or no ISO date; the wire cannot carry it.
    """
    try:
        if isinstance(day, PartialDate):
            numbers: list[int | None] = [day.nam, day.thang, day.ngay]
        else:
            numbers = [int(part) for part in day.split("-")]
        known = list(_leading(numbers))
        whole = date(*known, *(1,) * (_DATE_PARTS - len(known)))
    except (TypeError, ValueError):
        raise QuestionRefused(source, "a birth date that is none") from None
    return whole.isoformat().replace("-", "")[: 2 + 2 * len(known)]


def day_of(source: str, digits: str) -> Json:
    """Return yyyyMMdd as ISO text, yyyyMM or yyyy as the builtins of a `PartialDate`.

    Raises:
        SourceSchemaMismatch: no such day.
    """
    try:
        if len(digits) == _YEAR_DIGITS:
            return {"nam": date(int(digits), 1, 1).year}
        if len(digits) == _MONTH_DIGITS:
            return {
                "nam": int(digits[:4]),
                "thang": date(int(digits[:4]), int(digits[4:]), 1).month,
            }
        if len(digits) == _DAY_DIGITS:
            return date(int(digits[:4]), int(digits[4:6]), int(digits[6:])).isoformat()
    except ValueError:
        pass
    raise SourceSchemaMismatch(source, "a date that is none")


def person(name: str, number: str | None = None, relation: str | None = None) -> dict[str, str]:
    """Return one related person: `ho_ten`, and `so_dinh_danh` and `quan_he` when known."""
    told = {"ho_ten": nfc(name)}
    if number:
        told["so_dinh_danh"] = number
    if relation:
        told["quan_he"] = relation
    return told


def instant_of(source: str, text: str) -> datetime:
    """Return an instant the source wrote in ISO 8601; without an offset it is Vietnamese time.

    Raises:
        SourceSchemaMismatch: no such instant.
    """
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise SourceSchemaMismatch(source, "an instant that is none") from None
    return instant if instant.tzinfo is not None else instant.replace(tzinfo=ICT)


def demand_same(source: str, asked: str | None, answered: Iterable[str | None]) -> None:
    """Insist that an answer is about the one who was asked for.

    Raises:
        SourceSchemaMismatch: *asked* is not among *answered*; the message names nobody.
    """
    if asked is None or asked not in answered:
        raise SourceSchemaMismatch(source, "an answer about somebody else")


def _leading(numbers: Iterable[int | None]) -> Iterator[int]:
    """Yield what stands before the first gap: a day without its month says nothing."""
    for number in numbers:
        if number is None:
            return
        yield number
