"""What an export rests on: a checkpoint, the keys that judge it, proofs that lead to it."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from msgspec import Struct

from gateway.sequencing.repository import TreeRepository
from gateway.sequencing.rows import StoredCheckpoint
from gateway.tlog.merkle import HashReader, inclusion_path
from gateway.tlog.policies import NONE, Log, Policy
from gateway.tlog.proofs import Proof
from gateway.tlog.vkeys import NoteInvalid, VKey
from gateway.witnessing.requests import AddCheckpoint, encode

LOOK_S = 0.5
LOOKED_AT = 50  # newest cosigned checkpoints among which a quorum is looked for

_COSIGNED = """
SELECT c.size FROM audit.checkpoint AS c
WHERE EXISTS (SELECT FROM audit.cosignature AS s WHERE s.size = c.size)
ORDER BY c.size DESC LIMIT $1
"""
_BEFORE = """
SELECT coalesce(
  (SELECT max(size) FROM audit.checkpoint WHERE size <= $1 AND size > 0),
  (SELECT min(size) FROM audit.checkpoint WHERE size > 0))
"""


class Rows(Protocol):
    """What this asks of a pool of driver connections that may read the tree."""

    async def fetch(self, query: str, *args: object) -> Sequence[Any]:
        """Return all rows."""
        ...


class Nothing(Exception):
    """There is no signed tree yet, so there is nothing that could be proved."""


class Foundation(Struct, frozen=True):
    """The tree that an export speaks of."""

    checkpoint: StoredCheckpoint
    policy: Policy  # what the checkpoint meets
    witnessed: bool  # a quorum of witnesses has seen it


class Grounds:
    """Finds checkpoints and writes proofs."""

    def __init__(
        self,
        tree: TreeRepository,
        rows: Rows,
        keys: Callable[[], Sequence[VKey]],
        policy: Policy | None,
        patience_s: float = 0.0,
    ) -> None:
        """Know where to look.

        Args:
            tree: the committed tree.
            rows: the same database.
            keys: the log's public keys, those of the past included.
            policy: the province's witnesses; None when nobody watches.
            patience_s: how long to wait until witnesses have seen what is in the tree now.
        """
        self._patience_s = patience_s
        self._tree = tree
        self._rows = rows
        self._keys = keys
        self._policy = policy

    async def newest(self) -> Foundation:
        """Return the newest checkpoint that a quorum has seen, else the newest.

        Waits for the witnesses' next round, so that what is in the tree now is covered by it.

        Raises:
            Nothing: nothing is signed yet.
        """
        wanted = (await self._tree.head()).size
        until = asyncio.get_running_loop().time() + self._patience_s
        while self._policy is not None:
            seen = await self._seen(self._own_policy(self._policy))
            waited = asyncio.get_running_loop().time() >= until
            if seen is not None and (waited or seen.checkpoint.size >= wanted):
                return seen
            if waited:
                break
            await asyncio.sleep(LOOK_S)
        found = await self._tree.checkpoint()
        if found is None or found.size == 0:
            raise Nothing
        return Foundation(found, self._own_policy(None), witnessed=False)

    async def _seen(self, policy: Policy) -> Foundation | None:
        for (size,) in await self._rows.fetch(_COSIGNED, LOOKED_AT):
            found = await self._tree.checkpoint(size)
            if found is not None and _accepts(policy, found.note):
                return Foundation(found, policy, witnessed=True)
        return None

    async def before(self, index: int, newest: StoredCheckpoint) -> StoredCheckpoint:
        """Return a checkpoint from before leaf *index* was there, or the oldest that is kept."""
        size = (await self._rows.fetch(_BEFORE, index))[0][0]
        found = None if size is None or size >= newest.size else await self._tree.checkpoint(size)
        return found or newest

    async def consistency(self, old: StoredCheckpoint, new: StoredCheckpoint) -> bytes:
        """Return proof that the tree of *new* begins with that of *old*.

        The form is the one that witnesses are asked in: C2SP tlog-witness, ``add-checkpoint``.
        """
        proof = await self._tree.consistency(old.size, new.size) if old.size < new.size else []
        return encode(AddCheckpoint(old.size, tuple(proof), new.note))

    async def proofs(
        self, records: Sequence[tuple[int, bytes]], checkpoint: StoredCheckpoint
    ) -> list[Proof]:
        """Return a proof for each of *records*, index and entry; the entry goes along."""
        places = [index for index, _ in records]

        def work(read: HashReader) -> list[list[bytes]]:
            return [inclusion_path(index, checkpoint.size, read) for index in places]

        paths = await self._tree.hashes(work)
        return [
            Proof(index, tuple(path), checkpoint.note, entry)
            for (index, entry), path in zip(records, paths, strict=True)
        ]

    def _own_policy(self, watched: Policy | None) -> Policy:
        """Return the witnesses' policy with every key of the log that ever was; no addresses."""
        logs = tuple(Log(key) for key in self._keys())
        if watched is None:
            return Policy(logs, {}, {}, NONE)
        bare = {name: type(each)(name, each.key) for name, each in watched.witnesses.items()}
        return Policy(logs, bare, watched.groups, watched.quorum)


def _accepts(policy: Policy, note: str) -> bool:
    try:
        policy.judge(note)
    except NoteInvalid:
        return False
    return True
