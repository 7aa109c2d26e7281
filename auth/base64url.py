"""Base64url without padding (RFC 7515 section 2), read strictly."""

import binascii

_TO_URL = bytes.maketrans(b"+/", b"-_")
_FROM_URL = bytes.maketrans(b"-_+/=", b"+/!!!")  # what is not of this alphabet is of none
_PADDING = (b"", b"===", b"==", b"=")  # by what a length leaves over, divided by four
# The last character where it holds spare bits: they are zero (RFC 4648 section 3.5).  One character
# alone holds no byte.
_LAST = ("", "", "AQgw", "AEIMQUYcgkosw048")


def encoded(content: bytes) -> str:
    """Return *content* as text."""
    text = binascii.b2a_base64(content, newline=False).rstrip(b"=")
    return text.translate(_TO_URL).decode("ascii")


def decoded(text: str) -> bytes | None:
    """Return what *text* holds; None when it is no base64url, or not the only spelling of it."""
    over = len(text) % 4
    if over and text[-1] not in _LAST[over]:
        return None
    try:
        padded = text.encode("ascii").translate(_FROM_URL) + _PADDING[over]
        return binascii.a2b_base64(padded, strict_mode=True)
    except (binascii.Error, UnicodeEncodeError):
        return None
