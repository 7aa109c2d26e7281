"""Cursors tell nothing and fit one list."""

from base64 import urlsafe_b64decode
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.disclosure.cursors import Cursors
from gateway.disclosure.errors import Unknown
from tests.search_builders import some_pseudonyms

OWNER, OTHER = "a" * 32, "b" * 32


@pytest.fixture
def cursors(tmp_path: Path) -> Cursors:
    """Give cursors under keys of their own."""
    return Cursors(some_pseudonyms(tmp_path))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(index=st.integers(0, 2**62))
def test_a_cursor_leads_back_to_its_index(cursors: Cursors, index: int) -> None:
    """In every worker: nothing is remembered."""
    assert index == cursors.read(cursors.written(index, OWNER), OWNER)


def test_the_same_place_has_another_cursor_each_time(cursors: Cursors) -> None:
    """Two cursors must not show that a sealed record stands where another was."""
    assert cursors.written(7, OWNER) != cursors.written(7, OWNER)
    assert (7).to_bytes(8, "big") not in urlsafe_b64decode(cursors.written(7, OWNER))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(text=st.one_of(st.text(max_size=80), st.text("AZaz09-_=", max_size=64)))
def test_what_is_no_cursor_is_unknown(cursors: Cursors, text: str) -> None:
    """Any text may come over the wire."""
    with pytest.raises(Unknown):
        cursors.read(text, OWNER)


def test_a_cursor_of_another_list_is_unknown(cursors: Cursors) -> None:
    """It is bound to the person."""
    with pytest.raises(Unknown):
        cursors.read(cursors.written(7, OTHER), OWNER)
