"""What is said to a request that could not be read: the same kind of problem as everywhere."""

from collections.abc import Iterable

import uuid_utils

from gateway.api.exchanges import Reply
from gateway.api.wire import problem_reply
from gateway.cli.turns import written
from gateway.errors import Code, Refusal


def refusal(code: Code, ours: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Return the whole answer for *code*; the connection ends with it.

    Args:
        code: HEAD_TOO_LARGE (RFC 6585 section 5) or NOT_HTTP (RFC 9112 sections 2.2 and 3.2).
        ours: what the server says with every answer.
    """
    exchange_id = str(uuid_utils.uuid7())
    status, headers, body = problem_reply(Refusal(code), exchange_id, None, english=False)
    return written(Reply(status, headers, body), ours, keep_alive=False)
