"""Tests of the spans: a sampled share, closed attributes, the caller's trace without his wish."""

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from gateway.telemetry import Spans, describe_process, open_spans

RESOURCE = describe_process(version="1.2.3", node="node-1", environment="demo")
TRACE = "0af7651916cd43dd8448eb211c80319c"
UNSAMPLED = f"00-{TRACE}-b7ad6b7169203331-00"


def _opened(exporter: InMemorySpanExporter, share: float, chance: float) -> Spans:
    return open_spans(
        endpoint=None, share=share, resource=RESOURCE, exporter=exporter, chance=lambda: chance
    )


def test_a_span_continues_the_callers_trace() -> None:
    """One trace shows both sides; whether to keep it is our decision alone."""
    exporter = InMemorySpanExporter()
    spans = _opened(exporter, 0.5, 0.4)
    span = spans.start("exchange", UNSAMPLED, request_id="0193", dataset="cu-tru")
    assert span
    span.end()
    spans.close()

    (sent,) = exporter.get_finished_spans()
    assert sent.context
    assert TRACE == f"{sent.context.trace_id:032x}"
    assert {"motlan.request_id": "0193", "motlan.dataset": "cu-tru"} == dict(sent.attributes or {})


@pytest.mark.parametrize(
    "made_up",
    [
        pytest.param(f"00-003190000123{'a' * 20}-{'b' * 16}-01", id="in the trace id"),
        pytest.param(f"00-{'a' * 10}003190000123{'a' * 10}-{'b' * 16}-01", id="in its middle"),
        pytest.param(f"00-{'a' * 32}-{'b' * 4}003190000123-01", id="in the parent id"),
        pytest.param(f"00-{'1' * 32}-{'b' * 16}-01", id="digits alone"),
    ],
)
def test_ids_that_could_carry_a_number_begin_a_trace_of_ours(made_up: str) -> None:
    """P6: whoever reads our spans may not learn from them whom a caller asked about."""
    exporter = InMemorySpanExporter()
    spans = _opened(exporter, 1.0, 0.0)
    span = spans.start("exchange", made_up)
    assert span
    span.end()
    spans.close()

    (sent,) = exporter.get_finished_spans()
    assert sent.parent is None
    assert sent.context
    assert f"{sent.context.trace_id:032x}" not in made_up


def test_an_attribute_that_is_not_on_the_list_is_dropped() -> None:
    """Spans leave the house; P6 holds for them, too."""
    exporter = InMemorySpanExporter()
    spans = _opened(exporter, 1.0, 0.0)
    span = spans.start("exchange", None, so_dinh_danh="003190000123")
    assert span
    span.end()
    spans.close()

    assert {} == dict(exporter.get_finished_spans()[0].attributes or {})


def test_most_exchanges_have_no_span() -> None:
    """A span costs half of what an exchange may cost."""
    spans = _opened(InMemorySpanExporter(), 0.5, 0.5)

    assert spans.start("exchange") is None
    spans.close()


def test_an_odd_traceparent_is_ignored() -> None:
    """A header of a stranger must not be able to end an exchange."""
    exporter = InMemorySpanExporter()
    spans = _opened(exporter, 1.0, 0.0)
    span = spans.start("exchange", "00-zz-\x00")
    assert span
    span.end()
    spans.close()

    assert 1 == len(exporter.get_finished_spans())


def test_without_a_collector_there_are_no_spans() -> None:
    """The default costs nothing."""
    spans = open_spans(endpoint=None, share=1.0, resource=RESOURCE)

    assert spans.start("exchange") is None
    spans.close()
