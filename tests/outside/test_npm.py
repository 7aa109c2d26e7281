"""Packages of npm judge our log: sigstore-js, noble post-quantum."""

from typing import Any

from gateway.tlog.notes import Note, Signature, parse_note
from tests.outside.judges import Node, base64
from tests.tlog_builders import AT_S, SmallLog

INDEXES = [0, 1, 255, 256, 511, 512, 698, 699]


def case(log: SmallLog, index: int, size: int | None = None) -> dict[str, Any]:
    """Return what sigstore-js is asked about one entry."""
    proof = log.proof(index, size)
    return {
        "note": proof.checkpoint,
        "vkey": str(log.signers[0].vkey),
        "entry": base64(proof.extra or b""),
        "index": index,
        "path": [*map(base64, proof.path)],
    }


def test_sigstore_believes_our_checkpoint_and_paths(node: Node, log: SmallLog) -> None:
    """A program that millions run to verify software."""
    cases = [case(log, index) for index in INDEXES] + [case(log, 0, 1), case(log, 2, 3)]

    assert ["holds"] * len(cases) == node.judge("sigstore", cases)


def test_sigstore_refuses_what_was_changed(node: Node, log: SmallLog) -> None:
    """Entry, place, path, size, root, signature, key: each by itself."""
    good = case(log, 257)
    note = str(good["note"])
    other = SmallLog([b"x"], origin="other.example")
    changed = {
        "entry": {"entry": base64(b"entry 258")},
        "index": {"index": 256},
        "path": {"path": [*good["path"][:-1], base64(bytes(32))]},
        "shorter path": {"path": good["path"][:-1]},
        "size": {"note": note.replace("\n700\n", "\n701\n")},
        "root": {"note": note.replace(base64(log.root()), base64(bytes(32)))},
        "older checkpoint": {"note": log.cosigned(699)},
        "signature": {"note": note.replace("\u2014 gateway", "\u2014 gatevvay")},
        "key": {"vkey": str(other.signers[0].vkey)},
        "another log": {"note": other.cosigned()},
    }
    answers = node.judge("sigstore", [good | each for each in changed.values()])

    assert [] == [
        name
        for name, each in zip(changed, answers, strict=True)
        if not each.startswith("refused: ")
    ]


def test_noble_verifies_the_log_and_the_witness(node: Node, log: SmallLog) -> None:
    """ML-DSA-44 by another author, over the structure that the specification signs."""
    cases = [
        {"note": log.cosigned(size), "vkey": str(key)}
        for size in (1, 256, 700)
        for key in (log.signers[1].vkey, log.witnesses[1].vkey)
    ]

    assert ["holds"] * len(cases) == node.judge("mldsa", cases)


def later(log: SmallLog) -> str:
    """Return the checkpoint with the second witness's time moved by a second."""
    note = parse_note(log.cosigned())
    *others, line = note.signatures
    value = (AT_S + 1).to_bytes(8, "big") + line.value[8:]
    return str(Note(note.text, (*others, Signature(line.name, line.key_id, value))))


def test_noble_refuses_what_was_changed(node: Node, log: SmallLog) -> None:
    """Origin, size, root, time, signature, key, and a line moved from an older checkpoint."""
    note = log.cosigned()
    vkey, witness = str(log.signers[1].vkey), str(log.witnesses[1].vkey)
    lines, older = note.split("\n"), log.cosigned(699).split("\n")
    moved = "\n".join([*lines[:5], older[5], *lines[6:]])
    swapped = "\n".join([*lines[:7], older[7], *lines[8:]])
    changed = {
        "origin": {"note": "x" + note, "vkey": vkey},
        "size": {"note": note.replace("\n700\n", "\n701\n"), "vkey": vkey},
        "root": {"note": note.replace(base64(log.root()), base64(bytes(32))), "vkey": vkey},
        "older signature": {"note": moved, "vkey": vkey},
        "swapped cosignature": {"note": swapped, "vkey": witness},
        "later time": {"note": later(log), "vkey": witness},
        "unknown key": {"note": note, "vkey": str(SmallLog([], origin="o").signers[1].vkey)},
        "wrong identifier": {"note": note, "vkey": vkey.replace("+", "+0", 1)},
    }
    answers = node.judge("mldsa", list(changed.values()))

    assert [] == [
        name
        for name, each in zip(changed, answers, strict=True)
        if not each.startswith("refused: ")
    ]
