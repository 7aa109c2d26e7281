"""A collector that confirms each batch, over HTTP: what it has not taken is sent again."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from gateway.exports.otlp import open_otlp
from gateway.exports.sinks import Sink
from gateway.exports.stream import Stream
from tests.audit_builders import a_deny, an_access
from tests.audit_rows import until
from tests.export_builders import Kept, Log, entries_of, some_records

collector = pytest.importorskip(
    "opentelemetry.proto.collector.logs.v1.logs_service_pb2", reason="needs motlan[otlp]"
)
ORIGIN = "motlan.example/audit/1"


class Collector:
    """Takes batches, and refuses some of them."""

    def __init__(self, statuses: list[int]) -> None:
        self.statuses = statuses
        self.records: list[object] = []
        self.paths: list[str] = []

    def answer(self, path: str, body: bytes) -> int:
        """Take one batch, or refuse it."""
        status = self.statuses.pop(0) if self.statuses else 200
        self.paths.append(path)
        if status == 200:
            request = collector.ExportLogsServiceRequest.FromString(body)
            for resource in request.resource_logs:
                for scope in resource.scope_logs:
                    self.records.extend(scope.log_records)
        return status

    def attributes(self, name: str) -> list[object]:
        """Return one attribute of every record."""
        return [
            each.value.int_value or each.value.string_value or 0
            for record in self.records
            for each in record.attributes  # type: ignore[attr-defined]
            if each.key == name
        ]


@contextmanager
def collecting(*statuses: int) -> Iterator[tuple[Collector, str]]:
    """Serve a collector on a free port."""
    found = Collector(list(statuses))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(found.answer(self.path, body))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name
            """Stay silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield found, f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


async def test_a_record_arrives_with_its_place_and_unchanged() -> None:
    """The collector finds gaps by the index, and can hash the body."""
    with collecting() as (found, url):
        sink = open_otlp(url, ORIGIN)
        await sink.send(some_records(3))
        await sink.aclose()

    assert ["/v1/logs"] == found.paths
    assert [0, 1, 2] == found.attributes("motlan.index")
    assert {ORIGIN} == set(found.attributes("motlan.origin"))
    first = found.records[0]
    assert "motlan.access" == first.event_name  # type: ignore[attr-defined]
    assert first.body.string_value.startswith('{"actor"')  # type: ignore[attr-defined]


async def test_what_a_collector_refuses_is_sent_again() -> None:
    """A batch that was not confirmed has not arrived."""
    entries = entries_of(*(a_deny() if n % 2 else an_access() for n in range(40)))
    kept = Kept()
    with collecting(200, 400, 413, 200, 400) as (found, url):

        async def opened() -> Sink:
            return open_otlp(url, ORIGIN)

        stream = Stream(
            name="otlp", holder="k1", read=Log(entries).read, open=opened, cursors=kept,
            batch_records=7, rewind_records=0, idle_s=0.01,
        )  # fmt: skip
        task = asyncio.ensure_future(stream.run())
        await until(lambda: _settled(kept, 40), within_s=20)
        task.cancel()
        await asyncio.wait({task})

    assert list(range(40)) == found.attributes("motlan.index")
    assert 40 == kept.place.settled


async def _settled(kept: Kept, count: int) -> bool:
    return kept.place.settled >= count
