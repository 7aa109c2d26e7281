"""One export as a piece of work: what was asked, how far it is, where its file stands."""

from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from msgspec import Struct

KEPT = timedelta(days=7)  # a finished file; the record itself says for ever who took it
MOST_TRIES = 3
MOST_OPEN = 5  # of one account at a time


class Format(StrEnum):
    """What an export is."""

    JSONL = "jsonl"
    XLSX = "xlsx"
    BUNDLE = "bundle"


class State(StrEnum):
    """Life of an export."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    GONE = "gone"  # its time is over and its file deleted, or it was taken back


OPEN = frozenset({State.QUEUED, State.RUNNING})


class Job(Struct, frozen=True, kw_only=True):
    """One export."""

    id: UUID
    account: str  # whose it is; nobody else sees it
    format: Format
    query: str  # cases and officials as pseudonyms
    sought: bytes  # the same, made ready (`gateway.exports.queries`)
    state: State
    leaf: str  # id of the record that says it was asked for
    asked_at: datetime
    tries: int = 0
    tree_size: int | None = None  # the tree it speaks of
    records: int = 0  # written so far
    size_bytes: int | None = None
    sha256: str | None = None  # of the file, hex
    fault: str | None = None  # a code
    ended_at: datetime | None = None
    expires_at: datetime | None = None  # then the file is deleted


class Finished(Struct, frozen=True):
    """What came of the work."""

    records: int
    size_bytes: int
    sha256: str


def file_name(job: Job) -> str:
    """Return the name of the file of *job*: an archive with its signed manifest inside."""
    return f"motlan-{job.format.value}-{job.id}.zip"
