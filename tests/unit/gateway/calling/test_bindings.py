"""What goes beside a token."""

import base64
import json
from typing import Any

from auth.client import new_client_key
from gateway.calling.bindings import Proofs
from tests.callees import NOON_S

PLACE = "http://127.0.0.1:8100/v1/data/dancu.tracuu"


def claims(headers: dict[str, str]) -> dict[str, Any]:
    """Return what the proof in *headers* says."""
    middle = headers["DPoP"].split(".")[1]
    return json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))


def test_a_proof_repeats_the_newest_nonce_and_no_older_one() -> None:
    """The server changes it now and then; an answer without one changes nothing."""
    proofs = Proofs(new_client_key().private, lambda: NOON_S)

    before = claims(proofs.headers("POST", PLACE, None))
    proofs.learn({"dpop-nonce": "n-1"})
    proofs.learn({"dpop-nonce": "n-2"})
    proofs.learn({"date": "today"})

    assert "nonce" not in before
    assert "n-2" == claims(proofs.headers("POST", PLACE, None))["nonce"]


def test_each_request_has_a_proof_of_its_own() -> None:
    """A server that sees one twice refuses it."""
    proofs = Proofs(new_client_key().private, lambda: NOON_S)

    assert proofs.headers("POST", PLACE, "t") != proofs.headers("POST", PLACE, "t")


def test_the_proof_at_the_token_endpoint_is_tied_to_no_token() -> None:
    """There is none yet."""
    proofs = Proofs(new_client_key().private, lambda: NOON_S)

    assert "ath" not in claims(proofs.headers("POST", PLACE, None))
    assert "ath" in claims(proofs.headers("POST", PLACE, "t"))
