"""YAML as it was written: texts, lists and members of a node, each mistake with its line."""

import re
from collections.abc import Callable, Iterator
from typing import Any, TypeVar, cast
from unicodedata import normalize

import yaml

from auth.credentials.members import MemberRefused

_YAML = cast("Any", yaml)  # its type description leaves the two calls below open

LARGEST_TEXT = 1_048_576  # characters of one file
_DEEPEST = 8  # levels; a registration needs five
_TEXT = "tag:yaml.org,2002:str"
_NOTHING = "tag:yaml.org,2002:null"  # an empty document
_FLAG = "tag:yaml.org,2002:bool"
_INSTANT = "tag:yaml.org,2002:timestamp"

Value = TypeVar("Value")


class Wrong(Exception):
    """One mistake, before its file is known."""

    def __init__(self, line: int, code: str, fact: str) -> None:
        super().__init__(fact)
        self.line = line
        self.code = code
        self.fact = fact


def composed(content: str) -> Iterator[yaml.Node]:
    """Return the documents of a text; events are judged before any node is built.

    Raises:
        Wrong: too long, nested too deep, or with an alias: what you read is what there is.
        yaml.YAMLError: it is not well-formed.
    """
    if len(content) > LARGEST_TEXT:
        raise Wrong(1, "file_too_large", f"longer than {LARGEST_TEXT} characters")
    depth = 0
    for event in _YAML.parse(content, Loader=yaml.CSafeLoader):
        line = event.start_mark.line + 1
        if isinstance(event, yaml.AliasEvent):
            raise Wrong(line, "alias", "write the value out instead of referring to it")
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            raise Wrong(line, "nested_too_deep", f"more than {_DEEPEST} levels")
    for node in _YAML.compose_all(content, Loader=yaml.CSafeLoader):
        if not (isinstance(node, yaml.ScalarNode) and node.tag == _NOTHING):
            yield node


def members(node: yaml.Node) -> dict[str, yaml.Node]:
    """Return the members of a mapping by name, each once."""
    if not isinstance(node, yaml.MappingNode):
        raise wrong(node, "not_a_mapping", "members with names are expected here")
    found: dict[str, yaml.Node] = {}
    for key, value in node.value:
        name = text(key)
        if name in found:
            raise wrong(key, "member_twice", "the member is given twice")
        found[name] = value
    return found


def items(node: yaml.Node, most: int) -> list[yaml.Node]:
    """Return the items of a list."""
    if not isinstance(node, yaml.SequenceNode) or not len(node.value) <= most:
        raise wrong(node, "not_a_list", f"a list of at most {most} is expected here")
    return list(node.value)


def text(node: yaml.Node, *, instant: bool = False) -> str:
    """Return a text; with *instant* also one that YAML takes for an instant without quotes."""
    tags = {_TEXT, _INSTANT} if instant else {_TEXT}
    if not isinstance(node, yaml.ScalarNode) or node.tag not in tags:
        raise wrong(node, "not_text", "text is expected here; put it in quotes")
    return normalize("NFC", str(node.value))


def matching(node: yaml.Node, form: Callable[[str], "re.Match[str] | None"]) -> str:
    """Return a code that has its form."""
    found = text(node)
    if form(found) is None:
        raise wrong(node, "not_a_code", "the code does not have the agreed form")
    return found


def name(node: yaml.Node, longest: int) -> str:
    """Return a name, without the space around it."""
    found = text(node).strip()
    if not 1 <= len(found) <= longest:
        raise wrong(node, "not_a_name", f"a name has 1 to {longest} characters")
    return found


def flag(node: yaml.Node) -> bool:
    """Return true or false."""
    if node.tag != _FLAG or node.value not in ("true", "false"):
        raise wrong(node, "not_a_flag", "true or false is expected here")
    return bool(node.value == "true")


def judged(node: yaml.Node, form: Callable[[str], Value], *, instant: bool = False) -> Value:
    """Return what *form* makes of a text."""
    found = text(node, instant=instant)
    try:
        return form(found)
    except MemberRefused as refused:
        raise wrong(node, refused.word, refused.fact) from None


def wrong(node: yaml.Node, code: str, fact: str) -> Wrong:
    """Return a mistake at the line of *node*."""
    return Wrong(node.start_mark.line + 1, code, fact)
