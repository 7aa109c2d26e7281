"""Registrations as files: `kind: system` documents in YAML, every mistake with its line."""

import re
from collections.abc import Iterator, Mapping
from ipaddress import ip_network
from typing import Any, cast
from unicodedata import normalize

import msgspec
import yaml

from auth.errors import KeyRefused
from auth.jose import public_jwk, verification_key
from auth.systems import Registration

_YAML = cast("Any", yaml)  # its type description leaves the two calls below open

KIND = "system"
LARGEST_TEXT = 1_048_576  # characters of one file
MOST_KEYS = 4  # two serve for a rotation with overlap
_MOST_RANGES = 32
_DEEPEST = 8  # levels; a registration needs four
_LONGEST_NAME = 200
_CLIENT_ID = re.compile(r"[a-z][a-z0-9._-]{2,63}\Z")
_AGENCY = re.compile(r"[A-Z0-9][A-Za-z0-9.-]{0,34}\Z")  # QĐ 20/2020/QĐ-TTg: at most 35 characters
_TEXT = "tag:yaml.org,2002:str"
_NOTHING = "tag:yaml.org,2002:null"  # an empty document
_FLAG = "tag:yaml.org,2002:bool"
_UNREAD = frozenset({"key_ops", "x5c", "x5t", "x5t#S256", "x5u"})
_REQUIRED = ("client_id", "agency", "name_vi", "name_en", "jwks")
_MEMBERS = frozenset({"kind", "sandbox", "address_ranges", *_REQUIRED})


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One mistake in one file; it never repeats what stands there."""

    source: str
    line: int  # from 1
    code: str
    fact: str

    def __str__(self) -> str:
        return f"{self.source}:{self.line}: {self.code}: {self.fact}"


class DocumentsRefused(Exception):
    """A file has mistakes; nothing of it is applied."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        super().__init__("\n".join(map(str, findings)))
        self.findings = findings


class _Wrong(Exception):
    """One mistake, before its file is known."""

    def __init__(self, line: int, code: str, fact: str) -> None:
        super().__init__(fact)
        self.line = line
        self.code = code
        self.fact = fact


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """One registration as somebody wrote it down, with the lines of its members."""

    registration: Registration
    source: str
    lines: Mapping[str, int]

    def finding(self, member: str, code: str, fact: str) -> Finding:
        """Return a mistake that only shows beside what stands: another document, the catalog."""
        return Finding(source=self.source, line=self.lines[member], code=code, fact=fact)


def read(text: str, source: str) -> tuple[Registration, ...]:
    """Read the `kind: system` documents of one file.

    Args:
        text: YAML, at most 1 MiB, without anchors: what you read is what there is.
        source: name of the file, for the findings.

    Raises:
        DocumentsRefused: with every mistake found, at most one for each document.
    """
    return tuple(each.registration for each in read_all({source: text}))


def read_all(texts: Mapping[str, str]) -> tuple[Document, ...]:
    """Read the documents of several files, each client id at most once in all of them.

    Args:
        texts: name of the file to its YAML, as `read` takes it.

    Raises:
        DocumentsRefused: with the mistakes of every file.
    """
    found: dict[str, Document] = {}
    wrong: list[Finding] = []
    for source, text in texts.items():
        try:
            nodes = _documents(text, source)
        except DocumentsRefused as broken:  # the rest of this file cannot be trusted
            wrong.extend(broken.findings)
            continue
        for node in nodes:
            try:
                document = _document(node, source)
                if document.registration.client_id in found:
                    raise _wrong(node, "client_id_twice", "another document has the same client_id")
                found[document.registration.client_id] = document
            except _Wrong as mistake:
                wrong.append(_finding(source, mistake))
    if wrong:
        raise DocumentsRefused(tuple(wrong))
    return tuple(found.values())


def write(registrations: tuple[Registration, ...]) -> str:
    """Return the registrations as one YAML file that `read` reads back to the same values."""
    documents = (
        {
            "kind": KIND,
            **msgspec.structs.asdict(each),
            "address_ranges": list(each.address_ranges),
            "jwks": {"keys": list(each.jwks)},
        }
        for each in registrations
    )
    return yaml.safe_dump_all(documents, allow_unicode=True, sort_keys=False)


def _documents(text: str, source: str) -> list[yaml.Node]:
    """Return the documents, composed but not yet believed."""
    try:
        return list(_composed(text))
    except _Wrong as mistake:
        raise DocumentsRefused((_finding(source, mistake),)) from None
    except yaml.YAMLError as odd:
        mark = getattr(odd, "problem_mark", None)
        broken = _Wrong(1 if mark is None else mark.line + 1, "not_yaml", "not well-formed YAML")
        raise DocumentsRefused((_finding(source, broken),)) from None


