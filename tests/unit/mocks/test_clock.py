"""The stand-ins' own clock."""

from datetime import datetime, timedelta

from mocks.clock import local_now, utc_now


def test_both_readings_carry_their_offset() -> None:
    """An instant without an offset is read in whatever zone the reader is in."""
    assert timedelta(0) == datetime.fromisoformat(utc_now()).utcoffset()
    assert timedelta(hours=7) == datetime.fromisoformat(local_now()).utcoffset()
