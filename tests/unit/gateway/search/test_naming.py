"""From identifiers to pseudonyms of every epoch that lives."""

from pathlib import Path

import pytest

from gateway.audit.keyring import Keyring, Purpose
from gateway.audit.pseudonyms import LONG_LIVED, Pseudonyms, Scheme
from gateway.search.naming import MOST_EPOCHS, Naming

NUMBER = "003190000123"


@pytest.fixture
def ring(tmp_path: Path) -> Keyring:
    """Give an empty ring."""
    return Keyring(tmp_path / "ring")


def test_a_person_has_a_pseudonym_in_every_epoch_that_lives(ring: Keyring) -> None:
    """Newest first; keys of other purposes and lasting ones are none of these."""
    for epoch in ("2024", "2026", "2025", LONG_LIVED):
        ring.key(Purpose.CITIZENS, epoch)
    ring.key(Purpose.CASES, "2023")
    names = Pseudonyms(ring)

    expected = tuple(names.of(Scheme.CITIZEN, NUMBER, each) for each in ("2026", "2025", "2024"))
    assert expected == Naming(ring, names).keyed(Scheme.CITIZEN, NUMBER)


def test_an_epoch_that_was_destroyed_finds_nobody(ring: Keyring) -> None:
    """Forgetting a year means that its links to people are dead, for auditors too."""
    for epoch in ("2025", "2026"):
        ring.key(Purpose.CITIZENS, epoch)
    ring.destroy(Purpose.CITIZENS, "2025")

    assert 1 == len(Naming(ring, Pseudonyms(ring)).keyed(Scheme.CITIZEN, NUMBER))


def test_a_search_makes_no_key(ring: Keyring) -> None:
    """A key that nobody wrote with finds nothing, and would stand there for ever."""
    assert () == Naming(ring, Pseudonyms(ring)).keyed(Scheme.CITIZEN, NUMBER)
    assert [] == ring.keys()


def test_no_more_epochs_are_tried_than_can_be_searched(ring: Keyring) -> None:
    """The window of the record is bounded, and so is the search."""
    for year in range(2000, 2020):
        ring.key(Purpose.CITIZENS, str(year))

    assert MOST_EPOCHS == len(Naming(ring, Pseudonyms(ring)).keyed(Scheme.CITIZEN, NUMBER))
