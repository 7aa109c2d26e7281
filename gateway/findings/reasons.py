"""Why a finding was judged, in a person's own words: one spelling, bounds, nobody's number."""

import unicodedata

from gateway.search.language import holds_number

SHORTEST = 10  # characters
LONGEST = 2_000
_UNSEEN = frozenset({"Cc", "Cf", "Co", "Cs", "Cn"})  # Unicode categories that show nothing


class ReasonRefused(ValueError):
    """A reason has not its form; says which bound, never the text."""

    def __init__(self, bound: str) -> None:
        super().__init__(bound)
        self.bound = bound


def reason_of(text: str) -> str:
    """Return *text* in NFC, white space as single blanks.

    Raises:
        ReasonRefused: ``length``, ``digits`` for nine digits in a row, which may be a person's
            number, or ``characters`` for such as hide others.
    """
    plain = " ".join(unicodedata.normalize("NFC", text).split())
    if any(unicodedata.category(each) in _UNSEEN for each in plain):
        raise ReasonRefused("characters")
    if not SHORTEST <= len(plain) <= LONGEST:
        raise ReasonRefused("length")
    if holds_number(plain) or any(holds_number(each) for each in _runs(plain)):
        raise ReasonRefused("digits")
    return plain


def _runs(text: str) -> list[str]:
    """Return the stretches of *text* without letters: numbers are written in groups, too."""
    return "".join(each if not each.isalpha() else "\n" for each in text).split("\n")
