"""What people write: one spelling, a bound, and no number of a person."""

import re
import unicodedata

from gateway.disclosure.errors import TextRefused

LONGEST_TEXT = 2_000  # characters
SHORTEST_TEXT = 3
# Groups of three and more, as numbers are written; a date, an hour, a dossier's number are none.
_numbers = re.compile(r"\d{3}(?:-\d{3,4}){2,}|\d{3,}(?:[\s.]{1,2}\d{3,})*").findall
_MOST_DIGITS = 8
_FORMATTING = "Cf"  # Unicode category: characters that show nothing
_unseen = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]").search


def written(text: str, *, longest: int = LONGEST_TEXT) -> str:
    """Return *text* in NFC without blanks at its ends.

    Nine digits in a row are refused, for they may be a card, insurance or citizen's number: the
    text is read by officials and kept for years, and nobody needs the number to answer, since the
    question already points to its access.

    Raises:
        TextRefused: it is too short or too long, holds such digits, or characters that hide text.
    """
    plain = unicodedata.normalize("NFC", text).strip()
    if not SHORTEST_TEXT <= len(plain) <= longest:
        raise TextRefused("length")
    visible = "".join(each for each in plain if unicodedata.category(each) != _FORMATTING)
    if any(sum(map(str.isdecimal, run)) > _MOST_DIGITS for run in _numbers(visible)):
        raise TextRefused("digits")
    if _unseen(plain):
        raise TextRefused("characters")
    return plain
