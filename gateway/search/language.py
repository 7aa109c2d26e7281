"""The qualifier language: text in, query out; every mistake with its place, none repeated.

``agency:H99.30.01 -decision:allow code:quota,no_match after:2026-11-01 dossier:"H99.30-1 b"``:
qualifiers in any order, each with one or more values; a minus sign excludes; quotes hold blanks.
Places count characters from 0.  A text with nine digits in a row is refused as a whole, for it may
hold a person's number: people are looked for by an inquiry, never in here (promise P6).
"""

import difflib
import re
import unicodedata
from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from gateway.audit import words
from gateway.search.instants import NotAnInstant, instant
from gateway.search.query import CLOSED, INSTANTS, KEYED, Qualifier, Query, Term

LONGEST_TEXT = 1_000  # characters
MOST_TERMS = 30
MOST_VALUES = 50  # of one term
LONGEST_KEYED = 60  # characters of a case number or an account
FAMILY = ".*"
SHORTEST_NUMBER = 9  # digits of an old card

_item = re.compile(r'(-?)([A-Za-z_]+):((?:"(?:[^"\\]|\\.)*"|[^\s"])*)(?=\s|$)')
_value = re.compile(r'"((?:[^"\\]|\\.)*)"|([^\s",]+)')
_digits = re.compile(r"\d{9,}")
_dress = re.compile(r"[\s._/:+-]")
_looks_dated = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)?)?").fullmatch
_pseudonym = re.compile(r"[a-z2-7]{32}").fullmatch
_uuid = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# Ids of ours are no numbers; one that ends like a citizen's number is taken for one.
_apart = re.compile(
    r"(?<![A-Za-z0-9])(?:[a-z2-7]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-(?!0\d{11})[0-9a-f]{12})"
    r"(?![A-Za-z0-9])"
)


class Fault(StrEnum):
    """What is wrong with a query."""

    TOO_LONG = "too_long"
    NUMBER = "number"
    NOT_UNDERSTOOD = "not_understood"
    UNKNOWN_QUALIFIER = "unknown_qualifier"
    VALUE_MISSING = "value_missing"
    UNKNOWN_VALUE = "unknown_value"
    WILDCARD = "wildcard"
    INSTANT = "instant"
    TWICE = "twice"
    NEGATED = "negated"
    TOO_MANY = "too_many"
    WINDOW = "window"


TEXTS: dict[Fault, tuple[str, str]] = {
    Fault.TOO_LONG: ("Câu tìm dài quá 1.000 ký tự.", "The query is longer than 1,000 characters."),
    Fault.NUMBER: (
        "Có dãy từ chín chữ số, có thể là số của một người. Hãy dùng mục tra cứu theo người.",
        "Nine digits in a row may be a person's number. To look for a person, make an inquiry.",
    ),
    Fault.NOT_UNDERSTOOD: (
        "Chỗ này không phải dạng từ_khoá:giá_trị.", "This is not of the form qualifier:value.",
    ),
    Fault.UNKNOWN_QUALIFIER: ("Không có từ khoá này.", "There is no such qualifier."),
    Fault.VALUE_MISSING: ("Thiếu giá trị sau dấu hai chấm.", "A value is missing after the colon."),
    Fault.UNKNOWN_VALUE: (
        "Giá trị này không có trong danh mục hoặc sai dạng.", "No such value, or not of its form.",
    ),
    Fault.WILDCARD: (
        "Dấu * chỉ dùng cho nhóm sự kiện, ví dụ event:consent.*",
        "A * stands for a family of events only, as in event:consent.*",
    ),
    Fault.INSTANT: (
        "Thời điểm dạng 2026-11-21, 2026-11-21T08:30, 7d hoặc 24h.",
        "An instant is 2026-11-21, 2026-11-21T08:30, 7d or 24h.",
    ),
    Fault.TWICE: (
        "Từ khoá này chỉ dùng một lần, với một giá trị.", "Use this once, with one value.",
    ),
    Fault.NEGATED: ("Từ khoá này không phủ định được.", "This qualifier cannot be negated."),
    Fault.TOO_MANY: (
        "Nhiều nhất 30 điều kiện, mỗi điều kiện 50 giá trị.", "At most 30 terms of 50 values each.",
    ),
    Fault.WINDOW: ("Khoảng thời gian rỗng.", "The window of time is empty."),
}  # fmt: skip