def _composed(text: str) -> Iterator[yaml.Node]:
    if len(text) > LARGEST_TEXT:
        raise _Wrong(1, "file_too_large", f"longer than {LARGEST_TEXT} characters")
    depth = 0
    for event in _YAML.parse(text, Loader=yaml.CSafeLoader):  # before any value is built
        line = event.start_mark.line + 1
        if isinstance(event, yaml.AliasEvent):
            raise _Wrong(line, "alias", "write the value out instead of referring to it")
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            raise _Wrong(line, "nested_too_deep", f"more than {_DEEPEST} levels")
    for node in _YAML.compose_all(text, Loader=yaml.CSafeLoader):
        if not (isinstance(node, yaml.ScalarNode) and node.tag == _NOTHING):
            yield node


def _document(node: yaml.Node, source: str) -> Document:
    members = _members(node)
    registration = _registration(node, members)
    lines = {name: value.start_mark.line + 1 for name, value in members.items()}
    return Document(registration=registration, source=source, lines=lines)


def _registration(node: yaml.Node, members: dict[str, yaml.Node]) -> Registration:
    if "kind" not in members or _text(members["kind"]) != KIND:
        raise _wrong(members.get("kind", node), "kind_unknown", f"kind must be {KIND}")
    for name in members.keys() - _MEMBERS:
        raise _wrong(members[name], "member_unknown", "a system document has no such member")
    missing = [name for name in _REQUIRED if name not in members]
    if missing:
        raise _wrong(node, "member_missing", f"{', '.join(missing)} must be given")
    return Registration(
        client_id=_matching(members["client_id"], _CLIENT_ID),
        agency=_matching(members["agency"], _AGENCY),
        name_vi=_name(members["name_vi"]),
        name_en=_name(members["name_en"]),
        jwks=_keys(members["jwks"]),
        sandbox="sandbox" in members and _flag(members["sandbox"]),
        address_ranges=_ranges(members["address_ranges"]) if "address_ranges" in members else (),
    )


def _members(node: yaml.Node) -> dict[str, yaml.Node]:
    if not isinstance(node, yaml.MappingNode):
        raise _wrong(node, "not_a_mapping", "members with names are expected here")
    found: dict[str, yaml.Node] = {}
    for key, value in node.value:
        name = _text(key)
        if name in found:
            raise _wrong(key, "member_twice", "the member is given twice")
        found[name] = value
    return found


def _items(node: yaml.Node, most: int) -> list[yaml.Node]:
    if not isinstance(node, yaml.SequenceNode) or not len(node.value) <= most:
        raise _wrong(node, "not_a_list", f"a list of at most {most} is expected here")
    return list(node.value)


def _text(node: yaml.Node) -> str:
    if not isinstance(node, yaml.ScalarNode) or node.tag != _TEXT:
        raise _wrong(node, "not_text", "text is expected here; put it in quotes")
    return normalize("NFC", str(node.value))


def _matching(node: yaml.Node, pattern: re.Pattern[str]) -> str:
    text = _text(node)
    if not pattern.match(text):
        raise _wrong(node, "not_a_code", "the code does not have the agreed form")
    return text


def _name(node: yaml.Node) -> str:
    text = _text(node).strip()
    if not 1 <= len(text) <= _LONGEST_NAME:
        raise _wrong(node, "not_a_name", f"a name has 1 to {_LONGEST_NAME} characters")
    return text


def _flag(node: yaml.Node) -> bool:
    if node.tag != _FLAG or node.value not in ("true", "false"):
        raise _wrong(node, "not_a_flag", "true or false is expected here")
    return bool(node.value == "true")


def _keys(node: yaml.Node) -> tuple[dict[str, str], ...]:
    members = _members(node)
    if members.keys() != {"keys"}:
        raise _wrong(node, "not_a_key_set", "a key set has one member: keys")
    found: dict[str, dict[str, str]] = {}
    for item in _items(members["keys"], MOST_KEYS):
        jwk = _key(item)
        if jwk["kid"] in found:
            raise _wrong(item, "key_twice", "another key of the set has the same kid")
        found[jwk["kid"]] = jwk
    if not found:
        raise _wrong(node, "no_key", "at least one key must be given")
    return tuple(found.values())


def _key(node: yaml.Node) -> dict[str, str]:
    members = _members(node)
    # key_ops and x5c may stand there, as tools export them; nothing is read from them.
    given = {name: _text(each) for name, each in members.items() if name not in _UNREAD}
    try:
        return public_jwk(verification_key(given))
    except KeyRefused as refused:
        raise _wrong(node, "key_refused", refused.fact) from None


def _ranges(node: yaml.Node) -> tuple[str, ...]:
    return tuple(_range(item) for item in _items(node, _MOST_RANGES))


def _range(node: yaml.Node) -> str:
    try:
        return str(ip_network(_text(node)))
    except ValueError:
        raise _wrong(node, "not_a_range", "an address range looks like 10.1.0.0/16") from None


def _wrong(node: yaml.Node, code: str, fact: str) -> _Wrong:
    return _Wrong(node.start_mark.line + 1, code, fact)


def _finding(source: str, mistake: _Wrong) -> Finding:
    return Finding(source=source, line=mistake.line, code=mistake.code, fact=mistake.fact)
