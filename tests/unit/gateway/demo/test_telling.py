"""How the story looks on a terminal."""

from datetime import UTC, datetime
from io import StringIO

import pytest
from rich.console import Console

from gateway.demo import telling
from gateway.demo.telling import Teller
from gateway.tlog.proofs import Proof


def said_of(value: object) -> str:
    """Return what a form shows for *value*."""
    screen = StringIO()
    field = {"label_vi": "Trường", "state": "filled", "value": value, "source": "csdl.dancu"}
    counts = {"typed_today": 1, "typed_now": 0}
    Teller(Console(file=screen, width=200)).form({"fields": [field], "counts": counts})
    return screen.getvalue()


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("1990-02-01", "01/02/1990"),
        (True, "có / yes"),
        (False, "không / no"),
        ([{"ho_ten": "Nguyễn Thị Ánh"}, {"ho_ten": "Trần Quốc Huy"}], "Nguyễn Thị Ánh, Trần Quốc"),
        ([{"so_to": "12"}], '[{"so_to": "12"}]'),
        ("0301900123", "0301900123"),
        ("2026-13-45", "2026-13-45"),
        (126.5, "126.5"),
    ],
)
def test_a_form_shows_values_as_people_write_them(value: object, shown: str) -> None:
    """Whoever watches a demonstration does not read JSON, nor dates from behind."""
    assert shown in said_of(value)


def test_witnesses_are_told_by_the_clock_of_the_country() -> None:
    """An instant in UTC looks like yesterday evening to whoever reads it in the morning."""
    screen = StringIO()
    seen = datetime(2026, 11, 21, 18, 40, 2, tzinfo=UTC)
    found = telling.Confirmed(Proof(1, (), ""), b"", 5, b"", (("kiem-toan", seen),))
    Teller(Console(file=screen, width=200)).confirmed(found)

    assert "kiem-toan: 22/11/2026 01:40:02" in screen.getvalue()


def test_a_rule_is_told_with_how_sure_we_are_of_it() -> None:
    """A text of law that nobody has read must not look like one that somebody has."""
    screen = StringIO()
    teller = Teller(Console(file=screen, width=200))
    told = {"sentence_vi": "Đã nhận.", "sentence_en": "Received."}
    teller.line(told | {"basis": {"kind": "law", "mark": "D"}})
    teller.line(told | {"basis": {"kind": "consent"}})
    teller.line(told)

    assert 2 == screen.getvalue().count(" [D]")
    assert 3 == screen.getvalue().count("Đã nhận.")
