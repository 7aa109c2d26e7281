"""A head that came before on the same connection, byte for byte, and need not be read again.

A caller with a kept connection sends one head many times; reading it costs more than all else
that the server does for an exchange.  Nothing is decided here that the parser has not decided:
it has accepted these very bytes, alone and whole, where it stands again when they come back.
"""

from typing import NamedTuple

from gateway.api.wire import Headers

_END = b"\r\n\r\n"


class Head(NamedTuple):
    """What the parser said of a request that was one piece of data, no more and no less."""

    raw: bytes  # with the empty line that ends it
    size: int  # bytes of the request, its body included
    path: str
    headers: Headers  # names in lower case

    def begins(self, data: bytes) -> bool:
        """Say whether *data* is this request, or differs from it in the bytes of its body only."""
        return len(data) == self.size and data.startswith(self.raw)


def head_of(data: bytes, path: str, headers: Headers, body: bytes) -> Head | None:
    """Return the head of the request that *data* is, or nothing when it is more than that.

    Args:
        data: one piece, the parser being between two requests when it came.
        path: of the plain request that the parser found in it first,
        headers: with these,
        body: and this.
    """
    end = data.find(_END) + len(_END)
    return Head(data[:end], len(data), path, headers) if data[end:] == body else None
