"""Who asks at the token endpoint and its neighbours: one credential, proven, and counted once."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Protocol

from msgspec import Struct

from auth import forms, replies
from auth.assertions import ASSERTION_TYPE, Proof, is_client_id, named_client, named_key
from auth.errors import AssertionRefused, FormRefused, RegistrationsUnavailable, SystemUnknown
from auth.forms import Post
from auth.replies import Declined
from auth.server import Ask, Caller, MachineServer
from auth.systems import System

PATIENCE_S = 2.0  # for each question to the database
_TIDY_EVERY_S = 60
# Workers' clocks differ: an assertion that one of them would still take must not be forgotten.
_REMEMBERED_AFTER_EXPIRY = timedelta(hours=1)


class Rows(Protocol):
    """What admission asks of the database; each question is a transaction of its own."""

    async def find(self, client_id: str, *, kid: str | None = None) -> System:
        """Return the newest version of a system, that key fetched if need be; or SystemUnknown."""
        ...

    async def forget(self, before: datetime) -> int:
        """Drop assertions that expired before *before*."""
        ...

    async def note(self, client_id: str, at: datetime) -> None:
        """Note that a system got a token."""
        ...


class Uses(Protocol):
    """What admission asks of the memory of assertions."""

    async def remember(self, client_id: str, jti: str, expires_at: float) -> bool:
        """Say, once it is committed, whether this is the first use of an assertion."""
        ...


class Named(Struct, frozen=True, kw_only=True):
    """A request that was read: its members, its targets, and whom it names."""

    form: Mapping[str, str]
    targets: tuple[str, ...]
    client_id: str
    kid: str | None = None  # of the key that made the assertion, as it says


class Admission:
    """Proves systems by an assertion or a certificate.

    Args:
        server: judges the credential.
        rows: registrations.
        uses: which assertions were used.
        clock: the present instant.
    """

    def __init__(
        self, server: MachineServer, rows: Rows, uses: Uses, clock: Callable[[], datetime]
    ) -> None:
        self._server = server
        self._rows = rows
        self._uses = uses
        self._clock = clock
        self._tidied_at = float("-inf")

    async def caller(self, post: Post, named: Named, endpoint: str) -> Caller:
        """Return who *post* proves to come from; what it proved it by is not yet counted.

        Raises:
            Declined: UNPROVEN.
            RegistrationsUnavailable, TimeoutError: the database did not answer in time.
        """
        ask = Ask(
            form=named.form,
            system=await self._found(named.client_id, named.kid),
            certificate=post.certificate,
            now=self._clock().timestamp(),
            endpoint=endpoint,
        )
        # A thread, because Authlib is synchronous: about half a millisecond, mostly a signature.
        return await asyncio.to_thread(self._server.authenticate, ask)

    async def count(self, caller: Caller) -> None:
        """Use the caller's assertion up, over all workers, before anything rests on it.

        A certificate proves itself anew on each connection and is not counted.

        Raises:
            Declined: REPLAYED.
            RegistrationsUnavailable, TimeoutError: the database did not say so in time.
        """
        if caller.proof is not None and not await self._is_first(caller.proof):
            raise Declined(replies.REPLAYED)
        await self._tidy(caller.ask.now)

    async def _is_first(self, proof: Proof) -> bool:
        async with asyncio.timeout(PATIENCE_S):
            return await self._uses.remember(proof.client_id, proof.jti, proof.expires_at)

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


def named(post: Post) -> Named:
    """Read a request, and whom its one credential names: nothing of it is believed yet.

    Raises:
        FormRefused: not a form, or more than one credential (RFC 6749 section 2.3).
        AssertionRefused: the assertion is none, or names another client than `client_id`.
        Declined: UNPROVEN, no credential that counts here.
    """
    form, targets = forms.read(post.body, post.content_type)
    assertion = form.get("client_assertion")
    secrets = (assertion, form.get("client_secret"), post.authorization)
    if sum(each is not None for each in secrets) > 1:
        raise FormRefused("more than one way of client authentication")
    if assertion is None:
        return Named(form=form, targets=targets, client_id=_certified(form, post))
    if form.get("client_assertion_type") != ASSERTION_TYPE:
        raise AssertionRefused("client_assertion_type is not the one of RFC 7523")
    client_id = named_client(assertion)
    if form.get("client_id", client_id) != client_id:
        raise AssertionRefused("client_id names another client than the assertion")
    return Named(form=form, targets=targets, client_id=client_id, kid=named_key(assertion))


def _certified(form: Mapping[str, str], post: Post) -> str:
    """Return the client id of a request whose credential is its connection's certificate."""
    client_id = form.get("client_id", "")
    barred = "client_secret" in form or post.authorization is not None
    if post.certificate is None or barred or is_client_id(client_id) is None:
        raise Declined(replies.UNPROVEN, challenge=_basic(post.authorization))
    return client_id


def _basic(authorization: str | None) -> bool:
    return authorization is not None and authorization[:6].lower() == "basic "
