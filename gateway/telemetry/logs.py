"""JSON log lines with a closed list of keys; whatever else is said is dropped and counted."""

import logging
import re
import sys
import traceback
from collections.abc import Mapping, MutableMapping, Sequence
from types import TracebackType
from typing import Any, BinaryIO, TypeAlias, cast

import msgspec
import structlog

from gateway.clock import Clock, utc_now

Line: TypeAlias = MutableMapping[str, Any]

# Everything a line may carry.  A key is added here together with the reason why its values can
# never name a person: codes, counts, durations, versions, places in our own code.
ALLOWED = frozenset(
    {
        # the line itself
        *("event", "level", "logger", "timestamp", "pid", "worker", "node", "version"),
        # the exchange
        *("exchange_id", "trace_id", "span_id", "system", "agency", "service", "agreement"),
        *("code", "outcome", "origin", "decision"),
        # the wire
        *("method", "route", "status", "host", "port", "source", "connector", "attempt"),
        *("admin_host", "admin_port"),  # of the door for staff
        *("duration_ms", "upstream_ms", "size_bytes", "breaker"),
        # the record
        *("writer", "seq", "records", "backlog", "revision", "promise"),
        *("witness", "tree_size", "age_s"),  # a witness's name in the policy
        *("damage", "advice_vi", "advice_en"),  # words of ours about the tree
        # life of the process
        *("count", "state", "signal", "exit_code", "setting", "directory", "database", "role"),
        *("key_id", "kind", "reason", "error", "stack", "wait_s", "workers", "check", "catalog"),
    }
)
LONGEST_TEXT = 500
DEEPEST_STACK = 12

# An identity number (12 digits), or the nine of an old card, or a social insurance code (10).
_NUMBER = re.compile(r"(?<![0-9a-fA-F-])\d{9,13}(?![0-9a-fA-F-])")


class LogGuard:
    """Lets the allowed keys through, cuts what looks like a person's number, counts both."""

    def __init__(self) -> None:
        self.dropped = 0  # keys
        self.masked = 0  # values
        self.unwritten = 0  # lines that the disk did not take

    def __call__(self, _logger: object, _method: str, line: Line) -> Line:
        """Return a line that may be written."""
        kept = {key: self._safe(value) for key, value in line.items() if key in ALLOWED}
        self.dropped += len(line) - len(kept)
        return kept

    def _safe(self, value: object) -> object:
        if isinstance(value, bool | float) or value is None:
            return value
        if isinstance(value, int):
            return value if len(str(abs(value))) < 9 else self._text(str(value))  # noqa: PLR2004
        if isinstance(value, list | tuple):
            return [self._safe(item) for item in cast("Sequence[object]", value)[:50]]
        return self._text(str(value))

    def _text(self, text: str) -> str:
        cut, found = _NUMBER.subn("[number]", text[:LONGEST_TEXT])
        self.masked += found
        return cut


def configure_logs(
    level: str = "info", *, stream: BinaryIO | None = None, clock: Clock = utc_now
) -> LogGuard:
    """Send every line, ours and the libraries', through one guard as JSON.

    Args:
        level: the least that is written: debug, info, warning or error.
        stream: where lines go; None for standard error, so that standard output stays for answers.
        clock: the time of each line.
    """
    guard = LogGuard()
    least = logging.getLevelNamesMapping()[level.upper()]

    def stamp(_logger: object, method: str, line: Line) -> Line:
        line["level"] = method
        line["timestamp"] = clock().isoformat(timespec="microseconds")
        return line

    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, stamp, _failure, guard, _json],
        wrapper_class=structlog.make_filtering_bound_logger(least),
        logger_factory=lambda *_: _Lines(stream or sys.stderr.buffer, guard),
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    root.handlers = [_Foreign()]
    root.setLevel(max(least, logging.INFO))
    for name in ("alembic", "uvicorn.error"):
        logging.getLogger(name).setLevel(max(least, logging.WARNING))  # they narrate
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).handlers = []
        logging.getLogger(name).propagate = name != "uvicorn.access"  # paths belong to nobody's log
    return guard


def kept_out() -> Mapping[str, float]:
    """Return what the guard in force kept out so far, by kind; empty before `configure_logs`."""
    for each in structlog.get_config()["processors"]:
        if isinstance(each, LogGuard):
            return {"key": each.dropped, "value": each.masked, "line": each.unwritten}
    return {}


class _Lines:
    """Writes lines as long as the disk takes them.

    A full or broken disk of logs must stop neither data nor the record: what cannot be written is
    counted, and the caller goes on.
    """

    def __init__(self, stream: BinaryIO, guard: LogGuard) -> None:
        self._stream = stream
        self._guard = guard

    def msg(self, line: bytes) -> None:
        """Write one line."""
        try:
            self._stream.write(line + b"\n")
            self._stream.flush()
        except OSError:
            self._guard.unwritten += 1

    debug = info = warning = error = critical = fatal = exception = log = msg


class _Foreign(logging.Handler):
    """Writes what libraries say: their sentence without its values, which we cannot vouch for."""

    def emit(self, record: logging.LogRecord) -> None:
        """Hand one record over."""
        said = structlog.get_logger()
        line: dict[str, Any] = {"logger": record.name}
        if record.exc_info and record.exc_info[1]:
            line["exc_info"] = record.exc_info[1]
        template = record.msg if isinstance(record.msg, str) else type(record.msg).__name__
        said.log(record.levelno, template, **line)


def _failure(_logger: object, _method: str, line: Line) -> Line:
    """Say where an error came from, and its kind; its message may quote what a person sent."""
    given: object = line.pop("exc_info", None)
    error = sys.exc_info()[1] if given is True else given
    if isinstance(error, BaseException):
        line["error"] = type(error).__qualname__
        line["stack"] = _places(error.__traceback__)
        if error.__cause__ is not None:
            line["reason"] = type(error.__cause__).__qualname__
    return line


def _places(trace: TracebackType | None) -> list[str]:
    frames = traceback.extract_tb(trace)[-DEEPEST_STACK:]
    return [f"{_short(frame.filename)}:{frame.lineno} {frame.name}" for frame in frames]


def _short(path: str) -> str:
    return "/".join(path.replace("\\", "/").rsplit("/", 3)[-3:])


def _json(_logger: object, _method: str, line: Mapping[str, Any]) -> bytes:
    return msgspec.json.encode(dict(sorted(line.items())))
