"""Who can sign on: an account, its claims, and its keys that say nothing about the person."""

import hashlib

from msgspec import Struct

# Letters alone: no subject may hold what could be read as a person's number.
_LETTERS = "abcdefghjkmnpqrstvwxyz"


class Account(Struct, frozen=True, kw_only=True):
    """One account of a realm; *id* is what the page of sign-on offers."""

    id: str
    sub: str
    name: str
    shows: str
    shows_vi: str
    claims: dict[str, str]
    amr: tuple[tuple[str, ...], tuple[str, ...]]  # of a sign-on at level 1, at level 2


def opaque(*parts: str) -> str:
    """Return 20 letters that stand for *parts*, always the same."""
    number = int.from_bytes(hashlib.sha256("\n".join(parts).encode()).digest(), "big")
    letters: list[str] = []
    for _ in range(20):
        number, at = divmod(number, len(_LETTERS))
        letters.append(_LETTERS[at])
    return "".join(letters)
