"""JSON from a provider, read so that nobody can mean two things at once."""

import json
from typing import Any, NoReturn, TypeVar, cast

import msgspec

Shape = TypeVar("Shape")


class NotUnderstood(ValueError):
    """It is not one JSON object in which every name stands once, or has not the agreed shape."""

    def __init__(self) -> None:
        super().__init__("not the JSON that was agreed")


def members(text: bytes) -> dict[str, object]:
    """Return the members of a JSON object.

    Raises:
        NotUnderstood: it is something else, a name stands twice (RFC 8259 section 4 leaves open
            which one counts, and two readers may differ), or a number is none.
    """
    try:
        found = json.loads(text, object_pairs_hook=_once, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise NotUnderstood from None
    if not isinstance(found, dict):
        raise NotUnderstood
    return cast("dict[str, object]", found)


def shaped(found: dict[str, object], shape: type[Shape]) -> Shape:
    """Return *found* as *shape*.

    Raises:
        NotUnderstood: a member is missing or of another type.
    """
    try:
        return msgspec.convert(found, shape)
    except (msgspec.ValidationError, RecursionError):
        raise NotUnderstood from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise NotUnderstood
    return found


def _refuse(_: str) -> NoReturn:
    raise NotUnderstood
