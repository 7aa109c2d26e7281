"""Stolen, forged and replayed: each try meets its code, leaves no record, and reaches no source."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from auth.base64url import decoded
from gateway.calling.system import System
from gateway.calling.wire import Answer, send
from gateway.demo.province import Province
from gateway.errors import Code
from gateway.problems import PROBLEMS
from tests.bound import HEADERS as OWN_CERTIFICATE
from tests.by_hand import (
    ByHand,
    bound_to,
    claims_of,
    forged,
    published_key,
    questions_of,
    resigned,
    sealed_with,
    send_lines,
    unsigned,
)
from tests.possession_builders import GONE, KEY, OTHER, HandKey, an_eddsa_key
from tests.province import ANH, PERMIT, exchange_of, leaves_of, system_of

CLIENT = "motcua-xa"
PATH = "/v1/data/dancu.xacthuc"
BODY = json.dumps({"subject": ANH, **PERMIT}).encode()
JSON = {"Content-Type": "application/json"}
AT_ONCE = 24  # connections; two workers share them


class Caller:
    """A system whose token is bound to a key of ours."""

    def __init__(self, province: Province, key: HandKey = KEY) -> None:
        self.province = province
        self.url = province.gateway + PATH
        self.token, self.binding = bound_to(province, CLIENT, key)

    def proof(self, token: str | None = None, **changes: Any) -> str:
        """Return a proof of this very question."""
        return self.binding.proof("POST", self.url, token or self.token, **changes)

    def ask(
        self, token: str | None = None, proof: str | None = None, scheme: str = "DPoP", **more: str
    ) -> Answer:
        """Put the question; what is left out is as it should be."""
        shown = {"DPoP": self.proof(token) if proof is None else proof}
        named = {**JSON, "Authorization": f"{scheme} {token or self.token}", **shown, **more}
        return send(self.province.gateway, "POST", PATH, BODY, named)


@pytest.fixture(scope="module")
def caller(province: Province) -> Caller:
    """Give the caller."""
    return Caller(province)


@pytest.fixture
def silence(province: Province) -> Iterator[None]:
    """Demand that no register hears a word during the test."""
    before = questions_of(province)
    yield
    assert before == questions_of(province)


def expect(province: Province, answer: Answer, code: Code) -> None:
    """Demand a problem of this code, with a challenge, and no record of anybody."""
    assert (code.value, 401) == (answer.code, answer.status)
    assert answer.body["title_vi"] == PROBLEMS[code].title_vi
    assert answer.headers["www-authenticate"]
    assert [] == leaves_of(province, exchange_of(answer))


@pytest.mark.parametrize("key", [KEY, an_eddsa_key()], ids=["ES256", "EdDSA"])
def test_a_token_and_its_proof_are_answered(province: Province, key: HandKey) -> None:
    """The control of everything below; the record names the key."""
    answer = Caller(province, key).ask()

    assert 200 == answer.status, answer.body
    assert key.thumbprint == leaves_of(province, exchange_of(answer))[0]["actor"]["cnf"]


PROOFS: dict[str, tuple[Callable[[Caller], dict[str, Any]], Code]] = {
    "another method": (lambda c: {"proof": c.proof(htm="GET")}, Code.DPOP_PROOF_INVALID),
    "another service": (
        lambda c: {"proof": c.proof(htu=c.province.gateway + "/v1/data/dancu.tracuu")},
        Code.DPOP_PROOF_INVALID,
    ),
    "another token": (lambda c: {"proof": c.proof(token="x.y.z")}, Code.DPOP_PROOF_INVALID),
    "a minute ago": (
        lambda c: {"proof": c.proof(iat=now_of(c) - 75)}, Code.DPOP_PROOF_INVALID
    ),
    "in the future": (
        lambda c: {"proof": c.proof(iat=now_of(c) + 30)}, Code.DPOP_PROOF_INVALID
    ),
    "another key": (
        lambda c: {"proof": ByHand(OTHER).proof("POST", c.url, c.token)}, Code.DPOP_KEY_MISMATCH
    ),
    "a nonce of nobody": (lambda c: {"proof": c.proof(nonce="A" * 27)}, Code.USE_DPOP_NONCE),
    "under Bearer": (lambda _: {"scheme": "Bearer"}, Code.AUTHORIZATION_SCHEME_WRONG),
    "noise": (lambda _: {"proof": "x.y.z"}, Code.DPOP_PROOF_INVALID),
    "nothing": (lambda _: {"proof": ""}, Code.DPOP_PROOF_INVALID),
    "two joined": (lambda c: {"proof": f"{c.proof()}, {c.proof()}"}, Code.DPOP_PROOF_INVALID),
}  # fmt: skip


def now_of(caller: Caller) -> int:
    """Return the hour of a proof that would be good now."""
    return int(claims_of(caller.proof())["iat"])


@pytest.mark.usefixtures("silence")
@pytest.mark.parametrize(("wrong", "code"), PROOFS.values(), ids=PROOFS)
def test_a_stolen_token_is_worth_nothing(
    caller: Caller, wrong: Callable[[Caller], dict[str, Any]], code: Code
) -> None:
    """Whoever has the token and not the key, or a proof of something else."""
    answer = caller.ask(**wrong(caller))

    expect(caller.province, answer, code)
    assert 'DPoP realm="motlan", algs="ES256 EdDSA", error="' in answer.headers["www-authenticate"]


@pytest.mark.parametrize("scheme", ["DPoP", "Bearer"])
def test_a_token_without_a_proof_is_worth_nothing(caller: Caller, scheme: str) -> None:
    """Under either scheme."""
    named = {**JSON, "Authorization": f"{scheme} {caller.token}", **OWN_CERTIFICATE}

    answer = send(caller.province.gateway, "POST", PATH, BODY, named)

    expect(caller.province, answer, Code.DPOP_PROOF_MISSING)


@pytest.mark.parametrize("first_is_good", [True, False])
def test_two_proofs_are_none(caller: Caller, *, first_is_good: bool) -> None:
    """RFC 9449 section 4.3, item 1: which one counts is not left open."""
    proofs = [caller.proof(), "x.y.z"][:: 1 if first_is_good else -1]
    lines = [
        ("Content-Type", "application/json"),
        ("Authorization", f"DPoP {caller.token}"),
        *(("DPoP", proof) for proof in proofs),
    ]

    status, _, body = send_lines(caller.province.gateway, PATH, BODY, lines)

    assert (401, "dpop_proof_invalid") == (status, body["code"])


def test_two_tokens_are_none(caller: Caller) -> None:
    """A proxy and we could each look at another one."""
    lines = [
        ("Content-Type", "application/json"),
        ("Authorization", f"DPoP {caller.token}"),
        ("Authorization", f"DPoP {caller.token}"),
        ("DPoP", caller.proof()),
    ]

    status, _, body = send_lines(caller.province.gateway, PATH, BODY, lines)

    assert (401, "token_invalid") == (status, body["code"])


def test_a_nonce_that_is_handed_out_is_taken_with_the_next_proof(caller: Caller) -> None:
    """One more round, then an answer (RFC 9449 section 9)."""
    refused = caller.ask(proof=caller.proof(nonce="A" * 27))

    answer = caller.ask(proof=caller.proof(nonce=refused.headers["dpop-nonce"]))

    assert 'error="use_dpop_nonce"' in refused.headers["www-authenticate"]
    assert refused.wants_nonce
    assert 200 == answer.status, answer.body


def test_a_proof_counts_once(caller: Caller) -> None:
    """Word for word the same question, again."""
    proof = caller.proof()

    assert 200 == caller.ask(proof=proof).status
    expect(caller.province, caller.ask(proof=proof), Code.DPOP_PROOF_REPLAYED)


def test_a_proof_at_all_workers_at_the_same_instant_counts_once(caller: Caller) -> None:
    """Many connections, two workers, one winner; and the registers hear one question."""
    proof, before = caller.proof(), questions_of(caller.province)

    with ThreadPoolExecutor(AT_ONCE) as threads:
        answers = list(threads.map(lambda _: caller.ask(proof=proof), range(AT_ONCE)))

    codes = sorted(answer.code for answer in answers)
    assert ["dpop_proof_replayed"] * (AT_ONCE - 1) + ["ok"] == codes
    assert 1 == questions_of(caller.province) - before


def test_a_form_needs_one_proof_and_not_one_for_each_register(province: Province) -> None:
    """Prefill asks at the same door; its proof is good for its own request alone."""
    path = "/v1/prefill/1.013225"
    token, binding = bound_to(province, CLIENT, KEY)
    body = json.dumps({"subject": ANH, "dossier": PERMIT["dossier"]}).encode()
    proof = binding.proof("POST", province.gateway + path, token)
    named = {**JSON, "Authorization": f"DPoP {token}", "DPoP": proof}

    first, again = (send(province.gateway, "POST", path, body, named) for _ in range(2))

    assert 200 == first.status, first.body
    assert (401, "dpop_proof_replayed") == (again.status, again.code)


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, Code.CERTIFICATE_MISSING),
        ({"Client-Cert": ":MAIFAA==:"}, Code.CERTIFICATE_MISMATCH),
        ({"Client-Cert": "noise"}, Code.CERTIFICATE_MISSING),
    ],
)
def test_a_token_of_a_certificate_is_worth_nothing_without_it(
    province: Province, headers: dict[str, str], code: Code
) -> None:
    """RFC 8705 section 3."""
    token = system_of(province, CLIENT).token()
    named = {**JSON, "Authorization": f"Bearer {token}", **headers}

    expect(province, send(province.gateway, "POST", PATH, BODY, named), code)


def test_a_refusal_on_the_way_names_whoever_proved_who_they_are(caller: Caller) -> None:
    """A body that cannot be read is recorded with its system, once, by its proof."""
    named = {**JSON, "Authorization": f"DPoP {caller.token}", "DPoP": caller.proof()}

    answer = send(caller.province.gateway, "POST", PATH, b"{", named)

    (leaf,) = leaves_of(caller.province, exchange_of(answer))
    assert (CLIENT, ["malformed_json"]) == (leaf["actor"]["client"], leaf["basis"]["reasons"])


def _as_everybody_knows_it(province: Province) -> bytes:
    """Return the gateway's public key as PEM, as it stands in many a configuration."""
    jwk = published_key(province)
    point = b"\x04" + b"".join(decoded(jwk[name]) or b"" for name in ("x", "y"))
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def _kid(caller: Caller) -> str:
    return published_key(caller.province)["kid"]


