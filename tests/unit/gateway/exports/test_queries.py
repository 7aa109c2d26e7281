"""Queries as exports keep them: the same question again, and nobody's number in it."""

from datetime import UTC, datetime

from gateway.audit.pseudonyms import Scheme
from gateway.exports.queries import kept, restored, told
from gateway.search.language import parsed
from gateway.search.sought import Sought, sought

NOW = datetime(2026, 11, 21, tzinfo=UTC)
NAME = "abcdefgh" * 4


def keyed(_scheme: Scheme, _value: str) -> tuple[str, ...]:
    """Return a pseudonym, whoever it is."""
    return (NAME,)


def ready(text: str) -> Sought:
    """Return a query made ready."""
    return sought(parsed(text, NOW), keyed)


def test_a_kept_query_asks_the_same_again() -> None:
    """A job may wait for an hour, and be begun three times."""
    query = ready("agency:H31.12,H31.99 -decision:deny after:2026-11-01 dossier:H99-12")

    assert query == restored(kept(query))


def test_a_case_is_told_as_its_pseudonym() -> None:
    """The description stands in the manifest, and in the list of exports."""
    query = ready("dossier:H99-12 officer:kt-01 agency:H31.12")

    assert f"agency:H31.12 dossier:{NAME} officer:{NAME}" == told(query)
    assert b"H99-12" not in kept(query)


def test_what_is_told_is_understood_again() -> None:
    """An auditor copies it into the search box."""
    query = ready("agency:H31.12 -decision:deny dossier:H99-12 before:2026-11-20")

    again = ready(told(query))

    assert set(query.conditions) == set(again.conditions)
    assert query.before == again.before
