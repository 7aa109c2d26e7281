"""Evidence of a signed request verifies by itself, and nothing else does."""

import pytest
from msgspec.structs import replace

from auth.jose import verification_key
from auth.signatures.evidence import Evidence, holds
from auth.signatures.requests import judge
from tests.party_builders import CLIENT_KEY, NOON_S, OTHER_KEY
from tests.signature_builders import a_signed

EVIDENCE = judge(a_signed(), (verification_key(CLIENT_KEY.public),), NOON_S).evidence


def test_evidence_of_a_proven_request_holds() -> None:
    """Years later, with the key that stands beside it."""
    assert holds(EVIDENCE)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"base": EVIDENCE.base.replace("POST", "PUT")}, id="another request"),
        pytest.param({"base": "tiếng Việt"}, id="no ASCII"),
        pytest.param({"signature": "AAAA"}, id="too short"),
        pytest.param({"signature": "no base64"}, id="no base64"),
        pytest.param({"jwk": OTHER_KEY.public}, id="somebody else's key"),
        pytest.param({"jwk": {"kty": "RSA"}}, id="a key that we do not take"),
    ],
)
def test_altered_evidence_does_not_hold(changes: dict[str, object]) -> None:
    """Whoever edits it has to forge a signature."""
    assert not holds(replace(EVIDENCE, **changes))


def test_evidence_is_written_one_way() -> None:
    """A record commits to these bytes; two writers must not differ."""
    assert isinstance(EVIDENCE, Evidence)
    assert EVIDENCE.encoded().startswith(b'{"base":')
