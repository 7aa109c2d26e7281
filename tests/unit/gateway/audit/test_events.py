"""The vocabulary is closed and documented."""

import re
from pathlib import Path

from adapters.protocol import Match
from gateway.audit.events import Event, Matched

PAGE = Path(__file__).parents[4] / "docs" / "audit-events.md"


def test_every_event_is_documented_and_nothing_else() -> None:
    """An auditor reads the page, not the code."""
    types = PAGE.read_text().split("## Fields")[0]
    documented = re.findall(r"^\| `([a-z.]+)` \|", types, re.MULTILINE)

    assert [event.value for event in Event] == documented


def test_every_way_to_match_has_a_word() -> None:
    """A source's answer that had no word could not be recorded, so it could not leave."""
    assert {match.value for match in Match} == {matched.value for matched in Matched}
