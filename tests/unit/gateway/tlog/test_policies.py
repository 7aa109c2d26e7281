"""Policies: whose checkpoint is believed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.tlog.cosignatures import cosign
from gateway.tlog.notes import NoteInvalid, add_signatures, parse_note, sign_note
from gateway.tlog.policies import NONE, Policy, PolicyInvalid, parse_policy
from gateway.tlog.vkeys import Kind, vkey
from tests.tlog_builders import AT_S, SmallLog, entries

LOG = SmallLog(entries(7))
OTHER = SmallLog(entries(7), origin="other.example/log")
SIX = {
    name: str(vkey(f"{name}.example".lower(), Kind.COSIGNATURE_ED25519, bytes([n]) * 32))
    for n, name in enumerate(["X1", "X2", "X3", "Y1", "Y2", "Y3"], 1)
}
# The example of the specification.
PRINTED = "\n".join(
    [
        f"log {LOG.signers[0].vkey}",
        "",
        *(f"witness {name} {key}" for name, key in SIX.items()),
        "group X-witnesses 2 X1 X2 X3",
        "group Y-witnesses any Y1 Y2 Y3",
        "group X-and-Y all X-witnesses Y-witnesses",
        "quorum X-and-Y",
    ]
)
HEAD = "\n".join(f"witness {name} {key}" for name, key in SIX.items()) + "\n"
REFUSED = {
    "no quorum": "",
    "two quorums": "quorum none\nquorum none\n",
    "an unknown word": "quorum none\nmonitor a\n",
    "a quorum without a name": "quorum\n",
    "a quorum of two names": HEAD + "quorum X1 X2\n",
    "an unknown quorum": "quorum X1\n",
    "a quorum before its witness": "quorum X1\n" + HEAD,
    "a witness twice": HEAD + f"witness Z {SIX['X1']}\nquorum none\n",
    "a name twice": HEAD + "group X1 any X2\nquorum none\n",
    "the name none": f"witness none {SIX['X1']}\nquorum none\n",
    "a group of none": HEAD + "group g any none\nquorum g\n",
    "a group of nobody": HEAD + "group g any\nquorum g\n",
    "a group of itself": HEAD + "group g any g\nquorum g\n",
    "a group before its member": "group g any X1\n" + HEAD + "quorum g\n",
    "a member twice": HEAD + "group g any X1 X1\nquorum g\n",
    "a member of two groups": HEAD + "group g any X1\ngroup h any X1\nquorum g\n",
    "a threshold of zero": HEAD + "group g 0 X1\nquorum g\n",
    "a threshold above all": HEAD + "group g 2 X1\nquorum g\n",
    "a negative threshold": HEAD + "group g -1 X1\nquorum g\n",
    "a threshold without end": HEAD + f"group g {'1' * 100_000} X1\nquorum g\n",
    "a threshold of another script": HEAD + "group g ١ X1\nquorum g\n",
    "a word for a threshold": HEAD + "group g most X1\nquorum g\n",
    "a log without a key": "log\nquorum none\n",
    "a log with a broken key": "log abc\nquorum none\n",
    "a log with a witness's key": f"log {SIX['X1']}\nquorum none\n",
    "a witness with a log's key": f"witness w {LOG.signers[0].vkey}\nquorum w\n",
    "a log twice": f"log {LOG.signers[0].vkey}\n" * 2 + "quorum none\n",
    "a log that watches itself": f"log {LOG.signers[1].vkey}\nwitness w {LOG.signers[1].vkey}\n"
    "quorum w\n",
    "three words for a log": f"log {LOG.signers[0].vkey} a b\nquorum none\n",
    "a carriage return": "quorum none\r\n",
    "a zero byte": "quorum none\0\n",
    "a deletion mark": "quorum none\x7f\n",
    "a control character in a comment": "# \x1b\nquorum none\n",
    "a deletion mark in a comment": "# \x7f\nquorum none\n",
    "more than a thousand lines": "\n" * 1_000 + "quorum none",
}


def policy(text: str) -> Policy:
    """Read a policy from text."""
    return parse_policy(text.encode())


@pytest.mark.parametrize(
    ("seen", "enough"),
    [
        ("", False),
        ("X1 X2", False),
        ("X1 Y1", False),
        ("X1 X3 Y2", True),
        ("X1 X2 X3 Y1 Y2 Y3", True),
        ("Y1 Y2 Y3", False),
        ("X-witnesses Y-witnesses X-and-Y", False),
        ("X1 X1 Y1", False),
    ],
)
def test_the_example_of_the_specification_counts_right(seen: str, enough: bool) -> None:
    """Two of the three on one side and one on the other; a group is not a witness."""
    assert enough == policy(PRINTED).quorum_met(seen.split())


@pytest.mark.parametrize("case", REFUSED)
def test_a_policy_with_a_mistake_is_refused_whole(case: str) -> None:
    """Half a policy would believe more than its author does."""
    with pytest.raises(PolicyInvalid):
        policy(REFUSED[case])


def test_a_mistake_is_found_by_its_line() -> None:
    """An officer writes this file with an editor."""
    with pytest.raises(PolicyInvalid, match=r"^line 3: "):
        policy("# chính sách\n\nmonitor a\nquorum none\n")


def test_a_policy_is_read_as_it_was_written() -> None:
    """Evidence bundles carry the policy they were judged by."""
    read = policy(PRINTED)

    assert read == policy(str(read))
    assert read.groups["Y-witnesses"].needed == 1


def test_tabs_comments_addresses_and_bytes_of_any_script_are_read() -> None:
    """A name is bytes: the Kelvin sign is no K."""
    key, other = SIX["X1"], SIX["X2"]
    written = f"\t# ghi chú\n witness\tK  {key}\thttps://w.example/ \nwitness \u212a {other}\n"
    read = policy(written + "quorum \u212a")

    assert "https://w.example/" == read.witnesses["K"].url
    assert read.quorum_met(["\u212a"])
    assert not read.quorum_met(["K"])


def test_a_name_in_broken_utf_8_is_still_a_name() -> None:
    """The specification calls names opaque."""
    read = parse_policy(b"witness \xff " + SIX["X1"].encode() + b"\nquorum \xff\n")

    assert [read.quorum] == list(read.witnesses)


def test_the_strongly_recommended_size_is_supported_and_a_chain_as_deep() -> None:
    """Groups in groups must not exhaust the stack."""
    chain = "".join(f"group g{n} all g{n - 1}\n" for n in range(1, 990))

    assert policy(HEAD + "group g0 all X1\n" + chain + "quorum g989\n").quorum_met(["X1"])


def test_a_cosigned_checkpoint_is_accepted() -> None:
    """Log and witnesses, each with its own kind of signature."""
    judged = LOG.policy().judge(LOG.cosigned())

    assert (7, LOG.root()) == (judged.checkpoint.size, judged.checkpoint.root)
    assert ("w1", "w2") == judged.witnesses


@pytest.mark.parametrize(
    ("note", "missing"),
    [
        (LOG.signed(), "quorum"),
        (OTHER.cosigned(), "signature of the log"),
        (LOG.cosigned().replace("\n7\n", "\n8\n"), "holds"),
    ],
    ids=["nobody watched", "another log", "another size"],
)
def test_a_checkpoint_that_nobody_vouches_for_is_refused(note: str, missing: str) -> None:
    """Split views are told to one person at a time."""
    with pytest.raises(NoteInvalid, match=missing):
        LOG.policy().judge(note)


def test_one_witness_is_enough_when_one_is_asked_for() -> None:
    """A quorum is the province's decision."""
    note = LOG.signed()
    line = cosign(note.partition("\n\n")[0] + "\n", LOG.witnesses[1], AT_S)

    assert ("w2",) == LOG.policy("any").judge(add_signatures(note, [line])).witnesses


