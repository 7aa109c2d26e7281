"""What the token endpoint and its neighbours answer: closed lists, and nothing of the caller's."""

from collections.abc import Awaitable
from typing import Any

import msgspec

from auth.errors import (
    AssertionRefused,
    DetailsRefused,
    FormRefused,
    KeyRingUnusable,
    RegistrationsUnavailable,
)

# RFC 6749 section 5.1: neither a token nor a refusal is anybody else's.
HEADERS = (("Cache-Control", "no-store"), ("Pragma", "no-cache"))


class TokenReply(msgspec.Struct, frozen=True, kw_only=True):
    """One answer of the token endpoint, and what a log may say about it."""

    status: int
    body: dict[str, Any]
    headers: tuple[tuple[str, str], ...] = HEADERS
    client_id: str | None = None  # only once it has been proven
    token_id: str | None = None  # jti of the token that was issued
    code: str | None = None  # stable code of a refusal
    fact: str | None = None  # which check failed; never a word of the caller's
    event: str | None = None  # what a log names, beyond the issuing of one more token

    def __repr__(self) -> str:
        """Leave the body out, which holds a token when all is well."""
        return f"TokenReply(status={self.status}, code={self.code!r}, client_id={self.client_id!r})"


class Refused(msgspec.Struct, frozen=True):
    """One way to be refused: a word of RFC 6749 section 5.2, our code, and what it means."""

    status: int
    error: str
    code: str
    description: str  # ASCII without quotes, for RFC 6749 section 5.2


MALFORMED = Refused(
    400, "invalid_request", "validation_failed", "The request is not a well-formed token request."
)
GRANT = Refused(
    400,
    "unsupported_grant_type",
    "validation_failed",
    "Only client_credentials and token-exchange (RFC 8693) are supported.",
)
UNPROVEN = Refused(
    401,
    "invalid_client",
    "client_assertion_invalid",
    "The client assertion is missing or not valid: check key, aud, exp and jti.",
)
REPLAYED = Refused(
    401,
    "invalid_client",
    "client_assertion_replayed",
    "The client assertion was used before: make a new one with a new jti.",
)
INACTIVE = Refused(
    400, "unauthorized_client", "application_suspended", "The system is suspended or blocked."
)
ELSEWHERE = Refused(
    400,
    "unauthorized_client",
    "client_assertion_invalid",
    "The system may not ask from this network address.",
)
SCOPE = Refused(
    400,
    "invalid_scope",
    "scope_missing",
    "The scope names an agreement that this system may not use now.",
)
TARGET = Refused(
    400, "invalid_target", "validation_failed", "The resource is not served here (RFC 8707)."
)
DETAILS = Refused(
    400,
    "invalid_authorization_details",
    "authorization_details_invalid",
    "The authorization_details are not of the type served, or name more than may be used now.",
)
UNBOUND = Refused(
    400,
    "invalid_dpop_proof",
    "binding_required",
    "Tokens are bound to a key: send one DPoP header (RFC 9449) or use a client certificate.",
)
PROOF = Refused(400, "invalid_dpop_proof", "dpop_proof_invalid", "The DPoP proof is not valid.")
PROOF_REPLAYED = Refused(
    400,
    "invalid_dpop_proof",
    "dpop_proof_replayed",
    "The DPoP proof was used before: make a new one with a new jti.",
)
NONCE = Refused(
    400,
    "use_dpop_nonce",
    "use_dpop_nonce",
    "Make the DPoP proof again with the nonce in DPoP-Nonce (RFC 9449 section 8).",
)
SUBJECT = Refused(  # RFC 8693 section 2.2.2 prescribes the word
    400,
    "invalid_request",
    "subject_token_invalid",
    "The subject token is not a live access token of the staff sign-on for this gateway.",
)
OFFICIAL = Refused(
    400,
    "invalid_request",
    "official_not_admitted",
    "The official may not act through this system.",
)
FOREIGN = Refused(400, "invalid_grant", "token_invalid", "The token was issued to another system.")
# RFC 6749 has no word for this at the token endpoint; the word is that of its section 4.1.2.1.
UNAVAILABLE = Refused(
    503,
    "temporarily_unavailable",
    "database_unavailable",
    "Registrations cannot be checked right now. Try again in a moment.",
)
PROVIDER = Refused(
    503,
    "temporarily_unavailable",
    "provider_unavailable",
    "The keys of the staff sign-on cannot be had right now. Try again in a moment.",
)
KEYLESS = Refused(503, "temporarily_unavailable", "internal", "Tokens cannot be signed right now.")


_BY_KIND: dict[type[Exception], Refused] = {
    FormRefused: MALFORMED,
    DetailsRefused: DETAILS,
    AssertionRefused: UNPROVEN,
}


class Declined(Exception):
    """A refusal on its way to the answer."""

    def __init__(
        self,
        refused: Refused,
        fact: str | None = None,
        *,
        challenge: bool = False,
        nonce: str | None = None,
    ) -> None:
        super().__init__(refused.code)
        self.refused = refused
        self.fact = fact
        self.challenge = challenge  # the caller tried HTTP Basic
        self.nonce = nonce  # for the caller's next proof
        self.client_id: str | None = None  # set only once it has been proven


def refusal(
    refused: Refused, *, fact: str | None = None, client_id: str | None = None, basic: bool = False
) -> TokenReply:
    """Return the answer for *refused*.

    Args:
        refused: which refusal.
        fact: which check failed, in words of ours; sent along, because it helps and tells nothing
            that is not the caller's own.
        client_id: who asked, once that has been proven.
        basic: the caller tried HTTP Basic, which RFC 6749 section 5.2 answers with a challenge.
            Otherwise there is none: clients take one for the reason and skip the body.
    """
    description = f"{refused.description} ({fact})" if fact else refused.description
    extra = (("WWW-Authenticate", 'Basic realm="motlan"'),) if basic else ()
    retry = (("Retry-After", "1"),) if refused.status == UNAVAILABLE.status else ()
    return TokenReply(
        status=refused.status,
        body={
            "error": refused.error,
            "error_description": description,
            "code": refused.code,
        },
        headers=(*HEADERS, *extra, *retry),
        client_id=client_id,
        code=refused.code,
        fact=fact,
    )


def with_nonce(reply: TokenReply, nonce: str | None) -> TokenReply:
    """Return *reply* with what the client's next proof is to carry (RFC 9449 section 8.2)."""
    if nonce is None:
        return reply
    return msgspec.structs.replace(reply, headers=(*reply.headers, ("DPoP-Nonce", nonce)))


async def answering(answer: Awaitable[TokenReply]) -> TokenReply:
    """Return *answer*, or the refusal that it ended with."""
    try:
        return await answer
    except Declined as declined:
        said = refusal(
            declined.refused,
            fact=declined.fact,
            client_id=declined.client_id,
            basic=declined.challenge,
        )
        return with_nonce(said, declined.nonce)
    except (FormRefused, DetailsRefused, AssertionRefused) as refused:
        return refusal(_BY_KIND[type(refused)], fact=refused.fact)
    except (RegistrationsUnavailable, TimeoutError):
        return refusal(UNAVAILABLE)
    except KeyRingUnusable:
        return refusal(KEYLESS)
