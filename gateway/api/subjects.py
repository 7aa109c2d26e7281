"""The caller's words about the subject, normalised and checked before anything else happens.

Text is compared in one form everywhere: NFC, no stray blanks.  Numbers stay text, for a leading
zero counts.  Errors name the member, never its value.
"""

import re
import unicodedata
from collections.abc import Callable
from datetime import date
from functools import cache, partial
from operator import is_
from typing import Any, TypeAlias

from msgspec.structs import astuple, replace

from adapters.protocol import PartialDate, Subject
from gateway.errors import Code, Refusal
from gateway.problems import field_error

FORMS: dict[str, tuple[re.Pattern[str], str, str]] = {
    "so_dinh_danh": (re.compile(r"[0-9]{12}"), "Gồm đúng 12 chữ số.", "Exactly 12 digits."),
    "so_cmnd": (re.compile(r"[0-9]{9}"), "Gồm đúng 9 chữ số.", "Exactly 9 digits."),
    "ma_so_bhxh": (re.compile(r"[0-9]{10}"), "Gồm đúng 10 chữ số.", "Exactly 10 digits."),
    "ma_xa": (re.compile(r"[0-9]{5}"), "Gồm đúng 5 chữ số.", "Exactly 5 digits."),
    "ngay_dia_gioi": (
        re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}"), "Ngày dạng NNNN-TT-NN.", "A date YYYY-MM-DD.",
    ),
    "so_to": (re.compile(r"[0-9A-Za-z./-]{1,20}"), "Số tờ không hợp lệ.", "Not a sheet number."),
    "so_thua": (
        re.compile(r"[0-9A-Za-z./-]{1,20}"), "Số thửa không hợp lệ.", "Not a parcel number.",
    ),
    "so_phat_hanh": (
        re.compile(r"[0-9A-Za-zĐđ ./-]{1,30}"), "Số phát hành không hợp lệ.", "Not a serial.",
    ),
}  # fmt: skip
_MEMBERS = Subject.__struct_fields__
_is_missing = partial(is_, None)
Stands: TypeAlias = Callable[[Any, date], bool]  # a member as it came, today
OLDEST_YEAR = 1880
WHOLE_DATE = 10  # characters of YYYY-MM-DD
# Letters of the Latin blocks that Vietnamese and its neighbours use, composed (NFC).
_LETTER = "A-Za-zÀ-ÖØ-öø-ɏḀ-ỿ"
_NAME = re.compile(rf"(?=.*[{_LETTER}])[{_LETTER} '’.-]{{1,120}}")
_DATE_TEXT = re.compile(r"[0-9]{4}(-[0-9]{2}){0,2}")


def normalised(subject: Subject, today: date) -> Subject:
    """Return *subject* in the one form that the rest of the gateway knows.

    Raises:
        Refusal: VALIDATION_FAILED with one entry for each member that has not its form.
    """
    values = astuple(subject)
    for place, stands in _given(tuple(map(_is_missing, values))):
        if not stands(values[place], today):
            return _mended(subject, today)
    return subject


def _stands_as(form: re.Pattern[str]) -> Stands:
    """Return what says whether a text surely has *form*, letter by letter, as most have."""
    matches = form.fullmatch

    def stands(given: str, _: date) -> bool:
        return matches(given) is not None and " " not in given

    return stands


def _stands_as_name(given: str, _: date) -> bool:
    composed = unicodedata.is_normalized("NFC", given) and "  " not in given
    return composed and given == given.strip() and is_name(given)


def _stands_as_date(given: object, today: date) -> bool:
    return isinstance(given, str) and len(given) == WHOLE_DATE and _is_whole_date(given, today)


@cache  # as many entries as there are sets of members
def _given(missing: tuple[bool, ...]) -> tuple[tuple[int, Stands], ...]:
    """Return the places of the members that are there, and what judges each."""
    judges = {"ho_ten": _stands_as_name, "ngay_sinh": _stands_as_date}
    return tuple(
        (place, judges.get(name) or _stands_as(FORMS[name][0]))
        for place, name in enumerate(_MEMBERS)
        if not missing[place]
    )


def _mended(subject: Subject, today: date) -> Subject:
    """Return *subject* with what can be mended mended; raise Refusal naming all that cannot."""
    errors: list[dict[str, str]] = []
    changed: dict[str, object] = {}
    for name, given in zip(_MEMBERS, astuple(subject), strict=True):
        if given is None:
            continue
        value = _composed(given) if isinstance(given, str) else given
        problem = _problem(name, value, today)
        if problem is not None:
            errors.append(_error(name, *problem))
        elif name == "ngay_sinh":
            value = as_parts(value)
        if value is not given:
            changed[name] = value
    if errors:
        raise Refusal(Code.VALIDATION_FAILED, errors=errors)
    return replace(subject, **changed) if changed else subject


def _composed(text: str) -> str:
    """Return *text* composed (NFC), blanks single; a number is so already."""
    if text.isascii() and text.isalnum():
        return text
    return " ".join(unicodedata.normalize("NFC", text).split())


def _problem(name: str, value: object, today: date) -> tuple[str, str] | None:
    if name == "ho_ten":
        return None if is_name(str(value)) else ("Họ tên không hợp lệ.", "Not a person's name.")
    if name == "ngay_sinh":
        if is_birth_date(value, today):
            return None
        return "Ngày sinh không hợp lệ.", "Not a birth date: YYYY, YYYY-MM, YYYY-MM-DD or parts."
    pattern, vi, en = FORMS[name]
    return None if pattern.fullmatch(str(value)) else (vi, en)


def _error(name: str, vi: str, en: str) -> dict[str, str]:
    return field_error(f"/subject/{name}", "format", vi, en)


def is_name(text: str) -> bool:
    """Say whether *text* can be a name: Latin letters, blanks, hyphen, apostrophe, full stop."""
    return _NAME.fullmatch(text) is not None


def is_birth_date(value: object, today: date) -> bool:
    """Say whether *value* is a full or partial date between OLDEST_YEAR and *today*, included."""
    if isinstance(value, str) and len(value) == WHOLE_DATE:
        return _is_whole_date(value, today)
    parts = _parts(value)
    if parts is None or not OLDEST_YEAR <= parts[0] <= today.year:
        return False
    if parts[1] is None:
        return parts[2] is None
    try:
        return date(parts[0], parts[1], parts[2] or 1) <= today
    except ValueError:
        return False


def _is_whole_date(text: str, today: date) -> bool:
    if _DATE_TEXT.fullmatch(text) is None:
        return False
    try:
        return int(text[:4]) >= OLDEST_YEAR and date.fromisoformat(text) <= today
    except ValueError:
        return False


def as_parts(value: str | PartialDate) -> str | PartialDate:
    """Return a whole date as ISO text, anything less as parts; one value for one meaning."""
    if isinstance(value, str) and len(value) == WHOLE_DATE:
        return value
    year, month, day = _parts(value) or (0, None, None)
    if month is not None and day is not None:
        return f"{year:04d}-{month:02d}-{day:02d}"
    return PartialDate(year, month)


def _parts(value: object) -> tuple[int, int | None, int | None] | None:
    if isinstance(value, PartialDate):
        return value.nam, value.thang, value.ngay
    if not isinstance(value, str) or _DATE_TEXT.fullmatch(value) is None:
        return None
    numbers = [int(part) for part in value.split("-")]
    return (*numbers, None, None)[:3]  # type: ignore[return-value]
