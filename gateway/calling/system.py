"""An agency's system: gets its token with its own key, then asks."""

import json
import time
from collections.abc import Callable
from typing import TypeAlias

from msgspec import Struct

from auth.client import ClientKey, client_assertion, exchange_form, token_form
from auth.identity import TOKEN_PATH
from auth.jose import signing_key
from auth.signatures.messages import Asking
from auth.signatures.signing import signed_request
from gateway.calling.bindings import Binding, Proofs
from gateway.calling.wire import Answer, Json, send

RENEW_BEFORE_S = 30.0
FORM = "application/x-www-form-urlencoded"
Saying: TypeAlias = Callable[[], str]


class Held(Struct, frozen=True):
    """An access token, and how it is presented."""

    token: str
    scheme: str  # of the Authorization header
    until: float  # Unix seconds

    def __repr__(self) -> str:
        """Say until when, and nothing of the token."""
        return f"Held(until={self.until!r})"


NOTHING = Held("", "", 0.0)


class TokenRefused(Exception):
    """The gateway gave no token; `answer` is what it said."""

    def __init__(self, answer: Answer) -> None:
        said = answer.body
        super().__init__(str(said.get("code") or said.get("error") or answer.status))
        self.answer = answer


class System:
    """One registered system; its tokens are bound to what *binding* holds."""

    def __init__(
        self,
        gateway: str,
        client_id: str,
        key: ClientKey,
        *,
        binding: Binding | None = None,
        official: Saying | None = None,
        issuer: str | None = None,
        clock: Callable[[], float] = time.time,
        signs: bool = False,
    ) -> None:
        """Ask *gateway* as *client_id*.

        Args:
            gateway: scheme, host and port.
            client_id: the system.
            key: what is registered for it.
            binding: what tokens are bound to; proofs with *key* when left out.
            official: gives the staff provider's token of the official who acts through the system.
            issuer: who the gateway says it is, when that is not where it is reached.
            clock: Unix seconds.
            signs: sign each request with *key* (RFC 9421), for agreements that demand it.
        """
        self.client_id = client_id
        self.gateway = gateway
        self._key = key
        self._binding = binding or Proofs(key.private, clock)
        self._official = official
        self._issuer = issuer or gateway
        self._clock = clock
        self._signs = signs
        self.held = NOTHING  # of an earlier run, when somebody has kept it

    def token(self) -> str:
        """Return a live access token.

        Raises:
            TokenRefused: there is none to be had.
            Unanswered: nobody is there.
        """
        if self._clock() > self.held.until - RENEW_BEFORE_S:
            self._renew()
        return self.held.token

    def forget(self) -> None:
        """Get a new token before the next question."""
        self.held = NOTHING

    def headers(self, method: str, path: str) -> dict[str, str]:
        """Return what proves one request: good once, where the binding says so."""
        token = self.token()
        proof = self._binding.headers(method, self._url(path), token)
        return {"Authorization": f"{self.held.scheme} {token}", **proof}

    def ask(self, service: str, question: Json, **headers: str) -> Answer:
        """Ask one data service."""
        return self.post(f"/v1/data/{service}", question, **headers)

    def prefill(self, procedure: str, form: Json) -> Answer:
        """Have the form of a procedure filled."""
        return self.post(f"/v1/prefill/{procedure}", form)

    def post(self, path: str, body: Json, **headers: str) -> Answer:
        """Send *body* with this system's token."""
        content = json.dumps(body, ensure_ascii=False).encode()
        plain = {"Content-Type": "application/json"}
        return self.send("POST", path, content, plain | headers)

    def send(
        self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> Answer:
        """Send one request with the proof of it; once more when the gateway asks for its nonce."""

        def once() -> Answer:
            named = self.headers(method, path) | (headers or {})
            if self._signs:
                named |= self._signature(method, path, named, body)
            return send(self.gateway, method, path, body, named)

        return self._with_nonce(once)

    def _renew(self) -> None:
        answer = self._with_nonce(self._asked_for_token)
        said = answer.body
        # A token of another kind than asked for is not bound to what we hold: nobody may use it.
        kind = str(said.get("token_type", "")).lower()  # RFC 6749 section 5.1: case does not count
        if kind != self._binding.scheme.lower() or "access_token" not in said:
            raise TokenRefused(answer)
        until = self._clock() + float(said["expires_in"])
        self.held = Held(str(said["access_token"]), self._binding.scheme, until)

    def _asked_for_token(self) -> Answer:
        assertion = client_assertion(
            self._key.private, client_id=self.client_id, audience=self._issuer, now=self._clock()
        )
        official = self._official
        form = token_form(assertion) if official is None else exchange_form(assertion, official())
        proof = self._binding.headers("POST", self._url(TOKEN_PATH), None)
        return send(self.gateway, "POST", TOKEN_PATH, form, {"Content-Type": FORM, **proof})

    def _with_nonce(self, once: Callable[[], Answer]) -> Answer:
        answer = once()
        self._binding.learn(answer.headers)
        if answer.wants_nonce:
            answer = once()
            self._binding.learn(answer.headers)
        return answer

    def _signature(
        self, method: str, path: str, headers: dict[str, str], body: bytes
    ) -> dict[str, str]:
        lower = {name.lower(): value for name, value in headers.items()}
        asking = Asking(method=method, url=self._url(path), headers=lower, body=body)
        return signed_request(asking, signing_key(self._key.private), self._clock())

    def _url(self, path: str) -> str:
        return self._issuer + path
