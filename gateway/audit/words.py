"""What text may stand in a leaf: codes, ids, digests, pseudonyms; nothing that a person wrote.

Low-cardinality words are remembered once they have passed, so that checking a leaf costs little.
No error here repeats the text it refuses: it may be a person's number (promise P6).
"""

import re
from collections.abc import Iterable
from functools import lru_cache

LARGEST_INTEGER = 2**53 - 1  # RFC 8785 numbers are IEEE doubles

_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
# Nine digits in a row may be an old card, an insurance or a citizen's number: never a code.
_CODE = r"(?!.*\d{9})[A-Za-z0-9][A-Za-z0-9._:@/+-]{0,119}"
_REFERENCE = rf"(?:{_UUID}|(?!.*\d{{9}}.*@)[A-Za-z0-9][A-Za-z0-9._:/+-]{{0,119}})@\d{{1,8}}"

_is_code = re.compile(rf"{_UUID}|{_CODE}").fullmatch
_is_enterprise = re.compile(r"\d{10}(?:-\d{3})?").fullmatch
_is_reference = re.compile(rf"{_UUID}|{_CODE}|{_REFERENCE}(?:#[0-9a-f]{{32}})?").fullmatch
_is_uuid = re.compile(_UUID).fullmatch
_is_route = re.compile(r"(?!.*\d{9})[A-Za-z0-9/{}._:-]{1,200}").fullmatch
_is_digest = re.compile(r"[A-Za-z0-9_-]{43}").fullmatch
_is_salt = re.compile(r"[A-Za-z0-9_-]{22}").fullmatch
_is_hash = re.compile(r"[0-9a-f]{64}").fullmatch
_is_pseudonym = re.compile(r"[a-z2-7]{32}").fullmatch
_is_epoch = re.compile(r"\d{4}|all").fullmatch
# A trace id comes from the caller: one of digits alone could carry a number, chance makes none.
# A zero and eleven digits are a citizen's number among letters; chance makes less than 1 in 100.
_is_trace = re.compile(r"(?=[0-9a-f]*[a-f])(?!.*0\d{11})[0-9a-f]{32}").fullmatch
_trace_in = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?").fullmatch


class NotAllowedInLeaf(ValueError):
    """A value is not of the closed forms a leaf may hold; names the form, never the value."""

    def __init__(self, form: str) -> None:
        super().__init__(f"not allowed in a leaf: expected {form}")
        self.form = form


@lru_cache(maxsize=16_384)
def code(value: str) -> str:
    """Return *value* when it has the form of a catalog code or a UUID.

    The form alone cannot tell a code from a name: callers pass words of the catalog, never words
    from the wire.
    """
    if _is_code(value) is None:
        raise NotAllowedInLeaf("a code")
    return value


@lru_cache(maxsize=16_384)
def check_codes(values: tuple[str | None, ...]) -> None:
    """Demand that each of *values* is a code or None."""
    for value in values:
        if value is not None:
            code(value)


TAX_WEIGHTS = (31, 29, 23, 19, 17, 13, 7, 5, 3)  # domain.md 3.5; the tenth digit checks the nine


@lru_cache(maxsize=16_384)
def check_agency(value: str | None) -> None:
    """Demand an agency code: a code, or an enterprise code of 10 digits that checks itself.

    Firms are named by their enterprise code (QĐ 20/2020/QĐ-TTg), which has ten digits or more;
    only one in eleven other numbers would pass for one.
    """
    if value is None or _is_code(value) is not None:
        return
    if _is_enterprise(value) is None:
        raise NotAllowedInLeaf("an agency code")
    total = sum(weight * int(digit) for weight, digit in zip(TAX_WEIGHTS, value, strict=False))
    if 10 - total % 11 != int(value[9]):
        raise NotAllowedInLeaf("an agency code")


@lru_cache(maxsize=16_384)
def check_references(values: tuple[str | None, ...]) -> None:
    """Demand that each of *values* is a code, ``id@version``, ``id@version#hash`` or None."""
    for value in values:
        if value is not None and _is_reference(value) is None:
            raise NotAllowedInLeaf("id@version#hash")


@lru_cache(maxsize=16_384)
def reference(identity: str, version: int, sha256_hex: str = "") -> str:
    """Name one version of one thing: ``id@version#hash``.

    Args:
        identity: a code or UUID.
        version: running number, 0 to 99,999,999.
        sha256_hex: SHA-256 of the thing's canonical document in hex, or empty; its first
            128 bits are kept.
    """
    text = f"{identity}@{version}" + (f"#{sha256_hex[:32]}" if sha256_hex else "")
    check_references((text,))
    return text


def check_uuid(value: str) -> None:
    """Demand a lower-case UUID."""
    if _is_uuid(value) is None:
        raise NotAllowedInLeaf("a UUID")


@lru_cache(maxsize=1_024)
def check_route(value: str) -> None:
    """Demand a route template such as ``/v1/data/{service}``."""
    if _is_route(value) is None:
        raise NotAllowedInLeaf("a route template")


def check_digest(value: str | None) -> None:
    """Demand 32 bytes as unpadded base64url, or None."""
    if value is not None and _is_digest(value) is None:
        raise NotAllowedInLeaf("a digest")


def check_salt(value: str) -> None:
    """Demand 16 bytes as unpadded base64url."""
    if _is_salt(value) is None:
        raise NotAllowedInLeaf("a salt")


def check_hash(value: str) -> None:
    """Demand 32 bytes as lower-case hex."""
    if _is_hash(value) is None:
        raise NotAllowedInLeaf("a leaf hash")


def check_pseudonyms(values: Iterable[str | None]) -> None:
    """Demand that each of *values* is a keyed pseudonym or None."""
    for value in values:
        if value is not None and _is_pseudonym(value) is None:
            raise NotAllowedInLeaf("a pseudonym")


@lru_cache(maxsize=64)
def check_epoch(value: str) -> None:
    """Demand a year, or ``all`` for a key that outlives years."""
    if _is_epoch(value) is None:
        raise NotAllowedInLeaf("a key epoch")


def check_trace(value: str | None) -> None:
    """Demand a W3C trace id that cannot carry a decimal number, or None."""
    if value is not None and _is_trace(value) is None:
        raise NotAllowedInLeaf("a trace id")


def check_numbers(*values: int | None) -> None:
    """Demand integers of 0 to 2^53-1, or None."""
    for value in values:
        if value is not None and not 0 <= value <= LARGEST_INTEGER:
            raise NotAllowedInLeaf("an integer of 0 to 2^53-1")


def trace_of(traceparent: str | None) -> str | None:
    """Return the trace id of a W3C ``traceparent`` header when it may stand in a leaf."""
    found = _trace_in(traceparent) if traceparent else None
    trace = found[1] if found else None
    return trace if trace and _is_trace(trace) else None
