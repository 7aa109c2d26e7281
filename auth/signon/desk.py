"""The whole of a sign-on: begin, finish, and the two ways it ends at the provider."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from msgspec import Struct

from auth.signon.signed_on import LoggedOut, SignedOn


class Begun(Struct, frozen=True):
    """Where the browser goes now, and the secret that it brings back in a cookie."""

    url: str  # answer 303 with it
    attempt: str  # 43 characters; a `__Host-` cookie, HttpOnly, SameSite=Lax, at most 600 s

    def __repr__(self) -> str:
        """Show neither: the address names the attempt, the secret opens it."""
        return "Begun()"


class SignOn(Protocol):
    """What the routes of sign-on ask; every method raises `SignOnRefused` and nothing else."""

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
        ...

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
        ...

    async def backchannel(self, logout_token: str, now: datetime) -> LoggedOut:
        """Judge a logout token (OpenID Connect Back-Channel Logout 1.0); it is good once."""
        ...

    async def logout_url(self, provider: str, id_token: str, back_to: str) -> str | None:
        """Return where the browser ends the provider's session; None when there is no such place.

        Args:
            provider: its code in the settings.
            id_token: of the sign-on that ends.
            back_to: path of ours to come back to; registered there as `post_logout_redirect_uri`.
        """
        ...
