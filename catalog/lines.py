"""YAML to plain values that remember their lines; no tags, aliases, duplicates or guesses.

Plain scalars are read narrowly: `true`, `false`, `null`, whole numbers, and text for all else, so
that a code such as 1.004222 or a word such as `no` stays what was written.
"""

import re
from collections.abc import Iterator, Mapping
from unicodedata import normalize

import yaml
from msgspec import Struct

from catalog.errors import CatalogInvalid, Fault, Finding, Path, Place

LARGEST_FILE_BYTES = 16 * 1024 * 1024
DEEPEST = 16  # levels of nesting in one document
_WHOLE = re.compile(r"-?(?:0|[1-9][0-9]{0,17})")
_WORDS: dict[str, bool | None] = {
    "": None, "~": None, "null": None, "true": True, "false": False
}  # fmt: skip
_TAGS = frozenset(
    f"tag:yaml.org,2002:{name}"
    for name in ("str", "int", "float", "bool", "null", "timestamp", "map", "seq", "value", "merge")
)


class Tree(Struct, frozen=True):
    """One document as builtins, and the line of each member."""

    value: object
    lines: Mapping[Path, int]
    file: str

    def place(self, path: Path = ()) -> Place:
        """Return the line of *path*, or of the nearest member around it that has one."""
        while path and path not in self.lines:
            path = path[:-1]
        return Place(self.file, self.lines.get(path, 1))


def trees(text: str, file: str) -> Iterator[Tree]:
    """Yield each document of *text*, empty ones left out.

    Args:
        text: a YAML stream, at most 16 MiB in UTF-8.
        file: its name, for places.

    Raises:
        CatalogInvalid: the stream is not YAML, or uses more of YAML than we read.
    """
    if len(text) > LARGEST_FILE_BYTES or len(text.encode()) > LARGEST_FILE_BYTES:
        raise _wrong(Fault.FILE_TOO_LARGE, file, 1, limit=str(LARGEST_FILE_BYTES))
    try:
        for node in _nodes(text):
            if node is not None and not _is_empty(node):
                yield _Reader(file).tree(node)
    except yaml.MarkedYAMLError as broken:
        line = broken.problem_mark.line + 1 if broken.problem_mark else 1
        raise _wrong(Fault.YAML_BROKEN, file, line, problem=str(broken.problem)) from broken
    except yaml.YAMLError as broken:  # a character that YAML has no place for
        raise _wrong(Fault.YAML_BROKEN, file, 1, problem=type(broken).__name__) from broken


class _Reader:
    """Turns the nodes of one document into values and remembers where they stood."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._lines: dict[Path, int] = {}
        self._seen: set[int] = set()

    def tree(self, root: yaml.Node) -> Tree:
        return Tree(self._value(root, ()), self._lines, self._file)

    def _value(self, node: yaml.Node, path: Path) -> object:
        line = self._lines.setdefault(path, node.start_mark.line + 1)
        if len(path) > DEEPEST:
            raise _wrong(Fault.NESTED_TOO_DEEP, self._file, line, limit=str(DEEPEST))
        if id(node) in self._seen:
            raise _wrong(Fault.ALIAS_REFUSED, self._file, line)
        self._seen.add(id(node))
        if node.tag not in _TAGS:
            raise _wrong(Fault.TAG_REFUSED, self._file, line, tag=node.tag)
        if isinstance(node, yaml.MappingNode):
            return self._members(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self._value(each, (*path, at)) for at, each in enumerate(node.value)]
        return _scalar(node)

    def _members(self, node: yaml.MappingNode, path: Path) -> dict[str, object]:
        found: dict[str, object] = {}
        for name_node, value_node in node.value:
            line = name_node.start_mark.line + 1
            if not isinstance(name_node, yaml.ScalarNode):
                raise _wrong(Fault.NOT_A_DOCUMENT, self._file, line)
            name = normalize("NFC", str(name_node.value))
            if name in found:
                raise _wrong(Fault.MEMBER_TWICE, self._file, line, member=name)
            self._lines[(*path, name)] = line
            found[name] = self._value(value_node, (*path, name))
        return found


def _scalar(node: yaml.Node) -> str | int | bool | None:
    text = str(node.value)
    if getattr(node, "style", None):  # quoted or a block: meant as text
        return normalize("NFC", text)
    if text in _WORDS:
        return _WORDS[text]
    return int(text) if _WHOLE.fullmatch(text) else normalize("NFC", text)


def _nodes(text: str) -> Iterator[yaml.Node | None]:
    loader = yaml.CSafeLoader(text)
    try:
        while loader.check_node():
            yield loader.get_node()
    finally:
        loader.dispose()


def _is_empty(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.value == "" and not node.style


def _wrong(fault: Fault, file: str, line: int, **facts: str) -> CatalogInvalid:
    return CatalogInvalid([Finding(fault=fault, facts=facts, place=Place(file, line))])
