"""What we say to one provider: the request, the code, the question for more claims."""

import secrets
from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import TypeVar
from urllib.parse import urlencode

import msgspec
from msgspec import Struct

from auth.assertions import ASSERTION_TYPE
from auth.client import ClientKey, dpop_proof, new_client_key
from auth.jose import SigningKey, signed
from auth.outbound import Fetched, Outbound, Unreachable
from auth.signon.attempts import Attempt
from auth.signon.members import NotUnderstood, members, shaped
from auth.signon.metadata import Metadata
from auth.signon.providers import Provider
from auth.signon.refusals import Ending, SignOnRefused

Shape = TypeVar("Shape")

ASSERTION_LIFE_S = 60
LONGEST_REQUEST_URI = 2_048  # characters: it goes through the browser's address
LONGEST_TOKEN = 16_384
MOST_UNDER_WAY = 64  # questions of one worker: a silent provider must not hold every connection
BEHIND_S = 10  # an assertion is dated back: the provider's clock may be behind ours
_OK, _CREATED, _BUSY, _FAILED = 200, 201, 429, 500

_REFUSAL = "the provider said no"
_REFUSALS = {  # RFC 6749 section 5.2: what an operator has to put right
    "invalid_client": "the provider does not take our proof: compare clocks, and our keys there",
    "invalid_grant": "the provider does not take the code: it was used, too old, or not ours",
    "invalid_request": "the provider does not take our request",
    "invalid_scope": "the provider does not know a scope of the settings",
    "unauthorized_client": "the provider does not allow this client to ask",
}


class Tokens(Struct, frozen=True, kw_only=True):
    """What a code was exchanged for; `repr` shows none of it."""

    id_token: str
    access_token: str | None = None
    token_type: str = "Bearer"  # noqa: S105 - a scheme, not a secret
    key: ClientKey | None = None  # what a bound access token is bound to

    def __repr__(self) -> str:
        """Show nothing: each member is a key to something."""
        return "Tokens()"


class _Answer(Struct, frozen=True, kw_only=True):
    id_token: str
    access_token: str | None = None
    token_type: str = "Bearer"  # noqa: S105 - a scheme, not a secret


class _Pushed(Struct, frozen=True, kw_only=True):
    request_uri: str


class _Error(Struct, frozen=True, kw_only=True):
    error: str


