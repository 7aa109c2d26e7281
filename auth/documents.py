"""Registrations as files: `kind: system` documents in YAML, every mistake with its line."""

from collections.abc import Mapping
from typing import Any

import msgspec
import yaml

from auth.credentials import members, nodes, written
from auth.credentials.environments import demand_fitting
from auth.credentials.nodes import Wrong, composed, wrong
from auth.errors import KeyRefused
from auth.systems import Registration

KIND = "system"
_REQUIRED = ("client_id", "agency", "name_vi", "name_en")
_MEMBERS = frozenset({"kind", "sandbox", "address_ranges", *_REQUIRED, *written.MEMBERS})


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
    mistakes: list[Finding] = []
    for source, text in texts.items():
        try:
            several = _documents(text, source)
        except DocumentsRefused as broken:  # the rest of this file cannot be trusted
            mistakes.extend(broken.findings)
            continue
        for node in several:
            try:
                document = _document(node, source)
                if document.registration.client_id in found:
                    raise wrong(node, "client_id_twice", "another document has the same client_id")
                found[document.registration.client_id] = document
            except Wrong as mistake:
                mistakes.append(_finding(source, mistake))
    if mistakes:
        raise DocumentsRefused(tuple(mistakes))
    return tuple(found.values())


def write(registrations: tuple[Registration, ...]) -> str:
    """Return the registrations as one YAML file that `read` reads back to the same values."""
    documents = (_document_of(each) for each in registrations)
    return yaml.safe_dump_all(documents, allow_unicode=True, sort_keys=False)


def _document_of(registration: Registration) -> dict[str, Any]:
    return {
        "kind": KIND,
        **{name: getattr(registration, name) for name in _REQUIRED},
        **written.written(registration),
        "sandbox": registration.sandbox,
        "address_ranges": list(registration.address_ranges),
    }


def _documents(text: str, source: str) -> list[yaml.Node]:
    """Return the documents, composed but not yet believed."""
    try:
        return list(composed(text))
    except Wrong as mistake:
        raise DocumentsRefused((_finding(source, mistake),)) from None
    except yaml.YAMLError as odd:
        mark = getattr(odd, "problem_mark", None)
        broken = Wrong(1 if mark is None else mark.line + 1, "not_yaml", "not well-formed YAML")
        raise DocumentsRefused((_finding(source, broken),)) from None


def _document(node: yaml.Node, source: str) -> Document:
    said = nodes.members(node)
    registration = _registration(node, said)
    lines = {name: value.start_mark.line + 1 for name, value in said.items()}
    return Document(
        registration=registration, source=source, lines={"jwks": node.start_mark.line + 1} | lines
    )


def _registration(node: yaml.Node, said: dict[str, yaml.Node]) -> Registration:
    if "kind" not in said or nodes.text(said["kind"]) != KIND:
        raise wrong(said.get("kind", node), "kind_unknown", f"kind must be {KIND}")
    for name in said.keys() - _MEMBERS:
        raise wrong(said[name], "member_unknown", "a system document has no such member")
    missing = [name for name in _REQUIRED if name not in said]
    if missing:
        raise wrong(node, "member_missing", f"{', '.join(missing)} must be given")
    registration = Registration(
        client_id=nodes.matching(said["client_id"], members.is_client_id),
        agency=nodes.matching(said["agency"], members.is_agency),
        name_vi=nodes.name(said["name_vi"], members.LONGEST_NAME),
        name_en=nodes.name(said["name_en"], members.LONGEST_NAME),
        **msgspec.structs.asdict(written.read(node, said)),
        sandbox="sandbox" in said and nodes.flag(said["sandbox"]),
        address_ranges=_ranges(said["address_ranges"]) if "address_ranges" in said else (),
    )
    try:
        demand_fitting(registration)
    except KeyRefused as refused:
        raise wrong(said.get("jwks", node), "key_refused", refused.fact) from None
    return registration


def _ranges(node: yaml.Node) -> tuple[str, ...]:
    each = nodes.items(node, members.MOST_RANGES)
    return tuple(nodes.judged(item, members.address_range) for item in each)


def _finding(source: str, mistake: Wrong) -> Finding:
    return Finding(source=source, line=mistake.line, code=mistake.code, fact=mistake.fact)