def test_witnesses_do_not_stand_in_for_the_log() -> None:
    """A checkpoint that the log never signed is a witness's mistake or worse."""
    lines = parse_note(LOG.cosigned()).signatures[2:]
    text = LOG.cosigned().partition("\n\n")[0] + "\n"

    with pytest.raises(NoteInvalid, match="log"):
        LOG.policy().judge(text + "\n" + "".join(each.line() for each in lines))


def test_a_log_signs_for_its_own_origin_only() -> None:
    """The key of one log under the origin of another is no checkpoint of either."""
    text = LOG.signed().partition("\n")[2].partition("\n\n")[0]
    forged = sign_note(f"other.example/log\n{text}\n", LOG.signers[:1])

    with pytest.raises(NoteInvalid):
        LOG.policy("any").judge(forged)


def test_lines_that_one_of_the_signatures_leaves_out_are_refused() -> None:
    """The log signed them with ML-DSA-44, which says nothing about them."""
    signer = LOG.signers[1]
    longer = sign_note(LOG.signed().partition("\n\n")[0] + "\nextra\n", [signer])
    trusting = policy(f"log {signer.vkey}\nquorum none\n")

    assert LOG.root() == trusting.judge(LOG.signed()).checkpoint.root
    with pytest.raises(NoteInvalid, match="three lines"):
        trusting.judge(longer)


def test_no_witness_is_asked_for_by_the_word_none() -> None:
    """A province without witnesses says so."""
    read = policy(f"log {LOG.signers[0].vkey}\nquorum none\n")

    assert NONE == read.quorum
    assert () == read.judge(LOG.signed()).witnesses


@given(st.binary(max_size=200))
def test_any_bytes_are_a_policy_or_refused(data: bytes) -> None:
    """A policy file comes with a bundle, from anybody."""
    try:
        read = parse_policy(data + b"\nquorum none\n")
    except PolicyInvalid:
        return
    assert read.quorum_met([])