class Conversation:
    """Speaks to one provider as its registered client.

    Args:
        provider: who it is, and who we are to it.
        outbound: the way to it.
        key: what signs our assertions at an instant.
    """

    def __init__(
        self, provider: Provider, outbound: Outbound, key: Callable[[datetime], SigningKey]
    ) -> None:
        self.provider = provider
        self._outbound = outbound
        self._key = key
        self._under_way = 0
        self._nonce: str | None = None  # what the provider wants in our next proof

    async def address(self, metadata: Metadata, attempt: Attempt, now: datetime) -> str:
        """Return where the browser goes: the request itself is pushed when the provider offers it.

        Raises:
            SignOnRefused: the provider did not answer, or said no.

        Source: OpenID Core 3.1.2.1, RFC 7636, RFC 9126.
        """
        request = self._request(attempt)
        pushing = metadata.pushed_authorization_request_endpoint
        if pushing is not None:
            form = {**request, **self._proof(metadata, now)}
            reply = await self._asked(self._outbound.post(pushing, form=form))
            pushed = self._read(reply, _Pushed, _CREATED)
            if not _carried(pushed.request_uri, LONGEST_REQUEST_URI):
                raise SignOnRefused(Ending.PROVIDER_UNTRUSTED, "the pushed request has no name")
            request = {"client_id": self.provider.client_id, "request_uri": pushed.request_uri}
        end = metadata.authorization_endpoint
        return f"{end}{'&' if '?' in end else '?'}{urlencode(request)}"

    async def tokens(
        self, metadata: Metadata, code: str, attempt: Attempt, now: datetime
    ) -> Tokens:
        """Exchange *code*; the provider gets our proof, the verifier, and a key when it binds.

        Raises:
            SignOnRefused: the provider did not answer, said no, or gave no ID token.
        """
        key = new_client_key() if metadata.binds_tokens else None
        reply = await self._exchanged(metadata, code, attempt, key, now)
        if key is not None and reply.status != _OK and _wants_nonce(reply):
            reply = await self._exchanged(metadata, code, attempt, key, now)
        answer = self._read(reply, _Answer, _OK)
        if answer.access_token is not None and not _carried(answer.access_token, LONGEST_TOKEN):
            raise SignOnRefused(Ending.PROVIDER_UNTRUSTED, "the access token is none")
        return Tokens(
            id_token=answer.id_token,
            access_token=answer.access_token,
            token_type=answer.token_type,
            key=key,
        )

    async def userinfo(
        self, metadata: Metadata, tokens: Tokens, sub: str, now: datetime
    ) -> dict[str, object]:
        """Return what the provider says beside the ID token; nothing when it has no such place.

        Raises:
            SignOnRefused: it did not answer, said no, or speaks of somebody else.

        Source: OpenID Core 5.3; without the comparison of `sub` a token could be swapped (5.3.2).
        """
        place = metadata.userinfo_endpoint
        if place is None or tokens.access_token is None:
            return {}
        reply = await self._told(place, tokens, tokens.access_token, now)
        if tokens.key is not None and reply.status != _OK and "dpop-nonce" in reply.headers:
            self._nonce = reply.headers["dpop-nonce"]
            reply = await self._told(place, tokens, tokens.access_token, now)
        found = self._read(reply, dict[str, object], _OK)
        if found.get("sub") != sub:
            raise SignOnRefused(Ending.PROVIDER_UNTRUSTED, "userinfo speaks of somebody else")
        return found

    def _request(self, attempt: Attempt) -> dict[str, str]:
        provider = self.provider
        oldest = provider.oldest_s if attempt.max_age is None else attempt.max_age
        request = {
            "response_type": "code",
            "client_id": provider.client_id,
            "redirect_uri": provider.redirect_uri,
            "scope": " ".join(provider.scopes),
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": attempt.challenge,
            "code_challenge_method": "S256",
            "acr_values": " ".join(provider.acr_values(attempt.level)),
            "max_age": str(oldest),
            # A step-up is asked for by somebody who is signed on already: he shall prove it anew.
            "prompt": "" if attempt.max_age is None else "login",
        }
        return {name: value for name, value in request.items() if value}

    async def _exchanged(
        self,
        metadata: Metadata,
        code: str,
        attempt: Attempt,
        key: ClientKey | None,
        now: datetime,
    ) -> Fetched:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.provider.redirect_uri,
            "code_verifier": attempt.verifier,
            **self._proof(metadata, now),
        }
        headers = {} if key is None else self._bound(key, "POST", metadata.token_endpoint, now)
        asking = self._outbound.post(metadata.token_endpoint, form=form, headers=headers)
        reply = await self._asked(asking)
        self._nonce = reply.headers.get("dpop-nonce", self._nonce)
        return reply

    async def _told(self, place: str, tokens: Tokens, token: str, now: datetime) -> Fetched:
        headers = {"Accept": "application/json", "Authorization": f"Bearer {token}"}
        if tokens.key is not None and tokens.token_type.lower() == "dpop":
            headers["Authorization"] = f"DPoP {token}"
            headers |= self._bound(tokens.key, "GET", place, now, token)
        return await self._asked(self._outbound.get(place, headers=headers))

    def _proof(self, metadata: Metadata, now: datetime) -> dict[str, str]:
        """Return the members that prove us (RFC 7523); the audience is the issuer, by FAPI 2.0."""
        made_at = int(now.timestamp()) - BEHIND_S
        claims = {
            "iss": self.provider.client_id,
            "sub": self.provider.client_id,
            "aud": metadata.issuer,
            "iat": made_at,
            "exp": made_at + ASSERTION_LIFE_S,
            "jti": secrets.token_urlsafe(16),
        }
        assertion = signed(msgspec.json.encode(claims), self._key(now), typ="JWT")
        return {
            "client_id": self.provider.client_id,
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": assertion,
        }

    def _bound(
        self, key: ClientKey, method: str, url: str, now: datetime, token: str | None = None
    ) -> dict[str, str]:
        at = now.timestamp()
        proof = dpop_proof(
            key.private, method=method, url=url, now=at, token=token, nonce=self._nonce
        )
        return {"DPoP": proof}

    async def _asked(self, asking: Coroutine[object, object, Fetched]) -> Fetched:
        if self._under_way >= MOST_UNDER_WAY:
            asking.close()
            raise SignOnRefused(Ending.PROVIDER_UNAVAILABLE, "too many wait for it already")
        self._under_way += 1
        try:
            reply = await asking
        except Unreachable as away:
            raise SignOnRefused(Ending.PROVIDER_UNAVAILABLE, away.fact) from None
        finally:
            self._under_way -= 1
        if reply.status >= _FAILED or reply.status == _BUSY:
            raise SignOnRefused(Ending.PROVIDER_UNAVAILABLE, "the provider failed")
        return reply

    def _read(self, reply: Fetched, shape: type[Shape], expected: int) -> Shape:
        if reply.status != expected:
            raise SignOnRefused(Ending.PROVIDER_REFUSED, _REFUSALS.get(_word(reply), _REFUSAL))
        try:
            return shaped(members(reply.body), shape)
        except NotUnderstood:
            raise SignOnRefused(
                Ending.PROVIDER_UNTRUSTED, "the provider's answer is not in the agreed form"
            ) from None


def _carried(text: str, longest: int) -> bool:
    """Tell whether *text* can travel in an address or a header."""
    return 1 <= len(text) <= longest and text.isascii() and text.isprintable()


def _word(reply: Fetched) -> str:
    """Return the error word of a refusal; compared with known ones, and never passed on."""
    try:
        return shaped(members(reply.body), _Error).error
    except NotUnderstood:
        return ""


def _wants_nonce(reply: Fetched) -> bool:
    """Tell whether a proof lacked the provider's nonce (RFC 9449 section 8)."""
    return _word(reply) == "use_dpop_nonce" and "dpop-nonce" in reply.headers
