"""YAML documents to entries and back; everything wrong in a file is told at once."""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path as FilePath
from typing import cast

import msgspec
import yaml
from msgspec import Struct
from msgspec.inspect import (
    CollectionType,
    DictType,
    StructType,
    Type,
    UnionType,
    VarTupleType,
    type_info,
)
from msgspec.structs import replace

from catalog.canonical import canonical, content, digest
from catalog.entries import Agreement, Element, ServiceVersion
from catalog.errors import CatalogInvalid, Fault, Finding, Path, Place
from catalog.kinds import GIVEN, STATES, TYPES, Entry, Key, Kind, key_of, state_of
from catalog.lines import Tree, trees

REASON = "state_reason"
# What a document may leave out although the entry has no default for it.
_FILLED: dict[Kind, dict[str, object]] = {
    Kind.ELEMENT: {"legal_letter": None},
    Kind.RULE: {"refusal": None},
    Kind.SERVICE: {"state": STATES[Kind.SERVICE][0], "rev": 0},
    Kind.AGREEMENT: {"state": STATES[Kind.AGREEMENT][0], "rev": 0},
}
# Entries whose own `kind` says something else than the document's: they write it as `type`.
_TYPED = frozenset({Kind.AGENCY, Kind.BASIS, Kind.PURPOSE})
_SHAPES: dict[Kind, Type] = {kind: type_info(shape) for kind, shape in TYPES.items()}
_AT = re.compile(r" - at `(?:key in )?\$(?P<path>[^`]*)`$")
_STEP = re.compile(r"\.(?P<name>[^.\[\]]+)|\[(?P<index>\d+)\]")


class Document(Struct, frozen=True, kw_only=True):
    """One entry as somebody wrote it down; `rev` is 0 until the catalog gives one."""

    entry: Entry
    reason: str | None = None  # why a service or agreement is not in its first state
    tree: Tree | None = None  # None when it came from the catalog itself

    @property
    def key(self) -> Key:
        """Return the kind and code that name the entry."""
        return key_of(self.entry)

    def place(self, path: Path = ()) -> Place | None:
        """Return the line of the member at *path*, None when nobody wrote it in a file."""
        return None if self.tree is None else self.tree.place(path)


class _Beside(Struct, frozen=True):
    """What a document says beside its entry."""

    state_reason: str | None = None


class Documents(Struct, frozen=True):
    """What one `apply` is about: each kind and code at most once."""

    items: tuple[Document, ...] = ()

    def by_key(self) -> dict[Key, Document]:
        """Return the documents by kind and code."""
        return {each.key: each for each in self.items}


def read(texts: Mapping[str, str]) -> Documents:
    """Return the documents of all *texts*, in the order given.

    Args:
        texts: file name to YAML stream, at most 16 MiB each.

    Raises:
        CatalogInvalid: with every finding of every file, each with its file and line.
    """
    found: list[Document] = []
    wrong: list[Finding] = []
    for file, text in texts.items():
        try:
            for tree in trees(text, file):
                _read_one(tree, found, wrong)
        except CatalogInvalid as broken:  # the rest of this file cannot be trusted
            wrong.extend(broken.findings)
    wrong.extend(_twice(found))
    if wrong:
        raise CatalogInvalid(sorted(wrong, key=lambda each: each.place or Place("", 0)))
    return Documents(tuple(found))


def read_folder(folder: FilePath) -> Documents:
    """Return the documents of every ``*.yaml`` file in *folder*, by name.

    Raises:
        CatalogInvalid: as `read`; also for a file that is not UTF-8.
        OSError: *folder* or a file in it cannot be read.
    """
    texts: dict[str, str] = {}
    for path in sorted(folder.glob("*.yaml")):
        try:
            texts[str(path)] = path.read_text(encoding="utf-8")
        except UnicodeDecodeError as broken:
            facts = {"problem": "not UTF-8"}
            place = Place(str(path), 1)
            raise CatalogInvalid(
                [Finding(fault=Fault.YAML_BROKEN, facts=facts, place=place)]
            ) from broken
    return read(texts)


def write(documents: Documents) -> dict[Kind, str]:
    """Return one YAML stream for each kind that occurs, documents by code.

    `read` gives back the same entries, states and reasons.
    """
    streams: dict[Kind, list[dict[str, object]]] = {}
    for each in sorted(documents.items, key=lambda each: each.key):
        streams.setdefault(each.key[0], []).append(_written(each))
    return {kind: _dumped(streams[kind]) for kind in Kind if kind in streams}


def _dumped(stream: list[dict[str, object]]) -> str:
    return yaml.dump_all(
        stream,
        Dumper=yaml.CSafeDumper,
        allow_unicode=True,
        sort_keys=False,
        explicit_start=True,
        width=100,
    )


def _written(document: Document) -> dict[str, object]:
    kind, _ = document.key
    state = state_of(document.entry)
    told: dict[str, object] = {}
    if state is not None and state != STATES[kind][0]:
        told = {"state": state, REASON: document.reason}
    members = content(document.entry)
    own = {"type": members.pop("kind")} if kind in _TYPED else {}
    return {"kind": kind.value, "code": members.pop("code"), **own, **members, **told}


def _own(kind: Kind, members: dict[str, object]) -> dict[str, object]:
    """Return what a document says about its entry, by the entry's own names."""
    own = {name: value for name, value in members.items() if name not in ("kind", REASON)}
    if kind in _TYPED and "type" in own:
        own["kind"] = own.pop("type")
    return own