class QueryRefused(ValueError):
    """A query is not understood; says where and why, and repeats nothing of it."""

    def __init__(self, fault: Fault, at: int, length: int, hint: str | None = None) -> None:
        super().__init__(f"{fault.value} at character {at}")
        self.fault = fault
        self.at = at
        self.length = length
        self.hint = hint  # a word of ours that may have been meant


class _Found(Struct, frozen=True):
    """One item as it stands in the text: its term, and where it is."""

    qualifier: Qualifier
    values: tuple[tuple[str, int, int], ...]  # value, place, length
    negated: bool
    at: int
    length: int

    def refused(self, fault: Fault) -> QueryRefused:
        return QueryRefused(fault, self.at, self.length)


def parsed(text: str, now: datetime) -> Query:
    """Understand *text*; an empty one asks for everything.

    Args:
        text: at most 1,000 characters.
        now: what ``7d`` and ``24h`` count from; with a time zone.

    Raises:
        QueryRefused: it is not understood.
    """
    if len(text) > LONGEST_TEXT:
        raise QueryRefused(Fault.TOO_LONG, LONGEST_TEXT, len(text) - LONGEST_TEXT)
    _refuse_numbers(text)
    found = list(_items(text))
    if len(found) > MOST_TERMS:
        raise found[MOST_TERMS].refused(Fault.TOO_MANY)
    after, before = (_bound(found, name, now) for name in (Qualifier.AFTER, Qualifier.BEFORE))
    if after is not None and before is not None and after >= before:
        raise next(each for each in found if each.qualifier in INSTANTS).refused(Fault.WINDOW)
    terms = tuple(_term(each) for each in found if each.qualifier not in INSTANTS)
    return Query(terms=terms, after=after, before=before)


def _refuse_numbers(text: str) -> None:
    """Refuse digits in a row, of any script."""
    plain = _apart.sub(lambda found: "x" * len(found[0]), text)  # ids of ours are no numbers
    for item in _item.finditer(plain):
        if _may_hold_digits(item[2], item[3]):
            start, end = item.span(3)
            plain = plain[:start] + "x" * (end - start) + plain[end:]
    # One character for one: places stay those of the text.
    found = _digits.search("".join(map(_as_digit, plain)))
    if found is not None:
        raise QueryRefused(Fault.NUMBER, found.start(), found.end() - found.start())


def _as_digit(character: str) -> str:
    value = unicodedata.digit(character, None)
    return character if value is None else str(value)


def _may_hold_digits(name: str, values: str) -> bool:
    """Tell firms, which are named by an enterprise code of ten digits, and instants."""
    if name == Qualifier.AGENCY:
        return all(_is_agency(value) for value in values.split(","))
    return name in INSTANTS and _is_instant(values)


def _is_agency(value: str) -> bool:
    try:
        words.check_agency(value)
    except words.NotAllowedInLeaf:
        return False
    return True


def _is_instant(value: str) -> bool:
    return _looks_dated(value) is not None


def _items(text: str) -> Iterator[_Found]:
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        item = _item.match(text, at)
        if item is None:
            raise QueryRefused(Fault.NOT_UNDERSTOOD, at, _until_blank(text, at))
        yield _understood(item)
        at = item.end()


def _until_blank(text: str, at: int) -> int:
    end = next((i for i in range(at, len(text)) if text[i].isspace()), len(text))
    return end - at


def _understood(item: re.Match[str]) -> _Found:
    start, length = item.start(2), len(item[2])
    name = item[2].lower()
    if name not in set(Qualifier):
        near = difflib.get_close_matches(name, list(Qualifier), n=1)
        raise QueryRefused(Fault.UNKNOWN_QUALIFIER, start, length, str(near[0]) if near else None)
    at, size = item.start(), item.end() - item.start()
    return _Found(Qualifier(name), tuple(_values(item)), bool(item[1]), at, size)


