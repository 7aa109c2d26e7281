"""Spans for a sampled share of the exchanges, with a closed list of attributes."""

import random
import re
from collections.abc import Callable
from importlib import import_module
from typing import cast

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import Span, SpanKind, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

ATTRIBUTES = frozenset(
    {
        "motlan.request_id",
        "motlan.dataset",
        "motlan.agency",
        "motlan.decision_id",
        "motlan.outcome",
        "motlan.code",
        "motlan.connector",
        "error.type",
    }
)
EXPORTER = "opentelemetry.exporter.otlp.proto.http.trace_exporter"
CARRIER = TraceContextTextMapPropagator()
# A caller makes its ids up, and spans leave the house: a zero and eleven digits are a citizen's
# number among letters, and digits alone may be anything (as `gateway.audit.words.trace_of` has it).
# Of ids that chance made, about 1 in 100 look like that.
_may_carry_a_number = re.compile(r"0\d{11}|-\d{32}-").search


class TracingUnavailable(Exception):
    """Spans are to leave, but the exporter is not installed."""

    def __init__(self) -> None:
        super().__init__(
            "telemetry.otlp_endpoint is set, but opentelemetry-exporter-otlp-proto-http is not "
            "installed: install motlan[otlp], or unset it"
        )


class Spans:
    """Opens spans for some exchanges; for the others it costs one random number."""

    def __init__(
        self, provider: TracerProvider | None, share: float, chance: Callable[[], float]
    ) -> None:
        self._tracer: Tracer | None = provider.get_tracer("motlan") if provider else None
        self._provider = provider
        self._share = share if provider else 0.0
        self._chance = chance

    def start(self, name: str, traceparent: str | None = None, **attributes: str) -> Span | None:
        """Begin a span for a sampled exchange; None for the rest.

        The caller's trace id is continued, his wish to be sampled is not: he could make us trace
        everything.  Where his ids could carry a person's number, the span begins a trace of ours.

        Args:
            name: of what happens, from our own vocabulary.
            traceparent: the W3C header as it came; an odd one is ignored.
            attributes: keys with ``_`` for ``.`` after ``motlan``; unknown ones are dropped.
        """
        if self._tracer is None or self._chance() >= self._share:
            return None
        parent = None
        if traceparent and not _may_carry_a_number(traceparent):
            parent = CARRIER.extract({"traceparent": traceparent})
        kept = {
            f"motlan.{key}": value
            for key, value in attributes.items()
            if f"motlan.{key}" in ATTRIBUTES
        }
        return self._tracer.start_span(name, parent, SpanKind.SERVER, attributes=kept)

    def close(self) -> None:
        """Send what is left; takes at most the exporter's own time limit."""
        if self._provider:
            self._provider.shutdown()


def open_spans(
    *,
    endpoint: str | None,
    share: float,
    resource: Resource,
    exporter: SpanExporter | None = None,
    chance: Callable[[], float] = random.random,
) -> Spans:
    """Return where spans are begun.

    Args:
        endpoint: ``http(s)://host:4318`` of an OTLP collector; None for no spans.
        share: of the exchanges that get one, 0 to 1.
        resource: who we are.
        exporter: another way out than OTLP.
        chance: a number from 0 up to, and not including, 1.

    Raises:
        TracingUnavailable: *endpoint* is given and the OTLP exporter is not installed.
    """
    way_out = exporter or (_otlp(endpoint) if endpoint else None)
    if way_out is None:
        return Spans(None, 0.0, chance)
    provider = TracerProvider(sampler=ALWAYS_ON, resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(way_out))
    return Spans(provider, share, chance)


def _otlp(endpoint: str) -> SpanExporter:
    try:
        module = import_module(EXPORTER)
    except ImportError as missing:
        raise TracingUnavailable from missing
    make = cast("Callable[..., SpanExporter]", module.OTLPSpanExporter)
    return make(endpoint=f"{endpoint.rstrip('/')}/v1/traces", timeout=5)
