"""What a relying party asks of the authorization endpoint, read and judged."""

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl

from msgspec import Struct

from mocks.config import Client
from mocks.sso.refusals import Refused

LEVELS = {"urn:motlan:acr:1": 1, "urn:motlan:acr:2": 2}
ACRS = {level: acr for acr, level in LEVELS.items()}
_PROMPTS = frozenset({"", "login", "none"})
_is_challenge = re.compile(r"[A-Za-z0-9_-]{43}").fullmatch


class Asking(Struct, frozen=True, kw_only=True):
    """One authorization request that may be answered."""

    client_id: str
    redirect_uri: str
    state: str
    nonce: str
    challenge: str
    level: int
    scope: str
    prompt: str
    resource: str
    max_age: int | None
    hint: str


def parameters(text: str) -> dict[str, str]:
    """Read a query or a form; Refused when a name comes twice (RFC 6749 section 3.1)."""
    pairs = parse_qsl(text, keep_blank_values=True)
    if len(dict(pairs)) != len(pairs):
        raise Refused("invalid_request", "a parameter comes twice")
    return dict(pairs)


def destination(given: Mapping[str, str], client: Client) -> str:
    """Return where the answer may go; Refused when the address is not registered as it is."""
    wanted = given.get("redirect_uri", "")
    if wanted not in client.redirect_uris:
        raise Refused("invalid_request", "redirect_uri is not registered")
    return wanted


def asking(given: Mapping[str, str], client: Client) -> Asking:
    """Read the request behind *given*.

    Raises:
        Refused: it lacks something that FAPI 2.0 demands, or asks for what there is not.
    """
    redirect_uri = destination(given, client)
    _judge(given)
    return Asking(
        client_id=given["client_id"],
        redirect_uri=redirect_uri,
        state=given.get("state", ""),
        nonce=given.get("nonce", ""),
        challenge=given["code_challenge"],
        level=_level(given.get("acr_values", "")),
        scope=given["scope"],
        prompt=given.get("prompt", ""),
        resource=given.get("resource", ""),
        max_age=_seconds(given.get("max_age")),
        hint=given.get("login_hint", ""),
    )


def _judge(given: Mapping[str, str]) -> None:
    if given.get("response_type") != "code" or given.get("response_mode", "query") != "query":
        raise Refused("unsupported_response_type", "response_type is code, in the query")
    if "openid" not in given.get("scope", "").split():
        raise Refused("invalid_scope", "scope holds openid")
    if given.get("code_challenge_method") != "S256":
        raise Refused("invalid_request", "PKCE with S256 is demanded (RFC 7636)")
    if _is_challenge(given.get("code_challenge", "")) is None:
        raise Refused("invalid_request", "code_challenge is not a SHA-256")
    if given.get("prompt", "") not in _PROMPTS:
        raise Refused("invalid_request", "prompt is login or none")


def _level(wanted: str) -> int:
    """Return the first level asked that exists; an acr is a wish, never refused (Core 3.1.2.1)."""
    return next((LEVELS[acr] for acr in wanted.split() if acr in LEVELS), 1)


def _seconds(text: str | None) -> int | None:
    if text is None:
        return None
    if not text.isascii() or not text.isdigit():
        raise Refused("invalid_request", "max_age is a count of seconds")
    return int(text)
