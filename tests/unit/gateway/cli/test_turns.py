"""An answer as the bytes that leave."""

from gateway.api.exchanges import Reply
from gateway.cli.turns import written

DATE = (b"date", b"Sat, 21 Nov 2026 08:00:00 GMT")
REPLY = Reply(200, [(b"content-type", b"application/json")], b"{}")


def test_an_answer_is_its_status_its_headers_and_its_body() -> None:
    """Callers parse it by RFC 9112, and the length says where the next answer begins."""
    assert (
        b"HTTP/1.1 200 OK\r\n"
        b"date: Sat, 21 Nov 2026 08:00:00 GMT\r\n"
        b"content-type: application/json\r\n"
        b"content-length: 2\r\n"
        b"\r\n"
        b"{}"
    ) == written(REPLY, [DATE], keep_alive=True)


def test_the_last_answer_of_a_connection_says_so() -> None:
    """Else a caller would send its next request into a connection that is being closed."""
    assert b"content-length: 2\r\nconnection: close\r\n\r\n{}" in written(
        REPLY, [], keep_alive=False
    )


def test_writing_an_answer_leaves_it_as_it_was() -> None:
    """It is told of once more when its caller has left."""
    written(REPLY, [DATE], keep_alive=False)

    assert [(b"content-type", b"application/json")] == REPLY.headers
