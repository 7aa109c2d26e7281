"""Queries made ready for the tables."""

from datetime import UTC, datetime

import pytest

from gateway.audit.pseudonyms import Scheme
from gateway.search.language import parsed
from gateway.search.query import INSTANTS, Qualifier
from gateway.search.sought import COLUMNS, Condition, Sought, sought
from gateway.search.tables import IX

NOW = datetime(2026, 11, 21, 5, 0, tzinfo=UTC)
SHOWN = "abcdefgh" * 4


def keyed(scheme: Scheme, value: str) -> tuple[str, ...]:
    """Give two epochs to everybody."""
    return tuple(f"{scheme}:{value}:{epoch}" for epoch in (2026, 2025))


def ready(text: str) -> Sought:
    """Make *text* ready."""
    return sought(parsed(text, NOW), keyed)


def test_every_qualifier_has_a_column_or_another_meaning() -> None:
    """One that is understood and ignored would find too much."""
    elsewhere = INSTANTS | {Qualifier.FINDING}

    assert set(Qualifier) == COLUMNS.keys() | elsewhere
    assert set(COLUMNS.values()) <= set(IX.c.keys())


def test_officials_and_dossiers_are_looked_for_by_every_pseudonym() -> None:
    """What a record shows passes as it is; what a person typed is keyed."""
    found = ready(f"officer:cb-1,{SHOWN} dossier:H99-1")

    assert found.conditions == (
        Condition("official", ("can_bo:cb-1:2026", "can_bo:cb-1:2025", SHOWN)),
        Condition("dossier", ("ho_so:H99-1:2026", "ho_so:H99-1:2025")),
    )


@pytest.mark.parametrize(
    ("text", "few"),
    [
        ("dossier:H99-1", True),
        ("-dossier:H99-1", False),
        ("exchange:12345678-1234-7123-8123-123456789abc", True),
        ("agency:H99", False),
        ("", False),
    ],
)
def test_questions_that_an_index_answers_are_put_at_once(text: str, *, few: bool) -> None:
    """All others are put to one part after another, within a budget."""
    assert few is ready(text).few


def test_a_finding_without_leaves_finds_nothing_and_not_everything() -> None:
    """No leaves are not all leaves."""
    assert () == sought(parsed("finding:F-1", NOW), keyed, indexes=()).indexes
    assert ready("").indexes is None
