"""Auditors: what the rules noticed, on what it rests, and what became of it."""

from collections.abc import Callable, Sequence
from datetime import date
from enum import StrEnum
from typing import Annotated, Any, TypeVar
from uuid import UUID

import msgspec
from litestar import Controller, Request, Response, get, post
from litestar.datastructures import State as RequestState
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter
from litestar.status_codes import HTTP_200_OK

from auth.people import Person
from auth.permissions import Permission
from gateway.api.bodies import Limits, invalid
from gateway.api.characters import storable
from gateway.api.operations import OfPeople, takes
from gateway.audit import words
from gateway.errors import Code, Refusal
from gateway.findings.desk import (
    CONFIRM_ROUTE,
    DISMISS_ROUTE,
    LIST_ROUTE,
    ONE_ROUTE,
    FindingDesk,
)
from gateway.findings.finding import Finding, State
from gateway.findings.finding_repository import MOST_LISTED, Wanted
from gateway.findings.reasons import LONGEST, SHORTEST, ReasonRefused
from gateway.findings.rules import Rule, Severity
from gateway.findings.schemas import (
    FindingShown,
    FindingsListed,
    FindingTold,
    JudgeBody,
    shown,
    told,
)
from gateway.findings.tallies import Scope
from gateway.problems import field_error

LARGEST_BODY = 16_384  # bytes
_UNKEPT = {"Cache-Control": "no-store"}
_READ = {"permission": Permission.FINDING_READ}
_JUDGE = {"permission": Permission.FINDING_JUDGE}

_body = msgspec.json.Decoder(JudgeBody)
Word = TypeVar("Word", bound=StrEnum)

REASONS = {
    "length": (
        f"Viết lý do từ {SHORTEST} đến {LONGEST} ký tự.",
        f"Write a reason of {SHORTEST} to {LONGEST} characters.",
    ),
    "digits": (
        "Không ghi dãy từ chín chữ số: đó có thể là số của một người.",
        "No nine digits in a row: they may be a person's number.",
    ),
    "characters": ("Có ký tự ẩn hoặc điều khiển.", "There are hidden or control characters."),
}


class FindingController(Controller):
    """Findings are reasons to look, never verdicts: a person judges each."""

    tags: Sequence[str] | None = ("Findings",)

    @get(LIST_ROUTE, opt=_READ, operation_class=OfPeople)
    async def page(  # noqa: PLR0917 - one parameter for each filter of the address
        self,
        request: Request[Any, Any, RequestState],
        person: NamedDependency[Person],
        finding_desk: NamedDependency[FindingDesk],
        # The framework keeps the names state and scope for itself.
        of_state: Annotated[str | None, QueryParameter(name="state")] = None,
        rule: FromQuery[str | None] = None,
        of_scope: Annotated[str | None, QueryParameter(name="scope")] = None,
        actor: FromQuery[str | None] = None,
        agency: FromQuery[str | None] = None,
        severity: FromQuery[str | None] = None,
        after: FromQuery[date | None] = None,
        before: FromQuery[date | None] = None,
        cursor: FromQuery[str | None] = None,
        limit: FromQuery[int] = 50,
    ) -> Response[FindingsListed]:
        """Return findings that fit every filter, newest day first.

        Officials are named by the pseudonym that records show, so that no address names a person.
        """
        if not 1 <= limit <= MOST_LISTED:
            raise invalid("/limit")
        wanted = Wanted(
            state=_word(State, of_state, "/state"),
            rule=_word(Rule, rule, "/rule"),
            scope=_word(Scope, of_scope, "/scope"),
            actor=_named(words.code, actor, "/actor"),
            agency=_named(words.check_agency, agency, "/agency"),
            severity=_word(Severity, severity, "/severity"),
            after=after,
            before=before,
        )
        asked = request.url.query.encode()
        below = None if cursor is None else _place(cursor)
        found = await finding_desk.page(person, wanted, below=below, limit=limit + 1, asked=asked)
        following = _cursor(found[limit - 1]) if len(found) > limit else None
        items = tuple(map(told, found[:limit]))
        return Response(FindingsListed(items=items, next_cursor=following), headers=_UNKEPT)

    @get(ONE_ROUTE.replace("}", ":uuid}"), opt=_READ, operation_class=OfPeople)
    async def one(
        self,
        finding: FromPath[UUID],
        person: NamedDependency[Person],
        finding_desk: NamedDependency[FindingDesk],
    ) -> Response[FindingShown]:
        """Return one finding with the records it rests on."""
        return Response(shown(await finding_desk.one(person, finding)), headers=_UNKEPT)

    @post(
        CONFIRM_ROUTE.replace("}", ":uuid}"),
        status_code=HTTP_200_OK,
        opt=_JUDGE,
        request_max_body_size=LARGEST_BODY,
        operation_class=takes(JudgeBody),
    )
    async def confirm(
        self,
        request: Request[Any, Any, RequestState],
        finding: FromPath[UUID],
        person: NamedDependency[Person],
        finding_desk: NamedDependency[FindingDesk],
        limits: NamedDependency[Limits],
    ) -> Response[FindingTold]:
        """Confirm that a finding is what it looks like, and say why."""
        raw = await request.body()
        return await _judged(finding_desk, person, (finding, State.CONFIRMED), raw, limits)

    @post(
        DISMISS_ROUTE.replace("}", ":uuid}"),
        status_code=HTTP_200_OK,
        opt=_JUDGE,
        request_max_body_size=LARGEST_BODY,
        operation_class=takes(JudgeBody),
    )
    async def dismiss(
        self,
        request: Request[Any, Any, RequestState],
        finding: FromPath[UUID],
        person: NamedDependency[Person],
        finding_desk: NamedDependency[FindingDesk],
        limits: NamedDependency[Limits],
    ) -> Response[FindingTold]:
        """Dismiss a finding that has a good explanation, and say which."""
        raw = await request.body()
        return await _judged(finding_desk, person, (finding, State.DISMISSED), raw, limits)


async def _judged(
    desk: FindingDesk, person: Person, act: tuple[UUID, State], raw: bytes, limits: Limits
) -> Response[FindingTold]:
    body = storable(_body, raw, limits.json_depth)
    key, state = act
    try:
        judged = await desk.judge(person, key, state, body.reason, raw)
    except ReasonRefused as refused:
        error = field_error("/reason", refused.bound, *REASONS[refused.bound])
        raise Refusal(Code.VALIDATION_FAILED, errors=[error]) from None
    return Response(told(judged), headers=_UNKEPT)


def _word(of: type[Word], value: str | None, pointer: str) -> Word | None:
    try:
        return None if value is None else of(value)
    except ValueError:
        raise invalid(pointer) from None


def _named(check: Callable[[str], object], value: str | None, pointer: str) -> str | None:
    """Return a word that may stand in an address: never one that holds a person's number."""
    try:
        if value is not None:
            check(value)
    except words.NotAllowedInLeaf:
        raise invalid(pointer) from None
    return value


def _cursor(last: Finding) -> str:
    return f"{last.found.last_day.isoformat()}.{last.id}"


def _place(cursor: str) -> tuple[date, UUID]:
    day, _, key = cursor.partition(".")
    try:
        return date.fromisoformat(day), UUID(key)
    except ValueError:
        raise invalid("/cursor") from None
