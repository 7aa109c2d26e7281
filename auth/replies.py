"""What the token endpoint answers: a token, or one of a closed list of refusals."""

from typing import Any

import msgspec

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
    "Only grant_type client_credentials is supported.",
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
# RFC 6749 has no word for this at the token endpoint; the word is that of its section 4.1.2.1.
UNAVAILABLE = Refused(
    503,
    "temporarily_unavailable",
    "database_unavailable",
    "Registrations cannot be checked right now. Try again in a moment.",
)
KEYLESS = Refused(503, "temporarily_unavailable", "internal", "Tokens cannot be signed right now.")


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
