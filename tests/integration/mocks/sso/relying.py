"""The smallest relying party that the provider accepts, for tests of the provider alone."""

import base64
import hashlib
from time import time
from typing import Any
from urllib.parse import urlencode

import httpx

from auth.client import ClientKey, client_assertion, new_client_key
from mocks.sso.clients import ASSERTION
from tests.sso import CLIENT_ID, Provider, a_client, answered

CALLBACK = "http://127.0.0.1:9/callback"
AFTER = "http://127.0.0.1:9/after"
VERIFIER = "v" * 43


def challenge(verifier: str = VERIFIER) -> str:
    """Return the S256 challenge of *verifier* (RFC 7636 section 4.2)."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def wishes(**changed: str) -> dict[str, str]:
    """Return the parameters of a good authorization request; empty values leave one out."""
    usual = {
        "response_type": "code",
        "client_id": CLIENT_ID,
        "redirect_uri": CALLBACK,
        "scope": "openid profile",
        "state": "state-1",
        "nonce": "nonce-1",
        "code_challenge": challenge(),
        "code_challenge_method": "S256",
        "acr_values": "urn:motlan:acr:2",
    }
    return {name: value for name, value in {**usual, **changed}.items() if value}


class Party:
    """A relying party at one realm of *provider*."""

    def __init__(self, provider: Provider, realm: str, key: ClientKey | None = None) -> None:
        self.provider = provider
        self.issuer = provider.issuer(realm)
        self.key = key or new_client_key()
        self._http = httpx.AsyncClient(trust_env=False, timeout=30)

    async def close(self) -> None:
        """Let go of the connections."""
        await self._http.aclose()

    async def register(self, **members: Any) -> None:
        """Register at the provider."""
        usual = {"post_logout_redirect_uris": (AFTER,)}
        key = None if "jwks_uri" in members else self.key.public
        await self.provider.register(a_client(CALLBACK, key=key, **{**usual, **members}))

    def proof(self, *, later: float = 0, **changed: Any) -> dict[str, str]:
        """Return the form members that prove who we are, so much *later* than now."""
        members: dict[str, Any] = {
            "client_id": CLIENT_ID,
            "audience": self.issuer,
            "now": time() + later,
            **changed,
        }
        assertion = client_assertion(self.key.private, **members)
        return {"client_assertion_type": ASSERTION, "client_assertion": assertion}

    async def push(self, **changed: str) -> httpx.Response:
        """Push a request."""
        return await self.post("par", {**wishes(**changed), **self.proof()})

    async def begin(self, **changed: str) -> str:
        """Push a request and return the address for the browser."""
        pushed = (await self.push(**changed)).json()
        query = {"client_id": CLIENT_ID, "request_uri": pushed["request_uri"]}
        return f"{self.issuer}/authorize?{urlencode(query)}"

    async def code(self, persona: str, *, level: int | None = None, **changed: str) -> str:
        """Sign *persona* on and return the code."""
        where = await self.provider.walk(await self.begin(**changed), persona, level=level)
        return answered(where)["code"]

    async def redeem(self, code: str, /, **changed: str) -> httpx.Response:
        """Exchange *code* for tokens."""
        usual = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": CALLBACK,
            "code_verifier": VERIFIER,
        }
        return await self.post("token", {**usual, **self.proof(), **changed})

    async def post(self, endpoint: str, form: dict[str, str]) -> httpx.Response:
        """Post *form* to an endpoint of the realm."""
        return await self._http.post(f"{self.issuer}/{endpoint}", data=form)

    async def get(self, endpoint: str, **members: Any) -> httpx.Response:
        """Get an endpoint of the realm."""
        return await self._http.get(f"{self.issuer}/{endpoint}", **members)
