"""The machine token endpoint: proves a system, remembers its assertion, then lets a token leave."""

import asyncio
import secrets
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Literal, Protocol

import msgspec

from auth import forms, replies
from auth.assertions import ASSERTION_TYPE, Limits, Proof, named_client, named_key
from auth.claims import TOKEN_TYPE, AccessClaims
from auth.errors import (
    AssertionRefused,
    FormRefused,
    KeyRingUnusable,
    RegistrationsUnavailable,
    SystemUnknown,
)
from auth.identity import Identity
from auth.jose import SigningKey, signed
from auth.replies import TokenReply, refusal
from auth.server import Ask, Issued, MachineServer
from auth.systems import System

PATIENCE_S = 2.0  # for each question to the database
_TIDY_EVERY_S = 60
# Workers' clocks differ: an assertion that one of them would still take must not be forgotten.
_REMEMBERED_AFTER_EXPIRY = timedelta(hours=1)


class Rows(Protocol):
    """What the endpoint asks of the database; each question is a transaction of its own."""

    async def find(self, client_id: str, *, kid: str | None = None) -> System:
        """Return the newest version of a system, that key fetched if need be; or SystemUnknown."""
        ...

    async def remember(self, client_id: str, jti: str, expires_at: float) -> bool:
        """Say, once it is committed, whether this is the first use of an assertion."""
        ...

    async def forget(self, before: datetime) -> int:
        """Drop assertions that expired before *before*."""
        ...


class SigningKeys(Protocol):
    """What the endpoint asks of the key ring."""

    def signing(self, now: datetime) -> SigningKey:
        """Return the key that signs at *now*, or raise KeyRingUnusable."""
        ...


class Post(msgspec.Struct, frozen=True, kw_only=True):
    """A token request as it came over the wire."""

    body: bytes
    content_type: str
    authorization: str | None = None
    address: str | None = None  # IP address of the client; None when it is not known


class Issuer:
    """Answers token requests.

    Args:
        identity: who we are.
        keys: the ring of signing keys.
        rows: registrations and used assertions.
        agreements: codes of the agreements that a client may use at this moment.
        clock: the present instant.
    """

    def __init__(
        self,
        identity: Identity,
        keys: SigningKeys,
        rows: Rows,
        agreements: Callable[[str], frozenset[str]],
        clock: Callable[[], datetime],
    ) -> None:
        self._identity = identity
        self._keys = keys
        self._rows = rows
        self._agreements = agreements
        self._clock = clock
        self._tidied_at = float("-inf")
        self._server = MachineServer(
            endpoint=identity.token_endpoint,
            audience=identity.audience,
            limits=Limits(
                audiences=(identity.issuer, identity.token_endpoint),
                life_s=identity.assertion_life_s,
                ahead_s=identity.ahead_s,
            ),
            life_s=identity.token_life_s,
            make=self._make,
        )

    async def token(self, post: Post) -> TokenReply:
        """Answer one request; every refusal is an answer, nothing is raised.

        A token leaves only after its assertion has been remembered, so that an assertion counts
        once over all workers.  When the database does not say so in time, nobody gets a token.
        """
        try:
            return await self._answer(post)
        except FormRefused as refused:
            return refusal(replies.MALFORMED, fact=refused.fact)
        except AssertionRefused as refused:
            return refusal(replies.UNPROVEN, fact=refused.fact)
        except (RegistrationsUnavailable, TimeoutError):
            return refusal(replies.UNAVAILABLE)
        except KeyRingUnusable:
            return refusal(replies.KEYLESS)

    async def _answer(self, post: Post) -> TokenReply:
        form, resources = forms.read(post.body, post.content_type)
        _demand_one_credential(form.get("client_assertion"), form.get("client_secret"), post)
        if "grant_type" not in form:
            raise FormRefused("grant_type is missing")
        if "client_assertion" not in form:
            return refusal(replies.UNPROVEN, basic=_basic(post.authorization))
        if form.get("client_assertion_type") != ASSERTION_TYPE:
            raise AssertionRefused("client_assertion_type is not the one of RFC 7523")
        client_id = named_client(form["client_assertion"])
        if form.get("client_id", client_id) != client_id:
            raise AssertionRefused("client_id names another client than the assertion")
        ask = Ask(
            form=form,
            resources=resources,
            address=post.address,
            system=await self._found(client_id, named_key(form["client_assertion"])),
            agreements=self._agreements(client_id),
            now=self._clock().timestamp(),
        )
        # A thread, because Authlib is synchronous: about a millisecond, mostly two signatures.
        reply, proof = await asyncio.to_thread(self._server.answer, ask)
        return reply if proof is None else await self._once(reply, proof, ask.now)

    async def _once(self, reply: TokenReply, proof: Proof, now: float) -> TokenReply:
        """Let *reply* leave when the assertion behind it had not been used before."""
        async with asyncio.timeout(PATIENCE_S):
            first = await self._rows.remember(proof.client_id, proof.jti, proof.expires_at)
        if not first:
            return refusal(replies.REPLAYED, client_id=proof.client_id)
        await self._tidy(now)
        return msgspec.structs.replace(reply, client_id=proof.client_id)

    async def _found(self, client_id: str, kid: str | None) -> System | None:
        try:
            async with asyncio.timeout(PATIENCE_S):
                return await self._rows.find(client_id, kid=kid)
        except SystemUnknown:
            return None

    async def _tidy(self, now: float) -> None:
        """Drop old assertions, once a minute, a batch at a time; no failure of it matters."""
        if now - self._tidied_at < _TIDY_EVERY_S:
            return
        self._tidied_at = now
        with suppress(RegistrationsUnavailable, TimeoutError):
            async with asyncio.timeout(PATIENCE_S):
                await self._rows.forget(self._clock() - _REMEMBERED_AFTER_EXPIRY)

    def _make(self, system: System, scope: str, now: float) -> Issued:
        """Make an access token (RFC 9068 section 2)."""
        environment: Literal["test", "live"] = "test" if system.registration.sandbox else "live"
        claims = AccessClaims(
            iss=self._identity.issuer,
            sub=system.client_id,
            aud=self._identity.audience,
            exp=int(now) + self._identity.token_life_s,
            iat=int(now),
            jti=secrets.token_urlsafe(16),
            client_id=system.client_id,
            scope=scope,
            agency=system.registration.agency,
            sys_rev=system.rev,
            env=environment,
        )
        key = self._keys.signing(self._clock())
        return Issued(signed(msgspec.json.encode(claims), key, typ=TOKEN_TYPE), claims.jti)


def _demand_one_credential(assertion: str | None, secret: str | None, post: Post) -> None:
    """Refuse two ways of authentication at once (RFC 6749 section 2.3)."""
    if sum(each is not None for each in (assertion, secret, post.authorization)) > 1:
        raise FormRefused("more than one way of client authentication")


def _basic(authorization: str | None) -> bool:
    return authorization is not None and authorization[:6].lower() == "basic "
