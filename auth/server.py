"""The token endpoint's protocol part, on Authlib's classes; synchronous, and without any I/O.

Authlib carries the flow: which grant, which client authentication, in which order.  What it would
decide by defaults of its own (algorithms, clock, claims, lifetimes, texts) is overridden here, and
all signing and verifying is joserfc's, in `auth.jose`.  It has no token exchange and no client
certificates; both are subclasses of ours.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false

from collections.abc import Callable, Mapping
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
from auth.claims import Confirmation
from auth.errors import AssertionRefused, KeyRefused
from auth.forms import ACCESS_TOKEN, EXCHANGE
from auth.jose import UNKNOWN_KEY
from auth.narrowing.agreements import Wanted
from auth.principals import Official
from auth.replies import Declined, TokenReply, refusal
from auth.systems import System

# The type checker's own description of Authlib is of an older release, so its classes count as
# untyped here; what they do for us is tested over HTTP.
_Client = cast("Any", ClientMixin)
_Request = cast("Any", OAuth2Request)
_Authentication = cast("Any", JWTBearerClientAssertion)
_Grant = cast("Any", ClientCredentialsGrant)
_Server = cast("Any", AuthorizationServer)
_Generator = cast("Any", BearerTokenGenerator)

ASSERTION = "private_key_jwt"
CERTIFICATE = "self_signed_tls_client_auth"  # RFC 8705 section 2.2: registered one by one
METHODS = (ASSERTION, CERTIFICATE)
MACHINE = "client_credentials"
GRANTS = (MACHINE, EXCHANGE)
ENDPOINTS = frozenset({"token", "introspection", "revocation"})


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """One request of a system that is still to be proven."""

    form: Mapping[str, str]
    system: System | None  # whom its assertion or `client_id` names, if that is anybody
    certificate: str | None  # `x5t#S256` of the connection's certificate
    now: float  # Unix seconds
    endpoint: str = "token"


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What a token will say beyond whose it is."""

    wanted: Wanted
    life_s: int
    bound: Confirmation | None = None
    official: Official | None = None


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
        self.proof: Proof | None = None  # set once an assertion has been proven
        self.terms: Terms | None = None  # set once all of a grant has been judged
        self.issued: Issued | None = None

    def get_client_id(self) -> str:
        """Return the client id."""
        return self.system.client_id

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        """Allow the two methods at our three endpoints."""
        return method in METHODS and endpoint in ENDPOINTS

    def check_grant_type(self, grant_type: str) -> bool:
        """Allow the two grants."""
        return grant_type in GRANTS

    def get_allowed_scope(self, scope: str) -> str:
        """Return the scope, which `auth.narrowing.agreements` has judged before."""
        return scope

    def __repr__(self) -> str:
        return f"Caller({self.system.client_id!r})"


class MachineRequest(_Request):
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

    CLIENT_AUTH_METHOD = ASSERTION

    def __call__(self, query_client: object, request: MachineRequest) -> Caller | None:
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


def by_certificate(_query_client: object, request: MachineRequest) -> Caller | None:
    """Authenticate a client by the certificate of its connection (RFC 8705 section 2.2).

    A registered certificate is known by its SHA-256 alone: no chain and no name is believed.
    """
    ask, caller = request.ask, request.registered(request.ask.form.get("client_id", ""))
    if caller is None or ask.certificate is None or "client_assertion" in ask.form:
        return None
    known = caller.system.registration.thumbprints(ask.now)
    return caller if ask.certificate in known else None


class MachineGrant(_Grant):
    """Client credentials (RFC 6749 section 4.4).

    The answer is made here and not by Authlib, whose own method logs the token at debug level.
    """

    TOKEN_ENDPOINT_AUTH_METHODS = METHODS
    request: MachineRequest

    def create_token_response(self) -> tuple[int, dict[str, Any], list[tuple[str, str]]]:
        """Make the token."""
        terms = terms_of(self.request.caller)
        body = self.generate_token(
            scope=terms.wanted.scope, expires_in=terms.life_s, include_refresh_token=False
        )
        return 200, {**body, **self.said(terms)}, []

    def said(self, terms: Terms) -> dict[str, Any]:
        """Return what an answer says beside RFC 6749 section 5.1."""
        said: dict[str, Any] = {}
        if terms.bound is not None and terms.bound.jkt is not None:
            said["token_type"] = "DPoP"  # noqa: S105 - RFC 9449 section 5
        if terms.wanted.details:  # RFC 9396 section 7
            said["authorization_details"] = msgspec.json.decode(
                msgspec.json.encode(terms.wanted.details)
            )
        return said


