"""What makes each leaf unique."""

from datetime import UTC, datetime

from gateway.audit.stamps import stamp

AT = datetime(2026, 11, 21, 1, 2, 3, 456789, tzinfo=UTC)


def test_an_instant_keeps_its_microseconds() -> None:
    """A float would lose the last digits; an integer does not."""
    assert 1795222923456789 == stamp(AT).ts


def test_no_two_stamps_are_alike() -> None:
    """Equal salts would make equal leaves guessable from each other."""
    one, two = stamp(AT), stamp(AT)

    assert one.id != two.id
    assert one.salt != two.salt
