"""What no text that people send may hold: NUL, which no text of the database can keep."""

import re
from collections.abc import Iterator
from typing import Any, TypeVar, cast
from urllib.parse import unquote_to_bytes

import msgspec
from litestar import Request
from litestar.datastructures import State

from gateway.api.bodies import decoded
from gateway.errors import Code, Refusal
from gateway.problems import field_error

NUL = "\0"
ESCAPED = b"\\u0000"  # as JSON writes it; raw, it is no JSON
HIDDEN = ("Có ký tự ẩn hoặc điều khiển.", "There are hidden or control characters.")

Body = TypeVar("Body")
_WORD = re.compile(r"[A-Za-z_]{1,40}")


def refuse_hidden(request: Request[Any, Any, State]) -> None:
    """Refuse an address that holds NUL; the database would say no, as if it were away.

    Raises:
        Refusal: NOT_FOUND when its path does, VALIDATION_FAILED when a member of its query does.
    """
    if NUL in request.scope["path"]:
        raise Refusal(Code.NOT_FOUND)
    query: bytes = request.scope["query_string"]
    if b"%00" not in query:
        return
    for part in query.split(b"&"):
        if b"\0" in unquote_to_bytes(part):
            name = part.partition(b"=")[0]
            raise _hidden("/" + name.decode("latin-1") if _is_word(name) else "")


def storable(decoder: "msgspec.json.Decoder[Body]", raw: bytes, depth: int) -> Body:
    """Return a body as its struct, whose texts may be kept.

    Raises:
        Refusal: as `decoded`; VALIDATION_FAILED when a text holds NUL.
    """
    body = decoded(decoder, raw, depth)
    if ESCAPED in raw:
        for pointer in _holding(msgspec.json.decode(raw)):
            raise _hidden(pointer)
    return body


def _holding(value: object, pointer: str = "") -> Iterator[str]:
    """Return the places of texts that hold NUL; a name that does is told as what holds it."""
    if isinstance(value, str) and NUL in value:
        yield pointer
    elif isinstance(value, list):
        for at, each in enumerate(cast("list[object]", value)):
            yield from _holding(each, f"{pointer}/{at}")
    elif isinstance(value, dict):
        for name, each in cast("dict[str, object]", value).items():
            if NUL in name:
                yield pointer
            step = f"/{name}" if _is_word(name.encode()) else ""
            yield from _holding(each, pointer + step)


def _is_word(name: bytes) -> bool:
    return _WORD.fullmatch(name.decode("latin-1")) is not None


def _hidden(pointer: str) -> Refusal:
    error = field_error(pointer, "characters", *HIDDEN)
    return Refusal(Code.VALIDATION_FAILED, errors=[error])
