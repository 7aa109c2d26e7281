"""Where a person goes after signing on: a page of ours, and nothing else (RFC 9700 4.11)."""

import re

from auth.signon.refusals import Ending, SignOnRefused

LONGEST = 2000

# One slash and then no second one, nor what some browsers read as one; printable ASCII throughout,
# because browsers drop tabs and line ends before they read an address.
_is_path = re.compile(r"/(?![/\\])[!-\[\]-~]*").fullmatch


def own_path(target: str) -> str:
    """Return *target*, a path of ours with its query.

    Raises:
        SignOnRefused: TARGET_REFUSED; it names a scheme or host, could be read as if it did, or
            has over 2,000 characters.
    """
    if len(target) > LONGEST or _is_path(target) is None:
        raise SignOnRefused(Ending.TARGET_REFUSED, "the target is not a page of this gateway")
    return target
