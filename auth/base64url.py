"""Base64url without padding (RFC 7515 section 2), read strictly."""

import binascii

_TO_URL, _FROM_URL = bytes.maketrans(b"+/", b"-_"), bytes.maketrans(b"-_", b"+/")


def encoded(content: bytes) -> str:
    """Return *content* as text."""
    text = binascii.b2a_base64(content, newline=False).rstrip(b"=")
    return text.translate(_TO_URL).decode("ascii")


def decoded(text: str) -> bytes | None:
    """Return what *text* holds; None when it is no base64url, or not the only spelling of it."""
    try:
        padded = text.encode("ascii").translate(_FROM_URL) + b"=" * (-len(text) % 4)
        content = binascii.a2b_base64(padded, strict_mode=True)
    except (binascii.Error, UnicodeEncodeError):
        return None
    return content if encoded(content) == text else None