def _read_one(tree: Tree, found: list[Document], wrong: list[Finding]) -> None:
    if not isinstance(tree.value, dict):
        wrong.append(Finding(fault=Fault.NOT_A_DOCUMENT, place=tree.place()))
        return
    members = cast("dict[str, object]", tree.value)  # pyright: ignore[reportUnknownMemberType]
    name = members.get("kind")
    if not isinstance(name, str) or name not in TYPES:
        facts = {"kind": str(name)}
        place = tree.place(("kind",))
        wrong.append(Finding(fault=Fault.KIND_UNKNOWN, facts=facts, place=place))
        return
    kind = Kind(name)
    before = len(wrong)
    wrong.extend(_strangers(kind, members, tree))
    if len(wrong) == before:
        _convert(kind, members, tree, found, wrong)


def _convert(
    kind: Kind,
    members: dict[str, object],
    tree: Tree,
    found: list[Document],
    wrong: list[Finding],
) -> None:
    code = str(members.get("code", ""))
    try:
        beside = msgspec.convert(members, _Beside)
        entry = msgspec.convert({**_FILLED.get(kind, {}), **_own(kind, members)}, TYPES[kind])
    except msgspec.ValidationError as odd:
        wrong.append(_odd(kind, code, str(odd), tree))
        return
    document = Document(entry=_with_digest(entry), reason=beside.state_reason, tree=tree)
    wrong.extend(_loose_ends(document))
    found.append(document)


def _with_digest(entry: Entry) -> Entry:
    if isinstance(entry, ServiceVersion | Agreement):
        return replace(entry, digest=digest(canonical(entry)))
    return entry


def _odd(kind: Kind, code: str, message: str, tree: Tree) -> Finding:
    at = _AT.search(message)
    path = _path(at["path"]) if at else ()
    problem = message if at is None else message[: at.start()]
    if kind in _TYPED:
        path = ("type",) if path == ("kind",) else path
        problem = problem.replace("`kind`", "`type`")
    return Finding(
        fault=Fault.VALUE_WRONG,
        kind=kind,
        code=code,
        path=path,
        facts={"problem": problem},
        place=tree.place(path),
    )


def _path(steps: str) -> Path:
    """Return msgspec's ``.scopes[0].id`` as members; ``[...]`` stands for an unknown one."""
    known = steps.partition("[...]")[0]
    return tuple(
        int(step["index"]) if step["index"] else step["name"] for step in _STEP.finditer(known)
    )


def _strangers(kind: Kind, members: dict[str, object], tree: Tree) -> Iterator[Finding]:
    """Find members that the kind does not have, or that only the catalog may give."""
    given = GIVEN.get(kind, frozenset[str]()) - {"state"}
    known = _own(kind, members)
    refused = [(name,) for name in known if name in given]
    if REASON in members and kind not in STATES:
        refused.append((REASON,))
    for path in (*refused, *_unknown(known, _SHAPES[kind], ())):
        yield Finding(
            fault=Fault.MEMBER_UNKNOWN,
            kind=kind,
            code=str(members.get("code", "")),
            path=path,
            facts={"member": str(path[-1])},
            place=tree.place(path),
        )


def _unknown(value: object, shape: Type, path: Path) -> Iterator[Path]:
    """Yield the path of every member of *value* that *shape* has no name for."""
    if isinstance(shape, UnionType):
        shape = next((each for each in shape.types if isinstance(each, StructType)), shape)
    if isinstance(shape, StructType) and isinstance(value, dict):
        fields = {field.name: field.type for field in shape.fields}
        for name, held in cast("dict[str, object]", value).items():
            if name in fields:
                yield from _unknown(held, fields[name], (*path, name))
            else:
                yield (*path, name)
    elif isinstance(shape, CollectionType | VarTupleType) and isinstance(value, list):
        for at, held in enumerate(cast("list[object]", value)):
            yield from _unknown(held, shape.item_type, (*path, at))
    elif isinstance(shape, DictType) and isinstance(value, dict):
        for name, held in cast("dict[str, object]", value).items():
            yield from _unknown(held, shape.value_type, (*path, name))


def _loose_ends(document: Document) -> Iterator[Finding]:
    """Find instants without a zone, states without a reason, reasons without a state."""
    entry = document.entry
    kind, _ = document.key
    for name in ("valid_from", "valid_to", "sunset"):
        held = getattr(entry, name, None)
        if isinstance(held, datetime) and held.tzinfo is None:
            yield _end(Fault.ZONE_MISSING, document, (name,))
    state = state_of(entry)
    moved = state is not None and state != STATES[kind][0]
    if moved and not (document.reason or "").strip():
        yield _end(Fault.REASON_MISSING, document, ("state",))
    if document.reason is not None and not moved:
        yield _end(Fault.REASON_IDLE, document, (REASON,))


def _end(fault: Fault, document: Document, path: Path) -> Finding:
    kind, code = document.key
    return Finding(
        fault=fault,
        kind=kind,
        code=code,
        path=path,
        facts={"member": str(path[0])},
        place=document.place(path),
    )


def _twice(documents: Iterable[Document]) -> Iterator[Finding]:
    """Find codes that two documents claim; for an element that is two authoritative sources."""
    first: dict[Key, Document] = {}
    for each in documents:
        other = first.setdefault(each.key, each)
        if other is each:
            continue
        kind, code = each.key
        split = (
            isinstance(each.entry, Element)
            and isinstance(other.entry, Element)
            and each.entry.dataset != other.entry.dataset
        )
        yield Finding(
            fault=Fault.TWO_AUTHORITIES if split else Fault.CODE_TWICE,
            kind=kind,
            code=code,
            path=("code",),
            facts={"first": str(other.place(("code",)))},
            place=each.place(("code",)),
        )
