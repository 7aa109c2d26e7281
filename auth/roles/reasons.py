"""Why somebody decided: kept with the act, and free of anybody's number; pure."""

import re
import unicodedata

from auth.roles.errors import GrantRefused

SHORTEST, LONGEST = 3, 500  # characters
_nine_digits = re.compile(r"[0-9]{9}").search
_between = re.compile(r"[\s.\-_/]")


def reason_of(text: str) -> str:
    """Return *text* in NFC without blanks at its ends.

    Raises:
        GrantRefused: it is too short or too long, holds nine digits in a row, which may be a
            person's number, or characters that nobody sees.
    """
    plain = unicodedata.normalize("NFC", text).strip()
    digits = _between.sub("", plain)
    hidden = any(unicodedata.category(each) in {"Cc", "Cf"} for each in plain)
    if not SHORTEST <= len(plain) <= LONGEST or hidden or _nine_digits(digits):
        raise GrantRefused("reason")
    return plain
