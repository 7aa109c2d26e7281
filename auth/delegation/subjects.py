"""Token exchange (RFC 8693): which official acts through a system, proven by the official's token.

The official's token comes from the staff provider, is meant for this gateway alone, and was issued
to this very system: to its client id there, or to the key that it proves to hold here.  Otherwise
any system that an official ever signed on at could act for the official everywhere.
"""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Protocol

from msgspec import Struct

from auth import replies
from auth.claims import Confirmation
from auth.delegation.admission import PATIENCE_S
from auth.errors import OfficialRefused, TokenExpired, TokenInvalid, TokenMissing
from auth.forms import ACCESS_TOKEN
from auth.principals import Official
from auth.replies import Declined
from auth.signon.refusals import SignOnRefused
from auth.signon.staff_tokens import StaffToken
from auth.systems import System


class Judges(Protocol):
    """What is asked of the staff providers' tokens."""

    async def judge(self, token: str, now: datetime) -> StaffToken:
        """Return what an official's access token proves; raise PartyError or SignOnRefused."""
        ...


class Officials(Protocol):
    """What is asked of the accounts."""

    async def admitted(self, token: StaffToken) -> str:
        """Return the id of the official's active account, or raise OfficialRefused."""
        ...


class Acting(Struct, frozen=True):
    """An official who may act through a system, and until when."""

    official: Official
    until: float  # Unix seconds


class Subjects:
    """Judges the official behind a token request.

    Args:
        tokens: of the staff providers in the settings.
        officials: the accounts of officials.
    """

    def __init__(self, tokens: Judges, officials: Officials) -> None:
        self._tokens = tokens
        self._officials = officials

    async def acting(
        self, form: Mapping[str, str], system: System, bound: Confirmation | None, now: float
    ) -> Acting:
        """Return the official whose token *form* presents.

        Args:
            form: members of the request.
            system: who presents it, proven.
            bound: the key or certificate that this request has proven.
            now: Unix seconds.

        Raises:
            Declined: SUBJECT, OFFICIAL, MALFORMED or PROVIDER.
            RegistrationsUnavailable, TimeoutError: the database did not answer in time.
        """
        demand_form(form)
        token = await self._judged(form["subject_token"], now)
        demand_same_client(token, system, bound)
        if token.level < 1:
            raise Declined(replies.OFFICIAL, "the strength of the sign-on is not one that counts")
        if token.agency != system.registration.agency:
            raise Declined(replies.OFFICIAL, "the official is of another agency than the system")
        try:
            async with asyncio.timeout(PATIENCE_S):
                account = await self._officials.admitted(token)
        except OfficialRefused as refused:
            raise Declined(replies.OFFICIAL, refused.fact) from None
        return Acting(_official(token, account), token.expires_at)

    async def _judged(self, text: str, now: float) -> StaffToken:
        try:
            return await self._tokens.judge(text, datetime.fromtimestamp(now, UTC))
        except (TokenMissing, TokenExpired) as over:
            raise Declined(replies.SUBJECT, str(over)) from None
        except TokenInvalid as refused:
            raise Declined(replies.SUBJECT, refused.fact) from None
        except SignOnRefused:
            raise Declined(replies.PROVIDER) from None


def demand_form(form: Mapping[str, str]) -> None:
    """Demand the parameters of an exchange as it is served here.

    Raises:
        Declined: MALFORMED, something is missing or of a type that is not exchanged.

    Source: RFC 8693 section 2.1.  An actor token is refused, not passed over: who sends one expects
    it to count.
    """
    if "subject_token" not in form:
        raise Declined(replies.MALFORMED, "subject_token is missing")
    if form.get("subject_token_type") != ACCESS_TOKEN:
        raise Declined(replies.MALFORMED, "subject_token_type must be that of an access token")
    if form.get("requested_token_type", ACCESS_TOKEN) != ACCESS_TOKEN:
        raise Declined(replies.MALFORMED, "only access tokens are issued")
    if form.keys() & {"actor_token", "actor_token_type"}:
        raise Declined(replies.MALFORMED, "an actor token is not accepted here")


def demand_same_client(token: StaffToken, system: System, bound: Confirmation | None) -> None:
    """Demand that the official's token was issued to the system that presents it.

    Raises:
        Declined: SUBJECT.
    """
    keys = (token.key_thumbprint, token.certificate_thumbprint)
    held = (None, None) if bound is None else (bound.jkt, bound.certificate)
    if any(keys) and not any(key and key == ours for key, ours in zip(keys, held, strict=True)):
        raise Declined(replies.SUBJECT, "the official's token is bound to another key")
    if not any(keys) and token.client_id != system.client_id:
        raise Declined(replies.SUBJECT, "the official's token was issued to another system")


def _official(token: StaffToken, account: str) -> Official:
    return Official(
        id=account,
        agency=token.agency or "",
        acr=token.acr,
        amr=token.amr,
        name=token.name,
        level=token.level,
        auth_time=token.auth_time,
    )
