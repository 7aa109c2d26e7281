"""Tests of the log lines: a closed list of keys, and no person in any value (promise P6)."""

import io
import logging
from collections.abc import Iterator
from datetime import UTC, datetime

import msgspec
import pytest
import structlog

from gateway.telemetry import LogGuard, configure_logs, kept_out

NUMBER = "003190000123"
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def lines() -> Iterator[io.BytesIO]:
    """Give what is written, and put the logging of the test run back afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    stream = io.BytesIO()
    yield stream
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()


def _written(stream: io.BytesIO) -> list[dict[str, object]]:
    return [msgspec.json.decode(line) for line in stream.getvalue().splitlines()]


def test_only_the_allowed_keys_are_written(lines: io.BytesIO) -> None:
    """A key that nobody has thought about is the one that leaks."""
    guard = configure_logs(stream=lines, clock=lambda: NOON)

    structlog.get_logger().info("source.silent", source="population", ho_ten="Nguyễn Thị Ánh")

    expected = {
        "event": "source.silent",
        "level": "info",
        "source": "population",
        "timestamp": "2026-11-20T12:00:00.000000+00:00",
    }
    assert [expected] == _written(lines)
    assert 1 == guard.dropped


@pytest.mark.parametrize(
    "value",
    [NUMBER, int("1" + NUMBER[1:]), f"so {NUMBER} khong co", [NUMBER], {"a": NUMBER}, (NUMBER,)],
    ids=["text", "number", "within a text", "list", "mapping", "tuple"],
)
def test_a_number_of_a_person_is_cut_from_an_allowed_key(lines: io.BytesIO, value: object) -> None:
    """The last line of defence, for a value that should never have come here."""
    guard = configure_logs(stream=lines)

    structlog.get_logger().info("odd", reason=value, agency="000.01.02.H30")

    assert NUMBER[1:].encode() not in lines.getvalue()
    assert b"000.01.02.H30" in lines.getvalue()
    assert guard.masked


def test_ids_of_our_own_are_left_alone(lines: io.BytesIO) -> None:
    """Who searches by exchange id must find the line."""
    configure_logs(stream=lines)
    exchange = "0193489f-1234-7890-8123-123456789012"

    structlog.get_logger().info("refused", exchange_id=exchange, trace_id="1" * 32)

    assert exchange == _written(lines)[0]["exchange_id"]
    assert "1" * 32 == _written(lines)[0]["trace_id"]


def test_an_error_is_told_by_kind_and_place_never_by_its_text(lines: io.BytesIO) -> None:
    """Messages of errors quote what somebody sent."""
    configure_logs(stream=lines)
    try:
        int(f"x{NUMBER}")
    except ValueError:
        structlog.get_logger().exception("fault")

    (line,) = _written(lines)
    assert "ValueError" == line["error"]
    assert "test_logs.py" in str(line["stack"])
    assert NUMBER.encode() not in lines.getvalue()


def test_a_librarys_line_keeps_its_sentence_and_loses_its_values(lines: io.BytesIO) -> None:
    """We cannot vouch for what a library puts in."""
    configure_logs(stream=lines)

    logging.getLogger("asyncio").warning("slow %s", f"/citizens/{NUMBER}")

    (line,) = _written(lines)
    assert ("slow %s", "asyncio") == (line["event"], line["logger"])
    assert NUMBER.encode() not in lines.getvalue()


def test_access_lines_of_the_server_are_not_written(lines: io.BytesIO) -> None:
    """They hold paths and addresses; the record is the audit log."""
    configure_logs(stream=lines)

    logging.getLogger("uvicorn.access").warning('GET "/v1"')

    assert b"" == lines.getvalue()


def test_less_than_the_level_is_not_written(lines: io.BytesIO) -> None:
    """An operator chooses how much there is."""
    configure_logs("warning", stream=lines)

    structlog.get_logger().info("quiet")

    assert b"" == lines.getvalue()


def test_a_long_text_is_cut() -> None:
    """Nobody fills a disk through one line."""
    line = LogGuard()(None, "info", {"reason": "x" * 10_000})

    assert 500 == len(line["reason"])


def test_a_line_that_the_disk_does_not_take_is_counted_and_stops_nobody(
    lines: io.BytesIO,
) -> None:
    """Whoever speaks has something else to do."""
    del lines  # puts the logs back as they were
    with open("/dev/full", "wb", buffering=0) as full:  # noqa: PTH123 - a device
        guard = configure_logs(stream=full)
        structlog.get_logger().error("disk.full", count=1)
        logging.getLogger("library").error("the same")

    assert 2 == guard.unwritten


def test_what_was_kept_out_is_told_by_kind(lines: io.BytesIO) -> None:
    """A number that grows names the line of ours that says too much."""
    configure_logs(stream=lines)

    structlog.get_logger().info("odd", reason=f"so {NUMBER}", ho_ten="Nguyễn Thị Ánh")

    assert {"key": 1, "value": 1, "line": 0} == kept_out()


def test_nothing_is_told_before_there_is_a_guard() -> None:
    """A command that never configured its logs has kept nothing out."""
    structlog.reset_defaults()

    assert {} == kept_out()
