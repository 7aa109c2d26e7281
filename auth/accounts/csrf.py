"""Whether a request that changes something comes from a page of ours; pure.

A cookie travels with any request to us, whoever made the browser send it.  Two independent signs
are demanded: the session's own token, which another site cannot read, and the browser's word about
which site asks.  A cookie planted from a sibling host gives neither.
"""

import hmac
from collections.abc import Collection
from enum import StrEnum

HEADER = "X-CSRF-Token"
FIELD = "csrf_token"
SAME = "same-origin"
OPAQUE = "null"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})  # RFC 9110 9.2.1


class Missing(StrEnum):
    """Which sign a request lacks."""

    ORIGIN = "origin"
    TOKEN = "token"  # noqa: S105 - a word, not a secret


def judge(
    *,
    expected: str,
    given: str | None,
    origin: str | None,
    fetch_site: str | None,
    own: Collection[str],
) -> Missing | None:
    """Return which sign is missing; None when the request is a page's of ours.

    Args:
        expected: token of the session.
        given: what the header or the form brought.
        origin: header ``Origin``, as it came; browsers send it with every request that is not
            a plain read (Fetch standard 3.2).
        fetch_site: header ``Sec-Fetch-Site``, as it came (Fetch Metadata 2.3).
        own: our origins, ``scheme://host[:port]`` without a path.
    """
    if not is_own(origin, fetch_site, own):
        return Missing.ORIGIN
    if given is None or not given.isascii() or not hmac.compare_digest(given, expected):
        return Missing.TOKEN
    return None


def is_own(origin: str | None, fetch_site: str | None, own: Collection[str]) -> bool:
    """Say whether the browser's word is that a page of ours asks; silence is a no.

    ``same-site`` is a sibling host.  A form of ours comes with the origin ``null``, because our
    pages tell nobody where they are (Referrer-Policy ``no-referrer``, Fetch standard 3.2); any
    other page's ``null`` is cross-site by the other header.
    """
    if fetch_site is not None and fetch_site != SAME:
        return False
    if origin is None or origin == OPAQUE:
        return fetch_site == SAME
    return origin in own