class ExchangeGrant(MachineGrant):
    """Token exchange (RFC 8693), once the official behind it has been proven."""

    GRANT_TYPE = EXCHANGE

    def said(self, terms: Terms) -> dict[str, Any]:
        """Name the kind of token too (RFC 8693 section 2.2.1)."""
        return {**super().said(terms), "issued_token_type": ACCESS_TOKEN}


class MachineServer(_Server):
    """An authorization server for machines, and for nobody else.

    Args:
        endpoint: URL of the token endpoint, https or on loopback.
        limits: how assertions are judged.
        make: makes the token of a system, by its terms, at an instant.
    """

    def __init__(
        self,
        *,
        endpoint: str,
        limits: Limits,
        make: Callable[[System, Terms, float], Issued],
    ) -> None:
        super().__init__()
        self._endpoint = endpoint
        self._limits = limits
        self._make = make
        self.register_client_auth_method(ASSERTION, PrivateKeyJwt())
        self.register_client_auth_method(CERTIFICATE, by_certificate)
        self.register_grant(MachineGrant)
        self.register_grant(ExchangeGrant)
        self.register_token_generator("default", _Generator(self._access_token))

    def authenticate(self, ask: Ask) -> Caller:
        """Return the system that *ask* proves.

        An unknown system hears what a wrong key hears, so that nobody learns who is registered.

        Raises:
            Declined: UNPROVEN.
        """
        request = MachineRequest(self._endpoint, ask, self._limits)
        try:
            return super().authenticate_client(request, METHODS, ask.endpoint)
        except OAuth2Error:
            raise Declined(replies.UNPROVEN, UNKNOWN_KEY) from None

    def grant(self, caller: Caller, terms: Terms) -> TokenReply:
        """Return the answer that holds a token for *caller*, who has been proven."""
        request = MachineRequest(self._endpoint, caller.ask, self._limits)
        caller.terms, request.caller = terms, caller
        reply: TokenReply = self.create_token_response(request)
        token_id = None if caller.issued is None else caller.issued.token_id
        return msgspec.structs.replace(
            reply,
            token_id=token_id,
            client_id=caller.get_client_id(),
            event=None if terms.official is None or token_id is None else "token.exchanged",
        )

    def authenticate_client(
        self, request: MachineRequest, methods: object, endpoint: str = "token"
    ) -> Caller:
        """Return the caller of a grant, whom `authenticate` has proven."""
        del methods, endpoint
        terms_of(request.caller)
        return cast("Caller", request.caller)

    def query_client(self, client_id: str) -> None:
        """Find nobody: the request knows its client."""

    def send_signal(self, name: str, *args: object, **kwargs: object) -> None:
        """Tell nobody."""

    def create_oauth2_request(self, request: MachineRequest) -> MachineRequest:
        """Return the request, which is in its final form already."""
        return request

    def handle_response(
        self, status: int, body: dict[str, Any], headers: list[tuple[str, str]]
    ) -> TokenReply:
        """Return a token's answer."""
        del headers
        return TokenReply(status=status, body=body)

    def handle_error_response(self, request: MachineRequest, error: Exception) -> TokenReply:
        """Return a refusal in words of ours: Authlib's may repeat the caller's."""
        del request
        known = getattr(error, "error", "") == "unsupported_grant_type"
        return refusal(replies.GRANT if known else replies.MALFORMED)

    def _access_token(self, client: Caller, **_: object) -> str:
        client.issued = self._make(client.system, terms_of(client), client.ask.now)
        return client.issued.text


def terms_of(caller: Caller | None) -> Terms:
    """Return the terms of a grant.

    Raises:
        Declined: UNPROVEN; nobody has judged it.
    """
    if caller is None or caller.terms is None:
        raise Declined(replies.UNPROVEN)
    return caller.terms
