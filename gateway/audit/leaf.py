"""One record: its fields, its canonical bytes, its hash; pure.

Fields stand in alphabetical order and hold ASCII only, so that plain encoding is already
canonical JSON (RFC 8785); a test compares every shape with an outside canonicaliser.  The members
``v`` and ``w`` sort last and are added when the record gets its number (`gateway.audit.chain`).
"""

from binascii import b2a_base64
from hashlib import sha256

import msgspec
from msgspec import Struct

from gateway.audit import words
from gateway.audit.events import Changed, Decision, Delivered, Event, Matched, Method, Op
from gateway.audit.needs import NEEDED
from gateway.errors import Code
from gateway.tlog import merkle

LONGEST_ENTRY_BYTES = 65_535  # two-byte length of a tile bundle, C2SP tlog-tiles
MOST_PSEUDONYMS = 32  # above, a leaf holds their Merkle root
SCHEMA = 1

_encode = msgspec.json.Encoder().encode
_URL_SAFE = bytes.maketrans(b"+/", b"-_")  # RFC 4648 section 5


class LeafTooLong(ValueError):
    """A record does not fit the two-byte length of a tile bundle."""

    def __init__(self, size_bytes: int) -> None:
        super().__init__(f"{size_bytes} bytes, at most {LONGEST_ENTRY_BYTES} fit")
        self.size_bytes = size_bytes


