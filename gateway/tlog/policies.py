"""Policies: which logs are believed, and how many of which witnesses it takes; pure.

Source: C2SP tlog-policy.  Names are compared byte by byte, as the specification asks.
"""

from collections.abc import Collection, Mapping

from msgspec import Struct

from gateway.tlog.checkpoints import Checkpoint, parse_checkpoint
from gateway.tlog.cosignatures import verifier_of
from gateway.tlog.notes import NoteVerifier, OpenedNote, open_note
from gateway.tlog.vkeys import Kind, NoteInvalid, VKey, parse_vkey

LONGEST_POLICY_BYTES = 1_000_000
MOST_LINES = 1_000
NONE = "none"
LOG_KINDS = frozenset({Kind.ED25519, Kind.ML_DSA_44})
WITNESS_KINDS = frozenset({Kind.COSIGNATURE_ED25519, Kind.ML_DSA_44})


class PolicyInvalid(ValueError):
    """A line of a policy breaks a rule; the words name the line by number and the rule."""


class Log(Struct, frozen=True):
    """A log that is believed; its key's name is its origin."""

    key: VKey
    url: str | None = None


class Witness(Struct, frozen=True):
    """A witness, by the name that only this policy knows it by."""

    name: str
    key: VKey
    url: str | None = None


class Group(Struct, frozen=True):
    """Witnesses and groups of which *needed* must have seen a checkpoint."""

    name: str
    needed: int
    members: tuple[str, ...]


class Judged(Struct, frozen=True):
    """A checkpoint that a policy accepts, and what it rests on."""

    checkpoint: Checkpoint
    note: OpenedNote
    witnesses: tuple[str, ...]  # by their names in the policy


class Policy(Struct, frozen=True):
    """Whom to believe."""

    logs: tuple[Log, ...]
    witnesses: Mapping[str, Witness]
    groups: Mapping[str, Group]
    quorum: str

    def quorum_met(self, names: Collection[str]) -> bool:
        """Tell whether the witnesses *names*, as the policy calls them, are enough."""
        saw = {name for name in names if name in self.witnesses}
        for each in self.groups.values():  # members stand on lines before their group
            if sum(member in saw for member in each.members) >= each.needed:
                saw.add(each.name)
        return self.quorum == NONE or self.quorum in saw

    def verifiers(self, origin: str) -> list[NoteVerifier]:
        """Return who judges the signatures of a checkpoint of *origin*: log and witnesses."""
        logs = [each.key for each in self.logs if each.key.name == origin]
        return [verifier_of(each) for each in logs + [each.key for each in self.witnesses.values()]]

    def judge(self, note: str) -> Judged:
        """Accept a cosigned checkpoint.

        Raises:
            NoteInvalid: it is none or has extension lines, no log of this policy signed it, a
                signature of a known key does not hold, or too few witnesses have seen it.
        """
        origin = note.partition("\n")[0]
        opened = open_note(note, self.verifiers(origin))
        checkpoint = parse_checkpoint(opened.text)
        if checkpoint.extension:  # ML-DSA-44 does not sign them, so nobody may read them
            raise NoteInvalid("a checkpoint of three lines")
        held = {(each.name, each.key_id) for each in opened.verified}
        if not any(_identity(each.key) in held for each in self.logs):
            raise NoteInvalid("a signature of the log")
        seen = tuple(name for name, each in self.witnesses.items() if _identity(each.key) in held)
        if not self.quorum_met(seen):
            raise NoteInvalid("a quorum of witnesses")
        return Judged(checkpoint, opened, seen)

    def __str__(self) -> str:
        """Spell the policy, a line for each log, witness and group, in their order."""
        lines = [_line("log", str(each.key), each.url) for each in self.logs]
        lines += [
            _line("witness", each.name, str(each.key), each.url) for each in self.witnesses.values()
        ]
        lines += [
            _line("group", each.name, str(each.needed), *each.members)
            for each in self.groups.values()
        ]
        return "".join([*lines, _line("quorum", self.quorum)])


