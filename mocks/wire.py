"""What passes between the socket and a register: one request, one reply."""

import base64
from typing import Protocol

import msgspec
from msgspec import Struct

JSON = "application/json; charset=utf-8"


class Request(Struct, frozen=True):
    """One request; header names are lower case."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes


class Reply(Struct, frozen=True):
    """One reply; *operation* names what was asked, for the query log, and is empty for refusals."""

    status: int
    body: bytes
    content_type: str = JSON
    headers: tuple[tuple[str, str], ...] = ()
    operation: str = ""
    request_id: str = ""


class Register(Protocol):
    """One register: sync, because every answer is one or two reads of a local file."""

    name: str
    drift: tuple[tuple[bytes, bytes], ...]  # what the fault schema-drift replaces in an answer
    plain: frozenset[str]  # paths that never misbehave: they carry no data

    def answer(self, request: Request, *, stranger: bool = False) -> Reply:
        """Answer *request*; about somebody else when *stranger*."""
        ...

    def failure(self, status: int) -> Reply:
        """Return the register's own 500 or 503."""
        ...

    def close(self) -> None:
        """Let go of the store."""
        ...


class Running:
    """A register's own numbers for its answers: "dd-000000000001" and on."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._last = 0

    def next(self) -> str:
        """Return the next number."""
        self._last += 1
        return f"{self._prefix}-{self._last:012d}"


def json(value: object) -> bytes:
    """Return *value* as compact JSON."""
    return msgspec.json.encode(value)


def basic(headers: dict[str, str]) -> tuple[str, str] | None:
    """Return user and password of HTTP Basic, or nothing when they are not there."""
    scheme, _, given = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, colon, password = base64.b64decode(given, validate=True).decode().partition(":")
    except ValueError:  # no base64, or no text inside
        return None
    return (user, password) if colon else None