def _header(**changes: Any) -> dict[str, Any]:
    plain = {"typ": "at+jwt", "alg": "ES256", "kid": "k"} | changes
    return {name: value for name, value in plain.items() if value is not GONE}


def _claims(caller: Caller, **changes: Any) -> dict[str, Any]:
    return claims_of(caller.token) | changes


def _forged(caller: Caller, **header: Any) -> str:
    return forged(_header(**({"kid": _kid(caller)} | header)), _claims(caller), OTHER)


# By the claims that only we can sign: what our own key would have to have said.
TOKENS: dict[str, tuple[Callable[[Caller], str], Code]] = {
    "nobody signed": (
        lambda c: unsigned(_header(alg="none", kid=_kid(c)), _claims(c)), Code.TOKEN_INVALID
    ),
    "nobody signed, in capitals": (
        lambda c: unsigned(_header(alg="NONE", kid=_kid(c)), _claims(c)), Code.TOKEN_INVALID
    ),
    "the public key as a secret": (
        lambda c: sealed_with(
            _as_everybody_knows_it(c.province), _header(alg="HS256", kid=_kid(c)), _claims(c)
        ),
        Code.TOKEN_INVALID,
    ),
    "another key under our name": (_forged, Code.TOKEN_INVALID),
    "a key of its own": (lambda c: _forged(c, jwk=OTHER.jwk), Code.TOKEN_INVALID),
    "a key of its own alone": (lambda c: _forged(c, jwk=OTHER.jwk, kid=GONE), Code.TOKEN_INVALID),
    "a key elsewhere": (lambda c: _forged(c, jku="http://127.0.0.1:9/jwks"), Code.TOKEN_INVALID),
    "a certificate": (lambda c: _forged(c, x5c=["MAA="]), Code.TOKEN_INVALID),
    "a file as the key's name": (lambda c: _forged(c, kid="../../../dev/null"), Code.TOKEN_INVALID),
    "a question as the key's name": (lambda c: _forged(c, kid="' OR 1=1 --"), Code.TOKEN_INVALID),
    "a list as the key's name": (lambda c: _forged(c, kid=["a"]), Code.TOKEN_INVALID),
    "no name of a key": (lambda c: _forged(c, kid=GONE), Code.TOKEN_INVALID),
    "critical members": (lambda c: _forged(c, crit=["exp"]), Code.TOKEN_INVALID),
    "two algorithms": (
        lambda c: forged(
            f'{{"alg":"none","alg":"ES256","typ":"at+jwt","kid":"{_kid(c)}"}}', _claims(c), OTHER
        ),
        Code.TOKEN_INVALID,
    ),
    "our key, as another kind": (
        lambda c: resigned(c.province, _claims(c), typ="JWT"), Code.TOKEN_INVALID
    ),
    "our key, as an assertion": (
        lambda c: resigned(c.province, _claims(c), typ="client-authentication+jwt"),
        Code.TOKEN_INVALID,
    ),
    "our key, over": (
        lambda c: resigned(
            c.province, _claims(c, iat=c_iat(c) - 900, exp=c_iat(c) - 600)
        ),
        Code.TOKEN_EXPIRED,
    ),
    "our key, to come": (
        lambda c: resigned(c.province, _claims(c, iat=c_iat(c) + 3600, exp=c_iat(c) + 3900)),
        Code.TOKEN_INVALID,
    ),
    "our key, for ever": (
        lambda c: resigned(c.province, _claims(c, exp=c_iat(c) + 86_400)), Code.TOKEN_INVALID
    ),
    "our key, for another service": (
        lambda c: resigned(c.province, _claims(c, aud="https://khac.example")), Code.TOKEN_INVALID
    ),
    "our key, from another issuer": (
        lambda c: resigned(c.province, _claims(c, iss="https://khac.example")), Code.TOKEN_INVALID
    ),
    "our key, bound to nothing": (
        lambda c: resigned(
            c.province, {n: v for n, v in claims_of(c.token).items() if n != "cnf"}
        ),
        Code.BINDING_REQUIRED,
    ),
    "our key, bound in a new way": (
        lambda c: resigned(c.province, _claims(c, cnf={"new": "x"})), Code.TOKEN_INVALID
    ),
    "our key, two systems": (
        lambda c: resigned(c.province, _claims(c, sub="nganhang-a")), Code.TOKEN_INVALID
    ),
}  # fmt: skip


