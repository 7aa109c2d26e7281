"""The two cookies of a person: the session's, and the short-lived one of a sign-on under way.

The prefix ``__Host-`` binds them to this host alone: a browser takes such a cookie only with
``Secure``, ``Path=/`` and no ``Domain``, so that a sibling host can plant none (RFC 6265bis, its
section on cookie name prefixes).
Browsers take ``Secure`` cookies over plain http from loopback, which demonstrations use.
"""

from litestar.datastructures import Cookie, Headers

SESSION = "__Host-motlan"
ATTEMPT = "__Host-motlan-attempt"
ATTEMPT_S = 600  # how long a sign-on may take
LONGEST_BYTES = 8_192


def session(secret: str) -> Cookie:
    """Return the cookie of a session; it ends with the browser, or earlier on our side."""
    return Cookie(key=SESSION, value=secret, path="/", secure=True, httponly=True, samesite="lax")


def attempt(secret: str) -> Cookie:
    """Return the cookie of a sign-on that has begun in this browser."""
    return Cookie(
        key=ATTEMPT,
        value=secret,
        path="/",
        max_age=ATTEMPT_S,
        secure=True,
        httponly=True,
        samesite="lax",
    )


def gone(name: str) -> Cookie:
    """Return what makes a browser forget the cookie *name*."""
    return Cookie(
        key=name, value="", path="/", max_age=0, secure=True, httponly=True, samesite="lax"
    )


def value(headers: Headers, name: str) -> str:
    """Return the value of the cookie *name*; empty when it came not at all, or more than once.

    Two of one name mean that somebody else set one: neither is believed.
    """
    sent = "; ".join(headers.getall("cookie", []))
    if len(sent) > LONGEST_BYTES:
        return ""
    pairs = (each.strip().partition("=") for each in sent.split(";"))
    found = [given for key, _, given in pairs if key == name]
    return found[0] if len(found) == 1 else ""
