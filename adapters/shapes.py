"""The shapes every connector hands out: names, dates, people, records in the catalog's words."""

import unicodedata
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta, timezone

from msgspec.structs import replace

from adapters.client import QuestionRefused
from adapters.errors import SourceSchemaMismatch
from adapters.protocol import Json, PartialDate, Query, Record

ICT = timezone(timedelta(hours=7))  # Indochina Time; the registers' day begins here
NOT_ON_RECORD = "not_on_record"  # the source knows the person and lacks the value
NOT_OFFERED = "not_offered"  # this connector cannot ask for the field in this service

_YEAR_DIGITS, _MONTH_DIGITS, _DAY_DIGITS = 4, 6, 8
_DATE_PARTS = 3


def record(query: Query, told: Record) -> Record:
    """Return of *told* the fields that were asked, and a reason for each that is not there.

    Args:
        query: what was asked.
        told: all the source said.  A value of None is one that the source lacks; `unavailable`
            says why, or names what may be missing from `values` altogether.
    """
    values = {**told.values}
    for name in values.keys() - query.fields:
        del values[name]
    if None in values.values():
        values = {name: value for name, value in values.items() if value is not None}
    missing = query.fields.difference(values)
    return replace(told, values=values, unavailable=_reasons(missing, told) if missing else {})


def _reasons(missing: frozenset[str], told: Record) -> dict[str, str]:
    """Return why each of *missing* has no value."""
    known, reasons = told.values, told.unavailable
    return {
        name: reasons.get(name, NOT_ON_RECORD if name in known else NOT_OFFERED) for name in missing
    }


def folded(name: str) -> str:
    """Return *name* as registers compare names: unmarked, without blanks, upper case, Đ as D."""
    marks = unicodedata.normalize("NFD", name.upper().replace("Đ", "D"))
    return "".join(each for each in marks if not unicodedata.combining(each) and not each.isspace())


def nfc(text: str) -> str:
    """Return *text* composed (NFC), blanks single and none at the ends."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def digits_of(source: str, day: str | PartialDate) -> str:
    """Return a birth date as yyyyMMdd, yyyyMM or yyyy, whatever is known of it.

    Raises:
        QuestionRefused: no such day, or no ISO date; the wire cannot carry it.
    """
    try:
        if isinstance(day, PartialDate):
            known = list(_leading((day.nam, day.thang, day.ngay)))
        else:
            known = list(map(int, day.split("-")))
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
        if len(digits) == _DAY_DIGITS and digits.isdecimal():  # "2026W011" is a day to ISO 8601
            return date.fromisoformat(digits).isoformat()
        if len(digits) == _YEAR_DIGITS:
            return {"nam": date(int(digits), 1, 1).year}
        if len(digits) == _MONTH_DIGITS:
            return {
                "nam": int(digits[:4]),
                "thang": date(int(digits[:4]), int(digits[4:]), 1).month,
            }
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
        raise somebody_else(source)


def somebody_else(source: str) -> SourceSchemaMismatch:
    """Return the error for an answer about another subject; it names nobody."""
    return SourceSchemaMismatch(source, "an answer about somebody else")


def _leading(numbers: Iterable[int | None]) -> Iterator[int]:
    """Yield what stands before the first gap: a day without its month says nothing."""
    for number in numbers:
        if number is None:
            return
        yield number
