"""What the browser brings back from a provider, judged before anything is asked with it; pure."""

import hmac
from collections.abc import Mapping
from urllib.parse import parse_qsl

from auth.signon.attempts import Attempt
from auth.signon.metadata import Metadata
from auth.signon.refusals import Ending, SignOnRefused

LONGEST_CODE = 4096
MOST_PARAMETERS = 20

# RFC 6749 section 4.1.2.1, OpenID Core 3.1.2.6 and the step-up of RFC 9470's companion; every other
# word means that our request or our registration is wrong.
_ERRORS: dict[str, tuple[Ending, str]] = {
    "access_denied": (Ending.SIGN_ON_CANCELLED, "the person, or the provider, said no"),
    "login_required": (Ending.SIGN_ON_CANCELLED, "the person did not sign on"),
    "interaction_required": (Ending.SIGN_ON_CANCELLED, "the person did not sign on"),
    "server_error": (Ending.PROVIDER_UNAVAILABLE, "the provider failed"),
    "temporarily_unavailable": (Ending.PROVIDER_UNAVAILABLE, "the provider is overloaded"),
    "unmet_authentication_requirements": (
        Ending.ASSURANCE_TOO_LOW,
        "the person could not sign on as strongly as asked",
    ),
}


def parameters(query: str) -> dict[str, str]:
    """Return the parameters of a callback's query.

    Raises:
        SignOnRefused: PROVIDER_UNTRUSTED; one stands twice (RFC 6749 section 3.1), or there are
            over twenty.
    """
    try:
        pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=MOST_PARAMETERS)
    except ValueError:
        raise SignOnRefused(Ending.PROVIDER_UNTRUSTED, "too many parameters came back") from None
    found = dict(pairs)
    if len(found) != len(pairs):
        raise SignOnRefused(Ending.PROVIDER_UNTRUSTED, "a parameter came back twice")
    return found


def code_of(query: Mapping[str, str], attempt: Attempt, metadata: Metadata) -> str:
    """Return the code that *attempt* was answered with.

    Raises:
        SignOnRefused: ATTEMPT_UNKNOWN; the answer is not to this browser's attempt (login CSRF).
            PROVIDER_UNTRUSTED; it comes from another issuer (mix-up, RFC 9207).  Otherwise what
            the provider's error means; nothing of it is quoted.
    """
    state = query.get("state", "")
    if not hmac.compare_digest(state.encode("utf-8", "replace"), attempt.state.encode("ascii")):
        raise SignOnRefused(Ending.ATTEMPT_UNKNOWN, "the answer is to another attempt")
    _demand_issuer(query.get("iss"), metadata)
    if "error" in query:
        refused = Ending.PROVIDER_REFUSED, "the provider does not take our request"
        raise SignOnRefused(*_ERRORS.get(query["error"], refused))
    code = query.get("code", "")
    if not (1 <= len(code) <= LONGEST_CODE and code.isascii() and code.isprintable()):
        raise SignOnRefused(Ending.PROVIDER_UNTRUSTED, "the answer holds no code")
    return code


def _demand_issuer(issuer: str | None, metadata: Metadata) -> None:
    if issuer is None and metadata.authorization_response_iss_parameter_supported:
        raise SignOnRefused(Ending.PROVIDER_UNTRUSTED, "the answer does not say who gives it")
    if issuer is not None and issuer != metadata.issuer:
        raise SignOnRefused(Ending.PROVIDER_UNTRUSTED, "the answer is another issuer's")
