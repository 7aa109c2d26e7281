"""What the process says about itself: log lines, counters, sampled spans; never about a person."""

from gateway.telemetry.logs import LogGuard, configure_logs, kept_out
from gateway.telemetry.meters import Meters
from gateway.telemetry.process import describe_process
from gateway.telemetry.readers import Exposition, Snapshots
from gateway.telemetry.spans import Spans, TracingUnavailable, open_spans

__all__ = [
    "Exposition",
    "LogGuard",
    "Meters",
    "Snapshots",
    "Spans",
    "TracingUnavailable",
    "configure_logs",
    "describe_process",
    "kept_out",
    "open_spans",
]
