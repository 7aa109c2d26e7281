"""Records as OpenTelemetry log records, over HTTP with protobuf: the collector confirms each batch.

Needs the extra ``otlp``.  Attributes ``motlan.origin`` and ``motlan.index`` let a collector find
gaps; the body is the record, unchanged.
"""

import asyncio
import errno
from collections.abc import Sequence
from pathlib import Path

from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.context import Context
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk._logs.export import LogRecordExporter, LogRecordExportResult
from opentelemetry.sdk.resources import Resource
from opentelemetry.util.types import AttributeValue

from gateway.exports.columns import Record
from gateway.exports.severity import Severity, severity_of

PATIENCE_S = 10.0
_NUMBERS = {
    Severity.WARNING: SeverityNumber.WARN,
    Severity.NOTICE: SeverityNumber.INFO2,
    Severity.INFORMATIONAL: SeverityNumber.INFO,
}


class OtlpSink:
    """A collector that answers for each batch."""

    confirms = True

    def __init__(self, exporter: LogRecordExporter, origin: str, resource: Resource) -> None:
        self._exporter = exporter
        self._origin = origin
        self._resource = resource

    async def send(self, batch: Sequence[Record]) -> None:
        """Post *batch* and wait for the answer.

        Raises:
            OSError: it was not taken, or nobody answered in time.
        """
        if not batch:
            return
        told = [ReadableLogRecord(self._told(each), self._resource) for each in batch]
        if (
            await asyncio.to_thread(self._exporter.export, told)
            is not LogRecordExportResult.SUCCESS
        ):
            raise ConnectionError(errno.ECONNREFUSED, "the collector did not take the batch")

    async def aclose(self) -> bool:
        """Close; all that was sent was confirmed."""
        await asyncio.to_thread(self._exporter.shutdown)
        return True

    def _told(self, record: Record) -> LogRecord:
        leaf = record.leaf
        known: dict[str, AttributeValue | None] = {
            "motlan.origin": self._origin,
            "motlan.index": record.index,
            "motlan.id": leaf.id,
            "motlan.agency": leaf.actor.org if leaf.actor else None,
            "motlan.system": leaf.actor.client if leaf.actor else None,
            "motlan.service": leaf.target.service if leaf.target else None,
            "motlan.decision": leaf.basis.decision.value if leaf.basis else None,
            "motlan.exchange": leaf.req.id if leaf.req else None,
        }
        severity = severity_of(leaf)
        return LogRecord(
            timestamp=leaf.ts * 1_000,
            observed_timestamp=leaf.ts * 1_000,
            context=Context(),  # of no span: the record stands for itself
            severity_text=severity.value,
            severity_number=_NUMBERS[severity],
            body=record.entry.decode("ascii"),
            attributes={name: value for name, value in known.items() if value is not None},
            event_name=f"motlan.{leaf.type.value}",
        )


def open_otlp(
    endpoint: str, origin: str, *, ca_file: Path | None = None, version: str = ""
) -> OtlpSink:
    """Return the way to the collector at *endpoint*, ``http(s)://host:4318``; opens nothing yet.

    Raises:
        ImportError: the extra ``otlp`` is not installed.
    """
    from opentelemetry.exporter.otlp.proto.http._log_exporter import (  # noqa: PLC0415 - an extra
        OTLPLogExporter,
    )

    exporter = OTLPLogExporter(
        endpoint=f"{endpoint.rstrip('/')}/v1/logs",
        certificate_file=None if ca_file is None else str(ca_file),
        timeout=PATIENCE_S,
    )
    resource = Resource({"service.name": "motlan", "service.version": version})
    return OtlpSink(exporter, origin, resource)
