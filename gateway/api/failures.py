"""Every error of an ordinary route as an RFC 9457 problem, by the one table."""

from collections.abc import Callable
from typing import Any, TypeAlias, cast

import structlog
import uuid_utils
from litestar import Request, Response
from litestar.datastructures import State
from litestar.exceptions import (
    ClientException,
    HTTPException,
    MethodNotAllowedException,
    NotFoundException,
    ValidationException,
)

from auth.errors import PartyError
from gateway.api.bodies import ANY
from gateway.api.wire import problem_reply, wants_english
from gateway.errors import AuditUnavailable, Code, Refusal
from gateway.problems import field_error

_log = structlog.get_logger(__name__)

# Statuses the framework itself answers with, and what they are in our words.
BY_STATUS: dict[int, Code] = {
    400: Code.VALIDATION_FAILED,
    404: Code.NOT_FOUND,
    405: Code.METHOD_NOT_ALLOWED,
    413: Code.BODY_TOO_LARGE,
    415: Code.UNSUPPORTED_MEDIA_TYPE,
    429: Code.RATE_LIMITED,
    503: Code.OVERLOADED,
}


def problem(request: Request[Any, Any, State], refused: Refusal) -> Response[bytes]:
    """Return *refused* as a problem document, in the caller's language."""
    headers = {name.lower().encode(): value.encode() for name, value in request.headers.items()}
    status, wire, body = problem_reply(
        refused,
        str(uuid_utils.uuid7()),
        request.headers.get("traceparent"),
        english=wants_english(headers),
    )
    named = {name.decode(): value.decode() for name, value in wire}
    media = named.pop("content-type")
    return Response(body, status_code=status, headers=named, media_type=media)


def _refusal(request: Request[Any, Any, State], refused: Refusal) -> Response[bytes]:
    return problem(request, refused)


def _party(request: Request[Any, Any, State], unproven: PartyError) -> Response[bytes]:
    return problem(request, Refusal(Code(unproven.code)))


def _unrecorded(request: Request[Any, Any, State], _: AuditUnavailable) -> Response[bytes]:
    return problem(request, Refusal(Code.AUDIT_UNAVAILABLE))


def _framework(request: Request[Any, Any, State], raised: HTTPException) -> Response[bytes]:
    code = BY_STATUS.get(raised.status_code, Code.INTERNAL)
    if isinstance(raised, ValidationException):
        return problem(request, Refusal(Code.VALIDATION_FAILED, errors=_places(raised)))
    if isinstance(raised, MethodNotAllowedException):
        return _other_methods(request, raised)
    if isinstance(raised, ClientException) and code is Code.VALIDATION_FAILED:
        return problem(request, Refusal(Code.MALFORMED_JSON))
    return problem(request, Refusal(code))


def _other_methods(
    request: Request[Any, Any, State], raised: MethodNotAllowedException
) -> Response[bytes]:
    """Return the problem with the methods that the route does have (RFC 9110 15.5.6)."""
    answer = problem(request, Refusal(Code.METHOD_NOT_ALLOWED))
    named = {name.lower(): value for name, value in (raised.headers or {}).items()}
    answer.headers["allow"] = named.get("allow", "")
    return answer


def _places(raised: ValidationException) -> list[dict[str, str]]:
    """Return where the body is wrong; the framework's own words may quote what was sent."""
    found = cast("list[dict[str, object]]", raised.extra) if raised.extra else []
    keys = [str(each.get("key", "")) for each in found]
    pointers = ["/" + key.replace(".", "/") if key else "" for key in keys or [""]]
    return [field_error(pointer, "format", *ANY) for pointer in pointers]


def _fault(request: Request[Any, Any, State], fault: Exception) -> Response[bytes]:
    _log.error("request.fault", error=type(fault).__name__)
    return problem(request, Refusal(Code.INTERNAL))


Handler: TypeAlias = Callable[[Request[Any, Any, State], Any], Response[bytes]]

HANDLERS: dict[type[Exception], Handler] = {
    Refusal: _refusal,
    PartyError: _party,
    AuditUnavailable: _unrecorded,
    NotFoundException: _framework,
    MethodNotAllowedException: _framework,
    HTTPException: _framework,
    Exception: _fault,
}
