"""A request to the token endpoint or a neighbour: a small form, each member once."""

from collections.abc import Mapping
from urllib.parse import parse_qsl

from msgspec import Struct

from auth.errors import FormRefused

# Words of RFC 8693, sections 2.1 and 3.
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105 - a kind of token
FORM = "application/x-www-form-urlencoded"
LARGEST_BODY = 16_384  # bytes; a form with an assertion needs about 1,000
_MOST_MEMBERS = 20
_TARGETS = frozenset({"resource", "audience"})


class Post(Struct, frozen=True, kw_only=True):
    """What a handler took off a request; nothing of it is believed yet."""

    body: bytes
    content_type: str
    authorization: str | None = None
    address: str | None = None  # IP address of the client; None when it is not known
    proof: str | None = None  # the header DPoP; several joined, which prove nothing
    # `x5t#S256` of the client certificate that a trusted peer handed over (RFC 9440), else None.
    certificate: str | None = None


def read(body: bytes, content_type: str) -> tuple[Mapping[str, str], tuple[str, ...]]:
    """Return the members of a token request, and the targets it names apart.

    A member without a value counts as left out.  Targets alone may be repeated: `resource`
    (RFC 8707 section 2) and `audience` (RFC 8693 section 2.1).

    Args:
        body: as received, at most 16 KiB.
        content_type: of the body; parameters such as a character set are let pass.

    Raises:
        FormRefused: another type, too large, not UTF-8, or a member given twice.

    Source: RFC 6749 sections 3.2 and appendix B.
    """
    if content_type.partition(";")[0].strip().lower() != FORM:
        raise FormRefused(f"the body must be {FORM}")
    if len(body) > LARGEST_BODY:
        raise FormRefused(f"the body is longer than {LARGEST_BODY} bytes")
    pairs = [(name, value) for name, value in _pairs(body) if value]
    targets = tuple(value for name, value in pairs if name in _TARGETS)
    members = [pair for pair in pairs if pair[0] not in _TARGETS]
    form = dict(members)
    if len(form) < len(members):
        raise FormRefused("a parameter is given more than once")
    return form, targets


def _pairs(body: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=_MOST_MEMBERS,
        )
    except ValueError:
        raise FormRefused("the body is not a well-formed form") from None
