"""The example in openssl and curl, at a gateway of prepared answers."""

import base64
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from auth.client import new_client_key, private_pem
from tests.callees import FINE, NONCE_AT_THE_ENDPOINT, NONCE_PLEASE, Desk, Reply, a_token, serving
from tests.house.tree import ROOT

SCRIPT = ROOT / "docs" / "examples" / "first_call.sh"
KEY = new_client_key()
QUESTION = '{"subject": {"so_dinh_danh": "003190000123", "ho_ten": "Nguyễn Thị Ánh"}}'
ROUTE = "/v1/data/dancu.xacthuc"


@pytest.fixture
def pem(tmp_path: Path) -> Path:
    """Give the key of a system as openssl reads it."""
    path = tmp_path / "motcua-xa.pem"
    path.write_bytes(private_pem(KEY.private))
    return path


def run(gateway: str, pem: Path, said: str = QUESTION) -> subprocess.CompletedProcess[str]:
    """Run the example as a newcomer does, with the shell of the system."""
    places = {"MOTLAN": gateway, "KEY": str(pem), "TMPDIR": str(pem.parent)}
    return subprocess.run(
        ["sh", str(SCRIPT), "dancu.xacthuc"],
        input=said, env={"PATH": "/usr/bin:/bin", **places}, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip


def opened(jws: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return header and claims once the signature has been checked with the key's public half."""
    header, claims, signature = jws.split(".")
    made = decoded(signature)
    assert 64 == len(made)
    x, y = (int.from_bytes(decoded(KEY.public[name])) for name in "xy")
    pair = encode_dss_signature(int.from_bytes(made[:32]), int.from_bytes(made[32:]))
    point = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    point.verify(pair, f"{header}.{claims}".encode(), ec.ECDSA(hashes.SHA256()))
    return json.loads(decoded(header)), json.loads(decoded(claims))


def decoded(text: str) -> bytes:
    """Return what base64url without padding stands for."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def test_a_newcomer_without_any_library_gets_an_answer(pem: Path) -> None:
    """Assertion, proof for the token, proof for the question: three good signatures."""
    desk = Desk([a_token()], [FINE])
    with serving(desk) as gateway:
        done = run(gateway, pem)

    ((token_headers, form),) = desk.sent("/oauth/token")
    ((headers, body),) = desk.sent(ROUTE)
    assertion = dict(pair.split("=", 1) for pair in form.split("&"))["client_assertion"]
    shown = {name: KEY.public[name] for name in ("kty", "crv", "x", "y")}
    assert (0, FINE[2], "") == (done.returncode, json.loads(done.stdout), done.stderr)
    assert ("motcua-xa", gateway) == (opened(assertion)[1]["sub"], opened(assertion)[1]["aud"])
    assert "ath" not in opened(token_headers["DPoP"])[1]
    assert shown == opened(headers["DPoP"])[0]["jwk"]
    assert f"{gateway}{ROUTE}" == opened(headers["DPoP"])[1]["htu"]
    assert QUESTION == body


def test_the_gateways_nonce_is_used_wherever_it_is_asked_for(pem: Path) -> None:
    """Each of the two requests is repeated once, with the newest nonce."""
    desk = Desk([NONCE_AT_THE_ENDPOINT, a_token()], [NONCE_PLEASE, FINE])
    with serving(desk) as gateway:
        done = run(gateway, pem)

    proofs = [opened(headers["DPoP"])[1] for headers, _ in desk.sent(ROUTE)]
    assert 0 == done.returncode
    assert ["n-8", "n-9"] == [each["nonce"] for each in proofs]
    assert 2 == len({each["jti"] for each in proofs})


@pytest.mark.parametrize("where", ["at the token endpoint", "at the question"])
def test_a_refusal_is_shown_and_ends_with_one(pem: Path, where: str) -> None:
    """The problem document says what to do; a script in a pipeline stops."""
    refusal: Reply = (403, {}, {"code": "no_legal_basis"})
    desk = Desk([refusal], [FINE]) if "token" in where else Desk([a_token()], [refusal])
    with serving(desk) as gateway:
        done = run(gateway, pem)

    assert 1 == done.returncode
    assert "no_legal_basis" in done.stdout + done.stderr


def test_nobody_there_ends_with_two(pem: Path) -> None:
    """The port was free a moment ago."""
    with serving(Desk([a_token()], [FINE])) as gateway:
        pass

    assert 2 == run(gateway, pem).returncode


def test_nothing_stays_on_disk(pem: Path) -> None:
    """Neither the token nor an answer about somebody."""
    with serving(Desk([a_token()], [FINE])) as gateway:
        run(gateway, pem)

    assert [pem.name] == [each.name for each in pem.parent.iterdir()]


@pytest.mark.parametrize(
    ("r", "s"),
    [(1, 2), (2**255, 2**256 - 1), (2**247, 255), (0x0A00FF0D << 200, 10 << 248)],
    ids=["tiny", "with a zero in front", "shorter by a byte", "zeros and line ends inside"],
)
def test_a_signature_is_64_bytes_however_short_its_numbers_are(r: int, s: int) -> None:
    """One signature in 128 has a number that is shorter: the error that shows up in production."""
    text = SCRIPT.read_text()
    function = text[text.index("raw_signature() {") : text.index("\n# jws HEADER")]

    made = subprocess.run(
        ["sh", "-c", f"{function}\nraw_signature"],
        input=encode_dss_signature(r, s), capture_output=True, timeout=30, check=True,
    ).stdout  # fmt: skip

    assert r.to_bytes(32) + s.to_bytes(32) == made
