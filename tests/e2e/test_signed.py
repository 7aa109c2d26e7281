"""An agreement that demands signatures, at the running province: asked, refused, proven later."""

import base64
import json
import subprocess
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from http_message_signatures.signatures import HTTPMessageVerifier

from auth.jose import verification_key
from auth.signatures.evidence import Evidence, holds
from auth.signatures.messages import ALGORITHMS, RESPONSE_TAG, Answering, Asking, Keys
from gateway.calling.system import System
from gateway.calling.wire import Answer, send
from gateway.demo.province import Province
from tests.bound import FRONTED
from tests.command_line import answer as told
from tests.province import ANH, PERMIT, exchange_of, leaves_of

Caller = Callable[[str], System]
SERVICE, CLIENT = "dancu.xacthuc", "thu-chuky"
QUESTION = {"subject": ANH, **PERMIT}


class Recording(System):
    """Signs, and keeps what it sent last, for whoever wants to send it again."""

    sent: Asking

    def _signature(
        self, method: str, path: str, headers: dict[str, str], body: bytes
    ) -> dict[str, str]:
        made = super()._signature(method, path, headers, body)
        lower = {name.lower(): value for name, value in (headers | made).items()}
        self.sent = Asking(method=method, url=self.gateway + path, headers=lower, body=body)
        return made

    def again(self, body: bytes | None = None) -> Answer:
        """Send the last request once more, or another body under its signature."""
        path = self.sent.url.removeprefix(self.gateway)
        content = self.sent.body if body is None else body
        return send(self.gateway, "POST", path, content, self.sent.headers)


def signing(province: Province) -> Recording:
    """Return the system whose agreement demands signatures."""
    return Recording(province.gateway, CLIENT, province.keys[CLIENT], binding=FRONTED, signs=True)


def test_a_signed_question_is_answered_under_our_signature(province: Province) -> None:
    """The caller can show what was answered to what, by our published key alone."""
    caller = signing(province)
    answer = caller.ask(SERVICE, QUESTION)

    assert 200 == answer.status, answer.body
    with urllib.request.urlopen(f"{province.gateway}/oauth/jwks", timeout=10) as published:
        keys = [verification_key(jwk) for jwk in json.load(published)["keys"]]
    answering = Answering(status_code=200, headers=answer.headers, request=caller.sent)
    verifier = HTTPMessageVerifier(
        signature_algorithm=ALGORITHMS[keys[0].native.key_type], key_resolver=Keys(keys)
    )
    (found,) = verifier.verify(answering, expect_tag=RESPONSE_TAG)
    assert '"@status"' in found.covered_components


def test_an_unsigned_question_is_refused_and_recorded(province: Province, system: Caller) -> None:
    """Nobody is asked, and the record says who did not sign."""
    answer = system(CLIENT).ask(SERVICE, QUESTION)
    (leaf,) = leaves_of(province, exchange_of(answer))

    assert (401, "signature_missing") == (answer.status, answer.code)
    assert "content-digest" in answer.headers["accept-signature"]
    assert ["signature_missing"] == leaf["basis"]["reasons"]


def test_a_replay_and_another_body_are_refused(province: Province) -> None:
    """The signature is good; it was used, or made for other bytes."""
    caller = signing(province)
    caller.ask(SERVICE, QUESTION)

    assert "signature_replayed" == caller.again().code
    assert "content_digest_mismatch" == caller.again(json.dumps(QUESTION).encode() + b" ").code


def test_the_signature_stands_beside_the_record(province: Province, tmp_path: Path) -> None:
    """An auditor gets it, and openssl says that it holds."""
    exchange = exchange_of(signing(province).ask(SERVICE, QUESTION))
    (leaf,) = leaves_of(province, exchange)
    keys = province.plan.directory / "keys" / "pseudonyms"
    shown = told(
        "audit", "signature", exchange, "--url", province.dsn,
        env={"MOTLAN_AUDIT__KEYS_DIR": str(keys)},
    )  # fmt: skip

    assert leaf["det"]
    assert (True, True) == (shown["committed"], shown["holds"])
    assert holds(Evidence(**shown["evidence"]))
    assert "Verified OK" in by_openssl(shown["evidence"], tmp_path)


def by_openssl(evidence: dict[str, Any], folder: Path) -> str:
    """Verify with a program that knows nothing of us: raw signature to DER, key to PEM."""
    raw = base64.b64decode(evidence["signature"])
    half = len(raw) // 2
    der = encode_dss_signature(int.from_bytes(raw[:half], "big"), int.from_bytes(raw[half:], "big"))
    native = verification_key(evidence["jwk"]).native
    (folder / "key.pem").write_bytes(native.as_pem(private=False))
    (folder / "base").write_text(evidence["base"], encoding="ascii")
    (folder / "signature").write_bytes(der)
    done = subprocess.run(
        ["openssl", "dgst", "-sha256", "-verify", "key.pem", "-signature", "signature", "base"],
        cwd=folder, capture_output=True, text=True, check=False, timeout=30,
    )  # fmt: skip
    return done.stdout + done.stderr
