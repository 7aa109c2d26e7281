"""Finding a value inside an answer, and comparing two; pure."""

import re
import unicodedata
from collections.abc import Iterator
from typing import TypeAlias, cast

import msgspec

from adapters.protocol import Json

Values: TypeAlias = tuple[Json, ...]

_DAY_FIRST = re.compile(r"(?P<day>[0-9]{1,2})[/.-](?P<month>[0-9]{1,2})[/.-](?P<year>[0-9]{4})")
_NUMBER = re.compile(r"(0|[1-9][0-9]{0,14})([.,][0-9]{1,9})?")  # a leading zero makes it a code
_WORD = re.compile(r"[^\W_]+")
_TONES = frozenset("\u0300\u0301\u0303\u0309\u0323")  # grave, acute, tilde, hook, dot below


def found(value: Json, path: str | None) -> Values:
    """Return every value that *path* leads to, in order; None and "" are no values.

    Args:
        value: an element's value as the source gave it.
        path: members joined by dots; a list on the way, or at the end, counts item by item.
            Without a path the value itself is the one result, a list too.
    """
    if path is None:
        return () if value in (None, "", []) else (value,)
    return tuple(_walk(value, path.split(".")))


def _walk(value: Json, steps: list[str]) -> Iterator[Json]:
    if isinstance(value, list):
        for item in cast("list[Json]", value):
            yield from _walk(item, steps)
    elif not steps:
        if value not in (None, ""):
            yield value
    elif isinstance(value, dict):
        yield from _walk(cast("dict[str, Json]", value).get(steps[0]), steps[1:])


def each_of(value: Json, path: str) -> Values:
    """Return one value for each item of a list, None where the item has none; else as `found`."""
    if not isinstance(value, list):
        return found(value, path)
    items = cast("list[Json]", value)
    return tuple(next(iter(found(item, path)), None) for item in items)


def items(values: Values) -> Values:
    """Return *values* with the items of a list in the list's place: a list of one is that one."""
    return tuple(
        item
        for value in values
        for item in (cast("list[Json]", value) if isinstance(value, list) else [value])
    )


def distinct(values: Values) -> Values:
    """Return *values* without repetitions, the first of each kept."""
    seen: dict[bytes, Json] = {}
    for value in values:
        seen.setdefault(msgspec.json.encode(value, order="sorted"), value)
    return tuple(seen.values())


def same(compare: str, left: Values, right: Values) -> bool:
    """Say whether two places agree; a place without a value contradicts nothing.

    Args:
        compare: "equal" the values as such; "name" people's names; "place" addresses, by
            commune and detail; "among" every left name is one of the right ones.
        left: values of one place.
        right: values of the other.
    """
    if not left or not right:
        return True
    key = _KEYS[compare]
    ours, theirs = {key(each) for each in left}, {key(each) for each in right}
    return ours <= theirs if compare == "among" else ours == theirs


def as_typed(typed: Json, value: Json) -> bool:
    """Say whether a person who typed *typed* means *value*.

    Case, spaces, the decimal comma and the order of a date (1/2/1990) are a person's own; free
    text means an address when it holds the detail of it.
    """
    if isinstance(typed, str) and isinstance(value, dict):
        detail = cast("dict[str, Json]", value).get("chi_tiet")
        return bool(detail) and f" {name_key(detail)} " in f" {name_key(typed)} "
    return _typed_key(typed) == _typed_key(value)


def _typed_key(value: Json) -> str:
    text = _equal_key(value)
    day = _DAY_FIRST.fullmatch(text)
    if day is not None:
        return f"{day['year']}-{day['month']:0>2}-{day['day']:0>2}"
    if _NUMBER.fullmatch(text):
        return str(float(text.replace(",", ".")))
    return name_key(value) if isinstance(value, str) and not value[:1].isdigit() else text


def name_key(name: Json) -> str:
    """Return what makes two spellings of a name one name.

    Case, spaces, punctuation and the place of the tone mark in a syllable (hoà, hòa) do not
    count; the marks themselves do: Ánh is not Anh.
    """
    text = unicodedata.normalize("NFC", str(name)).casefold()
    return " ".join(_syllable(word) for word in _WORD.findall(text))


def _syllable(word: str) -> str:
    parts = unicodedata.normalize("NFD", word)
    tones = "".join(sorted(each for each in parts if each in _TONES))
    letters = "".join(each for each in parts if each not in _TONES)
    return unicodedata.normalize("NFC", letters) + tones


def _equal_key(value: Json) -> str:
    if isinstance(value, str):
        return " ".join(unicodedata.normalize("NFC", value).split())
    return msgspec.json.encode(value, order="sorted").decode()


def _place_key(value: Json) -> str:
    """Return commune and detail of an address; names of units come and go with the years."""
    if not isinstance(value, dict):
        return name_key(value)
    address = cast("dict[str, Json]", value)
    return f"{address.get('ma_xa')}|{name_key(address.get('chi_tiet', ''))}"


_KEYS = {
    "equal": _equal_key,
    "name": name_key,
    "among": name_key,
    "place": _place_key,
}
COMPARISONS = frozenset(_KEYS)
