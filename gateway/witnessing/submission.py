"""One witness, asked once: C2SP tlog-witness as the log that wants to be cosigned."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from http import HTTPStatus
from typing import TypeAlias

from msgspec import Struct

from adapters.client import SourceClient, SourceReply
from adapters.errors import SourceError
from gateway.tlog.cosignatures import stated_time, verifier_of
from gateway.tlog.notes import NoteInvalid, parse_note
from gateway.tlog.policies import Witness
from gateway.witnessing.outcomes import Outcome
from gateway.witnessing.requests import PATH, SIZE_TYPE, AddCheckpoint, decode_size, encode

TRIES = 3  # another keeper of ours may be a step ahead, twice
LATEST_S = 253_402_300_799  # the end of 9999; zero states no time, which is no witness's statement

ProofMaker: TypeAlias = Callable[[int, int], Awaitable[Sequence[bytes]]]  # consistency, old to new

_HEADERS: Mapping[str, str] = {"Content-Type": "text/plain; charset=utf-8"}
_MEANING: Mapping[int, Outcome] = {
    HTTPStatus.NOT_FOUND: Outcome.LOG_UNKNOWN,
    HTTPStatus.FORBIDDEN: Outcome.KEY_REFUSED,
    # Our proofs come from the tiles: one that does not hold for it means that it knows other ones.
    HTTPStatus.UNPROCESSABLE_ENTITY: Outcome.FORKED,
}


class Newest(Struct, frozen=True):
    """Our newest signed checkpoint."""

    size: int
    note: str


class Cosignature(Struct, frozen=True):
    """One valid line of one key of a policy."""

    witness: str  # its name in the policy
    line: str  # newline included
    time_s: int  # that the witness states, POSIX seconds


class Answer(Struct, frozen=True):
    """What came of asking the witness at one address; it may hold several keys of a policy."""

    outcome: Outcome
    size: int  # that it holds, as far as we know
    cosignatures: tuple[Cosignature, ...] = ()


class Submission:
    """Asks the witness at one address; remembers nothing."""

    def __init__(self, client: SourceClient, witnesses: Sequence[Witness]) -> None:
        """Ask through *client*, and believe the keys of *witnesses* alone."""
        self._client = client
        self.names = tuple(each.name for each in witnesses)
        self._verifiers = [(each.name, each.key, verifier_of(each.key)) for each in witnesses]

    async def offer(
        self, newest: Newest, held: int, prove: ProofMaker, *, deadline: float
    ) -> Answer:
        """Ask to cosign *newest*, beginning from the size that the witness held last time.

        Args:
            newest: what is to be cosigned.
            held: what the witness held last, 0 when nobody knows.
            prove: makes a consistency proof.
            deadline: event-loop time, over all tries.
        """
        for _ in range(TRIES):
            held = min(held, newest.size)
            proof = await prove(held, newest.size)
            body = encode(AddCheckpoint(held, tuple(proof), newest.note))
            try:
                # Safe to repeat: the second answer to the same request is a 409, or the same line.
                reply = await self._client.request(
                    "POST", PATH, _HEADERS, body, trace={}, deadline=deadline, safe=True
                )
            except SourceError:
                return Answer(Outcome.SILENT, held)
            if reply.status != HTTPStatus.CONFLICT:
                return self._understood(reply, newest, held)
            size = decode_size(reply.body) if _is_size(reply) else None
            if (refused := _refused(size, held, newest.size)) is not None:
                return refused
            held = size or 0
        return Answer(Outcome.ANSWER_ODD, held)

    def _understood(self, reply: SourceReply, newest: Newest, held: int) -> Answer:
        if reply.status != HTTPStatus.OK:
            return Answer(_MEANING.get(reply.status, Outcome.ANSWER_ODD), held)
        found = self._valid(reply.body, newest.note)
        if not found:
            return Answer(Outcome.COSIGNATURE_BAD, held)
        return Answer(Outcome.COSIGNED, newest.size, found)

    def _valid(self, body: bytes, note: str) -> tuple[Cosignature, ...]:
        """Return the lines that hold, each key's first; others are dropped one by one.

        A line of a key we know that does not hold spoils itself alone: the rest may be sound.
        """
        text = parse_note(note).text
        try:
            offered = parse_note(f"{text}\n{body.decode()}").signatures
        except (NoteInvalid, UnicodeDecodeError):
            return ()
        found: dict[str, Cosignature] = {}
        for name, key, verifier in self._verifiers:
            for each in offered:
                ours = (each.name, each.key_id) == (key.name, key.key_id)
                if ours and name not in found and verifier.verify(text.encode(), each.value):
                    time_s = stated_time(each.value, key.kind)
                    if 0 < time_s <= LATEST_S:
                        found[name] = Cosignature(name, each.line(), time_s)
        return tuple(found.values())


def _refused(size: int | None, held: int, newest: int) -> Answer | None:
    """Return what a 409 with the witness's *size* means; None when asking from there may help.

    Args:
        size: that the witness says it holds; None when it says none.
        held: that we said it held.
        newest: that we offered.
    """
    if size is None:
        # The specification names no body for two roots of one size.
        return Answer(Outcome.FORKED if held == newest else Outcome.ANSWER_ODD, held)
    if size > newest:
        return Answer(Outcome.AHEAD, size)
    return Answer(Outcome.FORKED, size) if size == held else None


def _is_size(reply: SourceReply) -> bool:
    return reply.content_type.partition(";")[0].strip().lower() == SIZE_TYPE
