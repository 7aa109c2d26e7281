"""Judges a run after the fact: what callers and registers saw against what is on record (P1).

Pure and apart from the code it judges: it reads records as plain JSON and hashes them itself.
"""

import hashlib
import json
from base64 import urlsafe_b64encode
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

GENESIS = "0" * 64
RECEIPT = b',"receipt":'
NOT_SENT = {"no", "unknown"}

Opening = Callable[[str], bytes]  # id of a leaf -> the salt of its digests


@dataclass(frozen=True)
class Seen:
    """One answer as a caller saw it, even when it broke off; *body* is what arrived."""

    exchange_id: str
    status: int
    body: bytes


@dataclass(frozen=True)
class Asked:
    """One query as a register saw it."""

    exchange_id: str
    strict: bool = False  # of a service whose intent must be on record before the question


@dataclass(frozen=True)
class Row:
    """One stored record."""

    writer: str
    seq: int
    entry: bytes
    leaf: bytes


@dataclass(frozen=True)
class History:
    """Everything that can be known about a run from outside, and the record it left."""

    seen: Sequence[Seen] = ()
    asked: Sequence[Asked] = ()
    rows: Sequence[Row] = ()
    receipts: Sequence[Any] = field(default=())  # acknowledged: entry_id, writer, seq, leaf (hex)


def violations(history: History, opening: Opening | None = None) -> list[str]:
    """Return every way in which *history* breaks promise P1, as sentences; empty when it holds."""
    return [
        *broken_chains(history.rows),
        *misframed(history.rows),
        *repeated(history.rows),
        *lost(history.receipts, history.rows),
        *undocumented(history.seen, history.rows, opening),
        *unrecorded_questions(history.asked, history.rows),
        *contradicted(history.seen, history.rows),
    ]


def broken_chains(rows: Iterable[Row]) -> list[str]:
    """Each writer counts from 0 without holes, and each record names the one before it."""
    found: list[str] = []
    by_writer: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_writer[row.writer].append(row)
    for writer, own in by_writer.items():
        prev = GENESIS
        for expected, row in enumerate(sorted(own, key=lambda row: row.seq)):
            if row.seq != expected:
                found.append(f"{writer}: number {expected} is missing, {row.seq} follows")
                break
            where = json.loads(row.entry)["w"]
            if where != {"id": writer, "prev": prev, "seq": row.seq}:
                found.append(f"{writer}:{row.seq} does not name the record before it")
            if hashlib.sha256(b"\0" + row.entry).digest() != row.leaf:
                found.append(f"{writer}:{row.seq} does not match its leaf hash")
            prev = row.leaf.hex()
    return found


def misframed(rows: Sequence[Row]) -> list[str]:
    """Each writer begins with its opening, and nothing follows its closing."""
    found: list[str] = []
    last = {row.writer: 0 for row in rows}
    for row in rows:
        last[row.writer] = max(last[row.writer], row.seq)
    for row in rows:
        event = json.loads(row.entry)["type"]
        if (event == "writer.open") != (row.seq == 0):
            found.append(f"{row.writer}:{row.seq} is {event}")
        if event == "writer.close" and row.seq != last[row.writer]:
            found.append(f"{row.writer}:{row.seq} closes, and records follow")
    return found


def repeated(rows: Iterable[Row]) -> list[str]:
    """No record stands twice, under whatever number."""
    ids = Counter(json.loads(row.entry)["id"] for row in rows)
    return [f"record {one} stands {n} times" for one, n in ids.items() if n > 1]


def lost(receipts: Iterable[Any], rows: Iterable[Row]) -> list[str]:
    """What was acknowledged is there, where the receipt says, with the hash it says."""
    found = {(row.writer, row.seq): row for row in rows}
    missing: list[str] = []
    for receipt in receipts:
        row = found.get((receipt.writer, receipt.seq))
        if row is None:
            missing.append(f"acknowledged record {receipt.entry_id} is gone")
        elif row.leaf.hex() != receipt.leaf or json.loads(row.entry)["id"] != receipt.entry_id:
            missing.append(f"acknowledged record {receipt.entry_id} is another one now")
    return missing


def undocumented(
    seen: Iterable[Seen], rows: Iterable[Row], opening: Opening | None = None
) -> list[str]:
    """Whoever saw data has exactly one access record that says so, with a matching digest."""
    accesses = _by_exchange(rows, "access")
    # A strict service's access is an intent; what became of it is the record of the answer.
    fulfilled = {
        exchange: leaf
        for exchange, leaves in _by_exchange(rows, "access.outcome").items()
        for leaf in leaves
        if leaf["res"].get("delivered") == "yes"
    }
    found: list[str] = []
    for answer in seen:
        if answer.status != 200 or not answer.body:
            continue
        leaves = accesses.get(answer.exchange_id, [])
        if len(leaves) != 1:
            found.append(f"answer {answer.exchange_id} has {len(leaves)} access records")
        elif opening is not None and RECEIPT in answer.body:
            said = fulfilled.get(answer.exchange_id, leaves[0])
            expected = _digest(opening(said["id"]), without_receipt(answer.body))
            if said["res"].get("d") != expected:
                found.append(f"answer {answer.exchange_id} does not match its record's digest")
    return found


def unrecorded_questions(asked: Iterable[Asked], rows: Iterable[Row]) -> list[str]:
    """A register was asked about a strict service only for a question that is on record."""
    recorded = set(_by_exchange(rows, "access"))
    strict = {question.exchange_id for question in asked if question.strict}
    return [f"register was asked for {one} without a record" for one in sorted(strict - recorded)]


def contradicted(seen: Iterable[Seen], rows: Iterable[Row]) -> list[str]:
    """The record over-reports, never under-reports: it denies no delivery that took place."""
    delivered = {answer.exchange_id for answer in seen if answer.status == 200 and answer.body}
    denied = {
        exchange
        for exchange, leaves in _by_exchange(rows, "access.outcome").items()
        if any(leaf["res"].get("delivered") == "no" for leaf in leaves)
    }
    return [f"record denies the delivery of {one}" for one in sorted(delivered & denied)]


def over_reported(seen: Iterable[Seen], rows: Iterable[Row]) -> list[str]:
    """Name accesses nobody saw and no outcome withdraws; a few are lawful after a crash."""
    delivered = {answer.exchange_id for answer in seen if answer.status == 200 and answer.body}
    withdrawn = set(_by_exchange(rows, "access.outcome"))
    claimed = {
        exchange
        for exchange, leaves in _by_exchange(rows, "access").items()
        if any(leaf["res"].get("delivered") not in NOT_SENT for leaf in leaves)
    }
    return sorted(claimed - delivered - withdrawn)


def without_receipt(body: bytes) -> bytes:
    """Return the part of a reply that its record's digest covers."""
    head, found, _ = body.rpartition(RECEIPT)
    return head + b"}" if found else body


def _by_exchange(rows: Iterable[Row], event: str) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        leaf = json.loads(row.entry)
        if leaf["type"] == event:
            found[leaf.get("req", {}).get("id", "")].append(leaf)
    return found


def _digest(opening: bytes, content: bytes) -> str:
    digest = hashlib.sha256(opening + content).digest()
    return urlsafe_b64encode(digest).rstrip(b"=").decode()
