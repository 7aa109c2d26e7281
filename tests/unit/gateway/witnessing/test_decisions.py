"""What a witness answers: the rules of the specification, one by one."""

import pytest
from msgspec.structs import replace

from gateway.witnessing.decisions import Head, NotCosigned, Why, admitted, judge
from gateway.witnessing.logs import parse_logs
from gateway.witnessing.requests import encode
from tests.tlog_builders import SmallLog, entries
from tests.witness_builders import a_fork, a_log, body, offered, request

LOG = a_log()
LOGS = parse_logs("\n".join(str(signer.vkey) for signer in LOG.signers))


def why(sent: bytes) -> Why:
    """Return why *sent* is not even looked at against what is held."""
    with pytest.raises(NotCosigned) as refused:
        admitted(sent, LOGS)
    return refused.value.why


def judged(log: SmallLog, old: int, size: int, head: Head) -> NotCosigned | None:
    """Return the refusal of a request against *head*, None when it is cosigned."""
    try:
        judge(offered(log, old, size), head)
    except NotCosigned as refused:
        return refused
    return None


def head_at(size: int) -> Head:
    """Return what a witness holds that has cosigned the honest log at *size*."""
    return Head(size, LOG.root(size))


@pytest.mark.parametrize(
    ("old", "size"), [(0, 1), (0, 20), (1, 2), (7, 8), (8, 9), (13, 20), (20, 20)]
)
def test_a_log_that_only_grew_is_cosigned(old: int, size: int) -> None:
    """The purpose of all of it, from nothing, from any size, and once more for the same."""
    assert judged(LOG, old, size, head_at(old) if old else Head()) is None


def test_an_unknown_log_is_unknown() -> None:
    """A witness cosigns whom it was told about."""
    assert why(body(a_log(origin="other.example/log"), 0, 5)) is Why.LOG_UNKNOWN


def test_a_checkpoint_that_nobody_signed_is_refused() -> None:
    """Anybody can write an origin."""
    text = LOG.signed(5).partition("\n\n")[0]
    stranger = f"{text}\n\n\N{EM DASH} {LOG.origin} {'A' * 96}\n"

    assert why(encode(replace(request(LOG, 0, 5), note=stranger))) is Why.KEY_UNKNOWN


def test_a_signature_over_another_tree_is_refused() -> None:
    """A signature moved to another root is no signature."""
    five, six = LOG.signed(5).split("\n\n"), LOG.signed(6).split("\n\n")
    moved = f"{five[0]}\n\n{six[1]}"

    assert why(encode(replace(request(LOG, 0, 5), note=moved))) is Why.KEY_UNKNOWN


def test_sizes_the_wrong_way_round_are_malformed() -> None:
    """A tree does not shrink, and a client that says so is confused."""
    assert why(body(LOG, 6, 5)) is Why.SIZES_REVERSED


@pytest.mark.parametrize("note", ["", "x", "x\n\n", "a\n1\nb\n\n\N{EM DASH} a AAAAAAAA\n"])
def test_what_is_no_checkpoint_is_malformed(note: str) -> None:
    """Nothing is read into what is not there."""
    assert why(encode(replace(request(LOG, 0, 5), note=note))) is Why.MALFORMED


@pytest.mark.parametrize(("old", "held"), [(0, 5), (4, 5), (6, 5), (5, 0)])
def test_another_size_than_ours_is_answered_with_ours(old: int, held: int) -> None:
    """The log then knows where to begin; nothing else is told."""
    refused = judged(LOG, old, 8, head_at(held) if held else Head())

    assert refused is not None
    assert (Why.SIZE_OTHER, held) == (refused.why, refused.held)


def test_two_checkpoints_of_one_size_are_an_equivocation() -> None:
    """The plainest way to tell two stories."""
    refused = judged(a_fork(), 10, 10, head_at(10))

    assert refused is not None
    assert (Why.ROOT_OTHER, 10) == (refused.why, refused.held)


def test_a_fork_that_grew_is_refused() -> None:
    """The usual way: an old backup goes on, and its proofs are sound within themselves."""
    refused = judged(a_fork(), 10, 15, head_at(10))

    assert refused is not None
    assert refused.why is Why.PROOF_WRONG


@pytest.mark.parametrize("spoilt", [(), (bytes(32),), (bytes(32),) * 63])
def test_a_proof_that_does_not_hold_is_refused(spoilt: tuple[bytes, ...]) -> None:
    """Short, wrong or long: a proof holds or it does not."""
    sent = encode(replace(request(LOG, 5, 9), proof=spoilt))

    with pytest.raises(NotCosigned) as refused:
        judge(admitted(sent, LOGS), head_at(5))

    assert refused.value.why is Why.PROOF_WRONG


def test_a_proof_from_nothing_must_be_empty() -> None:
    """The specification says so, for one request must have one spelling."""
    sent = encode(replace(request(LOG, 0, 5), proof=(bytes(32),)))

    with pytest.raises(NotCosigned) as refused:
        judge(admitted(sent, LOGS), Head())

    assert refused.value.why is Why.PROOF_WRONG


def test_signatures_of_strangers_do_not_come_along() -> None:
    """What is kept and served are only lines that hold: nobody advertises on our page."""
    note = LOG.signed(5) + f"\N{EM DASH} stranger.example {'A' * 96}\n"
    found = admitted(encode(replace(request(LOG, 0, 5), note=note)), LOGS)

    assert {LOG.origin} == set(found.opened.names)


def test_an_empty_log_can_be_cosigned_and_then_grow() -> None:
    """A first checkpoint may be of nothing."""
    empty = SmallLog(entries(0))

    assert judged(empty, 0, 0, Head()) is None
    assert judged(LOG, 0, 3, Head()) is None
