"""Our signature under an answer, and a caller's under its question."""

from collections.abc import Callable

import pytest
from http_message_signatures.exceptions import InvalidSignature
from http_message_signatures.signatures import HTTPMessageVerifier
from msgspec.structs import replace

from auth.client import new_client_key
from auth.jose import verification_key
from auth.signatures.messages import ALGORITHMS, RESPONSE_TAG, Answering, Asking, Keys
from auth.signatures.signing import signed_answer, signed_request
from tests.party_builders import NOON_S
from tests.signature_builders import a_signed, an_asking, key_of, with_headers

OURS = new_client_key("EdDSA")
ANSWER = b'{"record":{}}'


def answered(request: Asking, status: int = 200) -> Answering:
    """Return our signed answer to *request*."""
    headers = signed_answer(request, "motlan", status, ANSWER, key=key_of(OURS), now=NOON_S)
    return Answering(status_code=status, headers=headers, request=request)


def verify(answer: Answering, body: bytes = ANSWER) -> None:
    """Verify as the caller does, with the library's own rules but for the hour."""
    verifier = HTTPMessageVerifier(
        signature_algorithm=ALGORITHMS["OKP"], key_resolver=Keys([verification_key(OURS.public)])
    )
    verifier.verify(answer, max_age=None, expect_tag=RESPONSE_TAG, body=body)


def test_an_answer_is_signed_with_its_question() -> None:
    """The caller can show what was answered, and to what."""
    answer = answered(a_signed())

    verify(answer)
    assert {"content-digest", "signature-input", "signature"} == answer.headers.keys()


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda answer: replace(answer, status_code=404), id="another status"),
        pytest.param(
            lambda answer: replace(answer, request=a_signed(at=NOON_S + 1)), id="another question"
        ),
    ],
)
def test_an_answer_moved_elsewhere_is_no_answer(
    change: Callable[[Answering], Answering],
) -> None:
    """Nobody can put our answer under another question."""
    with pytest.raises(InvalidSignature):
        verify(change(answered(a_signed())))


def test_another_body_is_not_ours() -> None:
    """Byte for byte."""
    with pytest.raises(InvalidSignature):
        verify(answered(a_signed()), ANSWER + b" ")


def test_a_request_keeps_its_headers() -> None:
    """Signing adds three fields and touches none."""
    asking = an_asking()
    added = signed_request(asking, key_of(), NOON_S)

    assert {"content-digest", "signature-input", "signature"} == added.keys()
    assert asking == an_asking()
    assert with_headers(asking, added).headers["accept"] == "application/json"
