"""The token endpoint's neighbours: a system asks about a token of its own, or takes one back."""

import asyncio
from collections.abc import Mapping
from typing import Any, Protocol

from auth import replies
from auth.claims import AccessClaims
from auth.delegation.admission import PATIENCE_S, Admission, named
from auth.delegation.inspecting import INACTIVE, TokenKeys, described, is_of, opened, token_of
from auth.forms import Post
from auth.identity import Identity
from auth.replies import Declined, TokenReply, answering
from auth.server import Caller


class TakenBack(Protocol):
    """What is asked of the rows of revoked tokens."""

    async def revoke(self, token_id: str, client_id: str, expires_at: float) -> None:
        """Take a token back, for all workers once this returns."""
        ...

    async def is_revoked(self, token_id: str) -> bool:
        """Say whether a token was taken back."""
        ...


class Officials(Protocol):
    """What is asked of the accounts."""

    async def stands(self, account_id: str) -> bool:
        """Say whether the account of an official still lets act."""
        ...


class Neighbours:
    """Answers introspection and revocation requests.

    Args:
        identity: who we are.
        keys: the ring that our tokens are verified with.
        admission: proves the system that asks.
        taken: tokens that were taken back.
        officials: the accounts of officials.
    """

    def __init__(
        self,
        *,
        identity: Identity,
        keys: TokenKeys,
        admission: Admission,
        taken: TakenBack,
        officials: Officials,
    ) -> None:
        self._identity = identity
        self._keys = keys
        self._admission = admission
        self._taken = taken
        self._officials = officials

    async def introspect(self, post: Post) -> TokenReply:
        """Say whether a token of the asking system would be accepted now, and what it says.

        Every refusal is an answer, nothing is raised.  Whatever is no live token of the asking
        system is `active: false` and no more (RFC 7662 section 2.2).
        """
        return await answering(self._introspected(post))

    async def revoke(self, post: Post) -> TokenReply:
        """Take a token of the asking system back; with the 200 it is so for all workers.

        Every refusal is an answer, nothing is raised.  A text that is no live token of ours is a
        success (RFC 7009 section 2.2): there is nothing left to take back.
        """
        return await answering(self._revoked(post))

    async def _introspected(self, post: Post) -> TokenReply:
        caller, said = await self._about(post, "introspection")
        is_good = said is not None and is_of(said, caller.system) and await self._is_live(said)
        body = described(said) if said is not None and is_good else INACTIVE
        return _answer(caller, body)

    async def _revoked(self, post: Post) -> TokenReply:
        # Another worker's clock may be behind: what is over here may still live there.
        caller, said = await self._about(post, "revocation", late_s=self._identity.ahead_s)
        if said is not None and said.client_id != caller.get_client_id():
            raise Declined(replies.FOREIGN)
        if said is not None:
            async with asyncio.timeout(PATIENCE_S):
                await self._taken.revoke(said.jti, said.client_id, said.exp)
        return _answer(caller, {}, event=None if said is None else "token.revoked")

    async def _about(
        self, post: Post, endpoint: str, *, late_s: float = 0
    ) -> tuple[Caller, AccessClaims | None]:
        """Return who asks, proven and counted, and what the token in question says."""
        asked = named(post)
        token = token_of(asked.form)
        caller = await self._admission.caller(post, asked, endpoint)
        await self._admission.count(caller)
        said = opened(token, self._keys, self._identity, caller.ask.now, late_s=late_s)
        return caller, said

    async def _is_live(self, said: AccessClaims) -> bool:
        async with asyncio.timeout(PATIENCE_S):
            if await self._taken.is_revoked(said.jti):
                return False
            return said.act is None or await self._officials.stands(said.act.sub)


def _answer(caller: Caller, body: Mapping[str, Any], *, event: str | None = None) -> TokenReply:
    return TokenReply(status=200, body=dict(body), client_id=caller.get_client_id(), event=event)
