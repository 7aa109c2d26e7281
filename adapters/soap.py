"""SOAP 1.1 over the same transports: an envelope out, a body or a fault in; nothing else."""

import re
from collections.abc import Iterable, Iterator
from importlib import import_module
from typing import Any, Protocol

from msgspec import Struct

from adapters.client import QuestionRefused
from adapters.errors import SourceMalformed, SourceSchemaMismatch

ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"
CONTENT_TYPE = "text/xml"

etree: Any = import_module("lxml.etree")  # it brings no types; nothing of it leaves this module

_DEPTH = 32
_UNSPEAKABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0, 2.2
# Without entities, document type, network or huge nodes.
_PARSER = etree.XMLParser(
    resolve_entities=False,
    no_network=True,
    load_dtd=False,
    dtd_validation=False,
    attribute_defaults=False,
    huge_tree=False,
    recover=False,
    remove_comments=True,
    remove_pis=True,
)


class _Node(Protocol):
    """As much of an lxml element as is read."""

    tag: str
    text: str | None

    def __iter__(self) -> Iterator["_Node"]: ...
    def __len__(self) -> int: ...


class Element(Struct, frozen=True):
    """One XML element as a plain value; attributes, comments and instructions are left behind."""

    name: str  # "{namespace}local"
    text: str
    children: tuple["Element", ...] = ()

    def child(self, name: str) -> "Element | None":
        """Return the first child of that full name."""
        return next((each for each in self.children if each.name == name), None)


class SoapFault(Struct, frozen=True):
    """A fault without its text, which may name a person."""

    ours: bool  # faultcode Client: the question is at fault, not the source
    detail: Element | None


def envelope(
    source: str, namespace: str, operation: str, parts: Iterable[tuple[str, str]]
) -> bytes:
    """Return a request envelope, UTF-8, every value escaped.

    Args:
        source: for the error.
        namespace: of the operation and its parts.
        operation: local name of the body's only element.
        parts: local name and text of its children, in the schema's order.

    Raises:
        QuestionRefused: a value holds a character that XML cannot carry (XML 1.0 section 2.2).
    """
    root = etree.Element(f"{{{ENVELOPE}}}Envelope", nsmap={"soap": ENVELOPE, "q": namespace})
    body = etree.SubElement(root, f"{{{ENVELOPE}}}Body")
    call = etree.SubElement(body, f"{{{namespace}}}{operation}")
    for name, text in parts:
        if _UNSPEAKABLE.search(text):
            raise QuestionRefused(source, "a value that XML cannot carry")
        etree.SubElement(call, f"{{{namespace}}}{name}").text = text
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)


def opened(source: str, document: bytes) -> Element | SoapFault:
    """Return the only element inside the body of *document*, or its fault.

    Raises:
        SourceMalformed: not XML, or XML with a document type, or nested too deep.
        SourceSchemaMismatch: XML that is no SOAP 1.1 envelope with one body element.
    """
    root = _parsed(source, document)
    body = root.child(f"{{{ENVELOPE}}}Body")
    if root.name != f"{{{ENVELOPE}}}Envelope" or body is None or len(body.children) != 1:
        raise SourceSchemaMismatch(source, "no SOAP envelope")
    content = body.children[0]
    if content.name != f"{{{ENVELOPE}}}Fault":
        return content
    code = content.child("faultcode")
    reason = code.text.strip().rpartition(":")[2] if code is not None else ""
    return SoapFault(reason.partition(".")[0] == "Client", content.child("detail"))


def _parsed(source: str, document: bytes) -> Element:
    """Parse *document* with the wary parser."""
    try:
        root = etree.fromstring(document, _PARSER)
    except (etree.XMLSyntaxError, ValueError):  # its text may quote the document: never chained
        raise SourceMalformed(source, "answer is not XML") from None
    if root.getroottree().docinfo.doctype:
        raise SourceMalformed(source, "answer with a document type")
    return _plain(source, root, _DEPTH)


def _plain(source: str, node: _Node, depth: int) -> Element:
    """Copy *node* out of lxml, at most *depth* levels of it."""
    if depth == 0:
        raise SourceMalformed(source, "answer nested too deep")
    if len(node) == 0:
        return Element(node.tag, node.text or "")
    children = tuple([_plain(source, child, depth - 1) for child in node])
    return Element(node.tag, node.text or "", children)
