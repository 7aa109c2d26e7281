"""Exports and streams as they are kept; rows and SQL stay in here."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from gateway.exports.jobs import KEPT, MOST_OPEN, MOST_TRIES, Finished, Format, Job, State
from gateway.exports.stream import Place

# Half a minute without a sign of life, and another process goes on with the work.
_ASK = """
INSERT INTO exports.job (id, account, format, query, sought, state, leaf, asked_at)
SELECT $1, $2, $3, $4, $8, 'queued', $5, $6
WHERE (SELECT count(*) FROM exports.job
       WHERE account = $2 AND state IN ('queued', 'running')) < $7
RETURNING *
"""
_ONE = "SELECT * FROM exports.job WHERE id = $1 AND account = $2"
_MINE = """
SELECT * FROM exports.job
WHERE account = $1 AND ($2::timestamptz IS NULL OR (asked_at, id) < ($2, $3))
ORDER BY asked_at DESC, id DESC LIMIT $4
"""
_TAKE_BACK = """
UPDATE exports.job SET state = 'gone', holder = NULL, held_until = NULL, ended_at = $3
WHERE id = $1 AND account = $2 AND state <> 'gone' RETURNING *
"""
_TAKE = """
UPDATE exports.job SET state = 'running', holder = $1, held_until = now() + interval '30 seconds',
  tries = tries + 1, records = 0
WHERE id = (
  SELECT id FROM exports.job
  WHERE (state = 'queued' OR (state = 'running' AND held_until < now())) AND tries < $2
  ORDER BY asked_at LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING *
"""
_GIVE_UP = """
UPDATE exports.job SET state = 'failed', fault = 'interrupted', ended_at = now(), holder = NULL
WHERE state = 'running' AND held_until < now() AND tries >= $1
"""
_LIVE = """
UPDATE exports.job SET held_until = now() + interval '30 seconds', records = $3, tree_size = $4
WHERE id = $1 AND holder = $2 AND state = 'running' RETURNING id
"""
_DONE = """
UPDATE exports.job SET state = 'done', holder = NULL, held_until = NULL, records = $3,
  size_bytes = $4, sha256 = $5, ended_at = $6, expires_at = $7
WHERE id = $1 AND holder = $2 AND state = 'running' RETURNING id
"""
_FAILED = """
UPDATE exports.job SET state = 'failed', fault = $3, ended_at = $4, holder = NULL
WHERE id = $1 AND holder = $2 AND state = 'running'
"""
_OVER = "SELECT * FROM exports.job WHERE state = 'done' AND expires_at <= $1 LIMIT 100"
_GONE = "UPDATE exports.job SET state = 'gone' WHERE id = $1 AND state = 'done'"
_KEPT = "SELECT id FROM exports.job WHERE state IN ('running', 'done')"

_STREAM_TAKE = """
INSERT INTO exports.stream AS s (name, holder, held_until, at)
VALUES ($1, $2, now() + interval '30 seconds', now())
ON CONFLICT ON CONSTRAINT stream_pkey DO UPDATE
  SET holder = $2, held_until = now() + interval '30 seconds'
  WHERE s.holder = $2 OR s.held_until < now()
RETURNING sent, settled
"""
_STREAM_MOVE = """
UPDATE exports.stream
SET sent = $3, settled = $4, at = now(), held_until = now() + interval '30 seconds'
WHERE name = $1 AND holder = $2 RETURNING name
"""
_STREAM_RELEASE = "UPDATE exports.stream SET held_until = now() WHERE name = $1 AND holder = $2"


class Rows(Protocol):
    """What this asks of a pool of driver connections."""

    async def fetch(self, query: str, *args: object) -> Sequence[Any]:
        """Return all rows."""
        ...


class JobRepository:
    """What auditors asked to take out."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    async def ask(self, job: Job) -> Job | None:
        """Queue *job*; None when its account has five under way."""
        found = await self._rows.fetch(
            _ASK,
            job.id,
            job.account,
            job.format.value,
            job.query,
            job.leaf,
            job.asked_at,
            MOST_OPEN,
            job.sought,
        )
        return _job(found[0]) if found else None

    async def one(self, job_id: UUID, account: str) -> Job | None:
        """Return the export of *account*; None for everybody else's."""
        found = await self._rows.fetch(_ONE, job_id, account)
        return _job(found[0]) if found else None

    async def of(self, account: str, rows: int, after: Job | None = None) -> list[Job]:
        """Return the newest exports of *account*, or those older than *after*; 1 to 100 rows."""
        at, key = (after.asked_at, after.id) if after else (None, None)
        found = await self._rows.fetch(_MINE, account, at, key, min(max(rows, 1), 100))
        return [_job(row) for row in found]

    async def take_back(self, job_id: UUID, account: str, at: datetime) -> Job | None:
        """End the export of *account*, whatever its state; None when there is none left to end."""
        found = await self._rows.fetch(_TAKE_BACK, job_id, account, at)
        return _job(found[0]) if found else None


class WorkRepository:
    """The same exports, as whoever does the work sees them."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    async def take(self, holder: str) -> Job | None:
        """Take the oldest export that nobody works on; None when there is none."""
        await self._rows.fetch(_GIVE_UP, MOST_TRIES)
        found = await self._rows.fetch(_TAKE, holder, MOST_TRIES)
        return _job(found[0]) if found else None

    async def live(self, job: Job, holder: str, records: int, tree_size: int) -> bool:
        """Say how far *job* is; False when it was taken back, or another process has it."""
        return bool(await self._rows.fetch(_LIVE, job.id, holder, records, tree_size))

    async def finish(self, job: Job, holder: str, came: Finished, at: datetime) -> bool:
        """Offer the file of *job*; False when nobody waits for it any more."""
        expires = at + KEPT
        found = await self._rows.fetch(
            _DONE, job.id, holder, came.records, came.size_bytes, came.sha256, at, expires
        )
        return bool(found)

    async def fail(self, job: Job, holder: str, fault: str, at: datetime) -> None:
        """End *job* with the code of what went wrong."""
        await self._rows.fetch(_FAILED, job.id, holder, fault, at)

    async def over(self, at: datetime) -> list[Job]:
        """Return finished exports whose time is over, at most 100."""
        return [_job(row) for row in await self._rows.fetch(_OVER, at)]

    async def gone(self, job_id: UUID) -> None:
        """Say that the file was deleted."""
        await self._rows.fetch(_GONE, job_id)

    async def kept(self) -> set[UUID]:
        """Return the exports whose files somebody still needs."""
        return {row["id"] for row in await self._rows.fetch(_KEPT)}


class StreamRepository:
    """How far each stream came, and which process serves it."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    async def take(self, name: str, holder: str) -> Place | None:
        """Take the stream for half a minute; None when another process has it."""
        found = await self._rows.fetch(_STREAM_TAKE, name, holder)
        return Place(found[0]["sent"], found[0]["settled"]) if found else None

    async def move(self, name: str, holder: str, place: Place) -> bool:
        """Keep *place*; False when another process has taken the stream meanwhile."""
        moved = await self._rows.fetch(_STREAM_MOVE, name, holder, place.sent, place.settled)
        return bool(moved)

    async def release(self, name: str, holder: str) -> None:
        """Let another process take the stream at once."""
        await self._rows.fetch(_STREAM_RELEASE, name, holder)


def _job(row: Any) -> Job:  # noqa: ANN401 - a driver's row
    members = {name: row[name] for name in Job.__struct_fields__}
    members["format"], members["state"] = Format(row["format"]), State(row["state"])
    members["id"] = UUID(bytes=row["id"].bytes)  # the driver's own class of UUID
    return Job(**members)
