"""The machine token endpoint: proves a system and a key, judges the wish, lets a token leave."""

import asyncio
import secrets
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Literal, Protocol

import msgspec

from auth import replies
from auth.assertions import Limits
from auth.claims import TOKEN_TYPE, AccessClaims, actor_of
from auth.credentials.places import places, within
from auth.delegation.admission import PATIENCE_S, Admission, Named, Rows, Uses, named
from auth.delegation.binding import Binding, Bound
from auth.delegation.subjects import Acting, Subjects
from auth.errors import FormRefused, RegistrationsUnavailable
from auth.forms import EXCHANGE, Post
from auth.identity import Identity
from auth.jose import SigningKey, signed
from auth.narrowing.agreements import Reaches, Wanted, wanted
from auth.replies import Declined, TokenReply, answering, with_nonce
from auth.server import GRANTS, Caller, Issued, MachineServer, Terms
from auth.systems import System, SystemState


class SigningKeys(Protocol):
    """What the endpoint asks of the key ring."""

    def signing(self, now: datetime) -> SigningKey:
        """Return the key that signs at *now*, or raise KeyRingUnusable."""
        ...


class Parts(msgspec.Struct, frozen=True, kw_only=True):
    """What the token endpoint is made of."""

    keys: SigningKeys
    rows: Rows  # registrations
    uses: Uses  # which assertions were used
    reaches: Callable[[str], Reaches]  # what a client may use at this moment
    binding: Binding
    subjects: Subjects | None = None  # None: no staff provider is configured, nothing is exchanged
    clock: Callable[[], datetime]


class Issuer:
    """Answers token requests.

    Args:
        identity: who we are.
        parts: what it is made of.
    """

    def __init__(self, identity: Identity, parts: Parts) -> None:
        self._identity = identity
        self._parts = parts
        self._server = MachineServer(
            endpoint=identity.token_endpoint,
            limits=Limits(
                audiences=identity.assertion_audiences,
                life_s=identity.assertion_life_s,
                ahead_s=identity.ahead_s,
            ),
            make=self._make,
        )
        self.admission = Admission(self._server, parts.rows, parts.uses, parts.clock)

    async def token(self, post: Post) -> TokenReply:
        """Answer one request; every refusal is an answer, nothing is raised.

        A token leaves only after assertion and proof have been counted, so that each is good once
        over all workers.  When the database does not say so in time, nobody gets a token.
        """
        return await answering(self._answer(post))

    async def _answer(self, post: Post) -> TokenReply:
        asked = named(post)
        if "grant_type" not in asked.form:
            raise FormRefused("grant_type is missing")
        if asked.form["grant_type"] not in GRANTS:
            raise Declined(replies.GRANT)
        caller = await self.admission.caller(post, asked, "token")
        try:
            return await self._granted(post, asked, caller)
        except Declined as declined:
            declined.client_id = caller.get_client_id()
            raise

    async def _granted(self, post: Post, asked: Named, caller: Caller) -> TokenReply:
        bound = self._parts.binding.of(post, caller.ask.now)
        # First the proof: without a good nonce the assertion stays good for another try.
        async with asyncio.timeout(PATIENCE_S):
            nonce = await self._parts.binding.use(bound, caller.ask.now)
        await self.admission.count(caller)
        self._judge(caller.system, post.address, asked.targets)
        want = wanted(asked.form, self._parts.reaches(caller.get_client_id()))
        acting = await self._acting(asked, caller, bound)
        terms = self._terms(want, bound, acting, caller.ask.now)
        # A thread again: the other signature.
        reply = with_nonce(await asyncio.to_thread(self._server.grant, caller, terms), nonce)
        await self._note(caller)
        return reply

    async def _note(self, caller: Caller) -> None:
        """Keep when the system got a token; no failure of it matters."""
        with suppress(RegistrationsUnavailable, TimeoutError):
            async with asyncio.timeout(PATIENCE_S):
                await self._parts.rows.note(caller.get_client_id(), self._parts.clock())

    def _judge(self, system: System, address: str | None, targets: tuple[str, ...]) -> None:
        """Refuse a system that may have no token at all, or that wants one for others."""
        if system.state is not SystemState.ACTIVE:
            raise Declined(replies.INACTIVE)
        if not within(address, places(system.registration.address_ranges)):
            raise Declined(replies.ELSEWHERE)
        if any(target != self._identity.audience for target in targets):
            raise Declined(replies.TARGET)

    async def _acting(self, asked: Named, caller: Caller, bound: Bound) -> Acting | None:
        """Return the official behind an exchange; None for a system on its own."""
        if asked.form["grant_type"] != EXCHANGE:
            return None
        if self._parts.subjects is None:
            raise Declined(replies.GRANT, "no staff sign-on is configured")
        return await self._parts.subjects.acting(
            asked.form, caller.system, bound.confirmation, caller.ask.now
        )

    def _terms(self, want: Wanted, bound: Bound, acting: Acting | None, now: float) -> Terms:
        """Return the terms; a token lives no longer than the one it was exchanged for."""
        life_s = self._identity.token_life_s
        if acting is not None:
            life_s = min(life_s, int(acting.until - now))
        if acting is not None and life_s < 1:
            raise Declined(replies.SUBJECT, "the official's token is about to expire")
        return Terms(
            wanted=want,
            life_s=life_s,
            bound=bound.confirmation,
            official=None if acting is None else acting.official,
        )

    def _make(self, system: System, terms: Terms, now: float) -> Issued:
        """Make an access token (RFC 9068 section 2)."""
        environment: Literal["test", "live"] = "test" if system.registration.sandbox else "live"
        claims = AccessClaims(
            iss=self._identity.issuer,
            sub=system.client_id,
            aud=self._identity.audience,
            exp=int(now) + terms.life_s,
            iat=int(now),
            jti=secrets.token_urlsafe(16),
            client_id=system.client_id,
            scope=terms.wanted.scope,
            cnf=terms.bound,
            act=None if terms.official is None else actor_of(terms.official),
            authorization_details=terms.wanted.details,
            agency=system.registration.agency,
            sys_rev=system.rev,
            net=system.registration.address_ranges,
            env=environment,
        )
        key = self._parts.keys.signing(self._parts.clock())
        return Issued(signed(msgspec.json.encode(claims), key, typ=TOKEN_TYPE), claims.jti)
