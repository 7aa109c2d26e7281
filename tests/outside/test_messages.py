"""A stranger's implementation of RFC 9421 signs for us, and reads what we have signed."""

import pytest
from msgspec.structs import replace

from auth.client import ClientKey, new_client_key
from auth.jose import verification_key
from auth.signatures.messages import COVERED, PROOF, REQUEST_TAG, Asking
from auth.signatures.requests import SignatureWrong, judge
from auth.signatures.signing import signed_answer
from tests.outside.judges import Node
from tests.party_builders import NOON_S
from tests.signature_builders import a_signed, an_asking, key_of

EC, ED = new_client_key("ES256"), new_client_key("EdDSA")
NAMES = {EC.public["kid"]: "ecdsa-p256-sha256", ED.public["kid"]: "ed25519"}
ANSWER = b'{"record":{"khop":true}}'
KEYS = tuple(verification_key(pair.public) for pair in (EC, ED))


def name_of(pair: ClientKey) -> str:
    """Return the name of a key's algorithm in RFC 9421."""
    return NAMES[pair.public["kid"]]


def digested() -> Asking:
    """Return a request with the digest of its body, which the stranger does not compute."""
    asking = an_asking()
    digest = a_signed().headers["content-digest"]
    return replace(asking, headers=asking.headers | {"content-digest": digest})


def to_sign(pair: ClientKey, **changes: object) -> dict[str, object]:
    """Return what the stranger is asked to sign."""
    asking = digested()
    return {
        "jwk": pair.private,
        "kid": pair.public["kid"],
        "alg": name_of(pair),
        "fields": [*COVERED, PROOF],
        "tag": REQUEST_TAG,
        "created": int(NOON_S),
        "request": {"method": asking.method, "url": asking.url, "headers": asking.headers},
        **changes,
    }


def as_sent(headers: dict[str, str]) -> Asking:
    """Return the request with the stranger's headers."""
    lower = {name.lower(): value for name, value in headers.items()}
    return replace(an_asking(), headers=lower)


@pytest.mark.parametrize("pair", [EC, ED], ids=["ES256", "EdDSA"])
def test_what_a_stranger_signs_we_believe(node: Node, pair: ClientKey) -> None:
    """An agency's programmer reads the RFC, not our code."""
    (headers,) = node.messages("sign", [to_sign(pair)])

    assert pair.public["x"] == judge(as_sent(headers), KEYS, NOON_S).evidence.jwk["x"]


def test_a_stranger_who_covers_too_little_is_refused(node: Node) -> None:
    """Good signatures of too little are made by good programs, too."""
    cases = [
        to_sign(EC, fields=[name for name in (*COVERED, PROOF) if name != missing])
        for missing in (*COVERED, PROOF)
    ]
    for headers in node.messages("sign", cases):
        with pytest.raises(SignatureWrong, match="it must cover"):
            judge(as_sent(headers), KEYS, NOON_S)


@pytest.mark.parametrize("pair", [EC, ED], ids=["ES256", "EdDSA"])
def test_a_stranger_believes_our_answer_and_none_that_was_moved(
    node: Node, pair: ClientKey
) -> None:
    """Under another status, another question, another digest or another key it does not hold."""
    asking = a_signed()
    headers = signed_answer(asking, "motlan", 200, ANSWER, key=key_of(pair), now=NOON_S)
    good = {
        "jwk": pair.public,
        "alg": name_of(pair),
        "response": {"status": 200, "headers": headers},
        "request": {"method": asking.method, "url": asking.url, "headers": asking.headers},
    }
    request = {"method": asking.method, "url": asking.url, "headers": asking.headers}
    moved = [
        {**good, "response": {"status": 404, "headers": headers}},
        {**good, "request": {**request, "url": f"{asking.url}x"}},
        {**good, "request": {**request, "method": "PUT"}},
        {
            **good,
            "response": {"status": 200, "headers": headers | {"content-digest": "sha-256=::"}},
        },
        {**good, "jwk": new_client_key("ES256" if pair is EC else "EdDSA").public},
    ]

    assert ["holds"] == node.messages("verify", [good])
    assert "holds" not in node.messages("verify", moved)
