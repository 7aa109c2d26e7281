"""Lines: what is taken out can be checked by whoever can hash."""

import hashlib
import json

import pytest
import rfc8785

from gateway.exports.lines import LineDamaged, line, read_line
from tests.audit_builders import a_deny, an_access
from tests.export_builders import entries_of


def test_a_line_holds_the_record_unchanged() -> None:
    """A court hashes what it was given, not what we read out of it."""
    (entry,) = entries_of(an_access())

    text = line(7, entry)

    assert (7, entry) == read_line(text)
    assert hashlib.sha256(b"\0" + entry).hexdigest() == json.loads(text)["leaf"]


def test_a_line_is_canonical_json() -> None:
    """Two exports of one record are the same bytes."""
    (entry,) = entries_of(a_deny())

    assert rfc8785.dumps(json.loads(line(0, entry))) + b"\n" == line(0, entry)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text.replace(b'"ho_ten"', b'"ho_tem"'),
        lambda text: text.replace(b'"leaf":"', b'"leaf":"0'),
        lambda text: text[:-3],
        lambda _: b"[]\n",
    ],
    ids=["another field", "another hash", "cut", "something else"],
)
def test_a_line_that_was_changed_is_refused(spoil) -> None:  # noqa: ANN001
    """An export is evidence, so it fails loudly."""
    (entry,) = entries_of(an_access())

    with pytest.raises(LineDamaged):
        read_line(spoil(line(3, entry)))
