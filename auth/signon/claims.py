"""What a provider claims about a person, read by the names that the settings give; pure."""

import re
from collections.abc import Callable, Iterable, Mapping

from msgspec import Struct

from auth.signon.providers import ClaimNames, Provider
from auth.signon.refusals import Ending, SignOnRefused

LONGEST_TEXT = 256
MOST_METHODS = 10
# A code may stand in records and rows, where nine digits in a row could be somebody's number (P6).
_is_code = re.compile(r"(?!.*[0-9]{9})[A-Za-z0-9][A-Za-z0-9._-]{0,39}").fullmatch
_is_method = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,31}").fullmatch
_is_number = re.compile(r"[0-9]{12}").fullmatch


class Said(Struct, frozen=True, kw_only=True):
    """The claims we use; None for what is not claimed.  `repr` shows none of it."""

    link: str | None
    name: str | None
    so_dinh_danh: str | None
    kind: str | None
    loas: str | None
    staff_number: str | None
    agency: str | None

    def __repr__(self) -> str:
        """Say nothing: all of it is about one person."""
        return "Said()"


def said(members: Mapping[str, object], names: ClaimNames) -> Said:
    """Return what *members* claim.

    Raises:
        SignOnRefused: CLAIMS_MISSING; a claim is there and has not its form.
    """
    return Said(
        link=text(members, names.link),
        name=text(members, names.name) or text(members, "name"),  # OpenID Core 5.1
        so_dinh_danh=_formed(text(members, names.so_dinh_danh), _is_number),
        kind=text(members, names.kind),
        loas=text(members, names.level),
        staff_number=_formed(text(members, names.staff_number), _is_code),
        agency=_formed(text(members, names.agency), _is_code),
    )


def text(members: Mapping[str, object], name: str) -> str | None:
    """Return a claim as text; a whole number is written out, an empty text is no claim.

    Raises:
        SignOnRefused: CLAIMS_MISSING; it is of another kind, too long, or not printable.
    """
    value = members.get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if value is None or value == "":
        return None
    if not isinstance(value, str) or len(value) > LONGEST_TEXT or not value.isprintable():
        raise _odd()
    return value.strip() or None


def level_of(provider: Provider, acr: str | None, found: Said) -> tuple[str, int]:
    """Return the strength of a sign-on: its name, and the level that it is here.

    Raises:
        SignOnRefused: CLAIMS_MISSING; the provider does not say how strongly the person proved
            himself.  ASSURANCE_TOO_LOW; the settings do not know what it says.
    """
    level = provider.level(acr, found.loas)
    if level is None:
        raise SignOnRefused(Ending.CLAIMS_MISSING, "the strength of the sign-on is not claimed")
    if level < 1:
        raise SignOnRefused(Ending.ASSURANCE_TOO_LOW, "the strength is not one of the settings")
    return acr or f"loAs:{found.loas}", level


def methods(amr: Iterable[str]) -> tuple[str, ...]:
    """Return how the person proved himself (RFC 8176), at most ten short words."""
    return tuple(method for method in amr if _is_method(method))[:MOST_METHODS]


def _formed(value: str | None, fits: Callable[[str], object]) -> str | None:
    if value is not None and not fits(value):
        raise _odd()
    return value


def _odd() -> SignOnRefused:
    return SignOnRefused(Ending.CLAIMS_MISSING, "a claim about the person has not its form")
