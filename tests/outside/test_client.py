"""A certified client by others (openid-client, jose) gets bound tokens here, and asks with them."""

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from rich.console import Console

from gateway.demo.browsing import Browser
from gateway.demo.counter import Counter
from gateway.demo.people import OFFICER, People
from gateway.demo.province import Province
from gateway.demo.sign_on import STAFF, callback_of
from gateway.demo.story import SOCIAL
from gateway.demo.telling import Teller
from tests.outside.judges import HERE, Node
from tests.province import ANH, a_province, leaves_of

SYSTEM = "bhxh-tinh"
SENSITIVE = "baohiem.quatrinh"
BASIC = {"subject": ANH, **SOCIAL, "fields": ["ma_so_bhxh"]}
BARRED = {"subject": ANH, **SOCIAL, "fields": ["tong_thoi_gian"]}
ALGORITHMS = ("ES256", "Ed25519")


@dataclass(frozen=True)
class Called:
    """What the client says it lived through, and the province where it did."""

    said: dict[str, Any]
    province: Province

    def codes(self, path: str) -> list[tuple[int, str | None]]:
        """Return status and code of each answer at *path*, in order."""
        return [(e["status"], e["code"]) for e in self.said["wire"] if e["path"] == path]


@pytest.fixture(scope="module")
def province(node: Node) -> Iterator[Province]:
    """Give a gateway with a sign-on, at which an official has an account."""
    del node  # without it nothing is to be started
    with a_province(people=24, sign_on=True) as running:
        People(running, Teller(Console(quiet=True)), lambda _: None).four_eyes()
        yield running


@pytest.fixture(scope="module", params=ALGORITHMS)
def called(province: Province, request: pytest.FixtureRequest) -> Called:
    """Let the client go the whole way once, its proofs by one algorithm."""
    key = province.keys[SYSTEM]
    where = {"callback": callback_of(SYSTEM), "resource": province.gateway}
    counter = Counter(province.sign_on.issuer(STAFF), SYSTEM, key, **where)
    given = {
        "issuer": province.gateway,
        "client_id": SYSTEM,
        "key": key.private,
        "alg": "ES256",
        "dpop_alg": request.param,
        "official": counter.token_of(Browser(OFFICER[0].lower(), level=2), level=2),
        "service": SENSITIVE,
        "question": BASIC,
        "demanding": SENSITIVE,
        "sensitive": BARRED,
    }
    done = subprocess.run(
        ["node", str(HERE / "client/caller.mjs")],
        input=json.dumps(given), capture_output=True, text=True, timeout=90, check=False,
    )  # fmt: skip
    assert 0 == done.returncode, done.stderr
    return Called(json.loads(done.stdout), province)


def test_it_finds_everything_by_discovery(called: Called) -> None:
    """RFC 8414: the issuer's own document, and which algorithms a proof may use."""
    assert called.province.gateway == called.said["metadata"]["issuer"]
    assert {"ES256", "Ed25519"} <= set(called.said["metadata"]["algs"])


def test_its_token_is_bound_to_its_key_and_signed_by_ours(called: Called) -> None:
    """Jose verified signature, issuer, audience and type, and compared the thumbprint."""
    assert ("dpop", True) == (called.said["granted"]["type"].lower(), called.said["bound"])
    assert 0 < called.said["granted"]["life"] <= 300


def test_it_learns_the_nonce_once_at_the_token_endpoint(called: Called) -> None:
    """RFC 9449 section 8: refused once, repeated with the nonce, and from then on it is known."""
    first, second, *others = called.codes("/oauth/token")

    assert (400, "use_dpop_nonce") == first
    assert (200, None) == second
    assert "use_dpop_nonce" not in {code for _, code in others}


def test_it_asks_and_is_answered_as_often_as_it_likes(called: Called) -> None:
    """Each request has a proof of its own; the nonce of the token endpoint is good here, too."""
    assert [200, 200] == [called.said[name]["status"] for name in ("answer", "again")]
    assert "ma_so_bhxh" in called.said["answer"]["body"]["record"]


def test_whoever_stole_the_token_gets_nothing_for_it(called: Called) -> None:
    """The thief has a key, too, but not the one that the token names."""
    assert {"status": 401, "code": "dpop_key_mismatch"} == called.said["stolen"]


def test_it_exchanges_the_officials_token_for_one_of_both(called: Called) -> None:
    """RFC 8693: the subject stays the system, and the official is who acts."""
    exchanged = called.said["exchanged"]

    assert "urn:ietf:params:oauth:token-type:access_token" == exchanged["issued"]
    assert (SYSTEM, OFFICER[2]) == (exchanged["sub"], exchanged["act"])


def test_what_needs_an_official_is_answered_with_one_alone(called: Called) -> None:
    """And the record says that somebody stood behind it, not who."""
    assert {"status": 403, "code": "official_required"} == called.said["without"]
    assert 200 == called.said["official"]["status"]
    leaves = leaves_of(called.province, called.said["official"]["body"]["exchange_id"])
    assert any(leaf.get("actor", {}).get("user") for leaf in leaves)
    assert OFFICER[1] not in json.dumps(leaves, ensure_ascii=False)


def test_it_may_ask_about_its_token_and_take_it_back(called: Called) -> None:
    """RFC 7662 and RFC 7009: from that commit on the token releases nothing."""
    assert {"active": True, "jkt": True} == called.said["looked"]
    assert {"active": False} == called.said["after"]
    assert "token_revoked" == called.said["revoked"]["code"]