def _values(item: re.Match[str]) -> Iterator[tuple[str, int, int]]:
    """Split the list behind the colon; commas stand between values and nowhere else."""
    at, end, text = item.start(3), item.end(3), item.string
    while True:
        found = _value.match(text, at, end)
        if found is None:
            raise QueryRefused(Fault.VALUE_MISSING, at, 1)
        bare = found[2] if found[1] is None else re.sub(r"\\(.)", r"\1", found[1])
        value = " ".join(unicodedata.normalize("NFC", bare).split())
        if not value:
            raise QueryRefused(Fault.VALUE_MISSING, at, found.end() - at)
        yield value, at, found.end() - at
        at = found.end()
        if at == end:
            return
        if text[at] != ",":
            raise QueryRefused(Fault.NOT_UNDERSTOOD, at, end - at)
        at += 1


def _bound(found: list[_Found], name: Qualifier, now: datetime) -> datetime | None:
    named = [each for each in found if each.qualifier is name]
    if not named:
        return None
    if len(named) > 1 or len(named[-1].values) > 1:
        raise named[-1].refused(Fault.TWICE)
    if named[-1].negated:
        raise named[-1].refused(Fault.NEGATED)
    value, at, length = next(iter(named[-1].values))
    try:
        return instant(value, now)
    except NotAnInstant:
        raise QueryRefused(Fault.INSTANT, at, length) from None


def _term(found: _Found) -> Term:
    if len(found.values) > MOST_VALUES:
        raise found.refused(Fault.TOO_MANY)
    if found.qualifier is Qualifier.FINDING and found.negated:
        raise found.refused(Fault.NEGATED)
    values = [
        meant
        for value, at, length in found.values
        for meant in _checked(found.qualifier, value, at, length)
    ]
    return Term(
        qualifier=found.qualifier, values=tuple(dict.fromkeys(values)), negated=found.negated
    )


def _checked(qualifier: Qualifier, value: str, at: int, length: int) -> list[str]:
    """Return what *value* stands for: itself, or the family of events it names."""
    if qualifier in CLOSED:
        return _of_list(qualifier, value.lower(), at, length)
    if "*" in value:
        raise QueryRefused(Fault.WILDCARD, at, length)
    if _is_dressed_number(value) and not (qualifier is Qualifier.AGENCY and _is_agency(value)):
        raise QueryRefused(Fault.NUMBER, at, length)
    if qualifier in KEYED:
        if len(value) > LONGEST_KEYED:
            raise QueryRefused(Fault.UNKNOWN_VALUE, at, length)
        return [value]
    if qualifier is Qualifier.AGENCY and _is_agency(value):
        return [value]
    if qualifier is Qualifier.EXCHANGE and _uuid.fullmatch(value.lower()) is None:
        raise QueryRefused(Fault.UNKNOWN_VALUE, at, length)
    try:
        return [words.code(value if qualifier is not Qualifier.EXCHANGE else value.lower())]
    except words.NotAllowedInLeaf:
        raise QueryRefused(Fault.UNKNOWN_VALUE, at, length) from None


def _of_list(qualifier: Qualifier, value: str, at: int, length: int) -> list[str]:
    known = CLOSED[qualifier]
    if qualifier is Qualifier.EVENT and value.endswith(FAMILY):
        family = sorted(word for word in known if word.startswith(value[:-1]))
        if family:
            return family
    elif "*" in value:
        raise QueryRefused(Fault.WILDCARD, at, length)
    if value in known:
        return [value]
    near = difflib.get_close_matches(value, known, n=1)
    raise QueryRefused(Fault.UNKNOWN_VALUE, at, length, near[0] if near else None)


def _is_dressed_number(value: str) -> bool:
    """Tell nine digits or more with nothing between them but blanks, points and dashes."""
    bare = _dress.sub("", value)
    return len(bare) >= SHORTEST_NUMBER and all(_as_digit(each).isdecimal() for each in bare)


def holds_number(text: str) -> bool:
    """Say whether *text*, written by a person, may hold somebody's number."""
    digits = "".join(_as_digit(each) for each in text)
    return _digits.search(digits) is not None or _is_dressed_number(text)


def is_pseudonym(value: str) -> bool:
    """Say whether *value* is a pseudonym as records show it, not an identifier to be keyed."""
    return _pseudonym(value) is not None
