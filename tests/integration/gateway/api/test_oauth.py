"""Sign-on over HTTP, as a client that we did not write would see it."""

import asyncio
import base64
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from time import time
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePublicNumbers,
)
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from litestar.routes import HTTPRoute

from auth.assertions import ASSERTION_TYPE
from auth.client import dpop_proof
from auth.forms import FORM
from auth.permissions import Permission
from tests.bound import HEADERS, THUMBPRINT
from tests.delegation_builders import HELD_KEY, TOKEN_ENDPOINT
from tests.oauth_servers import an_application, ask, fetch, register, serving
from tests.party_builders import AGREEMENTS, CLIENT, ISSUER, a_fresh_assertion, a_system


@pytest.fixture
def base(database_url: str, tmp_path: Path) -> Iterator[str]:
    """Give the URL of a worker without any registered system."""
    with serving(an_application(database_url, tmp_path / "keys")) as url:
        yield url


def decoded(segment: str) -> bytes:
    """Undo base64url without padding."""
    return base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))


def number(segment: str) -> int:
    """Read a coordinate."""
    return int.from_bytes(decoded(segment), "big")


def opened(token: str, jwks: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Verify a token with nothing but the published set and a library for curves."""
    head, body, signature = token.split(".")
    header = json.loads(decoded(head))
    (jwk,) = [each for each in jwks["keys"] if each["kid"] == header["kid"]]
    point = EllipticCurvePublicNumbers(number(jwk["x"]), number(jwk["y"]), SECP256R1())
    raw = decoded(signature)
    der = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    point.public_key().verify(der, f"{head}.{body}".encode(), ECDSA(SHA256()))
    return header, json.loads(decoded(body))


async def test_a_stranger_signs_on_and_verifies_by_the_documents_alone(
    base: str, database_url: str
) -> None:
    """RFC 8414 says where, RFC 7517 with which key, RFC 9068 what the token says."""
    await register(database_url, a_system())
    metadata = (await fetch(base, "/.well-known/oauth-authorization-server")).json()

    reply = await ask(base, a_fresh_assertion(now=time(), audience=metadata["issuer"]))
    jwks = (await fetch(base, metadata["jwks_uri"].removeprefix(ISSUER))).json()

    header, claims = opened(reply.json()["access_token"], jwks)
    assert ("at+jwt", "ES256") == (header["typ"], header["alg"])
    assert (ISSUER, ISSUER, CLIENT, CLIENT, " ".join(sorted(AGREEMENTS))) == (
        claims["iss"],
        claims["aud"],
        claims["sub"],
        claims["client_id"],
        claims["scope"],
    )
    assert 0 < claims["exp"] - claims["iat"] <= 300


async def test_a_token_is_nobody_elses_to_keep(base: str, database_url: str) -> None:
    """RFC 6749 section 5.1; the public documents may be kept for a while."""
    await register(database_url, a_system())

    reply = await ask(base)
    jwks = await fetch(base, "/oauth/jwks")

    assert ("no-store", "no-cache") == (reply.headers["cache-control"], reply.headers["pragma"])
    assert "application/json" == reply.headers["content-type"]
    assert "public, max-age=300" == jwks.headers["cache-control"]
    assert "application/jwk-set+json" == jwks.headers["content-type"]


async def test_an_unregistered_system_is_told_in_the_words_of_oauth(base: str) -> None:
    """Libraries read `error`, people read `code`."""
    reply = await ask(base)

    assert (401, "invalid_client", "client_assertion_invalid") == (
        reply.status_code,
        reply.json()["error"],
        reply.json()["code"],
    )


async def test_one_assertion_at_two_workers_wins_once(
    base: str, database_url: str, tmp_path: Path
) -> None:
    """Fault 27: both workers hear the same assertion at the same instant."""
    await register(database_url, a_system())
    with serving(an_application(database_url, tmp_path / "keys")) as other:
        for _ in range(5):
            assertion = a_fresh_assertion(now=time())
            replies = await asyncio.gather(
                *(ask(each, assertion) for each in (base, other, base, other))
            )

            assert [200, 401, 401, 401] == sorted(each.status_code for each in replies)
            codes = {each.json().get("code") for each in replies}
            assert {None, "client_assertion_replayed"} == codes


async def test_workers_share_their_keys(base: str, database_url: str, tmp_path: Path) -> None:
    """A token of one worker verifies with the set of another."""
    await register(database_url, a_system())
    with serving(an_application(database_url, tmp_path / "keys")) as other:
        token = (await ask(base)).json()["access_token"]
        jwks = (await fetch(other, "/oauth/jwks")).json()

    assert CLIENT == opened(token, jwks)[1]["client_id"]


async def test_a_long_body_is_not_read_to_its_end(base: str) -> None:
    """Nobody fills our memory before saying who they are."""
    async with httpx.AsyncClient(base_url=base, trust_env=False) as client:
        reply = await client.post(
            "/oauth/token",
            content=b"x" * 1_000_000,
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        )

    assert 413 == reply.status_code


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_the_token_endpoint_is_for_posts(base: str, method: str) -> None:
    """RFC 6749 section 3.2: an assertion in a URL would be in every log on the way."""
    async with httpx.AsyncClient(base_url=base, trust_env=False) as client:
        reply = await client.request(method, "/oauth/token")

    assert 405 == reply.status_code


def test_every_route_names_its_permission(tmp_path: Path) -> None:
    """A route without one does not start."""
    application = an_application("postgresql://127.0.0.1:1/none", tmp_path / "keys")
    routes = [each for each in application.routes if isinstance(each, HTTPRoute)]
    ours = [
        handler
        for route in routes
        for handler in route.route_handlers
        if route.path.startswith(("/oauth", "/.well-known"))
        and "OPTIONS" not in handler.http_methods
    ]

    assert 6 == len(ours)
    assert all(Permission.PUBLIC is handler.opt["permission"] for handler in ours)


async def posted(
    base: str, path: str, form: Mapping[str, str] | bytes, **headers: str
) -> httpx.Response:
    """Post a form to one of the three endpoints."""
    content = form if isinstance(form, bytes) else urlencode(form).encode()
    named = {"Content-Type": FORM} | headers
    async with httpx.AsyncClient(base_url=base, timeout=20, trust_env=False) as client:
        return await client.post(path, content=content, headers=named)


def signed_form(**members: str) -> dict[str, str]:
    """Return a form with a fresh assertion."""
    return {
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": a_fresh_assertion(now=time()),
        **members,
    }


async def test_a_token_is_bound_by_a_proof_with_our_nonce(base: str, database_url: str) -> None:
    """RFC 9449 section 8: a challenge, then a token that names the key."""
    await register(database_url, a_system())
    form = signed_form(grant_type="client_credentials")
    first = dpop_proof(HELD_KEY.private, method="POST", url=TOKEN_ENDPOINT, now=time())

    challenged = await posted(base, "/oauth/token", form, DPoP=first)
    nonce = challenged.headers["dpop-nonce"]
    proof = dpop_proof(HELD_KEY.private, method="POST", url=TOKEN_ENDPOINT, now=time(), nonce=nonce)
    granted = await posted(base, "/oauth/token", form, DPoP=proof)
    replayed = await posted(
        base, "/oauth/token", signed_form(grant_type="client_credentials"), DPoP=proof
    )

    jwks = (await fetch(base, "/oauth/jwks")).json()
    _, said = opened(granted.json()["access_token"], jwks)
    assert (400, "use_dpop_nonce") == (challenged.status_code, challenged.json()["error"])
    assert (200, "DPoP", {"jkt": HELD_KEY.public["kid"]}) == (
        granted.status_code,
        granted.json()["token_type"],
        said["cnf"],
    )
    assert (400, "dpop_proof_replayed") == (replayed.status_code, replayed.json()["code"])


async def test_a_certificate_counts_from_our_proxy_alone(base: str, database_url: str) -> None:
    """RFC 9440 from loopback, where these tests are their own proxy; `cnf` of RFC 8705."""
    await register(database_url, a_system(certificates=(THUMBPRINT,)))
    form = {"grant_type": "client_credentials", "client_id": CLIENT}

    granted = await posted(base, "/oauth/token", form, **HEADERS)
    without = await posted(base, "/oauth/token", form)

    jwks = (await fetch(base, "/oauth/jwks")).json()
    _, said = opened(granted.json()["access_token"], jwks)
    assert {"x5t#S256": THUMBPRINT} == said["cnf"]
    assert (401, "invalid_client") == (without.status_code, without.json()["error"])


async def test_a_token_is_looked_into_and_taken_back(base: str, database_url: str) -> None:
    """RFC 7662 and RFC 7009, at another worker than it came from or not: the rows are shared."""
    await register(database_url, a_system())
    token = (await ask(base)).json()["access_token"]

    before = await posted(base, "/oauth/introspect", signed_form(token=token))
    taken = await posted(base, "/oauth/revoke", signed_form(token=token, token_type_hint="x"))
    after = await posted(base, "/oauth/introspect", signed_form(token=token))
    nobody = await posted(base, "/oauth/introspect", {"token": token})

    assert (True, CLIENT) == (before.json()["active"], before.json()["client_id"])
    assert (200, {}, {"active": False}) == (taken.status_code, taken.json(), after.json())
    assert (401, "invalid_client") == (nobody.status_code, nobody.json()["error"])
    assert {"no-store"} == {each.headers["cache-control"] for each in (before, taken, after)}


HOSTILE: dict[str, tuple[bytes, str]] = {
    "a parameter twice": (b"grant_type=client_credentials&grant_type=x", "invalid_request"),
    "scope twice": (b"grant_type=client_credentials&scope=a&scope=b", "invalid_request"),
    "token twice": (b"token=a&token=b", "invalid_request"),
    "no form": (b"{}", "invalid_client"),
    "broken percent": (b"grant_type=%ff%fe", "invalid_request"),
    "not ASCII": ("grant_type=é".encode(), "invalid_request"),
    "forty members": (b"&".join(b"m%d=1" % n for n in range(40)), "invalid_request"),
    "a nul": (b"grant_type=client_credentials&client_id=%00", "invalid_client"),
    "nothing": (b"", "invalid_client"),
    "a password": (
        b"grant_type=password&username=a&password=b&client_id=motcua-xa",
        "invalid_client",
    ),
    "two credentials": (
        b"grant_type=client_credentials&client_assertion=a&client_secret=b",
        "invalid_request",
    ),
}


async def test_hostile_forms_end_in_words_of_oauth(base: str) -> None:
    """RFC 6749 section 5.2, at each endpoint: never a 500, never a word of theirs."""
    # What is missing first depends on the endpoint.
    missing = {"invalid_request", "invalid_client"}
    for path in ("/oauth/token", "/oauth/introspect", "/oauth/revoke"):
        for which, (body, error) in HOSTILE.items():
            reply = await posted(base, path, body)

            allowed = {error} if error == "invalid_request" else missing
            assert reply.status_code in {400, 401}, (path, which)
            assert reply.json()["error"] in allowed, (path, which)
            assert "no-store" == reply.headers["cache-control"]


async def test_only_forms_are_read(base: str) -> None:
    """RFC 6749 appendix B."""
    for kind in ("application/json", "multipart/form-data; boundary=x", "", "x/y"):
        headers = {"Content-Type": kind}
        reply = await posted(base, "/oauth/token", b"grant_type=client_credentials", **headers)

        assert (400, "invalid_request") == (reply.status_code, reply.json()["error"])


async def test_two_proofs_prove_nothing(base: str, database_url: str) -> None:
    """RFC 9449 section 4.3: not more than one header."""
    await register(database_url, a_system())
    proof = dpop_proof(HELD_KEY.private, method="POST", url=TOKEN_ENDPOINT, now=time())
    headers = [("Content-Type", FORM), ("DPoP", proof), ("DPoP", proof)]
    async with httpx.AsyncClient(base_url=base, timeout=20, trust_env=False) as client:
        content = urlencode(signed_form(grant_type="client_credentials")).encode()
        reply = await client.post("/oauth/token", content=content, headers=headers)

    assert (400, "invalid_dpop_proof") == (reply.status_code, reply.json()["error"])


async def test_the_resource_says_who_issues_its_tokens(base: str) -> None:
    """RFC 9728: a client that only knows the data route finds everything else."""
    resource = (await fetch(base, "/.well-known/oauth-protected-resource")).json()
    server = (await fetch(base, "/.well-known/oauth-authorization-server")).json()

    assert ISSUER == resource["resource"]
    assert [server["issuer"]] == resource["authorization_servers"]
    assert f"{ISSUER}/oauth/introspect" == server["introspection_endpoint"]
