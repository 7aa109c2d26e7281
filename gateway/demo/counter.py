"""An agency's system that signs its own officials on, for tokens that the gateway exchanges."""

import base64
import hashlib
import secrets
import time
from urllib.parse import parse_qs, urlencode, urlsplit

from auth.assertions import ASSERTION_TYPE
from auth.client import ClientKey, client_assertion
from gateway.calling.wire import send
from gateway.demo.browsing import FORM, Browser


class NotSignedOn(Exception):
    """The official did not come back with an answer of the provider; says what was wrong."""


class Counter:
    """The system as a client of the staff provider (code flow with PKCE, pushed requests)."""

    def __init__(
        self, issuer: str, client_id: str, key: ClientKey, *, callback: str, resource: str
    ) -> None:
        """Sign officials on at *issuer*.

        Args:
            issuer: of the staff provider.
            client_id: the system, there and at the gateway.
            key: of the system.
            callback: registered at the provider.
            resource: the gateway's issuer, which the official's token is meant for (RFC 8707).
        """
        self._issuer = issuer
        self._client_id = client_id
        self._key = key
        self._callback = callback
        self._resource = resource

    def token_of(self, browser: Browser, *, level: int = 1) -> str:
        """Return the access token of the official who sits at *browser*.

        Raises:
            NotSignedOn: the provider refused, or its answer is not to this attempt.
            Unanswered: it is not there.
        """
        verifier, state = secrets.token_urlsafe(32), secrets.token_urlsafe(16)
        request = self._pushed(verifier, state, level)
        asked = urlencode({"client_id": self._client_id, "request_uri": request})
        browser.visit(f"{self._issuer}/authorize?{asked}", until=self._callback)
        given = {name: found[0] for name, found in parse_qs(urlsplit(browser.at).query).items()}
        if (given.get("state"), given.get("iss")) != (state, self._issuer):
            raise NotSignedOn("state or iss")
        return self._redeemed(given.get("code", ""), verifier)

    def _pushed(self, verifier: str, state: str, level: int) -> str:
        challenge = hashlib.sha256(verifier.encode()).digest()
        said = self._posted(
            "par",
            response_type="code",
            redirect_uri=self._callback,
            scope="openid",
            state=state,
            nonce=secrets.token_urlsafe(16),
            code_challenge=base64.urlsafe_b64encode(challenge).rstrip(b"=").decode(),
            code_challenge_method="S256",
            acr_values=f"urn:motlan:acr:{level}",
            resource=self._resource,
        )
        return str(said["request_uri"])

    def _redeemed(self, code: str, verifier: str) -> str:
        said = self._posted(
            "token",
            grant_type="authorization_code",
            code=code,
            redirect_uri=self._callback,
            code_verifier=verifier,
        )
        return str(said["access_token"])

    def _posted(self, door: str, **members: str) -> dict[str, object]:
        """Post a form that proves the system, and return what the provider said.

        Raises:
            NotSignedOn: it refused.
        """
        where = urlsplit(f"{self._issuer}/{door}")
        proof = client_assertion(
            self._key.private, client_id=self._client_id, audience=self._issuer, now=time.time()
        )
        form = {
            "client_id": self._client_id,
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": proof,
            **members,
        }
        base = f"{where.scheme}://{where.netloc}"
        said = send(base, "POST", where.path, urlencode(form).encode(), {"Content-Type": FORM})
        if not said.fine:
            raise NotSignedOn(str(said.body.get("error", said.status)))
        return said.body
