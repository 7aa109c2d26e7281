"""The whole of a sign-on: begin, finish, and the two ways it ends at the provider."""

import asyncio
import secrets
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Protocol

from msgspec import Struct

from auth.errors import SignatureRefused
from auth.signon import attempts, id_tokens, logout
from auth.signon.attempts import Attempt
from auth.signon.callback import code_of
from auth.signon.conversation import Conversation, Tokens
from auth.signon.metadata import Metadata
from auth.signon.proven import proven
from auth.signon.providers import Provider
from auth.signon.published import Published
from auth.signon.refusals import Ending, SignOnRefused
from auth.signon.signed_on import LoggedOut, SignedOn
from auth.signon.tally import BEGUN, LOGGED_OUT, SIGNED_ON, Tally
from auth.signon.targets import own_path

TOTAL_S = 5.0  # for everything that one visit of a browser asks of a provider


class Begun(Struct, frozen=True):
    """Where the browser goes now, and the secret that it brings back in a cookie."""

    url: str  # answer 303 with it
    attempt: str  # 43 characters; a `__Host-` cookie, HttpOnly, SameSite=Lax, at most 600 s

    def __repr__(self) -> str:
        """Show neither: the address names the attempt, the secret opens it."""
        return "Begun()"


class Door(Struct, frozen=True, kw_only=True):
    """One provider, what it publishes, and how we speak to it."""

    provider: Provider
    published: Published
    conversation: Conversation


class Waiting(Protocol):
    """Where attempts wait for their browser."""

    async def keep(self, key: bytes, box: bytes, *, now: datetime, life_s: float) -> None:
        """Keep a sealed attempt."""
        ...

    async def take(self, key: bytes, now: datetime) -> bytes | None:
        """Take one out, once and for all; None when it is not there or too old."""
        ...


class Once(Protocol):
    """What remembers over all workers which ids were used."""

    async def claim(self, owner: str, jti: str, expires_at: float) -> bool:
        """Say whether this is the first use; an error counts as none."""
        ...


class SignOn:
    """Signs people on at the providers of the settings.

    Every method raises `SignOnRefused` and nothing else, except what *once* raises when it cannot
    answer.

    Args:
        doors: by the code of their provider.
        waiting: where attempts wait.
        once: which logout tokens were used.
    """

    def __init__(self, doors: Mapping[str, Door], waiting: Waiting, once: Once) -> None:
        self._doors = doors
        self._waiting = waiting
        self._once = once
        self.tally = Tally(doors)

    @property
    def providers(self) -> tuple[Provider, ...]:
        """Every provider, in the order of the settings."""
        return tuple(door.provider for door in self._doors.values())

    async def begin(
        self,
        provider: str,
        *,
        target: str,
        level: int = 1,
        max_age: int | None = None,
        now: datetime,
    ) -> Begun:
        """Open an attempt at *provider*.

        Args:
            provider: its code in the settings.
            target: path of ours to go to afterwards; another site's address is refused.
            level: 1 or 2; less is refused at the end.
            max_age: seconds since the person proved himself at most; given, the provider is told
                to ask anew (step-up).
            now: the present instant.
        """
        with self.tally.visit(provider, BEGUN):
            door = self._door(provider)
            attempt = attempts.begun(
                provider, target=own_path(target), level=level, max_age=max_age, now=now.timestamp()
            )
            async with _in_time():
                metadata = await door.published.metadata(now.timestamp())
                url = await door.conversation.address(metadata, attempt, now)
            secret = attempts.new_secret()
            key, box = attempts.row_key(secret), attempts.sealed(attempt, secret)
            await self._waiting.keep(key, box, now=now, life_s=attempts.LIFE_S)
            return Begun(url, secret)

    async def finish(
        self, query: Mapping[str, str], attempt: str, now: datetime, *, provider: str
    ) -> tuple[SignedOn, str]:
        """Judge what the browser brought back; an attempt is good once, whatever comes of it.

        Args:
            query: parameters of the callback, read by `auth.signon.callback.parameters`.
            attempt: the cookie; empty when there was none.
            now: the present instant.
            provider: its code in the callback's path.

        Returns:
            Who signed on, and the target of the attempt.
        """
        with self.tally.visit(provider, SIGNED_ON):
            door = self._door(provider)
            began = await self._taken(attempt, provider, now)
            async with _in_time():
                return await _finished(door, query, began, now), began.target

    async def backchannel(self, logout_token: str, now: datetime, *, provider: str) -> LoggedOut:
        """Judge a logout token (OpenID Connect Back-Channel Logout 1.0); it is good once.

        Args:
            logout_token: as it came.
            now: the present instant.
            provider: its code in the path; the token of another is refused, and stays good.
        """
        with self.tally.visit(provider, LOGGED_OUT):
            door = self._door(provider)
            payload = await _logout_payload(door, logout_token, now.timestamp())
            token = logout.judge(payload, door.provider, now.timestamp())
            owner = f"logout:{provider}"
            if not await self._once.claim(owner, token.jti, token.expires_at):
                raise logout.refused("the token was used before")
            return token.whose

    async def logout_url(
        self, provider: str, id_token: str, back_to: str, now: datetime
    ) -> str | None:
        """Return where the browser ends the provider's session; None when there is no such place.

        Args:
            provider: its code in the settings.
            id_token: of the sign-on that ends.
            back_to: path of ours to come back to; registered there as `post_logout_redirect_uri`.
            now: the present instant.
        """
        door = self._door(provider)
        back = door.provider.origin + own_path(back_to)
        async with _in_time():
            metadata = await door.published.metadata(now.timestamp())
        return logout.address(
            metadata,
            door.provider,
            id_token=id_token,
            back_to=back,
            state=secrets.token_urlsafe(16),
        )

    def _door(self, provider: str) -> Door:
        if provider not in self._doors:
            raise SignOnRefused(Ending.PROVIDER_UNKNOWN, "no provider has this code")
        return self._doors[provider]

    async def _taken(self, secret: str, provider: str, now: datetime) -> Attempt:
        box = await self._waiting.take(attempts.row_key(secret), now)
        attempt = None if box is None else attempts.opened(box, secret)
        if attempt is None or now.timestamp() >= attempt.begun_at + attempts.LIFE_S:
            raise SignOnRefused(
                Ending.ATTEMPT_UNKNOWN, "the attempt was used, or is over ten minutes old"
            )
        if attempt.provider != provider:
            raise SignOnRefused(
                Ending.PROVIDER_UNTRUSTED, "the answer came back on another provider's way"
            )
        return attempt