def c_iat(caller: Caller) -> int:
    """Return when the caller's token was issued."""
    return int(claims_of(caller.token)["iat"])


@pytest.mark.usefixtures("silence")
@pytest.mark.parametrize(("token", "code"), TOKENS.values(), ids=TOKENS)
def test_a_token_that_we_did_not_issue_is_worth_nothing(
    caller: Caller, token: Callable[[Caller], str], code: Code
) -> None:
    """Each of them with a perfect proof by the key that it names."""
    text = token(caller)

    expect(caller.province, caller.ask(token=text), code)


def test_a_token_that_was_signed_again_as_it_stands_is_good(caller: Caller) -> None:
    """The control of the table above: its helper lies only where it says so."""
    answer = caller.ask(token=resigned(caller.province, claims_of(caller.token)))

    assert 200 == answer.status, answer.body


def test_a_stolen_token_beside_the_thiefs_own_good_token_stays_stolen(province: Province) -> None:
    """Two systems, each with key and token; the one uses the other's."""
    ours, theirs = Caller(province, KEY), Caller(province, OTHER)
    proof = theirs.binding.proof("POST", theirs.url, ours.token)

    expect(province, theirs.ask(token=ours.token, proof=proof), Code.DPOP_KEY_MISMATCH)
    assert 200 == theirs.ask().status


def test_our_own_client_is_answered_by_either_binding(province: Province) -> None:
    """What `motlan call` and the demo send."""
    key = province.keys[CLIENT]
    question: dict[str, Any] = {"subject": ANH, **PERMIT}

    assert 200 == System(province.gateway, CLIENT, key).ask("dancu.xacthuc", question).status
    assert 200 == system_of(province, CLIENT).ask("dancu.xacthuc", question).status
