"""The page of the members of catalog documents, from the entries themselves."""

import inspect
import re
import types
from collections.abc import Iterator
from datetime import date, datetime
from enum import Enum
from typing import Any, NewType, Union, get_args, get_origin

import msgspec

from catalog.entries import Check, Component, Feed, FormField, Place, Scope, Window
from catalog.kinds import GIVEN, TYPES, Kind

INTRO = """# Members of catalog documents

How documents are written and published is in [catalog.md](catalog.md).
"""
PARTS = (Window, Scope, FormField, Feed, Place, Check, Component)
WORDS: dict[object, str] = {
    str: "text",
    int: "integer",
    bool: "true or false",
    date: "date",
    datetime: "instant",
    types.NoneType: "nothing",
}


# Where a rule of the design stands is for who reads the code.
_OUTSIDE = re.compile(r" \(domain\.md[^)]*\)|,? (of )?domain\.md [0-9.]*[0-9]")


def page() -> str:
    """Return the page of members: one table for each kind of document, then for their parts."""
    lines = INTRO.splitlines()
    for kind in Kind:
        lines += ["", f"## `{kind}`", "", *_table(TYPES[kind], GIVEN.get(kind, frozenset()))]
    for part in PARTS:
        lines += ["", f"## {part.__name__}", "", *_table(part, frozenset())]
    return "\n".join(lines).rstrip() + "\n"


def _table(shape: type[msgspec.Struct], given: frozenset[str]) -> Iterator[str]:
    yield _OUTSIDE.sub("", (inspect.getdoc(shape) or "").split("\n", maxsplit=1)[0])
    yield ""
    yield "| Member | Is | When left out | Note |"
    yield "|---|---|---|---|"
    notes = _notes(shape)
    for field in msgspec.structs.fields(shape):
        if field.name not in given - {"state"}:
            name = "type" if _is_word_of(shape, field) else field.name
            note = notes.get(field.name, "")
            yield f"| `{name}` | {_kind(field.type)} | {_left_out(field, given)} | {note} |"


def _is_word_of(shape: type[msgspec.Struct], field: msgspec.structs.FieldInfo) -> bool:
    """Tell whether *field* is an entry's own `kind`, which a document writes as `type`."""
    return field.name == "kind" and shape in TYPES.values()


def _left_out(field: msgspec.structs.FieldInfo, given: frozenset[str]) -> str:
    if field.name in given:
        return "the first state"
    if field.required:  # a document may leave out what may be nothing
        return "none" if types.NoneType in get_args(field.type) else "must be given"
    value: Any = field.default if field.default_factory is msgspec.NODEFAULT else None
    if value is None or value in ((), "", frozenset()):
        return "none"
    if isinstance(value, frozenset | tuple):
        return ", ".join(f"`{each}`" for each in sorted(map(str, value)))
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _kind(shape: Any) -> str:  # noqa: ANN401 - whatever a member may be annotated with
    """Say in words what values *shape* takes."""
    origin, parts = get_origin(shape), [_kind(part) for part in get_args(shape) if part is not ...]
    if origin in {Union, types.UnionType}:
        return " or ".join(part for part in parts if part != "nothing")
    if origin is dict:
        return f"mapping of {parts[0]} to {parts[1]}"
    if origin is tuple and ... not in get_args(shape):
        return f"pair of {' and '.join(parts)}"
    return f"list of {parts[0]}" if origin in {tuple, frozenset} else _named(shape)


def _named(shape: Any) -> str:  # noqa: ANN401 - a type without parts
    if shape in WORDS:
        return WORDS[shape]
    if isinstance(shape, NewType):  # AgencyCode: agency code
        return re.sub(r"(?<!^)(?=[A-Z])", " ", shape.__name__).lower()
    if issubclass(shape, Enum):
        return " or ".join(f"`{each.value}`" for each in shape)
    return f"[{shape.__name__}](#{shape.__name__.lower()})"


def _notes(shape: type[msgspec.Struct]) -> dict[str, str]:
    """Return the comment beside each member: the code's own words on unit, bounds and source."""
    found = re.findall(r"^ {4}(\w+): .*?  # (.+)$", inspect.getsource(shape), re.MULTILINE)
    return {name: _OUTSIDE.sub("", note).replace("|", "\\|") for name, note in found}
