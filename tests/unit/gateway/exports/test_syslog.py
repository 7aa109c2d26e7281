"""Syslog messages: RFC 5424 to the letter, for receivers that we shall never see."""

import re

import pytest

from gateway.audit.events import Event
from gateway.audit.leaf import Leaf
from gateway.exports.columns import record
from gateway.exports.syslog import Sender, framed, instant, message
from tests.audit_builders import a_deny, a_stamp, an_access
from tests.export_builders import entries_of

SENDER = Sender(origin="motlan.example/audit/1", host="gw-1")
# RFC 5424 section 6: PRI VERSION SP TIMESTAMP SP HOSTNAME SP APP SP PROCID SP MSGID SP SD SP MSG
GRAMMAR = re.compile(
    rb"<(\d{1,3})>1 (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z) ([!-~]{1,255}) ([!-~]{1,48}) "
    rb"([!-~]{1,128}) ([!-~]{1,32}) \[([!-<>-\\^-~]{1,32})((?: [!-<>-\\^-~]{1,32}"
    rb'="(?:[^"\\\]]|\\["\\\]])*")*)\] (\{.*\})'
)


def told(leaf: Leaf, sender: Sender = SENDER) -> tuple[bytes, ...]:
    """Return the parts of the message about *leaf*."""
    (entry,) = entries_of(leaf)
    found = GRAMMAR.fullmatch(message(record(12, entry), sender))
    assert found is not None
    return found.groups()


def test_a_message_names_the_log_and_the_place_in_it() -> None:
    """Whoever watches sees a missing index without asking us."""
    members = told(an_access())[7]

    assert b'origin="motlan.example/audit/1" index="12"' in members


def test_the_text_is_the_record_unchanged() -> None:
    """The watcher's copy can be held against the tree."""
    leaf = an_access()

    assert entries_of(leaf)[0] == told(leaf)[8]


@pytest.mark.parametrize(
    ("leaf", "priority"),
    [
        (an_access(), 13 * 8 + 5),
        (a_deny(), 13 * 8 + 4),
    ],
    ids=["an access is a notice", "a refusal is a warning"],
)
def test_refusals_are_louder_than_reads(leaf: Leaf, priority: int) -> None:
    """People on duty look at warnings."""
    assert priority == int(told(leaf)[0])


def test_what_the_record_does_not_say_is_left_out() -> None:
    """An empty value would look like an agency without a name."""
    stamp = a_stamp()
    noise = Leaf(
        id=stamp.id, ts=stamp.ts, salt=stamp.salt, type=Event.ACCESS_OUTCOME,
        of=stamp.id, res=an_access().res,
    )  # fmt: skip

    assert b"agency" not in told(noise)[7]


def test_a_hostile_origin_stays_inside_its_quotes() -> None:
    """A value must not end the element it stands in (RFC 5424 6.3.3)."""
    sender = Sender(origin='a"]\\b', host="gw 1\n")

    parts = told(an_access(), sender)

    assert b'origin="a\\"\\]\\\\b"' in parts[7]
    assert b"gw1" == parts[2]


def test_an_instant_has_six_digits_and_a_zone() -> None:
    """RFC 5424 allows no more, and a watcher sorts by it."""
    assert "2026-11-21T00:00:00.000007Z" == instant(1_795_219_200_000_007)


def test_a_frame_counts_octets() -> None:
    """RFC 6587 3.4.1: a record may hold any byte."""
    assert b"5 a\nb c" == framed(b"a\nb c")
