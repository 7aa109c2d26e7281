"""One call on the short way: in the place of the server's own cycle, and its answer as bytes."""

from collections.abc import Iterable

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from gateway.api.exchanges import Call, Reply

_CLOSE = (b"connection", b"close")
_line = b": ".join  # of a name and its value


class Unheard:
    """An event that nobody waits for."""

    __slots__ = ()

    def set(self) -> None:
        """Be told that something came, as the server's event is."""


class Turn:
    """One call, under the names by which the server looks after its own cycles."""

    __slots__ = ("body", "call", "disconnected", "keep_alive", "response_complete")

    # One for all: the body is whole when the call begins, and a turn that held itself would keep
    # its call until the collector comes, some thousands of calls later.
    message_event = Unheard()

    def __init__(self, call: Call, body: bytes) -> None:
        self.call = call
        self.body = body
        self.disconnected = False
        self.keep_alive = True
        self.response_complete = False


def written(reply: Reply, ours: Iterable[tuple[bytes, bytes]], *, keep_alive: bool) -> bytes:
    """Return the whole of *reply*; its headers were made by us, name by name.

    Args:
        reply: without the length of its body.
        ours: what the server says with every answer.
        keep_alive: False when the connection ends with it.
    """
    length = (b"content-length", b"%d" % len(reply.body))
    headers = (*ours, *reply.headers, length)
    lines = b"\r\n".join(map(_line, headers if keep_alive else (*headers, _CLOSE)))
    return b"%b%b\r\n\r\n%b" % (STATUS_LINE[reply.status], lines, reply.body)
