"""Members of a registration, one by one: the agreed form of each, whoever writes it down."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from ipaddress import IPv6Network, ip_address, ip_network
from urllib.parse import SplitResult, urlsplit

from auth.errors import KeyRefused, PartyError
from auth.jose import public_jwk, verification_key

LONGEST_NAME = 200
MOST_RANGES = 32
LONGEST_URL = 512
UNREAD = frozenset({"key_ops", "x5c", "x5t", "x5t#S256", "x5u"})

is_client_id = re.compile(r"[a-z][a-z0-9._-]{2,63}").fullmatch
# QĐ 20/2020/QĐ-TTg: at most 35 characters
is_agency = re.compile(r"[A-Z0-9][A-Za-z0-9.-]{0,34}").fullmatch
_DRESSED = IPv6Network("::ffff:0:0/96")  # RFC 4291 section 2.5.5.2
_is_thumbprint = re.compile(r"[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]").fullmatch  # 256 bits
_is_url = re.compile(r"[!-~]{8,512}").fullmatch
_has_number = re.compile(r"[0-9]{9}").search
_is_instant = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,6})? ?([Zz]|[+-]\d\d:\d\d)"
).fullmatch


class MemberRefused(PartyError):
    """A member has not the agreed form; neither word repeats what stands there."""

    code = "validation_failed"

    def __init__(self, code: str, fact: str) -> None:
        super().__init__(fact)
        self.word = code
        self.fact = fact


def jwk(said: Mapping[str, str]) -> dict[str, str]:
    """Return a public key as it is kept: its id, and what it may be used for, written out.

    ``key_ops`` and ``x5c`` may stand there, as tools export them; nothing is read from them.

    Raises:
        MemberRefused: it is not a public key that we accept.
    """
    read = {name: value for name, value in said.items() if name not in UNREAD}
    try:
        found = public_jwk(verification_key(read))
    except KeyRefused as refused:
        raise MemberRefused("key_refused", refused.fact) from None
    if not found["kid"].isprintable():
        raise MemberRefused("key_refused", "kid holds a character that cannot be seen")
    return found


def address_range(said: str) -> str:
    """Return an address range in its one form (CIDR, RFC 4632 and RFC 4291).

    A zone (RFC 4007) means something on one host alone, and its text is anybody's; a range of IPv4
    addresses in IPv6 clothes would hold nobody, because callers' addresses are undressed.

    Raises:
        MemberRefused: it is none, or one of these two.
    """
    try:
        found = ip_network(said)
    except ValueError:
        raise MemberRefused("not_a_range", "an address range looks like 10.1.0.0/16") from None
    dressed = isinstance(found, IPv6Network) and found.subnet_of(_DRESSED)
    if dressed or "%" in said:
        raise MemberRefused("not_a_range", "a range has no zone, and IPv4 looks like 10.1.0.0/16")
    return str(found)


def thumbprint(said: str) -> str:
    """Return an `x5t#S256`: the SHA-256 of a certificate's DER in base64url (RFC 8705 section 3.1).

    Raises:
        MemberRefused: it has not that form.
    """
    if _is_thumbprint(said) is None:
        raise MemberRefused(
            "not_a_thumbprint", "x5t#S256 is the certificate's SHA-256 in base64url, 43 characters"
        )
    return said


def instant(said: str) -> datetime:
    """Return the last instant of a credential (RFC 3339, with its offset) in UTC.

    Raises:
        MemberRefused: it is no instant, or names no offset from UTC.
    """
    try:
        if _is_instant(said) is None:
            raise ValueError  # noqa: TRY301 - one answer to both
        return datetime.fromisoformat(
            said.upper().replace(" ", "T", 1).replace(" ", "")
        ).astimezone(UTC)
    except (ValueError, OverflowError):
        raise MemberRefused(
            "not_an_instant", "an instant looks like 2027-06-30T17:00:00Z"
        ) from None


def key_address(said: str) -> str:
    """Return the address of a key set: https, or http on this host alone.

    Raises:
        MemberRefused: it is another kind of address, or holds what an address must not.
    """
    parts = _parts(said)
    if parts.scheme == "https" or (parts.scheme == "http" and _loopback(parts.hostname or "")):
        return said
    raise MemberRefused("not_a_key_address", "keys are published over https")


def _parts(said: str) -> SplitResult:
    try:
        parts = urlsplit(said) if _is_url(said) else None
        good = parts is not None and parts.hostname and parts.port != 0
    except ValueError:
        parts, good = None, None
    if parts is None or not good or "@" in parts.netloc or "#" in said or "?" in said:
        raise MemberRefused(
            "not_a_key_address", "an address is expected, without user, query and fragment"
        )
    if _has_number(said):
        raise MemberRefused("not_a_key_address", "nine digits in a row may be a person's number")
    return parts


def _loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
