"""Signed messages at the edge: what a caller signed, and which answers we sign."""

from auth.client import new_client_key
from auth.jose import verification_key
from auth.signatures.requests import judge
from gateway.api.signing import presented, signer, unsigned
from gateway.api.wire import ACCEPT_SIGNATURE, problem_reply
from gateway.errors import Code, Refusal
from gateway.stages.presented import Presented
from tests.builders import NOON
from tests.party_builders import CLIENT_KEY, NOON_S
from tests.signature_builders import BODY, URL, a_signed, key_of

OURS = new_client_key()


def test_a_plain_request_presents_nothing() -> None:
    """Most requests are not signed, and pay nothing."""
    assert presented({b"authorization": b"DPoP at"}, method="POST", url=URL, body=BODY) is None


def test_a_signed_request_is_presented_as_it_came() -> None:
    """Header by header, byte by byte."""
    asking = a_signed()
    wire = {name.encode(): value.encode() for name, value in asking.headers.items()}
    found = presented(wire, method="POST", url=URL, body=BODY)

    assert found is not None
    assert asking == found.asking
    assert found.proven is None


async def test_only_a_proven_request_that_wants_it_gets_a_signed_answer() -> None:
    """A signature costs, and says something: it is given where it was agreed."""
    sign = signer(lambda: key_of(OURS), lambda: NOON)
    asking = a_signed()
    request = Presented(asking)

    assert [] == sign(None, 200, b"{}") == sign(request, 200, b"{}") == unsigned(request, 200, b"")
    request.proven = judge(asking, (verification_key(CLIENT_KEY.public),), NOON_S)
    assert [] == sign(request, 200, b"{}")
    request.wants_answer = True
    names = [name for name, _ in sign(request, 403, b"{}")]
    assert [b"content-digest", b"signature", b"signature-input"] == sorted(names)


def test_a_refusal_for_want_of_a_signature_says_what_to_sign() -> None:
    """RFC 9421 section 5.1: nobody has to search a manual."""
    _, headers, _ = problem_reply(Refusal(Code.SIGNATURE_MISSING), "x", None, english=False)
    _, others, _ = problem_reply(Refusal(Code.QUOTA), "x", None, english=False)

    assert ACCEPT_SIGNATURE in headers
    assert ACCEPT_SIGNATURE not in others
    assert b'"content-digest"' in ACCEPT_SIGNATURE[1]
    assert b'tag="fapi-2-request"' in ACCEPT_SIGNATURE[1]
