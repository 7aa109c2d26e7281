"""The chain of one consent record."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from gateway.consents.records import Event, digest, link, notice_hash, verify
from gateway.consents.states import ConsentState, may_move
from tests.consent_builders import NOON, an_act, some_terms

END = NOON + timedelta(days=30)


def a_history(*states: ConsentState) -> list[Event]:
    """Return a chain of events over `some_terms`."""
    events: list[Event] = []
    before = digest(some_terms())
    for seq, state in enumerate(states, 1):
        bare = Event(
            record_id=some_terms().id,
            seq=seq,
            state=state,
            valid_to=END,
            act=an_act(),
            prev_hash=before,
            hash=b"",
        )
        events.append(replace(bare, hash=link(bare)))
        before = events[-1].hash
    return events


LIFE = (ConsentState.GIVEN, ConsentState.RENEWED, ConsentState.WITHDRAWN)


def test_a_whole_history_verifies() -> None:
    """What was stored is what happened."""
    assert verify(some_terms(), a_history(*LIFE)) is None
    assert verify(some_terms(), []) is None


@pytest.mark.parametrize(
    "change",
    [
        {"elements": ("ho_ten", "thuong_tru", "dan_toc")},
        {"recipient": "H99"},
        {"calls_per_day": 1},
        {"valid_from": NOON + timedelta(microseconds=1)},
        {"notice_sha256": notice_hash("")},
        {"told_sensitive": ("ho_ten",)},
    ],
    ids=["one more field", "recipient", "frequency", "start", "notice", "told"],
)
def test_terms_changed_afterwards_break_the_chain(change: dict[str, object]) -> None:
    """Nobody widens what a person agreed to."""
    assert verify(replace(some_terms(), **change), a_history(*LIFE)) is not None


@pytest.mark.parametrize(
    "change",
    [
        {"valid_to": END + timedelta(days=1)},
        {"act": an_act(method="paper")},
        {"act": an_act(acr=None)},
        {"state": ConsentState.REVOKED},
        {"seq": 7},
        {"record_id": "other"},
        {"prev_hash": bytes(32)},
        {"hash": bytes(32)},
    ],
    ids=["end", "method", "level", "state", "number", "record", "before", "hash"],
)
def test_an_event_changed_afterwards_breaks_the_chain(change: dict[str, object]) -> None:
    """Each member is under the hash."""
    events = a_history(*LIFE)
    events[1] = replace(events[1], **change)

    assert verify(some_terms(), events) is not None


@pytest.mark.parametrize("lost", [0, 1])
def test_an_event_taken_out_breaks_the_chain(lost: int) -> None:
    """A withdrawal cannot be forgotten by leaving out what came before it."""
    events = a_history(*LIFE)
    del events[lost]

    assert verify(some_terms(), events) is not None


def test_a_chain_of_forbidden_moves_does_not_verify() -> None:
    """Well hashed is not yet lawful."""
    events = a_history(ConsentState.GIVEN, ConsentState.WITHDRAWN, ConsentState.RENEWED)

    assert verify(some_terms(), events) is not None
    assert not may_move(ConsentState.WITHDRAWN, ConsentState.RENEWED)


def test_parts_cannot_be_shifted_into_one_another() -> None:
    """Length and text go together, so that no two different terms have one text."""
    one = some_terms(recipient="a,1:b", purpose="c")
    two = some_terms(recipient="a", purpose="1:b,c")

    assert digest(one) != digest(two)


def test_nothing_is_not_the_empty_text() -> None:
    """No assurance level and an empty one are told apart."""
    bare = a_history(ConsentState.GIVEN)[0]

    assert link(replace(bare, act=an_act(acr=None))) != link(replace(bare, act=an_act(acr="")))
