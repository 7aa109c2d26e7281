"""What every answer tells a browser."""

from collections.abc import Sequence
from typing import Any, cast

import pytest

from gateway.api.headers import guarding

NAMES = {
    b"cache-control",
    b"content-security-policy",
    b"cross-origin-opener-policy",
    b"referrer-policy",
    b"x-content-type-options",
}


async def guarded(headers: Sequence[tuple[bytes, bytes]], *, https: bool) -> dict[bytes, bytes]:
    """Return the headers of an answer that began with *headers*."""
    message: dict[str, Any] = {
        "type": "http.response.start",
        "status": 200,
        "headers": list(headers),
    }
    scope: Any = {}
    await cast("Any", guarding(https=https))(message, scope)
    sent: list[tuple[bytes, bytes]] = message["headers"]
    assert len(sent) == len({name for name, _ in sent})
    return dict(sent)


@pytest.mark.parametrize("https", [False, True])
async def test_an_answer_is_kept_run_framed_and_told_nowhere(https: bool) -> None:
    """Also the answer of a route whose author thought of nothing."""
    sent = await guarded([(b"content-type", b"application/json")], https=https)

    assert sent.keys() >= NAMES
    assert b"no-store" == sent[b"cache-control"]
    assert b"default-src 'none'" in sent[b"content-security-policy"]
    assert b"unsafe" not in sent[b"content-security-policy"]
    assert https is (b"strict-transport-security" in sent)


async def test_what_an_answer_says_itself_stays() -> None:
    """Public documents may be kept."""
    sent = await guarded([(b"Cache-Control", b"public, max-age=300")], https=True)

    assert b"public, max-age=300" == sent[b"Cache-Control"]
    assert b"cache-control" not in sent


async def test_a_body_is_left_alone() -> None:
    """Only the beginning of an answer has headers."""
    message: Any = {"type": "http.response.body", "body": b"x", "more_body": False}
    await cast("Any", guarding(https=True))(message, cast("Any", {}))

    assert {"type": "http.response.body", "body": b"x", "more_body": False} == message
