"""Whether an official and the person asked about share a family name; a yes or no, never the name.

A Vietnamese family name is the first word.  Registers and staff directories spell it with and
without marks, so that marks do not count; đ is a letter of its own and stays one, for Đoàn and
Doãn, Đinh and Dinh are different families.  Registers' own comparison (`adapters.shapes.folded`)
writes Đ as D and runs words together, which is right for finding a person and wrong here.
"""

import unicodedata
from collections.abc import Mapping
from typing import Any

from adapters.protocol import Subject
from auth.principals import Official

ASKED = "ho_ten"  # the element that holds a person's whole name
_SHORTEST = 2  # letters; "Y" and "A" before a name of the Central Highlands tell the sex


def akin(official: Official | None, subject: Subject, values: Mapping[str, Any]) -> bool | None:
    """Say whether *official* bears the family name of the person; None when it is not known.

    Args:
        official: who looks, with the name that the staff provider claims.
        subject: the person as asked for; the name asked for counts first.
        values: what is released about the person.
    """
    if official is None or official.name is None:
        return None
    name = subject.ho_ten or values.get(ASKED)
    return same_family_name(official.name, name) if isinstance(name, str) else None


def same_family_name(one: str, other: str) -> bool | None:
    """Compare the family names of two whole names; None when either does not tell its own.

    Names typed without any mark may have lost a đ: they are not told apart from one that has it.
    """
    first, second = family_name(one), family_name(other)
    if first is None or second is None:
        return None
    if first == second:
        return True
    bare = _without_stroke(first) == _without_stroke(second)
    return None if bare and (one.isascii() or other.isascii()) else False


def family_name(name: str) -> str | None:
    """Return the first word of *name* in lower case, without marks, its đ kept.

    Returns:
        None for a name of one word, or whose first word is a single letter or not all letters:
        such a word is no family name.
    """
    words = name.split(maxsplit=1)
    if len(words) < 2:  # noqa: PLR2004 - a family name and something after it
        return None
    parts = unicodedata.normalize("NFD", words[0].casefold())
    plain = "".join(each for each in parts if not unicodedata.combining(each))
    if len(plain) < _SHORTEST or not plain.isalpha():
        return None
    return unicodedata.normalize("NFC", plain)


def _without_stroke(name: str) -> str:
    return name.replace("đ", "d")