class Block(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A part of a leaf; absent members are left out."""


class Actor(Block, frozen=True, kw_only=True):
    """Who asked: agency, system, and the official's keyed pseudonym."""

    acr: str | None = None  # strength of the official's login
    amr: tuple[str, ...] = ()
    client: str | None = None  # agency system
    cnf: str | None = None  # thumbprint of the token's key (RFC 7638) or certificate (RFC 8705)
    # Whether the official and the person share a family name, None when it is not known: a yes or
    # no says less than a hash of a name, which would be guessable.
    kin: bool | None = None
    org: str | None = None  # agency code
    user: str | None = None  # pseudonym, never a name

    def __post_init__(self) -> None:
        """Refuse free text."""
        words.check_codes((self.acr, self.client, *self.amr))
        words.check_agency(self.org)
        words.check_digest(self.cnf)
        words.check_pseudonyms((self.user,))
        if self.kin is not None and type(self.kin) is not bool:
            raise words.NotAllowedInLeaf("a yes or no")


class Subjects(Block, frozen=True, kw_only=True):
    """About whom: pseudonyms under key epoch *k*, or the Merkle root of more than 32."""

    k: str
    n: int | None = None
    p: tuple[str, ...] = ()
    root: str | None = None

    def __post_init__(self) -> None:
        """Refuse raw identifiers and overlong lists."""
        words.check_epoch(self.k)
        words.check_pseudonyms(self.p)
        words.check_numbers(self.n)
        if len(self.p) > MOST_PSEUDONYMS or (self.root is None) == (not self.p):
            raise words.NotAllowedInLeaf("1 to 32 pseudonyms, or a root and a count")
        if self.root is not None:
            words.check_hash(self.root)


class Target(Block, frozen=True, kw_only=True):
    """What was asked for and what was released: names of the catalog, never values."""

    asked: tuple[str, ...] = ()
    dataset: str | None = None
    fields: tuple[str, ...] = ()
    sens: int | None = None  # highest sensitivity grade, 1 to 4
    service: str | None = None
    src: str | None = None  # adapter
    ver: str | None = None  # service version

    def __post_init__(self) -> None:
        """Refuse words that are no codes."""
        words.check_codes((self.dataset, self.service, self.src, self.ver))
        words.check_codes(self.asked)
        words.check_codes(self.fields)
        words.check_numbers(self.sens)


class Ground(Block, frozen=True, kw_only=True):
    """On which basis it was decided, so that the decision can be replayed."""

    agreement: str | None = None  # id@version#hash
    consent: str | None = None  # id@version
    decision: Decision
    dossier: str | None = None  # pseudonym: a dossier number points to a person
    law: str | None = None
    policy: str | None = None  # row of the decision table
    proc: str | None = None
    purpose: str | None = None
    reasons: tuple[Code, ...] = ()

    def __post_init__(self) -> None:
        """Refuse free text."""
        words.check_references((self.agreement, self.consent, self.law, self.policy))
        words.check_codes((self.proc, self.purpose))
        words.check_pseudonyms((self.dossier,))
        if type(self.decision) is not Decision or not all(
            type(reason) is Code for reason in self.reasons
        ):
            raise words.NotAllowedInLeaf("enumerated decision and reasons")


class Request(Block, frozen=True, kw_only=True):
    """How it was asked: a template, a digest, ids; never the raw path, query or body."""

    d: str | None = None
    id: str | None = None  # the exchange id
    m: Method | None = None
    route: str | None = None
    trace: str | None = None

    def __post_init__(self) -> None:
        """Refuse raw paths and the caller's own words."""
        words.check_digest(self.d)
        if self.id is not None:
            words.check_uuid(self.id)
        if self.route is not None:
            words.check_route(self.route)
        words.check_trace(self.trace)


class Result(Block, frozen=True, kw_only=True):
    """What came of it."""

    bytes: int | None = None
    d: str | None = None  # salted digest of the body as sent, without its receipt
    delivered: Delivered | None = None
    match: Matched | None = None
    rows: int | None = None
    status: int | None = None  # HTTP

    def __post_init__(self) -> None:
        """Refuse what is no number, digest or listed word."""
        words.check_numbers(self.bytes, self.rows, self.status)
        words.check_digest(self.d)


class Change(Block, frozen=True, kw_only=True):
    """What an administrator's act changed: one version of one thing."""

    approved: tuple[str, ...] = ()  # pseudonyms of those who approved
    hash: str | None = None  # SHA-256 of the canonical document, hex
    id: str
    kind: Changed
    rev: int | None = None

    def __post_init__(self) -> None:
        """Refuse free text."""
        words.code(self.id)
        words.check_pseudonyms(self.approved)
        words.check_numbers(self.rev)
        if self.hash is not None:
            words.check_hash(self.hash)


class Noise(Block, frozen=True, kw_only=True):
    """Anonymous refusals of one code from one peer within a minute."""

    code: Code
    n: int
    peer: str | None = None  # pseudonym of the address; None for all peers beyond the bound

    def __post_init__(self) -> None:
        """Refuse addresses."""
        words.check_numbers(self.n)
        words.check_pseudonyms((self.peer,))


class Last(Block, frozen=True, kw_only=True):
    """Where a writer's sequence stood."""

    id: str
    leaf: str
    seq: int

    def __post_init__(self) -> None:
        """Refuse what is no sequence."""
        words.code(self.id)
        words.check_hash(self.leaf)
        words.check_numbers(self.seq)


class Life(Block, frozen=True, kw_only=True):
    """How a writer began or ended: its node, its predecessor, what the database promised."""

    fsync: str | None = None
    full_page_writes: str | None = None
    node: str
    prior: Last | None = None
    synchronous_commit: str | None = None

    def __post_init__(self) -> None:
        """Refuse free text."""
        words.check_codes((self.fsync, self.full_page_writes, self.node, self.synchronous_commit))


class Leaf(Block, frozen=True, kw_only=True):
    """One record before it has a number; built from a `Stamp` and the blocks its type needs."""

    actor: Actor | None = None
    basis: Ground | None = None
    change: Change | None = None
    det: str | None = None  # salted commitment to the detail row
    id: str  # UUIDv7
    life: Life | None = None
    ms: int | None = None  # milliseconds from first byte in to decision
    n: int | None = None  # people concerned
    noise: tuple[Noise, ...] = ()
    of: str | None = None  # id of the leaf this one continues
    op: Op | None = None
    req: Request | None = None
    res: Result | None = None
    salt: str  # 16 random bytes: keeps leaf hashes unguessable, so hash tiles may be public
    subj: Subjects | None = None
    target: Target | None = None
    ts: int  # microseconds since 1970, UTC; claimed by the gateway
    type: Event

    def __post_init__(self) -> None:
        """Refuse a leaf without the blocks its type needs."""
        words.check_uuid(self.id)
        words.check_salt(self.salt)
        words.check_digest(self.det)
        words.check_numbers(self.ms, self.n, self.ts)
        if self.of is not None:
            words.check_uuid(self.of)
        for name in NEEDED.get(self.type, ()):
            if not getattr(self, name):
                raise words.NotAllowedInLeaf(f"{self.type.value} with {name}")


class Where(Block, frozen=True, kw_only=True):
    """A record's place: writer, running number, leaf hash of the record before it."""

    id: str
    prev: str
    seq: int


class Numbered(Leaf, frozen=True, kw_only=True):
    """One record as it is stored."""

    v: int
    w: Where


class Stamp(Struct, frozen=True):
    """What makes a leaf unique: id (UUIDv7), instant in microseconds, salt."""

    id: str
    ts: int
    salt: str


def outcome(stamp: Stamp, of: str, exchange_id: str | None, delivered: Delivered) -> Leaf:
    """Follow the access leaf of id *of* with what became of its answer."""
    return Leaf(
        id=stamp.id,
        ts=stamp.ts,
        salt=stamp.salt,
        type=Event.ACCESS_OUTCOME,
        of=of,
        req=Request(id=exchange_id),
        res=Result(delivered=delivered),
    )


def body(leaf: Leaf) -> bytes:
    """Return the canonical bytes of *leaf*, still without ``v`` and ``w``."""
    return _encode(leaf)


def parse(entry: bytes) -> Numbered:
    """Read a stored record back.

    Raises:
        msgspec.DecodeError: it is no record of this schema.
    """
    return msgspec.json.decode(entry, type=Numbered)


def leaf_hash(entry: bytes) -> bytes:
    """Return the Merkle leaf hash of *entry*.

    Args:
        entry: one record as canonical JSON (RFC 8785), 1 to 65,535 bytes.

    Returns:
        SHA-256, 32 bytes, over one zero byte and *entry*.

    Raises:
        LeafTooLong: *entry* does not fit the two-byte length of a tile bundle.

    Source: RFC 6962 section 2.1 for the hash, C2SP tlog-tiles for the length.  The zero byte keeps
    a leaf from passing for an inner node, and an auditor can check an export with tools that are
    not ours.
    """
    if len(entry) > LONGEST_ENTRY_BYTES:
        raise LeafTooLong(len(entry))
    return merkle.leaf_hash(entry)


def salted_digest(opening: bytes, content: bytes) -> str:
    """Commit to *content* with the 16-byte *opening* of its record (`Pseudonyms.opening`).

    Returns:
        SHA-256 over opening and content, unpadded base64url.
    """
    text = b2a_base64(sha256(opening + content).digest(), newline=False)
    return text[:-1].translate(_URL_SAFE).decode("ascii")


def root_of(hashes: list[bytes]) -> bytes:
    """Return the Merkle tree hash of one or more leaf hashes; RFC 6962 section 2.1."""
    return merkle.Frontier().extend(hashes).root()


def subjects(epoch: str, pseudonyms: tuple[str, ...]) -> Subjects:
    """Name the people a record is about, by root when there are more than 32 of them."""
    if len(pseudonyms) <= MOST_PSEUDONYMS:
        return Subjects(k=epoch, p=pseudonyms)
    ordered = sorted(pseudonyms)
    root = root_of([leaf_hash(one.encode("ascii")) for one in ordered])
    return Subjects(k=epoch, root=root.hex(), n=len(ordered))
