"""What every question over the wire shares: its body, its words, its deadline."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import TypeVar

import msgspec
from msgspec import Struct

from adapters.protocol import Subject
from auth.possession.shown import Shown
from gateway.api.credentials import token_of
from gateway.api.wire import TRACEPARENT, deeper_than
from gateway.errors import Code, Refusal
from gateway.problems import field_error
from gateway.stages.evidence import Asked

LONGEST_WAIT_MS = 600_000  # what a caller may ask for; the limit holds all the same

Body = TypeVar("Body")
_PLACE = re.compile(r"(?:at|in) `\$([^`]*)`")
_MEMBER = re.compile(r"(missing required|contains unknown) field `([A-Za-z_]{1,40})`")
_SAID = {
    "missing required": ("Thiếu thành phần này.", "This member is missing."),
    "contains unknown": ("Không có thành phần nào tên như vậy.", "No member has this name."),
}
_JSON = b"application/json"
_AS_IT_IS = b"identity"
ANY = (
    "Thành phần thiếu, thừa hoặc sai dạng.",
    "A member is missing, unknown or has not its form.",
)


class Limits(Struct, frozen=True, kw_only=True):
    """What one worker takes on."""

    body_bytes: int = 65_536
    json_depth: int = 16  # levels; refused before decoding
    deadline_ms: int = 3_000
    in_flight: int = 1_000


def demand_json(headers: Mapping[bytes, bytes]) -> None:
    """Refuse a body that does not say it is JSON, as it is; raise UNSUPPORTED_MEDIA_TYPE.

    A coded one is refused by its coding (RFC 9110 section 15.5.16), and not for what it looks like.
    """
    media = headers.get(b"content-type", b"")
    if media != _JSON and media.partition(b";")[0].strip().lower() != _JSON:
        raise Refusal(Code.UNSUPPORTED_MEDIA_TYPE)
    if headers.get(b"content-encoding", _AS_IT_IS).strip().lower() != _AS_IT_IS:
        raise Refusal(Code.UNSUPPORTED_MEDIA_TYPE)


def decoded(decoder: "msgspec.json.Decoder[Body]", raw: bytes, depth: int) -> Body:
    """Return the body as its struct.

    Raises:
        Refusal: MALFORMED_JSON when it is not JSON or nests more than *depth* levels;
            PURPOSE_MISSING or VALIDATION_FAILED with the place, never the value, when it has not
            the agreed shape.
    """
    if deeper_than(raw, depth):
        raise Refusal(Code.MALFORMED_JSON)
    try:
        return decoder.decode(raw)
    except msgspec.ValidationError as wrong:
        raise _shape_refusal(str(wrong)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Refusal(Code.MALFORMED_JSON) from None


def _shape_refusal(message: str) -> Refusal:
    """Turn the decoder's message into a place; its own words may quote what the caller sent."""
    if "missing required field `purpose`" in message:
        return Refusal(Code.PURPOSE_MISSING)
    place, member = _PLACE.search(message), _MEMBER.search(message)
    path = "" if place is None else re.sub(r"\[(\d+|\.\.\.)\]", r"/\1", place.group(1))
    steps = [
        step for step in path.replace(".", "/").split("/") if re.fullmatch(r"[a-z0-9_]+", step)
    ]
    named = [] if member is None else [member[2]]  # a word without digits is no number
    said = ANY if member is None else _SAID[member[1]]
    return invalid("".join(f"/{step}" for step in (*steps, *named)), said)


def invalid(pointer: str, said: tuple[str, str] = ANY) -> Refusal:
    """Return the refusal of a member that is missing, unknown or has not its form.

    Args:
        pointer: of the member; empty for the whole body (RFC 6901 section 5).
        said: what is wrong with it, in Vietnamese and in English.
    """
    error = field_error(pointer, "format", *said)
    return Refusal(Code.VALIDATION_FAILED, errors=[error])


def deadline_s(headers: Mapping[bytes, bytes], limits: Limits) -> float:
    """Return how long the caller waits, never more than the limit.

    Raises:
        Refusal: VALIDATION_FAILED unless ``Lgsp-Deadline-Ms`` is 1 to 600,000.
    """
    wanted = headers.get(b"lgsp-deadline-ms")
    if wanted is None:
        return limits.deadline_ms / 1000
    if not wanted.isdigit() or len(wanted) > 6 or not 1 <= int(wanted) <= LONGEST_WAIT_MS:  # noqa: PLR2004 - digits of the bound
        raise invalid("/headers/lgsp-deadline-ms")
    return min(limits.deadline_ms, int(wanted)) / 1000


def unread(
    headers: Mapping[bytes, bytes],
    *,
    exchange_id: str,
    request_id: str,
    at: datetime,
    raw: bytes,
    route: str,
    shown: Shown,
) -> Asked:
    """Return a question of which nothing is understood but who sent it."""
    return Asked(
        exchange_id=exchange_id,
        request_id=request_id,
        token=token_of(headers),
        service="",
        subject=Subject(),
        purpose="",
        procedure=None,
        dossier=None,
        fields=(),
        representative=None,
        at=at,
        deadline=0.0,
        traceparent=traceparent_of(headers),
        route=route,
        method=shown.method,
        raw=raw,
        peer=shown.origin,
        shown=shown,
    )


def traceparent_of(headers: Mapping[bytes, bytes]) -> str | None:
    """Return the W3C trace header when it has its form (`TRACEPARENT`); else there is no trace."""
    given = headers.get(b"traceparent")
    if given is None:
        return None
    text = given.decode("latin-1")
    return text if TRACEPARENT.fullmatch(text) else None
