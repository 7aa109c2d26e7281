"""Spans that leave the process, as an OTLP collector receives them over HTTP."""

import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from gateway.telemetry import describe_process, open_spans
from gateway.telemetry.spans import EXPORTER
from tests.collectors import Collector, collecting

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = f"00-{TRACE}-b7ad6b7169203331-01"
RESOURCE = describe_process(version="1.2.3", node="node-1", environment="demo")
WITHOUT_EXPORTER = f"""
import sys
sys.modules[{EXPORTER!r}] = None
from opentelemetry.sdk.resources import Resource
from gateway.telemetry import TracingUnavailable, open_spans
try:
    open_spans(endpoint="http://127.0.0.1:1", share=1.0, resource=Resource({{}}))
except TracingUnavailable as unavailable:
    print(unavailable)
"""


@pytest.fixture
def collector() -> Iterator[Collector]:
    """Give a collector that listens on loopback."""
    with collecting() as server:
        yield server


def test_spans_arrive_at_a_collector(collector: Collector) -> None:
    """An operator sees our part of the trace: our name, the caller's trace, no wish of his."""
    messages = pytest.importorskip("opentelemetry.proto.collector.trace.v1.trace_service_pb2")
    pytest.importorskip(EXPORTER)
    spans = open_spans(endpoint=f"{collector.endpoint}/", share=1.0, resource=RESOURCE)
    span = spans.start("exchange", PARENT, request_id="0193", so_dinh_danh="003190000123")
    assert span
    span.end()
    spans.close()

    ((path, content_type, body),) = collector.received
    (group,) = messages.ExportTraceServiceRequest.FromString(body).resource_spans
    (sent,) = group.scope_spans[0].spans

    assert ("/v1/traces", "application/x-protobuf") == (path, content_type)
    assert "motlan" in {each.value.string_value for each in group.resource.attributes}
    assert ("exchange", TRACE) == (sent.name, sent.trace_id.hex())
    assert ["motlan.request_id"] == [each.key for each in sent.attributes]
    assert b"003190000123" not in body


def test_a_collector_that_is_away_stops_nobody() -> None:
    """Spans are for looking at; exchanges go on, and closing takes a bounded time."""
    pytest.importorskip(EXPORTER)
    with Collector() as gone:
        endpoint = gone.endpoint
    spans = open_spans(endpoint=endpoint, share=1.0, resource=RESOURCE)
    span = spans.start("exchange")
    assert span
    span.end()
    closing = threading.Thread(target=spans.close)
    closing.start()
    closing.join(20)

    assert not closing.is_alive()


def test_a_collector_without_its_exporter_stops_the_process() -> None:
    """Who asks for spans and gets none would find out on the worst day."""
    ran = subprocess.run(
        [sys.executable, "-c", WITHOUT_EXPORTER],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert "install motlan[otlp]" in ran.stdout
