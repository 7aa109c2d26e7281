"""A head that came before on the same connection, byte for byte, and need not be read again.

A caller with a kept connection sends one head many times; reading it costs more than all else
that the server does for an exchange.  Nothing is decided here that the parser has not decided:
it has accepted these very bytes, alone and whole, where it stands again when they come back.
"""

_STRAY = b"\r\n"  # what the parser passes over before a request, without a word


def is_all(piece: bytes) -> bool:
    """Say whether *piece* ends where the request in it ends, no other having begun behind it."""
    return piece[-1:] not in _STRAY


def begins_alike(data: bytes, last: bytes, body: int) -> bool:
    """Say whether *data* is the request *last* but for the bytes of its body, *body* in number."""
    end = len(last) - body
    return len(data) == len(last) and data[:end] == last[:end]
