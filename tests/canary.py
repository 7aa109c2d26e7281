"""A person who must not appear: the forms their data could hide in, and where they are found."""

import base64
import json
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from urllib.parse import quote, quote_plus

# Persona p22 of docs/personas.md.
NUMBER, CARD, INSURED = "007195777777", "997777777", "0307777777"
NAME, SERIAL = "Kim Thị Hoàng Yến", "AA 00777777"
BORN = "1995-07-07"
SHORTEST = 8  # bytes; a shorter form would be found by chance


def forms_of(text: str) -> set[bytes]:
    """Return what *text* may look like: plain, escaped, in hex, in base64 at any offset."""
    spellings = {text, text.upper(), unicodedata.normalize("NFD", text), unaccented(text)}
    found: set[bytes] = set()
    for each in spellings:
        raw = each.encode()
        found |= {raw, raw.hex().encode(), raw.hex().upper().encode()}
        found |= {quote(each).encode(), quote_plus(each).encode()}
        found.add(json.dumps(each)[1:-1].encode())
        found |= {each.encode("utf-16-le"), raw[::-1]}
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            found |= {_inside(encode, raw, offset) for offset in range(3)}
    return {form for form in found if len(form) >= SHORTEST}


def _inside(encode: Callable[[bytes], bytes], raw: bytes, offset: int) -> bytes:
    """Return the characters that *raw* alone decides when it begins *offset* bytes into a group."""
    whole = encode(b"\0" * offset + raw)
    first, bits = (offset * 8 + 5) // 6, (offset + len(raw)) * 8
    return whole[first : bits // 6]


def unaccented(text: str) -> str:
    """Return *text* in upper case without marks, as registers compare names."""
    plain = unicodedata.normalize("NFD", text.replace("Đ", "D").replace("đ", "d"))
    return "".join(c for c in plain if not unicodedata.combining(c)).upper()


FORMS: Mapping[str, set[bytes]] = {
    "number": forms_of(NUMBER) | forms_of("007 195 777 777"),
    "old card": forms_of(CARD),
    "insurance code": forms_of(INSURED),
    "name": forms_of(NAME),
    "serial": forms_of(SERIAL),
}


def traces_in(places: Iterable[tuple[str, bytes]]) -> list[str]:
    """Return where the canary is found: the place, which fact, in which form."""
    return [
        f"{place}: {fact} as {form!r}"
        for place, content in places
        for fact, forms in FORMS.items()
        for form in forms
        if form in content
    ]