async def _finished(
    door: Door, query: Mapping[str, str], attempt: Attempt, now: datetime
) -> SignedOn:
    """Judge the answer, exchange its code, and judge what came for it, by the hour it came."""
    started = asyncio.get_running_loop().time()
    metadata = await door.published.metadata(now.timestamp())
    code = code_of(query, attempt, metadata)
    tokens = await door.conversation.tokens(metadata, code, attempt, now)
    later = now + timedelta(seconds=asyncio.get_running_loop().time() - started)
    return await _judged(door, metadata, tokens, attempt, later)


async def _logout_payload(door: Door, token: str, now: float) -> bytes:
    async with _in_time():
        try:
            return await door.published.verified(token, logout.TYPES, now)
        except SignatureRefused as refused:
            raise logout.refused(refused.fact) from None


async def _judged(
    door: Door, metadata: Metadata, tokens: Tokens, attempt: Attempt, now: datetime
) -> SignedOn:
    """Return whom *tokens* prove, with what userinfo adds when the ID token says too little."""
    provider, at = door.provider, now.timestamp()
    try:
        payload = await door.published.verified(tokens.id_token, id_tokens.TYPES, at)
    except SignatureRefused as refused:
        raise SignOnRefused(Ending.PROVIDER_UNTRUSTED, refused.fact) from None
    claims, found = id_tokens.read(payload)
    id_tokens.judge(claims, provider, attempt, access_token=tokens.access_token, now=at)
    if any(found.get(name) is None for name in provider.names.wanted(provider.realm)):
        more = await door.conversation.userinfo(metadata, tokens, claims.sub, now)
        found = {**more, **{name: value for name, value in found.items() if value is not None}}
    return proven(claims, found, provider, wanted=attempt.level, id_token=tokens.id_token)


@asynccontextmanager
async def _in_time() -> AsyncGenerator[None]:
    """Give the provider its five seconds, all questions together."""
    try:
        async with asyncio.timeout(TOTAL_S):
            yield
    except TimeoutError:
        raise SignOnRefused(Ending.PROVIDER_UNAVAILABLE, "no answer in time") from None
