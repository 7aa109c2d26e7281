"""SOAP 1.1 as the population register speaks it: envelopes in, envelopes and faults out."""

from importlib import import_module
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from msgspec import Struct

etree: Any = import_module("lxml.etree")  # without types; nothing of it leaves here

CALLER = "http://dancuquocgia.bca"
ANSWER = "http://www.mic.gov.vn/dancu/1.0"
ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"
XSD = "http://www.w3.org/2001/XMLSchema"
XML = "text/xml; charset=utf-8"
CONTRACT = Path(__file__).parent / "contracts" / "population.wsdl"

_PARSER = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
_OPEN = f'<?xml version="1.0" encoding="UTF-8"?><soap:Envelope xmlns:soap="{ENVELOPE}"><soap:Body>'
_CLOSE = "</soap:Body></soap:Envelope>"


class NotSoap(Exception):
    """The body is no SOAP envelope with one element in it."""


class Message(Struct, frozen=True):
    """The one element of an envelope's body: name, children's texts, whether it is as agreed."""

    operation: str  # empty when the element is in another namespace
    asked: dict[str, str]
    agreed: bool


class Contract:
    """Reads envelopes by the schemas of the WSDL."""

    def __init__(self, path: Path = CONTRACT) -> None:
        self.text = path.read_bytes()
        self._schema = _schema(self.text)

    def read(self, envelope: bytes) -> Message:
        """Return what stands in *envelope*.

        Raises:
            NotSoap: not XML, with a document type, or not one element in an envelope.
        """
        element = _inside(envelope)
        asked = {
            child.tag.rpartition("}")[2]: child.text or "" for child in element.iterchildren("*")
        }
        space, _, operation = element.tag.removeprefix("{").rpartition("}")
        agreed = self._schema.validate(etree.ElementTree(element))
        return Message(operation if space == CALLER else "", asked, agreed)


def _schema(wsdl: bytes) -> Any:  # noqa: ANN401 - lxml brings no types
    """Return the two schemas of *wsdl* as one validator; the callers' imports the answers'."""
    answers, callers = etree.fromstring(wsdl, _PARSER).findall(f".//{{{XSD}}}schema")

    class Inline(etree.Resolver):
        """Both schemas stand in one file: the import is served from there."""

        def resolve(self, system_url: str, public_id: str | None, context: object) -> object:
            del system_url, public_id
            return self.resolve_string(etree.tostring(answers), context)

    parser = etree.XMLParser()
    parser.resolvers.add(Inline())
    for needed in callers.iterfind(f"{{{XSD}}}import"):
        needed.set("schemaLocation", "answers.xsd")
    return etree.XMLSchema(etree.fromstring(etree.tostring(callers), parser))


def _inside(envelope: bytes) -> Any:  # noqa: ANN401 - lxml brings no types
    try:
        root = etree.fromstring(envelope, _PARSER)
    except (etree.XMLSyntaxError, ValueError) as odd:
        raise NotSoap from odd
    body = root.find(f"{{{ENVELOPE}}}Body")
    if root.tag != f"{{{ENVELOPE}}}Envelope" or body is None or root.getroottree().docinfo.doctype:
        raise NotSoap
    elements = list(body.iterchildren("*"))
    if len(elements) != 1:
        raise NotSoap
    return elements[0]


def answer(operation: str, inside: str) -> bytes:
    """Return the answer to *operation* in its envelope; *inside* uses prefixes bca and dc."""
    name = f"bca:{operation}Response"
    spaces = f'xmlns:bca="{CALLER}" xmlns:dc="{ANSWER}"'
    return f"{_OPEN}<{name} {spaces}>{inside}</{name}>{_CLOSE}".encode()


def fault(code: str, text: str, request_id: str, *, ours: bool = False) -> bytes:
    """Return a fault; *ours* tells a failing register from a mistaken caller."""
    told = f"<bca:MaYeuCau>{escape(request_id)}</bca:MaYeuCau>" if request_id else ""
    detail = (
        f'<bca:LoiDanCu xmlns:bca="{CALLER}"><bca:MaLoi>{code}</bca:MaLoi>{told}</bca:LoiDanCu>'
    )
    who = "Server" if ours else "Client"
    said = f"<faultcode>soap:{who}</faultcode><faultstring>{escape(text)}</faultstring>"
    return f"{_OPEN}<soap:Fault>{said}<detail>{detail}</detail></soap:Fault>{_CLOSE}".encode()
