"""Envelopes in, envelopes and faults out."""

import pytest

from mocks.soap import Contract, NotSoap, answer, fault
from tests.registers import ANH, envelope, etree, text

CONTRACT = Contract()


def test_a_question_is_read_with_its_name_and_its_texts() -> None:
    """Everything else works on these."""
    message = CONTRACT.read(envelope("XacThucThongTinCongDan", ANH))

    assert "XacThucThongTinCongDan" == message.operation
    assert ANH["SoDinhDanh"] == message.asked["SoDinhDanh"]
    assert message.agreed


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(b"<bca:HoVaTen>", b"<bca:MaHoSo>x</bca:MaHoSo><bca:HoVaTen>", id="order"),
        pytest.param(b"003190000123", b"3190000123", id="ten digits"),
        pytest.param(b"19900201", b"1990-02-01", id="date form"),
        pytest.param(b"http://dancuquocgia.bca", b"http://elsewhere", id="namespace"),
    ],
)
def test_a_question_outside_the_contract_is_seen(old: bytes, new: bytes) -> None:
    """The real service rejects elements out of order."""
    message = CONTRACT.read(envelope("XacThucThongTinCongDan", ANH).replace(old, new))

    assert not message.agreed


def test_an_entity_is_never_expanded() -> None:
    """A document type in a message is an attack or a mistake."""
    bomb = b'<!DOCTYPE x [<!ENTITY y "z">]>' + envelope("XacThucThongTinCongDan", ANH)

    with pytest.raises(NotSoap):
        CONTRACT.read(bomb)


def test_what_a_caller_said_is_escaped_in_what_it_gets_back() -> None:
    """A request id is the caller's text, not our markup."""
    said = etree.fromstring(fault("DVC", "lỗi <a>", "<b>&"))

    assert ("DVC", "<b>&") == (text(said, "MaLoi"), text(said, "MaYeuCau"))


def test_an_answer_is_named_after_its_question() -> None:
    """Document/literal: the element is the message."""
    body = etree.fromstring(answer("X", ""))[0]

    assert "{http://dancuquocgia.bca}XResponse" == body[0].tag
