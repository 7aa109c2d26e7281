"""A canonicaliser by others writes our records byte for byte."""

import hashlib
import json

from tests.outside.judges import Node
from tests.outside.random_leaves import random_entries

COUNT = 10_000
SEED = 20_261_121


def test_ten_thousand_records_are_canonical(node: Node) -> None:
    """Whoever hashes a record again, in any language, must get our hash."""
    entries = random_entries(SEED, COUNT)
    expected = [hashlib.sha256(entry).hexdigest() for entry in entries]

    assert len(set(expected)) == COUNT
    assert expected == node.judge("canonical", [entry.decode("ascii") for entry in entries])


def test_a_record_in_another_order_is_not_canonical(node: Node) -> None:
    """The judge writes the canonical form, whatever it is given."""
    (entry,) = random_entries(SEED, 1)
    members = json.loads(entry)
    turned = json.dumps(dict(reversed(members.items())), indent=1)

    assert entry != turned.encode()
    assert [hashlib.sha256(entry).hexdigest()] == node.judge("canonical", [turned])


def test_the_random_records_have_every_block() -> None:
    """A sample that left a block out would say nothing about it."""
    seen = {name for entry in random_entries(SEED, 500) for name in json.loads(entry)}

    assert {
        "actor",
        "basis",
        "change",
        "life",
        "noise",
        "req",
        "res",
        "subj",
        "target",
        "w",
    } <= seen