class _Reading:
    """A policy while it is read, line by line."""

    def __init__(self) -> None:
        self.logs: list[Log] = []
        self.witnesses: dict[str, Witness] = {}
        self.groups: dict[str, Group] = {}
        self.quorum: str | None = None
        self._keys: set[bytes] = set()
        self._members: set[str] = set()

    def take(self, items: list[str]) -> None:
        """Read the words of one line."""
        match items:
            case ["log", key, *url] if len(url) <= 1:
                self.logs.append(Log(self._fresh(key, LOG_KINDS), *url))
            case ["witness", name, key, *url] if len(url) <= 1:
                self._free(name)
                self.witnesses[name] = Witness(name, self._fresh(key, WITNESS_KINDS), *url)
            case ["group", name, needed, *members]:
                self._free(name)
                self.groups[name] = Group(name, _threshold(needed, len(members)), tuple(members))
                self._join(name, members)
            case ["quorum", name] if self.quorum is None:
                if name != NONE:
                    self._defined(name)
                self.quorum = name
            case _:
                raise PolicyInvalid("log, witness, group or one quorum, with its words")

    def _join(self, group: str, members: list[str]) -> None:
        """Let *members* count once, and only in the group after their own line."""
        for each in members:
            self._defined(each)
            if each in self._members or each == group:
                raise PolicyInvalid("a member of one group, once")
            self._members.add(each)

    def _defined(self, name: str) -> None:
        if name not in self.witnesses and name not in self.groups:
            raise PolicyInvalid("a name defined on a line before")

    def _free(self, name: str) -> None:
        if name == NONE or name in self.witnesses or name in self.groups:
            raise PolicyInvalid("a name that is free")

    def _fresh(self, text: str, kinds: frozenset[Kind]) -> VKey:
        """Read a key of a fitting kind whose bytes stand on no other line.

        The specification lets a key be a log's and a witness's at once; a log that watches itself
        is a mistake, so it is refused.
        """
        try:
            key = parse_vkey(text)
            verifier_of(key)
        except NoteInvalid as refused:
            raise PolicyInvalid(f"a public key: {refused}") from None
        if key.kind not in kinds:
            raise PolicyInvalid("a key of the kind that signs so")
        if key.public in self._keys:
            raise PolicyInvalid("every key once")
        self._keys.add(key.public)
        return key


def parse_policy(data: bytes) -> Policy:
    """Read a policy file.

    Raises:
        PolicyInvalid: a line breaks a rule, or there is no quorum, or more than 1,000 lines.
    """
    # One byte, one letter: the specification wants names compared as bytes.
    lines = data[:LONGEST_POLICY_BYTES].decode("latin-1").split("\n")
    if len(data) > LONGEST_POLICY_BYTES or len(lines) > MOST_LINES:
        raise PolicyInvalid("at most 1,000 lines")
    reading = _Reading()
    for count, line in enumerate(lines, 1):
        try:
            _read_line(line, reading)
        except PolicyInvalid as refused:
            raise PolicyInvalid(f"line {count}: {refused}") from None
    if reading.quorum is None:
        raise PolicyInvalid("a quorum")
    return Policy(tuple(reading.logs), reading.witnesses, reading.groups, reading.quorum)


def _read_line(line: str, reading: _Reading) -> None:
    if any((each < " " and each != "\t") or each == "\x7f" for each in line):
        raise PolicyInvalid("no control characters")
    # A plain split would also part at spaces of other alphabets.
    items = [each for each in line.replace("\t", " ").split(" ") if each]
    if items and not items[0].startswith("#"):
        reading.take([_utf8(each) for each in items])


def _utf8(item: str) -> str:
    """Return the word that the bytes spell; bytes that spell none stay apart from all others."""
    return item.encode("latin-1").decode("utf-8", "surrogateescape")


def _line(*words: str | None) -> str:
    return " ".join(word for word in words if word is not None) + "\n"


def _threshold(needed: str, count: int) -> int:
    """Return how many of *count* members ``all``, ``any`` or a number asks for."""
    words = {"all": count, "any": 1}
    digits = needed.isascii() and needed.isdigit() and len(needed) <= len(str(MOST_LINES))
    if needed not in words and not digits:
        raise PolicyInvalid("all, any or a number")
    asked = words[needed] if needed in words else int(needed)
    if not 1 <= asked <= count:
        raise PolicyInvalid("between one and all members")
    return asked


def _identity(key: VKey) -> tuple[str, bytes]:
    return key.name, key.key_id
