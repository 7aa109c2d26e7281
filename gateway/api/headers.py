"""What every answer tells a browser: keep nothing, run nothing, frame nothing, tell nobody.

Source: OWASP ASVS 5 V3.4; RFC 6797 for the last.
"""

from litestar.types import BeforeMessageSendHookHandler, Message, Scope

HSTS = (b"strict-transport-security", b"max-age=63072000; includeSubDomains")
_POLICY = (
    b"default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'self'; "
    b"frame-ancestors 'none'"
)
ALWAYS: tuple[tuple[bytes, bytes], ...] = (
    (b"cache-control", b"no-store"),
    (b"content-security-policy", _POLICY),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
)


def guarding(*, https: bool) -> BeforeMessageSendHookHandler:
    """Return what adds the headers that an answer does not set itself.

    Args:
        https: whether browsers are told to come by https alone from now on; a demonstration on
            loopback has no https to come by.
    """
    added = (*ALWAYS, HSTS) if https else ALWAYS

    async def guard(message: Message, _: Scope) -> None:
        if message["type"] != "http.response.start":
            return
        set_already = {name.lower() for name, _ in message["headers"]}
        missing = [pair for pair in added if pair[0] not in set_already]
        message["headers"] = [*message["headers"], *missing]

    return guard
