"""Envelopes out, bodies and faults in."""

import pytest

from adapters.client import QuestionRefused
from adapters.errors import SourceMalformed, SourceSchemaMismatch
from adapters.soap import Element, SoapFault, envelope, opened

HEAD = '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
TAIL = "</s:Body></s:Envelope>"
ENTITY = '<!DOCTYPE e [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
BOMB = (
    '<!DOCTYPE b [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">'
    '<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]>'
)


def test_values_are_escaped_on_the_way_out() -> None:
    """A name is text, whatever it looks like."""
    name = '<Ánh> & "Co" </q:HoVaTen>'
    sent = envelope("population", "urn:q", "TraCuu", [("HoVaTen", name)])

    body = opened("population", sent)

    assert Element("{urn:q}TraCuu", "", (Element("{urn:q}HoVaTen", name),)) == body


@pytest.mark.parametrize("text", ["a\x00b", "a\x0bb", "\ufffe", "\ud800"])
def test_a_value_that_xml_cannot_carry_is_refused(text: str) -> None:
    """Such a value names nobody and must not end in an internal error."""
    with pytest.raises(QuestionRefused):
        envelope("population", "urn:q", "TraCuu", [("HoVaTen", text)])


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(ENTITY + HEAD + "<a>&x;</a>" + TAIL, id="an external entity"),
        pytest.param(BOMB + HEAD + "<a>&c;</a>" + TAIL, id="a billion laughs"),
        pytest.param(
            '<!DOCTYPE e SYSTEM "http://127.0.0.1:9/e.dtd">' + HEAD + "<a/>" + TAIL,
            id="an external document type",
        ),
        pytest.param(HEAD + "<a>" * 300 + "</a>" * 300 + TAIL, id="an endless staircase"),
        pytest.param(HEAD + "<a>" * 40 + "</a>" * 40 + TAIL, id="a long staircase"),
        pytest.param(HEAD + "<a>", id="half a document"),
        pytest.param("", id="nothing"),
        pytest.param("{}", id="JSON"),
    ],
)
def test_a_hostile_or_broken_document_is_malformed(document: str) -> None:
    """Nothing is resolved, fetched or expanded, and nothing of the text is repeated."""
    with pytest.raises(SourceMalformed) as refused:
        opened("population", document.encode())

    assert SourceMalformed is type(refused.value)
    assert refused.value.__cause__ is None


def test_a_document_type_in_another_encoding_is_seen_too() -> None:
    """UTF-16 hides the word DOCTYPE from whoever looks at bytes."""
    document = '<?xml version="1.0" encoding="UTF-16"?>' + ENTITY + HEAD + "<a/>" + TAIL

    with pytest.raises(SourceMalformed, match="document type"):
        opened("population", document.encode("utf-16"))


@pytest.mark.parametrize("document", ["<html/>", HEAD + TAIL, HEAD + "<a/><b/>" + TAIL])
def test_other_xml_is_a_mismatch(document: str) -> None:
    """Well formed, and not what was agreed."""
    with pytest.raises(SourceSchemaMismatch):
        opened("population", document.encode())


@pytest.mark.parametrize(
    ("code", "ours"), [("s:Client", True), ("s:Client.X", True), ("s:Server", False)]
)
def test_a_fault_says_whose_it_is(code: str, ours: bool) -> None:
    """A refused question is no failing source."""
    inside = f"<faultcode>{code}</faultcode><faultstring>003190000123</faultstring>"
    fault = opened("population", f"{HEAD}<s:Fault>{inside}</s:Fault>{TAIL}".encode())

    assert SoapFault(ours, None) == fault


def test_comments_and_instructions_are_left_behind() -> None:
    """They are no children, and would otherwise break the counting of them."""
    body = opened("population", f"{HEAD}<!-- c --><?p i?><a>1<!-- c --></a>{TAIL}".encode())

    assert Element("a", "1") == body
