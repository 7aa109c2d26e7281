"""What a replay says at its end: bounded, and with the lowest index first."""

from gateway.verification.damage import MOST_NAMED, Damage, Part
from gateway.verification.report import Report


def test_a_report_without_damage_is_whole() -> None:
    """Programs look at one word."""
    assert Report().whole


def test_the_first_damage_is_that_of_the_lowest_index() -> None:
    """Whatever was found first, people begin where it began."""
    report = Report()
    report.damages.add(
        Damage(Part.WRITER, "a"), Damage(Part.TILE, "b", 9), Damage(Part.RECORD, "c", 3)
    )

    assert not report.whole
    assert "record at index 3: c" == str(report.damages.first)
    assert "writer: a" == str(report.damages.named[0])


def test_a_log_in_ruins_does_not_fill_the_memory() -> None:
    """A million damages are counted, a hundred are named."""
    report = Report()
    for index in range(10_000):
        report.damages.add(Damage(Part.RECORD, "the record is missing", index))

    assert (10_000, MOST_NAMED) == (report.damages.count, len(report.damages.named))
    assert {Part.RECORD: 10_000} == report.damages.by_part
