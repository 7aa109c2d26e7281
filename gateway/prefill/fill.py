"""Runs a plan through the exchange: all questions of a wave at once, within one deadline."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from adapters.protocol import Subject
from auth.possession.shown import Shown
from catalog.entries import (
    ElementCode,
    Procedure,
    ProcedureCode,
    ServiceCode,
    ServiceVersion,
    SystemId,
)
from catalog.snapshot import Snapshot
from gateway.errors import Code, Refusal
from gateway.prefill.outcome import Outcome, Outcomes
from gateway.prefill.plan import Call, Plan, plan
from gateway.prefill.provenance import assemble
from gateway.prefill.reasons import Left
from gateway.prefill.schemas import PrefillBody, Prefilled
from gateway.prefill.values import items
from gateway.problems import field_error
from gateway.stages.evidence import Asked, Identified, Recorded
from gateway.stages.presented import Presented

ROUTE = "/v1/prefill/{procedure}"
_MEMBERS = Subject.__struct_fields__


class Request(Struct, frozen=True, kw_only=True):
    """One form to fill, as it came over the wire."""

    procedure: str
    body: PrefillBody
    token: str
    shown: Shown
    request_id: str
    at: datetime
    deadline: float  # event-loop time for the whole form
    traceparent: str | None = None
    raw: bytes = b""  # the body as it came, for the records' digests
    peer: str = ""  # address of the caller, for counting noise
    signed: Presented | None = None  # with its signature, when it carries one


@dataclass(frozen=True, slots=True, kw_only=True)
class Prefill:
    """Fills one form; every question is an exchange of its own, with its own record."""

    authenticate: Callable[[Asked], Awaitable[Identified]]
    exchange: Callable[[Asked], Awaitable[Recorded]]
    turn_away: Callable[[Asked, Refusal], Awaitable[None]]
    snapshot: Callable[[], Snapshot]
    new_id: Callable[[], str]
    # Beyond the sources' deadline: a record that is just being committed is waited for, at most
    # as long as the log itself waits; an exchange that keeps no deadline is then left behind.
    grace_s: float = 2.5

    async def __call__(self, request: Request) -> Prefilled:
        """Return the form, field by field; a source that fails affects its own fields only.

        Raises:
            Refusal: the caller is not known (codes of authenticate), PROCEDURE_UNKNOWN,
                PROCEDURE_NOT_COVERED when the procedure has no form, PURPOSE_MISSING when no list
                knows the purpose, DOSSIER_REQUIRED or VALIDATION_FAILED.
        """
        nobody = Subject()
        identified = await self.authenticate(self._asked(request, "", (), nobody))
        snapshot = self.snapshot()
        procedure = _procedure(snapshot, request)
        if request.body.purpose not in snapshot.purposes:
            raise Refusal(Code.PURPOSE_MISSING)  # else every field would lack an agreement
        _validate(procedure, request.body)
        client_id = identified.principal.client_id
        made = plan(
            procedure,
            snapshot.services,
            reach_of(snapshot, procedure, client_id, request.body.purpose),
            _given(request.body.subject),
            frozenset(request.body.fields),
        )
        outcomes = await self._ask_all(made, snapshot, request)
        return assemble(snapshot, procedure, made, outcomes, request.body, at=request.at)

    async def _ask_all(self, made: Plan, snapshot: Snapshot, request: Request) -> Outcomes:
        """Start every question at once; one that is fed waits for its feeders alone."""
        tasks: dict[ServiceCode, asyncio.Task[Outcome]] = {}
        async with asyncio.TaskGroup() as group:
            for call in made.calls:  # feeders first
                feeders = {feed.source: tasks[feed.source] for feed in call.feeds}
                service = snapshot.services[call.service]
                tasks[call.service] = group.create_task(
                    self._ask_fed(call, service, feeders, request)
                )
        return {code: task.result() for code, task in tasks.items()}

    async def _ask_fed(
        self,
        call: Call,
        service: ServiceVersion,
        feeders: Mapping[ServiceCode, Awaitable[Outcome]],
        request: Request,
    ) -> Outcome:
        known = {code: await feeder for code, feeder in feeders.items()}
        subject = subject_for(call, service, request.body.subject, known)
        if isinstance(subject, Left):
            return Outcome(call=call, refused=subject.value)
        return await self._ask(call, self._asked(request, call.service, call.elements, subject))

    async def _ask(self, call: Call, asked: Asked) -> Outcome:
        try:
            async with asyncio.timeout_at(asked.deadline + self.grace_s):
                recorded = await self.exchange(asked)
        except Refusal as refused:
            code = refused.code.value
        except TimeoutError:
            code = Code.SOURCE_TIMEOUT.value
        else:
            return Outcome(call=call, exchange_id=asked.exchange_id, reply=recorded.reply)
        return Outcome(call=call, exchange_id=asked.exchange_id, refused=code)

    def _asked(
        self, request: Request, service: str, elements: tuple[ElementCode, ...], subject: Subject
    ) -> Asked:
        return Asked(
            exchange_id=self.new_id(),
            request_id=request.request_id,
            token=request.token,
            shown=request.shown,
            service=service,
            subject=subject,
            purpose=request.body.purpose,
            procedure=request.procedure,
            dossier=request.body.dossier,
            fields=elements,
            representative=request.body.representative,
            at=request.at,
            deadline=request.deadline,
            traceparent=request.traceparent,
            route=ROUTE,
            raw=request.raw,
            peer=request.peer,
            signed=request.signed,
        )


def subject_for(
    call: Call, service: ServiceVersion, stated: Subject, known: Outcomes
) -> Subject | Left:
    """Return what *service* may know of the subject: its own members only, fed ones included.

    A feed that gives nothing, or several values, stops the question: asking without it would be
    another question.
    """
    takes = {*service.subject, *service.subject_optional}
    members = {name: getattr(stated, name) for name in _MEMBERS if name in takes}
    subject = Subject(**members)
    for feed in call.feeds:
        values = items(known[feed.source].values(feed.element, feed.path))
        if len(values) != 1:
            return Left.SEVERAL if values else Left.NO_FEED
        subject = replace(subject, **{feed.member: str(values[0])})
    return subject


def reach_of(
    snapshot: Snapshot, procedure: Procedure, client_id: str, purpose: str
) -> dict[ServiceCode, frozenset[ElementCode]]:
    """Return the elements that the system's agreements cover for *purpose* and *procedure*.

    It only spares questions that would be refused; the exchange itself decides each of them.
    """
    return {
        service: frozenset(
            element
            for _, scope in snapshot.covering(SystemId(client_id), service)
            if purpose in scope.purposes
            and (not scope.procedures or procedure.code in scope.procedures)
            for element in scope.elements
        )
        for service in procedure.elements
    }


def _procedure(snapshot: Snapshot, request: Request) -> Procedure:
    procedure = snapshot.procedures.get(ProcedureCode(request.procedure))
    if procedure is None:
        raise Refusal(Code.PROCEDURE_UNKNOWN)
    if not procedure.form:
        raise Refusal(Code.PROCEDURE_NOT_COVERED, procedure=procedure.code)
    return procedure


def _validate(procedure: Procedure, body: PrefillBody) -> None:
    """Refuse a body that does not fit the form; nobody is asked for a form half understood."""
    if not body.dossier.strip():
        raise Refusal(Code.DOSSIER_REQUIRED)
    codes = {field.code for field in procedure.form}
    errors = [
        *(
            field_error(f"/fields/{place}", "unknown_field", "Biểu mẫu không có trường này.",
                   "The form has no such field.")
            for place, code in enumerate(body.fields)
            if code not in codes
        ),
        *(
            field_error("/typed", "unknown_field", "Biểu mẫu không có trường đã khai.",
                   "The form has no field that was typed.")
            for _ in body.typed.keys() - codes
        ),
        *(
            field_error(f"/subject/{name}", "required", "Thiếu thành phần bắt buộc.",
                   "A required member is missing.")
            for name in procedure.applicant
            if getattr(body.subject, name, None) is None
        ),
    ]  # fmt: skip
    if errors:
        raise Refusal(Code.VALIDATION_FAILED, errors=errors)


def _given(subject: Subject) -> frozenset[str]:
    return frozenset(name for name in _MEMBERS if getattr(subject, name) is not None)
