"""The judge must be able to find each kind of guilt, or its silence means nothing."""

import hashlib
import json
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from tests.history import GENESIS, Asked, History, Row, Seen, over_reported, violations

OPENING = b"o" * 16
BODY = b'{"exchange_id":"x2","record":{}}'
ANSWER = BODY[:-1] + b',"receipt":{"seq":2}}'


class Told:
    """A receipt."""

    def __init__(self, row: Row) -> None:
        self.entry_id = json.loads(row.entry)["id"]
        self.writer, self.seq, self.leaf = row.writer, row.seq, row.leaf.hex()


def digest(content: bytes) -> str:
    """Commit to *content* as the documentation says."""
    return urlsafe_b64encode(hashlib.sha256(OPENING + content).digest()).rstrip(b"=").decode()


def leaf(event: str, seq: int, **members: Any) -> dict[str, Any]:
    """Return a record that is about exchange x<seq>."""
    return {"id": f"e{seq}", "type": event, "req": {"id": f"x{seq}"}, "res": {}} | members


def chained(leaves: Sequence[dict[str, Any]]) -> list[Row]:
    """Store *leaves* as one writer does."""
    prev, rows = GENESIS, list[Row]()
    for seq, one in enumerate(leaves):
        entry = json.dumps(one | {"w": {"id": "w", "prev": prev, "seq": seq}}).encode()
        hashed = hashlib.sha256(b"\0" + entry).digest()
        rows.append(Row("w", seq, entry, hashed))
        prev = hashed.hex()
    return rows


ROWS = chained(
    [
        leaf("writer.open", 0),
        leaf("deny", 1),
        leaf("access", 2, res={"d": digest(BODY), "delivered": "yes"}),
        leaf("writer.close", 3),
    ]
)
SOUND = History(
    seen=[Seen("x2", 200, ANSWER), Seen("x1", 403, b"{}")],
    asked=[Asked("x2", strict=True)],
    rows=ROWS,
    receipts=[Told(row) for row in ROWS],
)


def test_a_sound_history_is_sound() -> None:
    """Otherwise every run would fail and nobody would look any more."""
    assert [] == violations(SOUND, lambda _: OPENING)


def without(place: int) -> list[Row]:
    """Take one record away."""
    return [row for row in ROWS if row.seq != place]


CRIMES: dict[str, tuple[History, str]] = {
    "a record in the middle removed": (replace(SOUND, rows=without(1)), "missing"),
    "the last record removed": (replace(SOUND, rows=without(3)), "is gone"),
    "a record rewritten": (
        replace(SOUND, rows=[*ROWS[:1], replace(ROWS[1], entry=ROWS[1].entry + b" "), *ROWS[2:]]),
        "does not match its leaf hash",
    ),
    "a record rewritten with its hash": (
        replace(SOUND, rows=[ROWS[0], chained([leaf("deny", 0), leaf("deny", 9)])[1], *ROWS[2:]]),
        "does not name the record before",
    ),
    "a record twice": (
        replace(SOUND, rows=chained([leaf("writer.open", 0), leaf("deny", 1), leaf("deny", 1)])),
        "stands 2 times",
    ),
    "an answer without a record": (
        replace(SOUND, seen=[Seen("x9", 200, ANSWER)]),
        "0 access records",
    ),
    "half an answer without a record": (
        replace(SOUND, seen=[Seen("x9", 200, b"{")]),
        "0 access records",
    ),
    "another answer than recorded": (
        replace(SOUND, seen=[Seen("x2", 200, ANSWER.replace(b"{}", b'{"a":1}', 1))]),
        "digest",
    ),
    "a question without a record": (replace(SOUND, asked=[Asked("x9", strict=True)]), "register"),
    "a delivery denied": (
        replace(
            SOUND,
            receipts=(),
            rows=chained(
                [
                    json.loads(ROWS[0].entry),
                    leaf("access", 2, res={"d": digest(BODY)}),
                    leaf("access.outcome", 3, req={"id": "x2"}, res={"delivered": "no"}),
                ]
            ),
        ),
        "denies the delivery",
    ),
    "a record after the closing": (
        replace(
            SOUND,
            seen=(),
            asked=(),
            receipts=(),
            rows=chained([leaf("writer.open", 0), leaf("writer.close", 1), leaf("deny", 2)]),
        ),
        "records follow",
    ),
    "a sequence that nobody opened": (
        replace(SOUND, seen=(), asked=(), receipts=(), rows=chained([leaf("deny", 0)])),
        "w:0 is deny",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("history", "said"), CRIMES.values(), ids=CRIMES.keys())
def test_each_crime_is_found(history: History, said: str) -> None:
    """One thing is wrong, and it is named."""
    found = violations(history, lambda _: OPENING)

    assert any(said in one for one in found), found


def test_a_record_nobody_saw_is_over_reporting_not_guilt() -> None:
    """After a crash the record may show an access whose data was not delivered."""
    history = replace(SOUND, seen=())

    assert [] == violations(history, lambda _: OPENING)
    assert ["x2"] == over_reported(history.seen, history.rows)
