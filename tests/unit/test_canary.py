"""The search must be able to find, or its silence means nothing."""

import base64
import json
from urllib.parse import quote

import pytest

from tests.canary import CARD, INSURED, NAME, NUMBER, SERIAL, traces_in

HIDDEN = {
    "plain": f"so={NUMBER};".encode(),
    "grouped": b"007 195 777 777",
    "hex": b"\\x" + f'{{"a":"{NUMBER}"}}'.encode().hex().encode(),
    "base64": base64.b64encode(f"a{NUMBER}zz".encode()),
    "base64 one further": base64.b64encode(f"ab{NUMBER}z".encode()),
    "base64 in place": base64.urlsafe_b64encode(f"abc{NUMBER}".encode()),
    "a name": NAME.encode(),
    "a name in a URL": quote(NAME).encode(),
    "a name in JSON": json.dumps(NAME).encode(),
    "a name as registers compare it": b"KIM THI HOANG YEN",
    "a serial in a form": b"q=AA+00777777",
    "a serial": SERIAL.encode(),
    "the old card": CARD.encode(),
    "the insurance code": INSURED.encode(),
}


@pytest.mark.parametrize("content", HIDDEN.values(), ids=HIDDEN)
def test_each_form_is_found(content: bytes) -> None:
    """One fact in one disguise, in the middle of other bytes."""
    assert traces_in([("here", b"before " + content + b" after")])


def test_somebody_else_is_not_found() -> None:
    """Another person's facts raise no alarm."""
    other = b"003190000123 Nguy\xe1\xbb\x85n AA 00419027 0301900123 " + base64.b64encode(b"0031900")

    assert [] == traces_in([("here", other)])
