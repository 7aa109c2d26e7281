"""Labels: every word of a leaf has its plain Vietnamese."""

import pytest

from gateway.audit.events import Decision, Delivered, Event, Matched, Op
from gateway.exports import labels


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (Event, labels.EVENTS),
        (Decision, labels.DECISIONS),
        (Delivered, labels.DELIVERED),
        (Matched, labels.MATCHES),
        (Op, labels.OPERATIONS),
    ],
    ids=["events", "decisions", "deliveries", "matches", "operations"],
)
def test_every_word_has_a_label_of_its_own(words, named) -> None:  # noqa: ANN001
    """An auditor of a commune reads Vietnamese, and two acts must not look alike."""
    assert set(words) == set(named)
    assert len(named) == len(set(named.values()))


def test_a_label_is_no_code() -> None:
    """A forgotten word falls back to its code, which must not pass for a label."""
    assert all("." not in label for label in labels.EVENTS.values())
    assert "Tra cứu dữ liệu" == labels.event_name(Event.ACCESS)
