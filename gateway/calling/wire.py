"""One request and its whole answer, on a connection of its own."""

import json
import time
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any, TypeAlias, cast
from urllib.parse import urlsplit

Json: TypeAlias = dict[str, Any]
PATIENCE_S = 15.0


class Unanswered(ConnectionError):
    """Nobody answered, or what came is not an answer of a gateway; names the address alone."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]  # names in lower case
    body: Json
    ms: float

    @property
    def fine(self) -> bool:
        """Say whether it is an answer rather than a problem."""
        return self.status < 400  # noqa: PLR2004 - RFC 9110 section 15

    @property
    def code(self) -> str:
        """Return the problem's code, "ok" for an answer."""
        return "ok" if self.fine else str(self.body.get("code", "ok"))

    @property
    def wants_nonce(self) -> bool:
        """Say whether the same request is welcome again with the nonce that came along.

        Source: RFC 9449 section 8 for the token endpoint, section 9 for everything else.
        """
        said = self.body.get("error"), self.headers.get("www-authenticate", "")
        return said[0] == "use_dpop_nonce" or 'error="use_dpop_nonce"' in said[1]


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back, as it came."""

    status: int
    headers: tuple[tuple[str, str], ...]  # names in lower case, in order
    content: bytes

    def header(self, name: str) -> str:
        """Return the first value of a header, by its lower-case name; empty when there is none."""
        return next((value for each, value in self.headers if each == name), "")


def send(
    base: str,
    method: str,
    path: str,
    body: bytes = b"",
    headers: dict[str, str] | None = None,
) -> Answer:
    """Send one request and read the whole answer; redirects are not followed.

    Args:
        base: scheme, host and port.
        method: in capitals.
        path: with its query, if any.
        body: sent as it is.
        headers: sent as they are.

    Raises:
        Unanswered: no connection, no HTTP, or no JSON.
    """
    began = time.perf_counter()
    reply = fetch(base, method, path, body, headers)
    try:
        said = _json(reply.content)
    except ValueError:
        # Without the text of the cause: it quotes what came.
        raise Unanswered(f"{base}: no JSON") from None
    return Answer(reply.status, dict(reply.headers), said, (time.perf_counter() - began) * 1000)


def fetch(
    base: str, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
) -> Reply:
    """Send one request and read whatever comes back; redirects are not followed.

    Raises:
        Unanswered: no connection, or no HTTP.
    """
    connection = _connection(base)
    try:
        connection.request(method, path, body, headers or {})
        reply = connection.getresponse()
        named = tuple((name.lower(), value) for name, value in reply.getheaders())
        return Reply(reply.status, named, reply.read())
    except (OSError, HTTPException, ValueError) as broken:
        # Without the text of the cause: it may quote what was sent.
        raise Unanswered(f"{base}: {type(broken).__name__}") from None
    finally:
        connection.close()


def _connection(base: str) -> HTTPConnection:
    parts = urlsplit(base)
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    return kind(parts.hostname or "", parts.port, timeout=PATIENCE_S)


def _json(content: bytes) -> Json:
    found: Any = json.loads(content) if content else {}
    return cast("Json", found) if isinstance(found, dict) else {"": found}
