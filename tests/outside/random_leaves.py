"""Random leaves of every shape that the record knows; the same seed gives the same leaves."""

import types
from enum import Enum
from functools import cache
from random import Random
from typing import Any, Union, get_args, get_origin, get_type_hints

import msgspec

from gateway.audit.chain import Position, link
from gateway.audit.events import Event
from gateway.audit.leaf import Block, Leaf, Subjects, body
from gateway.audit.needs import NEEDED
from tests.audit_builders import DAY

BATCH = 50  # records of one writer
LARGEST = 2**53 - 1
BASE64URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
BASE32 = "abcdefghijklmnopqrstuvwxyz234567"
HEX = "0123456789abcdef"
CODE = "ABCXYZabcxyz._-"
PSEUDONYMS = {"user", "dossier", "peer", "p", "approved"}
HASHES = {"root", "hash", "before", "after", "leaf"}
DIGESTS = {"cnf", "d", "det"}


def random_entries(seed: int, count: int) -> list[bytes]:
    """Return *count* records as they are stored: numbered, linked, canonical."""
    random = Random(seed)
    entries: list[bytes] = []
    while len(entries) < count:
        position = Position(writer=_code(random), day=DAY, seq=random.randrange(1_000_000))
        entries += link(position, [body(_leaf(random)) for _ in range(BATCH)]).entries
    return entries[:count]


def _leaf(random: Random) -> Leaf:
    """Fill a leaf at random; its type asks for no block that could be missing."""
    filled = {
        field.name: _value(random, field.name, hint)
        for field, hint in _fields(Leaf)
        if field.name != "type"
    }
    blocks = {name: value for name, value in filled.items() if value not in (None, ())}
    lacking = set(Leaf.__struct_fields__) - set(blocks)
    fitting = [each for each in Event if lacking.isdisjoint(NEEDED.get(each, ()))]
    return Leaf(**blocks, type=random.choice(fitting))


def _block(random: Random, kind: type[Block]) -> Block:
    if kind is Subjects:  # pseudonyms, or the root over more of them
        whole = Subjects(k="2026", root=_text(random, HEX, 64), n=random.randrange(33, 1_000))
        few = tuple(_text(random, BASE32, 32) for _ in range(random.randint(1, 32)))
        return random.choice([whole, Subjects(k="all", p=few)])
    values = {field.name: _value(random, field.name, hint) for field, hint in _fields(kind)}
    return kind(**{name: value for name, value in values.items() if value is not None})


@cache
def _fields(kind: type[Block]) -> list[tuple[msgspec.structs.FieldInfo, Any]]:
    hints = get_type_hints(kind)
    return [(field, hints[field.name]) for field in msgspec.structs.fields(kind)]


def _value(random: Random, name: str, hint: Any) -> Any:
    """Return a value that fits the type, and the form that the field's name stands for."""
    options = get_args(hint)
    if get_origin(hint) in {Union, types.UnionType}:
        if random.random() < 0.4:
            return None
        return _value(random, name, options[0])
    if get_origin(hint) is tuple:
        return tuple(_value(random, name, options[0]) for _ in range(random.randint(0, 4)))
    if issubclass(hint, Enum):
        return random.choice(list(hint))
    if issubclass(hint, Block):
        return _block(random, hint)
    return _plain(random, name, hint)


def _plain(random: Random, name: str, hint: type) -> Any:
    if hint is bool:
        return random.random() < 0.5
    if hint is int:
        return random.choice([0, LARGEST, random.randrange(10), random.randrange(LARGEST)])
    formed = {
        "salt": lambda: _text(random, BASE64URL, 22),
        "id": lambda: _uuid(random),
        "of": lambda: _uuid(random),
        "route": lambda: "/v1/data/{service}",
        "trace": lambda: "ab" + _text(random, "abcdef", 30),
    }
    if name in PSEUDONYMS:
        return _text(random, BASE32, 32)
    if name in HASHES:
        return _text(random, HEX, 64)
    if name in DIGESTS:
        return _text(random, BASE64URL, 43)
    return formed[name]() if name in formed else _code(random)


def _text(random: Random, letters: str, length: int) -> str:
    return "".join(random.choices(letters, k=length))


def _code(random: Random) -> str:
    return "x" + _text(random, CODE, random.randint(0, 30))


def _uuid(random: Random) -> str:
    digits = _text(random, HEX, 32)
    return "-".join([digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]])
