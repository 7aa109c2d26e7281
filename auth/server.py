"""The token endpoint's protocol part, on Authlib's classes; synchronous, and without any I/O.

Authlib carries the flow: which grant, which client authentication, in which order.  What it would
decide by defaults of its own (algorithms, clock, claims, lifetimes, texts) is overridden here, and
all signing and verifying is joserfc's, in `auth.jose`.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false

from collections.abc import Callable, Mapping
from ipaddress import ip_address, ip_network
from typing import Any, cast

import msgspec
from authlib.oauth2.base import OAuth2Error
from authlib.oauth2.rfc6749 import AuthorizationServer, ClientMixin, OAuth2Request
from authlib.oauth2.rfc6749.grants import ClientCredentialsGrant
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
from authlib.oauth2.rfc6750.token import BearerTokenGenerator
from authlib.oauth2.rfc7523.client import JWTBearerClientAssertion

from auth import replies
from auth.assertions import Limits, Proof, prove
from auth.errors import AssertionRefused, KeyRefused
from auth.jose import UNKNOWN_KEY
from auth.replies import Refused, TokenReply, refusal
from auth.systems import System, SystemState

# The type checker's own description of Authlib is of an older release, so its classes count as
# untyped here; what they do for us is tested over HTTP.
_Client = cast("Any", ClientMixin)
_Error = cast("Any", OAuth2Error)
_Request = cast("Any", OAuth2Request)
_Authentication = cast("Any", JWTBearerClientAssertion)
_Grant = cast("Any", ClientCredentialsGrant)
_Server = cast("Any", AuthorizationServer)
_Generator = cast("Any", BearerTokenGenerator)

METHOD = "private_key_jwt"
GRANT = "client_credentials"
_BY_ERROR = {
    "invalid_client": replies.UNPROVEN,
    "invalid_scope": replies.SCOPE,
    "unsupported_grant_type": replies.GRANT,
}


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """One token request with all that is known about it beforehand."""

    form: Mapping[str, str]
    resources: tuple[str, ...]
    address: str | None  # where it came from
    system: System | None  # whom its assertion names, if that is anybody
    agreements: frozenset[str]  # what that system may use now
    now: float  # Unix seconds


class Issued(msgspec.Struct, frozen=True):
    """An access token."""

    text: str
    token_id: str


class Caller(_Client):
    """The system that asks, as Authlib wants to see it."""

    def __init__(self, ask: Ask, system: System, limits: Limits) -> None:
        self.ask = ask
        self.system = system
        self.limits = limits
        self.proof: Proof | None = None  # set once the assertion has been proven
        self.issued: Issued | None = None

    def get_client_id(self) -> str:
        """Return the client id."""
        return self.system.client_id

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        """Allow the one method at the one endpoint."""
        return (method, endpoint) == (METHOD, "token")

    def check_grant_type(self, grant_type: str) -> bool:
        """Allow the one grant."""
        return grant_type == GRANT

    def get_allowed_scope(self, scope: str | None) -> str | None:
        """Return the agreements asked for, all of them when none is named; None refuses."""
        asked = frozenset((scope or "").split()) or self.ask.agreements
        return " ".join(sorted(asked)) if asked <= self.ask.agreements else None

    def __repr__(self) -> str:
        return f"Caller({self.system.client_id!r})"


class Declined(_Error):
    """A refusal of ours on its way through Authlib."""

    def __init__(self, refused: Refused, fact: str | None = None) -> None:
        super().__init__(error=refused.error)
        self.refused = refused
        self.fact = fact


class TokenRequest(_Request):
    """One request, its form parsed and its client loaded."""

    def __init__(self, endpoint: str, ask: Ask, limits: Limits) -> None:
        super().__init__("POST", endpoint)
        self.ask = ask
        self.payload = BasicOAuth2Payload(dict(ask.form))
        self.caller = None if ask.system is None else Caller(ask, ask.system, limits)

    @property
    def form(self) -> dict[str, str]:
        """The members of the form."""
        return dict(self.ask.form)

    def registered(self, client_id: str) -> Caller | None:
        """Return the caller when it is the one that was loaded."""
        if self.caller is not None and self.caller.system.client_id == client_id:
            return self.caller
        return None


class PrivateKeyJwt(_Authentication):
    """Client authentication by an assertion that the client signs (RFC 7523 section 2.2)."""

    CLIENT_AUTH_METHOD = METHOD

    def __call__(self, query_client: object, request: TokenRequest) -> Caller | None:
        """Authenticate the client that was loaded for this request."""
        del query_client  # the server's own look-up knows nothing about the request
        return super().__call__(request.registered, request)

    def resolve_client_public_key(self, client: Caller) -> Caller:
        """Hand the caller through: it holds its keys, the limits and the hour."""
        return client

    def process_assertion_claims(self, assertion: str, resolve_key: Caller) -> None:
        """Prove the assertion with joserfc, by our algorithms and our clock."""
        caller = resolve_key
        try:
            keys = caller.system.registration.keys(caller.ask.now)
            caller.proof = prove(
                assertion, caller.system.client_id, keys, caller.limits, caller.ask.now
            )
        except (AssertionRefused, KeyRefused) as refused:
            raise Declined(replies.UNPROVEN, refused.fact) from None


class MachineGrant(_Grant):
    """Client credentials (RFC 6749 section 4.4) for systems that are active and where they belong.

    The answer is made here and not by Authlib, whose own method logs the token at debug level.
    """

    TOKEN_ENDPOINT_AUTH_METHODS = (METHOD,)
    request: TokenRequest
    server: "MachineServer"

    def validate_token_request(self) -> None:
        """Authenticate the system, then ask whether it may have any token at all."""
        super().validate_token_request()
        ask, caller = self.request.ask, self.request.caller
        if caller is None:
            raise Declined(replies.UNPROVEN)
        if caller.system.state is not SystemState.ACTIVE:
            raise Declined(replies.INACTIVE)
        if not _belongs(ask.address, caller.system.registration.address_ranges):
            raise Declined(replies.ELSEWHERE)
        if any(resource != self.server.audience for resource in ask.resources):
            raise Declined(replies.TARGET)

    def create_token_response(self) -> tuple[int, dict[str, Any], list[tuple[str, str]]]:
        """Make the token."""
        scope = self.request.ask.form.get("scope")
        return 200, self.generate_token(scope=scope, include_refresh_token=False), []


class MachineServer(_Server):
    """An authorization server for machines, and for nobody else.

    Args:
        endpoint: URL of the token endpoint, https or on loopback.
        audience: the one resource that tokens are issued for.
        limits: how assertions are judged.
        life_s: how long a token lives.
        make: makes the token of a caller for a scope.
    """

    def __init__(
        self,
        *,
        endpoint: str,
        audience: str,
        limits: Limits,
        life_s: int,
        make: Callable[[System, str, float], Issued],
    ) -> None:
        super().__init__()
        self.audience = audience
        self._endpoint = endpoint
        self._limits = limits
        self._make = make
        self.register_client_auth_method(METHOD, PrivateKeyJwt())
        self.register_grant(MachineGrant)
        self.register_token_generator(
            "default", _Generator(self._access_token, expires_generator=life_s)
        )

    def answer(self, ask: Ask) -> tuple[TokenReply, Proof | None]:
        """Return the answer, and the proof that must be remembered before it may leave."""
        request = TokenRequest(self._endpoint, ask, self._limits)
        reply: TokenReply = self.create_token_response(request)
        caller = request.caller
        if caller is None:
            return reply, None
        token_id = None if caller.issued is None else caller.issued.token_id
        return msgspec.structs.replace(reply, token_id=token_id), caller.proof

    def query_client(self, client_id: str) -> None:
        """Find nobody: the request knows its client."""

    def send_signal(self, name: str, *args: object, **kwargs: object) -> None:
        """Tell nobody."""

    def create_oauth2_request(self, request: TokenRequest) -> TokenRequest:
        """Return the request, which is in its final form already."""
        return request

    def handle_response(
        self, status: int, body: dict[str, Any], headers: list[tuple[str, str]]
    ) -> TokenReply:
        """Return a token's answer."""
        del headers
        return TokenReply(status=status, body=body)

    def handle_error_response(self, request: TokenRequest, error: Exception) -> TokenReply:
        """Return a refusal in words of ours: Authlib's may repeat the caller's."""
        caller = request.caller
        proven = caller.get_client_id() if caller is not None and caller.proof else None
        if isinstance(error, Declined):
            return refusal(error.refused, fact=error.fact, client_id=proven)
        refused = _BY_ERROR.get(getattr(error, "error", ""), replies.MALFORMED)
        # An unknown client hears what a wrong key hears, so that nobody learns who is registered.
        fact = UNKNOWN_KEY if refused is replies.UNPROVEN else None
        return refusal(refused, fact=fact, client_id=proven)

    def _access_token(self, client: Caller, scope: str, **_: object) -> str:
        client.issued = self._make(client.system, scope, client.ask.now)
        return client.issued.text


def _belongs(address: str | None, ranges: tuple[str, ...]) -> bool:
    """Say whether *address* lies in one of *ranges*; no range means anywhere."""
    if not ranges:
        return True
    try:
        found = ip_address(address or "")
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None)
    return any((mapped or found) in ip_network(each) for each in ranges)
