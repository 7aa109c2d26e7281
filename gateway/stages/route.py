"""5. Ask the source's adapter, inside the deadline."""

from collections.abc import Awaitable, Callable, Mapping
from time import perf_counter

from adapters.errors import SourceError
from adapters.protocol import Query, SourceAdapter
from gateway.consents.ages import ADULT
from gateway.errors import Code, Refusal
from gateway.stages.evidence import Answered, Consented


class Route:
    """Puts the decided question to the one authority that may answer it."""

    def __init__(
        self,
        adapters: Mapping[str, SourceAdapter],
        confirm: Callable[[Answered], Awaitable[Answered]],
    ) -> None:
        self._adapters = adapters
        self._confirm = confirm

    async def __call__(self, consented: Consented) -> Answered:
        """Return what the source said, once the decision has been held against it.

        The source may know what the question did not say, that the person is a child: then the
        decision is taken again (`confirm`), before anything of the answer is used.

        Raises:
            Refusal: NO_MATCH, or the code of the source's failure; origin is the source.
        """
        source = consented.decision.service.source
        adapter = self._adapters.get(source)
        if adapter is None:
            raise Refusal(Code.SOURCE_UNAVAILABLE, service=source)
        begun = perf_counter()
        try:
            record = await adapter.fetch(_query(consented))
        except SourceError as failed:
            raise Refusal(Code(failed.code), upstream_id=failed.upstream_id) from failed
        answered = Answered(consented, record, (perf_counter() - begun) * 1000)
        return answered if record.subject_is == ADULT else await self._confirm(answered)


def _query(consented: Consented) -> Query:
    identified, decision = consented.identified, consented.decision
    asked, principal = identified.asked, identified.principal
    return Query(
        service=decision.service.code,
        operation=decision.service.operation,
        subject=asked.subject,
        fields=decision.allowed,
        deadline=asked.deadline,
        exchange_id=asked.exchange_id,
        agency=principal.agency,
        procedure=asked.procedure,
        official=None if principal.official is None else principal.official.id,
        traceparent=asked.traceparent,
    )
